package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/query"
)

// Cases implements [Operations].
func (s *Service) Cases(context.Context) ([]*Case, error) { return s.registry.desk.Cases(), nil }

// Case implements [Operations]. The answers of its questions are computed now,
// from what is known now.
func (s *Service) Case(ctx context.Context, id string) (*Case, error) {
	c := s.registry.desk.Case(id)
	if c == nil {
		return nil, fmt.Errorf("case %s: %w", id, ErrNotFound)
	}
	shown := *c
	shown.Questions = slices.Clone(c.Questions)
	for i := range shown.Questions {
		q := &shown.Questions[i]
		if q.Query == "" && len(q.Sources) == 0 {
			continue
		}
		answer, _, _, err := s.answer(ctx, searchOf(q.Query, q.From, q.To), q.Sources, 0)
		if err != nil {
			return nil, err
		}
		q.Answer = answer
	}
	return &shown, s.markOrder(ctx, &shown)
}

// markOrder says how certain the order of the timeline is, by the records that
// its rows cite. Of those that are no more nothing is known.
func (s *Service) markOrder(ctx context.Context, c *Case) error {
	l, err := s.coverageLedger(ctx)
	if err != nil {
		return err
	}
	c.Timeline = slices.Clone(c.Timeline)
	seen := make([]*investigate.Seen, len(c.Timeline))
	derive := normalise.New()
	for i := range c.Timeline {
		if len(c.Timeline[i].Cites) == 0 {
			continue
		}
		rec, err := s.Vault.Get(ctx, c.Timeline[i].Cites[0])
		if err != nil {
			continue
		}
		ev := derive.Events(nil, &rec)[0]
		if event.LiveKind(event.ParseTransport(rec.Transport).Kind) {
			ev.Quality.YearInferred = false // its receipt tells the year
		}
		seen[i] = &investigate.Seen{Source: ev.Source, Host: ev.Host, Quality: ev.Quality, Clock: l.Clock(ev.Source, ev.Host, rec.Received)}
	}
	investigate.MarkOrder(c.Timeline, seen)
	return nil
}

// OpenCase implements [Operations].
func (s *Service) OpenCase(ctx context.Context, by, id string, title event.Phrase) (*Case, error) {
	if s.registry.desk.Case(id) != nil {
		return nil, fmt.Errorf("%w: case %s exists; choose another id", ErrInvalid, id)
	}
	op := investigate.Operation{Case: id, Op: "open", By: by, Title: title}
	if _, err := s.operate(ctx, op); err != nil {
		return nil, err
	}
	return s.Case(ctx, id)
}

// AddRow implements [Operations].
func (s *Service) AddRow(ctx context.Context, by, caseID string, r Row) (*Row, error) {
	if err := s.fill(ctx, r.Query, time.Time{}, time.Time{}, &r.Cites, &r.Total); err != nil {
		return nil, err
	}
	if r.Precision == "" {
		r.Precision = "exact"
	}
	if r.Kind == "" {
		r.Kind = "event"
	}
	if err := s.citable(ctx, r.Cites); err != nil {
		return nil, err
	}
	if r.Source == "" && len(r.Cites) > 0 {
		first, err := s.Vault.Get(ctx, r.Cites[0])
		if err != nil {
			return nil, fmt.Errorf("control: record %d: %w", r.Cites[0], err)
		}
		r.Source = first.Source
	}
	op := investigate.Operation{Case: caseID, Op: "row", By: by, Row: &r}
	rec, err := s.operate(ctx, op)
	if err != nil {
		return nil, err
	}
	return find(s.registry.desk.Case(caseID).Timeline, func(x Row) bool { return x.Recorded == rec.Seq }), nil
}

// AddStatement implements [Operations].
func (s *Service) AddStatement(ctx context.Context, by, caseID string, st Statement) (*Statement, error) {
	if st.Query != "" {
		answer, cites, _, err := s.answer(ctx, searchOf(st.Query, st.From, st.To), st.Sources, maxCited)
		if err != nil {
			return nil, err
		}
		st.Answer = &answer
		if len(st.Cites) == 0 {
			st.Cites = cites
		}
	}
	if err := s.citable(ctx, st.Cites); err != nil {
		return nil, err
	}
	op := investigate.Operation{Case: caseID, Op: "statement", By: by, Statement: &st}
	rec, err := s.operate(ctx, op)
	if err != nil {
		return nil, err
	}
	return find(s.registry.desk.Case(caseID).Statements, func(x Statement) bool { return x.Recorded == rec.Seq }), nil
}

