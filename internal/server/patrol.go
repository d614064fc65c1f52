package server

import (
	"context"
	"maps"
	"time"

	"github.com/konseki/konseki/internal/advisory"
	"github.com/konseki/konseki/internal/config"
)

// patrolEvery is how often it is looked which checks of open cases are due.
const patrolEvery = 15 * time.Minute

// escalationOf is when advisories are told of again. What the configuration does
// not say is as by default.
func escalationOf(c config.Advisory) advisory.Escalation {
	e := advisory.DefaultEscalation()
	maps.Copy(e.Steps, c.Escalate)
	e.Readers = c.Readers
	return e
}

// patrol runs the checks of cases that are due, and matches what was published
// with what is run, until the context ends.
func (s *Server) patrol(ctx context.Context) error {
	tick := time.NewTicker(patrolEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if err := s.Advise(ctx, s.Now()); err != nil && ctx.Err() == nil {
			s.logger.Error("advisories could not be matched; trying again in a quarter of an hour", "error", err)
		}
		if err := s.Patrol(ctx); err != nil && ctx.Err() == nil {
			s.logger.Error("checks of cases could not be run; trying again in a quarter of an hour", "error", err)
		}
	}
}
