package sigma

import (
	"bytes"
	"slices"
	"strings"
)

// A Reason is one value that made a rule hold, and the pattern it satisfied.
// Values are cut to the neighbourhood of the pattern and are hostile text.
type Reason struct {
	Field   string `json:"field"` // "keyword" for keywords
	Value   string `json:"value,omitzero"`
	Pattern string `json:"pattern"`
}

// Withheld stands for the value of a reason that must not be copied.
const Withheld = "[withheld]"

const (
	maxReasons = 8
	maxExcerpt = 256
)

// reasons explains why a rule holds of the event at hand.
func (m *Matcher) reasons(rule uint32) []Reason {
	m.because = m.explain(m.engine.roots[rule], m.because[:0])
	out := slices.Clone(m.because)
	clear(m.because) // let go of the event's strings
	if m.engine.rules[rule].Secret {
		for i := range out {
			out[i].Value = Withheld
		}
	}
	return out
}

// explain appends the reasons of a node that holds: all of an AND, the first
// of an OR. What does not hold is no reason.
func (m *Matcher) explain(at uint32, out []Reason) []Reason {
	if len(out) == maxReasons {
		return out
	}
	n := &m.engine.nodes[at]
	switch n.kind {
	case exprPredicate:
		return append(out, m.reason(&m.group.preds[n.first]))
	case exprNot:
		return out
	}
	for _, k := range m.engine.kids[n.first : n.first+n.count] {
		if n.kind == exprAnd {
			out = m.explain(k, out)
			continue
		}
		if m.eval(k) {
			return m.explain(k, out)
		}
	}
	return out
}

func (m *Matcher) reason(p *compiledPredicate) Reason {
	r := Reason{Field: p.field, Pattern: p.shown}
	if p.field == keywordField {
		r.Field = "keyword"
	}
	at := m.first(p.id)
	if at == none || m.values[at].next != none {
		at = m.witness(p) // which of them it is
	}
	if at >= 0 {
		r.Value = m.excerpt(p, at)
	}
	return r
}

// excerpt gives a value, or of a long one the part around the pattern.
func (m *Matcher) excerpt(p *compiledPredicate, at int32) string {
	s, v := m.folded(at), &m.values[at]
	text := v.text
	lo, hi := 0, len(v.text)
	if v.raw != nil {
		hi = len(v.raw)
	}
	if hi > maxExcerpt {
		for _, t := range indexTexts(p.predicate) {
			// Folding may change lengths, hardly ever by much.
			if i := bytes.Index(s, []byte(t)); i >= 0 {
				lo = max(0, min(i, hi)-maxExcerpt/4)
				break
			}
		}
		hi = min(hi, lo+maxExcerpt)
	}
	if v.raw != nil {
		return strings.ToValidUTF8(string(v.raw[lo:hi]), "")
	}
	return strings.ToValidUTF8(text[lo:hi], "")
}
