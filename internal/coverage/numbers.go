package coverage

import (
	"cmp"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
)

// OfSequences turns what producers' own numbers tell into attestations. A gap is
// one wherever it is. A host is whole only where every one of its events has a
// number and no chain of it that was being counted has a gap: what is not
// numbered could be missing unseen.
func OfSequences(chains []sequence.Chain, seen []Presence) []event.Attestation {
	type host struct{ source, name string }
	events := map[host]int64{}
	for _, p := range seen {
		events[host{p.Source, p.Host}] += p.Events
		if p.Host != "" { // what is said of no host is said of the source whole
			events[host{p.Source, ""}] += p.Events
		}
	}
	byHost := map[host][]*sequence.Chain{}
	numbered := map[host]int64{}
	for i := range chains {
		c := &chains[i]
		h := host{c.Source, c.Host}
		byHost[h] = append(byHost[h], c)
		if len(c.Sessions) == 0 {
			numbered[h] += c.Seen
		}
	}
	var out []event.Attestation
	for h, list := range byHost {
		for _, c := range list {
			out = append(out, gapsOf(h.source, h.name, c)...)
		}
		if numbered[h] < events[h] || events[h] == 0 {
			continue
		}
		for _, s := range meet(list) {
			out = append(out, event.Attestation{Source: h.source, Host: h.name, From: s.from, To: s.to, Proof: event.ProofSequence})
		}
	}
	slices.SortFunc(out, func(a, b event.Attestation) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Host, b.Host), a.From.Compare(b.From), a.To.Compare(b.To), cmp.Compare(a.Missing, b.Missing))
	})
	return out
}

// gapsOf tells the gaps of one chain. One that begins nobody knows when is put
// to the second before it ended.
func gapsOf(source, host string, c *sequence.Chain) []event.Attestation {
	var out []event.Attestation
	for _, g := range c.Gaps() {
		from, to := g.After.Add(1), g.Before
		if g.After.IsZero() {
			from = to.Add(-time.Second)
		}
		if !from.Before(to) { // the records beside it have one time, or are out of order
			from, to = to, to.Add(1)
		}
		n := int64(min(g.Missing, 1<<62))
		out = append(out, event.Attestation{Source: source, Host: host, From: from, To: to, Proof: event.ProofSequence, Missing: n, Reason: chainReason(g.Chain, n)})
	}
	return out
}

func chainReason(chain string, n int64) event.Phrase {
	p := missingWords(n)
	return event.Phrase{JA: p.JA + "（" + chain + "）", EN: p.EN + " (" + chain + ")"}
}

// meet gives the spans in which every chain that was being counted is whole.
func meet(chains []*sequence.Chain) []span {
	type edge struct {
		at           time.Time
		active, good int
	}
	var edges []edge
	for _, c := range chains {
		var first, last time.Time
		reach := func(from, to time.Time) {
			if first.IsZero() || from.Before(first) {
				first = from
			}
			last = later(last, to)
		}
		for _, w := range c.Whole() {
			edges = append(edges, edge{w.From, 0, 1}, edge{w.To.Add(1), 0, -1})
			reach(w.From, w.To.Add(1))
		}
		for _, g := range c.Gaps() {
			reach(g.Before, g.Before)
		}
		for _, d := range c.Doubt {
			reach(d.From, d.To)
		}
		if !first.IsZero() {
			edges = append(edges, edge{first, 1, 0}, edge{last, -1, 0})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return a.at.Compare(b.at) })
	var out []span
	active, good := 0, 0
	for i, e := range edges {
		active, good = active+e.active, good+e.good
		if i+1 == len(edges) || !edges[i+1].at.After(e.at) || active <= 0 || good < active {
			continue
		}
		if n := len(out); n > 0 && out[n-1].to.Equal(e.at) {
			out[n-1].to = edges[i+1].at
			continue
		}
		out = append(out, span{e.at, edges[i+1].at})
	}
	return out
}
