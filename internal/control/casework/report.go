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
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/anchor"
)

// reportInput gathers all that a report of the case is made from, without the
// words to hide in what it shows of records.
func (s *Service) reportInput(ctx context.Context, caseID string, hide *report.Masks) (report.Input, error) {
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
	return in, s.show(ctx, &in, sorted(cites), st.Sealed, hide)
}

// sorted gives records as they are picked: ascending, each once.
func sorted(seqs []uint64) []uint64 {
	seqs = slices.Clone(seqs)
	slices.Sort(seqs)
	return slices.Compact(seqs)
}

// show reads the records that a report shows, and keeps of each no more than it
// shows.
func (s *Service) show(ctx context.Context, in *report.Input, seqs []uint64, sealed uint64, hide *report.Masks) error {
	read := normalise.New()
	for rec, err := range s.Vault.Pick(ctx, seqs) {
		if err != nil {
			continue // the report says that it cannot be read
		}
		hide.Learn(rec.Raw)
		in.Records[rec.Seq] = cited(rec.Record, read.Events(nil, &rec.Record), sealed, hide)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("casework: %w", context.Cause(ctx))
	}
	return nil
}

// shownBytes bounds what the evidence list shows of one record.
const shownBytes = 400

// cited is a record as the evidence list shows it: without its bytes, and, where
// words are hidden, without the hash that would let guesses be checked.
func cited(rec event.Record, evs []event.Event, sealed uint64, hide *report.Masks) report.Cited {
	text, _ := control.Showable(rec.Raw, evs)
	if len(text) > shownBytes {
		cut := shownBytes
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + " …"
	}
	out := report.Cited{Record: rec, Text: strings.Clone(text), Sealed: rec.Seq <= sealed}
	if len(hide.Hide(rec.Raw)) > 0 {
		out.Text = hide.Text(text)
	} else {
		sum := sha256.Sum256(rec.Raw)
		out.SHA256 = hex.EncodeToString(sum[:])
	}
	out.Record.Raw = nil
	return out
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
	in, err := s.reportInput(ctx, caseID, hide)
	if err != nil {
		return err
	}
	in.Case = s.Desk().Case(caseID) // as sealed; the answers are those given when asked
	maskFindings(&in, hide)
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
	b := report.Bundle{Input: in, PublicKey: in.PublicKey, By: by, Files: files, Renderers: renderers(), Evidence: s.disclosed(ctx, sorted(seqs), hide)}
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
		for e, err := range s.disclosed(ctx, []uint64{rec.Seq}, nil) {
			return e, err
		}
		return report.Evidence{}, control.ErrNotFound
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

// disclosed gives records with their proofs, all under one checkpoint, in one pass
// over the vault.
func (s *Service) disclosed(ctx context.Context, seqs []uint64, hide *report.Masks) iter.Seq2[report.Evidence, error] {
	prover := s.Vault.Prover()
	return func(yield func(report.Evidence, error) bool) {
		for rec, err := range s.Vault.Pick(ctx, seqs) {
			var e report.Evidence
			if err == nil || errors.Is(err, vault.ErrGone) {
				e, err = evidence(ctx, prover, rec, hide)
			}
			if err != nil {
				err = fmt.Errorf("casework: export record %d: %w", rec.Seq, err)
			}
			if !yield(e, err) || err != nil {
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
func evidence(ctx context.Context, prover vault.Prover, rec *vault.Picked, hide *report.Masks) (report.Evidence, error) {
	if said := hide.Repeats(rec.Raw); said != "" && rec.Source == event.SourceCase {
		return report.Evidence{}, fmt.Errorf("%w: the case itself says %q: put it into other words first", report.ErrMask, said)
	}
	proof, err := prover.Prove(ctx, rec.Seq)
	if errors.Is(err, vault.ErrGone) {
		return report.Evidence{Record: event.Record{Seq: rec.Seq, Gone: cmp.Or(rec.Gone, event.Expired)}}, nil
	}
	if err != nil {
		return report.Evidence{}, err
	}
	shown, how, err := rec.Disclose(hide.Hide(rec.Raw))
	return report.Evidence{Record: shown, Proof: proof, Disclosure: how}, err
}

// maskFindings hides words in what the documents of a bundle show of findings.
func maskFindings(in *report.Input, hide *report.Masks) {
	for i := range in.Findings {
		f := &in.Findings[i]
		f.Title, f.Why = hide.Phrase(f.Title), hide.Phrase(f.Why)
	}
}
