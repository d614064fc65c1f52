package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
	"github.com/konseki/konseki/internal/vault"
)

// Expire implements [Keeping].
func (s *Service) Expire(ctx context.Context, by string, dry bool) (*Expiry, error) {
	select {
	case s.keeping <- struct{}{}:
		defer func() { <-s.keeping }()
	default:
		return nil, fmt.Errorf("%w: records are being let go already; ask again when that is done", ErrInvalid)
	}
	if err := s.Flow.Sync(ctx); err != nil { // every hold counts
		return nil, fmt.Errorf("control: expire: %w", err)
	}
	x := &Expiry{At: s.Now().UTC(), By: by, DryRun: dry, Lines: []Expired{}, Held: []HeldBack{}, Open: s.unheld()}
	if !s.anythingEnds() {
		return x, nil
	}
	cited, err := s.citedRecords(ctx)
	if err != nil {
		return nil, err
	}
	seen := s.newSurvey(x.At, cited)
	if _, err := s.Vault.Expire(ctx, vault.ExpireRequest{Until: seen.judge, By: by, DryRun: true}); err != nil {
		return nil, fmt.Errorf("control: expire: %w", err)
	}
	if err := s.sumUp(ctx, x, seen); err != nil || dry || x.Records == 0 {
		return x, err
	}
	begin, err := s.seal(ctx, event.SourceExpiry, expiryOp{At: x.At, By: by, Op: opExpireBegin, Records: x.Records, Lines: x.Lines, Held: x.Held})
	if err != nil {
		return nil, err
	}
	return x, s.expire(ctx, x, cited, begin.Seq)
}

// expire lets go what was announced by the record begun. Each record is judged
// again, so that a hold that came meanwhile counts.
func (s *Service) expire(ctx context.Context, x *Expiry, cited citedRecords, begun uint64) error {
	again := s.newSurvey(x.At, cited)
	gone, failed := s.Vault.Expire(ctx, vault.ExpireRequest{Until: again.judge, By: x.By, Reason: fmt.Sprintf("older than its retention, as record %d tells", begun)})
	x.Records, x.Bytes, x.Segments = int64(gone.Records), gone.Bytes, gone.Segments
	end := expiryOp{At: s.Now().UTC(), By: x.By, Op: opExpire, Begun: begun, Records: x.Records, Bytes: x.Bytes, Segments: x.Segments, Lines: x.Lines, Held: x.Held}
	if failed != nil {
		end.Op, end.Error = opExpireFailed, failed.Error()
		ctx = context.WithoutCancel(ctx) // what was let go must be told
	} else {
		for i := range x.Lines {
			x.Lines[i].Records = int64(gone.Sources[x.Lines[i].Source])
		}
		x.Held = again.heldBack()
		end.Held = x.Held
	}
	if err := s.Flow.Renew(ctx); err != nil { // the run stays open, so that it is ended when konseki starts again
		return errors.Join(failed, fmt.Errorf("control: expire: the index: %w", err))
	}
	rec, err := s.seal(ctx, event.SourceExpiry, end)
	x.Record = rec.Seq
	if failed != nil {
		return errors.Join(fmt.Errorf("control: expire: %w", failed), err)
	}
	return err
}

// EndInterrupted ends the runs that began and never ended, as after a crash:
// the index is made to hold what the vault holds, and a record says that all
// that was announced may be gone. Nothing may be let go meanwhile.
func (s *Service) EndInterrupted(ctx context.Context) error {
	if !s.registry.interrupted() {
		return nil
	}
	if err := s.Flow.Renew(ctx); err != nil {
		return fmt.Errorf("control: renew the index after an expiry that did not end: %w", err)
	}
	r := s.registry
	r.mu.RLock()
	begun := maps.Clone(r.expiries.begun)
	r.mu.RUnlock()
	for _, seq := range slices.Sorted(maps.Keys(begun)) {
		op := expiryOp{At: s.Now().UTC(), By: "konseki", Op: opExpire, Begun: seq, Lines: begun[seq], Held: []HeldBack{}, Error: "interrupted; at most this many records were let go"}
		for _, line := range op.Lines {
			op.Records += line.Records
		}
		if _, err := s.seal(ctx, event.SourceExpiry, op); err != nil {
			return err
		}
	}
	return nil
}

