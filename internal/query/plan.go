// Package query parses the search language into a plan.
//
// A query is a sequence of terms joined by AND (also implied), OR, NOT (also a
// leading "-") and parentheses. A term is field:value or a free word, which is
// searched in the raw text. Values may be quoted, hold the wildcards * and ?,
// compare (>10, >=10, <10, <=10, 10..20), name a network (192.0.2.0/24) or ask
// for presence (*). Letters match whatever their case. Full-width space, colon
// and parentheses are taken for their ASCII forms.
package query

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plan is a parsed query.
type Plan struct {
	// Root decides; an And without nodes selects everything.
	Root Node
	// From and To are the bounds that the top-level conjunction puts on the
	// event time, [From,To); zero is open.
	From, To time.Time
	// Asked is the tree as it was asked where terms of it had to be resolved, else
	// nil; Known is what each of them, in order, was taken to mean.
	Asked Node
	Known []Meaning
}

// Node is one of And, Or, Not, Match and Text; in Plan.Asked also Known.
type Node interface {
	// write appends the canonical form; nested asks for parentheses where the
	// form is more than one term.
	write(b *strings.Builder, nested bool)
}

// And holds when all nodes do; with none it always holds.
type And struct{ Nodes []Node }

// Or holds when one of its nodes does.
type Or struct{ Nodes []Node }

// Not holds when Node does not.
type Not struct{ Node Node }

// Match compares one field of the event.
type Match struct {
	// Field is a promoted column, "record", "format", or a native field's name
	// when Native is set.
	Field  string
	Native bool
	Op     Op
	// Value is the text to compare with: folded for Equal, a folded pattern
	// (see Pattern) for Like, empty otherwise.
	Value string
	// Number is the operand on number columns, record included.
	Number int64
	// Float is the operand of the order comparisons on text and native fields,
	// which hold only where the field's text is a plain decimal number.
	Float float64
	// Time is the operand on time columns.
	Time time.Time
	// Prefix is the network of Within.
	Prefix netip.Prefix
}

// Text holds when the record's text contains Word, whatever its case.
type Text struct {
	// Word is folded; with Wild it is a folded pattern that the text must
	// contain a match of.
	Word string
	Wild bool
}

// Op is a comparison.
type Op uint8

const (
	Equal     Op = iota // equal text (folded), number
	Like                // matches the pattern in Value
	Less                // before, smaller than
	LessEq              // not on time columns
	Greater             // not on time columns
	GreaterEq           // from … on
	Exists              // stated: not empty, not zero
	Within              // address in Prefix
)

// Sources lists what the top-level conjunction restricts the source to, folded
// and ascending; nil when it does not.
func (p *Plan) Sources() []string {
	set, ok := restrict(p.Root, func(m Match) (string, bool) {
		return m.Value, m.Field == "source" && !m.Native && m.Op == Equal
	})
	if !ok {
		return nil
	}
	return set
}

// Hosts lists what the top-level conjunction restricts the host to, folded and
// ascending; nil when it does not.
func (p *Plan) Hosts() []string {
	set, ok := restrict(p.Root, func(m Match) (string, bool) {
		return m.Value, m.Field == "host" && !m.Native && m.Op == Equal
	})
	if !ok {
		return nil
	}
	return set
}

// Classes lists what the top-level conjunction restricts the OCSF class to,
// ascending; nil when it does not.
func (p *Plan) Classes() []int32 {
	set, ok := restrict(p.Root, func(m Match) (int64, bool) {
		return m.Number, m.Field == "class_uid" && !m.Native && m.Op == Equal
	})
	if !ok {
		return nil
	}
	classes := make([]int32, 0, len(set))
	for _, n := range set {
		classes = append(classes, int32(n))
	}
	return classes
}

