package vault

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"
)

// sealLoop seals at every interval, when a batch is full, and when asked.
func (v *Vault) sealLoop() {
	tick := time.NewTicker(v.opts.BatchEvery)
	defer tick.Stop()
	tidy := time.NewTicker(time.Minute)
	defer tidy.Stop()
	var before uint64 // entries of a checkpoint that is a minute old
	for {
		var asked chan error
		select {
		case <-tidy.C:
			if err := v.log.collect(before); err != nil {
				v.report("tidy", err)
			} else {
				v.recovered("tidy")
			}
			v.mu.Lock()
			before = v.checkpoint.Size
			v.mu.Unlock()
			continue
		case <-tick.C:
		case <-v.early:
		case asked = <-v.seals:
		case <-v.quit:
			return
		}
		err := v.sealAll(context.Background())
		if err != nil {
			v.report("seal", err)
		} else {
			v.recovered("seal")
		}
		if asked != nil {
			asked <- err
		}
		select {
		case v.rolls <- struct{}{}:
		default:
		}
	}
}

// Seal seals every record appended so far and returns when a signed checkpoint
// covers them.
func (v *Vault) Seal(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case v.seals <- done:
	case <-v.quit:
		return fmt.Errorf("vault: seal: %w", ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("vault: seal: %w", context.Cause(ctx))
	}
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("vault: seal: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("vault: seal: %w", context.Cause(ctx))
	}
}

// sealAll puts what is durable now into batches and waits for the checkpoint.
func (v *Vault) sealAll(ctx context.Context) error {
	if err := v.adopt(ctx); err != nil {
		return err
	}
	started := v.opts.Now()
	v.mu.Lock()
	until, sealed := v.size, v.sealed
	v.mu.Unlock()
	if until == sealed {
		return nil
	}
	for {
		more, err := v.sealBatch(ctx, until)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	v.mu.Lock()
	entries := v.entries
	v.mu.Unlock()
	cp, err := v.log.await(ctx, entries)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.checkpoint, v.sealed = cp, v.integrated
	v.tailSince = time.Time{}
	if v.size > v.sealed {
		v.tailSince = started // what is left came after we looked
	}
	return nil
}

// sealBatch seals the next batch of the records up to until. A batch never
// spans two log files, so that each file becomes one segment of whole batches.
func (v *Vault) sealBatch(ctx context.Context, until uint64) (more bool, err error) {
	v.mu.Lock()
	first, index := v.integrated+1, v.entries
	f, file, err := v.openWALLocked(first)
	if f != nil {
		until = min(until, f.End()-1)
	}
	v.mu.Unlock()
	if err != nil || f == nil {
		return false, err
	}
	defer file.Close()
	if until < first {
		return false, nil
	}
	count := min(until-first+1, uint64(v.opts.BatchRecords))
	off, at := f.Offset(first)
	s := ondisk.NewWALScanner(file, f.Cipher, off, f.Size)
	if err := s.SkipTo(at, first); err != nil {
		return false, err
	}
	leaves, err := leavesOf(s, first, count)
	if err != nil {
		return false, err
	}
	b := seal.Batch{First: first, Count: count, Root: seal.NewTree(leaves).Root(), Sealed: v.opts.Now()}
	if err := v.log.add(ctx, index, b.Encode()); err != nil {
		return false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.noteClockLocked(b.Sealed)
	v.integrated, v.entries, v.lastSeal = b.End()-1, index+1, b.Sealed
	return true, nil
}

// clockSlack is by how much a clock may step back unmentioned.
const clockSlack = time.Second

// noteClockLocked says when the clock went back since the batch before: records
// stay in the order in which they came, but their receive times do not.
func (v *Vault) noteClockLocked(now time.Time) {
	back := v.lastSeal.Sub(now)
	if v.lastSeal.IsZero() || back <= clockSlack {
		return
	}
	v.clockBack = max(v.clockBack, back)
	v.opts.Logger.Warn("the clock was set back: receive times are out of order from here on; check the machine's time service",
		"by", back.Round(time.Millisecond), "last_batch", v.lastSeal, "now", now)
}

// openWALLocked opens the log file that holds seq, if one does, and gives a
// copy of its state. v.mu is held, so that the file cannot go in between.
func (v *Vault) openWALLocked(seq uint64) (*ondisk.WALFile, ondisk.File, error) {
	for _, f := range v.files {
		if seq >= f.First && seq < f.End() {
			file, err := v.disk.Open(f.Path)
			if err != nil {
				return nil, nil, err
			}
			return new(*f), file, nil
		}
	}
	return nil, nil, nil
}

// Wait returns once Size is greater than after.
func (v *Vault) Wait(ctx context.Context, after uint64) error {
	for {
		v.mu.Lock()
		size, changed := v.size, v.changed
		v.mu.Unlock()
		if size > after {
			return nil
		}
		select {
		case <-changed:
		case <-v.stop:
			return fmt.Errorf("vault: wait: %w", ErrClosed)
		case <-ctx.Done():
			return fmt.Errorf("vault: wait: %w", context.Cause(ctx))
		}
	}
}
