package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/query"
)

// facts gathers what a coverage ledger is made from: what was seen, by buckets
// of the width, what is registered, what was lost and what is attested.
func (s *Service) facts(ctx context.Context, width time.Duration) (coverage.Facts, error) {
	f := coverage.Facts{Sources: s.registry.judged(), Losses: s.AllLosses(), Shut: s.registry.shutFiles(), Width: width, Now: s.Now(), Pulls: s.Pulling.All()}
	seen, err := s.Index.Presence(ctx, time.Time{}, time.Time{}, width)
	if err != nil {
		return f, fmt.Errorf("control: coverage: %w", err)
	}
	f.Seen = make([]coverage.Presence, len(seen))
	for i, p := range seen {
		f.Seen[i] = coverage.Presence{Source: p.Source, Host: p.Host, Start: p.Start, Events: p.Events, Unparsed: p.Unparsed, First: p.First, Last: p.Last}
	}
	f.Attested, f.Unread = s.registry.attested(), s.registry.unreadFiles()
	runs, err := s.Index.Sequences(ctx)
	if err != nil {
		return f, fmt.Errorf("control: coverage: %w", err)
	}
	f.Sequences = sequence.Merge(runs)
	if f.Offsets, err = s.Index.Offsets(ctx); err != nil {
		return f, fmt.Errorf("control: coverage: %w", err)
	}
	f.ZoneAssumed, err = s.zonesAssumed(ctx)
	return f, err
}

// zonesAssumed counts, by source, the events whose zone nobody stated.
func (s *Service) zonesAssumed(ctx context.Context) (map[string]int64, error) {
	plan, err := query.Parse(`time_quality:zone=assumed*`, query.Options{Zone: s.Zone, Now: s.Now()})
	if err != nil {
		return nil, fmt.Errorf("control: coverage: %w", err)
	}
	values, err := s.Index.Facet(ctx, index.Request{Plan: plan}, "source", maxFaceted)
	if err != nil {
		return nil, fmt.Errorf("control: coverage: %w", err)
	}
	out := make(map[string]int64, len(values))
	for _, v := range values {
		out[v.Value] = v.Count
	}
	return out, nil
}

// attestOp is the own record of an attestation.
type attestOp struct {
	At          time.Time         `json:"at"`
	By          string            `json:"by"`
	Op          string            `json:"op"` // "attest"
	Attestation event.Attestation `json:"attestation"`
}

// Attest seals what a collector can prove of a source's records.
func (s *Service) Attest(ctx context.Context, by string, a event.Attestation) error {
	if err := validSource(Source{ID: a.Source}); err != nil {
		return err
	}
	if !a.From.Before(a.To) {
		return event.Refuse(ErrInvalid, "an attestation must begin before it ends", "申告の期間の終わりが始まりより前です")
	}
	_, err := s.seal(ctx, event.SourceCoverage, attestOp{At: s.Now(), By: by, Op: "attest", Attestation: a})
	return err
}

// applyAttestation folds an attestation in. One that goes on where the last of
// its kind ended makes that one longer.
func (r *registry) applyAttestation(rec event.Record) error {
	var op attestOp
	if err := jsonx.Unmarshal(rec.Raw, &op, jsonx.DefaultLimits()); err != nil {
		return err
	}
	if op.Op != "attest" {
		return nil
	}
	a := op.Attestation
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	key := attestedBy{a.Source, a.Host, a.Proof}
	if i, ok := r.lastAttested[key]; ok && a.Missing == 0 && a.Reason.Empty() {
		if old := &r.attestations[i]; old.Missing == 0 && old.Reason.Empty() && !a.From.After(old.To) && !a.From.Before(old.From) {
			old.To, old.Records = latest(old.To, a.To), old.Records+a.Records
			return nil
		}
	}
	r.lastAttested[key] = len(r.attestations)
	r.attestations = append(r.attestations, a)
	return nil
}

// attestedBy is what attestations are told apart by.
type attestedBy struct {
	source, host string
	proof        event.Proof
}

// unreadFiles lists the spans of files most of which no format could read.
func (r *registry) unreadFiles() []coverage.Unread {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []coverage.Unread
	for _, f := range r.imported {
		if f.First != nil && f.Error == "" && 2*f.Unparsed > f.Events { // what was not taken whole is shut
			out = append(out, coverage.Unread{Source: f.Source, From: *f.First, To: f.Last.Add(1)})
		}
	}
	slices.SortFunc(out, func(a, b coverage.Unread) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), a.From.Compare(b.From), a.To.Compare(b.To))
	})
	return out
}

// attested lists what is attested, imported files among it: a file has all
// records from its first to its last, or of what was declared of it.
func (r *registry) attested() []event.Attestation {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]event.Attestation, len(r.attestations), len(r.attestations)+len(r.imported))
	copy(out, r.attestations)
	for _, f := range r.imported {
		if f.First == nil || f.Error != "" {
			continue
		}
		a := event.Attestation{Source: f.Source, From: *f.First, To: f.Last.Add(1), Proof: event.ProofFile, Records: f.Records}
		for _, c := range f.Covers {
			a.From, a.To = earliest(a.From, c.From), latest(a.To, c.To)
		}
		out = append(out, a)
	}
	return out
}
