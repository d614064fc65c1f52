package server

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
)

// sealLossesEvery is how often losses are sealed while there are any. What
// doors counted since the last time is all that a kill can make forgotten.
const sealLossesEvery = 5 * time.Second

// lossLoop seals losses until the context ends. While the vault cannot take
// them they stay counted.
func (s *Server) lossLoop(ctx context.Context) {
	tick := time.NewTicker(sealLossesEvery)
	defer tick.Stop()
	for failing := false; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		err := s.SealLosses(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.logger.Error("losses could not be sealed; they stay counted", "error", err)
		}
		failing = err != nil
	}
}

// lastLosses seals what is still counted when the server closes.
func (s *Server) lastLosses() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return s.SealCounted(ctx)
}

// catchUp counts what deriving lost in records that are derived for good and
// whose count was not sealed: those of a vault older than the count.
func (s *Server) catchUp(ctx context.Context) {
	counted, reached := s.Counted(), s.flow.reached()
	s.flow.counted = max(counted, reached)
	if counted >= reached {
		return
	}
	b := &batch{}
	n := normalise.New()
	for rec, err := range s.vault.Records(ctx, counted+1) {
		if err != nil {
			s.logger.Error("losses among older records could not all be counted", "after", b.last, "error", err)
			break
		}
		if rec.Seq > reached {
			break
		}
		b.last = rec.Seq
		if event.IsOwn(rec.Source) {
			continue
		}
		b.outside = rec.Seq
		s.flow.lossOf(b, rec, n.Events(nil, &rec))
	}
	s.Derived(reached, b.outside, b.lost())
}

// batchLosses bounds the rows of losses of one batch.
const batchLosses = 1024

// lossOf counts a record from outside that no format could read, or that came
// live and states a time far from its receipt.
func (f *flow) lossOf(b *batch, rec event.Record, evs []event.Event) {
	l := event.Loss{Source: rec.Source, From: rec.Received, Records: 1}
	if evs[0].Format == event.Unparsed {
		l.Kind, l.Reason, l.Bytes = event.LossUnparsed, event.WhyNoFormat, int64(len(rec.Raw))
	} else if l.LateMS = f.lateness(rec, evs); l.LateMS > 0 {
		l.Kind, l.Reason = event.LossLate, event.WhyLate
	} else if l.LateMS < 0 {
		l.Kind, l.Reason, l.LateMS = event.LossLate, event.WhyClockAhead, -l.LateMS
	} else {
		return
	}
	via := event.ParseTransport(rec.Transport)
	l.Door = via.Kind
	if l.Host = via.Get("peer"); l.Host == "" {
		l.Host = via.Get("host")
	}
	if b.losses == nil {
		b.losses = coverage.NewLosses(batchLosses)
	}
	b.losses.Add(l)
}

// lateness is how long after the time it states a live record was received, in
// milliseconds, negative when it was before; 0 within what is ordinary. A time
// whose zone was assumed says too little, as does one without an hour.
func (f *flow) lateness(rec event.Record, evs []event.Event) int64 {
	if !event.LiveKind(event.TransportKind(rec.Transport)) {
		return 0
	}
	for i := range evs {
		q := evs[i].Quality
		if q.Zone != event.ZoneStated && q.Zone != event.ZoneConfigured || q.Precision == event.PrecisionDay {
			continue
		}
		if d := rec.Received.Sub(evs[i].Time); d > f.late || -d > f.late {
			return d.Milliseconds()
		}
		return 0
	}
	return 0
}

// lost lists the losses of a batch.
func (b *batch) lost() []event.Loss {
	if b.losses == nil {
		return nil
	}
	return b.losses.All()
}

// countedUpTo makes sure that what deriving the records of a segment lost is
// sealed before they need not be derived again.
func (f *flow) countedUpTo(ctx context.Context) error {
	if err := f.own.SealCounted(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}
