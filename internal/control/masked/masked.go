// Package masked is the operations as people are given them: every text that is shown has its secrets masked.
package masked

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/duty"
	"github.com/konseki/konseki/internal/investigate/lint"
	"github.com/konseki/konseki/internal/mask"
)

// Service is [casework.Service] with masks on what it answers. Only
// [control.Service.Unmask] shows a record as it was sealed; reports mask what
// they show by themselves.
type Service struct {
	*casework.Service
	masker *mask.Masker
	cases  caseMasks
}

var _ casework.Operations = (*Service)(nil)

// New masks what s answers.
func New(s *casework.Service) *Service { return &Service{Service: s, masker: mask.New()} }

// shown passes an answer on with its secrets masked.
func shown[T any](s *Service, v T, err error) (T, error) {
	if err != nil {
		return v, err
	}
	return mask.Copy(s.masker, v), nil
}

// Search implements [control.Operations]; the query stays as it was asked.
func (s *Service) Search(ctx context.Context, by string, q control.Search) (*control.Result, error) {
	return s.result(s.Service.Search(ctx, by, q))
}

// Ask implements [control.Operations].
func (s *Service) Ask(ctx context.Context, by string, q control.Ask) (*control.Result, error) {
	return s.result(s.Service.Ask(ctx, by, q))
}

func (s *Service) result(r *control.Result, err error) (*control.Result, error) {
	if err != nil {
		return nil, err
	}
	masked := mask.Copy(s.masker, r)
	masked.Query, masked.Next = r.Query, r.Next
	return masked, nil
}

// Histogram implements [control.Operations].
func (s *Service) Histogram(ctx context.Context, by string, q control.Search, buckets int) (*control.Histogram, error) {
	h, err := s.Service.Histogram(ctx, by, q, buckets)
	return shown(s, h, err)
}

// Facets implements [control.Operations].
func (s *Service) Facets(ctx context.Context, by string, q control.Search) ([]control.Facet, error) {
	list, err := s.Service.Facets(ctx, by, q)
	return shown(s, list, err)
}

// Pivot implements [control.Operations].
func (s *Service) Pivot(ctx context.Context, by, kind, value string, from, to time.Time) (*control.Pivot, error) {
	p, err := s.Service.Pivot(ctx, by, kind, value, from, to)
	return shown(s, p, err)
}

// Record implements [control.Operations]. Where something is masked, the raw
// bytes given are the masked text.
func (s *Service) Record(ctx context.Context, by string, seq uint64) (*control.Record, error) {
	r, err := s.Service.Record(ctx, by, seq)
	if err != nil {
		return nil, err
	}
	return s.record(r), nil
}

func (s *Service) record(r *control.Record) *control.Record {
	out := *r
	n, all := 0, event.Event{Text: r.Text}
	if r.Binary {
		all.Text = string(r.Record.Raw)
	}
	out.Events = make([]event.Event, len(r.Events))
	for i := range r.Events {
		k := 0
		out.Events[i], k = s.masker.Event(r.Events[i])
		n += k
		all.ActorUser, all.TargetUser, all.Host = r.Events[i].ActorUser, r.Events[i].TargetUser, r.Events[i].Host
		all.Fields = append(all.Fields, r.Events[i].Fields...)
	}
	text, k := s.masker.Event(all) // what the fields tell to be a password is masked in the record too
	if n+k == 0 {
		return &out
	}
	out.Masked = true
	switch {
	case !r.Binary:
		out.Text, out.Record.Raw = text.Text, []byte(text.Text)
	case bytes.Equal(r.Record.Raw, []byte(text.Text)):
		out.Text, out.Record.Raw = mask.Withheld, []byte(mask.Withheld) // what was found stands in it in an encoding
	default:
		out.Record.Raw = []byte(text.Text)
		out.Text = hex.Dump(out.Record.Raw[:min(len(out.Record.Raw), shownBytes)])
	}
	return &out
}

// shownBytes is how much of a binary record is dumped.
const shownBytes = 4096

