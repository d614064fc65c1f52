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
func witnesses(e *expr, clues map[*predicate]*clue) (set []witness, ok bool) {
	switch e.kind {
	case exprPredicate:
		c := clues[e.pred]
		cost, ok := rarity(e.pred, c.texts)
		return []witness{{e.pred, cost * (4 + c.uses*c.uses)}}, ok
	case exprAnd:
		for _, k := range e.kids {
			s, found := witnesses(k, clues)
			if found && (!ok || total(s) < total(set)) {
				set, ok = s, true
			}
		}
		return set, ok
	case exprOr:
		for _, k := range e.kids {
			s, found := witnesses(k, clues)
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
func rarity(p *predicate, texts []string) (cost int, ok bool) {
	switch p.op {
	case opEqual:
		if len(p.text) <= 4 || !strings.ContainsAny(p.text, `.\/`) {
			return 60, true // numbers, methods, companies: many values are equal
		}
		return 4, true
	case opPrefix, opSuffix, opContains, opGlob, opRegexp:
		if !findable(texts) {
			return costPresent, true
		}
		for _, t := range texts {
			cost += lengthCost(len(t)) * (1 + commonness(t))
		}
		return min(cost, costPresent), true
	case opCIDR, opExists, opLess, opLessEqual, opGreater, opGreaterEqual, opFieldRef:
		return costPresent, true
	}
	return 0, false // opNull, and what is not known to need a value
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
