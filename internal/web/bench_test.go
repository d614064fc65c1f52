package web

import (
	"context"
	"errors"
	"testing"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	webtest "github.com/konseki/konseki/test/web"
)

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
		r.result, errs[0] = o.Search(b.Context(), "", control.Search{Limit: 100})
		r.histogram, errs[1] = o.Histogram(b.Context(), "", control.Search{}, 120)
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

func BenchmarkTimelineOf10000Rows(b *testing.B) {
	s := newSite(b)
	s.ops.AddRows(10_000)
	b.ReportAllocs()
	for b.Loop() {
		s.load("/case/2018-001/timeline?page=25")
	}
}

func BenchmarkStatementsOf10000(b *testing.B) {
	s := newSite(b)
	s.ops.AddStatements(10_000)
	b.ReportAllocs()
	for b.Loop() {
		s.load("/case/2018-001/statements?page=25")
	}
}
