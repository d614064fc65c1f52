package correlation

import (
	"maps"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/sigma"
)

// whole reports whether a correlation is judged over whole windows, at their
// end: an average, a percentile, and whatever must stay below a bound mean
// nothing before. The others are judged at each match over the timespan before
// it. Whole windows begin at multiples of the timespan since 1970 UTC, so that
// they are the same wherever one begins to look.
func whole(c *sigma.Correlation) bool {
	switch c.Type {
	case sigma.ValueAvg, sigma.ValuePercentile:
		return true
	case sigma.Temporal, sigma.TemporalOrdered:
		return false
	}
	for _, b := range c.Bounds {
		if b.Op != sigma.Greater && b.Op != sigma.GreaterEqual {
			return true
		}
	}
	return false
}

// A window is the whole window that a correlation is in.
type window struct {
	end  time.Time
	keys map[string]bool // groups that had a match in it
}

// note takes a match into the window; it reports false where the match belongs
// to one that was judged already.
func (w *window) note(at time.Time, span time.Duration, key string) bool {
	if w.end.IsZero() {
		*w = window{floor(at, span).Add(span), make(map[string]bool)}
	}
	if at.Before(w.end.Add(-span)) {
		return false
	}
	w.keys[key] = true
	return true
}

// floor is the beginning of the window that an instant is in.
func floor(t time.Time, span time.Duration) time.Time {
	since := t.UnixNano() % int64(span)
	if since < 0 {
		since += int64(span)
	}
	return t.Add(-time.Duration(since))
}

// close judges the whole windows that ended by an instant.
func (e *Engine) close(now time.Time) {
	for at := range e.open {
		w := &e.open[at]
		if w.end.IsZero() || now.Before(w.end) {
			continue
		}
		end, keys := w.end, slices.Sorted(maps.Keys(w.keys))
		*w = window{}
		for _, key := range keys {
			e.closeGroup(at, key, end)
		}
		e.work()
	}
}

func (e *Engine) closeGroup(at int, key string, end time.Time) {
	k := groupKey{at, key}
	g := e.groups.Find(k)
	if g == nil {
		return // forgotten, and counted
	}
	n, holds := g.state.holds()
	r := g.result(n)
	e.held -= g.state.size()
	e.groups.Drop(k)
	if holds {
		c := e.plan.list[at]
		e.fire(c, groupValues(key), end, &r)
		e.handOn(c, groupValues(key), end, &r)
	}
}
