// Package detect runs rules, correlations and baselines over the stream and emits Findings.
//
// It works in two steps. A Detector looks at one event at a time, as soon as it
// is derived, and remembers nothing: rules and secrets, and the Notes that the
// second step will need. A Watch sees events in the order of event time and
// remembers: correlations and baselines. The same events give the same findings,
// byte for byte, however long ago they happened.
package detect

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/baseline"
	"github.com/konseki/konseki/internal/detect/correlation"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// Reorder is how long, in event time, events wait for earlier ones. What comes
// later than that is judged when it comes, with its own time, and counted.
const Reorder = 10 * time.Second

// maxAway is how far from its receipt an event's time may be to be judged in
// order with others while it arrives: more is an old file, or a wrong clock.
const maxAway = 24 * time.Hour

// maxWaiting bounds the events that wait.
const maxWaiting = 10_000

// Stats count what a Watch did not do perfectly.
type Stats struct {
	Observed     uint64 // events judged in order
	Late         uint64 // events that came after later ones had been judged
	Crowded      uint64 // events judged early because too many were waiting
	Baselines    learn.Stats
	Correlations correlation.Stats
}

// A Watch judges events in the order (event time, record, number in the record).
// It is used by one goroutine at a time.
type Watch struct {
	baselines    *learn.Set
	correlations *correlation.Engine
	queue        queue
	reached      time.Time // events up to here have been judged
	stats        Stats
}

// NewWatch returns a Watch that has seen nothing yet.
func NewWatch(p *Pack) (*Watch, error) {
	set, err := baseline.New(p.settings.Baselines, p.settings.Places)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	return &Watch{baselines: set, correlations: correlation.New(p.plan)}, nil
}

// Baselines describes the baselines.
func (w *Watch) Baselines() []finding.Info { return w.baselines.Rules() }

// Stats returns the counters.
func (w *Watch) Stats() Stats {
	s := w.stats
	s.Baselines, s.Correlations = w.baselines.Stats(), w.correlations.Stats()
	return s
}

// Observe takes one event in and returns what it, or those it kept waiting,
// gave rise to. konseki's own records are not observed, and unparsed ones only as
// a sign of life. Of the event only the promoted columns and Notes are read, of a
// live one its message and program too; it is not kept.
func (w *Watch) Observe(ev *event.Event) []finding.Finding {
	if event.IsOwn(ev.Source) {
		return nil
	}
	w.baselines.Arrive(ev)
	switch {
	case ev.Format == event.Unparsed || ev.Live && ev.TimeRx.Sub(ev.Time).Abs() > maxAway:
		// It counts as a sign of life only: its time says nothing, or not of now.
	case !w.Wants(ev):
	case ev.Time.Before(w.reached):
		w.stats.Late++
		w.judge(ev)
	default:
		w.queue.push(ev)
		for w.queue.len() > maxWaiting {
			w.stats.Crowded++
			w.next()
		}
		w.release(w.queue.newest.Add(-Reorder))
	}
	return w.take()
}

// Wants reports whether correlations or baselines want an event in order.
func (w *Watch) Wants(ev *event.Event) bool {
	return w.baselines.Wants(ev) || w.correlations.Wants(ev)
}

// Judge takes the next event, which has been put in order already. Silence of
// sources is not watched: that needs all events, through Observe.
func (w *Watch) Judge(ev *event.Event) []finding.Finding {
	w.judge(ev)
	return w.take()
}

// Advance says that event time has reached an instant (the clock of a live
// server) and that whatever was received up to it has been observed: events
// older than Reorder wait no longer, and what has been silent for too long is
// reported.
func (w *Watch) Advance(now time.Time) []finding.Finding {
	w.release(now.Add(-Reorder))
	w.correlations.Advance(now.Add(-Reorder))
	w.baselines.Advance(now)
	w.baselines.Tick(now)
	return w.take()
}

// Resume says that up to an instant nothing could be received, konseki not
// having run: nobody was silent meanwhile.
func (w *Watch) Resume(now time.Time) { w.baselines.Resume(now) }

// Expect says what people know of live sources, by source.
func (w *Watch) Expect(by map[string]learn.Expectation) { w.baselines.Expect(by) }

// End says that nothing more will come, the last event being at an instant:
// nothing waits any longer.
func (w *Watch) End(last time.Time) []finding.Finding {
	for w.queue.len() > 0 {
		w.next()
	}
	w.correlations.Advance(last)
	w.baselines.Advance(last)
	return w.take()
}

// release judges the waiting events up to an instant.
func (w *Watch) release(until time.Time) {
	for w.queue.len() > 0 && !w.queue.first().Time.After(until) {
		w.next()
	}
}

// next judges the earliest waiting event.
func (w *Watch) next() {
	ev := w.queue.pop()
	if ev.Time.After(w.reached) {
		w.reached = ev.Time
	}
	w.judge(&ev)
}

func (w *Watch) judge(ev *event.Event) {
	w.stats.Observed++
	w.correlations.Observe(ev)
	w.baselines.Observe(ev)
}

func (w *Watch) take() []finding.Finding {
	return append(w.correlations.Take(), w.baselines.Take()...)
}
