package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/event"
	"golang.org/x/mod/sumdb/tlog"
)

// ExpireRequest says what to let go under retention.
type ExpireRequest struct {
	// Until says whether a record of this source, received then, is to go.
	// konseki's own records are never asked about: they stay.
	Until  func(source string, received time.Time) bool
	Reason string // the policy, in words
	By     string // who asked
	DryRun bool   // only count
}

// ExpireReport says what was let go, or would be.
type ExpireReport struct {
	Records  uint64            `json:"records"`
	Segments int               `json:"segments"` // written again
	Bytes    int64             `json:"bytes"`    // by which the segments shrank
	Sources  map[string]uint64 `json:"sources"`  // records by source
}

// expiryRecord is the record that is sealed before anything of a segment goes.
type expiryRecord struct {
	At      time.Time         `json:"at"`
	By      string            `json:"by"`
	Op      string            `json:"op"` // expire
	Reason  string            `json:"reason"`
	Records string            `json:"records"` // spans, see Declaration
	Count   uint64            `json:"count"`
	From    time.Time         `json:"from"` // first and last receive time
	To      time.Time         `json:"to"`
	Sources map[string]uint64 `json:"sources"`
}

// Expire lets go of the raw bytes of records in closed segments. First a
// konseki.expiry record that names them is sealed, then the segments are
// written again without them; the tree stays valid, because what is left of a
// record commits to it, or, when a whole batch is gone, the batch's root does.
// A run that was cut short is finished by the next one.
func (v *Vault) Expire(ctx context.Context, req ExpireRequest) (ExpireReport, error) {
	rep := ExpireReport{Sources: map[string]uint64{}}
	for _, seg := range v.Segments() {
		if seg.Records() == 0 {
			continue
		}
		if err := v.expireSegment(ctx, seg, req, &rep); err != nil {
			return rep, fmt.Errorf("vault: expire: %s: %w", seg.Name, err)
		}
	}
	return rep, nil
}

func (v *Vault) expireSegment(ctx context.Context, seg ondisk.Segment, req ExpireRequest, rep *ExpireReport) error {
	p, err := v.planExpiry(ctx, seg, req)
	if err != nil || p.rec.Count == 0 {
		return err
	}
	rep.Records += p.rec.Count
	rep.Segments++
	for source, n := range p.rec.Sources {
		rep.Sources[source] += n
	}
	if req.DryRun {
		return nil
	}
	p.rec.At, p.rec.By, p.rec.Op, p.rec.Reason, p.rec.Records = v.opts.Now().UTC(), req.By, "expire", req.Reason, ondisk.SpansText(p.gone)
	if err := v.declare(ctx, event.SourceExpiry, p.rec); err != nil {
		return err
	}
	written, err := v.rewrite(ctx, []ondisk.Segment{seg}, func(p2 *ondisk.Payload) bool {
		_, gone := ondisk.SpanOf(p.gone, p2.Seq)
		return gone
	})
	if err != nil {
		return err
	}
	rep.Bytes += seg.Bytes - written.Bytes
	return nil
}

// declare seals a record that says what is about to be let go.
func (v *Vault) declare(ctx context.Context, source string, what any) error {
	raw, err := json.Marshal(what, json.Deterministic(true))
	if err != nil {
		return err
	}
	if err := v.Append(ctx, []event.Record{{Source: source, Transport: event.Transport{Kind: "konseki"}.With("format", "konseki").String(), Raw: raw}}); err != nil {
		return err
	}
	return v.Seal(ctx)
}

type expiryPlan struct {
	rec  expiryRecord
	gone []ondisk.Span // to be let go now
}

// planExpiry reads the heads of a segment's records and asks about each.
func (v *Vault) planExpiry(ctx context.Context, seg ondisk.Segment, req ExpireRequest) (expiryPlan, error) {
	plan := expiryPlan{rec: expiryRecord{Sources: map[string]uint64{}}}
	r, err := ondisk.OpenSegment(v.disk, seg, v.ring)
	if err != nil {
		return plan, err
	}
	defer func() { _ = r.Close() }()
	names := make(ondisk.Intern)
	err = r.Heads(func(p *ondisk.Payload) bool {
		source, received := names.Of(p.Source), time.Unix(0, p.Received).UTC()
		if p.Gone() || event.IsOwn(source) || !req.Until(source, received) {
			return ctx.Err() == nil
		}
		if n := len(plan.gone); n > 0 && plan.gone[n-1].Last+1 == p.Seq {
			plan.gone[n-1].Last = p.Seq
		} else {
			plan.gone = append(plan.gone, ondisk.Span{First: p.Seq, Last: p.Seq})
		}
		plan.rec.Count++
		plan.rec.Sources[source]++
		if plan.rec.From.IsZero() || received.Before(plan.rec.From) {
			plan.rec.From = received
		}
		if received.After(plan.rec.To) {
			plan.rec.To = received
		}
		return ctx.Err() == nil
	})
	if err == nil {
		err = ctx.Err()
	}
	return plan, err
}

