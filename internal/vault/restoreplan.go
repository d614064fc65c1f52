package vault

import (
	"cmp"
	"path/filepath"
	"slices"

	"github.com/konseki/konseki/internal/vault/ondisk"
)

// CheckSegment says why a segment cannot be read at all, or nil; whether its
// records are those that were sealed, only Verify says. One that is encrypted
// is taken as it is.
func CheckSegment(path string) error {
	seg, ok := ondisk.ParseSegmentName(filepath.Base(path))
	if !ok || seg.Encrypted {
		return nil
	}
	seg.Path = path
	r, err := ondisk.OpenSegment(ondisk.OSDisk{}, seg, nil)
	if err != nil {
		return err
	}
	return r.Close()
}

// PlanRestore chooses among the names of segments that a copy has. Keep are
// those that follow each other and are wholly sealed; their records are
// restored as they are. Rest are the others whose records may be needed. tails
// are the write-ahead-log files at hand: where they fill a hole between
// segments, what follows the hole is rest as well, because only the log can
// take it in.
func PlanRestore(names []string, tails []RecordRange, sealed uint64) (keep, rest []string) {
	var all []ondisk.Segment
	for _, name := range names {
		if s, ok := ondisk.ParseSegmentName(name); ok {
			all = append(all, s)
		}
	}
	// As in a vault's folder, a file written again stands for those it covers.
	all = slices.DeleteFunc(slices.Clone(all), func(s ondisk.Segment) bool {
		return slices.ContainsFunc(all, func(o ondisk.Segment) bool {
			return o.Generation > s.Generation && o.First <= s.First && o.Last >= s.Last
		})
	})
	slices.SortFunc(all, func(a, b ondisk.Segment) int {
		return cmp.Or(cmp.Compare(a.First, b.First), -cmp.Compare(a.Last, b.Last), -cmp.Compare(a.Generation, b.Generation))
	})
	next, filled := uint64(1), false
	for _, s := range all {
		switch {
		case s.Last < next:
			continue // all of it was in those before
		case s.First > next && s.Last <= sealed && covers(tails, next, s.First-1):
			filled = true
		}
		if filled || s.First < next || s.Last > sealed {
			rest = append(rest, s.Name)
			continue
		}
		keep = append(keep, s.Name)
		next = s.Last + 1
	}
	return keep, rest
}

// covers says whether runs together hold first to last.
func covers(runs []RecordRange, first, last uint64) bool {
	for first <= last {
		i := slices.IndexFunc(runs, func(r RecordRange) bool { return r.First <= first && r.Last >= first })
		if i < 0 {
			return false
		}
		first = runs[i].Last + 1
	}
	return true
}
