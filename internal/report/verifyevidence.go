package report

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/vault/seal"
)

// evidence checks each line of evidence.jsonl against those before it.
func (v *verifier) evidence() {
	in, err := v.bundle.lines(fileEvidence)
	if err != nil {
		v.problem("%s cannot be read: %v", fileEvidence, err)
		return
	}
	r := &evidenceReader{v: v}
	for raw := range in.all() {
		var l evidenceLine
		if err := jsonx.Unmarshal(raw, &l, bundleLimits()); err != nil {
			v.problem("%s line %d cannot be read: %v", fileEvidence, in.n, err)
			continue
		}
		if err := r.line(&l); err != nil {
			v.problem("%s line %d: %v", fileEvidence, in.n, err)
		}
	}
	in.close()
	if in.err != nil {
		v.problem("%s cannot be read: %v", fileEvidence, in.err)
	}
	v.rep.Records = r.proven
}

// evidenceReader knows what the lines that come next are under.
type evidenceReader struct {
	v          *verifier
	checkpoint *seal.Checkpoint // nil: the last one does not hold
	batch      *seal.Batch      // nil: the last one does not hold
	last       uint64           // sequence of the record read last
	proven     int
}

var errLine = errors.New("a line is one of checkpoint, batch and record")

func (r *evidenceReader) line(l *evidenceLine) error {
	switch {
	case l.Record != nil && l.Batch == nil && l.Checkpoint == "":
		return r.record(l)
	case l.Batch != nil && l.Record == nil && l.Checkpoint == "":
		return r.open(l.Batch)
	case l.Checkpoint != "" && l.Record == nil && l.Batch == nil:
		return r.sign(l.Checkpoint)
	}
	return errLine
}

func (r *evidenceReader) sign(text string) error {
	r.checkpoint, r.batch = nil, nil
	cp, err := r.v.keys.Open([]byte(text))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	r.checkpoint = &cp
	r.v.last, r.v.under = cp, nil
	return nil
}

func (r *evidenceReader) open(l *batchLine) error {
	r.batch = nil
	if r.checkpoint == nil {
		return errors.New("the batch is under no checkpoint that holds")
	}
	b := batchOf(l)
	if err := r.checkpoint.Holds(b, l.LogIndex, l.LogPath); err != nil {
		return err
	}
	r.batch = &b
	r.v.under = append(r.v.under, counted{index: l.LogIndex})
	return nil
}

func (r *evidenceReader) record(l *evidenceLine) error {
	s := l.Record
	if s.Seq <= r.last {
		return fmt.Errorf("record %d: it stands twice or out of order, after %d", s.Seq, r.last)
	}
	r.last = s.Seq
	if l.Leaf == 0 {
		return r.bare(s)
	}
	if r.batch == nil {
		return fmt.Errorf("record %d: it is under no batch that holds", s.Seq)
	}
	rec := s.record()
	leaf, shown, err := seal.Disclosed(rec, l.Leaf, s.Disclosure)
	if err == nil {
		err = r.batch.Holds(s.Seq, leaf, l.Path)
	}
	if err != nil {
		return fmt.Errorf("record %d: %w: %w", s.Seq, err, seal.ErrTampered)
	}
	rec.Raw = shown
	if err := r.v.take(rec, s); err != nil {
		return err
	}
	r.proven++
	r.v.under[len(r.v.under)-1].n++
	return nil
}

// bare takes a record of which the vault has nothing any more.
func (r *evidenceReader) bare(s *sealedRecord) error {
	if !isGone(s.Gone) || s.Raw != nil || s.Disclosure != nil || s.Source != "" {
		return fmt.Errorf("record %d: it comes without a proof", s.Seq)
	}
	r.v.have[s.Seq] = standing{why: s.Gone, bare: true}
	return nil
}

// take notes a record that is proven; rec.Raw is what of it is shown.
func (v *verifier) take(rec event.Record, s *sealedRecord) error {
	st := standing{}
	switch d := s.Disclosure; {
	case d != nil && len(d.Content) > 0 && s.Gone != "":
		if !isGone(s.Gone) {
			return fmt.Errorf("record %d: %q says nothing of why it is not shown", s.Seq, s.Gone)
		}
		st.why = s.Gone
	case s.Gone != "":
		return fmt.Errorf("record %d: it is said to be %s, and is shown", s.Seq, s.Gone)
	case d != nil && len(d.Content) > 0:
		st.why = withheld
		v.rep.Withheld++
	case d != nil && d.Secret == nil && slices.ContainsFunc(d.Parts, func(p seal.Part) bool { return len(p.Hash) > 0 }):
		v.rep.Masked++
	}
	v.have[rec.Seq] = st
	if st.why != "" {
		return nil
	}
	switch rec.Source {
	case event.SourceCase:
		if v.bytes += len(rec.Raw); v.bytes > maxOperations {
			return fmt.Errorf("the operations of the case are more than %d bytes", maxOperations)
		}
		rec.Raw = slices.Clone(rec.Raw)
		v.ops = append(v.ops, rec)
	case event.SourceExpiry:
		v.gone = append(v.gone, declarationOf(rec)...)
	}
	return nil
}

// withheld is why a record is not shown that whoever made the bundle hides.
const withheld = "withheld"

// declared is a run of records that a sealed decision let go.
type declared struct{ by, first, last uint64 }

// declarationOf reads what a record of an expiry let go; it may be one that
// lists no records.
func declarationOf(rec event.Record) (out []declared) {
	var said struct {
		Records any `json:"records"`
	}
	if err := jsonx.Unmarshal(rec.Raw, &said, jsonx.DefaultLimits()); err != nil {
		return nil
	}
	spans, _ := said.Records.(string)
	for span := range strings.SplitSeq(spans, ",") {
		from, to, ok := strings.Cut(span, "-")
		first, err := strconv.ParseUint(from, 10, 64)
		last, err2 := strconv.ParseUint(to, 10, 64)
		if ok && err == nil && err2 == nil && last < rec.Seq {
			out = append(out, declared{rec.Seq, first, last})
		}
	}
	return out
}

func isGone(why string) bool {
	return why == event.Expired.String() || why == event.Shredded.String() || why == event.Locked.String()
}
