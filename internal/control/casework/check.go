package casework

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/measure"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/vault"
)

// due is one check to be run.
type due struct {
	kind    investigate.Kind
	id      string
	text    event.Phrase
	check   investigate.Check
	checked *investigate.Checked
	target  *investigate.Containment // of a containment
}

// Check implements [Operations].
func (s *Service) Check(ctx context.Context, by, caseID string, k investigate.Kind, id string) ([]Outcome, error) {
	c, err := s.sealed(caseID)
	if err != nil {
		return nil, err
	}
	var out []Outcome
	for _, d := range checksOf(c) {
		if k != "" && k != d.kind || id != "" && id != d.id {
			continue
		}
		r, err := s.run(ctx, &d)
		if err != nil {
			return out, fmt.Errorf("casework: check %s %s: %w", d.kind, d.id, err)
		}
		o, err := s.found(ctx, by, caseID, &d, r)
		if err != nil {
			return out, err
		}
		out = append(out, o)
	}
	if id != "" && len(out) == 0 {
		return nil, event.Refuse(control.ErrInvalid, "case %s has nothing to check by the name %s", "事案 %s に、確認できる %s はありません", caseID, id)
	}
	return out, nil
}

// found seals what a check found.
func (s *Service) found(ctx context.Context, by, caseID string, d *due, r investigate.Result) (Outcome, error) {
	rec, err := s.operate(ctx, investigate.Operation{Case: caseID, Op: "result", By: by, At: r.At, Kind: d.kind, ID: d.id, Result: &r})
	if err != nil {
		return Outcome{}, err
	}
	r.By, r.Recorded = by, rec.Seq
	met := slices.ContainsFunc(d.checked.Results, func(r investigate.Result) bool { return r.State == investigate.Met })
	return Outcome{d.kind, d.id, d.text, r, met && r.State != investigate.Met}, s.broken(ctx, caseID, d, &r)
}

// checksOf lists what can be checked. What is verified by signing alone is not.
func checksOf(c *investigate.Case) (out []due) {
	for i := range c.Containments {
		p := &c.Containments[i]
		check := investigate.Check{By: "query", Query: p.Query, Expect: "none", Sources: p.Sources, From: p.At, To: p.Until}
		if check.Query == "" {
			check.Query = measure.Activity(p.Action, p.Target)
		}
		out = append(out, due{investigate.KindContainment, p.ID, p.Text, check, &p.Checked, p})
	}
	for i := range c.Conditions {
		if p := &c.Conditions[i]; p.Check.By != "sign_off" {
			out = append(out, due{investigate.KindCondition, p.ID, p.Text, p.Check, &p.Checked, nil})
		}
	}
	for i := range c.Measures {
		if p := &c.Measures[i]; p.Check.By != "" && p.Check.By != "sign_off" {
			out = append(out, due{investigate.KindMeasure, p.ID, p.Text, p.Check, &p.Checked, nil})
		}
	}
	return out
}

// run asks what a check asks and judges what comes back.
func (s *Service) run(ctx context.Context, d *due) (investigate.Result, error) {
	now := s.Now()
	from, to := measure.Window(d.check, now)
	switch d.check.By {
	case "query":
		c, err := s.Cite(ctx, d.check.Query, d.check.Sources, from, to)
		if err != nil {
			return investigate.Result{}, err
		}
		return measure.JudgeQuery(d.check, now, &c.Answer, c.Total, c.Records), nil
	case "coverage":
		list, err := s.covered(ctx, d.check.Sources, from, to)
		return measure.JudgeCoverage(now, list), err
	case "findings":
		return s.firedNot(ctx, d.check, from, to, now)
	}
	return s.evidenceOf(ctx, d.check.Cites, now)
}

// covered is the coverage of some sources over a window.
func (s *Service) covered(ctx context.Context, sources []string, from, to time.Time) ([]coverage.SourceCoverage, error) {
	l, err := s.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	first, last := l.Bounds()
	if from.IsZero() {
		from = first
	}
	if to.IsZero() {
		to = last
	}
	var list []coverage.SourceCoverage
	for _, src := range sources {
		list = append(list, l.Coverage(src, from, to))
	}
	return list, nil
}

// firedNot judges a check by what the rules it names found.
func (s *Service) firedNot(ctx context.Context, c investigate.Check, from, to, now time.Time) (investigate.Result, error) {
	list, err := s.covered(ctx, c.Sources, from, to)
	if err != nil {
		return investigate.Result{}, err
	}
	found, err := s.Unsealed(ctx, control.Search{From: from, To: to, Oldest: true, Limit: maxCounted})
	if err != nil {
		return investigate.Result{}, err
	}
	var cites []uint64
	for i := range found {
		if ok, _ := path.Match(c.Query, found[i].RuleID); ok {
			cites = append(cites, found[i].Record)
		}
	}
	return measure.JudgeFindings(now, cites, list), nil
}

