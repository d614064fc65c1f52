package sigma

import (
	"strings"

	"github.com/konseki/konseki/internal/sigma/logsource"
)

// A standIn is a logsource.StandIn whose field has a number.
type standIn struct {
	column logsource.Column
	field  int32 // or none
	prefix string
}

// standIns gives the fields that stand in for one their numbers.
func (c *compiler) standIns(f logsource.Field) []standIn {
	var out []standIn
	for _, s := range c.names.StandIns(f) {
		in := standIn{s.Column, none, s.Prefix}
		if s.Field.Name != "" {
			in.field = c.field(s.Field)
		}
		out = append(out, in)
	}
	return out
}

// standIn gives a field the values of what stands in for it.
func (m *Matcher) standIn(id int32) {
	f := &m.engine.fields[id]
	for i := range f.reads {
		if m.addStandIn(id, &f.reads[i]) && !f.all {
			return
		}
	}
}

// addStandIn reports whether there was a value.
func (m *Matcher) addStandIn(id int32, s *standIn) bool {
	before := len(m.values)
	switch {
	case s.field != none:
		at := m.first(s.field)
		before = len(m.values)
		for ; at != none; at = m.values[at].next {
			m.add(id, value{text: m.values[at].text, lo: notFolded, next: none})
		}
	case s.prefix != "":
		for i := range m.ev.Fields {
			if f := &m.ev.Fields[i]; strings.HasPrefix(f.Name, s.prefix) {
				m.add(id, value{text: f.Value, lo: notFolded, next: none})
			}
		}
	default:
		if text := m.texts.Of(&s.column, m.ev); text != "" {
			m.add(id, value{text: text, lo: notFolded, next: none})
		}
	}
	return len(m.values) > before
}
