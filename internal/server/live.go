package server

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/collect/pull"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect"
	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
)

// liveDetection feeds the baselines with events as they arrive and with the
// clock. Imported files are judged by Correlate instead: their time is over.
type liveDetection struct {
	mu    sync.Mutex
	watch *detect.Watch
	live  map[string]bool // sources that arrived live before this start
}

// warm lets the baselines learn from what live sources sent before. What they
// would find there was found then, and nobody was silent while konseki was away.
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
			ev.Live = true
			l.watch.Observe(ev)
		}
	}
	l.watch.Resume(time.Now())
	l.expect(sources, nil)
	return l, nil
}

// arrival says whether a record arrived live, and who delivered it.
func (d *deriver) arrival(transport string) (live bool, peer string) {
	if transport != d.transport {
		via := event.ParseTransport(transport)
		d.transport, d.live = transport, event.LiveKind(via.Kind)
		d.peer = cmp.Or(via.Get("sender"), address(via.Get("peer")))
	}
	return d.live, d.peer
}

// address is an address without a port.
func address(peer string) string {
	if at, err := netip.ParseAddrPort(peer); err == nil {
		return at.Addr().Unmap().String()
	}
	return peer
}

// observe judges a batch of rows; it is called in the order of arrival.
func (l *liveDetection) observe(rows []index.Row) []finding.Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []finding.Finding
	for _, r := range rows {
		ev := r.Event
		if !ev.Live && (event.IsOwn(ev.Source) || ev.Format == event.Unparsed || ev.TimeRx.Sub(ev.Time).Abs() > 24*time.Hour) {
			continue // an old file: not something that happens now
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

// expect passes on what people said of the sources that send live, and how those
// fare that are asked for their records.
func (l *liveDetection) expect(sources []control.Source, pulls []pull.Status) {
	by := make(map[string]learn.Expectation, len(sources))
	for _, s := range sources {
		if s.Expected && s.Ack != "file" {
			by[s.ID] = learn.Expectation{Kind: s.Kind, Every: time.Duration(s.Rhythm), Heartbeat: time.Duration(s.Heartbeat), Since: s.Since}
		}
	}
	for _, p := range pulls {
		e := by[p.Source]
		e.Pull = &learn.Pull{API: p.API, Every: p.Every, Complete: p.Complete, Failing: p.Failing, Failures: p.Failures, Refused: p.Refused, Answer: p.Error}
		by[p.Source] = e
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch.Expect(by)
}

// pulse is what the clock of the server has told the baselines.
type pulse struct {
	size uint64    // of the vault, at
	at   time.Time // an instant
	last time.Time // the last tick
}

// watch tells the baselines the time, so that silence is noticed although
// nothing arrives; known tells the sources as they are registered at the time,
// pulls how those fare that are asked for their records.
func (f *flow) watch(ctx context.Context, every time.Duration, known func(context.Context) ([]control.Source, error), pulls func() []pull.Status) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var p pulse
	for {
		select {
		case <-tick.C:
			sources, err := known(ctx)
			if err != nil {
				return err
			}
			f.live.expect(sources, pulls())
			if err := f.raise(ctx, f.live.beat(&p, time.Now().Round(0), every, f.reached, f.vault.Size)); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// beat judges silence up to an instant by which everything received has been
// observed: what konseki has not come to yet is no silence. After a sleep of the
// machine nobody was silent meanwhile.
func (l *liveDetection) beat(p *pulse, now time.Time, every time.Duration, reached, size func() uint64) []finding.Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	if away := now.Sub(p.last); !p.last.IsZero() && (away > every+slept || away < -slept) {
		l.watch.Resume(now)
	}
	p.last = now
	var found []finding.Finding
	if !p.at.IsZero() && reached() >= p.size {
		found, p.at = l.watch.Advance(p.at), time.Time{}
	}
	if p.at.IsZero() {
		p.at, p.size = now, size()
		if reached() >= p.size {
			found, p.at = append(found, l.watch.Advance(now)...), time.Time{}
		}
	}
	return found
}

// slept is how much more than a tick between two ticks is a sleep.
const slept = time.Minute
