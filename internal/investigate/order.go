package investigate

import (
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Seen is what is known of the time of the first record that a row cites.
type Seen struct {
	Source, Host string
	Quality      event.Quality
	Clock        *coverage.ClockState // nil where it was not measured
}

// MarkOrder says of each row, which stand in order of time, how uncertain its
// time is, and whether that puts its place among the others in doubt. seen has
// what is known of each row's record, nil where it cites none.
func MarkOrder(rows []Row, seen []*Seen) {
	latest := make([]time.Time, len(rows)) // by when all rows up to this one surely were over
	for i := range rows {
		r := &rows[i]
		if s := seen[i]; s != nil {
			if d := s.doubt(r, false).Widest(); s.Quality.Zone != event.ZoneReceived {
				r.UncertaintyMS = max(d.Milliseconds(), 1)
			}
			if s.Clock != nil {
				r.ClockOffsetMS = s.Clock.OffsetMS
			}
		}
		if r.Precision == UnknownTime {
			latest = latest[:i] // they stand last, in no order
			break
		}
		latest[i] = r.At.Add(seen[i].doubt(r, false).Late)
		if i > 0 && latest[i-1].After(latest[i]) {
			latest[i] = latest[i-1]
		}
	}
	for i := range latest {
		from := rows[i].At.Add(-seen[i].doubt(&rows[i], false).Early)
		for j := i - 1; j >= 0 && !latest[j].Before(from); j-- {
			if rows[i].OrderUncertain && rows[j].OrderUncertain {
				continue
			}
			if !inOrder(&rows[j], &rows[i], seen[j], seen[i]) {
				rows[i].OrderUncertain, rows[j].OrderUncertain = true, true
			}
		}
	}
}

// inOrder reports whether a, which states the earlier time, surely came first.
func inOrder(a, b *Row, x, y *Seen) bool {
	if x == nil && y == nil && a.Precision == b.Precision {
		return true // as people wrote them down
	}
	same := x != nil && y != nil && x.Source == y.Source
	if same && x.Host == y.Host && x.steady() && y.steady() && a.Precision != About && b.Precision != About {
		return true // by one clock that nothing changed
	}
	return a.At.Add(x.doubt(a, same).Late).Before(b.At.Add(-y.doubt(b, same).Early))
}

// steady reports whether nothing changed the clock that the record was written by.
func (s *Seen) steady() bool {
	return s.Quality.Fold == event.FoldNone && !s.Quality.About && (s.Clock == nil || len(s.Clock.Jumps) == 0)
}

// doubt is where the true instant of a row lies; same says that it is compared
// with one of its own source, with which it shares what was assumed.
func (s *Seen) doubt(r *Row, same bool) coverage.Doubt {
	if s == nil {
		var u time.Duration
		if r.Precision == About {
			u = event.Quality{Zone: event.ZoneStated, About: true}.Uncertainty()
		}
		return coverage.Doubt{Early: u, Late: u}
	}
	q := s.Quality
	q.About = q.About || r.Precision == About
	if same {
		return s.Clock.Doubt(q.Within())
	}
	return s.Clock.Doubt(q.Uncertainty())
}
