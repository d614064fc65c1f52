package example

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

// maxWhy bounds what a reason lists.
const maxWhy = 6

// whyMatched tells by which fields a rule matched.
func whyMatched(hit sigma.Match) event.Phrase {
	var fields []string
	for _, b := range hit.Because {
		fields = append(fields, b.Field)
	}
	by := strings.Join(slices.Compact(fields), ", ")
	return event.Phrase{JA: "一致してはならないのに一致した：" + by, EN: "matches but must not, by " + by}
}

// whyCounted tells what a correlation had to count.
func whyCounted(c *sigma.Correlation, found int, s *Story, inputs map[*sigma.Rule]int) event.Phrase {
	var list []string
	for _, in := range c.Inputs {
		if in.Rule != nil {
			list = append(list, fmt.Sprintf("%q %d", in.Rule.Title, inputs[in.Rule]))
		}
	}
	return event.Phrase{
		JA: fmt.Sprintf("「%s」の検知は %d 件のはずが %d 件。入力ルールの一致：%s", s.Story, s.Expect, found, strings.Join(list, "、")),
		EN: fmt.Sprintf("%q is found %d times, expected %d; matches of its inputs: %s", s.Story, found, s.Expect, strings.Join(list, ", ")),
	}
}

// whyNot tells why a rule does not match an event: its logsource, or the parts
// of its selections that do not hold. Values are not shown.
func (r *runner) whyNot(rule *sigma.Rule, ev *event.Event, raw []byte) event.Phrase {
	if !holds(rule.Logsource, `konseki_nothing|exists: false`, ev, raw) {
		var list []string
		for _, l := range r.engine.Sees(ev) {
			list = append(list, l.String())
		}
		if len(list) == 0 {
			return event.Phrase{
				JA: fmt.Sprintf("ログソース %s のイベントではない（どのログソースにも当たらない）", rule.Logsource),
				EN: fmt.Sprintf("the event is not of logsource %s, nor of any other", rule.Logsource),
			}
		}
		return event.Phrase{
			JA: fmt.Sprintf("ログソース %s のイベントではない（当たるのは %s）", rule.Logsource, strings.Join(list, "、")),
			EN: fmt.Sprintf("the event is not of logsource %s, but of %s", rule.Logsource, strings.Join(list, ", ")),
		}
	}
	doc := r.document(rule)
	if doc == nil {
		return event.Phrase{JA: "条件が成り立たない", EN: "the condition does not hold"}
	}
	if len(rule.Filters) > 0 && matchesAlone(doc, ev, raw) {
		by := strings.Join(rule.Filters, ", ")
		return event.Phrase{JA: "フィルターが除いている：" + by, EN: "a filter leaves it out: " + by}
	}
	p := &prober{source: rule.Logsource, ev: ev, raw: raw}
	p.detection(entry(doc, "detection"))
	return p.phrase()
}

// document finds a rule's own document in its file, nil when it is not there any more.
func (r *runner) document(rule *sigma.Rule) *yaml.Node {
	for _, t := range r.trees {
		name := rule.File
		if t.Name != "" {
			var ok bool
			if name, ok = strings.CutPrefix(rule.File, t.Name+"/"); !ok {
				continue
			}
		}
		data, err := readBounded(t.FS, name)
		if err != nil {
			continue
		}
		dec := yaml.NewDecoder(strings.NewReader(string(data)))
		for {
			var doc yaml.Node
			if dec.Decode(&doc) != nil {
				break
			}
			if len(doc.Content) == 1 && doc.Content[0].Line == rule.Line && doc.Content[0].Kind == yaml.MappingNode {
				return doc.Content[0]
			}
		}
	}
	return nil
}

