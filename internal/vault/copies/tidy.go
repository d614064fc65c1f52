package copies

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/vault"
)

// Tidied is what Tidy did.
type Tidied struct {
	Removed int // tails whose every record stands in a received segment
	Bytes   int64
	Kept    int // tails that no segment covers, or whose records could not be compared
}

// Tidy removes the tails that are needed no more: those whose every record was
// compared, leaf by leaf, with the one in a received segment. A tail that
// differs stays, and is an alarm.
func (r *Receiver) Tidy(ctx context.Context) (Tidied, error) {
	r.tidying.Lock()
	defer r.tidying.Unlock()
	var done Tidied
	for name, f := range r.folders {
		if err := r.tidy(ctx, name, f, &done); err != nil {
			return done, fmt.Errorf("copies: tidy %s: %w", name, err)
		}
	}
	return done, nil
}

// span is a segment that was received.
type span struct {
	first, last uint64
	path        string
	leaves      [][32]byte // from first on, once read
}

func (r *Receiver) tidy(ctx context.Context, sender string, f *Folder, done *Tidied) error {
	tails, spans, err := f.inventory(ctx)
	if err != nil {
		return err
	}
	for _, t := range tails {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		path := filepath.Join(f.dir, filepath.FromSlash(t.Name))
		at, _ := parseTail(t.Name)
		same, err := covered(path, at, spans)
		switch {
		case errors.Is(err, errOther):
			r.opts.Logger.Error("a tail does not match the segment that followed", "sender", sender, "name", t.Name, "error", err)
			r.opts.Alarm(Alarm{Store: sender, Name: t.Name, What: err.Error()})
		case err != nil:
			r.opts.Logger.Warn("tail could not be compared and stays", "sender", sender, "name", t.Name, "error", err)
		}
		if !same || err != nil {
			done.Kept++
			continue
		}
		if err := f.remove(t.Name); err != nil {
			return err
		}
		done.Removed++
		done.Bytes += t.Size
	}
	return nil
}

// inventory lists the tails and the segments of a sender, by first record.
func (f *Folder) inventory(ctx context.Context) (tails []Info, spans []*span, err error) {
	for info, err := range f.List(ctx, tailPrefix) {
		if err != nil {
			return nil, nil, err
		}
		if _, ok := parseTail(info.Name); ok {
			tails = append(tails, info)
		}
	}
	for info, err := range f.List(ctx, segmentPrefix) {
		if err != nil {
			return nil, nil, err
		}
		if first, last, ok := parseSegment(info.Name); ok {
			spans = append(spans, &span{first: first, last: last, path: filepath.Join(f.dir, filepath.FromSlash(info.Name))})
		}
	}
	slices.SortFunc(tails, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(spans, func(a, b *span) int { return int(int64(a.first) - int64(b.first)) })
	return tails, spans, nil
}

// errOther says that a record of a tail is not the one in the segment.
var errOther = errors.New("the records are not those of the segment")

// covered says whether every record of a tail stands in segments, compared
// leaf by leaf.
func covered(path string, t tail, spans []*span) (bool, error) {
	next := t.first
	for _, s := range spans { // by first record
		if s.first <= next && next <= s.last {
			next = s.last + 1
		}
	}
	if next <= t.last {
		return false, nil
	}
	want := t.first
	for got, err := range vault.WALLeaves(path) {
		if err != nil {
			return false, err
		}
		if got.Seq != want || want > t.last {
			return false, fmt.Errorf("%w: record %d stands where %d belongs", errOther, got.Seq, want)
		}
		leaf, err := leafOf(spans, want)
		if err != nil {
			return false, err
		}
		if leaf != got.Leaf {
			return false, fmt.Errorf("%w: record %d", errOther, want)
		}
		want++
	}
	if want <= t.last {
		return false, fmt.Errorf("%w: the tail ends before record %d", errOther, want)
	}
	return true, nil
}

// leafOf gives the leaf of a record from its segment, keeping the leaves of
// one segment at a time.
func leafOf(spans []*span, seq uint64) ([32]byte, error) {
	i := slices.IndexFunc(spans, func(s *span) bool { return s.first <= seq && seq <= s.last })
	if i < 0 {
		return [32]byte{}, fmt.Errorf("no segment has record %d", seq)
	}
	s := spans[i]
	if s.leaves == nil {
		for _, other := range spans {
			other.leaves = nil
		}
		var err error
		if s.leaves, err = readLeaves(vault.SegmentLeaves(s.path), s.first); err != nil {
			return [32]byte{}, err
		}
	}
	if seq-s.first >= uint64(len(s.leaves)) {
		return [32]byte{}, fmt.Errorf("record %d is not in the segment that is named for it", seq)
	}
	return s.leaves[seq-s.first], nil
}

func readLeaves(leaves iter.Seq2[vault.SeqLeaf, error], first uint64) ([][32]byte, error) {
	out := [][32]byte{}
	for l, err := range leaves {
		if err != nil {
			return nil, err
		}
		if l.Seq != first+uint64(len(out)) {
			return nil, fmt.Errorf("record %d stands where %d belongs", l.Seq, first+uint64(len(out)))
		}
		out = append(out, l.Leaf)
	}
	return out, nil
}
