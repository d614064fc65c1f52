package sigma

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxSelections bounds the selections of one detection.
const maxSelections = 1000

// detection reads the selections and joins them by the condition.
func (w *walker) detection(n *yaml.Node) (*expr, error) {
	selections, condition, err := w.selections(n)
	if err != nil {
		return nil, err
	}
	texts, err := w.scalars(condition)
	if err != nil {
		return nil, err
	}
	kids := make([]*expr, 0, len(texts))
	for _, t := range texts {
		e, err := parseCondition(t.text, selections, w.left)
		if err == nil {
			err = w.spend(e.size())
		}
		if err != nil {
			return nil, at(condition, err)
		}
		kids = append(kids, e)
	}
	if len(kids) == 0 {
		return nil, atf(condition, "condition is empty")
	}
	return join(exprOr, kids), nil
}

// selections reads the named selections and the condition of a detection or
// filter; names in other are not selections.
func (w *walker) selections(n *yaml.Node, other ...string) (map[string]*expr, *yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, nil, atf(n, "detection must be a mapping")
	}
	list, err := w.entries(n)
	if err != nil {
		return nil, nil, err
	}
	if len(list) > maxSelections {
		return nil, nil, atf(n, "more than %d selections", maxSelections)
	}
	out := make(map[string]*expr, len(list))
	var condition *yaml.Node
	for _, e := range list {
		switch {
		case e.key == "condition":
			condition = e.value
		case e.key == "timeframe":
			return nil, nil, atf(e.at, "timeframe is not part of Sigma 2: write a correlation rule")
		case !slices.Contains(other, e.key):
			if out[e.key], err = w.selection(e.value, 0); err != nil {
				return nil, nil, err
			}
		}
	}
	if condition == nil {
		return nil, nil, atf(n, "condition is missing")
	}
	return out, condition, nil
}

// selection reads a mapping (AND), a list (OR) or a plain value (keyword).
func (w *walker) selection(n *yaml.Node, depth int) (*expr, error) {
	if depth > maxDepth {
		return nil, atf(n, "nested deeper than %d", maxDepth)
	}
	switch n.Kind {
	case yaml.MappingNode:
		list, err := w.entries(n)
		if err != nil {
			return nil, err
		}
		return w.all(n, len(list), func(i int) (*expr, error) { return w.item(list[i]) }, exprAnd)
	case yaml.SequenceNode:
		return w.all(n, len(n.Content), func(i int) (*expr, error) {
			item, err := w.resolve(n.Content[i])
			if err != nil {
				return nil, err
			}
			return w.selection(item, depth+1)
		}, exprOr)
	case yaml.ScalarNode:
		m := modifiers{how: opEqual}
		return m.keyword(n, scalarOf(n))
	}
	return nil, atf(n, "expected a mapping, a list or a value")
}

func (w *walker) all(n *yaml.Node, count int, read func(int) (*expr, error), kind exprKind) (*expr, error) {
	if count == 0 {
		return nil, atf(n, "a selection is empty")
	}
	kids := make([]*expr, 0, count)
	for i := range count {
		e, err := read(i)
		if err != nil {
			return nil, err
		}
		kids = append(kids, e)
	}
	return join(kind, kids), nil
}

// item reads one "field|modifier: value(s)".
func (w *walker) item(e entry) (*expr, error) {
	words := strings.Split(e.key, "|")
	m, err := parseModifiers(words[1:])
	if err != nil {
		return nil, at(e.at, err)
	}
	values, err := w.scalars(e.value)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, atf(e.at, "%q has an empty list of values", e.key)
	}
	kids := make([]*expr, 0, len(values))
	for _, v := range values {
		k, err := w.value(e.at, &m, words[0], v)
		if err != nil {
			return nil, at(e.at, err)
		}
		kids = append(kids, k)
	}
	kind := exprOr
	if m.all != m.neq { // "none of them" is the AND of inequalities
		kind = exprAnd
	}
	return join(kind, kids), nil
}

// value makes the condition of one value as written, which placeholders may
// make several.
func (w *walker) value(n *yaml.Node, m *modifiers, field string, v scalar) (*expr, error) {
	forms := []scalar{v}
	if m.expand {
		var err error
		if forms, err = w.expand(m, v); err != nil {
			return nil, err
		}
	}
	kids := make([]*expr, 0, len(forms))
	for _, f := range forms {
		var k *expr
		var err error
		if field == keywordField {
			k, err = m.keyword(n, f)
		} else {
			k, err = m.apply(field, f)
		}
		if err != nil {
			return nil, err
		}
		if k.kind == exprPredicate && k.pred.op == opRegexp {
			if w.program -= k.pred.re.Size(); w.program < 0 {
				return nil, errors.New("the regular expressions are too large together")
			}
		}
		kids = append(kids, k)
	}
	kind := exprOr
	if m.neq {
		kind = exprAnd
	}
	return join(kind, kids), nil
}

// keyword looks for a value anywhere in the event.
func (m *modifiers) keyword(n *yaml.Node, v scalar) (*expr, error) {
	if v.null || v.text == "" {
		return nil, atf(n, "a keyword cannot be empty")
	}
	e, err := m.apply(keywordField, v)
	if err != nil {
		return nil, at(n, err)
	}
	return e, nil
}
