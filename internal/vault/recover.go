package vault

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/vault/keyring"
)

// recover reads the state of the vault from its files: what the log seals,
// which segments there are, and what the write-ahead log holds after them.
func (v *Vault) recover(ctx context.Context) error {
	if err := v.adopt(ctx); err != nil {
		return err
	}
	cp, err := v.log.await(ctx, v.entries)
	if err != nil {
		return err
	}
	v.checkpoint, v.sealed = cp, v.integrated
	if v.segments, err = v.loadSegments(); err != nil {
		return err
	}
	rolled := ondisk.LastOf(v.segments)
	if rolled > v.integrated {
		return fmt.Errorf("%w: segments reach record %d but the log only %d: run konseki verify, and restore the log folder from a copy",
			seal.ErrTampered, rolled, v.integrated)
	}
	if err := v.recoverWAL(rolled); err != nil {
		return err
	}
	if v.size < v.integrated {
		return fmt.Errorf("%w: %d records are sealed but the write-ahead log ends at %d: run konseki verify, and restore from a copy",
			seal.ErrTampered, v.integrated, v.size)
	}
	if v.size > v.sealed {
		v.tailSince = v.opts.Now()
	}
	return nil
}

// adopt takes over what the log holds beyond what we knew: on opening, and
// after an attempt to seal that failed halfway.
func (v *Vault) adopt(ctx context.Context) error {
	size, err := v.log.reader.IntegratedSize(ctx)
	if err != nil {
		return err
	}
	v.mu.Lock()
	known := v.entries
	v.mu.Unlock()
	if size < known {
		return fmt.Errorf("%w: the log shrank from %d entries to %d", seal.ErrTampered, known, size)
	}
	if size == known {
		return nil
	}
	b, err := ondisk.ReadBatch(ctx, v.log.dir, size-1, size)
	if err != nil {
		return fmt.Errorf("%w: %w: run konseki verify, and restore the log folder from a copy", seal.ErrTampered, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.entries, v.integrated, v.lastSeal = size, b.End()-1, b.Sealed
	return nil
}

// recoverWAL reads every log file, removes those that a segment already holds,
// cuts the torn end of the last one and opens it for writing again.
func (v *Vault) recoverWAL(rolled uint64) error {
	paths, err := ondisk.ListWAL(v.disk, filepath.Join(v.dir, ondisk.WALDir))
	if err != nil {
		return err
	}
	v.size, v.nextNumber = rolled, 1
	if n := len(paths); n > 0 {
		last, _ := ondisk.ParseWALName(filepath.Base(paths[n-1]))
		v.nextNumber = last + 1
	}
	paths, err = v.dropUnstarted(paths)
	if err != nil {
		return err
	}
	limit := uint64(math.MaxUint64)
	torn := make([]int64, len(paths))
	files := make([]*ondisk.WALFile, len(paths))
	for i := len(paths) - 1; i >= 0; i-- { // backwards: a file ends where the next begins
		if files[i], torn[i], err = ondisk.ReadWALFile(v.disk, paths[i], limit, ondisk.WALKeys(v.ring)); err != nil {
			if errors.Is(err, keyring.ErrNoKey) || errors.Is(err, keyring.ErrDestroyed) {
				return fmt.Errorf("%w: wal/%w: restore the keyring from its recovery file", ondisk.ErrIncomplete, err)
			}
			return fmt.Errorf("%w: %w: restore wal/ from a copy", seal.ErrTampered, err)
		}
		limit = files[i].First
	}
	for i, f := range files {
		f.Closed = i < len(files)-1
		if err := v.take(f, rolled, torn[i]); err != nil {
			return err
		}
	}
	if n := len(v.files); n > 0 && !v.files[n-1].Closed {
		return v.reopen(v.files[n-1], torn[len(torn)-1])
	}
	return nil
}

// dropUnstarted removes a last file whose header never became durable: no
// record in it was ever acknowledged.
func (v *Vault) dropUnstarted(paths []string) ([]string, error) {
	n := len(paths)
	if n == 0 {
		return paths, nil
	}
	last := paths[n-1]
	_, size, err := ondisk.ReadWALFile(v.disk, last, math.MaxUint64, ondisk.WALKeys(v.ring))
	if !errors.Is(err, ondisk.ErrTorn) || size > int64(ondisk.WALHead) {
		return paths, nil
	}
	v.opts.Logger.Warn("write-ahead log file was never started, removing it", "file", filepath.Base(last), "bytes", size)
	return paths[:n-1], v.disk.Remove(last)
}

// take counts a recovered file in, or removes it when a segment holds it all.
func (v *Vault) take(f *ondisk.WALFile, rolled uint64, torn int64) error {
	if f.Count > 0 && f.End()-1 <= rolled {
		v.opts.Logger.Info("write-ahead log file is in a segment already, removing it", "file", filepath.Base(f.Path))
		return v.disk.Remove(f.Path)
	}
	if f.First != v.size+1 {
		return fmt.Errorf("%w: records %d to %d are missing before %s: run konseki verify, and restore from a copy",
			seal.ErrTampered, v.size+1, f.First-1, filepath.Base(f.Path))
	}
	if torn > 0 && !f.Closed && f.End()-1 < v.integrated { // what stands after a closed file's records was never acknowledged
		return fmt.Errorf("%w: %s is damaged at record %d, which is sealed: run konseki verify, and restore from a copy",
			seal.ErrTampered, filepath.Base(f.Path), f.End())
	}
	v.size = f.End() - 1
	v.files = append(v.files, f)
	return nil
}

// reopen makes the last file writable again, without its torn end.
func (v *Vault) reopen(f *ondisk.WALFile, torn int64) error {
	s, err := v.disk.Edit(f.Path)
	if err != nil {
		return err
	}
	v.active = &walWriter{sink: s, file: f}
	if torn > 0 {
		v.opts.Logger.Warn("cut the torn end of the write-ahead log", "file", filepath.Base(f.Path),
			"bytes", torn, "last_record", f.End()-1)
		return errors.Join(s.Truncate(f.Size), s.Sync())
	}
	return nil
}

// loadSegments lists the segments for use: no gap, no overlap, every footer
// readable. What an interrupted roll or rewrite left is removed.
func (v *Vault) loadSegments() ([]ondisk.Segment, error) {
	dir := filepath.Join(v.dir, ondisk.SegmentDir)
	segments, replaced, others, err := ondisk.ListSegments(v.disk, dir)
	if err != nil {
		return nil, err
	}
	for _, name := range others {
		if strings.HasSuffix(name, ondisk.PartSuffix) {
			if err := v.disk.Remove(filepath.Join(dir, name)); err != nil {
				return nil, err
			}
		}
	}
	if len(replaced) > 0 {
		if err := v.settleRewrites(segments, replaced); err != nil {
			return nil, err
		}
		if segments, _, _, err = ondisk.ListSegments(v.disk, dir); err != nil {
			return nil, err
		}
	}
	next := uint64(1)
	for i := range segments {
		s := &segments[i]
		if s.First != next {
			return nil, fmt.Errorf("%w: segments/%s should begin with record %d: run konseki verify, and restore the segment before it from a copy",
				ondisk.ErrIncomplete, s.Name, next)
		}
		next = s.Last + 1
		r, err := ondisk.OpenSegment(v.disk, *s, v.ring)
		if errors.Is(err, keyring.ErrDestroyed) {
			s.Dropped, s.Shredded = []ondisk.Span{{First: s.First, Last: s.Last}}, true
			continue // as shredded: nothing in it can be read
		}
		if err != nil {
			return nil, fmt.Errorf("%w: segments/%s: %w: run konseki verify, and restore it from a copy", ondisk.ErrIncomplete, s.Name, err)
		}
		s.RawBytes, s.Dropped, s.LastReceived, s.Sources = r.RawBytes, r.Dropped, r.Received, r.Sources
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return segments, nil
}
