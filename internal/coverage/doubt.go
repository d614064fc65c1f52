package coverage

import (
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Doubt is where an event's true instant lies by this machine's clock, as far as
// anything bounds it: from Early before its Time to Late after it. Either is
// below zero where the producer's clock was off by more than its record leaves
// open.
type Doubt struct{ Early, Late time.Duration }

// aLifetime stands for what nothing bounds: longer than any two records lie apart.
const aLifetime = 100 * 366 * 24 * time.Hour

// Doubt puts together how uncertain a record's time is, see
// [event.Quality.Uncertainty], and how far its producer's clock was off; nothing
// is added where that was never measured, and the state is nil.
func (c *ClockState) Doubt(uncertainty time.Duration) Doubt {
	u := min(uncertainty, aLifetime)
	d := Doubt{u, u}
	if c == nil {
		return d
	}
	low, high := bounded(c.LowMS), bounded(c.HighMS)
	// Offsets are counted in buckets an eighth wide.
	d.Early += low.Abs()/8 - low
	d.Late += high.Abs()/8 + high
	return d
}

func bounded(ms int64) time.Duration {
	const most = int64(aLifetime / time.Millisecond)
	return time.Duration(max(min(ms, most), -most)) * time.Millisecond
}

// Widest is the half-width of an interval around the stated time that holds the
// true one.
func (d Doubt) Widest() time.Duration { return max(d.Early.Abs(), d.Late.Abs()) }

// Clock is how far the clock of a host of a source, or of the source whole where
// the host is "", was from this machine's around an instant of receipt; nil where
// it was not measured.
func (l *Ledger) Clock(source, host string, received time.Time) *ClockState {
	return l.clockOf(source, host, received.Add(-time.Hour), received.Add(time.Hour))
}

// ClockOf is how far the clock of a source was off, by what an answer's coverage
// knows of it; nil where that is nothing.
func (a *Answer) ClockOf(ev *event.Event) *ClockState {
	for i := range a.Coverage {
		if c := &a.Coverage[i]; c.Source == ev.Source && (c.Host == "" || c.Host == ev.Host) {
			return c.Clock
		}
	}
	return nil
}