// entry is the value of a key of a mapping, nil when there is none.
func entry(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// matchesAlone reports whether a rule matches without the filters that apply to it.
func matchesAlone(doc *yaml.Node, ev *event.Event, raw []byte) bool {
	data, err := yaml.Marshal(doc)
	if err != nil {
		return false
	}
	rules, err := sigma.Parse("alone.yml", data)
	return err == nil && len(sigma.Compile(rules).NewMatcher().Match(ev, raw, nil)) > 0
}

// A prober asks of an event, part by part, what a rule asks of it.
type prober struct {
	source sigma.Logsource
	ev     *event.Event
	raw    []byte
	misses []event.Phrase // parts that do not hold
	held   []string       // identifiers that hold
}

// detection looks at every identifier of a rule's detection.
func (p *prober) detection(n *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	negated := func(string) bool { return false }
	if c := entry(n, "condition"); c != nil {
		negated = negatedIn(c.Value)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		if name == "condition" || name == "timeframe" {
			continue
		}
		if holdsNode(p.source, value, p.ev, p.raw) {
			p.held = append(p.held, name)
		} else if !negated(name) {
			p.parts(name, value)
		}
	}
}

// negatedIn tells of an identifier whether a condition wants it not to hold.
func negatedIn(condition string) func(string) bool {
	var patterns []string
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(condition))
	depth, until, not := 0, -1, false
	for _, w := range words {
		switch w {
		case "(":
			if depth++; not && until < 0 {
				until = depth
			}
			not = false
		case ")":
			if depth == until {
				until = -1
			}
			depth--
		case "not":
			not = true
		case "1", "any", "all", "of", "and", "or":
		default:
			if not || until >= 0 {
				patterns = append(patterns, w)
			}
			not = false
		}
	}
	return func(name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			ok, err := path.Match(p, name)
			return ok && err == nil || p == "them"
		})
	}
}

// parts looks at what an identifier is made of.
func (p *prober) parts(name string, n *yaml.Node) {
	maps := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		maps = n.Content
	}
	for _, m := range maps {
		if m.Kind != yaml.MappingNode {
			p.miss(name, "keyword", false)
			return // one for all keywords
		}
		for i := 0; i+1 < len(m.Content); i += 2 {
			one := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{m.Content[i], m.Content[i+1]}}
			if holdsNode(p.source, one, p.ev, p.raw) {
				continue
			}
			field, _, _ := strings.Cut(m.Content[i].Value, "|")
			p.miss(name, m.Content[i].Value, field != "" && !holds(p.source, quote(field+"|exists")+": true", p.ev, p.raw))
		}
	}
}

func (p *prober) miss(identifier, field string, absent bool) {
	what := event.Phrase{JA: "別の値", EN: "has another value"}
	switch {
	case absent:
		what = event.Phrase{JA: "欄がない", EN: "is missing"}
	case field == "keyword":
		what = event.Phrase{JA: "見つからない", EN: "is not found"}
	}
	p.misses = append(p.misses, event.Phrase{
		JA: fmt.Sprintf("%s の %s：%s", identifier, field, what.JA), EN: fmt.Sprintf("%s: %s %s", identifier, field, what.EN),
	})
}

// phrase puts it together.
func (p *prober) phrase() event.Phrase {
	var ja, en []string
	for _, m := range p.misses[:min(len(p.misses), maxWhy)] {
		ja, en = append(ja, m.JA), append(en, m.EN)
	}
	if more := len(p.misses) - maxWhy; more > 0 {
		ja, en = append(ja, fmt.Sprintf("ほか %d 件", more)), append(en, fmt.Sprintf("%d more", more))
	}
	if len(p.held) > 0 {
		held := strings.Join(p.held, ", ")
		ja, en = append(ja, "成り立つもの："+held), append(en, "what holds: "+held)
	}
	return event.Phrase{JA: "条件が成り立たない。" + strings.Join(ja, "；"), EN: "the condition does not hold; " + strings.Join(en, "; ")}
}

// holdsNode reports whether a selection holds of an event. One that cannot be
// asked alone, as with placeholders, does not.
func holdsNode(l sigma.Logsource, n *yaml.Node, ev *event.Event, raw []byte) bool {
	data, err := yaml.Marshal(n)
	if err != nil {
		return false
	}
	return holds(l, string(data), ev, raw)
}

// holds is holdsNode of a selection as YAML.
func holds(l sigma.Logsource, selection string, ev *event.Event, raw []byte) bool {
	var b strings.Builder
	fmt.Fprintf(&b, "title: probe\nlogsource:\n")
	for _, part := range [][2]string{{"product", l.Product}, {"category", l.Category}, {"service", l.Service}} {
		if part[1] != "" {
			fmt.Fprintf(&b, "  %s: %s\n", part[0], quote(part[1]))
		}
	}
	fmt.Fprintf(&b, "detection:\n  condition: probe\n  probe:\n")
	for line := range strings.Lines(selection) {
		b.WriteString("    " + line)
	}
	rules, err := sigma.Parse("probe.yml", []byte(b.String()))
	return err == nil && len(sigma.Compile(rules).NewMatcher().Match(ev, raw, nil)) > 0
}

// quote writes text as YAML reads it back.
func quote(text string) string {
	out, err := yaml.Marshal(text)
	if err != nil {
		return `""`
	}
	return strings.TrimSuffix(string(out), "\n")
}
