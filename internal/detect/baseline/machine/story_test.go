package machine

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/basetest"
	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

var update = flag.Bool("update", false, "write the documents anew")

func jst(tb testing.TB, s string) time.Time { return basetest.JST(tb, s) }

// watching returns all baselines about machines with nothing learned.
func watching(tb testing.TB, settings learn.Settings) *learn.Set {
	return basetest.Watching(tb, settings, Builders())
}

// A story collects events in time order and numbers their records.
type story struct{ events []event.Event }

func (s *story) run(b *learn.Set) []finding.Finding {
	slices.SortStableFunc(s.events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	var out []finding.Finding
	for i := range s.events {
		s.events[i].Record = uint64(i + 1)
		observe(b, &s.events[i])
		out = append(out, b.Take()...)
	}
	if n := len(s.events); n > 0 {
		b.Advance(s.events[n-1].Time)
	}
	return append(out, b.Take()...)
}

func observe(b *learn.Set, ev *event.Event) {
	b.Arrive(ev)
	if b.Wants(ev) {
		b.Observe(ev)
	}
}
