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
	number float64  // the same as a number, of numbers
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

// result sums the group up.
func (g *group) result(n float64) result {
	list := g.state.cited()
	r := result{number: n, who: g.who}
	if len(list) > 0 {
		r.from = list[0].at
	}
	for _, s := range list[max(0, len(list)-finding.MaxRecords):] {
		r.records = append(append(r.records, s.more...), s.record)
	}
	return r
}

// A state is what a group remembers.
type state interface {
	// add takes a match in, and lets go of what is too old beside it.
	add(s *sample)
	// holds says whether the condition holds of what is remembered, and the
	// number it is asked of.
	holds() (float64, bool)
	// cited gives what makes it hold, in order of time.
	cited() []sample
	// size is how many matches are remembered.
	size() int
}

func newState(c *sigma.Correlation, stats *Stats) state {
	switch c.Type {
	case sigma.ValueCount:
		return &distinct{c: c, keep: enough(c), at: make(map[string]*link)}
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

// within reports whether all bounds hold of a number.
func within(c *sigma.Correlation, n float64) bool {
	for _, b := range c.Bounds {
		if !b.Holds(n) {
			return false
		}
	}
	return true
}

// insert puts a sample in its place in time; most come last.
func insert(list []sample, s *sample) []sample {
	at := len(list)
	for at > 0 && s.at.Before(list[at-1].at) {
		at--
	}
	return slices.Insert(list, at, *s)
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
	n.list = insert(n.list, s)
	n.list = recent(n.c, n.list)
	if len(n.list) > n.keep {
		n.list = n.list[len(n.list)-n.keep:]
		n.more++
	}
}

func (n *counter) size() int { return len(n.list) }

func (n *counter) holds() (float64, bool) {
	count := float64(len(n.list))
	if whole(n.c) {
		count += float64(n.more)
	}
	return count, within(n.c, count)
}

func (n *counter) cited() []sample { return n.list }

// distinct counts different values. The last match with each is kept, in a list
// in order of time.
type distinct struct {
	c            *sigma.Correlation
	keep         int
	oldest, last *link
	at           map[string]*link
}

type link struct {
	sample
	before, after *link
}

func (d *distinct) add(s *sample) {
	l := d.at[s.value]
	switch {
	case l == nil:
		l = &link{}
		d.at[s.value] = l
	case s.at.Before(l.at):
		return
	default:
		d.cut(l)
	}
	l.sample = *s
	d.put(l)
	since := d.last.at.Add(-d.c.Timespan)
	for len(d.at) > d.keep || !whole(d.c) && !d.oldest.at.After(since) {
		gone := d.oldest
		d.cut(gone)
		delete(d.at, gone.value)
	}
}

// put puts a link in its place in time; most come last.
func (d *distinct) put(l *link) {
	before := d.last
	for before != nil && l.at.Before(before.at) {
		before = before.before
	}
	l.before = before
	if before == nil {
		l.after, d.oldest = d.oldest, l
	} else {
		l.after, before.after = before.after, l
	}
	if l.after == nil {
		d.last = l
	} else {
		l.after.before = l
	}
}

func (d *distinct) cut(l *link) {
	if l.before == nil {
		d.oldest = l.after
	} else {
		l.before.after = l.after
	}
	if l.after == nil {
		d.last = l.before
	} else {
		l.after.before = l.before
	}
}

func (d *distinct) size() int { return len(d.at) }

func (d *distinct) holds() (float64, bool) {
	n := float64(len(d.at))
	return n, within(d.c, n)
}

func (d *distinct) cited() []sample {
	var list []sample
	for l := d.oldest; l != nil; l = l.after {
		list = append(list, l.sample)
	}
	return list
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
	f, err := strconv.ParseFloat(values[0], 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		n.stats.Clipped++
		return
	}
	s.number = f
	n.list = insert(n.list, s)
	n.list = recent(n.c, n.list)
	if len(n.list) > maxNumbers {
		n.stats.Clipped++
		n.list = n.list[1:]
	}
}

func (n *numbers) size() int { return len(n.list) }

func (n *numbers) holds() (float64, bool) {
	if len(n.list) == 0 {
		return 0, false
	}
	number := n.number()
	return number, within(n.c, number)
}

func (n *numbers) number() float64 {
	if n.c.Type == sigma.ValuePercentile {
		return n.percentile()
	}
	sum := 0.0
	for i := range n.list {
		sum += n.list[i].number
	}
	if n.c.Type == sigma.ValueAvg {
		return sum / float64(len(n.list))
	}
	return sum
}

// percentile takes the nearest rank.
func (n *numbers) percentile() float64 {
	values := make([]float64, len(n.list))
	for i := range n.list {
		values[i] = n.list[i].number
	}
	slices.Sort(values)
	rank := int(math.Ceil(n.c.Percentile / 100 * float64(len(values))))
	return values[min(max(rank-1, 0), len(values)-1)]
}

func (n *numbers) cited() []sample { return n.list }
