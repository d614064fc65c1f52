package normalise

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// container reads the envelopes that container runtimes put around a line: the
// JSON of Docker's json-file driver, the text of the Kubernetes runtimes (CRI
// logging format) and the prefix of docker compose. The line inside is offered
// to the other formats.
type container struct {
	inner []format.Format
	flat  *jsonx.Flattener
}

func newContainer(inner []format.Format) format.Format {
	return &container{inner: inner, flat: jsonx.NewFlattener(jsonx.DefaultLimits())}
}

func (*container) Name() string { return "container" }

// maxContainerHead bounds what stands before the line itself.
const maxContainerHead = 80

func (*container) Matches(raw []byte) bool {
	head := raw[:min(len(raw), maxContainerHead)]
	switch {
	case bytes.HasPrefix(raw, []byte(`{"log":"`)):
		return true
	case len(raw) > 30 && raw[4] == '-' && raw[10] == 'T':
		return bytes.Contains(head, []byte(" stdout ")) || bytes.Contains(head, []byte(" stderr "))
	}
	return composeMark(head) > 0
}

// Shape takes files of Docker's JSON: other envelopes are told by their lines.
func (c *container) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	var w contained
	return event.Shape{Format: c.Name(), Framing: framing}, ok && bytes.HasPrefix(first, []byte(`{"log":"`)) && c.docker(&w, first)
}

// composeMark finds the bar of "web-1  | " behind a name and spaces.
func composeMark(head []byte) int {
	i := bytes.Index(head, []byte(" | "))
	if i <= 0 {
		return -1
	}
	name := bytes.TrimRight(head[:i], " ")
	if len(name) == 0 || bytes.ContainsAny(name, " \t\"[]{}<>=:,/'|") || format.IsDigit(name[0]) {
		return -1
	}
	return i
}

// contained is a line with what its runtime says of it.
type contained struct {
	line   string
	at     format.Moment
	fields [3]event.Field
}

func (c *container) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	var w contained
	switch text := in.Text(); {
	case strings.HasPrefix(text, "{"):
		if !c.docker(&w, in.Raw) {
			return dst, false
		}
	case w.cri(text) || w.compose(text):
	default:
		return dst, false
	}
	inside := format.Input{
		Rec: in.Rec, Raw: []byte(w.line), Via: in.Via, Zone: in.Zone, ZoneFrom: in.ZoneFrom, Reference: in.Reference,
	}
	start := len(dst)
	for _, f := range c.inner {
		if !f.Matches(inside.Raw) {
			continue
		}
		if out, ok := f.Normalise(&inside, dst[:start]); ok && len(out) > start {
			for i := start; i < len(out); i++ {
				w.wrap(in, &out[i])
			}
			return out, true
		}
	}
	if w.at.Text == "" { // a bar alone is no mark of docker compose
		return dst[:start], false
	}
	ev := in.New(c.Name(), event.ClassBase)
	ev.Message = format.Message(w.line)
	w.wrap(in, &ev)
	return append(dst[:start], ev), true
}

// wrap adds what the envelope says. Its time is taken where the line has none,
// or one whose zone nobody knows.
func (w *contained) wrap(in *format.Input, ev *event.Event) {
	if w.at.Text != "" && (ev.Quality.Zone == event.ZoneReceived || ev.Quality.Zone == event.ZoneAssumed) {
		w.at.Set(in, ev)
	}
	for _, f := range w.fields {
		ev.Add(f.Name, f.Value)
	}
}

// docker reads {"log":"LINE\n","stream":"stdout","time":"…"}.
func (c *container) docker(w *contained, raw []byte) bool {
	members, err := c.flat.Flatten(raw)
	if err != nil {
		return false
	}
	found := false
	for i := range members {
		switch m := &members[i]; m.Name {
		case "log":
			w.line, found = strings.TrimRight(m.Value, "\r\n"), true
		case "stream":
			w.fields[0] = event.Field{Name: "container.stream", Value: m.Value}
		case "time":
			w.at, _ = format.ParseTime(m.Value)
		default:
			return false // more than the driver writes: another format's record
		}
	}
	return found && w.at.Text != ""
}

// cri reads "TIME STREAM TAG LINE"; the tag P marks a line that goes on in the
// next record.
func (w *contained) cri(s string) bool {
	stamp, rest, ok := strings.Cut(s, " ")
	stream, rest, ok2 := strings.Cut(rest, " ")
	tag, line, ok3 := strings.Cut(rest, " ")
	at, timed := format.ParseTime(stamp)
	if !ok || !ok2 || !ok3 || !timed || stream != "stdout" && stream != "stderr" || tag != "F" && tag != "P" {
		return false
	}
	w.line, w.at = line, at
	w.fields[0] = event.Field{Name: "container.stream", Value: stream}
	if tag == "P" {
		w.fields[1] = event.Field{Name: "container.partial", Value: "true"}
	}
	return true
}

// compose reads "NAME  | LINE".
func (w *contained) compose(s string) bool {
	i := composeMark([]byte(s[:min(len(s), maxContainerHead)]))
	if i <= 0 {
		return false
	}
	w.line = s[i+3:]
	w.fields[0] = event.Field{Name: "container.name", Value: strings.TrimRight(s[:i], " ")}
	return true
}
