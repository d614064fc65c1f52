package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
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
// order, up to what Size was at the call; those let go without a trace are not
// given. It reads in pieces; Raw of a record given is the caller's to keep.
// After an error it ends.
func (v *Vault) Records(ctx context.Context, from uint64) iter.Seq2[event.Record, error] {
	last := v.Size()
	return func(yield func(event.Record, error) bool) {
		next, going := max(from, 1), true
		names := make(intern)
		for going && next <= last {
			reached, err := v.readFrom(ctx, next, last, func(p *payload) error {
				rec, err := v.recordOf(p, names)
				if err == nil {
					going = yield(rec, nil)
				}
				if err == nil && !going {
					err = errEnough
				}
				return err
			})
			if err != nil && !errors.Is(err, errEnough) {
				yield(event.Record{}, fmt.Errorf("vault: records: from %d: %w", reached, err))
				return
			}
			next = reached
		}
	}
}

// errEnough ends reading without an error.
var errEnough = errors.New("enough")

// readFrom gives the records from seq to the end of the file that holds it,
// last at most, and says which record comes next.
func (v *Vault) readFrom(ctx context.Context, seq, last uint64, yield func(*payload) error) (next uint64, err error) {
	next, err = v.readFile(ctx, seq, last, yield)
	if isGone(err) && next == seq { // written again as another file meanwhile
		next, err = v.readFile(ctx, seq, last, yield)
	}
	return next, err
}

func (v *Vault) readFile(ctx context.Context, seq, last uint64, yield func(*payload) error) (next uint64, err error) {
	v.mu.Lock()
	seg, inSegment := v.segmentOfLocked(seq)
	var f *walFile
	var file file
	if !inSegment {
		f, file, err = v.openWALLocked(seq)
	}
	v.mu.Unlock()
	if err != nil {
		return seq, err
	}
	next = seq
	take := func(p *payload) error {
		if inSegment {
			next += before(seg.dropped, max(next, p.seq)) - before(seg.dropped, next)
		}
		if p.seq != next {
			return fmt.Errorf("record %d stands where %d belongs: %w", p.seq, next, ErrTampered)
		}
		if next%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if p.seq > last {
			return errEnough
		}
		next++
		return yield(p)
	}
	end := last
	switch {
	case inSegment:
		end = min(end, seg.Last)
		err = v.readSegment(seg, seq, take)
	case f != nil:
		defer file.Close()
		end = min(end, f.end()-1)
		err = readWAL(file, f, seq, take)
	default:
		return seq, ErrNotFound
	}
	if err != nil {
		return next, err
	}
	if next <= end && (!inSegment || before(seg.dropped, end+1)-before(seg.dropped, next) != end+1-next) {
		return next, fmt.Errorf("record %d is not where it belongs: %w", next, ErrTampered)
	}
	return end + 1, nil
}

func (v *Vault) readSegment(seg Segment, seq uint64, yield func(*payload) error) error {
	if seg.Records() == 0 {
		return nil
	}
	r, err := openSegment(v.disk, seg, v.ring)
	if err != nil {
		return fmt.Errorf("%s: %w", seg.Name, err)
	}
	defer func() { _ = r.close() }()
	if err := r.from(seq, yield); err != nil {
		return fmt.Errorf("%s: %w", seg.Name, err)
	}
	return nil
}

// from gives the records from sequence seq on.
func (s *segmentReader) from(seq uint64, yield func(*payload) error) error {
	row := int64(seq - s.first - before(s.dropped, seq))
	var failed error
	for g := range s.groups {
		if s.starts[g+1] <= row {
			continue
		}
		err := s.group(g, max(0, row-s.starts[g]), func(p *payload, _ int32) bool {
			failed = yield(p)
			return failed == nil
		})
		if failed != nil || err != nil {
			return cmp.Or(failed, err)
		}
	}
	return nil
}

