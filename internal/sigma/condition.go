package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxDepth bounds the nesting of conditions and of YAML.
const maxDepth = 64

// maxCondition bounds the text of one condition.
const maxCondition = 8192

var errAggregation = errors.New("aggregation with | is not part of Sigma 2: write a correlation rule")

// parseCondition reads a condition over named selections, shared between all
// places that name them. It takes in at most limit nodes. Source: Sigma rules
// specification, "Condition".
func parseCondition(text string, selections map[string]*expr, limit int) (*expr, error) {
	if len(text) > maxCondition {
		return nil, fmt.Errorf("condition longer than %d bytes", maxCondition)
	}
	p := &conditionParser{tokens: conditionTokens(text), selections: selections, limit: limit}
	if len(p.tokens) == 0 {
		return nil, errors.New("condition is empty")
	}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.tokens) {
		if p.tokens[p.pos] == "|" {
			return nil, errAggregation
		}
		return nil, fmt.Errorf("condition: unexpected %q", p.tokens[p.pos])
	}
	return e, nil
}

type conditionParser struct {
	tokens     []string
	pos        int
	selections map[string]*expr
	size       int // nodes taken in so far
	limit      int
}

// take counts a selection's nodes each time it is named, so that a short
// condition cannot grow without bound.
func (p *conditionParser) take(name string) (*expr, error) {
	e := p.selections[name]
	if p.size += e.size(); p.size > p.limit {
		return nil, errors.New("condition takes in more values than a file of its size may")
	}
	return e, nil
}

// conditionTokens splits at white space and around parentheses and bars.
func conditionTokens(text string) []string {
	var out []string
	for word := range strings.FieldsSeq(text) {
		for {
			i := strings.IndexAny(word, "()|")
			if i < 0 {
				break
			}
			if i > 0 {
				out = append(out, word[:i])
			}
			out = append(out, word[i:i+1])
			word = word[i+1:]
		}
		if word != "" {
			out = append(out, word)
		}
	}
	return out
}

// accept takes the next token when it is the given word, whatever its case.
func (p *conditionParser) accept(word string) bool {
	if p.pos < len(p.tokens) && strings.EqualFold(p.tokens[p.pos], word) {
		p.pos++
		return true
	}
	return false
}

func (p *conditionParser) or(depth int) (*expr, error) {
	return p.chain(exprOr, "or", func() (*expr, error) {
		return p.chain(exprAnd, "and", func() (*expr, error) { return p.not(depth) })
	})
}

func (p *conditionParser) chain(kind exprKind, word string, next func() (*expr, error)) (*expr, error) {
	var kids []*expr
	for {
		e, err := next()
		if err != nil {
			return nil, err
		}
		kids = append(kids, e)
		if !p.accept(word) {
			return join(kind, kids), nil
		}
	}
}

func (p *conditionParser) not(depth int) (*expr, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("condition nested deeper than %d", maxDepth)
	}
	if p.accept("not") {
		e, err := p.not(depth + 1)
		if err != nil {
			return nil, err
		}
		return not(e), nil
	}
	if p.accept("(") {
		e, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.accept(")") {
			return nil, errors.New("condition: a parenthesis is not closed")
		}
		return e, nil
	}
	return p.operand()
}

func (p *conditionParser) operand() (*expr, error) {
	if p.pos >= len(p.tokens) {
		return nil, errors.New("condition ends too early")
	}
	word := p.tokens[p.pos]
	p.pos++
	if p.pos < len(p.tokens) && strings.EqualFold(p.tokens[p.pos], "of") {
		p.pos++
		return p.quantified(word)
	}
	if _, ok := p.selections[word]; !ok {
		return nil, fmt.Errorf("condition names %q, which the detection does not define", word)
	}
	return p.take(word)
}

// quantified reads the rest of "1 of x*", "any of them", "all of x*".
func (p *conditionParser) quantified(count string) (*expr, error) {
	kind := exprOr
	switch strings.ToLower(count) {
	case "1", "any":
	case "all":
		kind = exprAnd
	default:
		return nil, fmt.Errorf("condition: %q of is not known, only 1, any and all", count)
	}
	if p.pos >= len(p.tokens) {
		return nil, errors.New("condition ends too early")
	}
	pattern := p.tokens[p.pos]
	p.pos++
	var names []string
	means := selector(pattern)
	for name := range p.selections {
		if means(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("condition: %q selects nothing that the detection defines", pattern)
	}
	slices.Sort(names)
	kids := make([]*expr, len(names))
	for i, name := range names {
		e, err := p.take(name)
		if err != nil {
			return nil, err
		}
		kids[i] = e
	}
	return join(kind, kids), nil
}

// selector tells which names a pattern of "of" means: "them" is every name
// that does not begin with an underscore, * any run of characters.
func selector(pattern string) func(name string) bool {
	if strings.EqualFold(pattern, "them") {
		return func(name string) bool { return !strings.HasPrefix(name, "_") }
	}
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return func(name string) bool { return name == pattern }
	}
	parts := strings.Split(rest, "*")
	return func(name string) bool {
		name, ok := strings.CutPrefix(name, first)
		for _, part := range parts[:len(parts)-1] {
			i := strings.Index(name, part)
			if i < 0 {
				return false
			}
			name = name[i+len(part):]
		}
		return ok && strings.HasSuffix(name, parts[len(parts)-1])
	}
}