// rewrite writes neighbouring segments again as one, letting go of what let
// says, and puts it in their place. A record let go keeps its header and the
// commitment to its bytes; when all records of a batch are gone so are these.
func (v *Vault) rewrite(ctx context.Context, segs []ondisk.Segment, let func(*ondisk.Payload) bool) (ondisk.Segment, error) {
	v.rolling.Lock()
	defer v.rolling.Unlock()
	generation := 0
	for _, s := range segs {
		generation = max(generation, s.Generation+1)
	}
	first, last := segs[0].First, segs[len(segs)-1].Last
	w, err := ondisk.NewSegmentWriter(v.disk, v.dir, v.ring, v.opts.Encrypt, first, last, generation)
	if err != nil {
		return ondisk.Segment{}, err
	}
	if err := v.fillAgain(ctx, w, segs, let); err != nil {
		return ondisk.Segment{}, errors.Join(err, w.Abandon())
	}
	written, err := w.Finish()
	if err != nil {
		return ondisk.Segment{}, err
	}
	v.mu.Lock()
	list := slices.Clone(v.segments)
	i := slices.IndexFunc(list, func(s ondisk.Segment) bool { return s.First == first })
	v.segments = slices.Replace(list, i, i+len(segs), written)
	v.mu.Unlock()
	v.opened.clear()
	v.proofs.forget()
	for _, s := range segs { // their keys stay: copies of these files may be all that is left one day
		if err := v.disk.Remove(s.Path); err != nil {
			return written, err
		}
	}
	return written, v.disk.SyncDir(v.path(ondisk.SegmentDir))
}

// fillAgain copies records batch by batch: one of which nothing is left is
// dropped whole.
func (v *Vault) fillAgain(ctx context.Context, w *ondisk.SegmentWriter, segs []ondisk.Segment, let func(*ondisk.Payload) bool) error {
	var held []ondisk.Payload // of the batch being read, when it may yet be dropped
	var b seal.Batch
	alive := false // a record of the batch was written
	var scratch []byte
	write := func(p *ondisk.Payload) error {
		var leaf tlog.Hash
		leaf, scratch = p.Leaf(scratch)
		return w.Add(p, ondisk.CheckOf(leaf))
	}
	flush := func() error {
		for i := range held {
			if err := write(&held[i]); err != nil {
				return err
			}
		}
		held = held[:0]
		return nil
	}
	for _, s := range segs {
		err := v.readSegment(s, s.First, func(p *ondisk.Payload) error {
			if p.Seq >= b.End() {
				held, alive = held[:0], false // what is held was all of its batch
				var err error
				if b, err = v.batchOf(ctx, p.Seq); err != nil {
					return err
				}
			}
			gone := p.Gone() || let(p)
			if !p.Gone() && gone {
				letGoOf(p)
			}
			if gone && !alive {
				p.Header = slices.Clone(p.Header)
				held = append(held, *p)
				return ctx.Err()
			}
			alive = true
			if err := flush(); err != nil {
				return err
			}
			return write(p)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// letGoOf leaves of a record its header and what commits to its bytes.
func letGoOf(p *ondisk.Payload) {
	content := p.Content()
	switch p.Form {
	case ondisk.FormWhole:
		p.Form = ondisk.FormGoneWhole
	case ondisk.FormKeyed:
		p.Form = ondisk.FormGoneKeyed
	default:
		p.Form = ondisk.FormGoneParts
	}
	p.Key, p.Commit, p.Body = "", content[:], nil
}

// batchOf finds the batch of a sealed record.
func (v *Vault) batchOf(ctx context.Context, seq uint64) (seal.Batch, error) {
	v.mu.Lock()
	size := v.checkpoint.Size
	v.mu.Unlock()
	b, _, err := ondisk.FindBatch(ctx, v.log.dir, seq, size)
	return b, err
}

// Compact writes runs of neighbouring small segments again as one of up to
// Options.SegmentRecords records. Proofs stay as they were. It returns how
// many files there are fewer.
func (v *Vault) Compact(ctx context.Context) (fewer int, err error) {
	for {
		run := v.smallRun()
		if run == nil {
			return fewer, nil
		}
		if _, err := v.rewrite(ctx, run, func(*ondisk.Payload) bool { return false }); err != nil {
			return fewer, fmt.Errorf("vault: compact: %s: %w", run[0].Name, err)
		}
		fewer += len(run) - 1
	}
}

// smallRun finds neighbouring segments that fit into one.
func (v *Vault) smallRun() []ondisk.Segment {
	segs := v.Segments()
	for i := 0; i < len(segs); i++ {
		j, records, raw := i, uint64(0), int64(0)
		for j < len(segs) && !segs[j].Shredded {
			records += segs[j].Records()
			raw += segs[j].RawBytes
			if records > uint64(v.opts.SegmentRecords) || raw > v.opts.SegmentBytes {
				break
			}
			j++
		}
		if j-i >= 2 {
			return segs[i:j]
		}
	}
	return nil
}
