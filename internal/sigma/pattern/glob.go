package pattern

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A Glob is a Pattern compiled for matching: the stretches between the stars.
type Glob struct {
	first, last bool // a star stands before the first, after the last stretch
	runs        []run
}

// A run is a stretch without stars: text pieces and single wildcards.
type run struct {
	parts []piece
	text  []byte // the whole run when it holds no single wildcard
}

// Glob compiles the pattern.
func (p Pattern) Glob() *Glob {
	g := &Glob{}
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

// Match reports whether the glob covers all of s.
func (g *Glob) Match(s []byte) bool {
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
