package control

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/vault"
)

// Shred makes what req names unreadable for ever. What a case holds is not
// shredded: that is ErrInvalid, and names the hold. What is lost by it is sealed
// and folded into coverage, so that a question about it is answered unknown.
func (s *Service) Shred(ctx context.Context, req vault.ShredRequest) (vault.ShredReport, error) {
	if strings.TrimSpace(req.Reason) == "" {
		return vault.ShredReport{}, fmt.Errorf("control: shred: %w: say why", ErrInvalid)
	}
	lost := map[string]*vault.ShredLoss{}
	n := normalise.New()
	for rec, err := range s.Vault.Shreddable(ctx, req) {
		if err != nil {
			return vault.ShredReport{}, fmt.Errorf("control: shred: %w", err)
		}
		if h := s.heldBy(rec); h != nil {
			return vault.ShredReport{}, fmt.Errorf("control: shred: %w: record %d of %s is held for case %s: release the hold first", ErrInvalid, rec.Seq, rec.Source, h.Case)
		}
		loss := lost[rec.Source]
		if loss == nil {
			loss = &vault.ShredLoss{Source: rec.Source}
			lost[rec.Source] = loss
		}
		loss.Records++
		for _, ev := range n.Events(nil, &rec) {
			loss.From, loss.To = soonest(loss.From, ev.Time), latest(loss.To, ev.Time.Add(time.Nanosecond))
		}
	}
	for _, source := range slices.Sorted(maps.Keys(lost)) {
		req.Lost = append(req.Lost, *lost[source])
	}
	rep, err := s.Vault.Shred(ctx, req)
	if err != nil {
		return rep, fmt.Errorf("control: %w", err)
	}
	return rep, nil
}

func soonest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// heldBy finds a hold that a record is under.
func (s *Service) heldBy(rec event.Record) *Hold {
	for _, h := range s.registry.activeHolds() {
		if h.holds(rec.Source, rec.Received, s.registry.isFromFiles(rec.Source)) {
			return &h
		}
	}
	return nil
}

// applyShred folds what a shred took from coverage.
func (r *registry) applyShred(rec event.Record) error {
	var op struct {
		Reason string            `json:"reason"`
		Lost   []vault.ShredLoss `json:"lost"`
	}
	if err := jsonx.Unmarshal(rec.Raw, &op, jsonx.DefaultLimits()); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shredded == nil {
		r.shredded = map[string][]coverage.Absence{}
	}
	for _, l := range op.Lost {
		if !l.From.Before(l.To) {
			continue
		}
		r.shredded[l.Source] = append(r.shredded[l.Source], coverage.Absence{
			From: l.From, To: l.To, State: coverage.Deleted, Proof: "shred", Reason: event.Phrase{
				JA: fmt.Sprintf("%d 件の鍵を破棄した（%s）", l.Records, op.Reason), EN: event.Many(l.Records, "the key of 1 record was destroyed", "the key of %d records was destroyed") + " (" + op.Reason + ")",
			},
		})
	}
	r.changes++
	return nil
}
