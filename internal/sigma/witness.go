package sigma

import "strings"

// A witness is a predicate that can be found through the index. A rule's
// witnesses are such that the rule cannot hold unless one of them does.
type witness struct {
	pred *predicate
	// cost is how often it is expected to be found, relatively. What many
	// rules ask for is what many events hold: their number counts squared.
	cost int
}

// witnesses gives the cheapest necessary set of a condition; ok is false when
// there is none, because the condition may hold of an event in which nothing
// can be found.
func witnesses(e *expr, uses map[*predicate]int) (set []witness, ok bool) {
	switch e.kind {
	case exprPredicate:
		c, ok := rarity(e.pred)
		return []witness{{e.pred, c * (4 + uses[e.pred]*uses[e.pred])}}, ok
	case exprAnd:
		for _, k := range e.kids {
			s, found := witnesses(k, uses)
			if found && (!ok || total(s) < total(set)) {
				set, ok = s, true
			}
		}
		return set, ok
	case exprOr:
		for _, k := range e.kids {
			s, found := witnesses(k, uses)
			if !found {
				return nil, false
			}
			set = append(set, s...)
		}
		return set, true
	}
	return nil, false
}

func total(set []witness) int {
	sum := 0
	for _, w := range set {
		sum += w.cost
	}
	return sum
}

// Costs of what can only be found by its field being there at all.
const costPresent = 5000

// rarity guesses how often a predicate's witness is found; ok is false when
// the predicate holds also where the field is missing.
func rarity(p *predicate) (cost int, ok bool) {
	switch p.op {
	case opNull:
		return 0, false
	case opEqual:
		if len(p.text) <= 4 || !strings.ContainsAny(p.text, `.\/`) {
			return 60, true // numbers, methods, companies: many values are equal
		}
		return 4, true
	}
	if n := shortest(indexTexts(p)); n > 0 {
		return lengthCost(n), true
	}
	return costPresent, true
}

func lengthCost(n int) int {
	switch {
	case n == 1:
		return 3000
	case n == 2:
		return 500
	case n == 3:
		return 100
	case n == 4:
		return 30
	case n < 8:
		return 8
	case n < 12:
		return 4
	}
	return 2
}

// maxNeedle bounds the bytes of a text that go into an automaton; the rest is
// checked when the rule is evaluated.
const maxNeedle = 24

// indexTexts gives the folded texts of which a value that satisfies p holds at
// least one; none when there are no such texts.
func indexTexts(p *predicate) []string {
	switch p.op {
	case opPrefix, opSuffix, opContains:
		if p.text == "" {
			return nil
		}
		return []string{fold(p.text)}
	case opGlob:
		if p.lit == "" {
			return nil
		}
		return []string{fold(p.lit)}
	case opRegexp:
		return p.need.anyOf
	}
	return nil
}

// clip shortens a text to what goes into the automaton: its end, which tells
// paths and options apart best, or its beginning where that is anchored.
func clip(text string, where op) string {
	if len(text) <= maxNeedle {
		return text
	}
	if where == opPrefix {
		return text[:maxNeedle]
	}
	return text[len(text)-maxNeedle:]
}
