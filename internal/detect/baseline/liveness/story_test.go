package liveness

import (
	"slices"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/basetest"
	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

func jst(tb testing.TB, s string) time.Time { return basetest.JST(tb, s) }

// watching returns all baselines about sources with nothing learned.
func watching(tb testing.TB, settings learn.Settings) *learn.Set {
	return basetest.Watching(tb, settings, Builders())
}

// A story collects events in time order and numbers their records.
type story struct{ events []event.Event }

func (s *story) order() {
	slices.SortStableFunc(s.events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	for i := range s.events {
		s.events[i].Record = uint64(i + 1)
	}
}

// run takes the story for an imported one.
func (s *story) run(b *learn.Set) []finding.Finding {
	s.order()
	var out []finding.Finding
	for i := range s.events {
		observe(b, &s.events[i])
		out = append(out, b.Take()...)
	}
	if n := len(s.events); n > 0 {
		b.Advance(s.events[n-1].Time)
	}
	return append(out, b.Take()...)
}

// tick is how often the server tells the time.
const tick = 10 * time.Second

// receive takes the story for one that arrives live, with the server's clock
// going on until an instant.
func (s *story) receive(b *learn.Set, until time.Time) []finding.Finding {
	list := make([]*event.Event, len(s.events))
	for i := range s.events {
		list[i] = &s.events[i]
	}
	slices.SortStableFunc(list, func(a, b *event.Event) int { return a.TimeRx.Compare(b.TimeRx) })
	var out []finding.Finding
	if len(s.events) == 0 {
		return nil
	}
	next := list[0].TimeRx
	b.Resume(next)
	for i, ev := range list {
		for ; !next.After(ev.TimeRx); next = next.Add(tick) {
			b.Tick(next)
		}
		ev.Record, ev.Live = uint64(i+1), true
		observe(b, ev)
	}
	for ; !next.After(until); next = next.Add(tick) {
		b.Tick(next)
	}
	return append(out, b.Take()...)
}

func observe(b *learn.Set, ev *event.Event) {
	b.Arrive(ev)
	if b.Wants(ev) {
		b.Observe(ev)
	}
}
