// Package known adds to the operations what the company knows of itself: importing it, whose an address was, and searching by it.
package known

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
)

// Service is [control.Service] that knows the estate. It is folded from own
// records and never stored.
type Service struct {
	*control.Service
	estate atomic.Pointer[estate.Estate]
}

// New returns s with an estate that knows nothing yet.
func New(s *control.Service) *Service {
	out := &Service{Service: s}
	s.Known = out.resolve
	return out
}

// Estate is what is known now; nil where nothing was imported.
func (s *Service) Estate() *estate.Estate { return s.estate.Load() }

// Apply folds one own record in, in Seq order, as [control.Service.Apply] does.
func (s *Service) Apply(rec event.Record) {
	if rec.Source != event.SourceEstate {
		s.Service.Apply(rec)
		return
	}
	var ed estate.Edition
	if err := jsonx.Unmarshal(rec.Raw, &ed, jsonx.DefaultLimits()); err != nil {
		s.Logger.Warn("own record left out", "record", rec.Seq, "source", rec.Source, "error", err)
		return
	}
	ed.Record = rec.Seq
	for {
		old := s.estate.Load()
		if s.estate.CompareAndSwap(old, old.With(ed)) {
			return
		}
	}
}

// ImportEstate reads a file of a kind (people, networks, devices, items) and
// seals what it says; the whole file or, with control.ErrInvalid, nothing. The
// newest version of a kind holds. It returns the edition with its record.
func (s *Service) ImportEstate(ctx context.Context, by, kind, file string, content []byte) (*estate.Edition, error) {
	ed, err := estate.Read(kind, file, content, s.Zone)
	if errors.Is(err, estate.ErrFile) {
		return nil, fmt.Errorf("%w: %s: %w", control.ErrInvalid, file, err)
	}
	if err != nil {
		return nil, fmt.Errorf("known: %w", err)
	}
	ed.At, ed.By, ed.Version = s.Now(), by, s.Estate().Version(ed.Kind)+1
	rec, err := control.OwnRecord(event.SourceEstate, ed)
	if err != nil {
		return nil, fmt.Errorf("known: %w", err)
	}
	recs := []event.Record{rec}
	if err := s.Vault.Append(ctx, recs); err != nil {
		return nil, fmt.Errorf("known: %w", err)
	}
	if err := s.Flow.Sync(ctx); err != nil { // it is folded in by then
		return nil, fmt.Errorf("known: %w", err)
	}
	ed.Record = recs[0].Seq
	return ed, nil
}

// Pivot is [control.Service.Pivot] that tells inside from outside by the
// company's own networks.
func (s *Service) Pivot(ctx context.Context, by, kind, value string, from, to time.Time) (*control.Pivot, error) {
	p, err := s.Service.Pivot(ctx, by, kind, value, from, to)
	if err != nil {
		return nil, err
	}
	if addr, err := netip.ParseAddr(p.Value); kind == "ip" && err == nil {
		p.Inside = s.Estate().Inside(addr, p.Last)
	}
	return p, nil
}

// Findings is [control.Service.Findings] whose sentences say whose the address
// was at that time, where the company knows.
func (s *Service) Findings(ctx context.Context, by string, q control.Search) ([]control.Finding, error) {
	out, err := s.Service.Findings(ctx, by, q)
	for i := range out {
		f := &out[i]
		if whose := s.Estate().Address(f.Address, f.Time, s.Zone); !whose.Empty() {
			f.Why.JA += f.Address + "［" + whose.JA + "］"
			f.Why.EN += " " + f.Address + " [" + whose.EN + "]"
		}
	}
	return out, err
}
