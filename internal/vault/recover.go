package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

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
	rolled := lastOf(v.segments)
	if rolled > v.integrated {
		return fmt.Errorf("%w: segments reach record %d but the log only %d: run konseki verify, and restore the log folder from a copy",
			ErrTampered, rolled, v.integrated)
	}
	if err := v.recoverWAL(rolled); err != nil {
		return err
	}
	if v.size < v.integrated {
		return fmt.Errorf("%w: %d records are sealed but the write-ahead log ends at %d: run konseki verify, and restore from a copy",
			ErrTampered, v.integrated, v.size)
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
		return fmt.Errorf("%w: the log shrank from %d entries to %d", ErrTampered, known, size)
	}
	if size == known {
		return nil
	}
	b, err := readBatch(ctx, v.log.dir, size-1, size)
	if err != nil {
		return fmt.Errorf("%w: %w: run konseki verify, and restore the log folder from a copy", ErrTampered, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.entries, v.integrated, v.lastSeal = size, b.end()-1, b.sealed
	return nil
}

// recoverWAL reads every log file, removes those that a segment already holds,
// cuts the torn end of the last one and opens it for writing again.
func (v *Vault) recoverWAL(rolled uint64) error {
	paths, err := listWAL(v.disk, filepath.Join(v.dir, walDir))
	if err != nil {
		return err
	}
	v.size, v.nextNumber = rolled, 1
	if n := len(paths); n > 0 {
		last, _ := parseWALName(filepath.Base(paths[n-1]))
		v.nextNumber = last + 1
	}
	paths, err = v.dropUnstarted(paths)
	if err != nil {
		return err
	}
	limit := uint64(math.MaxUint64)
	torn := make([]int64, len(paths))
	files := make([]*walFile, len(paths))
	for i := len(paths) - 1; i >= 0; i-- { // backwards: a file ends where the next begins
		if files[i], torn[i], err = readWALFile(v.disk, paths[i], limit, walKeys(v.ring)); err != nil {
			if errors.Is(err, keyring.ErrNoKey) || errors.Is(err, keyring.ErrDestroyed) {
				return fmt.Errorf("%w: wal/%w: restore the keyring from its recovery file", ErrIncomplete, err)
			}
			return fmt.Errorf("%w: %w: restore wal/ from a copy", ErrTampered, err)
		}
		limit = files[i].first
	}
	for i, f := range files {
		f.closed = i < len(files)-1
		if err := v.take(f, rolled, torn[i]); err != nil {
			return err
		}
	}
	if n := len(v.files); n > 0 && !v.files[n-1].closed {
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
	_, size, err := readWALFile(v.disk, last, math.MaxUint64, walKeys(v.ring))
	if !errors.Is(err, errTorn) || size > int64(walHead) {
		return paths, nil
	}
	v.opts.Logger.Warn("write-ahead log file was never started, removing it", "file", filepath.Base(last), "bytes", size)
	return paths[:n-1], v.disk.remove(last)
}

// take counts a recovered file in, or removes it when a segment holds it all.
func (v *Vault) take(f *walFile, rolled uint64, torn int64) error {
	if f.count > 0 && f.end()-1 <= rolled {
		v.opts.Logger.Info("write-ahead log file is in a segment already, removing it", "file", filepath.Base(f.path))
		return v.disk.remove(f.path)
	}
	if f.first != v.size+1 {
		return fmt.Errorf("%w: records %d to %d are missing before %s: run konseki verify, and restore from a copy",
			ErrTampered, v.size+1, f.first-1, filepath.Base(f.path))
	}
	if torn > 0 && !f.closed && f.end()-1 < v.integrated { // what stands after a closed file's records was never acknowledged
		return fmt.Errorf("%w: %s is damaged at record %d, which is sealed: run konseki verify, and restore from a copy",
			ErrTampered, filepath.Base(f.path), f.end())
	}
	v.size = f.end() - 1
	v.files = append(v.files, f)
	return nil
}

// reopen makes the last file writable again, without its torn end.
func (v *Vault) reopen(f *walFile, torn int64) error {
	s, err := v.disk.edit(f.path)
	if err != nil {
		return err
	}
	v.active = &walWriter{sink: s, file: f}
	if torn > 0 {
		v.opts.Logger.Warn("cut the torn end of the write-ahead log", "file", filepath.Base(f.path),
			"bytes", torn, "last_record", f.end()-1)
		return errors.Join(s.Truncate(f.size), s.Sync())
	}
	return nil
}

// listWAL gives the log files in order.
func listWAL(d disk, dir string) ([]string, error) {
	entries, err := d.readDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if _, ok := parseWALName(e.Name()); ok && e.Type() == fs.FileMode(0) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.SortFunc(paths, func(a, b string) int {
		na, _ := parseWALName(filepath.Base(a))
		nb, _ := parseWALName(filepath.Base(b))
		return int(int64(na) - int64(nb))
	})
	return paths, nil
}
