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

// hec reads events of Splunk's HTTP Event Collector: {"time", "host", "source",
// "sourcetype", "index", "event", "fields"}, of which event is a line or an object.
// Source: Splunk, "Format events for HTTP Event Collector".
type hec struct {
	opener
	members *service.Members
	flat    *jsonx.Flattener
}

func newHEC(o opener) format.Format {
	return &hec{o, service.NewMembers(), jsonx.NewFlattener(jsonx.DefaultLimits())}
}

func (*hec) Name() string { return "hec" }

func (*hec) Matches(raw []byte) bool {
	return len(raw) > 0 && raw[0] == '{' && bytes.Contains(raw, []byte(`"event"`))
}

// Shape takes files of such events, one a line or not.
func (f *hec) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	if !ok || !f.Matches(first) {
		return event.Shape{}, false
	}
	_, is := f.parts(first, false)
	return event.Shape{Format: f.Name(), Framing: framing}, is
}

// parts takes an event apart. Without the door that says so it must name its
// sourcetype, and nothing that is no part of the protocol.
func (*hec) parts(raw []byte, certain bool) (map[string]jsontext.Value, bool) {
	if !certain && !bytes.Contains(raw, []byte(`"sourcetype"`)) {
		return nil, false
	}
	var parts map[string]jsontext.Value
	if jsonx.Unmarshal(raw, &parts, jsonx.DefaultLimits()) != nil {
		return nil, false
	}
	for name := range parts {
		switch name {
		case "time", "host", "source", "sourcetype", "index", "event", "fields":
		default:
			return nil, false
		}
	}
	return parts, parts["event"] != nil && parts["event"].Kind() != 'n' && (certain || parts["sourcetype"] != nil)
}

func (f *hec) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	parts, ok := f.parts(in.Raw, in.Via.Kind == "hec")
	if !ok {
		return dst, false
	}
	about, ok := f.about(parts)
	if !ok {
		return dst, false
	}
	l := f.letter(about)
	l.at, _ = format.ParseTime(fieldOf(l.fields, "time"))
	text := string(parts["event"])
	if parts["event"].Kind() == '"' {
		b, _ := jsontext.AppendUnquote(nil, parts["event"]) // it has been read already
		text = unended(string(b))
	}
	if out, ok := f.open(in, &l, text, dst); ok {
		return out, true
	}
	ev := f.members.Event(in, f.Name(), append(about, jsonx.Member{Name: "message", Value: text}))
	l.fields = nil // they are among the members
	return l.wrap(in, append(dst, ev), len(dst)), true
}

// about gives all but the event as members; fields under their own names.
func (f *hec) about(parts map[string]jsontext.Value) (out []jsonx.Member, ok bool) {
	for _, name := range [...]string{"time", "host", "source", "sourcetype", "index", "fields"} {
		if parts[name] == nil {
			continue
		}
		members, err := f.flat.Flatten(parts[name])
		if err != nil {
			return nil, false
		}
		for _, m := range members {
			if m.Name == "" {
				m.Name = name
			}
			out = append(out, m)
		}
	}
	return out, true
}

// fieldOf gives the first value of a name without spaces around it, or "".
func fieldOf(fields []event.Field, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return strings.TrimSpace(f.Value)
		}
	}
	return ""
}
