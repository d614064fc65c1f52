package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"sync"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

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
func (v *Vault) Segments() []ondisk.Segment {
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
		names := make(ondisk.Intern)
		for going && next <= last {
			reached, err := v.readFrom(ctx, next, last, func(p *ondisk.Payload) error {
				rec, err := v.recordOf(p, names)
				if err == nil {
					going = yield(rec, nil)
				}
				if err == nil && !going {
					err = ondisk.ErrEnough
				}
				return err
			})
			if err != nil && !errors.Is(err, ondisk.ErrEnough) {
				yield(event.Record{}, fmt.Errorf("vault: records: from %d: %w", reached, err))
				return
			}
			next = reached
		}
	}
}

// readFrom gives the records from seq to the end of the file that holds it,
// last at most, and says which record comes next.
func (v *Vault) readFrom(ctx context.Context, seq, last uint64, yield func(*ondisk.Payload) error) (next uint64, err error) {
	next, err = v.readFile(ctx, seq, last, yield)
	if ondisk.IsGone(err) && next == seq { // written again as another file meanwhile
		next, err = v.readFile(ctx, seq, last, yield)
	}
	return next, err
}

func (v *Vault) readFile(ctx context.Context, seq, last uint64, yield func(*ondisk.Payload) error) (next uint64, err error) {
	v.mu.Lock()
	seg, inSegment := v.segmentOfLocked(seq)
	var f *ondisk.WALFile
	var file ondisk.File
	if !inSegment {
		f, file, err = v.openWALLocked(seq)
	}
	v.mu.Unlock()
	if err != nil {
		return seq, err
	}
	next = seq
	take := func(p *ondisk.Payload) error {
		if inSegment {
			next += ondisk.Before(seg.Dropped, max(next, p.Seq)) - ondisk.Before(seg.Dropped, next)
		}
		if p.Seq != next {
			return fmt.Errorf("record %d stands where %d belongs: %w", p.Seq, next, seal.ErrTampered)
		}
		if next%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if p.Seq > last {
			return ondisk.ErrEnough
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
		end = min(end, f.End()-1)
		err = ondisk.ReadWAL(file, f, seq, take)
	default:
		return seq, ondisk.ErrNotFound
	}
	if err != nil {
		return next, err
	}
	if next <= end && (!inSegment || ondisk.Before(seg.Dropped, end+1)-ondisk.Before(seg.Dropped, next) != end+1-next) {
		return next, fmt.Errorf("record %d is not where it belongs: %w", next, seal.ErrTampered)
	}
	return end + 1, nil
}

func (v *Vault) readSegment(seg ondisk.Segment, seq uint64, yield func(*ondisk.Payload) error) error {
	if seg.Records() == 0 {
		return nil
	}
	r, err := ondisk.OpenSegment(v.disk, seg, v.ring)
	if err != nil {
		return fmt.Errorf("%s: %w", seg.Name, err)
	}
	defer func() { _ = r.Close() }()
	if err := r.From(seq, yield); err != nil {
		return fmt.Errorf("%s: %w", seg.Name, err)
	}
	return nil
}

// recordOf gives a record as it was received, or says that it is gone.
func (v *Vault) recordOf(p *ondisk.Payload, names ondisk.Intern) (event.Record, error) {
	rec, _, err := v.open(p, names)
	return rec, err
}

// open gives a record, and its secret if it is committed to in parts.
func (v *Vault) open(p *ondisk.Payload, names ondisk.Intern) (rec event.Record, secret []byte, err error) {
	rec = event.Record{
		Seq: p.Seq, Received: ondisk.TimeOf(p.Received),
		Source: names.Of(p.Source), Transport: names.Of(p.Transport),
	}
	if rec.Raw, secret, rec.Gone, err = ondisk.Reveal(v.ring, p); err != nil {
		return rec, nil, fmt.Errorf("record %d: %w: %w", p.Seq, err, ErrTampered)
	}
	return rec, secret, nil
}

func (v *Vault) segmentOfLocked(seq uint64) (ondisk.Segment, bool) {
	i := sort.Search(len(v.segments), func(i int) bool { return v.segments[i].Last >= seq })
	if i == len(v.segments) || v.segments[i].First > seq {
		return ondisk.Segment{}, false
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
	err := v.get(ctx, seq, func(p *ondisk.Payload) (err error) {
		rec, err = v.recordOf(p, make(ondisk.Intern))
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
func (v *Vault) get(ctx context.Context, seq uint64, take func(*ondisk.Payload) error) error {
	v.mu.Lock()
	size := v.size
	seg, inSegment := v.segmentOfLocked(seq)
	v.mu.Unlock()
	if seq == 0 || seq > size {
		return ondisk.ErrNotFound
	}
	found := false
	one := func(p *ondisk.Payload) error {
		if p.Seq != seq {
			return fmt.Errorf("record %d stands where %d belongs: %w", p.Seq, seq, seal.ErrTampered)
		}
		found = true
		return cmp.Or(take(p), ondisk.ErrEnough)
	}
	var err error
	if inSegment {
		if _, gone := ondisk.SpanOf(seg.Dropped, seq); gone {
			return fmt.Errorf("%w: %s", ErrGone, seg.Why())
		}
		err = v.opened.use(v, seg, func(r *ondisk.SegmentReader) error { return r.From(seq, one) })
	} else {
		_, err = v.readFrom(ctx, seq, seq, one)
	}
	switch {
	case errors.Is(err, ondisk.ErrEnough):
		return nil
	case err == nil && !found:
		return fmt.Errorf("record %d is not where it belongs: %w", seq, seal.ErrTampered)
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
	reader *ondisk.SegmentReader
}

const openSegments = 8

// use calls fn with a segment. Calls take turns.
func (c *segmentCache) use(v *Vault, seg ondisk.Segment, fn func(*ondisk.SegmentReader) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.files, func(o openedSegment) bool { return o.path == seg.Path })
	if i < 0 {
		r, err := ondisk.OpenSegment(v.disk, seg, v.ring)
		if err != nil {
			return err
		}
		if len(c.files) == openSegments {
			_ = c.files[0].reader.Close() // only read from
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
		_ = o.reader.Close() // only read from
	}
	c.files = nil
}