// Findings implements [control.Operations].
func (s *Service) Findings(ctx context.Context, by string, q control.Search) ([]control.Finding, error) {
	list, err := s.Service.Findings(ctx, by, q)
	return shown(s, list, err)
}

// CaseFindings implements [casework.Operations].
func (s *Service) CaseFindings(ctx context.Context, by, caseID string) ([]control.Finding, error) {
	list, err := s.Service.CaseFindings(ctx, by, caseID)
	return shown(s, list, err)
}

// Stories implements [control.Triage].
func (s *Service) Stories(ctx context.Context, by string, q control.StoryQuery) (*control.Stories, error) {
	list, err := s.Service.Stories(ctx, by, q)
	return shown(s, list, err)
}

// Losses implements [control.Operations].
func (s *Service) Losses(ctx context.Context, by, source string, from, to time.Time) ([]control.Loss, error) {
	list, err := s.Service.Losses(ctx, by, source, from, to)
	return shown(s, list, err)
}

// Cases implements [casework.Operations].
func (s *Service) Cases(ctx context.Context) ([]*investigate.Case, error) {
	list, err := s.Service.Cases(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*investigate.Case, len(list))
	for i, c := range list {
		out[i] = s.cases.masked(s.masker, c)
	}
	return out, nil
}

// Case implements [casework.Operations].
func (s *Service) Case(ctx context.Context, id string) (*investigate.Case, error) {
	sealed := s.Desk().Case(id)
	if sealed == nil {
		return s.Service.Case(ctx, id) // says that there is none
	}
	c, err := s.Shown(ctx, sealed)
	if err != nil {
		return nil, err
	}
	out := *s.cases.masked(s.masker, sealed)
	out.Questions = mask.Copy(s.masker, c.Questions)
	out.Timeline = slices.Clone(out.Timeline)
	for i := range out.Timeline {
		r, of := &out.Timeline[i], &c.Timeline[i]
		r.UncertaintyMS, r.ClockOffsetMS, r.OrderUncertain = of.UncertaintyMS, of.ClockOffsetMS, of.OrderUncertain
	}
	return &out, nil
}

// OpenCase implements [casework.Operations].
func (s *Service) OpenCase(ctx context.Context, by, id string, title event.Phrase) (*investigate.Case, error) {
	c, err := s.Service.OpenCase(ctx, by, id, title)
	return shown(s, c, err)
}

// Put implements [casework.Operations].
func (s *Service) Put(ctx context.Context, by, caseID string, p investigate.Part, base uint64) (investigate.Part, error) {
	made, err := s.Service.Put(ctx, by, caseID, p, base)
	return shown(s, made, err)
}

// Weigh implements [casework.Operations].
func (s *Service) Weigh(ctx context.Context, caseID string, p investigate.Part) (investigate.Part, error) {
	made, err := s.Service.Weigh(ctx, caseID, p)
	if made == nil {
		return nil, err
	}
	return mask.Copy(s.masker, made), err
}

// Part implements [casework.Operations].
func (s *Service) Part(ctx context.Context, caseID string, k investigate.Kind, id string, version uint64) (investigate.Part, error) {
	p, err := s.Service.Part(ctx, caseID, k, id, version)
	return shown(s, p, err)
}

// Lint implements [casework.Operations].
func (s *Service) Lint(ctx context.Context, by, caseID string) ([]lint.Problem, error) {
	list, err := s.Service.Lint(ctx, by, caseID)
	return shown(s, list, err)
}

// LintPart implements [casework.Operations].
func (s *Service) LintPart(ctx context.Context, caseID string, p investigate.Part) ([]lint.Problem, error) {
	list, err := s.Service.LintPart(ctx, caseID, p)
	return shown(s, list, err)
}

// Duties implements [casework.Operations].
func (s *Service) Duties(ctx context.Context, caseID string) ([]duty.Duty, error) {
	list, err := s.Service.Duties(ctx, caseID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Items = mask.Copy(s.masker, list[i].Items)
	}
	return list, nil
}
