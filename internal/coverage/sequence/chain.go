package sequence

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Chain is what is known of one count over all parts.
type Chain struct {
	Key
	Seen     int64  // events with a number of the chain, repetitions included
	Missing  uint64 // numbers of all gaps
	Restarts int    // how often the producer began to count anew
	// Doubt lists, by time, where numbers and times contradict each other or more was
	// seen than is kept. Nothing is said of them.
	Doubt []Interval
	// Dropped counts the runs that were given up to keep the lists short: they lie
	// in what is now one longer gap.
	Dropped int
	// Sessions counts, for chains that are many and short, those that are whole, per
	// hour of their end. Such chains are put together under the part of their name
	// before the colon; they have no Whole, for nobody numbers the sessions.
	Sessions []Sessions

	whole []Interval
	gaps  []Gap
}

// Interval is a time in which every record of a chain is here: [From,To), both
// times of records.
type Interval struct {
	From, To             time.Time
	First, Last          uint64 // the numbers at its ends; Last is less after a wrap
	FromRecord, ToRecord uint64
}

// Gap is a place at which records are not here, whatever the reason: between the
// record with number Last at the time After and the one with number Next at the
// time Before. At the begin of a session Last and AfterRecord are 0, and After is
// the begin that its name states or zero.
type Gap struct {
	Chain                     string // as in the events
	After, Before             time.Time
	Missing                   uint64
	Last, Next                uint64
	AfterRecord, BeforeRecord uint64
}

// Sessions counts short chains that begin with 1 and of which nothing is missing
// up to the last number seen. That one may not have been the last.
type Sessions struct {
	Hour        time.Time // UTC
	Count       int64     // of sessions
	Numbers     uint64    // in all of them
	First, Last time.Time // the earliest and the latest record
}

// Whole lists the intervals proven whole, by epoch and number, which is by time
// unless a clock was set back. Those without length are left out.
func (c *Chain) Whole() []Interval { return c.whole }

// Gaps lists where numbers are missing, in the same order.
func (c *Chain) Gaps() []Gap { return c.gaps }

// Merge puts the runs of all parts together, in any order, and gives the chains
// ordered by source, host and chain. It sorts the parts' elements in a copy.
func Merge(parts ...[]Run) []Chain {
	runs := slices.Concat(parts...)
	Sort(runs)
	var everywhere []Interval
	var out []Chain
	for len(runs) > 0 {
		key, n := runs[0].Chain, 0
		for n < len(runs) && sameFamily(runs[n].Chain, key) {
			n++
		}
		if key.Chain == "" {
			for _, r := range runs[:n] {
				everywhere = append(everywhere, interval(r))
			}
		} else {
			out = append(out, family(runs[:n])...)
		}
		runs = runs[n:]
	}
	for i := range out {
		out[i].strike(everywhere)
	}
	return out
}

// familyOf is the part of a chain's name that it shares with its like, for
// chains that have to be looked at together.
func familyOf(chain string) string {
	name, _, found := strings.Cut(chain, ":")
	if found && (name == sessionFamily || name == syslogFamily) {
		return name
	}
	return chain
}

const (
	sessionFamily = "pgsession"
	syslogFamily  = "rfc5424"
)

func sameFamily(a, b Key) bool {
	return a.Source == b.Source && a.Host == b.Host && familyOf(a.Chain) == familyOf(b.Chain)
}

// family makes the chains of the runs of one family.
func family(runs []Run) []Chain {
	var chains []Chain
	for rest := runs; len(rest) > 0; {
		n := 0
		for n < len(rest) && rest[n].Chain == rest[0].Chain {
			n++
		}
		chains = append(chains, chainOf(rest[:n]))
		rest = rest[n:]
	}
	switch familyOf(chains[0].Chain) {
	case sessionFamily:
		return []Chain{fold(chains, runs)}
	case syslogFamily:
		return shared(chains, runs)
	}
	return chains
}

// shared decides whether the programs of a host share one count. RFC 5424 §7.3.1
// leaves it open what an originator is: with some daemons it is the host, with
// some libraries the program. A count that is shared begins anew no more often
// than each program sees, and the numbers that one program lacks are those of
// the others; counts of their own contradict each other when they are mixed.
func shared(chains []Chain, runs []Run) []Chain {
	if len(chains) == 1 {
		return chains
	}
	mixed := slices.Clone(runs)
	for i := range mixed {
		mixed[i].Chain.Chain = syslogFamily
	}
	Sort(mixed)
	all := chainOf(mixed)
	restarts, missing := 0, uint64(0)
	for _, c := range chains {
		restarts, missing = max(restarts, c.Restarts), add(missing, c.Missing)
	}
	if all.Restarts > restarts || all.Missing > missing || len(all.Doubt) > 0 {
		return chains
	}
	return []Chain{all}
}

// add is a sum that stays at the highest number when it would overflow.
func add(a, b uint64) uint64 {
	if a+b < a {
		return math.MaxUint64
	}
	return a + b
}

// stretch is a run with what is missing before it. A linked one belongs to the
// same count as the one before.
type stretch struct {
	Run
	missing uint64
	linked  bool
}

