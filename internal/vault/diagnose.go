package vault

import (
	"path/filepath"
)

// Bounds of the search for what happened to a record.
const (
	maxSuspects = 64 // records compared with each other
	maxShift    = 16 // places a record may have been renumbered by
)

// suspect is a record whose leaf does not match its check.
type suspect struct {
	rec   payload
	check int32
}

// localise names the records of a batch that does not have its root. The root
// alone proves that something was changed; the checks in the segment, which
// nothing seals, tell where. If they tell nothing, the whole batch is named.
func (a *audit) localise(c *openBatch) error {
	if !c.checks {
		if c.present == c.count {
			a.problem(KindChanged, c.file, c.first, "records %d to %d are not those that were sealed: one or more were changed", c.first, c.end()-1)
		}
		return nil
	}
	suspects, more, err := a.suspects(c)
	if err != nil {
		return err
	}
	if len(suspects) == 0 && c.present == c.count {
		a.problem(KindChanged, c.file, c.first, "records %d to %d are not those that were sealed: one or more were changed, and their checks with them",
			c.first, c.end()-1)
		return nil
	}
	a.explain(c.file, suspects)
	if more > 0 && a.shift == 0 { // else they moved along
		a.problem(KindChanged, c.file, suspects[len(suspects)-1].rec.seq, "%d more records of %d to %d do not match their seal", more, c.first, c.end()-1)
	}
	return nil
}

// suspects reads the batch again and gives the records that do not match their
// check, the first ones in full and the number of the others.
func (a *audit) suspects(c *openBatch) (list []suspect, more int, err error) {
	segments, _, _, err := listSegments(osDisk{}, filepath.Join(a.dir, segmentDir))
	if err != nil {
		return nil, 0, err
	}
	for _, s := range segments {
		if s.Last < c.first || s.First >= c.end() {
			continue
		}
		r, err := openSegment(osDisk{}, s, a.ring)
		if err != nil {
			continue // named when it was read first
		}
		for g := range r.groups {
			// An unreadable group was named when it was read first.
			_ = r.group(g, 0, func(p *payload, check int32) bool {
				if p.seq < c.first || p.seq >= c.end() || matches(*p, check) {
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
		if err := r.close(); err != nil {
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
		if told[s.rec.seq] {
			continue
		}
		if j := counterpart(list, i); j >= 0 {
			told[list[j].rec.seq] = true
			a.problem(KindSwapped, file, s.rec.seq, "records %d and %d have each other's content", s.rec.seq, list[j].rec.seq)
			continue
		}
		by, renumbered := shiftOf(s)
		switch {
		case renumbered && by == a.shift:
			// its own content: moved along with the records before it
		case renumbered && by > a.shift:
			a.problem(KindRemoved, file, s.rec.seq, "record %d is gone, and those after it were renumbered", s.rec.seq)
			a.shift = by
		case renumbered:
			a.problem(KindInserted, file, s.rec.seq, "a record was put before %d, and those after it were renumbered", s.rec.seq)
			a.shift = by
		default:
			a.problem(KindChanged, file, s.rec.seq, "record %d is not the one that was sealed", s.rec.seq)
		}
	}
}

// counterpart finds the suspect that changed content with list[i]: all of it
// but the sequence, or the raw bytes alone; with its check or without.
func counterpart(list []suspect, i int) int {
	a := list[i]
	for j := i + 1; j < len(list); j++ {
		b := list[j]
		for _, swap := range []func(x, y payload) payload{
			func(x, y payload) payload { y.seq = x.seq; return y },
			func(x, y payload) payload {
				x.form, x.key, x.commit, x.body = y.form, y.key, y.commit, y.body
				return x
			},
		} {
			if matches(swap(a.rec, b.rec), a.check) && matches(swap(b.rec, a.rec), b.check) {
				return j
			}
		}
		moved, back := a.rec, b.rec
		moved.seq, back.seq = b.rec.seq, a.rec.seq
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
			moved.seq = uint64(int64(s.rec.seq) + by)
			if matches(moved, s.check) {
				return by, true
			}
		}
	}
	return 0, false
}

// matches hashes a record with the sequence and content it has now.
func matches(p payload, check int32) bool {
	p.header = appendHeader(nil, p.seq, p.received, string(p.source), string(p.transport))
	leaf, _ := p.leaf(nil)
	return checkOf(leaf) == check
}
