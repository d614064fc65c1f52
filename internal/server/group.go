package server

import (
	"context"
	"errors"
	"sync"
)

// group runs what serves: when one part fails, all are told to stop.
type group struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	errs   []error
}

func (g *group) start(part func(ctx context.Context) error) {
	g.wg.Go(func() {
		err := part(g.ctx)
		g.mu.Lock()
		if err != nil && !errors.Is(err, context.Canceled) {
			g.errs = append(g.errs, err)
		}
		g.mu.Unlock()
		g.cancel()
	})
}

// wait stops every part and gives what failed.
func (g *group) wait() error {
	g.cancel()
	g.wg.Wait()
	return errors.Join(g.errs...)
}
