package sigma

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Filter leaves matches out of many rules. Source: Sigma filters
// specification 2.1.
//
// Its condition may be written in either of two ways: as what is left out
// ("selection", as in the specification's example) or as what is kept ("not
// selection", as the common tools want it). A condition that negates some
// selections and not others could be meant either way and is refused, unless
// all of it stands under one "not".
type Filter struct {
	Meta
	Logsource Logsource
	Rules     []*Rule // those it is applied to
}

// A filterDraft is a filter whose rules are not found yet.
type filterDraft struct {
	source Logsource
	any    bool // every rule of the logsource
	refs   []reference
	keep   *expr // what a match must satisfy to be kept
	rules  []*Rule
}

func (f *filterDraft) made(m Meta) Filter {
	return Filter{Meta: m, Logsource: f.source, Rules: f.rules}
}

// filter reads the section filter.
func (w *walker) filter(e entry, source Logsource) (*filterDraft, error) {
	if source == (Logsource{}) {
		return nil, atf(e.at, "a filter needs a logsource")
	}
	selections, condition, err := w.selections(e.value, "rules")
	if err != nil {
		return nil, err
	}
	if condition.Kind != yaml.ScalarNode {
		return nil, atf(condition, "a filter has one condition")
	}
	f := &filterDraft{source: source}
	if f.keep, err = w.keeps(condition, selections); err != nil {
		return nil, at(condition, err)
	}
	list, err := w.entries(e.value)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if e.key == "rules" {
			return f, w.filteredRules(f, e)
		}
	}
	return nil, atf(e.at, "a filter needs rules: a list of ids and names, or any")
}

func (w *walker) filteredRules(f *filterDraft, e entry) (err error) {
	if f.refs, err = w.references(e.value); err != nil {
		return err
	}
	if len(f.refs) == 1 && e.value.Kind == yaml.ScalarNode && (strings.EqualFold(f.refs[0].text, "any") || strings.EqualFold(f.refs[0].text, "all")) {
		f.any, f.refs = true, nil
		return nil
	}
	if len(f.refs) == 0 {
		return atf(e.at, "a filter needs rules: a list of ids and names, or any")
	}
	return nil
}

// keeps makes of a filter's condition what a match must satisfy to be kept.
func (w *walker) keeps(n *yaml.Node, selections map[string]*expr) (*expr, error) {
	// The selections may hold negations of their own, which say nothing about
	// how the condition is meant.
	stubs := make(map[string]*expr, len(selections))
	for name := range selections {
		stubs[name] = leaf(&predicate{})
	}
	shape, err := parseCondition(n.Value, stubs, w.left)
	if err != nil {
		return nil, err
	}
	e, err := parseCondition(n.Value, selections, w.left)
	if err != nil {
		return nil, err
	}
	if err := w.spend(e.size()); err != nil {
		return nil, err
	}
	positive, negative := shape.polarity(false)
	switch {
	case positive == 0, shape.kind == exprNot:
		return e, nil
	case negative == 0:
		return not(e), nil
	}
	return nil, errors.New("a filter's condition is either what is left out, without not, or not (...)")
}

// polarity counts the predicates that stand under an even and under an odd
// number of negations.
func (e *expr) polarity(negated bool) (positive, negative int) {
	if e.kind == exprPredicate {
		if negated {
			return 0, 1
		}
		return 1, 0
	}
	for _, k := range e.kids {
		p, n := k.polarity(negated != (e.kind == exprNot))
		positive, negative = positive+p, negative+n
	}
	return positive, negative
}

// applyFilters adds the filters to their rules. A filter that cannot be added
// to all that it names is added to none.
func (l *loader) applyFilters(d *directory) {
	for _, p := range l.documents {
		if p.refused != nil || p.filter == nil {
			continue
		}
		rules, err := l.filtered(d, p)
		if err == nil {
			cost := len(rules) * p.filter.keep.size()
			if l.left -= cost; l.left < 0 {
				l.left += cost
				err = errors.New("the filter is too large for so many rules")
			}
		}
		if err != nil {
			p.refuse(err)
			continue
		}
		for _, r := range rules {
			r.rule.cond = join(exprAnd, []*expr{r.rule.cond, p.filter.keep})
			r.rule.Filters = append(r.rule.Filters, p.ID)
			p.filter.rules = append(p.filter.rules, r.rule)
		}
	}
}

// filtered finds the rules that a filter is for.
func (l *loader) filtered(d *directory, p *document) (rules []*document, err error) {
	if p.filter.any {
		for _, r := range l.documents {
			if r.refused == nil && r.rule != nil && p.filter.source.Contains(r.rule.Logsource) {
				rules = append(rules, r)
			}
		}
		if len(rules) == 0 {
			return nil, fmt.Errorf("no rule has the filter's logsource %s", p.filter.source)
		}
		return rules, nil
	}
	for _, ref := range p.filter.refs {
		r, err := d.find(p.File, ref)
		switch {
		case err != nil:
			return nil, err
		case r.rule == nil:
			return nil, &located{ref.line, fmt.Errorf("%q is no rule, and filters are for rules only", ref.text)}
		case !p.filter.source.Contains(r.rule.Logsource):
			return nil, &located{ref.line, fmt.Errorf("%q has logsource %s, which is not the filter's %s", ref.text, r.rule.Logsource, p.filter.source)}
		}
		rules = append(rules, r)
	}
	return rules, nil
}
