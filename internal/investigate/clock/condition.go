package clock

import (
	"fmt"
	"slices"
)

// truth is three-valued: what is not known makes a deadline possible, not absent.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// Condition is what must hold of the facts for a rule to apply. Exactly one of
// All, Any, Not and Fact is set; of a Fact exactly one of Is, Shown, Over and Known.
type Condition struct {
	All   []Condition `yaml:"all"`
	Any   []Condition `yaml:"any"`
	Not   *Condition  `yaml:"not"`
	Fact  string      `yaml:"fact"`
	Is    string      `yaml:"is"`    // its value
	Shown string      `yaml:"shown"` // its value, known to be so: an exemption that nobody has shown does not hold
	Over  *int64      `yaml:"over"`  // it is a range that lies above this number
	Known bool        `yaml:"known"` // it has a value at all
}

// maxDepth and maxTerms bound the conditions of files that users add.
const (
	maxDepth = 8
	maxTerms = 64
)

// validate reports what is wrong with a condition. The keys are those known.
func (c *Condition) validate(keys map[string]Key, depth int) error {
	set := 0
	for _, is := range []bool{c.All != nil, c.Any != nil, c.Not != nil, c.Fact != ""} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Errorf("%w: a condition is one of all, any, not and fact", ErrInvalid)
	case depth > maxDepth || len(c.All)+len(c.Any) > maxTerms:
		return fmt.Errorf("%w: a condition nests at most %d deep and joins at most %d others", ErrInvalid, maxDepth, maxTerms)
	case c.Fact != "":
		return c.validateFact(keys)
	case c.Is != "" || c.Shown != "" || c.Over != nil || c.Known:
		return fmt.Errorf("%w: is, shown, over and known belong to a fact", ErrInvalid)
	case c.Not != nil:
		return c.Not.validate(keys, depth+1)
	}
	for _, sub := range slices.Concat(c.All, c.Any) {
		if err := sub.validate(keys, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *Condition) validateFact(keys map[string]Key) error {
	k, ok := keys[c.Fact]
	if !ok {
		return fmt.Errorf("%w: there is no fact %q", ErrInvalid, c.Fact)
	}
	set := 0
	for _, is := range []bool{c.Is != "", c.Shown != "", c.Over != nil, c.Known} {
		if is {
			set++
		}
	}
	value := c.Is + c.Shown
	choice := value != "unknown" && slices.ContainsFunc(k.Choices, func(n Named) bool { return n.Value == value })
	if set == 1 && (c.Known || choice || c.Over != nil && *c.Over >= 0 && k.Type == Range) {
		return nil
	}
	return fmt.Errorf("%w: of the fact %s, a %s, give is or shown with one of its values, over with a number, or known", ErrInvalid, c.Fact, k.Type)
}

// holds tells whether the condition holds, and which facts decide it: where it
// is unknown, those that have to be found out.
func (c *Condition) holds(f facts) (truth, []string) {
	switch {
	case c == nil:
		return yes, nil
	case c.Not != nil:
		t, by := c.Not.holds(f)
		return yes - t, by
	case c.All != nil:
		return join(c.All, f, no)
	case c.Any != nil:
		return join(c.Any, f, yes)
	}
	return c.fact(f), []string{c.Fact}
}

// join evaluates a list in which one term with the value decisive decides.
func join(list []Condition, f facts, decisive truth) (truth, []string) {
	var open, rest []string
	for i := range list {
		t, by := list[i].holds(f)
		switch t {
		case decisive:
			return t, by
		case unknown:
			open = append(open, by...)
		default:
			rest = append(rest, by...)
		}
	}
	if len(open) > 0 {
		return unknown, unique(open)
	}
	return yes - decisive, unique(rest)
}

func (c *Condition) fact(f facts) truth {
	value, ok := f[c.Fact]
	ok = ok && value.Value != "unknown"
	switch {
	case c.Known && ok:
		return yes
	case c.Known:
		return no
	case c.Shown != "":
		return yesIf(ok && value.Value == c.Shown)
	case !ok:
		return unknown
	case c.Over == nil:
		return yesIf(value.Value == c.Is)
	}
	low, high, ok := span(value.Value)
	switch {
	case !ok:
		return unknown
	case low > *c.Over:
		return yes
	case high >= 0 && high <= *c.Over:
		return no
	}
	return unknown
}

func yesIf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// unique drops what was named before.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
