package correlation

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// Limits of what an Engine remembers. What is forgotten beyond them is counted.
const (
	maxGroups  = 200_000   // over all correlations
	maxMatches = 2_000_000 // of all groups
	maxNumbers = 10_000    // values of one group that a sum, average or percentile is made of
)

// Stats count what an Engine did not do perfectly.
type Stats struct {
	Evicted uint64 // groups forgotten to bound memory
	Clipped uint64 // values left out of a sum, average or percentile
	Late    uint64 // matches that came after their window had been judged
}

// An Engine watches matches. It is used by one goroutine at a time.
type Engine struct {
	plan   *Plan
	stats  Stats
	groups *bounded.Table[groupKey, group]
	held   int      // matches that the groups hold
	due    []duty   // of the event at hand
	open   []window // per correlation: the whole window it is in
	raised *bounded.Table[string, struct{}]
	out    []finding.Finding
}

type groupKey struct {
	correlation int
	values      string // of group-by, each quoted
}

// A match is one match of an input on its way into correlations.
type match struct {
	at     time.Time
	record uint64
	more   []uint64 // what a correlation that is the input cites besides
	who    who
	values []*string
}

// A duty is a match that a correlation has to look at.
type duty struct {
	match
	use *use
}

// New returns an Engine that has seen nothing yet.
func New(p *Plan) *Engine {
	e := &Engine{plan: p, open: make([]window, len(p.list))}
	e.groups = bounded.NewTable[groupKey, group](maxGroups, &e.stats.Evicted)
	e.groups.OnForget(func(_ groupKey, g *group) { e.held -= g.state.size() })
	var repeated uint64
	e.raised = bounded.NewTable[string, struct{}](maxGroups, &repeated)
	return e
}

// Stats returns the counters.
func (e *Engine) Stats() Stats { return e.stats }

// Wants reports whether the event has a match that some correlation needs.
func (e *Engine) Wants(ev *event.Event) bool {
	for i := range ev.Notes {
		if strings.HasPrefix(ev.Notes[i].Name, notePrefix) {
			return true
		}
	}
	return false
}

// Observe takes the next event in event time.
func (e *Engine) Observe(ev *event.Event) {
	at := ev.Time.UTC()
	e.close(at)
	e.due = e.due[:0]
	for i := range ev.Notes {
		id, ok := strings.CutPrefix(ev.Notes[i].Name, notePrefix)
		if !ok {
			continue
		}
		x := e.plan.byID[id]
		if x == nil {
			continue
		}
		if values, ok := x.values(ev.Notes[i].Value); ok {
			m := match{at: at, record: ev.Record, values: values, who: who{ev.Source, ev.Host, ev.ActorUser, ev.SrcIP}}
			e.assign(m, x.uses)
		}
	}
	e.work()
}

// assign lists the correlations that have to look at a match.
func (e *Engine) assign(m match, uses []use) {
	for i := range uses {
		e.due = append(e.due, duty{m, &uses[i]})
	}
}

// work does what is due, inputs before those that use them. The last input of a
// correlation comes first: an event that matches two inputs of an ordered one is
// not two steps.
func (e *Engine) work() {
	slices.SortStableFunc(e.due, func(a, b duty) int {
		return cmp.Or(cmp.Compare(a.use.correlation, b.use.correlation), cmp.Compare(b.use.nth, a.use.nth))
	})
	for len(e.due) > 0 {
		d := e.due[0]
		e.due = e.due[1:]
		e.add(&d.match, d.use)
	}
}

// Advance says that event time has reached an instant.
func (e *Engine) Advance(now time.Time) { e.close(now.UTC()) }

// Take returns what was raised since it was last asked.
func (e *Engine) Take() []finding.Finding {
	out := e.out
	e.out = nil
	return out
}

func (e *Engine) add(m *match, u *use) {
	c := e.plan.list[u.correlation]
	key, ok := keyOf(m.values, u.group)
	if !ok {
		return // a match without a value to group by belongs to no group
	}
	s := sample{at: m.at, record: m.record, more: m.more, nth: u.nth}
	if s.value, ok = keyOf(m.values, u.fields); !ok {
		return
	}
	if whole(c) && !e.open[u.correlation].note(m.at, c.Timespan, key) {
		e.stats.Late++
		return
	}
	g, found := e.groups.Get(groupKey{u.correlation, key})
	if !found {
		g.state = newState(c, &e.stats)
	}
	size := g.state.size()
	g.state.add(&s)
	if g.state.size() == 1 {
		g.who = m.who // whatever was before is out of the window
	}
	g.who = g.who.common(m.who)
	e.held += g.state.size() - size
	if !whole(c) {
		e.judge(c, g, key, m.at)
	}
	for e.held > maxMatches {
		e.groups.Forget()
	}
}

// judge looks at a group after a match. A condition that begins to hold is a
// finding, and so is one that still holds on another day.
func (e *Engine) judge(c *sigma.Correlation, g *group, key string, at time.Time) {
	n, holds := g.state.holds()
	begins := holds && !g.held
	g.held = holds
	if !begins && (!holds || sameDay(g.told, at)) {
		return
	}
	g.told = at
	r := g.result(n)
	e.fire(c, groupValues(key), at, &r)
	if begins {
		e.handOn(c, groupValues(key), at, &r)
	}
}

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

// fire makes a finding, unless only other correlations ask for it.
func (e *Engine) fire(c *sigma.Correlation, values []string, at time.Time, r *result) {
	if c.Quiet {
		return
	}
	f := findingOf(c, values, at, r)
	if _, again := e.raised.Get(f.ID); !again {
		e.out = append(e.out, f)
	}
}

// handOn gives a result to the correlations that use it. They stand behind this
// one, so that it is their turn yet.
func (e *Engine) handOn(c *sigma.Correlation, values []string, at time.Time, r *result) {
	m := match{at: at, who: r.who, values: make([]*string, len(values))}
	if n := len(r.records); n > 0 {
		m.record, m.more = r.records[n-1], r.records[:n-1]
	}
	for i := range values {
		m.values[i] = &values[i]
	}
	e.assign(m, e.plan.uses[c])
}

// keyOf joins values unambiguously; ok is false when one is missing.
func keyOf(values []*string, places []int) (string, bool) {
	if len(places) == 1 && places[0] >= 0 && values[places[0]] != nil {
		return strconv.Itoa(len(*values[places[0]])) + ":" + *values[places[0]], true
	}
	var b strings.Builder
	for _, at := range places {
		if at < 0 || values[at] == nil {
			return "", false
		}
		b.WriteString(strconv.Itoa(len(*values[at])))
		b.WriteByte(':')
		b.WriteString(*values[at])
	}
	return b.String(), true
}

// groupValues is the inverse of keyOf.
func groupValues(key string) []string {
	var out []string
	for key != "" {
		n, rest, _ := strings.Cut(key, ":")
		size, err := strconv.Atoi(n)
		if err != nil || size > len(rest) {
			return out
		}
		out, key = append(out, rest[:size]), rest[size:]
	}
	return out
}
