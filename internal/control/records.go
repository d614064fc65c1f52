package control

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/vault/audit"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/vault"
)

// Record implements [Operations]. The events are derived from the record
// itself, so they are what any rebuild of the index would hold.
func (s *Service) Record(ctx context.Context, by string, seq uint64) (*Record, error) {
	r, err := s.readRecord(ctx, seq)
	if err != nil {
		return nil, err
	}
	return r, s.record(ctx, access{By: by, Op: "record", Query: fmt.Sprintf("record:%d", seq)})
}

// Unmask implements [Operations]. Each time is recorded, however often.
func (s *Service) Unmask(ctx context.Context, by auth.Person, seq uint64, reason string) (*Record, error) {
	r, err := s.readRecord(ctx, seq)
	if err != nil {
		return nil, err
	}
	if err := s.Unmasking(ctx, by, fmt.Sprintf("record:%d", seq), reason); err != nil {
		return nil, err
	}
	return r, nil
}

// Unmasking records that somebody is about to read something without masks, and
// why. It fails with ErrInvalid for who may not or does not say why: then nothing
// may be shown.
func (s *Service) Unmasking(ctx context.Context, by auth.Person, what, reason string) error {
	reason = strings.TrimSpace(reason)
	switch {
	case by.Role != auth.RoleAdmin && by.Role != auth.RoleAnalyst:
		return event.Refuse(ErrInvalid, "masked values are shown to administrators and analysts; ask one of them", "隠した値を見られるのは管理者と分析者です。どちらかに頼んでください")
	case reason == "" || len(reason) > maxReason:
		return event.Refuse(ErrInvalid, "say why %s must be read unmasked, in at most %d bytes; the reason is recorded", "%s を隠さずに読む理由を %d バイト以内で書いてください。理由は記録されます", what, maxReason)
	}
	return s.sealAccess(ctx, access{By: by.Name, Op: "unmask", Query: what, Reason: reason})
}

// Noted seals, each time, what somebody did beside asking: coming in by the pages, failing
// to, leaving, making or removing accounts and tokens. by is "" where nobody has
// the name that was given, peer the address it came from, "" at the command line.
// Who cannot be noted does not come in.
func (s *Service) Noted(ctx context.Context, by, op, what, peer string) error {
	return s.sealAccess(ctx, access{By: by, Op: op, Query: what, Peer: peer})
}

func (s *Service) readRecord(ctx context.Context, seq uint64) (*Record, error) {
	rec, err := s.Vault.Get(ctx, seq)
	if err != nil {
		return nil, notFound(fmt.Sprintf("record %d", seq), err)
	}
	r := &Record{Record: rec, Events: normalise.New().Events(nil, &rec)}
	r.Text, r.Binary = Showable(rec.Raw, r.Events)
	if l, err := s.coverageLedger(ctx); err == nil { // a record is shown even where the index cannot be asked
		r.Clock = l.Clock(rec.Source, r.Events[0].Host, rec.Received)
	}
	r.Seal, _, err = s.sealOf(ctx, rec)
	return r, err
}

// Prove implements [Operations].
func (s *Service) Prove(ctx context.Context, by string, seq uint64) (*Proof, error) {
	rec, err := s.Vault.Get(ctx, seq)
	if err != nil {
		return nil, notFound(fmt.Sprintf("record %d", seq), err)
	}
	sl, proof, err := s.sealOf(ctx, rec)
	if err != nil {
		return nil, err
	}
	p := &Proof{Seal: sl}
	if proof == nil {
		p.Error = "not under a checkpoint yet"
		return p, nil
	}
	shown, d, err := s.Vault.Disclose(ctx, seq, nil)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	if _, err := proof.VerifyDisclosed(s.Vault.Status().PublicKey, shown, d); err != nil {
		p.Error = err.Error()
	} else {
		p.OK = true
	}
	if p.JSON, err = json.Marshal(proof, json.Deterministic(true)); err != nil {
		return nil, fmt.Errorf("control: proof: %w", err)
	}
	return p, s.record(ctx, access{By: by, Op: "prove", Query: fmt.Sprintf("record:%d", seq)})
}

