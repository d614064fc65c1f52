package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
)

// lossRecord is the own record of what was lost.
type lossRecord struct {
	At time.Time `json:"at"`
	By string    `json:"by"`
	Op string    `json:"op"` // "loss"
	// First and Last say that Losses are all that was counted in deriving the
	// records First to Last, which happens again after a restart; zero for what
	// doors counted.
	First  uint64          `json:"first,omitzero"`
	Last   uint64          `json:"last,omitzero"`
	Losses []coverage.Loss `json:"losses"`
}

// Rows that counts keep apart: those not sealed yet, and all that were ever.
const (
	maxUnsealed = 1024
	maxSealed   = 20_000
)

// lossKeeper counts losses until they are sealed.
type lossKeeper struct {
	mu      sync.Mutex
	doors   *coverage.Losses // counted at doors
	derived *coverage.Losses // counted in deriving the records sealed+1 to last
	last    uint64
	outside uint64          // the last record among those that is not konseki's own
	sealed  uint64          // what deriving counts is sealed up to here
	flight  []coverage.Loss // on their way into the vault
	changes uint64

	sealing sync.Mutex // one seals at a time, so that views see loss records in order
}

func newLossKeeper() *lossKeeper {
	return &lossKeeper{doors: coverage.NewLosses(maxUnsealed), derived: coverage.NewLosses(maxUnsealed)}
}

// Lost counts what a door lost; without a From it happened now. It never
// blocks on the vault and cannot fail: what is counted is sealed by
// [Service.SealLosses].
func (s *Service) Lost(l event.Loss) {
	if l.From.IsZero() {
		l.From = s.Now()
	}
	l.Source, l.Host, l.Path = text(l.Source, maxID), text(l.Host, 255), text(l.Path, 1024)
	k := s.losses
	k.mu.Lock()
	defer k.mu.Unlock()
	k.doors.Add(l)
	k.changes++
}

// text makes a name that can be written as JSON.
func text(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "\uFFFD") }

// Derived counts what deriving the records up to last found, all of them since
// the last call; outside is the last record that is not konseki's own, 0 for none.
func (s *Service) Derived(last, outside uint64, found []event.Loss) {
	k := s.losses
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range found {
		l.Source, l.Host = text(l.Source, maxID), text(l.Host, 255)
		k.derived.Add(l)
		k.changes++
	}
	k.last, k.outside = max(k.last, last), max(k.outside, outside)
}

// Counted is the last record of which sealed counts say what deriving it lost.
func (s *Service) Counted() uint64 {
	s.registry.mu.RLock()
	defer s.registry.mu.RUnlock()
	return s.registry.counted
}

// SealCounted seals what deriving counted, also if that is nothing, where
// records from outside have been derived since the last time. Derived files
// must not be durable before this is: they are why records are not derived again.
func (s *Service) SealCounted(ctx context.Context) error { return s.sealLosses(ctx, true) }

// SealLosses seals what was counted since the last time, if anything was. What
// could not be sealed stays counted.
func (s *Service) SealLosses(ctx context.Context) error { return s.sealLosses(ctx, false) }

func (s *Service) sealLosses(ctx context.Context, mark bool) error {
	k := s.losses
	k.sealing.Lock()
	defer k.sealing.Unlock()
	doors, derived := k.take(s.Counted(), mark)
	var recs []event.Record
	for _, r := range []*lossRecord{doors, derived} {
		if r == nil {
			continue
		}
		r.At, r.By, r.Op = s.Now(), "konseki", "loss"
		rec, err := OwnRecord(event.SourceLoss, r)
		if err != nil {
			k.putBack(doors, derived)
			return err
		}
		recs = append(recs, rec)
	}
	if len(recs) == 0 {
		return nil
	}
	if err := s.Vault.Append(ctx, recs); err != nil {
		k.putBack(doors, derived)
		return fmt.Errorf("control: seal losses: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight = nil
	var errs []error
	for _, rec := range recs { // known at once
		errs = append(errs, s.registry.apply(rec))
	}
	return errors.Join(errs...)
}

// take empties the counts into records; nil where there is nothing to say.
func (k *lossKeeper) take(counted uint64, mark bool) (doors, derived *lossRecord) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sealed = max(k.sealed, counted)
	if k.doors.Len() > 0 {
		doors = &lossRecord{Losses: k.doors.All()}
		k.doors.Clear()
	}
	if k.derived.Len() > 0 || mark && k.outside > k.sealed {
		derived = &lossRecord{First: k.sealed + 1, Last: k.last, Losses: k.derived.All()}
		k.derived.Clear()
		k.sealed = k.last
	}
	for _, r := range []*lossRecord{doors, derived} {
		if r != nil {
			k.flight = append(k.flight, r.Losses...)
		}
	}
	return doors, derived
}

// putBack counts again what could not be sealed.
func (k *lossKeeper) putBack(doors, derived *lossRecord) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight = nil
	if doors != nil {
		for _, l := range doors.Losses {
			k.doors.Add(l)
		}
	}
	if derived != nil {
		for _, l := range derived.Losses {
			k.derived.Add(l)
		}
		k.sealed = derived.First - 1
	}
}