// anythingEnds reports whether any source is kept for less than ever.
func (s *Service) anythingEnds() bool {
	for _, src := range s.registry.sources() {
		if period, _ := s.Keep.Of(src.ID, src.Retention); !period.Endless() {
			return true
		}
	}
	return false
}

// unheld lists the open cases that nothing is held for.
func (s *Service) unheld() []string {
	out, holds := []string{}, s.registry.activeHolds()
	for _, c := range s.registry.desk.Cases() {
		if c.Status == "open" && !slices.ContainsFunc(holds, func(h Hold) bool { return h.Case == c.ID }) {
			out = append(out, c.ID)
		}
	}
	return out
}

// citedRecords are the records that open cases cite, by source and the instant
// they were received, with the case: their sentences would lose their proof.
type citedRecords map[citedAt]string

type citedAt struct {
	source   string
	received int64 // nanoseconds
}

func (s *Service) citedRecords(ctx context.Context) (citedRecords, error) {
	out := citedRecords{}
	for _, c := range s.registry.desk.Cases() {
		if c.Status != "open" {
			continue
		}
		for _, seq := range c.Cited(true) {
			rec, err := s.Vault.Get(ctx, seq)
			switch {
			case errors.Is(err, vault.ErrGone):
			case err != nil:
				return nil, fmt.Errorf("control: record %d, cited by case %s: %w", seq, c.ID, err)
			default:
				out[citedAt{rec.Source, rec.Received.UnixNano()}] = c.ID
			}
		}
	}
	return out, nil
}

// sumUp turns a survey into the lines of a run.
func (s *Service) sumUp(ctx context.Context, x *Expiry, seen *survey) error {
	for _, id := range slices.Sorted(maps.Keys(seen.sources)) {
		t := seen.sources[id]
		if t.records == 0 {
			continue
		}
		src, _ := s.registry.source(id)
		src.ID = id
		line := Expired{Source: id, Until: seen.limit(id), Records: t.records}
		line.Retention, line.Rule = s.Keep.Of(src.ID, src.Retention)
		files := s.registry.isFromFiles(id)
		for i, r := range t.runs {
			w, err := s.windowOf(ctx, id, r)
			if err != nil {
				return err
			}
			if !files { // it arrived as it was written: between two records nothing is left either
				if last := s.registry.expiredUpTo(id); i == 0 && !last.IsZero() && last.Before(w.From) {
					w.From = last
				}
				if i == len(t.runs)-1 && !t.keptSince {
					w.To = latest(w.To, line.Until)
				}
			}
			line.Windows = append(line.Windows, w)
		}
		x.Records += t.records
		x.Lines = append(x.Lines, line)
	}
	x.Held = seen.heldBack()
	return nil
}

// windowOf asks the index for the times of the events of a run.
func (s *Service) windowOf(ctx context.Context, source string, r run) (ExpiredWindow, error) {
	w := ExpiredWindow{ReceivedFirst: r.first.UTC(), ReceivedLast: r.last.UTC(), From: r.first.UTC(), To: r.last.UTC().Add(1)}
	text := "source:" + strconv.Quote(source) + " time_rx:>=" + r.first.UTC().Format(time.RFC3339Nano) + " time_rx:<=" + r.last.UTC().Format(time.RFC3339Nano)
	for _, oldest := range []bool{true, false} {
		ev, err := s.extreme(ctx, text, oldest)
		if err != nil {
			return w, err
		}
		switch {
		case ev == nil:
		case oldest:
			w.From = ev.Time.UTC()
		default:
			w.To = ev.Time.UTC().Add(1)
		}
	}
	return w, nil
}

// extreme is the oldest or newest event that a query finds, or nil.
func (s *Service) extreme(ctx context.Context, text string, oldest bool) (*event.Event, error) {
	plan, err := query.Parse(text, query.Options{Zone: time.UTC, Now: s.Now()})
	if err != nil {
		return nil, fmt.Errorf("control: %s: %w", text, err)
	}
	page, err := s.Index.Search(ctx, index.Request{Plan: plan, Limit: 1, Oldest: oldest})
	if err != nil {
		return nil, fmt.Errorf("control: %s: %w", text, err)
	}
	if len(page.Events) == 0 {
		return nil, nil
	}
	return &page.Events[0], nil
}
