package sigma

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// A document is one part of a rule file: a rule, a correlation or a filter, or
// why it is none. What it says of itself is known in any case.
type document struct {
	Meta
	rule        *Rule
	correlation *draft
	filter      *filterDraft
	refused     error
}

// refuse keeps the first reason.
func (p *document) refuse(err error) {
	if p.refused == nil {
		p.refused = err
	}
}

// document reads one document.
func (w *walker) document(doc *yaml.Node) *document {
	p := &document{Meta: Meta{Line: doc.Line}}
	if doc.Kind != yaml.MappingNode {
		p.refuse(atf(doc, "a rule is a mapping"))
		return p
	}
	top, err := w.entries(doc)
	if err != nil {
		p.refuse(err)
		return p
	}
	sections := make(map[string]entry, len(top))
	for _, e := range top {
		w.describe(&p.Meta, e)
		sections[e.key] = e
	}
	if err := w.sections(p, doc, sections); err != nil {
		p.refuse(err)
	}
	return p
}

// sections reads what makes the document a rule, correlation or filter.
func (w *walker) sections(p *document, doc *yaml.Node, sections map[string]entry) error {
	if e, ok := sections["action"]; ok {
		return atf(e.at, "rule collections (action) are not part of Sigma 2")
	}
	if e, ok := sections["taxonomy"]; ok && e.value.Value != "sigma" {
		return atf(e.at, "taxonomy %q is not known, only sigma", e.value.Value)
	}
	if err := p.check(doc); err != nil {
		return err
	}
	correlation, isCorrelation := sections["correlation"]
	filter, isFilter := sections["filter"]
	detection, isRule := sections["detection"]
	var source Logsource
	if e, ok := sections["logsource"]; ok {
		var err error
		if source, err = w.logsource(e.value); err != nil {
			return err
		}
	}
	secret := scalarIs(sections["secret"], "true")
	var err error
	switch {
	case isCorrelation && isRule, isCorrelation && isFilter, isFilter && isRule:
		return atf(doc, "a document holds one of detection, correlation and filter")
	case isCorrelation:
		p.correlation, err = w.correlation(correlation, sections["generate"])
		if err == nil {
			p.correlation.Secret = secret
		}
	case isFilter:
		p.filter, err = w.filter(filter, source)
	case isRule:
		p.rule = &Rule{Logsource: source, Secret: secret}
		p.rule.cond, err = w.detection(detection.value)
	default:
		return atf(doc, "detection is missing")
	}
	return err
}

func scalarIs(e entry, text string) bool {
	return e.value != nil && e.value.Kind == yaml.ScalarNode && strings.EqualFold(strings.TrimSpace(e.value.Value), text)
}

// describe reads the fields that only tell people about the rule.
func (w *walker) describe(m *Meta, e entry) {
	switch e.key {
	case "tags":
		m.Tags = w.texts(e.value)
		return
	case "references":
		m.References = w.texts(e.value)
		return
	case "falsepositives":
		m.FalsePositives = w.texts(e.value)
		return
	}
	if e.value.Kind != yaml.ScalarNode {
		return
	}
	text := strings.TrimSpace(e.value.Value)
	switch e.key {
	case "id":
		m.ID = text
	case "name":
		m.Name = text
	case "title":
		m.Title = text
	case "title_ja":
		m.TitleJA = text
	case "description":
		m.Description = text
	case "description_ja":
		m.DescriptionJA = text
	case "author":
		m.Author = text
	case "level":
		m.Level = strings.ToLower(text)
	case "status":
		m.Status = strings.ToLower(text)
	case "license":
		m.License = text
	}
}

func (m *Meta) check(doc *yaml.Node) error {
	if m.Title == "" {
		return atf(doc, "title is missing")
	}
	switch m.Level {
	case "informational", "low", "medium", "high", "critical":
	case "":
		m.Level = "medium"
	default:
		return atf(doc, "level %q is not known", m.Level)
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
