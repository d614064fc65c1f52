package pattern

import (
	"regexp/syntax"
	"unicode/utf8"
)

// minStretch is the length from which a stretch of one kind of characters says
// something of a value.
const minStretch = 8

// A stretch is characters in a row of one class that every text which an
// expression matches holds. Expressions that count ("[a-f0-9]{64}", ".{1000,}")
// are the slowest of all; counting is quick.
type stretch struct {
	class  [utf8.RuneSelf]bool
	other  bool // whether characters beyond ASCII may be in it
	partly bool // not all of them
	min    int  // characters; 0 when there is no such stretch
	whole  bool // such a stretch is all that the expression asks for
}

// stretchOf returns the longest stretch that an expression needs, or nil.
func stretchOf(tree *syntax.Regexp) *stretch {
	r := longestStretch(tree, 0)
	if r != nil {
		r.whole = tree.Op == syntax.OpRepeat && !r.partly
	}
	return r
}

func longestStretch(re *syntax.Regexp, depth int) *stretch {
	if depth > maxDepth {
		return nil
	}
	var best *stretch
	switch re.Op {
	case syntax.OpRepeat:
		if re.Min >= minStretch {
			best = stretchOfClass(re.Sub[0], re.Min)
		}
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			if r := longestStretch(sub, depth+1); r != nil && (best == nil || r.min > best.min) {
				best = r
			}
		}
	}
	return best
}

func stretchOfClass(re *syntax.Regexp, least int) *stretch {
	r := &stretch{min: least}
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		r.other = true
		for c := range r.class {
			r.class[c] = c != '\n' || re.Op == syntax.OpAnyChar
		}
		return r
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for c := re.Rune[i]; c <= min(re.Rune[i+1], utf8.RuneSelf-1); c++ {
				r.class[c] = true
			}
			r.other = r.other || re.Rune[i+1] >= utf8.RuneSelf
		}
		r.partly = r.other
		return r
	}
	return nil
}

// in reports whether text, or raw where that is not nil, holds the stretch.
func (r *stretch) in(text string, raw []byte) bool {
	if raw != nil {
		return stretches(r, raw)
	}
	return stretches(r, text)
}

func stretches[T string | []byte](r *stretch, s T) bool {
	if len(s) < r.min {
		return false
	}
	if !r.other {
		return asciiStretch(r, s)
	}
	n := 0
	for i := 0; i < len(s); {
		in, width := r.other, 1
		if c := s[i]; c < utf8.RuneSelf {
			in = r.class[c]
		} else {
			_, width = decodeRune(s[i:])
		}
		i += width
		if !in {
			n = 0
		} else if n++; n == r.min {
			return true
		}
	}
	return false
}

// asciiStretch looks from the end of where a stretch could be: a byte that is
// not of the class rules out all places before it at once.
func asciiStretch[T string | []byte](r *stretch, s T) bool {
	for from := 0; from+r.min <= len(s); {
		at := from + r.min - 1
		for at >= from && s[at] < utf8.RuneSelf && r.class[s[at]] {
			at--
		}
		if at < from {
			return true
		}
		from = at + 1
	}
	return false
}