// sealOf tells where a record is sealed; the proof is nil in the tail.
func (s *Service) sealOf(ctx context.Context, rec event.Record) (Seal, *seal.Proof, error) {
	var sl Seal
	p, err := s.Vault.Prove(ctx, rec.Seq)
	if errors.Is(err, vault.ErrUnsealed) {
		return sl, nil, nil
	}
	if err != nil {
		return sl, nil, fmt.Errorf("control: %w", err)
	}
	shown, d, err := s.Vault.Disclose(ctx, rec.Seq, nil)
	if err != nil {
		return sl, nil, fmt.Errorf("control: %w", err)
	}
	leaf, err := p.LeafOf(shown, d)
	if err != nil {
		return sl, nil, fmt.Errorf("control: %w", err)
	}
	sl.Leaf = hex.EncodeToString(leaf[:])
	sl.Sealed, sl.SealedAt, sl.Batch, sl.Position = true, p.SealedAt, p.LogIndex, p.Seq-p.BatchFirst
	sl.Root = hex.EncodeToString(p.BatchRoot[:])
	return sl, p, nil
}

func notFound(what string, err error) error {
	if errors.Is(err, vault.ErrNotFound) {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	if errors.Is(err, vault.ErrGone) {
		return fmt.Errorf("%s: %w: %w", what, ErrNotFound, err)
	}
	return fmt.Errorf("control: %s: %w", what, err)
}

// Showable gives a record's bytes as text, or as a hex dump when they are none.
func Showable(raw []byte, evs []event.Event) (text string, binary bool) {
	if len(evs) > 0 && evs[0].Text != "" && !strings.ContainsRune(evs[0].Text, utf8.RuneError) {
		return evs[0].Text, false
	}
	control := 0
	for _, b := range raw {
		if b < 0x20 && b != '\n' && b != '\r' && b != '\t' && b != 0x1d {
			control++
		}
	}
	if utf8.Valid(raw) && control*10 <= len(raw) {
		return string(raw), false
	}
	if control*10 > len(raw) {
		const shown = 4096
		return hex.Dump(raw[:min(len(raw), shown)]), true
	}
	return strings.ToValidUTF8(string(raw), "\uFFFD"), false
}

// VerifyVault implements [Operations]. What was verified, and with what
// result, is itself a record.
func (s *Service) VerifyVault(ctx context.Context, by string, progress func(done, total int64)) (*Verification, error) {
	began := time.Now()
	rep, err := audit.Verify(ctx, s.Dir, audit.VerifyOptions{Progress: progress, Unlock: s.Vault.Unlock()})
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	v := NewVerification(rep)
	v.At, v.Took, v.PublicKey = s.Now(), time.Since(began), s.Vault.Status().PublicKey
	_, err = s.seal(ctx, event.SourceReport, struct {
		At       time.Time `json:"at"`
		By       string    `json:"by"`
		Op       string    `json:"op"`
		OK       bool      `json:"ok"`
		Records  uint64    `json:"records"`
		Problems []Problem `json:"problems"`
	}{v.At, by, "verify", v.OK, v.Records, v.Problems})
	return v, err
}

// NewVerification puts a vault's report in the words of pages and commands.
func NewVerification(rep *audit.Report) *Verification {
	v := &Verification{
		OK: rep.OK(), Records: rep.Records, Sealed: rep.Sealed, RawBytes: rep.RawBytes,
		Unsealed: rep.Unsealed, Expired: rep.Expired, Shredded: rep.Shredded, Locked: rep.Locked,
		Segments: rep.Segments, Batches: rep.Batches, Checkpoint: rep.Checkpoint, Problems: []Problem{},
	}
	for _, p := range rep.Problems {
		v.Problems = append(v.Problems, Problem{Kind: p.Kind, Segment: p.Segment, Record: p.Record, Detail: p.Detail})
	}
	return v
}
