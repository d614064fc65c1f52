package casework

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/investigate/duty"
)

// Duties implements [Operations].
func (s *Service) Duties(ctx context.Context, caseID string) ([]duty.Duty, error) {
	c, err := s.sealed(caseID)
	if err != nil {
		return nil, err
	}
	return s.duties(ctx, c)
}

func (s *Service) duties(_ context.Context, c *investigate.Case) ([]duty.Duty, error) {
	book, err := s.rules()
	if err != nil {
		return nil, err
	}
	list, err := duty.Of(c, book, s.Now(), s.Zone)
	if err != nil {
		return nil, fmt.Errorf("casework: case %s: %w", c.ID, err)
	}
	return list, nil
}

// rules opens the book of deadlines once.
func (s *Service) rules() (*clock.Book, error) {
	if b := s.book.Load(); b != nil {
		return b, nil
	}
	b, err := clock.Open()
	if err != nil {
		return nil, fmt.Errorf("casework: %w", err)
	}
	s.book.Store(b)
	return b, nil
}

// Calendar implements [Operations].
func (s *Service) Calendar(ctx context.Context, caseID, lang string, w io.Writer) error {
	list, err := s.Duties(ctx, caseID)
	if err != nil {
		return err
	}
	clocks := make([]clock.Clock, len(list))
	for i := range list {
		clocks[i] = list[i].Clock
	}
	if _, err := w.Write(clock.ICalendar(clocks, caseID, s.Now(), lang)); err != nil {
		return fmt.Errorf("casework: %w", err)
	}
	return nil
}

// timely makes sure that a fact is one that the rules understand, a clock can be
// counted and a submission is for a deadline that there is.
func (s *Service) timely(ctx context.Context, caseID string, p investigate.Part) error {
	book, err := s.rules()
	if err != nil {
		return err
	}
	switch p := p.(type) {
	case *investigate.Fact:
		err = book.Check(p.ID, p.Value)
	case *investigate.Clock:
		_, err = clock.Contract(p.ID, p.Name, p.Recipient, p.Start, p.Within, p.Calendar, p.Items, p.Basis)
	case *investigate.Submission:
		return s.submittable(ctx, caseID, p)
	}
	if err != nil {
		return event.Refuse(control.ErrInvalid, "%v", "%v", err)
	}
	return nil
}

func (s *Service) submittable(ctx context.Context, caseID string, p *investigate.Submission) error {
	list, err := s.Duties(ctx, caseID)
	if err != nil {
		return err
	}
	for i := range list {
		d := &list[i]
		if d.Rule.ID != p.Clock {
			continue
		}
		if !d.Due.Latest.IsZero() && p.At.After(d.Due.Latest) && p.Late.Empty() {
			return event.Refuse(control.ErrInvalid, "the deadline %s was %s: give the reason why it is late", "期限 %s は %s でした。遅れた理由を書いてください", p.Clock, d.Due.Latest.In(s.Zone).Format(time.RFC3339))
		}
		return s.citable(ctx, p.Cites)
	}
	return event.Refuse(control.ErrInvalid, "the case has no deadline %q; list them to see their names", "事案に期限 %q はありません。一覧で名前を確かめてください", p.Clock)
}

// alarm seals a finding for each deadline that is near or past, once a day.
func (s *Service) alarm(ctx context.Context, c *investigate.Case) error {
	list, err := s.duties(ctx, c)
	if err != nil {
		return err
	}
	now := s.Now().UTC()
	for i := range list {
		d := &list[i]
		f := finding.Finding{Kind: finding.KindCheck, Time: now, Until: now, Object: d.Rule.ID}
		due := d.Due.Latest.In(s.Zone).Format(time.RFC3339)
		switch d.State {
		case clock.DueSoon:
			f.RuleID, f.Level, f.Title, f.TitleJA = "deadline-due-soon", finding.LevelMedium, "A deadline is near", "期限が近い"
			f.Why = fmt.Sprintf("“%s” of case %s is due at %s; %d items are open.", d.Rule.Name.EN, c.ID, due, d.Open())
			f.WhyJA = fmt.Sprintf("事案 %s の「%s」の期限は %s。未記入の事項が %d 件ある。", c.ID, d.Rule.Name.JA, due, d.Open())
		case clock.Late:
			f.RuleID, f.Level, f.Title, f.TitleJA = "deadline-late", finding.LevelHigh, "A deadline has passed", "期限を過ぎた"
			f.Why = fmt.Sprintf("“%s” of case %s was due at %s and nothing was handed in.", d.Rule.Name.EN, c.ID, due)
			f.WhyJA = fmt.Sprintf("事案 %s の「%s」の期限 %s を過ぎたが、提出の記録がない。", c.ID, d.Rule.Name.JA, due)
		default:
			continue
		}
		f.SealDaily(c.ID, d.Rule.ID)
		if s.Found(f.ID) {
			continue
		}
		if _, err := s.Seal(ctx, event.SourceFinding, f); err != nil {
			return fmt.Errorf("casework: %w", err)
		}
	}
	return nil
}
