package sigma

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// maxRegexp bounds the text of one expression.
const maxRegexp = 4096

// maxProgram bounds the instructions of one expression, maxProgramOfFile and
// maxProgramOfAll those of all that are loaded, about 100 bytes each.
const (
	maxProgram       = 20_000
	maxProgramOfFile = 200_000
	maxProgramOfAll  = 2_000_000
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

// compileRegexp compiles a |re value with its flags i, m and s. Expressions
// are RE2: linear in time; look-around and back-references are refused.
func compileRegexp(field, text, flags string) (*predicate, error) {
	if len(text) > maxRegexp {
		return nil, fmt.Errorf("regular expression longer than %d bytes", maxRegexp)
	}
	full := text
	if flags != "" {
		full = "(?" + flags + ")" + text
	}
	tree, err := syntax.Parse(full, syntax.Perl)
	if err != nil {
		return nil, regexpError(err)
	}
	size := programSize(tree)
	if size > maxProgram {
		return nil, errors.New("regular expression: its repetitions make it too large")
	}
	re, err := regexp.Compile(full)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w", err)
	}
	return &predicate{field: field, op: opRegexp, text: full, re: re, need: needOf(tree), program: size, shown: text}, nil
}

// regexpError says what is wrong in few words: the decoder's own error repeats
// the expression.
func regexpError(err error) error {
	known, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return fmt.Errorf("regular expression: %w", err)
	}
	switch known.Code {
	case syntax.ErrInvalidPerlOp, syntax.ErrInvalidEscape, syntax.ErrInvalidNamedCapture:
		return fmt.Errorf("regular expression: %q is not available: look-around and back-references need unbounded time", known.Expr)
	}
	return fmt.Errorf("regular expression: %s", known.Code)
}

// programSize estimates the instructions that an expression compiles to, from
// its tree and before they are made.
func programSize(re *syntax.Regexp) int {
	if re.Op == syntax.OpLiteral {
		return len(re.Rune)
	}
	sum := 2
	if re.Op == syntax.OpCharClass {
		sum += len(re.Rune) / 8
	}
	for _, sub := range re.Sub {
		if sum += programSize(sub); sum > maxProgram {
			return maxProgram + 1
		}
	}
	if re.Op == syntax.OpRepeat {
		sum *= max(re.Min+1, re.Max, 1)
	}
	return min(sum, maxProgram+1)
}

// holds reports whether a folded value has all that is needed.
func (n *need) holds(s []byte) bool {
	if len(s) < n.minLen {
		return false
	}
	if len(n.anyOf) > 0 {
		found := false
		for _, lit := range n.anyOf {
			if containsText(s, lit, 0) {
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

func needOf(re *syntax.Regexp) need {
	f := factsOf(re, 0)
	n := need{anyOf: f.anyOf, minLen: f.minLen}
	for b, c := range f.counts {
		if c > 0 && (c > 1 || len(f.anyOf) == 0) {
			n.counts = append(n.counts, byteCount{byte(b), c})
		}
	}
	return n
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
	text := fold(string(runes))
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
	la, lb := shortest(a), shortest(b)
	return la > lb || la == lb && la > 0 && len(a) < len(b)
}

func shortest(set []string) int {
	n := 0
	for i, s := range set {
		if i == 0 || len(s) < n {
			n = len(s)
		}
	}
	return n
}
