package vault

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"
)

// pickJump is how many records are read over on the way to the next one picked
// before it is looked up afresh: as many as a block of a segment that has to be
// unpacked in any case.
const pickJump = 4096

// Picked is a record that [Vault.Pick] gives. It is good until the next one is
// given; Raw is the caller's to keep.
type Picked struct {
	event.Record
	payload *ondisk.Payload
	secret  []byte
}

// Disclose is [Vault.Disclose] of the record, without reading it again.
func (p *Picked) Disclose(hide []seal.Range) (event.Record, *seal.Disclosure, error) {
	rec := p.Record
	if p.payload == nil {
		return rec, nil, fmt.Errorf("vault: disclose %d: %w", p.Seq, ErrGone)
	}
	d, err := discloseAs(p.payload, &rec, p.secret, hide)
	if err != nil {
		return rec, nil, fmt.Errorf("vault: disclose %d: %w", p.Seq, err)
	}
	rec.Raw = slices.Clone(rec.Raw)
	return rec, d, nil
}

// Pick gives the records of seqs, which ascend, as [Vault.Get] does and in one
// pass: what stands together is read together. A record that Get would return
// with an error comes with that error, and those after it follow; only with an
// error of ctx it ends.
func (v *Vault) Pick(ctx context.Context, seqs []uint64) iter.Seq2[*Picked, error] {
	return func(yield func(*Picked, error) bool) {
		p := &picker{vault: v, left: seqs, names: make(ondisk.Intern), yield: yield, going: true}
		for p.going && len(p.left) > 0 {
			err := p.file(ctx)
			switch {
			case ctx.Err() != nil:
				p.fail(context.Cause(ctx))
				return
			case ondisk.IsGone(err) && !p.again: // written again as another file meanwhile
				p.again = true
			case err != nil:
				p.fail(err)
			}
		}
	}
}

type picker struct {
	vault   *Vault
	left    []uint64 // those still to be given
	names   ondisk.Intern
	yield   func(*Picked, error) bool
	going   bool
	from    uint64         // where reading began
	segment ondisk.Segment // that is read; none while it is the log
	again   bool           // the file of the next one was not there
}

// fail gives the next record as one that cannot be had.
func (p *picker) fail(err error) {
	seq := p.left[0]
	p.left, p.again = p.left[1:], false
	p.going = p.yield(&Picked{Record: event.Record{Seq: seq}}, fmt.Errorf("vault: get %d: %w", seq, err))
}

// file gives what is picked of the file that holds the next record.
func (p *picker) file(ctx context.Context) error {
	v, seq := p.vault, p.left[0]
	v.mu.Lock()
	size := v.size
	seg, inSegment := v.segmentOfLocked(seq)
	v.mu.Unlock()
	if seq == 0 || seq > size {
		return ondisk.ErrNotFound
	}
	if inSegment {
		return p.inSegment(ctx, seg)
	}
	p.from, p.segment = seq, ondisk.Segment{}
	_, err := v.readFrom(ctx, seq, max(seq, p.left[len(p.left)-1]), p.take)
	if errors.Is(err, ondisk.ErrEnough) {
		return nil
	}
	return err
}

// inSegment gives what is picked of one segment.
func (p *picker) inSegment(ctx context.Context, seg ondisk.Segment) error {
	p.segment = seg
	if p.dropped(); !p.wants() {
		return nil
	}
	r, err := ondisk.OpenSegment(p.vault.disk, seg, p.vault.ring)
	if err != nil {
		return fmt.Errorf("%s: %w", seg.Name, err)
	}
	defer func() { _ = r.Close() }() // only read from
	for p.wants() && ctx.Err() == nil {
		p.from = p.left[0]
		err := r.From(p.from, p.take)
		if err == nil && p.wants() {
			err = fmt.Errorf("record %d is not where it belongs: %w", p.left[0], seal.ErrTampered)
		}
		if err != nil && !errors.Is(err, ondisk.ErrEnough) {
			p.fail(err)
			p.dropped()
		}
	}
	return nil
}

// wants reports whether the next record is in the segment that is read.
func (p *picker) wants() bool {
	return p.going && len(p.left) > 0 && p.left[0] >= p.segment.First && p.left[0] <= p.segment.Last
}

// dropped gives those next that were let go without a trace.
func (p *picker) dropped() {
	for p.wants() {
		if _, gone := ondisk.SpanOf(p.segment.Dropped, p.left[0]); !gone {
			return
		}
		p.fail(fmt.Errorf("%w: %s", ErrGone, p.segment.Why()))
	}
}

// take gives a record as it is read, where it is picked.
func (p *picker) take(pl *ondisk.Payload) error {
	seq := p.left[0]
	if pl.Seq < p.from || pl.Seq > seq {
		return fmt.Errorf("record %d stands where %d belongs: %w", pl.Seq, seq, seal.ErrTampered)
	}
	if pl.Seq < seq {
		return nil
	}
	found := Picked{payload: pl}
	var err error
	if found.Record, found.secret, err = p.vault.open(pl, p.names); err != nil {
		return err
	}
	found.Raw = slices.Clone(found.Raw) // do not hold a whole page for one record
	if found.Gone != event.Present {
		err = fmt.Errorf("vault: get %d: %w: %s", seq, ErrGone, found.Gone)
	}
	p.left, p.again = p.left[1:], false
	p.going = p.yield(&found, err)
	p.dropped()
	if !p.going || len(p.left) == 0 || p.left[0]-pl.Seq > pickJump {
		return ondisk.ErrEnough
	}
	return nil
}
