package coverage

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// proofs is what is attested of one source whole, or of one of its hosts.
type proofs struct {
	whole []proven // by strength, then time; those of one kind neither touch nor overlap
	holes []hole   // by time, none overlapping the next
}

// proven is a span of which all records are here, and how that is known.
type proven struct {
	span
	proof event.Proof
}

// hole is a span in which records are known to be missing.
type hole struct {
	span
	missing int64 // -1 for an unknown number
	proof   event.Proof
	reason  event.Phrase
}

// attested sorts attestations by source and host and joins those that touch.
func attested(list []event.Attestation) map[string]map[string]*proofs {
	out := map[string]map[string]*proofs{}
	for _, a := range list {
		if !a.From.Before(a.To) {
			continue
		}
		hosts := out[a.Source]
		if hosts == nil {
			hosts = map[string]*proofs{}
			out[a.Source] = hosts
		}
		p := hosts[a.Host]
		if p == nil {
			p = &proofs{}
			hosts[a.Host] = p
		}
		if a.Missing == 0 {
			p.whole = append(p.whole, proven{span{a.From, a.To}, a.Proof})
		} else {
			p.holes = append(p.holes, hole{span{a.From, a.To}, a.Missing, a.Proof, a.Reason})
		}
	}
	for _, hosts := range out {
		for _, p := range hosts {
			p.join(0)
		}
	}
	return out
}

// join puts what touches together, and what is whole by the same proof with a
// break of at most slack between.
func (p *proofs) join(slack time.Duration) {
	slices.SortFunc(p.whole, func(a, b proven) int {
		return cmp.Or(cmp.Compare(strength(a.proof), strength(b.proof)), a.from.Compare(b.from), a.to.Compare(b.to))
	})
	var whole []proven
	for _, w := range p.whole {
		if n := len(whole); n > 0 && whole[n-1].proof == w.proof && !w.from.After(whole[n-1].to.Add(slack)) {
			whole[n-1].to = later(whole[n-1].to, w.to)
			continue
		}
		whole = append(whole, w)
	}
	p.whole = whole
	p.holes = joinHoles(p.holes)
}

// joinHoles puts holes together that overlap or lie in the same hour, so that a
// day of them is few intervals.
func joinHoles(list []hole) []hole {
	slices.SortFunc(list, func(a, b hole) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	var out []hole
	for _, h := range list {
		n := len(out)
		if n == 0 || h.from.After(out[n-1].to) && !h.to.Truncate(time.Hour).Equal(out[n-1].from.Truncate(time.Hour)) {
			out = append(out, h)
			continue
		}
		last := &out[n-1]
		last.to = later(last.to, h.to)
		last.missing = addMissing(last.missing, h.missing)
		if last.reason != h.reason {
			last.reason = event.Phrase{} // the count says it
		}
		if strength(h.proof) < strength(last.proof) {
			last.proof, last.reason = h.proof, h.reason
		}
	}
	return out
}

func addMissing(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// strength orders proofs, the strongest first.
func strength(p event.Proof) int {
	i := slices.Index(event.Proofs(), p)
	if i < 0 {
		return len(event.Proofs())
	}
	return i
}

// at tells the strongest proof that the records of an instant are whole.
func (p *proofs) at(t time.Time) (event.Proof, bool) {
	if p == nil {
		return "", false
	}
	for _, w := range p.whole {
		if !t.Before(w.from) && t.Before(w.to) {
			return w.proof, true
		}
	}
	return "", false
}

// holeAt finds the hole that an instant lies in.
func (p *proofs) holeAt(t time.Time) (hole, bool) {
	if p == nil {
		return hole{}, false
	}
	i, _ := slices.BinarySearchFunc(p.holes, t, func(h hole, t time.Time) int {
		if h.to.After(t) {
			return 1
		}
		return -1
	})
	if i < len(p.holes) && !t.Before(p.holes[i].from) {
		return p.holes[i], true
	}
	return hole{}, false
}

// edges are the instants at which something changes.
func (p *proofs) edges(add func(time.Time)) {
	if p == nil {
		return
	}
	for _, w := range p.whole {
		add(w.from)
		add(w.to)
	}
	for _, h := range p.holes {
		add(h.from)
		add(h.to)
	}
}

// ofHosts is what the proofs of a source's hosts say of the source: it is whole
// while every host that was sending is, by the weakest of their proofs, and has
// a hole where one of them has.
func ofHosts(t *track, hosts map[string]*proofs) *proofs {
	out := &proofs{}
	type edge struct {
		at           time.Time
		active, good int
	}
	var edges []edge
	weakest := event.Proof("")
	for name, h := range t.hosts {
		edges = append(edges, edge{h.first, 1, 0}, edge{h.last.Add(1), -1, 0})
		p := hosts[name]
		if p == nil {
			continue
		}
		for _, w := range strongest(p.whole) {
			edges = append(edges, edge{w.from, 0, 1}, edge{w.to, 0, -1})
			if weakest == "" || strength(w.proof) > strength(weakest) {
				weakest = w.proof
			}
		}
		for _, x := range p.holes {
			x.reason = ofHost(name, x)
			out.holes = append(out.holes, x)
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return a.at.Compare(b.at) })
	active, good := 0, 0
	for i, e := range edges {
		active, good = active+e.active, good+e.good
		if i+1 < len(edges) && edges[i+1].at.After(e.at) && active > 0 && good >= active {
			out.whole = append(out.whole, proven{span{e.at, edges[i+1].at}, weakest})
		}
	}
	out.join(0)
	return out
}

// strongest flattens what is whole, by whatever proof, into spans that do not
// overlap, so that each counts once; a span has its strongest proof.
func strongest(list []proven) []proven {
	byTime := slices.Clone(list)
	slices.SortStableFunc(byTime, func(a, b proven) int { return a.from.Compare(b.from) })
	var out []proven
	for _, w := range byTime {
		if n := len(out); n > 0 && w.from.Before(out[n-1].to) {
			if !w.to.After(out[n-1].to) {
				continue
			}
			w.from = out[n-1].to
		}
		out = append(out, w)
	}
	return out
}

func ofHost(name string, h hole) event.Phrase {
	if h.reason.Empty() {
		h.reason = missingWords(h.missing)
	}
	if name == "" {
		return h.reason
	}
	return event.Phrase{JA: name + "：" + h.reason.JA, EN: name + ": " + h.reason.EN}
}

// missingWords says how many records are missing.
func missingWords(n int64) event.Phrase {
	if n < 0 {
		return event.Phrase{JA: "欠けている（件数不明）", EN: "records are missing, nobody knows how many"}
	}
	return event.Phrase{JA: fmt.Sprintf("番号から %d 件が欠けている", n), EN: event.Many(n, "1 record is missing by the numbers", "%d records are missing by their numbers")}
}
