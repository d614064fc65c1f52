package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Size returns the sequence of the last durable record, 0 when there is none.
func (v *Vault) Size() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.size
}

// Segments returns the closed segments in order. The slice is the caller's to
// read; it costs nothing to ask often.
func (v *Vault) Segments() []Segment {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.segments[:len(v.segments):len(v.segments)]
}

// Records gives the records from sequence from on (0 and 1 mean all), in
// order, up to what Size was at the call. It reads in pieces; Raw of a record
// given is the caller's to keep. After an error it ends.
func (v *Vault) Records(ctx context.Context, from uint64) iter.Seq2[event.Record, error] {
	last := v.Size()
	return func(yield func(event.Record, error) bool) {
		next, going := max(from, 1), true
		for going && next <= last {
			took, err := v.readFrom(ctx, next, last, func(r event.Record) bool {
				going = yield(r, nil)
				return going
			})
			if err != nil {
				yield(event.Record{}, fmt.Errorf("vault: records: from %d: %w", next+took, err))
				return
			}
			next += took
		}
	}
}

// readFrom gives the records from seq to the end of the file that holds it,
// last at most, and says how many it gave.
func (v *Vault) readFrom(ctx context.Context, seq, last uint64, yield func(event.Record) bool) (took uint64, err error) {
	count := func(r event.Record) bool {
		if r.Seq != seq+took {
			err = fmt.Errorf("record %d stands where %d belongs: %w", r.Seq, seq+took, ErrTampered)
			return false
		}
		if took%1024 == 0 && ctx.Err() != nil {
			err = context.Cause(ctx)
			return false
		}
		took++
		return yield(r) && r.Seq < last
	}
	v.mu.Lock()
	seg, inSegment := v.segmentOfLocked(seq)
	var f *walFile
	var file *os.File
	if !inSegment {
		f, file, err = v.openWALLocked(seq)
	}
	v.mu.Unlock()
	switch {
	case err != nil:
		return 0, err
	case inSegment:
		r, e := openSegment(seg.Path)
		if e != nil {
			return 0, fmt.Errorf("%s: %w", seg.Name, e)
		}
		defer func() { _ = r.close() }()
		if e := r.from(int64(seq-seg.First), count); e != nil {
			return took, fmt.Errorf("%s: %w", seg.Name, e)
		}
	case f != nil:
		defer file.Close()
		if e := readWAL(file, f, seq, count); e != nil {
			return took, e
		}
	default:
		return 0, ErrNotFound
	}
	if err == nil && took == 0 {
		err = fmt.Errorf("record %d is not where it belongs: %w", seq, ErrTampered)
	}
	return took, err
}

// from gives the records from row on.
func (s *segmentReader) from(row int64, yield func(event.Record) bool) error {
	going := true
	for g := range s.groups {
		if !going || s.starts[g+1] <= row {
			continue
		}
		err := s.group(g, max(0, row-s.starts[g]), func(r event.Record, _ int32) bool {
			going = yield(r)
			return going
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readWAL gives the records of one log file from seq on.
func readWAL(file io.ReaderAt, f *walFile, seq uint64, yield func(event.Record) bool) error {
	off, at := f.offset(seq)
	s := newWALScanner(file, off, f.size)
	if err := s.skipTo(at, seq); err != nil {
		return err
	}
	names := make(intern)
	for {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !yield(recordOf(p, names)) {
			return nil
		}
	}
}

func recordOf(p payload, names intern) event.Record {
	return event.Record{
		Seq: p.seq, Received: time.Unix(0, p.received).UTC(),
		Source: names.of(p.source), Transport: names.of(p.transport), Raw: p.raw,
	}
}

func (v *Vault) segmentOfLocked(seq uint64) (Segment, bool) {
	i := sort.Search(len(v.segments), func(i int) bool { return v.segments[i].Last >= seq })
	if i == len(v.segments) || v.segments[i].First > seq {
		return Segment{}, false
	}
	return v.segments[i], true
}

// Get returns one record, or ErrNotFound. Raw is the caller's to keep.
func (v *Vault) Get(ctx context.Context, seq uint64) (event.Record, error) {
	if err := ctx.Err(); err != nil {
		return event.Record{}, fmt.Errorf("vault: get %d: %w", seq, context.Cause(ctx))
	}
	rec, err := v.get(ctx, seq)
	if err != nil {
		return event.Record{}, fmt.Errorf("vault: get %d: %w", seq, err)
	}
	rec.Raw = slices.Clone(rec.Raw) // do not hold a whole page for one record
	return rec, nil
}

func (v *Vault) get(ctx context.Context, seq uint64) (rec event.Record, err error) {
	v.mu.Lock()
	size := v.size
	seg, inSegment := v.segmentOfLocked(seq)
	v.mu.Unlock()
	if seq == 0 || seq > size {
		return rec, ErrNotFound
	}
	take := func(r event.Record) bool {
		rec = r
		return false
	}
	if !inSegment {
		_, err = v.readFrom(ctx, seq, seq, take)
		return rec, err
	}
	err = v.opened.use(seg.Path, func(r *segmentReader) error { return r.from(int64(seq-seg.First), take) })
	if err == nil && rec.Seq != seq {
		err = fmt.Errorf("%s: record %d stands where %d belongs: %w", seg.Name, rec.Seq, seq, ErrTampered)
	}
	return rec, err
}

// segmentCache keeps the segments used last open, with their footers read.
type segmentCache struct {
	mu    sync.Mutex
	files []openedSegment // used last at the end
}

type openedSegment struct {
	path   string
	reader *segmentReader
}

const openSegments = 8

// use calls fn with the segment at path. Calls take turns.
func (c *segmentCache) use(path string, fn func(*segmentReader) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.files, func(o openedSegment) bool { return o.path == path })
	if i < 0 {
		r, err := openSegment(path)
		if err != nil {
			return err
		}
		if len(c.files) == openSegments {
			_ = c.files[0].reader.close() // only read from
			c.files = slices.Delete(c.files, 0, 1)
		}
		c.files = append(c.files, openedSegment{path, r})
	} else if last := len(c.files) - 1; i < last {
		o := c.files[i]
		c.files = append(slices.Delete(c.files, i, i+1), o)
	}
	return fn(c.files[len(c.files)-1].reader)
}

func (c *segmentCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.files {
		_ = o.reader.close() // only read from
	}
	c.files = nil
}
