package sigma

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A pattern is a Sigma string value: literal text and wildcards.
// Source: Sigma rules specification, "Wildcards" and "Escaping".
type pattern []piece

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

// parsePattern reads a value: * and ? are wildcards unless a backslash stands
// before them; a doubled backslash is one; any other backslash is itself.
func parsePattern(s string) pattern {
	var p pattern
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
func (p pattern) withMany() pattern {
	if n := len(p); n > 0 && p[n-1].kind == pieceMany {
		return p
	}
	return append(p, piece{kind: pieceMany})
}

// unanchored returns the pattern with a * put before and after as asked.
func (p pattern) unanchored(before, after bool) pattern {
	out := make(pattern, 0, len(p)+2)
	if before && (len(p) == 0 || p[0].kind != pieceMany) {
		out = append(out, piece{kind: pieceMany})
	}
	out = append(out, p...)
	if after {
		out = out.withMany()
	}
	return out
}

// literal returns the pattern's text when it has no wildcard.
func (p pattern) literal() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].kind == pieceText:
		return p[0].text, true
	}
	return "", false
}

// mapText returns the pattern with f applied to its literal parts.
func (p pattern) mapText(f func(string) string) pattern {
	out := make(pattern, len(p))
	for i, part := range p {
		if part.kind == pieceText {
			part.text = f(part.text)
		}
		out[i] = part
	}
	return out
}

// key is an unambiguous text form.
func (p pattern) key() string {
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

// longest returns the pattern's longest literal part.
func (p pattern) longest() string {
	var best string
	for _, part := range p {
		if len(part.text) > len(best) {
			best = part.text
		}
	}
	return best
}

// simple tells the operator that does without wildcards: eq, prefix, suffix or
// contains with its text; ok is false when the pattern needs a glob.
func (p pattern) simple() (op op, text string, ok bool) {
	begins, ends := len(p) > 0 && p[0].kind == pieceMany, false
	rest := p
	if begins {
		rest = rest[1:]
	}
	if n := len(rest); n > 0 && rest[n-1].kind == pieceMany {
		ends, rest = true, rest[:n-1]
	}
	text, ok = rest.literal()
	switch {
	case !ok:
		return opGlob, "", false
	case begins && ends, begins && text == "":
		return opContains, text, true
	case begins:
		return opSuffix, text, true
	case ends:
		return opPrefix, text, true
	}
	return opEqual, text, true
}

// A glob is a pattern compiled for matching: the stretches between the stars.
type glob struct {
	first, last bool // a star stands before the first, after the last stretch
	runs        []run
}

// A run is a stretch without stars: text pieces and single wildcards.
type run struct {
	parts []piece
	text  []byte // the whole run when it holds no single wildcard
}

func (p pattern) compile() *glob {
	g := &glob{}
	var cur run
	flush := func() {
		if len(cur.parts) > 0 {
			if len(cur.parts) == 1 && cur.parts[0].kind == pieceText {
				cur.text = []byte(cur.parts[0].text)
			}
			g.runs = append(g.runs, cur)
			cur = run{}
		}
	}
	for i, part := range p {
		if part.kind != pieceMany {
			cur.parts = append(cur.parts, part)
			continue
		}
		flush()
		g.first = g.first || i == 0
		g.last = g.last || i == len(p)-1
	}
	flush()
	return g
}

// match reports whether the glob covers all of s.
func (g *glob) match(s []byte) bool {
	runs := g.runs
	if len(runs) == 0 {
		return g.first || len(s) == 0
	}
	if !g.first {
		n := runs[0].matchAt(s)
		if n < 0 {
			return false
		}
		if len(runs) == 1 {
			return g.last || n == len(s)
		}
		s, runs = s[n:], runs[1:]
	}
	for i := range runs {
		if i == len(runs)-1 && !g.last {
			return runs[i].matchEnd(s)
		}
		end := runs[i].find(s)
		if end < 0 {
			return false
		}
		s = s[end:]
	}
	return true
}

// matchAt returns how many bytes the run takes at the start of s, or -1.
func (r *run) matchAt(s []byte) int {
	n := 0
	for i := range r.parts {
		if r.parts[i].kind != pieceText {
			c, w := utf8.DecodeRune(s[n:])
			if !r.parts[i].takes(c, w) {
				return -1
			}
			n += w
			continue
		}
		t := r.parts[i].text
		if len(s)-n < len(t) || string(s[n:n+len(t)]) != t {
			return -1
		}
		n += len(t)
	}
	return n
}

// takes reports whether a pieceOne or pieceDash takes a character of w bytes.
func (p *piece) takes(c rune, w int) bool {
	return w > 0 && (p.kind == pieceOne || strings.ContainsRune(dashes, c))
}

// find returns the end of the run's first occurrence in s, or -1.
func (r *run) find(s []byte) int {
	if r.text != nil {
		i := bytes.Index(s, r.text)
		if i < 0 {
			return -1
		}
		return i + len(r.text)
	}
	for i := 0; i <= len(s); {
		if n := r.matchAt(s[i:]); n >= 0 {
			return i + n
		}
		_, w := utf8.DecodeRune(s[i:])
		i += max(w, 1)
	}
	return -1
}

// matchEnd reports whether s ends with the run.
func (r *run) matchEnd(s []byte) bool {
	if r.text != nil {
		return bytes.HasSuffix(s, r.text)
	}
	n := len(s)
	for i := len(r.parts) - 1; i >= 0; i-- {
		if r.parts[i].kind != pieceText {
			c, w := utf8.DecodeLastRune(s[:n])
			if !r.parts[i].takes(c, w) {
				return false
			}
			n -= w
			continue
		}
		if !bytes.HasSuffix(s[:n], []byte(r.parts[i].text)) {
			return false
		}
		n -= len(r.parts[i].text)
	}
	return true
}
