package server

import (
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
)

// count adds what became of one record to its transport's tally. Only files
// are tallied: they end.
func (f *flow) count(rec event.Record, evs []event.Event) {
	if len(rec.Transport) < 5 || rec.Transport[:5] != "file;" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tallies[rec.Transport]
	if t == nil {
		t = f.tallyOf(event.ParseTransport(rec.Transport).Get("id"))
		f.tallies[rec.Transport] = t
	}
	t.Records++
	for i := range evs {
		ev := &evs[i]
		t.Events++
		t.Formats[ev.Format]++
		if ev.Format == event.Unparsed {
			t.Unparsed++
			continue
		}
		t.ZoneAssumed = t.ZoneAssumed || ev.Quality.Zone == event.ZoneAssumed
		if ev.Quality.Zone != event.ZoneReceived {
			t.First, t.Last = earlier(t.First, ev.Time), later(t.Last, ev.Time)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// forget drops the tallies: deriving the tail again counted what was imported
// before.
func (f *flow) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.tallies)
	clear(f.files)
}

// tallyOf returns the tally of a file, whichever of its transports asks.
func (f *flow) tallyOf(id string) *control.Tally {
	t := f.files[id]
	if t == nil {
		t = &control.Tally{Formats: map[string]int64{}}
		f.files[id] = t
	}
	return t
}

// Tally implements [control.Flow].
func (f *flow) Tally(id string) control.Tally {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.files[id]; t != nil {
		return *t
	}
	return control.Tally{}
}
