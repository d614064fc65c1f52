package overlooked

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

// maxNear bounds the events before and after the window that are looked at.
const maxNear = 2000

// zones is how far outside a window an event may be noted that belongs into it: a
// day of doubt about its zone, a day's precision, an hour of the clocks.
const zones = 49 * time.Hour

// doubt is how far before and after its time an event can have happened. A year
// that was inferred is said with the answer: its doubt would leave nothing known.
// Of what states no time, see [untimed].
func doubt(l *coverage.Ledger, ev *event.Event) (early, late time.Duration) {
	quality := ev.Quality
	quality.YearInferred = false
	if quality.Zone == event.ZoneReceived {
		quality.Zone = event.ZoneStated
	}
	d := l.Clock(ev.Source, ev.Host, ev.TimeRx).Doubt(quality.Uncertainty())
	return d.Early, d.Late
}

// mayLieWithin reports whether an event can have happened in [from, to); zero is
// open.
func mayLieWithin(l *coverage.Ledger, ev *event.Event, from, to time.Time) bool {
	early, late := doubt(l, ev)
	return (to.IsZero() || ev.Time.Add(-early).Before(to)) && ev.Time.Add(late).After(from)
}

// near tells of events outside the window that would be the answer and whose
// time, by what it leaves open and by the clock that wrote it, may lie within.
func near(ctx context.Context, x Index, q Asked) (event.Phrase, error) {
	req := q.request(timeless(q.Plan.Root))
	req.Limit = maxNear
	before, after := req, req
	before.From, before.To = q.From.Add(-q.reach), q.From
	after.From, after.To, after.Oldest = q.To, q.To.Add(q.reach), true
	var n int64
	var looked int
	var first *event.Event
	for _, side := range []index.Request{before, after} {
		page, err := x.Search(ctx, side)
		if err != nil {
			return event.Phrase{}, err
		}
		for i := range page.Events {
			ev := &page.Events[i]
			if mayLieWithin(q.Ledger, ev, q.From, q.To) {
				if n++; first == nil {
					first = ev
				}
			}
		}
		if page.Next != "" {
			looked += len(page.Events)
		}
	}
	switch {
	case n > 0:
		return nearWords(n, first, q.Zone), nil
	case looked > 0:
		return event.Phrase{
			JA: fmt.Sprintf("期間の前後に該当するイベントが %d 件より多く、時刻の不確かさをすべては確かめていない", looked),
			EN: fmt.Sprintf("more than %d events around the window match, and whether their time is certain was not looked at for all", looked)}, nil
	}
	return event.Phrase{}, nil
}

// untimed tells of events of files that would be the answer and state no time.
func untimed(ctx context.Context, x Index, q Asked) (event.Phrase, error) {
	if len(q.files) == 0 {
		return event.Phrase{}, nil
	}
	req := q.request(timeless(q.Plan.Root), of(q.files), query.Match{Field: "time_quality", Op: query.Like, Value: "zone=received*"})
	req.From, req.To = time.Time{}, time.Time{}
	n, err := x.Count(ctx, req)
	if err != nil || n == 0 {
		return event.Phrase{}, err
	}
	return untimedWords(n), nil
}

// timeless is a query without the bounds that its top puts on time: the window
// holds them.
func timeless(n query.Node) query.Node {
	bound := func(n query.Node) bool {
		m, ok := n.(query.Match)
		return ok && !m.Native && m.Field == "time" && (m.Op == query.GreaterEq || m.Op == query.Less)
	}
	if bound(n) {
		return query.And{}
	}
	and, ok := n.(query.And)
	if !ok {
		return n
	}
	var out query.And
	for _, c := range and.Nodes {
		if !bound(c) {
			out.Nodes = append(out.Nodes, c)
		}
	}
	return out
}
