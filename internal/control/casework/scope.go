package casework

import (
	"cmp"
	"context"
	"slices"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// Bounds of a scope: values that are counted, and compared ones that are kept.
const (
	maxCounted  = 10_000
	maxCompared = 200
)

// columnOf is the column whose values are what a scope counts; "" counts events.
func columnOf(of string) string {
	return map[string]string{"accounts": "actor_user", "persons": "actor_user", "hosts": "host", "addresses": "src_ip", "items": "object", "tables": "object"}[of]
}

// weighScope counts what a scope is of. What is found is the least there is;
// where the sources are not complete nothing bounds it above.
func (s *Service) weighScope(ctx context.Context, sc *investigate.Scope) error {
	sc.Rows, sc.Answer = nil, nil
	if sc.Query == "" {
		return s.citable(ctx, sc.Cites)
	}
	c, err := s.Cite(ctx, sc.Query, nil, sc.From, sc.To)
	if err != nil {
		return err
	}
	sc.Answer, sc.Cites = &c.Answer, c.Records
	n, column := c.Total, cmp.Or(sc.Field, columnOf(sc.Of))
	var values []control.FacetValue
	if column != "" {
		if values, err = s.Values(ctx, control.Search{Query: sc.Query, From: sc.From, To: sc.To}, column, maxCounted); err != nil {
			return err
		}
		n = int64(len(values))
	}
	num := &investigate.Number{Min: &n, Unit: sc.Of}
	whole := complete(c.Answer) && (column == "" || n < maxCounted)
	if whole {
		num.Max = &n
	}
	num.Basis = basis(sc, column, whole)
	if sc.Number != nil && !sc.Number.Basis.Empty() {
		num.Basis = sc.Number.Basis
	}
	sc.Number = num
	if sc.Weeks > 0 && column != "" {
		return s.compare(ctx, sc, column, values)
	}
	return nil
}

// complete reports whether an answer counted all there was.
func complete(a coverage.Answer) bool {
	for i := range a.Coverage {
		for _, iv := range a.Coverage[i].Intervals {
			if iv.State != coverage.Complete {
				return false
			}
		}
	}
	return len(a.Coverage) > 0
}

// basis says what a number rests on.
func basis(sc *investigate.Scope, column string, whole bool) event.Phrase {
	p := event.Phrase{JA: "検索「" + sc.Query + "」に合う記録の数", EN: "events that match “" + sc.Query + "”"}
	if column != "" {
		p = event.Phrase{JA: "検索「" + sc.Query + "」に合う記録に現れる " + column + " の種類の数", EN: "different values of " + column + " in the events that match “" + sc.Query + "”"}
	}
	if !whole {
		p.JA += "。ログが揃っていないため、上限は分からない"
		p.EN += "; the logs are not complete, so nothing bounds it above"
	}
	return p
}

// compare counts the same in the weeks before, value by value. A span as long as
// the window is taken from each week before.
func (s *Service) compare(ctx context.Context, sc *investigate.Scope, column string, now []control.FacetValue) error {
	if sc.From.IsZero() || sc.To.IsZero() {
		return event.Refuse(control.ErrInvalid, "to compare with the weeks before, a scope needs a window", "以前の週と比べるには、数に期間が必要です")
	}
	at := map[string]int{}
	rows := make([]investigate.Compared, 0, len(now))
	row := func(value string) *investigate.Compared {
		i, ok := at[value]
		if !ok {
			i, at[value] = len(rows), len(rows)
			rows = append(rows, investigate.Compared{Value: value, Before: make([]float64, sc.Weeks)})
		}
		return &rows[i]
	}
	for _, v := range now {
		row(v.Value).Count = v.Count
	}
	for w := range sc.Weeks {
		days := -7 * (w + 1)
		then, err := s.Values(ctx, control.Search{Query: sc.Query, From: sc.From.AddDate(0, 0, days), To: sc.To.AddDate(0, 0, days)}, column, maxCounted)
		if err != nil {
			return err
		}
		for _, v := range then {
			row(v.Value).Before[w] = float64(v.Count)
		}
	}
	slices.SortStableFunc(rows, func(a, b investigate.Compared) int {
		return cmp.Or(cmp.Compare(rise(&b), rise(&a)), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	sc.Rows = rows[:min(len(rows), maxCompared)]
	return nil
}

// rise is how much more often a value occurred than in the week it was commonest.
func rise(c *investigate.Compared) float64 { return float64(c.Count) - slices.Max(c.Before) }
