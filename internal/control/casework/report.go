package casework

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/anchor"
)

// reportInput gathers all that a report of the case is made from.
func (s *Service) reportInput(ctx context.Context, caseID string) (report.Input, error) {
	c, err := s.Case(ctx, caseID)
	if err != nil {
		return report.Input{}, err
	}
	l, err := s.Ledger(ctx)
	if err != nil {
		return report.Input{}, err
	}
	problems, err := s.Lint(ctx, "", caseID)
	if err != nil {
		return report.Input{}, err
	}
	st := s.Vault.Status()
	in := report.Input{
		Problems: problems,
		Case:     c, Zone: s.Zone, Now: s.Now(), Version: s.Version, Origin: st.Origin, PublicKey: st.PublicKey,
		Checkpoint: st.Checkpoint, Size: st.Size, Records: map[uint64]report.Cited{},
	}
	in.From, in.To = l.Bounds()
	in.To = in.To.Add(1)
	in.Coverage = l.All(in.From, in.To)
	found, err := s.Unsealed(ctx, control.Search{From: in.From, To: in.To, Oldest: true, Limit: 200, Query: "severity_id:>=3"})
	if err != nil {
		return in, err
	}
	cites := c.Cited(false)
	for _, f := range found {
		in.Findings = append(in.Findings, report.Finding{Time: f.Time, Level: f.Level, Title: f.Title, Why: f.Why, Cites: f.Cites, Record: f.Record})
		cites = append(cites, f.Cites[:min(3, len(f.Cites))]...)
	}
	for _, seq := range cites {
		if _, ok := in.Records[seq]; ok {
			continue
		}
		rec, err := s.Vault.Get(ctx, seq)
		if err != nil {
			continue // the report says that it cannot be read
		}
		in.Records[seq] = cited(rec, st.Sealed)
	}
	return in, nil
}

// shownBytes bounds what the evidence list shows of one record.
const shownBytes = 400

func cited(rec event.Record, sealed uint64) report.Cited {
	sum := sha256.Sum256(rec.Raw)
	text, _ := control.Showable(rec.Raw, normalise.New().Events(nil, &rec))
	if len(text) > shownBytes {
		cut := shownBytes
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + " …"
	}
	return report.Cited{Record: rec, SHA256: hex.EncodeToString(sum[:]), Text: text, Sealed: rec.Seq <= sealed}
}

// Export implements [Operations]: everything is sealed first, then every cited
// record, the findings cited and the case's own operations go in with proof.
// Words that fit a mask are hidden in raw records; see [report.ParseMasks].
func (s *Service) Export(ctx context.Context, by, caseID string, masks []string, w io.Writer) error {
	hide, err := report.ParseMasks(masks)
	if err != nil {
		return fmt.Errorf("casework: export: %w: %w", control.ErrInvalid, err)
	}
	if err := s.Vault.Seal(ctx); err != nil {
		return fmt.Errorf("casework: export: %w", err)
	}
	in, err := s.reportInput(ctx, caseID)
	if err != nil {
		return err
	}
	in.Case = s.Desk().Case(caseID) // as sealed; the answers are those given when asked
	maskInput(&in, hide)
	seqs := in.Case.Cited(true)
	for _, f := range in.Findings {
		seqs = append(seqs, f.Record)
	}
	for seq := range in.Records {
		seqs = append(seqs, seq)
	}
	decided, err := s.decisions(ctx, in.Case.Cited(false), in.Records)
	if err != nil {
		return fmt.Errorf("casework: export: %w", err)
	}
	seqs = append(seqs, decided...)
	files, remove, err := s.exchangeFiles(ctx, in, hide)
	if err != nil {
		return fmt.Errorf("casework: export: %w", err)
	}
	defer remove()
	b := report.Bundle{Input: in, PublicKey: in.PublicKey, By: by, Files: files, Renderers: renderers(), Evidence: s.disclosed(ctx, slices.Compact(slices.Sorted(slices.Values(seqs))), hide)}
	if s.Anchors != nil {
		b.Anchors = func(size uint64) ([]anchor.Carried, error) { return s.Anchors(ctx, size) }
	}
	b.Seal = func(is report.Issue) (report.Evidence, error) {
		rec, err := s.Seal(ctx, event.SourceReport, is)
		if err != nil {
			return report.Evidence{}, err
		}
		if err := s.Vault.Seal(ctx); err != nil {
			return report.Evidence{}, err
		}
		return s.evidence(ctx, s.Vault.Prover(), rec.Seq, nil)
	}
	if err := report.WriteBundle(w, b); err != nil {
		return fmt.Errorf("casework: %w", err)
	}
	return nil
}

// renderers are the forms that documents are written in, for bundles.
func renderers() (out []report.Renderer) {
	for _, format := range Formats() {
		out = append(out, report.Renderer{Name: format, Write: writers()[format]})
	}
	return out
}

// disclosed gives records with their proofs, all under one checkpoint.
func (s *Service) disclosed(ctx context.Context, seqs []uint64, hide *report.Masks) iter.Seq2[report.Evidence, error] {
	prover := s.Vault.Prover()
	return func(yield func(report.Evidence, error) bool) {
		for _, seq := range seqs {
			if e, err := s.evidence(ctx, prover, seq, hide); !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// evidence gives a record with its proof, without the words to hide. The case's
// own operations are shown as they are, or nobody could check the case: words to
// hide in them are an error. Other records that were sealed as a whole are
// withheld as a whole. Of a record that was let go there is its proof, or, where
// nothing of its batch is left, only that it is gone.
func (s *Service) evidence(ctx context.Context, prover vault.Prover, seq uint64, hide *report.Masks) (report.Evidence, error) {
	fail := func(err error) (report.Evidence, error) {
		return report.Evidence{}, fmt.Errorf("casework: export record %d: %w", seq, err)
	}
	rec, err := s.Vault.Get(ctx, seq)
	if err != nil && !errors.Is(err, vault.ErrGone) {
		return fail(err)
	}
	if said := hide.Repeats(rec.Raw); said != "" && rec.Source == event.SourceCase {
		return fail(fmt.Errorf("%w: the case itself says %q: put it into other words first", report.ErrMask, said))
	}
	proof, err := prover.Prove(ctx, seq)
	if errors.Is(err, vault.ErrGone) {
		return report.Evidence{Record: event.Record{Seq: seq, Gone: cmp.Or(rec.Gone, event.Expired)}}, nil
	}
	if err != nil {
		return fail(err)
	}
	rec, shown, err := s.Vault.Disclose(ctx, seq, hide.Hide(rec.Raw))
	if err != nil {
		return fail(err)
	}
	return report.Evidence{Record: rec, Proof: proof, Disclosure: shown}, nil
}

// maskInput hides words in what the documents of a bundle show of records.
func maskInput(in *report.Input, hide *report.Masks) {
	for _, c := range in.Records {
		hide.Learn(c.Record.Raw)
	}
	for seq, c := range in.Records {
		if len(hide.Hide(c.Record.Raw)) > 0 {
			c.Text, c.SHA256 = hide.Text(c.Text), ""
			in.Records[seq] = c
		}
	}
	for i := range in.Findings {
		f := &in.Findings[i]
		f.Title, f.Why = hide.Phrase(f.Title), hide.Phrase(f.Why)
	}
}
