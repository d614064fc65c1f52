package duckdb

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/konseki/konseki/internal/index"
)

// ErrUncovered means that no derived file is of the segment.
var ErrUncovered = errors.New("the index has no derived file of this segment; cover it first")

// acquire gives the state for a query and keeps its files on the disk until
// release.
func (x *Index) acquire() *state {
	x.pin.Lock()
	defer x.pin.Unlock()
	s := x.state.Load()
	for _, f := range s.files {
		f.uses++
	}
	return s
}

func (x *Index) release(s *state) {
	x.pin.Lock()
	defer x.pin.Unlock()
	for _, f := range s.files {
		if f.uses--; f.uses == 0 && f.dropped != nil {
			x.bury(f)
		}
	}
}

// bury removes a dropped file that no query reads any more.
func (x *Index) bury(f *file) {
	if err := os.Remove(f.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		x.log.Warn("index: removing a dropped file; it is tried again on opening", "file", f.path, "error", err)
	}
	close(f.dropped)
}

// ErrRewritten means that derived files of other segments hold records of this
// one: it was written again, and Replace takes it.
var ErrRewritten = errors.New("the index has a derived file of this segment as it was before; replace it")

// Segments lists the segments that derived files are of, by their first record,
// without their paths.
func (x *Index) Segments() []index.Segment {
	var segs []index.Segment
	for _, f := range x.state.Load().files {
		segs = append(segs, segmentOf(&f.Sidecar))
	}
	slices.SortFunc(segs, func(a, b index.Segment) int { return compareFirst(a, b.First) })
	return segs
}

func overlap(f *file, seg index.Segment) bool { return f.first <= seg.Last && seg.First <= f.last }

// rewritten lists the derived files that hold records of a segment.
func (s *state) rewritten(seg index.Segment) (files []*file) {
	for _, f := range s.files {
		if overlap(f, seg) {
			files = append(files, f)
		}
	}
	return files
}

// Replace takes a segment that the vault has written again, after expiry or
// compaction, from all its rows: in one step its derived file takes the place of
// what the index had of its records. Rows may be reused after each step. It does
// nothing when the derived file is there already.
func (x *Index) Replace(ctx context.Context, seg index.Segment, rows iter.Seq2[index.Row, error]) error {
	x.cover.Lock()
	defer x.cover.Unlock()
	if x.Has(seg) {
		return nil
	}
	var hot []*derived.Batch
	var tail *derived.Batch
	for r, err := range rows {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return fmt.Errorf("index: replace %s: %w", seg.Name, err)
		}
		if tail == nil || tail.Full() {
			hot, tail = grow(hot)
		}
		tail.Add(r.Event, r.Raw)
	}
	f, err := x.derive(seg, hot, derived.Arrange(hot, seg.First, seg.Last))
	if err != nil {
		return fmt.Errorf("index: replace %s: %w", seg.Name, err)
	}
	x.write.Lock()
	s := x.state.Load()
	old := s.rewritten(seg)
	next := &state{files: slices.DeleteFunc(slices.Clone(s.files), func(f *file) bool { return overlap(f, seg) })}
	next.files = append(next.files, f)
	next.hot, _ = without(s.hot, seg.First, seg.Last)
	for _, o := range old {
		x.raw.forget([]string{o.Segment})
	}
	x.raw.note(seg)
	x.state.Store(next)
	x.write.Unlock()
	return x.erase(ctx, old)
}

// Drop forgets segments that the vault no longer has, because they expired or
// were rewritten under another name: their events, in files or still hot, are in
// no answer that begins later, also after a crash. It returns when the derived
// files are gone from the disk, which waits for the queries that read them; when
// the context ends before, the last of these removes them. A name that the index
// does not know is no error.
func (x *Index) Drop(ctx context.Context, names ...string) error {
	x.cover.Lock() // no file of a dropped segment is being written
	defer x.cover.Unlock()
	return x.erase(ctx, x.forget(names))
}

// erase removes files that are in no state any more from the disk.
func (x *Index) erase(ctx context.Context, files []*file) error {
	x.cache.empty()
	if len(files) == 0 {
		return nil
	}
	// A derived file without its sidecar is removed on opening, so that this is
	// what makes the drop durable.
	var errs []error
	for _, f := range files {
		if err := os.Remove(f.path + skipSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, durable.SyncDir(x.dir))...); err != nil {
		return fmt.Errorf("index: drop: %w", err)
	}
	for _, f := range files {
		select {
		case <-x.doom(f):
		case <-ctx.Done():
			errs = append(errs, fmt.Errorf("index: drop %s: %w", f.Segment, ctx.Err()))
		}
	}
	return errors.Join(errs...)
}

// forget takes the segments out of the state and gives their files.
func (x *Index) forget(names []string) (files []*file) {
	x.write.Lock()
	defer x.write.Unlock()
	s := x.state.Load()
	next := &state{hot: s.hot}
	ranges := x.raw.forget(names)
	for _, f := range s.files {
		if slices.Contains(names, f.Segment) {
			files = append(files, f)
			ranges = append(ranges, segmentOf(&f.Sidecar))
		} else {
			next.files = append(next.files, f)
		}
	}
	for _, r := range ranges {
		next.hot, _ = without(next.hot, r.First, r.Last)
	}
	x.state.Store(next)
	return files
}

// doom has a file that is in no state any more removed by the last query that
// reads it, and tells when that is done.
func (x *Index) doom(f *file) <-chan struct{} {
	x.pin.Lock()
	defer x.pin.Unlock()
	f.dropped = make(chan struct{})
	if f.uses == 0 {
		x.bury(f)
	}
	return f.dropped
}

// Digest is the SHA-256 over the derived file of a segment and its sidecar, one
// after the other, as they are on the disk. The same segment derived by the same
// version has the same digest.
func (x *Index) Digest(segment string) (digest [sha256.Size]byte, err error) {
	s := x.acquire()
	defer x.release(s)
	i := slices.IndexFunc(s.files, func(f *file) bool { return f.Segment == segment })
	if i < 0 {
		return digest, fmt.Errorf("index: digest %s: %w", segment, ErrUncovered)
	}
	sum := sha256.New()
	for _, path := range []string{s.files[i].path, s.files[i].path + skipSuffix} {
		if err := copyFile(sum, path); err != nil {
			return digest, fmt.Errorf("index: digest %s: %w", segment, err)
		}
	}
	return [sha256.Size]byte(sum.Sum(nil)), nil
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// forget drops segments by name and gives them.
func (k *segments) forget(names []string) (gone []index.Segment) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = slices.DeleteFunc(k.list, func(s index.Segment) bool {
		if slices.Contains(names, s.Name) {
			gone = append(gone, s)
			return true
		}
		return false
	})
	return gone
}
