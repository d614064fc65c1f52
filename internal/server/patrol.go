package server

import (
	"context"
	"time"
)

// patrolEvery is how often it is looked which checks of open cases are due.
const patrolEvery = 15 * time.Minute

// patrol runs the checks of cases that are due until the context ends.
func (s *Server) patrol(ctx context.Context) error {
	tick := time.NewTicker(patrolEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if err := s.Patrol(ctx); err != nil && ctx.Err() == nil {
			s.logger.Error("checks of cases could not be run; trying again in a quarter of an hour", "error", err)
		}
	}
}
