package sigma

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/sigma/pattern"
)

// op is what a predicate asks of a field's value.
type op uint8

const (
	opEqual op = iota
	opPrefix
	opSuffix
	opContains
	opGlob   // wildcards inside
	opRegexp // re
	opCIDR   // cidr
	opNull   // the field is not there
	opExists // the field is there
	opLess   // lt, numeric like the next three
	opLessEqual
	opGreater
	opGreaterEqual
	opFieldRef // the value of another field; how says in which way
	opTimePart // a part of a time; how is opEqual or opLess to opGreaterEqual
)

// keywordField names the pseudo field that keywords are looked for in.
const keywordField = ""

// A predicate is one question about one field. Several values of one field
// (or, for keywords, the whole event) satisfy it when any of them does.
type predicate struct {
	field string
	op    op
	cased bool
	how   op // of opFieldRef: opEqual, opPrefix, opSuffix or opContains; of opTimePart: see there
	part  timePart
	text  string // folded unless cased; the expression of opRegexp
	other string // field named by opFieldRef
	rare  int    // of opContains: position of the rarest byte of text
	num   float64
	net   netip.Prefix
	glob  *pattern.Glob
	re    *pattern.Expression
	lit   string // of opGlob: its longest literal part
	shown string // the value as the rule writes it
}

// key identifies a predicate up to meaning. Texts are quoted: they may hold
// any byte.
func (p *predicate) key() string {
	return strings.Join([]string{
		strconv.Itoa(int(p.op)), strconv.FormatBool(p.cased), strconv.Itoa(int(p.how)), strconv.Itoa(int(p.part)),
		strconv.FormatFloat(p.num, 'g', -1, 64), p.net.String(), strconv.Quote(p.field), strconv.Quote(p.other), strconv.Quote(p.text),
	}, " ")
}

// textPredicate asks for a pattern; how it is anchored is part of the pattern.
func textPredicate(field string, p pattern.Pattern, cased bool, shown string) *predicate {
	if field == keywordField {
		p = p.Unanchored(true, true)
	}
	if !cased {
		p = p.Folded()
	}
	out := &predicate{field: field, cased: cased, shown: shown}
	text, before, after, ok := p.Plain()
	if !ok {
		out.op, out.text, out.glob, out.lit = opGlob, p.Key(), p.Glob(), p.Longest()
		return out
	}
	out.text, out.rare = text, pattern.Rarest(text)
	switch {
	case before && (after || text == ""):
		out.op = opContains
	case before:
		out.op = opSuffix
	case after:
		out.op = opPrefix
	}
	return out
}

// regexpPredicate asks for a regular expression.
func regexpPredicate(field, text, flags string) (*predicate, error) {
	re, err := pattern.NewExpression(text, flags)
	if err != nil {
		return nil, err
	}
	return &predicate{field: field, op: opRegexp, text: re.Text(), re: re, shown: text}, nil
}

// matches reports whether one value satisfies the predicate; opNull, opExists
// and opFieldRef are for the caller, who knows which fields are there, and
// opRegexp for whom remembers.
func (p *predicate) matches(v *value, folded []byte) bool {
	s := folded
	if p.cased {
		return p.matchesCased(v)
	}
	switch p.op {
	case opEqual:
		return string(s) == p.text
	case opPrefix:
		return len(s) >= len(p.text) && string(s[:len(p.text)]) == p.text
	case opSuffix:
		return len(s) >= len(p.text) && string(s[len(s)-len(p.text):]) == p.text
	case opContains:
		return pattern.Contains(s, p.text, p.rare)
	case opGlob:
		return p.glob.Match(s)
	case opCIDR:
		return p.contains(v)
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		return p.compares(v)
	case opTimePart:
		return p.holdsOfTime(v.text)
	}
	return false
}

func (p *predicate) matchesCased(v *value) bool {
	text := v.string()
	switch p.op {
	case opEqual:
		return text == p.text
	case opPrefix:
		return strings.HasPrefix(text, p.text)
	case opSuffix:
		return strings.HasSuffix(text, p.text)
	case opContains:
		return strings.Contains(text, p.text)
	case opGlob:
		return p.glob.Match([]byte(text))
	}
	return false
}

func (p *predicate) contains(v *value) bool {
	if n := len(v.text); n < 2 || n > 64 { // the longest address with a zone is shorter
		return false
	}
	a, err := netip.ParseAddr(v.text)
	if err != nil {
		return false
	}
	return p.net.Contains(a.Unmap().WithZone(""))
}

func (p *predicate) compares(v *value) bool {
	if n := len(v.text); n == 0 || n > 64 {
		return false
	}
	// Logs give hexadecimal numbers too ("0x3e7").
	n, err := strconv.ParseFloat(v.text, 64)
	if err != nil {
		i, err := strconv.ParseInt(v.text, 0, 64)
		if err != nil {
			return false
		}
		n = float64(i)
	}
	return ordered(p.op, n, p.num)
}

// ordered reports whether a stands in the given order to b.
func ordered(how op, a, b float64) bool {
	switch how {
	case opLess:
		return a < b
	case opLessEqual:
		return a <= b
	case opGreater:
		return a > b
	case opGreaterEqual:
		return a >= b
	}
	return a == b
}

// compareFields applies a field reference to a pair of folded values.
func compareFields(how op, s, t []byte) bool {
	switch how {
	case opPrefix:
		return bytes.HasPrefix(s, t)
	case opSuffix:
		return bytes.HasSuffix(s, t)
	case opContains:
		return bytes.Contains(s, t)
	}
	return bytes.Equal(s, t)
}

// cost orders predicates by the work they take, cheap ones first.
func (p *predicate) cost() int {
	switch p.op {
	case opNull, opExists:
		return 1
	case opEqual, opPrefix, opSuffix:
		return 2
	case opTimePart:
		return 8
	case opFieldRef, opCIDR, opLess, opLessEqual, opGreater, opGreaterEqual:
		return 6
	case opContains:
		return 5
	case opGlob:
		return 12
	}
	return 100
}
