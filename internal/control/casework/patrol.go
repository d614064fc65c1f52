package casework

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/investigate"
)

// containedFor is how long a containment is looked at again by itself, and
// watchEvery how often.
const (
	containedFor = 90 * 24 * time.Hour
	watchEvery   = time.Hour
)

// Patrol runs the checks of open cases that are due: containments every hour for
// 90 days, conditions and measures every so many days as they say. It is what
// makes a promise that is broken, and a deadline that is near, known without
// anybody asking.
func (s *Service) Patrol(ctx context.Context) error {
	now := s.Now()
	var errs []error
	for _, c := range s.Desk().Cases() {
		if c.Status != "open" {
			continue
		}
		if err := s.alarm(ctx, c); err != nil {
			errs = append(errs, err)
		}
		for _, d := range checksOf(c) {
			if !d.isDue(now) {
				continue
			}
			if err := s.watch(ctx, c.ID, &d); err != nil {
				errs = append(errs, fmt.Errorf("case %s: %s %s: %w", c.ID, d.kind, d.id, err))
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return errors.Join(errs...)
}

// watch runs a check that is due. Of a containment a result is kept when it is
// another than the last: what does not change need not be said every hour.
func (s *Service) watch(ctx context.Context, caseID string, d *due) error {
	r, err := s.run(ctx, d)
	if err != nil {
		return err
	}
	last := d.checked.Last()
	if d.target != nil && last != nil && last.State == r.State && last.Count == r.Count {
		return nil
	}
	_, err = s.found(ctx, "konseki", caseID, d, r)
	return err
}

// isDue reports whether a check has to be run again.
func (d *due) isDue(now time.Time) bool {
	last := d.checked.Last()
	every := time.Duration(d.check.Every) * 24 * time.Hour
	if d.kind == investigate.KindContainment {
		if now.Sub(d.target.At) > containedFor {
			return false
		}
		every = watchEvery
	}
	if last == nil {
		return every > 0
	}
	return every > 0 && now.Sub(last.At) >= every
}
