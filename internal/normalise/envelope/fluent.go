package envelope

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/service"
)

// fluent reads the entries of Fluentd and Fluent Bit as they are stored:
// {"tag", "time", …record}. The record's line is handed on, else the record as it
// was before tag and time stood in it.
type fluent struct {
	opener
	members *service.Members
	flat    *jsonx.Flattener
}

func newFluent(o opener) format.Format {
	return &fluent{o, service.NewMembers(), jsonx.NewFlattener(jsonx.DefaultLimits())}
}

func (*fluent) Name() string { return "fluent" }

// Matches is loose: only the door says that a record is of this format.
func (*fluent) Matches(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte(`{"tag":`)) || bytes.HasPrefix(raw, []byte(`{"fluent_tag":`))
}

func (f *fluent) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if kind, _, _ := strings.Cut(in.Via.Kind, "/"); kind != "fluent" && in.Via.Get("format") != f.Name() || !f.Matches(in.Raw) {
		return dst, false
	}
	head, record, ok := cutEntry(in.Raw)
	if !ok {
		return dst, false
	}
	members, err := f.flat.Flatten(record)
	if err != nil {
		return dst, false
	}
	line, decoded := lineOf(members, "log", "message", "MESSAGE")
	l := f.letter(append(head, remaining(members, line)...))
	l.at, _ = format.ParseTime(head[1].Value)
	if line >= 0 {
		if out, ok := f.open(in, &l, unended(members[line].Value), dst); ok {
			return out, true
		}
	}
	l.fields = []event.Field{{Name: head[0].Name, Value: head[0].Value}, {Name: head[1].Name, Value: head[1].Value}}
	if !decoded {
		if out, ok := f.open(in, &l, string(record), dst); ok {
			return out, true
		}
	}
	ev := f.members.Event(in, f.Name(), members)
	return l.wrap(in, append(dst, ev), len(dst)), true
}

// cutEntry takes the tag and time, which stand first, from the record.
func cutEntry(raw []byte) (head []jsonx.Member, record []byte, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, false
	}
	for range 2 {
		name, err := d.ReadToken()
		if err != nil || name.Kind() != '"' {
			return nil, nil, false
		}
		text := name.String()
		value, err := d.ReadToken()
		if err != nil || value.Kind() == '{' || value.Kind() == '[' {
			return nil, nil, false
		}
		head = append(head, jsonx.Member{Name: text, Value: value.String()})
	}
	if !strings.HasSuffix(head[0].Name, "tag") || !strings.HasSuffix(head[1].Name, "time") {
		return nil, nil, false
	}
	rest := bytes.TrimLeft(raw[d.InputOffset():], " ,\t\r\n")
	return head, append([]byte{'{'}, rest...), true
}
