package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/control"
)

// What is older than its retention is let go once a day, the first time a
// while after the start, when what is wrong with a configuration or a clock
// can still be noticed.
const (
	expireFirst = time.Hour
	expireEvery = 24 * time.Hour
)

// expireDaily seals what is known of every source, puts small segments together
// and lets go what may be, until the context ends: what could be known before
// records were let go stays to be read. A run that fails is
// said and tried again the next day.
func (s *Server) expireDaily(ctx context.Context) error {
	wait := expireFirst
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
		wait = expireEvery
		if _, err := s.SealCoverage(ctx, "konseki"); err != nil && ctx.Err() == nil && !errors.Is(err, control.ErrInvalid) {
			s.logger.Error("coverage could not be sealed; trying again in a day", "error", err)
		}
		if fewer, err := s.Compact(ctx); err != nil && ctx.Err() == nil {
			s.logger.Error("small segments could not be put together; trying again in a day", "error", err)
		} else if fewer > 0 {
			s.logger.Info("put small segments together", "fewer", fewer)
		}
		x, err := s.Expire(ctx, "konseki", false)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.logger.Error("records could not be let go; trying again in a day", "error", err)
		case x.Records > 0:
			s.logger.Info("let go what is older than its retention", "records", x.Records, "bytes", x.Bytes)
		}
	}
}

// Compact makes one segment of small ones that stand beside each other, and has
// the index follow. It returns how many files there are fewer.
func (s *Server) Compact(ctx context.Context) (fewer int, err error) {
	if fewer, err = s.vault.Compact(ctx); err != nil {
		return fewer, fmt.Errorf("server: %w", err)
	}
	return fewer, s.flow.cover(ctx)
}

// Renew implements [control.Flow]: what was derived of records that are gone
// must be gone too.
func (f *flow) Renew(ctx context.Context) error { return f.cover(ctx) }
