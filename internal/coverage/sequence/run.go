package sequence

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Key names a chain. An empty Host is that of a source of one producer.
type Key struct{ Source, Host, Chain string }

func (k Key) compare(o Key) int {
	return cmp.Or(strings.Compare(k.Source, o.Source), strings.Compare(k.Host, o.Host), strings.Compare(k.Chain, o.Chain))
}

// Run is a row of consecutive numbers, First to Last, all of which were seen.
type Run struct {
	Chain                Key
	First, Last          uint64
	From, To             time.Time // event times, UTC, of First and of Last
	FromRecord, ToRecord uint64    // records that hold First and Last
	Count                int64     // events with these numbers, repetitions included
	// Coarse is set where there was more than is kept: numbers between First and
	// Last were seen, which ones is not known. With an empty Key.Chain this is so of
	// chains that are not named.
	Coarse bool
}

// Limits of what a Builder keeps of one part, of what Merge keeps of one chain,
// and of how far apart in time and number a run may reach.
const (
	maxChains = 1 << 16
	maxPieces = 1 << 12
	maxRuns   = 10_000

	block    = 1024            // runs do not cross its multiples
	quiet    = time.Hour       // nor this time between two numbers
	blur     = time.Second     // by which times of one record differ, as told by two formats
	disorder = 5 * time.Second // by which later numbers may have earlier times
	reach    = 64              // and how far they may lie ahead
)

// end is the later of the times of a run's ends.
func (r *Run) end() time.Time { return later(r.From, r.To) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// same reports whether two times can be those of one record.
func same(a, b time.Time) bool { return a.Sub(b).Abs() < blur }

// compareRuns orders by chain, time and number, and the rest for determinism.
func compareRuns(a, b Run) int {
	return cmp.Or(a.Chain.compare(b.Chain), a.From.Compare(b.From), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last),
		a.To.Compare(b.To), cmp.Compare(a.FromRecord, b.FromRecord), cmp.Compare(a.ToRecord, b.ToRecord), cmp.Compare(a.Count, b.Count))
}

// Sort orders runs as Merge gets along with best; equal parts in any order give
// the same.
func Sort(runs []Run) { slices.SortFunc(runs, compareRuns) }

// notAfter reports whether a precedes b, but for what disorder allows.
func notAfter(a, b time.Time) bool { return !a.After(b.Add(disorder)) }

// agrees reports whether two runs that have numbers in common can be of the same
// epoch: the same number has the same time, and times grow with the numbers.
func (r *Run) agrees(o *Run) bool {
	if r.First > o.First || r.First == o.First && r.Last > o.Last {
		r, o = o, r
	}
	switch {
	case r.First == o.First && !same(r.From, o.From), r.Last == o.Last && !same(r.To, o.To):
		return false
	case r.Last == o.First && !same(r.To, o.From):
		return false
	case !notAfter(r.From, o.From) || !notAfter(o.From, r.To):
		return false
	case r.Last < o.Last:
		return notAfter(r.To, o.To)
	}
	return notAfter(o.To, r.To)
}

// unite takes in a run that has numbers in common or follows at once.
func (r *Run) unite(o Run) {
	switch {
	case o.First < r.First:
		r.First, r.From, r.FromRecord = o.First, o.From, o.FromRecord
	case o.First == r.First:
		r.From, r.FromRecord = earlier(r.From, o.From), min(r.FromRecord, o.FromRecord)
	}
	switch {
	case o.Last > r.Last:
		r.Last, r.To, r.ToRecord = o.Last, o.To, o.ToRecord
	case o.Last == r.Last:
		r.To, r.ToRecord = earlier(r.To, o.To), min(r.ToRecord, o.ToRecord)
	}
	r.Count += o.Count
}
