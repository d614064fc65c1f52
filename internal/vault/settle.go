package vault

import (
	"fmt"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"golang.org/x/mod/sumdb/tlog"
)

// settleRewrites clears up after an interrupted rewrite, which leaves files of
// the same records. Where the old files are all there the new one goes, because
// it can be written again and nobody has looked into it; where some are gone
// already, an old file goes once the new one was found to hold its records.
func (v *Vault) settleRewrites(written, old []ondisk.Segment) error {
	for _, w := range written {
		var parts []ondisk.Segment
		for _, s := range old {
			if s.First >= w.First && s.Last <= w.Last {
				parts = append(parts, s)
			}
		}
		if len(parts) == 0 {
			continue
		}
		if tile(parts, w) && v.readable(parts) {
			v.opts.Logger.Warn("a segment was written again and not taken into use, removing it", "file", w.Name)
			if err := v.disk.Remove(w.Path); err != nil {
				return err
			}
			continue
		}
		for _, s := range parts {
			if err := v.removeReplaced(w, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// tile says whether segments in order account for all that w does.
func tile(parts []ondisk.Segment, w ondisk.Segment) bool {
	next := w.First
	for _, s := range parts {
		if s.First != next {
			return false
		}
		next = s.Last + 1
	}
	return next == w.Last+1
}

func (v *Vault) readable(parts []ondisk.Segment) bool {
	for _, s := range parts {
		r, err := ondisk.OpenSegment(v.disk, s, v.ring)
		if err != nil || r.Close() != nil {
			return false
		}
	}
	return true
}

// removeReplaced removes an old file whose records are in the one written
// again: what was let go of a record leaves its leaf as it was.
func (v *Vault) removeReplaced(w, old ondisk.Segment) error {
	leaves, err := v.leavesIn(old, old)
	if err != nil {
		return fmt.Errorf("%w: segments/%s: %w: segments/%s has its records too: run konseki verify and remove the one that is damaged",
			ondisk.ErrIncomplete, old.Name, err, w.Name)
	}
	again, err := v.leavesIn(w, old)
	if err != nil {
		return fmt.Errorf("%w: segments/%s: %w: run konseki verify, and restore it from a copy", ondisk.ErrIncomplete, w.Name, err)
	}
	for seq, leaf := range leaves {
		if again[seq] != leaf {
			return fmt.Errorf("%w: record %d is one thing in segments/%s and another in segments/%s: run konseki verify and remove the one that is damaged",
				ErrTampered, seq, old.Name, w.Name)
		}
	}
	return v.disk.Remove(old.Path)
}

// leavesIn gives the leaves of the records of within that are in a segment.
func (v *Vault) leavesIn(s, within ondisk.Segment) (map[uint64]tlog.Hash, error) {
	r, err := ondisk.OpenSegment(v.disk, s, v.ring)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // only read from
	leaves := make(map[uint64]tlog.Hash)
	var scratch []byte
	err = r.From(within.First, func(p *ondisk.Payload) error {
		if p.Seq > within.Last {
			return ondisk.ErrEnough
		}
		leaves[p.Seq], scratch = p.Leaf(scratch)
		return nil
	})
	if err == ondisk.ErrEnough { //nolint:errorlint // our own, never wrapped
		err = nil
	}
	return leaves, err
}
