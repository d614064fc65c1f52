package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
)

// Findings implements [Operations].
func (s *Service) Findings(ctx context.Context, by string, q Search) ([]Finding, error) {
	found, err := s.findings(ctx, q)
	if err != nil {
		return nil, err
	}
	return found, s.record(ctx, access{By: by, Op: "findings", Query: q.Query, From: q.From, To: q.To, Found: int64(len(found))})
}

// FindingsOn gives the findings that are among some records or rest on one of
// them, the newest first.
func (s *Service) FindingsOn(ctx context.Context, by, what string, records []uint64) ([]Finding, error) {
	all, err := s.allFound(ctx)
	if err != nil {
		return nil, err
	}
	asked := make(map[uint64]bool, len(records))
	for _, seq := range records {
		asked[seq] = true
	}
	found := []Finding{}
	for i := range all {
		if !asked[all[i].Record] && !slices.ContainsFunc(all[i].Records, func(seq uint64) bool { return asked[seq] }) {
			continue
		}
		f, err := s.finding(ctx, all[i].Record)
		if err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.Record, a.Record)) })
	return found, s.record(ctx, access{By: by, Op: "findings", Query: what, Found: int64(len(found))})
}

func (s *Service) findings(ctx context.Context, q Search) ([]Finding, error) {
	text, err := s.within(q, []string{event.SourceFinding})
	if err != nil {
		return nil, err
	}
	q.Query = text
	if q.Limit == 0 {
		q.Limit = 500
	}
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	page, err := s.Index.Search(ctx, p.req)
	if err != nil {
		return nil, fmt.Errorf("control: findings: %w", err)
	}
	out := make([]Finding, 0, len(page.Events))
	for i := range page.Events {
		f, err := s.finding(ctx, page.Events[i].Record)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// finding reads one finding back from its own record.
func (s *Service) finding(ctx context.Context, seq uint64) (Finding, error) {
	rec, err := s.Vault.Get(ctx, seq)
	if err != nil {
		return Finding{}, fmt.Errorf("control: finding %d: %w", seq, err)
	}
	var f finding.Finding
	if err := jsonx.Unmarshal(rec.Raw, &f, jsonx.DefaultLimits()); err != nil {
		return Finding{}, fmt.Errorf("control: finding %d: %w", seq, err)
	}
	out := Finding{
		Record: seq, ID: f.ID, RuleID: f.RuleID, Title: event.Phrase{JA: f.TitleJA, EN: f.Title}, Why: event.Phrase{JA: f.WhyJA, EN: f.Why},
		Level: f.Level, Kind: f.Kind, Time: f.Time, Source: f.Source, Host: f.Host, User: f.ActorUser, Address: f.SrcIP, Object: f.Object,
		Cites: f.Records, Tags: f.Tags,
	}
	for _, b := range f.Because {
		out.Because = append(out.Because, Reason{Field: b.Field, Value: b.Value, Pattern: b.Pattern})
	}
	return out, nil
}
