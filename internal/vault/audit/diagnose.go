package audit

import (
	"path/filepath"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"
)

// Bounds of the search for what happened to a record.
const (
	maxSuspects = 64 // records compared with each other
	maxShift    = 16 // places a record may have been renumbered by
)

// suspect is a record whose leaf does not match its check.
type suspect struct {
	rec   ondisk.Payload
	check int32
}

// localise names the records of a batch that does not have its root. The root
// alone proves that something was changed; the checks in the segment, which
// nothing seals, tell where. If they tell nothing, the whole batch is named.
func (a *audit) localise(c *openBatch) error {
	if !c.checks {
		if c.present == c.Count {
			a.problem(KindChanged, c.file, c.First, "records %d to %d are not those that were sealed: one or more were changed", c.First, c.End()-1)
		}
		return nil
	}
	suspects, more, err := a.suspects(c)
	if err != nil {
		return err
	}
	if len(suspects) == 0 && c.present == c.Count {
		a.problem(KindChanged, c.file, c.First, "records %d to %d are not those that were sealed: one or more were changed, and their checks with them",
			c.First, c.End()-1)
		return nil
	}
	a.explain(c.file, suspects)
	if more > 0 && a.shift == 0 { // else they moved along
		a.problem(KindChanged, c.file, suspects[len(suspects)-1].rec.Seq, "%d more records of %d to %d do not match their seal", more, c.First, c.End()-1)
	}
	return nil
}

// suspects reads the batch again and gives the records that do not match their
// check, the first ones in full and the number of the others.
func (a *audit) suspects(c *openBatch) (list []suspect, more int, err error) {
	segments, _, _, err := ondisk.ListSegments(ondisk.OSDisk{}, filepath.Join(a.dir, ondisk.SegmentDir))
	if err != nil {
		return nil, 0, err
	}
	for _, s := range segments {
		if s.Last < c.First || s.First >= c.End() {
			continue
		}
		r, err := ondisk.OpenSegment(ondisk.OSDisk{}, s, a.ring)
		if err != nil {
			continue // named when it was read first
		}
		for g := range r.Groups {
			// An unreadable group was named when it was read first.
			_ = r.Group(g, 0, func(p *ondisk.Payload, check int32) bool {
				if p.Seq < c.First || p.Seq >= c.End() || matches(*p, check) {
					return true
				}
				if len(list) < maxSuspects {
					list = append(list, suspect{*p, check})
				} else {
					more++
				}
				return true
			})
		}
		if err := r.Close(); err != nil {
			return nil, 0, err
		}
	}
	return list, more, a.ctx.Err()
}

// explain says of each suspect whether it changed place with another, was
// renumbered because one before it was taken out or put in, or was changed.
func (a *audit) explain(file string, list []suspect) {
	if a.shifted != file {
		a.shifted, a.shift = file, 0
	}
	told := make(map[uint64]bool)
	for i, s := range list {
		if told[s.rec.Seq] {
			continue
		}
		if j := counterpart(list, i); j >= 0 {
			told[list[j].rec.Seq] = true
			a.problem(KindSwapped, file, s.rec.Seq, "records %d and %d have each other's content", s.rec.Seq, list[j].rec.Seq)
			continue
		}
		by, renumbered := shiftOf(s)
		switch {
		case renumbered && by == a.shift:
			// its own content: moved along with the records before it
		case renumbered && by > a.shift:
			a.problem(KindRemoved, file, s.rec.Seq, "record %d is gone, and those after it were renumbered", s.rec.Seq)
			a.shift = by
		case renumbered:
			a.problem(KindInserted, file, s.rec.Seq, "a record was put before %d, and those after it were renumbered", s.rec.Seq)
			a.shift = by
		default:
			a.problem(KindChanged, file, s.rec.Seq, "record %d is not the one that was sealed", s.rec.Seq)
		}
	}
}

// counterpart finds the suspect that changed content with list[i]: all of it
// but the sequence, or the raw bytes alone; with its check or without.
func counterpart(list []suspect, i int) int {
	a := list[i]
	for j := i + 1; j < len(list); j++ {
		b := list[j]
		for _, swap := range []func(x, y ondisk.Payload) ondisk.Payload{
			func(x, y ondisk.Payload) ondisk.Payload { y.Seq = x.Seq; return y },
			func(x, y ondisk.Payload) ondisk.Payload {
				x.Form, x.Key, x.Commit, x.Body = y.Form, y.Key, y.Commit, y.Body
				return x
			},
		} {
			if matches(swap(a.rec, b.rec), a.check) && matches(swap(b.rec, a.rec), b.check) {
				return j
			}
		}
		moved, back := a.rec, b.rec
		moved.Seq, back.Seq = b.rec.Seq, a.rec.Seq
		if matches(moved, a.check) && matches(back, b.check) {
			return j
		}
	}
	return -1
}

// shiftOf finds by how much a record was renumbered, if its content and check
// belong to a sequence near by.
func shiftOf(s suspect) (by int64, found bool) {
	for d := int64(1); d <= maxShift; d++ {
		for _, by := range []int64{d, -d} {
			moved := s.rec
			moved.Seq = uint64(int64(s.rec.Seq) + by)
			if matches(moved, s.check) {
				return by, true
			}
		}
	}
	return 0, false
}

// matches hashes a record with the sequence and content it has now.
func matches(p ondisk.Payload, check int32) bool {
	p.Header = seal.AppendHeader(nil, p.Seq, p.Received, string(p.Source), string(p.Transport))
	leaf, _ := p.Leaf(nil)
	return ondisk.CheckOf(leaf) == check
}
