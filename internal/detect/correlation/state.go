package correlation

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/sigma"
)

// A group is the matches of one correlation that share their group-by values.
type group struct {
	state state
	who   who       // what the matches have in common
	held  bool      // the condition held at the last match
	told  time.Time // when a finding was last made of it
}

// A sample is a match as a group takes it in.
type sample struct {
	at     time.Time
	record uint64
	more   []uint64 // see match
	nth    int      // of the correlation's inputs
	value  string   // of the condition's fields, joined by keyOf
}

// who is what matches of one group may have in common.
type who struct{ source, host, actor, address string }

func (w who) common(x who) who {
	keep := func(a, b string) string {
		if a == b {
			return a
		}
		return ""
	}
	return who{keep(w.source, x.source), keep(w.host, x.host), keep(w.actor, x.actor), keep(w.address, x.address)}
}

// A result is what a group holds when its condition holds.
type result struct {
	from    time.Time
	number  float64 // the count, sum, …
	records []uint64
	who     who
}

// A state is what a group remembers.
type state interface {
	// add takes a match in, and lets go of what is too old beside it.
	add(s *sample)
	// judge says whether the condition holds of what is remembered.
	judge() (result, bool)
	// size is how many matches are remembered.
	size() int
}

func newState(c *sigma.Correlation, stats *Stats) state {
	switch c.Type {
	case sigma.ValueCount:
		return &distinct{c: c, keep: enough(c), has: make(map[string]bool)}
	case sigma.ValueSum, sigma.ValueAvg, sigma.ValuePercentile:
		return &numbers{c: c, stats: stats}
	case sigma.Temporal:
		return &together{c: c, seen: make([]sample, len(c.Inputs))}
	case sigma.TemporalOrdered:
		return &ordered{c: c, chains: make([][]sample, len(c.Inputs))}
	}
	return &counter{c: c, keep: enough(c)}
}

// enough is how many matches have to be remembered to know whether the bounds
// hold: one more than the highest of them. Whatever stands before those cannot
// change the answer, so that leaving it out loses nothing.
func enough(c *sigma.Correlation) int {
	most := float64(finding.MaxRecords)
	for _, b := range c.Bounds {
		most = max(most, math.Ceil(b.Value)+1)
	}
	return int(min(most, 1<<20)) + 1
}

// holds reports whether all bounds hold of a number.
func holds(c *sigma.Correlation, n float64) bool {
	for _, b := range c.Bounds {
		if !b.Holds(n) {
			return false
		}
	}
	return true
}

// resultOf sums up samples, which are in order of time.
func resultOf(list []sample, n float64) result {
	r := result{number: n}
	if len(list) > 0 {
		r.from = list[0].at
	}
	for _, s := range list[max(0, len(list)-finding.MaxRecords):] {
		r.records = append(append(r.records, s.more...), s.record)
	}
	return r
}

// insert puts a sample in its place in time; most come last. It reports where.
func insert(list []sample, s *sample) ([]sample, int) {
	at := len(list)
	for at > 0 && s.at.Before(list[at-1].at) {
		at--
	}
	return slices.Insert(list, at, *s), at
}

// recent drops the samples that lie a timespan or more before the newest. Over
// whole windows nothing is too old.
func recent(c *sigma.Correlation, list []sample) []sample {
	if len(list) == 0 || whole(c) {
		return list
	}
	since := list[len(list)-1].at.Add(-c.Timespan)
	n := 0
	for n < len(list) && !list[n].at.After(since) {
		n++
	}
	return list[n:]
}

// counter counts matches.
type counter struct {
	c    *sigma.Correlation
	keep int
	list []sample
	more int // left out of list, within the window
}

func (n *counter) add(s *sample) {
	n.list, _ = insert(n.list, s)
	n.list = recent(n.c, n.list)
	if len(n.list) > n.keep {
		n.list = n.list[len(n.list)-n.keep:]
		n.more++
	}
}

func (n *counter) size() int { return len(n.list) }

func (n *counter) judge() (result, bool) {
	count := len(n.list)
	if whole(n.c) {
		count += n.more
	}
	if !holds(n.c, float64(count)) {
		return result{}, false
	}
	return resultOf(n.list, float64(count)), true
}

// distinct counts different values: the last match with each is kept.
type distinct struct {
	c    *sigma.Correlation
	keep int
	list []sample
	has  map[string]bool // values in list
}

func (d *distinct) add(s *sample) {
	if d.has[s.value] {
		i := slices.IndexFunc(d.list, func(x sample) bool { return x.value == s.value })
		if s.at.Before(d.list[i].at) {
			return
		}
		d.list = slices.Delete(d.list, i, i+1)
	}
	d.list, _ = insert(d.list, s)
	d.has[s.value] = true
	kept := recent(d.c, d.list)
	if len(kept) > d.keep {
		kept = kept[len(kept)-d.keep:]
	}
	for _, gone := range d.list[:len(d.list)-len(kept)] {
		delete(d.has, gone.value)
	}
	d.list = kept
}

func (d *distinct) size() int { return len(d.list) }

func (d *distinct) judge() (result, bool) {
	if !holds(d.c, float64(len(d.list))) {
		return result{}, false
	}
	return resultOf(d.list, float64(len(d.list))), true
}

// numbers sums, averages and ranks the values of a field. A value that is no
// number is left out and counted.
type numbers struct {
	c     *sigma.Correlation
	stats *Stats
	list  []sample
}

func (n *numbers) add(s *sample) {
	values := groupValues(s.value)
	if len(values) != 1 {
		return
	}
	if f, err := strconv.ParseFloat(values[0], 64); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		n.stats.Clipped++
		return
	}
	n.list, _ = insert(n.list, s)
	n.list = recent(n.c, n.list)
	if len(n.list) > maxNumbers {
		n.stats.Clipped++
		n.list = n.list[1:]
	}
}

func (n *numbers) size() int { return len(n.list) }

func (n *numbers) judge() (result, bool) {
	if len(n.list) == 0 {
		return result{}, false
	}
	values := make([]float64, len(n.list))
	sum := 0.0
	for i, s := range n.list {
		values[i], _ = strconv.ParseFloat(groupValues(s.value)[0], 64) // was parsed by add
		sum += values[i]
	}
	number := sum
	switch n.c.Type {
	case sigma.ValueAvg:
		number = sum / float64(len(values))
	case sigma.ValuePercentile:
		slices.Sort(values) // nearest rank
		rank := int(math.Ceil(n.c.Percentile / 100 * float64(len(values))))
		number = values[min(max(rank-1, 0), len(values)-1)]
	}
	if !holds(n.c, number) {
		return result{}, false
	}
	return resultOf(n.list, number), true
}
