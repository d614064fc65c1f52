package sequence

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fold puts the sessions of one source and host together: whole ones are only
// counted, per hour of their last record; what is missing in others stays.
func fold(sessions []Chain, runs []Run) Chain {
	out := Chain{Key: sessions[0].Key}
	out.Chain = sessionFamily
	hours := map[int64]*Sessions{}
	for i := range sessions {
		c := &sessions[i]
		n := 0
		for n < len(runs) && runs[n].Chain == c.Key {
			n++
		}
		mine := runs[:n]
		runs = runs[n:]
		out.Seen, out.Restarts, out.Dropped = out.Seen+c.Seen, out.Restarts+c.Restarts, out.Dropped+c.Dropped
		out.Doubt = append(out.Doubt, c.Doubt...)
		first := lowest(mine)
		if g, late := began(c.Chain, first); late {
			c.gaps = slices.Insert(c.gaps, 0, g)
		}
		for _, g := range c.gaps {
			out.Missing = add(out.Missing, g.Missing)
		}
		out.gaps = append(out.gaps, c.gaps...)
		if len(c.gaps) == 0 && c.Restarts == 0 && len(c.Doubt) == 0 {
			count(hours, first.From, mine)
		}
	}
	for _, h := range hours {
		out.Sessions = append(out.Sessions, *h)
	}
	slices.SortFunc(out.Sessions, func(a, b Sessions) int { return a.Hour.Compare(b.Hour) })
	slices.SortStableFunc(out.gaps, func(a, b Gap) int {
		return cmp.Or(a.Before.Compare(b.Before), strings.Compare(a.Chain, b.Chain), cmp.Compare(a.Last, b.Last))
	})
	out.Doubt = union(out.Doubt)
	return out
}

// count adds a whole session to its hour.
func count(hours map[int64]*Sessions, first time.Time, runs []Run) {
	last, top := first, uint64(0)
	for i := range runs {
		last, top = later(last, runs[i].end()), max(top, runs[i].Last)
	}
	at := last.Truncate(time.Hour)
	h := hours[at.Unix()]
	if h == nil {
		h = &Sessions{Hour: at, First: first, Last: last}
		hours[at.Unix()] = h
	}
	h.Count++
	h.Numbers = add(h.Numbers, top)
	if first.Before(h.First) {
		h.First = first
	}
	h.Last = later(h.Last, last)
}

// lowest is the run with the lowest number.
func lowest(runs []Run) Run {
	return slices.MinFunc(runs, func(a, b Run) int {
		return cmp.Or(cmp.Compare(a.First, b.First), compareRuns(a, b))
	})
}

// began is the gap between the begin of a session and its first run, if there is
// one. PostgreSQL names sessions after their begin, in hexadecimal seconds, and
// their process: "6b025bad.cb8".
func began(chain string, first Run) (Gap, bool) {
	if first.First <= 1 || first.Coarse {
		return Gap{}, false
	}
	g := Gap{Chain: chain, Before: first.From, Missing: first.First - 1, Next: first.First, BeforeRecord: first.FromRecord}
	_, id, _ := strings.Cut(chain, ":")
	begin, _, _ := strings.Cut(id, ".")
	if s, err := strconv.ParseInt(begin, 16, 64); err == nil && s > 0 && s < 1<<36 {
		if at := time.Unix(s, 0).UTC(); !at.After(first.From) {
			g.After = at
		}
	}
	return g, true
}