// restrict collects the values to which n limits a field. It reports false when
// n does not limit it; a contradiction is limited to nothing.
func restrict[T int64 | string](n Node, value func(Match) (T, bool)) ([]T, bool) {
	switch n := n.(type) {
	case Match:
		v, ok := value(n)
		return []T{v}, ok
	case Or:
		set := []T{}
		for _, child := range n.Nodes {
			more, ok := restrict(child, value)
			if !ok {
				return nil, false
			}
			set = append(set, more...)
		}
		slices.Sort(set)
		return slices.Compact(set), true
	case And:
		var set []T
		limited := false
		for _, child := range n.Nodes {
			more, ok := restrict(child, value)
			switch {
			case !ok:
			case !limited:
				set, limited = more, true
			default:
				set = slices.DeleteFunc(set, func(v T) bool { return !slices.Contains(more, v) })
			}
		}
		return set, limited
	}
	return nil, false
}

// bound sets From and To from the top-level conjunction.
func (p *Plan) bound() {
	nodes := []Node{p.Root}
	if and, ok := p.Root.(And); ok {
		nodes = and.Nodes
	}
	for _, n := range nodes {
		m, ok := n.(Match)
		if !ok || m.Field != "time" || m.Native {
			continue
		}
		switch {
		case m.Op == GreaterEq && (p.From.IsZero() || m.Time.After(p.From)):
			p.From = m.Time
		case m.Op == Less && (p.To.IsZero() || m.Time.Before(p.To)):
			p.To = m.Time
		}
	}
}

// String writes the canonical form, which parses to an equal plan in any zone
// and at any time, what was asked for by name by its name.
func (p *Plan) String() string {
	var b strings.Builder
	asked := p.Root
	if p.Asked != nil {
		asked = p.Asked
	}
	asked.write(&b, false)
	return b.String()
}

func (n And) write(b *strings.Builder, nested bool) {
	if len(n.Nodes) == 0 {
		b.WriteByte('*')
		return
	}
	writeJoined(b, n.Nodes, " ", nested)
}

func (n Or) write(b *strings.Builder, nested bool) { writeJoined(b, n.Nodes, " OR ", nested) }

func writeJoined(b *strings.Builder, nodes []Node, sep string, nested bool) {
	if nested {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	for i, n := range nodes {
		if i > 0 {
			b.WriteString(sep)
		}
		n.write(b, true)
	}
}

func (n Not) write(b *strings.Builder, _ bool) {
	b.WriteString("NOT ")
	n.Node.write(b, true)
}

func (n Text) write(b *strings.Builder, _ bool) { writeValue(b, n.Word, n.Wild) }

func (n Match) write(b *strings.Builder, _ bool) {
	if n.Native || !plainName(n.Field) {
		writeQuoted(b, n.Field)
	} else {
		b.WriteString(n.Field)
	}
	b.WriteByte(':')
	switch n.Op {
	case Less:
		b.WriteByte('<')
	case LessEq:
		b.WriteString("<=")
	case Greater:
		b.WriteByte('>')
	case GreaterEq:
		b.WriteString(">=")
	}
	b.WriteString(n.operand())
}

// operand writes what follows the comparison sign.
func (n Match) operand() string {
	kind := kindOf(n.Field, n.Native)
	switch {
	case n.Op == Exists:
		return "*"
	case n.Op == Within:
		return n.Prefix.String()
	case kind == kindTime:
		return n.Time.UTC().Format(time.RFC3339Nano)
	case kind == kindNumber:
		return strconv.FormatInt(n.Number, 10)
	case n.Op == Equal || n.Op == Like:
		var b strings.Builder
		writeValue(&b, n.Value, n.Op == Like)
		return b.String()
	}
	return strconv.FormatFloat(n.Float, 'f', -1, 64)
}

// writeValue writes a word so that it reads back the same: literal parts
// quoted, wildcards bare.
func writeValue(b *strings.Builder, value string, wild bool) {
	if !wild {
		writeQuoted(b, value)
		return
	}
	for _, p := range Pattern(value) {
		switch p.Wild {
		case 0:
			writeQuoted(b, p.Literal)
		default:
			b.WriteByte(p.Wild)
		}
	}
}

// writeQuoted writes s in quotes; a backslash guards quotes and backslashes.
func writeQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}
