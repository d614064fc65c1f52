package query

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// part is a stretch of a value: quoted text is taken as it is, bare text may
// hold wildcards and signs.
type part struct {
	text   string
	quoted bool
}

type parts []part

// parts reads a value up to the next space or parenthesis.
func (p *parser) parts() (parts, error) {
	var out parts
	for p.at < len(p.text) {
		r := p.text[p.at]
		if isSpace(r) || isOpen(r) || isClose(r) {
			break
		}
		if r == '"' {
			s, err := p.quoted()
			if err != nil {
				return nil, err
			}
			out = append(out, part{s, true})
			continue
		}
		start := p.at
		for p.at < len(p.text) && p.text[p.at] != '"' && !isSpace(p.text[p.at]) && !isOpen(p.text[p.at]) && !isClose(p.text[p.at]) {
			p.at++
		}
		out = append(out, part{string(p.text[start:p.at]), false})
	}
	return out, nil
}

// quoted reads "…"; a backslash guards a quote or a backslash.
func (p *parser) quoted() (string, error) {
	open := p.at
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		r := p.text[p.at]
		if r == '\\' && p.at+1 < len(p.text) && (p.text[p.at+1] == '"' || p.text[p.at+1] == '\\') {
			p.at++
			r = p.text[p.at]
		} else if r == '"' {
			p.at++
			return b.String(), nil
		}
		b.WriteRune(r)
	}
	return "", p.fail(open, "this quote is never closed", `add a closing "`)
}

// plain joins the parts as they are.
func (v parts) plain() string {
	var b strings.Builder
	for _, p := range v {
		b.WriteString(p.text)
	}
	return b.String()
}

// pieces folds the value and takes it apart; only bare wildcards are wild.
func (v parts) pieces() []Piece {
	var out []Piece
	for _, p := range v {
		s := Fold(p.text)
		for !p.quoted && s != "" {
			i := strings.IndexAny(s, "*?")
			if i < 0 {
				break
			}
			if i > 0 {
				out = append(out, Piece{Literal: s[:i]})
			}
			out = append(out, Piece{Wild: s[i]})
			s = s[i+1:]
		}
		if s != "" {
			out = append(out, Piece{Literal: s})
		}
	}
	return out
}

// split cuts at a bare "..".
func (v parts) split() (low, high parts, ok bool) {
	for i, p := range v {
		if p.quoted {
			continue
		}
		if a, b, found := strings.Cut(p.text, ".."); found {
			low = append(low, v[:i]...)
			if a != "" {
				low = append(low, part{text: a})
			}
			if b != "" {
				high = append(high, part{text: b})
			}
			return low, append(high, v[i+1:]...), true
		}
	}
	return nil, nil, false
}

// value reads what follows a field's colon and builds the comparison.
func (p *parser) value(f field) (Node, error) {
	at := p.at
	v, err := p.parts()
	if err != nil {
		return nil, err
	}
	if f.known != "" {
		return p.known(f, v, at)
	}
	if len(v) == 1 && !v[0].quoted && v[0].text == "*" {
		return f.each(Match{Op: Exists}), nil
	}
	if op, rest := v.sign(); op != Equal {
		return p.compare(f, op, rest, at)
	}
	if low, high, ok := v.split(); ok && f.ranges(low.plain(), high.plain()) {
		return p.span(f, low, high, at)
	}
	switch f.kind() {
	case kindTime:
		return p.moment(f, v.plain(), at)
	case kindNumber:
		n, ok := f.number(v.plain())
		if !ok {
			return nil, p.badNumber(f, at)
		}
		return f.each(Match{Op: Equal, Number: n}), nil
	case kindAddress:
		if s := v.plain(); strings.Contains(s, "/") {
			if _, err := netip.ParsePrefix(s); err != nil && !quoted(v) {
				return nil, p.fail(at, "this is not a network", "write one as 192.0.2.0/24 or 2001:db8::/32, or quote it to look for the text")
			}
		}
		return f.address(v), nil
	}
	return f.text(v), nil
}

