package web

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	webtest "github.com/konseki/konseki/test/web"
)

// TestRibbonPartsNeitherOverlapNorLeave draws any history of a source.
func TestRibbonPartsNeitherOverlapNorLeave(t *testing.T) {
	states := []string{"complete", "gap", "deleted", "expired", "silent", "strange"}
	start := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var list []control.Interval
		at := start.Add(-time.Hour)
		for range rapid.IntRange(0, 3000).Draw(t, "intervals") % 3001 {
			iv := control.Interval{From: at, To: at.Add(time.Duration(rapid.IntRange(0, 900_000).Draw(t, "seconds")) * time.Millisecond)}
			setWord(&iv.State, rapid.SampledFrom(states).Draw(t, "state"))
			list, at = append(list, iv), iv.To
			if len(list) > 60 {
				break
			}
		}
		ax := axis{start, start.Add(time.Duration(rapid.IntRange(1, 90_000).Draw(t, "window")) * time.Second)}
		end := 0
		for _, s := range stretches(ax, list) {
			if s.from < end || s.to <= s.from || s.to > slots+1 {
				t.Fatalf("stretch %d–%d after %d", s.from, s.to, end)
			}
			end = s.to
		}
	})
}

func TestTheWorstOfASlotIsShown(t *testing.T) {
	start := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	ax := axis{start, start.Add(1000 * time.Hour)}
	list := []control.Interval{
		{From: start, To: start.Add(10*time.Hour + 10*time.Minute), State: "complete"},
		{From: start.Add(10*time.Hour + 10*time.Minute), To: start.Add(10*time.Hour + 20*time.Minute), State: "deleted"},
		{From: start.Add(10*time.Hour + 20*time.Minute), To: start.Add(1000 * time.Hour), State: "complete"},
	}
	got := stretches(ax, list)
	if len(got) != 3 || got[1].interval.State != "deleted" || got[1].from != 10 || got[1].to != 11 || got[2].from != 11 {
		t.Errorf("ten minutes of deletion in 1,000 hours are drawn as %+v", got)
	}
}

// remembered answers every search with the first answer, so that the benchmark
// measures the page and not the sample behind it.
type remembered struct {
	casework.Operations
	result    *control.Result
	histogram *control.Histogram
	facets    []control.Facet
}

func (r *remembered) Search(context.Context, string, control.Search) (*control.Result, error) {
	return r.result, nil
}

func (r *remembered) Histogram(context.Context, string, control.Search, int) (*control.Histogram, error) {
	return r.histogram, nil
}

func (r *remembered) Facets(context.Context, string, control.Search) ([]control.Facet, error) {
	return r.facets, nil
}

func BenchmarkExploreOf100Rows(b *testing.B) {
	s := newSiteWith(b, webtest.New(), func(o casework.Operations) casework.Operations {
		r := &remembered{Operations: o}
		var errs [3]error
		r.result, errs[0] = o.Search(b.Context(), "", control.Search{Limit: pageRows})
		r.histogram, errs[1] = o.Histogram(b.Context(), "", control.Search{}, buckets)
		r.facets, errs[2] = o.Facets(b.Context(), "", control.Search{})
		if err := errors.Join(errs[:]...); err != nil {
			b.Fatal(err)
		}
		return r
	})
	b.ReportAllocs()
	for b.Loop() {
		if res := s.do("GET", "/explore", nil); res.StatusCode != 200 {
			b.Fatal(res.StatusCode)
		}
	}
}
