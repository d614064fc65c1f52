// Package pattern compiles the values of Sigma rules: wildcards, expressions, encodings, and what of them can be looked up.
//
// A value is a Pattern, which Steps turn into the forms it may appear in and
// which is matched as plain text or by a Glob, or it is an Expression. Both
// tell texts that every value they match holds. All of them are meant for
// values without their case, see AppendFold, unless a rule asks for it.
package pattern

import (
	"regexp"
	"strings"
)

// A Pattern is a Sigma string value: literal text and wildcards.
// Source: Sigma rules specification, "Wildcards" and "Escaping".
type Pattern []piece

type piece struct {
	kind pieceKind
	text string // for pieceText
}

type pieceKind uint8

const (
	pieceText pieceKind = iota
	pieceMany           // *
	pieceOne            // ?
	pieceDash           // one of dashes, for windash
)

// Text returns the pattern of a text in which nothing is a wildcard.
func Text(s string) Pattern { return Pattern{{pieceText, s}} }

// Parse reads a value: * and ? are wildcards unless a backslash stands
// before them; a doubled backslash is one; any other backslash is itself.
func Parse(s string) Pattern {
	var p Pattern
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			p = append(p, piece{pieceText, lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`\*?`, s[i+1]) >= 0:
			i++
			lit.WriteByte(s[i])
		case c == '*':
			flush()
			p = p.withMany()
		case c == '?':
			flush()
			p = append(p, piece{kind: pieceOne})
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return p
}

// withMany appends a *, unless one stands there already.
func (p Pattern) withMany() Pattern {
	if n := len(p); n > 0 && p[n-1].kind == pieceMany {
		return p
	}
	return append(p, piece{kind: pieceMany})
}

// Unanchored returns the pattern with a * put before and after as asked.
func (p Pattern) Unanchored(before, after bool) Pattern {
	out := make(Pattern, 0, len(p)+2)
	if before && (len(p) == 0 || p[0].kind != pieceMany) {
		out = append(out, piece{kind: pieceMany})
	}
	out = append(out, p...)
	if after {
		out = out.withMany()
	}
	return out
}

// Literal returns the pattern's text when it has no wildcard.
func (p Pattern) Literal() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].kind == pieceText:
		return p[0].text, true
	}
	return "", false
}

// Folded returns the pattern with the case taken out.
func (p Pattern) Folded() Pattern {
	out := make(Pattern, len(p))
	for i, part := range p {
		if part.kind == pieceText {
			part.text = Fold(part.text)
		}
		out[i] = part
	}
	return out
}

// Key is an unambiguous text form.
func (p Pattern) Key() string {
	var b strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)
	for _, part := range p {
		switch part.kind {
		case pieceMany:
			b.WriteByte('*')
		case pieceOne:
			b.WriteByte('?')
		case pieceDash:
			b.WriteString(`\-`) // no text has a single backslash here
		case pieceText:
			b.WriteString(escape.Replace(part.text))
		}
	}
	return b.String()
}

// Regexp writes the pattern as an RE2 expression.
func (p Pattern) Regexp() string {
	var b strings.Builder
	for _, part := range p {
		switch part.kind {
		case pieceMany:
			b.WriteString(".*")
		case pieceOne:
			b.WriteByte('.')
		case pieceDash:
			b.WriteString("[" + dashes + "]")
		case pieceText:
			b.WriteString(regexp.QuoteMeta(part.text))
		}
	}
	return b.String()
}

// Longest returns the pattern's longest literal part.
func (p Pattern) Longest() string {
	var best string
	for _, part := range p {
		if len(part.text) > len(best) {
			best = part.text
		}
	}
	return best
}

// Plain gives the text of a pattern that has stars only before and after it,
// and whether they stand there; ok is false when the pattern needs a Glob.
func (p Pattern) Plain() (text string, before, after, ok bool) {
	if len(p) > 0 && p[0].kind == pieceMany {
		before, p = true, p[1:]
	}
	if n := len(p); n > 0 && p[n-1].kind == pieceMany {
		after, p = true, p[:n-1]
	}
	text, ok = p.Literal()
	return text, before, after, ok
}
