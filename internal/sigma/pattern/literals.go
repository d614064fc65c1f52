package pattern

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// maxLiterals bounds the literals that stand for one expression, maxLiteral
// the bytes of one.
const (
	maxLiterals = 512
	maxLiteral  = 32
)

// maxDepth bounds how deep expressions are looked into.
const maxDepth = 64

// Literals returns folded texts of which every value that the expression
// matches holds at least one; none when there are no such texts. Small classes
// are spelled out: "-[ab]\s" gives ten texts.
func (x *Expression) Literals() []string {
	tree, err := syntax.Parse(x.Text(), syntax.Perl)
	if err != nil {
		return nil
	}
	l := literalsOf(tree.Simplify(), 0)
	return better(l.held, l.whole)
}

// A spelling is what is known of the texts that an expression matches.
type spelling struct {
	whole []string // all of them, nil when they are too many
	held  []string // texts of which each holds one, nil when there are none known
}

func literalsOf(re *syntax.Regexp, depth int) spelling {
	if depth > maxDepth {
		return spelling{}
	}
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return spelling{whole: []string{""}}
	case syntax.OpLiteral:
		if !slices.Contains(re.Rune, utf8.RuneError) { // which also matches a byte that is not UTF-8
			return spelling{whole: []string{Fold(string(re.Rune))}}
		}
	case syntax.OpCharClass:
		return spelling{whole: spelled(re.Rune)}
	case syntax.OpCapture:
		return literalsOf(re.Sub[0], depth+1)
	case syntax.OpQuest:
		if sub := literalsOf(re.Sub[0], depth+1); sub.whole != nil {
			return spelling{whole: distinct(append(sub.whole, ""))}
		}
	case syntax.OpPlus:
		sub := literalsOf(re.Sub[0], depth+1)
		return spelling{held: better(sub.held, sub.whole)}
	case syntax.OpConcat:
		return inARow(re.Sub, depth)
	case syntax.OpAlternate:
		return oneOf(re.Sub, depth)
	}
	return spelling{}
}

// spelled gives the characters of a class as pairs of first and last.
func spelled(class []rune) []string {
	var out []string
	for i := 0; i+1 < len(class); i += 2 {
		if class[i+1]-class[i] >= maxLiterals || len(out) >= maxLiterals || class[i] <= utf8.RuneError && utf8.RuneError <= class[i+1] {
			return nil
		}
		for r := class[i]; r <= class[i+1]; r++ {
			out = append(out, Fold(string(r)))
		}
	}
	return distinct(out)
}

// inARow joins the texts of a concatenation as far as they stay few. A + is
// its expression once, and then anything.
func inARow(subs []*syntax.Regexp, depth int) spelling {
	whole, held, run := true, []string(nil), []string{""}
	for _, sub := range subs {
		plus := sub.Op == syntax.OpPlus
		if plus {
			sub = sub.Sub[0]
		}
		s := literalsOf(sub, depth+1)
		next := product(run, s.whole)
		if next == nil {
			whole = false
			held = better(better(held, run), s.held)
			next = s.whole
		}
		if run = next; plus || run == nil {
			whole = false
			held = better(held, run)
			run = []string{""}
		}
	}
	if whole {
		return spelling{whole: run}
	}
	return spelling{held: better(held, run)}
}

// product joins each text of a with each of b, or returns nil where they would be too many.
func product(a, b []string) []string {
	if len(a)*len(b) > maxLiterals || len(b) == 0 {
		return nil
	}
	out := make([]string, 0, len(a)*len(b))
	for _, s := range a {
		for _, t := range b {
			if len(s)+len(t) > maxLiteral && s != "" {
				return nil
			}
			out = append(out, s+t)
		}
	}
	return distinct(out)
}

func oneOf(subs []*syntax.Regexp, depth int) spelling {
	var out spelling
	whole, held := true, true
	for _, sub := range subs {
		s := literalsOf(sub, depth+1)
		best := better(s.held, s.whole)
		whole = whole && s.whole != nil
		held = held && best != nil
		out.whole, out.held = append(out.whole, s.whole...), append(out.held, best...)
		if len(out.held) > maxLiterals || len(out.whole) > maxLiterals {
			return spelling{}
		}
	}
	out.whole, out.held = distinct(out.whole), distinct(out.held)
	if !whole {
		out.whole = nil
	}
	if !held {
		out.held = nil
	}
	return out
}

// better prefers the set whose shortest text is longer, then the smaller set;
// a set with an empty text is none.
func better(a, b []string) []string {
	m, n := Shortest(a), Shortest(b)
	switch {
	case m == 0 && n == 0:
		return nil
	case m > n, m == n && len(a) <= len(b):
		return a
	}
	return b
}

func distinct(texts []string) []string {
	out := slices.Clone(texts)
	slices.Sort(out)
	return slices.Compact(out)
}
