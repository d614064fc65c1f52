package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/detect"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
)

// liveDetection feeds the baselines with events as they arrive and with the
// clock. Imported files are judged by Correlate instead: their time is over.
type liveDetection struct {
	mu    sync.Mutex
	watch *detect.Watch
	live  map[string]bool // sources that arrive live
}

// warm lets the baselines learn from what live sources sent before. What they
// would find there was found then.
func (s *Server) warm(ctx context.Context) (*liveDetection, error) {
	w, err := detect.NewWatch(s.flow.pack)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	l := &liveDetection{watch: w, live: map[string]bool{}}
	sources, err := s.Sources(ctx)
	if err != nil {
		return nil, err
	}
	for _, src := range sources {
		l.live[src.ID] = src.Ack != "" && src.Ack != "file"
	}
	for ev, err := range s.index.Stream(ctx, time.Time{}, time.Time{}) {
		if err != nil {
			return nil, fmt.Errorf("server: warm the baselines: %w", err)
		}
		if l.live[ev.Source] {
			l.watch.Observe(ev)
		}
	}
	return l, nil
}

// observe judges a batch of rows; it is called in the order of arrival.
func (l *liveDetection) observe(rows []index.Row) []finding.Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []finding.Finding
	for _, r := range rows {
		ev := r.Event
		if event.IsOwn(ev.Source) || ev.Format == event.Unparsed || ev.TimeRx.Sub(ev.Time).Abs() > 24*time.Hour {
			continue // an old file, or a clock far ahead: not something that happens now
		}
		found = append(found, l.watch.Observe(ev)...)
	}
	return found
}

func (l *liveDetection) stats() detect.Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watch.Stats()
}

// watch tells the baselines the time, so that silence is noticed although
// nothing arrives.
func (f *flow) watch(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			f.live.mu.Lock()
			found := f.live.watch.Advance(now)
			f.live.mu.Unlock()
			if err := f.raise(ctx, found); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}