func (k *lossKeeper) version() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.changes
}

// applyLoss folds a record of losses in, each once: by its Seq, because the
// tail is read twice when a vault is opened, and by the records it speaks of.
func (r *registry) applyLoss(rec event.Record) error {
	var l lossRecord
	if err := jsonx.Unmarshal(rec.Raw, &l, jsonx.DefaultLimits()); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if rec.Seq <= r.lossSeq {
		return nil
	}
	r.lossSeq = rec.Seq
	if l.First > 0 {
		if l.First <= r.counted || l.Last < l.First {
			return fmt.Errorf("records %d to %d were counted before", l.First, l.Last)
		}
		r.counted = l.Last
	}
	for _, x := range l.Losses {
		r.lost.Add(x)
		r.shut.Refuse(rec.Seq, x)
	}
	return nil
}

// FoldLoss folds in an event of a record of losses that a derived file holds.
// Each comes once, in any order, before the records of the tail are applied.
func (s *Service) FoldLoss(ev *event.Event) {
	r := s.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lossSeq = max(r.lossSeq, ev.Record)
	if last, ok := ev.Get("last"); ok {
		if n, err := strconv.ParseUint(last, 10, 64); err == nil {
			r.counted = max(r.counted, n)
		}
	}
	if l, ok := event.LossOf(ev); ok {
		r.lost.Add(l)
		r.shut.Refuse(ev.Record, l)
	}
}

// shutFiles lists the files that imports could not take whole and have not
// taken whole since.
func (r *registry) shutFiles() []coverage.Loss {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.shut.All()
}

// AllLosses lists everything counted, sealed or not.
func (s *Service) AllLosses() []coverage.Loss {
	k := s.losses
	k.mu.Lock() // nothing moves from the one to the other meanwhile
	defer k.mu.Unlock()
	s.registry.mu.RLock()
	sealed := s.registry.lost.All()
	s.registry.mu.RUnlock()
	return slices.Concat(sealed, k.flight, k.doors.All(), k.derived.All())
}

// Losses implements [Operations].
func (s *Service) Losses(ctx context.Context, by, source string, from, to time.Time) ([]Loss, error) {
	l, err := s.coverageLedger(ctx)
	if err != nil {
		return nil, err
	}
	if to.IsZero() {
		to = s.Now().Add(time.Minute)
	}
	return l.Lost(source, from, to), s.record(ctx, access{By: by, Op: "coverage", From: from, To: to})
}

// lostFiles counts what an import did not take: files known already, with the
// records they would have added, and files that could not be read.
func (s *Service) lostFiles(files []collect.File, p placer) {
	brought := map[string]int64{} // by SHA-256, in this import
	for _, f := range files {
		if !f.Duplicate && f.SHA256 != "" {
			brought[f.SHA256] = max(brought[f.SHA256], f.Records)
		}
	}
	for _, f := range files {
		switch {
		case f.Duplicate:
			n, here := brought[f.SHA256]
			if !here {
				n = s.registry.recordsOf(f.SHA256)
			}
			s.Lost(event.Loss{Source: f.Source, Path: f.Path, Door: "file", Kind: event.LossDuplicate, Reason: event.WhySameFile, Records: n, Bytes: f.Bytes})
		case f.Error != "" && f.Why != event.WhyStopped: // what was stopped goes on when it is imported again
			source := f.Source
			if source == "" {
				source = p.sourceOf(f.Path, s.known)
			}
			s.Lost(event.Loss{Source: source, Path: f.Path, Door: "file", Kind: event.LossRejected, Reason: f.Why, Records: 1, Bytes: f.Bytes})
		}
	}
}

// known reports whether a source is registered or was seen.
func (s *Service) known(id string) bool {
	_, ok := s.registry.source(id)
	return ok
}

// recordsOf is how many records an import of the content brought.
func (r *registry) recordsOf(sha256 string) int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.imported[sha256].Records
}

// filesAbout reports whether files of a source were imported, and whether one
// that speaks about the window has records that no format could read.
func (r *registry) filesAbout(source string, from, to time.Time) (files, unread bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	files = r.fromFiles[source]
	for _, f := range r.imported {
		about := f.First == nil || f.First.AddDate(0, 0, -1).Before(to) && f.Last.AddDate(0, 0, 1).After(from) // whatever its zone
		unread = unread || f.Source == source && f.Unparsed > 0 && about
	}
	return files, unread
}
