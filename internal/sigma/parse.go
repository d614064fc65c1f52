package sigma

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds one rule file in bytes.
const maxFile = 1 << 20

// maxDocuments bounds the YAML documents of one file.
const maxDocuments = 1000

// Parse reads the rules of one YAML file, which may hold several documents.
// It returns the rules that are sound together with the first error, a
// *ParseError, met in the others.
func Parse(file string, data []byte) ([]*Rule, error) {
	rules, problems := parseAll(file, data)
	if len(problems) == 0 {
		return rules, nil
	}
	return rules, problems[0]
}

func parseAll(file string, data []byte) (rules []*Rule, problems []*ParseError) {
	if len(data) > maxFile {
		return nil, []*ParseError{{file, 0, fmt.Errorf("file larger than %d bytes", maxFile)}}
	}
	docs, err := documents(data)
	if err != nil {
		problems = append(problems, &ParseError{file, 0, err})
	}
	for i, doc := range docs {
		r, err := parseRule(doc)
		if err != nil {
			p := &ParseError{file, doc.Line, err}
			if l, ok := errors.AsType[*located](err); ok {
				p.Line = l.line
			}
			problems = append(problems, p)
			continue
		}
		r.File, r.Line = file, doc.Line
		if r.ID == "" {
			r.ID = strings.TrimSuffix(path.Base(file), path.Ext(file))
			if i > 0 {
				r.ID = fmt.Sprintf("%s-%d", r.ID, i+1)
			}
		}
		rules = append(rules, r)
	}
	if len(docs) == 0 && err == nil {
		problems = append(problems, &ParseError{file, 1, errors.New("holds no rule")})
	}
	return rules, problems
}

func parseRule(doc *yaml.Node) (*Rule, error) {
	if doc.Kind != yaml.MappingNode {
		return nil, atf(doc, "a rule is a mapping")
	}
	w := &walker{left: maxNodes}
	top, err := w.entries(doc)
	if err != nil {
		return nil, err
	}
	r := &Rule{}
	var detection *yaml.Node
	for _, e := range top {
		switch e.key {
		case "correlation":
			return nil, atf(e.at, "correlation rules are not available yet")
		case "filter":
			return nil, atf(e.at, "filters are not available yet")
		case "action":
			return nil, atf(e.at, "rule collections (action) are not part of Sigma 2")
		case "logsource":
			if r.Logsource, err = w.logsource(e.value); err != nil {
				return nil, err
			}
		case "detection":
			detection = e.value
		default:
			w.describe(r, e)
		}
	}
	if err := r.check(doc); err != nil {
		return nil, err
	}
	if detection == nil {
		return nil, atf(doc, "detection is missing")
	}
	r.cond, err = w.detection(detection)
	return r, err
}

// describe reads the fields that only tell people about the rule.
func (w *walker) describe(r *Rule, e entry) {
	switch e.key {
	case "tags":
		r.Tags = w.texts(e.value)
		return
	case "references":
		r.References = w.texts(e.value)
		return
	case "falsepositives":
		r.FalsePositives = w.texts(e.value)
		return
	}
	if e.value.Kind != yaml.ScalarNode {
		return
	}
	text := strings.TrimSpace(e.value.Value)
	switch e.key {
	case "id":
		r.ID = text
	case "name":
		r.Name = text
	case "title":
		r.Title = text
	case "title_ja":
		r.TitleJA = text
	case "description":
		r.Description = text
	case "description_ja":
		r.DescriptionJA = text
	case "author":
		r.Author = text
	case "level":
		r.Level = strings.ToLower(text)
	case "status":
		r.Status = strings.ToLower(text)
	case "license":
		r.License = text
	case "secret":
		r.Secret = strings.EqualFold(text, "true")
	}
}

func (r *Rule) check(doc *yaml.Node) error {
	if r.Title == "" {
		return atf(doc, "title is missing")
	}
	switch r.Level {
	case "informational", "low", "medium", "high", "critical":
	case "":
		r.Level = "medium"
	default:
		return atf(doc, "level %q is not known", r.Level)
	}
	return nil
}

func (w *walker) logsource(n *yaml.Node) (Logsource, error) {
	var l Logsource
	if n.Kind != yaml.MappingNode {
		return l, atf(n, "logsource must be a mapping")
	}
	list, err := w.entries(n)
	if err != nil {
		return l, err
	}
	for _, e := range list {
		if e.value.Kind != yaml.ScalarNode {
			return l, atf(e.at, "logsource %s must be plain text", e.key)
		}
		v := strings.ToLower(e.value.Value)
		switch e.key {
		case "product":
			l.Product = v
		case "category":
			l.Category = v
		case "service":
			l.Service = v
		}
	}
	return l, nil
}

// detection reads the selections and joins them by the condition.
func (w *walker) detection(n *yaml.Node) (*expr, error) {
	if n.Kind != yaml.MappingNode {
		return nil, atf(n, "detection must be a mapping")
	}
	list, err := w.entries(n)
	if err != nil {
		return nil, err
	}
	selections := make(map[string]*expr, len(list))
	var condition *yaml.Node
	for _, e := range list {
		switch e.key {
		case "condition":
			condition = e.value
		case "timeframe":
			return nil, atf(e.at, "timeframe is not part of Sigma 2: write a correlation rule")
		default:
			if selections[e.key], err = w.selection(e.value, 0); err != nil {
				return nil, err
			}
		}
	}
	if condition == nil {
		return nil, atf(n, "condition is missing")
	}
	texts, err := w.scalars(condition)
	if err != nil {
		return nil, err
	}
	kids := make([]*expr, 0, len(texts))
	for _, t := range texts {
		e, err := parseCondition(t.text, selections)
		if err != nil {
			return nil, at(condition, err)
		}
		kids = append(kids, e)
	}
	if len(kids) == 0 {
		return nil, atf(condition, "condition is empty")
	}
	e := join(exprOr, kids)
	if n := e.size(); n > maxNodes {
		return nil, atf(condition, "conditions take in more than %d values", maxNodes)
	}
	return e, nil
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
	kind := exprOr
	if m.all != m.neq { // "none of them" is the AND of inequalities
		kind = exprAnd
	}
	kids := make([]*expr, 0, len(values))
	for _, v := range values {
		var k *expr
		if words[0] == keywordField {
			k, err = m.keyword(e.at, v)
		} else {
			k, err = m.apply(words[0], v)
		}
		if err != nil {
			return nil, at(e.at, err)
		}
		kids = append(kids, k)
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