// evidenceOf judges a check by records: they must be there.
func (s *Service) evidenceOf(ctx context.Context, cites []uint64, now time.Time) (investigate.Result, error) {
	var gone []uint64
	for _, seq := range cites {
		_, err := s.Vault.Get(ctx, seq)
		switch {
		case errors.Is(err, vault.ErrGone):
			gone = append(gone, seq)
		case err != nil:
			return investigate.Result{}, fmt.Errorf("record %d: %w", seq, err)
		}
	}
	return measure.JudgeEvidence(now, cites, gone), nil
}

// Sign implements [Operations].
func (s *Service) Sign(ctx context.Context, by, caseID string, k investigate.Kind, id string) error {
	s.edits.Lock()
	defer s.edits.Unlock()
	p, err := s.Part(ctx, caseID, k, id, 0)
	if err != nil {
		return err
	}
	first := []string{p.Common().By}
	if p.Common().By == by {
		return event.Refuse(control.ErrInvalid, "%s wrote this %s and cannot sign it off: a second person has to", "%s はこの%sを書いた本人なので署名できません。別の人の署名が必要です", by, k.Name())
	}
	if has, ok := p.(interface{ Last() *investigate.Result }); ok {
		if last := has.Last(); last != nil {
			if last.By == by {
				return event.Refuse(control.ErrInvalid, "%s ran its last check and cannot sign it off: a second person has to", "%s は最後の確認をした本人なので署名できません。別の人の署名が必要です", by)
			}
			first = append(first, last.By)
		}
	}
	_, err = s.operate(ctx, investigate.Operation{Case: caseID, Op: "sign", By: by, Kind: k, ID: id, Reason: unproven(by, first)})
	return err
}

// unproven says so where the second person was only named: whoever works under
// one account may give any name on the command line, as "name (account)", and
// then nothing shows that two people took part.
func unproven(by string, first []string) event.Phrase {
	if !slices.ContainsFunc(first, func(one string) bool { return accountOf(one) == accountOf(by) }) {
		return event.Phrase{}
	}
	return event.Phrase{JA: "同じアカウント " + accountOf(by) + " から名前を指定して承認。別人であることは確認できていない",
		EN: "signed under the same account, " + accountOf(by) + ", with a name that was only given; that it was another person is not verified"}
}

// accountOf is the account behind a name that was given on the command line as
// "name (account)"; other names are accounts themselves.
func accountOf(by string) string {
	if _, account, ok := strings.Cut(by, " ("); ok && strings.HasSuffix(account, ")") {
		return strings.TrimSuffix(account, ")")
	}
	return by
}

// Override implements [Operations].
func (s *Service) Override(ctx context.Context, by, caseID string, k investigate.Kind, id string, reason event.Phrase) error {
	s.edits.Lock()
	defer s.edits.Unlock()
	if _, err := s.Part(ctx, caseID, k, id, 0); err != nil {
		return err
	}
	_, err := s.operate(ctx, investigate.Operation{Case: caseID, Op: "override", By: by, Kind: k, ID: id, Reason: reason})
	return err
}

// broken seals a finding when a target of containment was seen afterwards.
func (s *Service) broken(ctx context.Context, caseID string, d *due, r *investigate.Result) error {
	if d.target == nil || r.State != investigate.NotMet || len(r.Cites) == 0 {
		return nil
	}
	seen, err := s.sighting(ctx, normalise.New(), r.Cites[0])
	if err != nil || seen.gone != event.Present {
		return err
	}
	t := d.target
	f := finding.Finding{
		RuleID: "containment-without-effect", Kind: finding.KindCheck, Level: finding.LevelHigh, Time: seen.at.UTC(), Until: seen.at.UTC(),
		Title: "Activity after containment", TitleJA: "封じ込めの後の活動", Records: r.Cites[:1], Source: seen.source, Host: seen.host, Object: t.Target,
		Why:   fmt.Sprintf("“%s” was contained at %s (case %s) and was seen %d times afterwards.", finding.Shown(t.Target), t.At.UTC().Format(time.RFC3339), caseID, r.Count),
		WhyJA: fmt.Sprintf("「%s」は %s に封じ込めた（事案 %s）が、その後も %d 件の記録がある。", finding.Shown(t.Target), t.At.In(s.Zone).Format(time.RFC3339), caseID, r.Count),
	}
	switch t.Action {
	case "disable_account":
		f.ActorUser = t.Target
	case "block_address":
		f.SrcIP = t.Target
	}
	f.SealDaily(caseID, d.id)
	if s.Found(f.ID) {
		return nil
	}
	_, err = s.Seal(ctx, event.SourceFinding, f)
	return err
}
