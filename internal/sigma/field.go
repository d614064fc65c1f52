package sigma

import (
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// A column reads one text of an event: a promoted column, or what several
// native values say together. Numbers and texts put together go through the
// Matcher, which keeps them.
type column struct {
	text   func(*event.Event) string
	number func(*event.Event) int64
	parts  func(*event.Event) parts
}

// parts are texts that make one value when put together.
type parts [4]string

func (p parts) join() string { return p[0] + p[1] + p[2] + p[3] }

// clone lets go of the records that the parts lie in.
func (p parts) clone() parts {
	for i := range p {
		p[i] = strings.Clone(p[i])
	}
	return p
}

// read gives the text, without keeping anything.
func (c *column) read(ev *event.Event) string {
	switch {
	case c.text != nil:
		return c.text(ev)
	case c.number != nil:
		if n := c.number(ev); n != 0 {
			return strconv.FormatInt(n, 10)
		}
	case c.parts != nil:
		return c.parts(ev).join()
	}
	return ""
}

// columns are the promoted columns under the names that queries use, and the
// values that aliases derive, whose names begin with "@".
func columns() map[string]column {
	text := func(f func(*event.Event) string) column { return column{text: f} }
	number := func(f func(*event.Event) int64) column { return column{number: f} }
	return map[string]column{
		"source":       text(func(e *event.Event) string { return e.Source }),
		"format":       text(func(e *event.Event) string { return e.Format }),
		"event_code":   text(func(e *event.Event) string { return e.EventCode }),
		"actor_user":   text(func(e *event.Event) string { return e.ActorUser }),
		"target_user":  text(func(e *event.Event) string { return e.TargetUser }),
		"src_ip":       text(func(e *event.Event) string { return e.SrcIP }),
		"dst_ip":       text(func(e *event.Event) string { return e.DstIP }),
		"host":         text(func(e *event.Event) string { return e.Host }),
		"session_uid":  text(func(e *event.Event) string { return e.SessionUID }),
		"process_path": text(func(e *event.Event) string { return e.ProcessPath }),
		"cmd_line":     text(func(e *event.Event) string { return e.CmdLine }),
		"object":       text(func(e *event.Event) string { return e.Object }),
		"statement":    text(func(e *event.Event) string { return e.Statement }),
		"client_app":   text(func(e *event.Event) string { return e.ClientApp }),
		"message":      text(func(e *event.Event) string { return e.Message }),
		"class_uid":    number(func(e *event.Event) int64 { return int64(e.ClassUID) }),
		"activity_id":  number(func(e *event.Event) int64 { return int64(e.ActivityID) }),
		"status_id":    number(func(e *event.Event) int64 { return int64(e.StatusID) }),
		"severity_id":  number(func(e *event.Event) int64 { return int64(e.SeverityID) }),
		"src_port":     number(func(e *event.Event) int64 { return int64(e.SrcPort) }),
		"dst_port":     number(func(e *event.Event) int64 { return int64(e.DstPort) }),
		"bytes_out":    number(func(e *event.Event) int64 { return e.BytesOut }),
		"@account":     {parts: account},
		"@integrity":   text(integrityLevel),
		"@initiated":   text(initiated),
		"@transport":   text(transport),
		"@uri":         {parts: uri},
		"@extension":   text(extension),
		"@status":      text(statusName),
		"@workspace":   text(workspaceService),
		"@key_event":   text(registryEvent),
		"@key":         {parts: registryObject},
		"@key_value":   {parts: registryDetails},
	}
}

// A fieldKey is a native name and what stands in for it where an event does
// not carry it, as an alias says.
type fieldKey struct{ name, standIns string }

// resolveField finds what stands in for a name. A promoted column is always
// its own alias.
func resolveField(tables []aliases, known map[string]column, name string) fieldKey {
	if _, ok := known[name]; ok {
		return fieldKey{name, name}
	}
	for _, t := range tables {
		standIns := t.of(name)
		switch {
		case strings.HasPrefix(standIns, allOf):
			return fieldKey{allOf + name, standIns} // no event has a field of this name
		case standIns != "":
			return fieldKey{name, standIns}
		}
	}
	return fieldKey{name, ""}
}

// A standIn is one of the things that stand in for a missing field: a column,
// another field, or all native fields whose names begin alike.
type standIn struct {
	column
	field  int32 // or none
	prefix string
}

// standIns resolves the second half of a fieldKey.
func (c *compiler) standIns(key fieldKey) []standIn {
	var out []standIn
	for name := range strings.SplitSeq(strings.TrimPrefix(key.standIns, allOf), "|") {
		col, promoted := c.columns[name]
		prefix, many := strings.CutSuffix(name, "*")
		switch {
		case name == "":
		case promoted:
			out = append(out, standIn{column: col, field: none})
		case many:
			out = append(out, standIn{field: none, prefix: prefix})
		case strings.HasPrefix(name, aliased):
			out = append(out, standIn{field: c.intern(name[len(aliased):])})
		default:
			out = append(out, standIn{field: c.field(fieldKey{name: name})})
		}
	}
	return out
}

// standIn gives a field the values of what stands in for it.
func (m *Matcher) standIn(id int32) {
	f := &m.engine.fields[id]
	all := strings.HasPrefix(f.key.standIns, allOf)
	for i := range f.reads {
		if m.addStandIn(id, &f.reads[i]) && !all {
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
		if text := m.texts.of(&s.column, m.ev); text != "" {
			m.add(id, value{text: text, lo: notFolded, next: none})
		}
	}
	return len(m.values) > before
}

// texts keeps the texts of numbers and of values put together, so that looking
// at one does not allocate each time.
type texts struct {
	numbers map[int64]string
	joined  map[parts]string
}

// maxTexts bounds the texts kept of each kind, maxJoined the bytes of one that
// was put together: what is longer is made anew each time.
const (
	maxTexts  = 1 << 14
	maxJoined = 512
)

func newTexts() *texts {
	return &texts{numbers: make(map[int64]string), joined: make(map[parts]string)}
}

func (t *texts) of(c *column, ev *event.Event) string {
	switch {
	case c.number != nil:
		return t.number(c.number(ev))
	case c.parts != nil:
		return t.join(c.parts(ev))
	}
	return c.text(ev)
}

func (t *texts) number(n int64) string {
	if n == 0 {
		return ""
	}
	s, ok := t.numbers[n]
	if !ok {
		s = strconv.FormatInt(n, 10)
		if len(t.numbers) < maxTexts {
			t.numbers[n] = s
		}
	}
	return s
}

func (t *texts) join(p parts) string {
	if p == (parts{}) {
		return ""
	}
	s, ok := t.joined[p]
	if !ok {
		s = p.join()
		if len(t.joined) < maxTexts && len(s) <= maxJoined {
			t.joined[p.clone()] = s
		}
	}
	return s
}

// A FieldReader reads what the rules of one logsource see under one name.
// Make it once for many events; it may be shared.
type FieldReader struct {
	name  string
	all   bool
	reads []source
}

// A source is a standIn outside an Engine.
type source struct {
	column column
	field  *FieldReader
	prefix string
}

// NewFieldReader resolves a name of the Sigma taxonomy, of a native field or
// of a promoted column for the events of a logsource.
func NewFieldReader(l Logsource, field string) *FieldReader {
	return newFieldReader(aliasesFor(l), columns(), field)
}

func newFieldReader(tables []aliases, known map[string]column, field string) *FieldReader {
	names, all := strings.CutPrefix(resolveField(tables, known, field).standIns, allOf)
	r := &FieldReader{name: field, all: all}
	for name := range strings.SplitSeq(names, "|") {
		col, promoted := known[name]
		prefix, many := strings.CutSuffix(name, "*")
		switch {
		case name == "", all && name == field:
		case promoted:
			r.reads = append(r.reads, source{column: col})
		case many:
			r.reads = append(r.reads, source{prefix: prefix})
		case strings.HasPrefix(name, aliased):
			r.reads = append(r.reads, source{field: newFieldReader(tables, known, name[len(aliased):])})
		default:
			r.reads = append(r.reads, source{field: &FieldReader{name: name}})
		}
	}
	return r
}

// Append appends the values that ev has under the reader's name: those of the
// native field of that name, else of what stands in for it. Empty values are
// none.
func (r *FieldReader) Append(dst []string, ev *event.Event) []string {
	start := len(dst)
	for i := range ev.Fields {
		if ev.Fields[i].Name == r.name && ev.Fields[i].Value != "" {
			dst = append(dst, ev.Fields[i].Value)
		}
	}
	for i := 0; i < len(r.reads) && (r.all || len(dst) == start); i++ {
		dst = r.reads[i].appendTo(dst, ev)
	}
	return dst
}

func (s *source) appendTo(dst []string, ev *event.Event) []string {
	if s.field != nil {
		return s.field.Append(dst, ev)
	}
	if s.prefix == "" {
		if text := s.column.read(ev); text != "" {
			dst = append(dst, text)
		}
		return dst
	}
	for i := range ev.Fields {
		if f := &ev.Fields[i]; strings.HasPrefix(f.Name, s.prefix) && f.Value != "" {
			dst = append(dst, f.Value)
		}
	}
	return dst
}

// Values gives the values that a rule of a logsource sees in ev under a field
// name: the native ones, else those of its alias; nil when there are none. For
// many events a FieldReader is faster.
func Values(ev *event.Event, l Logsource, field string) []string {
	return NewFieldReader(l, field).Append(nil, ev)
}