// readWAL gives the records of one log file from seq on.
func readWAL(file io.ReaderAt, f *walFile, seq uint64, yield func(*payload) error) error {
	off, at := f.offset(seq)
	s := newWALScanner(file, f.cipher, off, f.size)
	if err := s.skipTo(at, seq); err != nil {
		return err
	}
	for {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := yield(&p); err != nil {
			return err
		}
	}
}

func timeOf(nanos int64) time.Time { return time.Unix(0, nanos).UTC() }

// recordOf gives a record as it was received, or says that it is gone.
func (v *Vault) recordOf(p *payload, names intern) (event.Record, error) {
	rec := event.Record{
		Seq: p.seq, Received: timeOf(p.received),
		Source: names.of(p.source), Transport: names.of(p.transport),
	}
	var err error
	if rec.Raw, _, rec.Gone, err = reveal(v.ring, p); err != nil {
		return rec, fmt.Errorf("record %d: %w: %w", p.seq, err, ErrTampered)
	}
	return rec, nil
}

func (v *Vault) segmentOfLocked(seq uint64) (Segment, bool) {
	i := sort.Search(len(v.segments), func(i int) bool { return v.segments[i].Last >= seq })
	if i == len(v.segments) || v.segments[i].First > seq {
		return Segment{}, false
	}
	return v.segments[i], true
}

// Get returns one record. Raw is the caller's to keep. Errors: ErrNotFound,
// and ErrGone when the raw bytes can no longer be had: then the record says
// why in Gone and the rest of it is given all the same, but for a record let
// go without a trace.
func (v *Vault) Get(ctx context.Context, seq uint64) (event.Record, error) {
	if err := ctx.Err(); err != nil {
		return event.Record{}, fmt.Errorf("vault: get %d: %w", seq, context.Cause(ctx))
	}
	var rec event.Record
	err := v.get(ctx, seq, func(p *payload) (err error) {
		rec, err = v.recordOf(p, make(intern))
		return err
	})
	if err == nil && rec.Gone != event.Present {
		err = fmt.Errorf("%w: %s", ErrGone, rec.Gone)
	}
	if err != nil {
		return rec, fmt.Errorf("vault: get %d: %w", seq, err)
	}
	rec.Raw = slices.Clone(rec.Raw) // do not hold a whole page for one record
	return rec, nil
}

// get calls take with one record as it is kept.
func (v *Vault) get(ctx context.Context, seq uint64, take func(*payload) error) error {
	v.mu.Lock()
	size := v.size
	seg, inSegment := v.segmentOfLocked(seq)
	v.mu.Unlock()
	if seq == 0 || seq > size {
		return ErrNotFound
	}
	found := false
	one := func(p *payload) error {
		if p.seq != seq {
			return fmt.Errorf("record %d stands where %d belongs: %w", p.seq, seq, ErrTampered)
		}
		found = true
		return cmp.Or(take(p), errEnough)
	}
	var err error
	if inSegment {
		if _, gone := spanOf(seg.dropped, seq); gone {
			return fmt.Errorf("%w: %s", ErrGone, seg.why())
		}
		err = v.opened.use(v, seg, func(r *segmentReader) error { return r.from(seq, one) })
	} else {
		_, err = v.readFrom(ctx, seq, seq, one)
	}
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err == nil && !found:
		return fmt.Errorf("record %d is not where it belongs: %w", seq, ErrTampered)
	}
	return err
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

// use calls fn with a segment. Calls take turns.
func (c *segmentCache) use(v *Vault, seg Segment, fn func(*segmentReader) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.files, func(o openedSegment) bool { return o.path == seg.Path })
	if i < 0 {
		r, err := openSegment(v.disk, seg, v.ring)
		if err != nil {
			return err
		}
		if len(c.files) == openSegments {
			_ = c.files[0].reader.close() // only read from
			c.files = slices.Delete(c.files, 0, 1)
		}
		c.files = append(c.files, openedSegment{seg.Path, r})
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