// chainOf makes the chain of ordered runs of one key.
func chainOf(runs []Run) Chain {
	c := Chain{Key: runs[0].Chain}
	exact := make([]Run, 0, len(runs))
	for _, r := range runs {
		c.Seen += r.Count
		if r.Coarse {
			c.Doubt = append(c.Doubt, interval(r))
		} else {
			exact = append(exact, r)
		}
	}
	stretches := c.stretches(epochs(exact))
	stretches, c.Dropped = shorten(stretches)
	c.tell(stretches)
	c.strike(c.Doubt)
	c.Doubt = union(c.Doubt)
	return c
}

// stretches lines up the runs of the epochs.
func (c *Chain) stretches(all []*epoch) []stretch {
	var out []stretch
	for i, e := range all {
		for j, r := range e.joined(func(_, _ *Run) bool { return true }) {
			s := stretch{Run: r, linked: j > 0}
			switch {
			case j > 0:
				s.missing = r.First - out[len(out)-1].Last - 1
			case i > 0 && !e.doubt.IsZero():
				c.Restarts++
				c.Doubt = append(c.Doubt, Interval{From: e.doubt, To: later(e.begun, all[i-1].end)})
			case i > 0:
				if s.missing, s.linked = wrapped(c.Chain, out[len(out)-1].Last, r.First); !s.linked {
					c.Restarts++
				}
			}
			out = append(out, s)
		}
	}
	return out
}

// nearWrap is how far from the ends of a count what is missing may be for its
// return to be a wrap.
const nearWrap = 1 << 16

// wrapped tells how many numbers are missing between last and first where the
// count went over its highest number between them: RFC 5424's ends at 2147483647
// and begins at 1, the serial of the Linux audit has 32 bits.
func wrapped(chain string, last, first uint64) (missing uint64, ok bool) {
	low, high := uint64(0), uint64(0)
	switch name, _, _ := strings.Cut(chain, ":"); name {
	case syslogFamily:
		low, high = 1, math.MaxInt32
	case "audit":
		low, high = 0, math.MaxUint32
	}
	if high == 0 || last > high || first < low || high-last > nearWrap || first-low > nearWrap {
		return 0, false
	}
	return high - last + first - low, true
}

// shorten gives up the shortest runs between two gaps when there are too many,
// so that the gaps become one.
func shorten(all []stretch) (kept []stretch, dropped int) {
	if len(all) <= maxRuns {
		return all, 0
	}
	var inner []int
	for i := range all[:len(all)-1] {
		if all[i].linked && all[i].missing > 0 && all[i+1].linked && all[i+1].missing > 0 {
			inner = append(inner, i)
		}
	}
	length := func(i int) time.Duration { return all[i].To.Sub(all[i].From) }
	slices.SortFunc(inner, func(a, b int) int { return cmp.Or(cmp.Compare(length(a), length(b)), cmp.Compare(a, b)) })
	gone := map[int]bool{}
	for _, i := range inner[:min(len(inner), len(all)-maxRuns)] {
		gone[i] = true
	}
	missing := uint64(0)
	for i, s := range all {
		if gone[i] {
			missing = add(missing, s.missing)
			continue
		}
		s.missing, missing = add(s.missing, missing), 0
		kept = append(kept, s)
	}
	return kept, len(gone)
}

// tell derives intervals and gaps.
func (c *Chain) tell(all []stretch) {
	for i, s := range all {
		if s.linked && s.missing > 0 {
			before := all[i-1]
			c.Missing = add(c.Missing, s.missing)
			c.gaps = append(c.gaps, Gap{c.Chain, before.To, s.From, s.missing, before.Last, s.First, before.ToRecord, s.FromRecord})
		}
		n := len(c.whole) - 1
		if s.linked && s.missing == 0 {
			c.whole[n].To, c.whole[n].Last, c.whole[n].ToRecord = s.To, s.Last, s.ToRecord
			continue
		}
		c.whole = append(c.whole, interval(s.Run))
	}
	c.whole = slices.DeleteFunc(c.whole, func(w Interval) bool { return !w.From.Before(w.To) })
}

func interval(r Run) Interval {
	return Interval{r.From, r.To, r.First, r.Last, r.FromRecord, r.ToRecord}
}

// strike takes back what lies in times of doubt, the ends included.
func (c *Chain) strike(doubt []Interval) {
	if len(doubt) == 0 {
		return
	}
	doubtful := func(from, to time.Time) bool {
		return slices.ContainsFunc(doubt, func(d Interval) bool { return !from.After(d.To) && !to.Before(d.From) })
	}
	c.whole = slices.DeleteFunc(c.whole, func(w Interval) bool { return doubtful(w.From, w.To) })
	c.gaps = slices.DeleteFunc(c.gaps, func(g Gap) bool { return doubtful(g.After, g.Before) })
	c.Missing = 0
	for _, g := range c.gaps {
		c.Missing = add(c.Missing, g.Missing)
	}
}

// union makes one of doubts that touch.
func union(doubt []Interval) []Interval {
	slices.SortFunc(doubt, func(a, b Interval) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	var out []Interval
	for _, d := range doubt {
		if n := len(out) - 1; n >= 0 && !d.From.After(out[n].To) {
			out[n].To = later(out[n].To, d.To)
			continue
		}
		out = append(out, Interval{From: d.From, To: d.To})
	}
	return out
}
