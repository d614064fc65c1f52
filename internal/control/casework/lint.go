package casework

import (
	"context"
	"errors"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/lint"
	"github.com/konseki/konseki/internal/normalise"
)

// Lint implements [Operations].
func (s *Service) Lint(ctx context.Context, _, caseID string) ([]lint.Problem, error) {
	c, err := s.sealed(caseID)
	if err != nil {
		return nil, err
	}
	return lint.Check(ctx, c, s.witness(ctx, c), s.Zone)
}

// LintPart implements [Operations].
func (s *Service) LintPart(ctx context.Context, caseID string, p investigate.Part) ([]lint.Problem, error) {
	c, err := s.sealed(caseID)
	if err != nil {
		return nil, err
	}
	with, id := c.With(p)
	all, err := lint.Check(ctx, with, s.witness(ctx, with), s.Zone)
	if err != nil {
		return nil, err
	}
	var own []lint.Problem
	for _, x := range all {
		for _, ref := range x.Where {
			if ref.Kind == p.Kind() && ref.ID == id {
				own = append(own, x)
				break
			}
		}
	}
	return own, nil
}

// witness is what records say, as the linter asks it.
type witness struct {
	s      *Service
	derive *normalise.Normaliser
}

// witness has read what the case cites, in one pass.
func (s *Service) witness(ctx context.Context, c *investigate.Case) witness {
	w := witness{s, normalise.New()}
	s.look(ctx, w.derive, c.Cited(false))
	return w
}

// Record implements [lint.Evidence].
func (w witness) Record(ctx context.Context, seq uint64) (lint.Sighting, bool) {
	seen, err := w.s.sighting(ctx, w.derive, seq)
	switch {
	case err != nil:
		return lint.Sighting{}, false
	case seen.gone != event.Present:
		return lint.Sighting{Gone: seen.gone.String()}, true
	}
	l := lint.Sighting{At: seen.at, Source: seen.source, Item: seen.item}
	if event.IsOwn(seen.source) || seen.quality.Zone == event.ZoneReceived {
		l.At = time.Time{} // it tells of no time of its own
	}
	if ledger, err := w.s.Ledger(ctx); err == nil {
		l.Doubt = ledger.Clock(seen.source, seen.host, seen.received).Doubt(seen.quality.Uncertainty()).Widest()
	}
	return l, true
}

// Find implements [lint.Evidence].
func (w witness) Find(ctx context.Context, query string, sources []string, from, to time.Time) (int64, []uint64, error) {
	c, err := w.s.Cite(ctx, query, sources, from, to)
	if errors.Is(err, control.ErrInvalid) {
		return 0, nil, nil // a query that cannot be asked finds nothing; the part that holds it was refused for it
	}
	return c.Total, c.Records, err
}