// AddQuestion implements [Operations].
func (s *Service) AddQuestion(ctx context.Context, by, caseID string, q Question) (*Question, error) {
	if q.Query != "" || len(q.Sources) > 0 {
		answer, cites, _, err := s.answer(ctx, searchOf(q.Query, q.From, q.To), q.Sources, maxCited)
		if err != nil {
			return nil, err
		}
		q.Answer = answer
		if len(q.Cites) == 0 {
			q.Cites = cites
		}
	} else {
		q.Answer = unanswerable(q)
	}
	op := investigate.Operation{Case: caseID, Op: "question", By: by, Question: &q}
	rec, err := s.operate(ctx, op)
	if err != nil {
		return nil, err
	}
	return find(s.registry.desk.Case(caseID).Questions, func(x Question) bool { return x.Recorded == rec.Seq }), nil
}

// unanswerable is the answer to a question that no source is asked.
func unanswerable(q Question) coverage.Answer {
	return coverage.Answer{
		Verdict: coverage.VerdictUnknown, From: q.From, To: q.To, Coverage: []coverage.SourceCoverage{},
		Because: []event.Phrase{{JA: "どのログ源にも記録がない", EN: "no source holds a record of it"}},
	}
}

// SetSection implements [Operations].
func (s *Service) SetSection(ctx context.Context, by, caseID, name string, text event.Phrase) error {
	_, err := s.operate(ctx, investigate.Operation{Case: caseID, Op: "section", By: by, Section: name, Text: text})
	return err
}

// operate seals one operation on a case.
func (s *Service) operate(ctx context.Context, op investigate.Operation) (event.Record, error) {
	op.At = s.Now()
	if op.Op != "open" && s.registry.desk.Case(op.Case) == nil {
		return event.Record{}, fmt.Errorf("case %s: %w", op.Case, ErrNotFound)
	}
	if err := op.Validate(); err != nil {
		return event.Record{}, err
	}
	return s.seal(ctx, event.SourceCase, op)
}

// maxCited bounds the records that one sentence cites; the total is kept too.
const maxCited = 20

func searchOf(text string, from, to time.Time) Search {
	return Search{Query: text, From: from, To: to, Limit: maxCited, Oldest: true}
}

// answer computes a verdict and the first records that answer.
func (s *Service) answer(ctx context.Context, q Search, sources []string, cites int) (a coverage.Answer, recs []uint64, total int64, err error) {
	if len(sources) > 0 {
		if q.Query, err = s.within(q, sources); err != nil {
			return a, nil, 0, err
		}
	}
	p, err := s.prepare(ctx, q)
	if err != nil {
		return a, nil, 0, err
	}
	if total, err = s.Index.Count(ctx, p.req); err != nil {
		return a, nil, 0, fmt.Errorf("control: answer: %w", err)
	}
	if cites > 0 && total > 0 {
		page, err := s.Index.Search(ctx, p.req)
		if err != nil {
			return a, nil, 0, fmt.Errorf("control: answer: %w", err)
		}
		recs = recordsOf(page.Events)
	}
	a, err = s.qualify(ctx, p, total, sources, nil)
	if err != nil {
		return a, nil, 0, err
	}
	return a, recs, total, nil
}

// within narrows a query to some sources. The query is parsed by itself first:
// what is no query alone must not become one by what is put around it.
func (s *Service) within(q Search, sources []string) (string, error) {
	zone := q.Zone
	if zone == nil {
		zone = s.Zone
	}
	if _, err := query.Parse(q.Query, query.Options{Zone: zone, Now: s.Now()}); err != nil {
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

// fill cites what a query finds, unless records are cited already.
func (s *Service) fill(ctx context.Context, text string, from, to time.Time, cites *[]uint64, total *int64) error {
	if text == "" || len(*cites) > 0 {
		return nil
	}
	_, recs, n, err := s.answer(ctx, searchOf(text, from, to), nil, maxCited)
	*cites, *total = recs, n
	return err
}

// citable makes sure that every cited record exists.
func (s *Service) citable(ctx context.Context, cites []uint64) error {
	for _, seq := range cites {
		if _, err := s.Vault.Get(ctx, seq); err != nil {
			return fmt.Errorf("%w: record %d cannot be cited: %w", ErrInvalid, seq, err)
		}
	}
	return nil
}

func find[T any](list []T, is func(T) bool) *T {
	for i := range list {
		if is(list[i]) {
			return &list[i]
		}
	}
	return nil
}
