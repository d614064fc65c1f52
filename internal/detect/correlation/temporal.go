package correlation

import (
	"slices"

	"github.com/konseki/konseki/internal/sigma"
)

// together waits for matches of several inputs within the timespan, in any
// order. It remembers the last match of each.
type together struct {
	c    *sigma.Correlation
	seen []sample // by input; the time is zero where there was none
}

func (t *together) add(s *sample) {
	if old := &t.seen[s.nth]; old.at.IsZero() || !s.at.Before(old.at) {
		*old = *s
	}
	newest := s.at
	for i := range t.seen {
		if t.seen[i].at.After(newest) {
			newest = t.seen[i].at
		}
	}
	since := newest.Add(-t.c.Timespan)
	for i := range t.seen {
		if !t.seen[i].at.After(since) {
			t.seen[i] = sample{}
		}
	}
}

func (t *together) size() int {
	n := 0
	for i := range t.seen {
		if !t.seen[i].at.IsZero() {
			n++
		}
	}
	return n
}

func (t *together) holds() (float64, bool) {
	n := t.size()
	return float64(n), (len(t.c.Bounds) > 0 || n == len(t.c.Inputs)) && within(t.c, float64(n))
}

func (t *together) cited() []sample {
	var list []sample
	for i := range t.seen {
		if !t.seen[i].at.IsZero() {
			list = insert(list, &t.seen[i])
		}
	}
	return list
}

// ordered waits for matches of all inputs one after the other within the
// timespan. For each input it remembers the chain up to it that began last:
// no other chain can be completed later than that one.
type ordered struct {
	c      *sigma.Correlation
	chains [][]sample // by input: the matches of the chain that ends with it
	done   []sample   // a chain that the last match completed
}

func (o *ordered) add(s *sample) {
	o.done = nil
	since := s.at.Add(-o.c.Timespan)
	for i, c := range o.chains {
		if len(c) > 0 && !c[0].at.After(since) {
			o.chains[i] = nil
		}
	}
	if s.nth == 0 {
		o.extend(0, nil, s)
		return
	}
	before := o.chains[s.nth-1]
	if len(before) > 0 && !s.at.Before(before[len(before)-1].at) {
		o.extend(s.nth, before, s)
	}
}

func (o *ordered) extend(nth int, before []sample, s *sample) {
	chain := append(slices.Clone(before), *s)
	if old := o.chains[nth]; len(old) == 0 || !chain[0].at.Before(old[0].at) {
		o.chains[nth] = chain
	}
	if nth == len(o.chains)-1 {
		o.done = chain
	}
}

func (o *ordered) size() int {
	n := 0
	for _, c := range o.chains {
		n += len(c)
	}
	return n
}

func (o *ordered) holds() (float64, bool) { return float64(len(o.done)), o.done != nil }

func (o *ordered) cited() []sample { return o.done }