// sign takes a leading comparison sign off the value.
func (v parts) sign() (Op, parts) {
	if len(v) == 0 || v[0].quoted {
		return Equal, v
	}
	for _, s := range []struct {
		sign string
		op   Op
	}{{">=", GreaterEq}, {"<=", LessEq}, {">", Greater}, {"<", Less}} {
		rest, ok := strings.CutPrefix(v[0].text, s.sign)
		if !ok {
			continue
		}
		if rest == "" {
			return s.op, v[1:]
		}
		return s.op, append(parts{{text: rest}}, v[1:]...)
	}
	return Equal, v
}

// each builds the comparison for every column the field stands for.
func (f field) each(m Match) Node {
	nodes := make([]Node, 0, len(f.names))
	for _, name := range f.names {
		m.Field, m.Native = name, f.native
		nodes = append(nodes, m)
	}
	return joinOr(nodes)
}

func (f field) text(v parts) Node {
	value, wild := joinPattern(v.pieces())
	if wild && value == "*" {
		return f.each(Match{Op: Exists})
	}
	if wild {
		return f.each(Match{Op: Like, Value: value})
	}
	return f.each(Match{Op: Equal, Value: value})
}

// quoted reports whether any of the value stands in quotes.
func quoted(v parts) bool { return slices.ContainsFunc(v, func(p part) bool { return p.quoted }) }

// address takes a network, an address in any spelling, or text with wildcards.
func (f field) address(v parts) Node {
	s := v.plain()
	if prefix, err := netip.ParsePrefix(s); err == nil {
		return f.each(Match{Op: Within, Prefix: prefix.Masked()})
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return f.each(Match{Op: Equal, Value: Fold(addr.String())})
	}
	return f.text(v)
}

// compare builds field:>value and its kin.
func (p *parser) compare(f field, op Op, v parts, at int) (Node, error) {
	s := v.plain()
	switch f.kind() {
	case kindTime:
		return p.beside(f, op, s, at)
	case kindNumber:
		n, ok := f.number(s)
		if !ok {
			return nil, p.badNumber(f, at)
		}
		return f.each(Match{Op: op, Number: n}), nil
	case kindText:
		if x, ok := Decimal(s); ok {
			return f.each(Match{Op: op, Float: x}), nil
		}
	}
	return nil, p.fail(at, "only numbers and times can be compared", `quote the value to search for the sign itself; use a network such as 192.0.2.0/24 for addresses`)
}

// ranges reports whether low..high is a range on this field and not a word
// that happens to hold two dots.
func (f field) ranges(low, high string) bool {
	if low == "" && high == "" {
		return false
	}
	if k := f.kind(); k == kindTime || k == kindNumber {
		return true
	}
	for _, s := range []string{low, high} {
		if _, ok := Decimal(s); !ok && s != "" {
			return false
		}
	}
	return f.kind() == kindText
}

// span builds field:low..high, both ends included, either open.
func (p *parser) span(f field, low, high parts, at int) (Node, error) {
	var alternatives []Node
	for _, name := range f.names {
		one := field{names: []string{name}, native: f.native, words: f.words}
		var bounds []Node
		for _, end := range []struct {
			v  parts
			op Op
		}{{low, GreaterEq}, {high, LessEq}} {
			if len(end.v) == 0 {
				continue
			}
			n, err := p.compare(one, end.op, end.v, at)
			if err != nil {
				return nil, err
			}
			bounds = append(bounds, n)
		}
		alternatives = append(alternatives, joinAnd(bounds))
	}
	return joinOr(alternatives), nil
}

func (p *parser) badNumber(f field, at int) error {
	hint := "write digits only"
	if len(f.words) > 0 {
		hint = "write its number or one of its names, such as " + example(f.words)
	}
	return p.fail(at, f.names[0]+" is a number", hint)
}

func example(words map[string]int64) string {
	best := ""
	for w := range words {
		if len(w) > len(best) || len(w) == len(best) && w < best {
			best = w
		}
	}
	return strconv.Quote(best)
}

// Decimal reads a plain decimal number: an optional minus, at most 18 digits,
// and optionally a point with at most 9 more. Nothing else counts as a number
// in comparisons on text.
func Decimal(s string) (float64, bool) {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if !digits(whole, 18) || point && !digits(fraction, 9) {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}

func digits(s string, most int) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= most
}
