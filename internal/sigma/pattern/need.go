package pattern

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// maxChoices bounds the literals one of which an expression needs.
const maxChoices = 32

// A need is what every value that an expression matches must hold. It is
// checked on the folded value before the expression itself is run, and its
// literals make the expression findable in the index.
type need struct {
	anyOf  []string // one of these, folded; empty when there is no such set
	minLen int      // bytes of the folded value at least
	counts []byteCount
}

type byteCount struct {
	b byte
	n int
}

// holds reports whether a folded value has all that is needed.
func (n *need) holds(s []byte) bool {
	if len(s) < n.minLen {
		return false
	}
	if len(n.anyOf) > 0 {
		found := false
		for _, lit := range n.anyOf {
			if Contains(s, lit, 0) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	for _, c := range n.counts {
		left := c.n
		for _, b := range s {
			if b == c.b {
				if left--; left == 0 {
					break
				}
			}
		}
		if left > 0 {
			return false
		}
	}
	return true
}

// facts is a need under construction.
type facts struct {
	anyOf  []string
	minLen int
	counts [utf8.RuneSelf]int
}

// maxFacts keeps the sums small however deep repetitions are nested.
const maxFacts = 1 << 16

func factsOf(re *syntax.Regexp, depth int) facts {
	if depth > 200 {
		return facts{}
	}
	switch re.Op {
	case syntax.OpLiteral:
		return literalFacts(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return facts{minLen: 1}
	case syntax.OpCapture, syntax.OpPlus:
		return factsOf(re.Sub[0], depth+1)
	case syntax.OpRepeat:
		return factsOf(re.Sub[0], depth+1).times(re.Min)
	case syntax.OpConcat:
		return concatFacts(re.Sub, depth)
	case syntax.OpAlternate:
		return alternateFacts(re.Sub, depth)
	}
	return facts{}
}

func literalFacts(runes []rune) facts {
	var f facts
	if slices.Contains(runes, utf8.RuneError) {
		return facts{minLen: 1} // it also matches a byte that is not UTF-8
	}
	text := Fold(string(runes))
	f.anyOf, f.minLen = []string{text}, len(text)
	for i := range len(text) {
		if text[i] < utf8.RuneSelf {
			f.counts[text[i]]++
		}
	}
	return f
}

func (f facts) times(n int) facts {
	if n == 0 {
		return facts{}
	}
	f.minLen = min(f.minLen*n, maxFacts)
	for b := range f.counts {
		f.counts[b] = min(f.counts[b]*n, maxFacts)
	}
	return f
}

func concatFacts(subs []*syntax.Regexp, depth int) facts {
	var f facts
	for _, sub := range subs {
		g := factsOf(sub, depth+1)
		f.minLen = min(f.minLen+g.minLen, maxFacts)
		for b := range f.counts {
			f.counts[b] = min(f.counts[b]+g.counts[b], maxFacts)
		}
		if betterChoice(g.anyOf, f.anyOf) {
			f.anyOf = g.anyOf
		}
	}
	return f
}

func alternateFacts(subs []*syntax.Regexp, depth int) facts {
	f := factsOf(subs[0], depth+1)
	f.anyOf = append([]string(nil), f.anyOf...)
	for _, sub := range subs[1:] {
		g := factsOf(sub, depth+1)
		f.minLen = min(f.minLen, g.minLen)
		for b := range f.counts {
			f.counts[b] = min(f.counts[b], g.counts[b])
		}
		if len(f.anyOf) == 0 || len(g.anyOf) == 0 || len(f.anyOf)+len(g.anyOf) > maxChoices {
			f.anyOf = nil
			continue
		}
		f.anyOf = append(f.anyOf, g.anyOf...)
	}
	return f
}

// betterChoice prefers the set whose shortest literal is longer, then the
// smaller set.
func betterChoice(a, b []string) bool {
	la, lb := Shortest(a), Shortest(b)
	return la > lb || la == lb && la > 0 && len(a) < len(b)
}

// Shortest gives the length of the shortest of texts, 0 when there are none.
func Shortest(set []string) int {
	n := 0
	for i, s := range set {
		if i == 0 || len(s) < n {
			n = len(s)
		}
	}
	return n
}

func (f *facts) need() need {
	n := need{anyOf: f.anyOf, minLen: f.minLen}
	for b, c := range f.counts {
		if c > 0 && (c > 1 || len(f.anyOf) == 0) {
			n.counts = append(n.counts, byteCount{byte(b), c})
		}
	}
	return n
}

// rarest gives the byte among those needed that logs hold least often, or 0.
func (f *facts) rarest() byte {
	var needed []byte
	for b, n := range f.counts {
		if n > 0 {
			needed = append(needed, byte(b))
		}
	}
	if len(needed) == 0 {
		return 0
	}
	return needed[Rarest(string(needed))]
}
