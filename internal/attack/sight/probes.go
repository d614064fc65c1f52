package sight

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// probes tell which of some logsources an event belongs to: for each there is a
// rule that holds of every event, so the answer is the one that rules get.
type probes struct {
	matcher  *sigma.Matcher
	source   map[string]sigma.Logsource // by the probe's id
	unrouted []sigma.Logsource
}

func newProbes(list []sigma.Logsource) *probes {
	slices.SortFunc(list, func(a, b sigma.Logsource) int { return cmp.Compare(a.String(), b.String()) })
	p := &probes{source: make(map[string]sigma.Logsource)}
	var rules []*sigma.Rule
	for i, l := range list {
		id := "probe-" + strconv.Itoa(i)
		// Text that the loader read is read again: this cannot fail, and a
		// logsource without a probe would merely be one without events.
		made, err := sigma.Parse(id, probe(id, l))
		if err == nil {
			rules = append(rules, made...)
			p.source[id] = l
		}
	}
	engine := sigma.Compile(rules)
	for _, r := range engine.Unrouted() {
		p.unrouted = append(p.unrouted, p.source[r.ID])
	}
	p.matcher = engine.NewMatcher()
	return p
}

// probe writes a rule that holds of every event of a logsource.
func probe(id string, l sigma.Logsource) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "title: probe\nid: %s\nlogsource: {", id)
	comma := ""
	for _, part := range [][2]string{{"product", l.Product}, {"category", l.Category}, {"service", l.Service}} {
		if part[1] != "" {
			fmt.Fprintf(&b, "%s%s: %q", comma, part[0], part[1])
			comma = ", "
		}
	}
	b.WriteString("}\ndetection:\n  probe: {konseki_probe|exists: false}\n  condition: probe\n")
	return []byte(b.String())
}

// count tells how many of some events belong to each logsource.
func (p *probes) count(evs []event.Event) map[sigma.Logsource]int {
	out := make(map[sigma.Logsource]int)
	var hits []sigma.Match
	for i := range evs {
		hits = p.matcher.Match(&evs[i], nil, hits[:0])
		for _, h := range hits {
			out[p.source[h.Rule.ID]]++
		}
	}
	return out
}
