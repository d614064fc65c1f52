package control

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// Desk holds the cases; it changes only by what [Service.Seal] writes.
func (s *Service) Desk() *investigate.Desk { return s.registry.desk }

// Seal appends one record of konseki's own, as [OwnRecord] makes it, and waits
// until it can be searched and all that is folded from records has it.
func (s *Service) Seal(ctx context.Context, source string, body any) (event.Record, error) {
	return s.seal(ctx, source, body)
}

// Accessed seals that somebody looked at evidence.
func (s *Service) Accessed(ctx context.Context, by, op, what string) error {
	return s.record(ctx, access{By: by, Op: op, Query: what})
}

// Ledger is the coverage of everything that can be searched.
func (s *Service) Ledger(ctx context.Context) (*coverage.Ledger, error) { return s.coverageLedger(ctx) }

// Unsealed is Findings without a record of who asked: for what is recorded as a
// whole, as a report is.
func (s *Service) Unsealed(ctx context.Context, q Search) ([]Finding, error) {
	return s.findings(ctx, q)
}

// MaxCited bounds the records that one sentence cites; the total is kept too.
const MaxCited = 20

// Cite is an answer with the first records that it rests on.
type Cite struct {
	Answer  coverage.Answer
	Records []uint64
	Total   int64 // events found
}

// Cite answers a search with its coverage; sources narrow it where given. The
// first MaxCited records found are cited, the oldest first. It is not recorded:
// what a case makes of it is.
func (s *Service) Cite(ctx context.Context, text string, sources []string, from, to time.Time) (Cite, error) {
	return s.cite(ctx, Search{Query: text, From: from, To: to, Limit: MaxCited, Oldest: true}, sources)
}

// Answer is the answer of Cite alone, for which no record is read.
func (s *Service) Answer(ctx context.Context, text string, sources []string, from, to time.Time) (coverage.Answer, error) {
	p, err := s.evidence(ctx, Search{Query: text, From: from, To: to}, sources)
	if err != nil {
		return coverage.Answer{}, err
	}
	n, err := s.Index.Count(ctx, p.req)
	if err != nil {
		return coverage.Answer{}, fmt.Errorf("control: answer: %w", err)
	}
	return s.qualify(ctx, p, n, sources, nil)
}

// Stamp says what answers rest on: while it is the same, so are they, but for
// what the clock changes.
type Stamp struct{ arrived, changes, lost uint64 }

// OnlyArrivals reports whether between the two nothing but more records came.
func (s Stamp) OnlyArrivals(later Stamp) bool {
	return s.changes == later.changes && s.lost == later.lost && later.arrived >= s.arrived
}

// Stamp gives the present one.
func (s *Service) Stamp() Stamp {
	return Stamp{s.Flow.Arrived(), s.registry.version(), s.losses.version()}
}

func (s *Service) cite(ctx context.Context, q Search, sources []string) (c Cite, err error) {
	p, err := s.evidence(ctx, q, sources)
	if err != nil {
		return c, err
	}
	if c.Total, err = s.Index.Count(ctx, p.req); err != nil {
		return c, fmt.Errorf("control: answer: %w", err)
	}
	if c.Total > 0 {
		page, err := s.Index.Search(ctx, p.req)
		if err != nil {
			return c, fmt.Errorf("control: answer: %w", err)
		}
		c.Records = recordsOf(page.Events)
	}
	c.Answer, err = s.qualify(ctx, p, c.Total, sources, nil)
	return c, err
}

// evidence prepares a search of evidence within sources, of all where none is named.
func (s *Service) evidence(ctx context.Context, q Search, sources []string) (*prepared, error) {
	q, err := s.evidenceOf(q)
	if err != nil {
		return nil, err
	}
	if len(sources) > 0 {
		if q.Query, err = s.within(q, sources); err != nil {
			return nil, err
		}
	}
	return s.prepare(ctx, q)
}

// evidenceOf narrows a search to what others recorded, unless it asks for konseki's
// own records: what a finding says is no second sight of what it was made of.
func (s *Service) evidenceOf(q Search) (Search, error) {
	plan, err := s.parse(q)
	if err != nil || asksForOwn(plan) || slices.Contains(plan.Classes(), event.ClassFinding) {
		return q, err
	}
	none := `NOT source:"` + event.SourceFinding + `"`
	if strings.TrimSpace(q.Query) == "" {
		q.Query = none
	} else {
		q.Query = "(" + q.Query + ") " + none
	}
	return q, nil
}

// Values counts the n commonest values that a column or native field has in
// what a search finds.
func (s *Service) Values(ctx context.Context, q Search, column string, n int) ([]FacetValue, error) {
	q, err := s.evidenceOf(q)
	if err != nil {
		return nil, err
	}
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	list, err := s.Index.Facet(ctx, p.req, column, n)
	if err != nil {
		return nil, fmt.Errorf("control: values: %w", err)
	}
	out := make([]FacetValue, len(list))
	for i, v := range list {
		out[i] = FacetValue{Value: v.Value, Count: v.Count}
	}
	return out, nil
}

// within narrows a query to some sources. The query is parsed by itself first:
// what is no query alone must not become one by what is put around it.
func (s *Service) within(q Search, sources []string) (string, error) {
	if _, err := s.parse(q); err != nil {
		return "", err
	}
	narrowed := "source:(" + strings.Join(quoteAll(sources), " OR ") + ")"
	if strings.TrimSpace(q.Query) == "" {
		return narrowed, nil
	}
	return "(" + q.Query + ") " + narrowed, nil
}

// recordsOf lists the records that events were derived from, each once.
func recordsOf(evs []event.Event) []uint64 {
	var out []uint64
	for i := range evs {
		if n := len(out); n == 0 || out[n-1] != evs[i].Record {
			out = append(out, evs[i].Record)
		}
	}
	return out
}

// Changes counts what changed of sources, holds and records let go.
func (s *Service) Changes() uint64 { return s.registry.version() }

// Found reports whether a finding with the id was made before.
func (s *Service) Found(id string) bool {
	s.registry.mu.RLock()
	defer s.registry.mu.RUnlock()
	return s.registry.found[id]
}

func find[T any](list []T, is func(T) bool) *T {
	for i := range list {
		if is(list[i]) {
			return &list[i]
		}
	}
	return nil
}

// All walks over every event that a search finds, the oldest first, and leaves
// who asked to the caller to record.
func (s *Service) All(ctx context.Context, q Search) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		q, err := s.evidenceOf(q)
		if err != nil {
			yield(nil, err)
			return
		}
		q.Oldest, q.Limit = true, maxRows
		for {
			p, err := s.prepare(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			page, err := s.Index.Search(ctx, p.req)
			if err != nil {
				yield(nil, fmt.Errorf("control: %w", err))
				return
			}
			for i := range page.Events {
				if !yield(&page.Events[i], nil) {
					return
				}
			}
			if q.After = string(page.Next); q.After == "" {
				return
			}
		}
	}
}
