package sequence

import (
	"slices"
	"sort"
	"time"
)

// epoch is a stretch of a chain in which its producer counted on.
type epoch struct {
	runs       []Run // by number, without numbers in common
	begun, end time.Time
	// before is the last number of the epoch before, and ended its time; 0 when
	// there is none.
	before uint64
	ended  time.Time
	// doubt is the time since which nothing is certain, as the epoch began before
	// the end of the one before or went on where that one had ended.
	doubt time.Time
}

// epochs puts runs of one chain, ordered by time, into epochs. Adjacent runs
// stay apart.
func epochs(runs []Run) []*epoch {
	var all []*epoch
	var last *epoch
	for _, r := range runs {
		if last != nil && last.take(r) {
			continue
		}
		next := &epoch{runs: []Run{r}, begun: r.From, end: r.end()}
		if last != nil {
			next.before, next.ended = last.top(), last.end
			switch {
			case r.First == last.before+1 && last.before > 0: // two counts at a time
				next.doubt = last.ended
			case !r.From.After(last.end):
				next.doubt = r.From
			}
		}
		all, last = append(all, next), next
	}
	return all
}

// top is the highest number.
func (e *epoch) top() uint64 { return e.runs[len(e.runs)-1].Last }

// returns reports whether a run that lies ahead leaps over the number at which
// the epoch before ended: what is between may be missing, or the producer may
// have gone back to the count before.
func (e *epoch) returns(r *Run) bool {
	return e.before > 0 && e.top() < e.before && r.First > e.before
}

// take adds a run where its numbers and times fit those there.
func (e *epoch) take(r Run) bool {
	if e.returns(&r) {
		return false
	}
	i := len(e.runs)
	if r.First <= e.runs[i-1].Last { // not the next one, as nearly all are
		i = sort.Search(i, func(i int) bool { return e.runs[i].Last >= r.First })
	}
	j := i
	for j < len(e.runs) && e.runs[j].First <= r.Last {
		if !r.agrees(&e.runs[j]) {
			return false
		}
		j++
	}
	if i > 0 && !notAfter(e.runs[i-1].To, r.From) || j < len(e.runs) && !notAfter(r.To, e.runs[j].From) {
		return false
	}
	if i == j && j < len(e.runs) && e.runs[j].First-r.Last > reach {
		return false
	}
	e.end = later(e.end, r.end())
	if i == j {
		e.runs = slices.Insert(e.runs, i, r)
		return true
	}
	for _, o := range e.runs[i:j] {
		r.unite(o)
	}
	e.runs = slices.Replace(e.runs, i, j, r)
	return true
}

// joined gives the runs with those that follow each other at once united, as far
// as may says so.
func (e *epoch) joined(may func(a, b *Run) bool) []Run {
	var out []Run
	for _, r := range e.runs {
		if n := len(out); n > 0 && out[n-1].Last+1 == r.First && may(&out[n-1], &r) {
			out[n-1].unite(r)
			continue
		}
		out = append(out, r)
	}
	return out
}
