package casework

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/vault"
)

// Put implements [Operations].
func (s *Service) Put(ctx context.Context, by, caseID string, p investigate.Part, base uint64) (investigate.Part, error) {
	if p.Kind() == investigate.KindVersion {
		return nil, event.Refuse(control.ErrInvalid, "a version is made by issuing a report", "版は報告書を発行して作ります")
	}
	return s.put(ctx, by, caseID, p, base)
}

func (s *Service) put(ctx context.Context, by, caseID string, p investigate.Part, base uint64) (investigate.Part, error) {
	s.edits.Lock()
	defer s.edits.Unlock()
	if _, err := s.sealed(caseID); err != nil {
		return nil, err
	}
	p, err := s.merged(caseID, p, base)
	if err != nil {
		return nil, err
	}
	if p, err = s.Weigh(ctx, caseID, p); err != nil {
		return nil, err
	}
	op, err := investigate.Putting(caseID, by, s.Now(), p)
	if err != nil {
		return nil, err
	}
	rec, err := s.operate(ctx, op)
	if err != nil {
		return nil, err
	}
	return s.Desk().PutBy(caseID, p.Kind(), rec.Seq), nil
}

// merged joins an edit with what others made of the part since base.
func (s *Service) merged(caseID string, p investigate.Part, base uint64) (investigate.Part, error) {
	id := p.Common().ID
	if id == "" {
		return p, nil
	}
	theirs := s.Desk().Part(caseID, p.Kind(), id, 0)
	switch {
	case theirs == nil && base != 0:
		return nil, fmt.Errorf("%s %s: %w", p.Kind(), id, control.ErrNotFound)
	case theirs == nil || theirs.Common().Recorded == base:
		return p, nil
	case base == 0:
		return nil, &investigate.Conflict{Mine: p, Theirs: theirs, Fields: []string{"id"}}
	}
	was := s.Desk().Part(caseID, p.Kind(), id, base)
	if was == nil {
		return nil, event.Refuse(control.ErrInvalid, "the %s %s has no version %d; its newest is %d", "%s %s に版 %d はありません。最新は %d です", p.Kind().Name(), id, base, theirs.Common().Recorded)
	}
	return investigate.Merge(was, p, theirs)
}

// Weigh implements [Operations].
func (s *Service) Weigh(ctx context.Context, caseID string, p investigate.Part) (investigate.Part, error) {
	p, err := investigate.ClonePart(p)
	if err != nil {
		return nil, err
	}
	switch p := p.(type) {
	case *investigate.Row:
		err = s.weighRow(ctx, p)
	case *investigate.Statement:
		err = s.weighStatement(ctx, p)
	case *investigate.Question:
		err = s.weighQuestion(ctx, p)
	case *investigate.Scope:
		err = s.weighScope(ctx, p)
	case *investigate.Containment:
		err = s.citable(ctx, p.Cites)
	case *investigate.Condition:
		err = s.citable(ctx, p.Check.Cites)
	case *investigate.Measure:
		err = s.citable(ctx, p.Check.Cites)
	case *investigate.Fact, *investigate.Clock, *investigate.Submission:
		err = s.timely(ctx, caseID, p)
	}
	if err == nil {
		_, err = investigate.Putting(caseID, "", s.Now(), p)
	}
	return p, err
}

func (s *Service) weighRow(ctx context.Context, r *investigate.Row) error {
	if r.Precision == "" {
		r.Precision = investigate.Exact
	}
	if r.What == "" {
		r.What = "event"
	}
	if r.Query != "" && len(r.Cites) == 0 {
		c, err := s.Cite(ctx, r.Query, nil, time.Time{}, time.Time{})
		if err != nil {
			return err
		}
		r.Cites, r.Total = c.Records, c.Total
	}
	if err := s.citable(ctx, r.Cites); err != nil {
		return err
	}
	if r.Source == "" && len(r.Cites) > 0 {
		first, err := s.Vault.Get(ctx, r.Cites[0])
		if err != nil {
			return fmt.Errorf("casework: record %d: %w", r.Cites[0], err)
		}
		r.Source = first.Source
	}
	return nil
}

func (s *Service) weighStatement(ctx context.Context, st *investigate.Statement) error {
	st.Answer = nil
	if st.Query != "" {
		c, err := s.Cite(ctx, st.Query, st.Sources, st.From, st.To)
		if err != nil {
			return err
		}
		st.Answer = &c.Answer
		if len(st.Cites) == 0 {
			st.Cites = c.Records
		}
	}
	return s.citable(ctx, st.Cites)
}

func (s *Service) weighQuestion(ctx context.Context, q *investigate.Question) error {
	if q.Query == "" && len(q.Sources) == 0 {
		q.Answer = unanswerable(q)
		return nil
	}
	c, err := s.Cite(ctx, q.Query, q.Sources, q.From, q.To)
	if err != nil {
		return err
	}
	q.Answer = c.Answer
	if len(q.Cites) == 0 {
		q.Cites = c.Records
	}
	return s.citable(ctx, q.Cites)
}

// citable makes sure that every cited record exists. One that was let go or
// shredded may be cited: its proof is still there, and the linter says so.
func (s *Service) citable(ctx context.Context, cites []uint64) error {
	for _, seq := range cites {
		if _, err := s.Vault.Get(ctx, seq); err != nil && !errors.Is(err, vault.ErrGone) {
			return event.Refuse(control.ErrInvalid, "record %d cannot be cited: %v", "原記録 %d は引用できません: %v", seq, err)
		}
	}
	return nil
}

// Part implements [Operations].
func (s *Service) Part(_ context.Context, caseID string, k investigate.Kind, id string, version uint64) (investigate.Part, error) {
	if _, err := s.sealed(caseID); err != nil {
		return nil, err
	}
	p := s.Desk().Part(caseID, k, id, version)
	if p == nil {
		return nil, fmt.Errorf("%s %s: %w", k, id, control.ErrNotFound)
	}
	return investigate.ClonePart(p)
}

// Withdraw implements [Operations].
func (s *Service) Withdraw(ctx context.Context, by, caseID string, k investigate.Kind, id string, reason event.Phrase) error {
	s.edits.Lock()
	defer s.edits.Unlock()
	if k == investigate.KindVersion {
		return event.Refuse(control.ErrInvalid, "a report that was issued stays issued; issue another one that corrects it", "発行した報告書は取り消せません。訂正する報告書を発行してください")
	}
	if _, err := s.Part(ctx, caseID, k, id, 0); err != nil {
		return err
	}
	_, err := s.operate(ctx, investigate.Operation{Case: caseID, Op: "withdraw", By: by, Kind: k, ID: id, Reason: reason})
	return err
}
