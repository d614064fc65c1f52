package webtest

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
)

// ConfirmSource implements control.Sourcing.
func (o *Ops) ConfirmSource(ctx context.Context, by, id string) error {
	sources, err := o.Sources(ctx)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if s.ID == id {
			return o.AddSource(ctx, by, s)
		}
	}
	return fmt.Errorf("source %s: %w", id, control.ErrNotFound)
}

// RequestEvidence implements control.Sourcing; it only checks that the source
// is known.
func (o *Ops) RequestEvidence(ctx context.Context, by, id string, r coverage.Request) error {
	sources, err := o.Sources(ctx)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if s.ID == id {
			o.mu.Lock()
			defer o.mu.Unlock()
			r.By = by
			o.Requested = append(o.Requested, r)
			return nil
		}
	}
	return fmt.Errorf("source %s: %w", id, control.ErrNotFound)
}

// HostCoverage implements control.Sourcing: the source whole, as one host.
func (o *Ops) HostCoverage(ctx context.Context, by, source string, from, to time.Time) ([]control.SourceCoverage, error) {
	rows, err := o.Coverage(ctx, by, from, to)
	if err != nil {
		return nil, err
	}
	var out []control.SourceCoverage
	for _, c := range rows {
		if c.Source == source {
			c.Host = source + "-1"
			out = append(out, c)
		}
	}
	return out, nil
}

// SealCoverage implements control.Sourcing.
func (o *Ops) SealCoverage(context.Context, string) (uint64, error) { return 1, nil }
