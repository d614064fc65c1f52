package envelope

import (
	"bytes"
	"cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// beats reads the documents of Elastic's Beats and of others that write to
// Elasticsearch: {"@timestamp", "message", "host", "agent", …}. Only those are of
// this format whose line another format knows: all else is read by its members.
// Source: Elastic Common Schema 8.
type beats struct {
	opener
	flat *jsonx.Flattener
}

func newBeats(o opener) format.Format {
	return &beats{o, jsonx.NewFlattener(jsonx.DefaultLimits())}
}

func (*beats) Name() string { return "beats" }

func (*beats) Matches(raw []byte) bool {
	return len(raw) > 0 && raw[0] == '{' && bytes.Contains(raw, []byte(`"@timestamp"`)) && !bytes.Contains(raw, []byte(`"winlog"`)) &&
		(bytes.Contains(raw, []byte(`"message"`)) || bytes.Contains(raw, []byte(`"log"`)) || bytes.Contains(raw, []byte(`"original"`)) || bytes.Contains(raw, []byte(`"event.original"`)))
}

// Shape takes files of documents whose line is known, one a line or not.
func (f *beats) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	if !ok {
		return event.Shape{}, false
	}
	_, ok = f.Normalise(format.SampleInput(first), nil)
	return event.Shape{Format: f.Name(), Framing: framing}, ok
}

func (f *beats) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	members, err := f.flat.Flatten(in.Raw)
	if err != nil || in.Via.Kind != "elastic" && !shipped(members) {
		return dst, false
	}
	for _, name := range [...]string{"event.original", "message", "log"} {
		line, _ := lineOf(members, name)
		if line < 0 {
			continue
		}
		l := f.letter(remaining(members, line))
		l.at, _ = format.ParseTime(fieldOf(l.fields, "@timestamp"))
		l.service, l.program = cmp.Or(l.program, l.service), "" // what no reader knows, the members tell better
		if out, ok := f.open(in, &l, unended(members[line].Value), dst); ok {
			return out, true
		}
	}
	return dst, false
}

// shipped reports whether a shipper has signed a document.
func shipped(members []jsonx.Member) bool {
	for i := range members {
		switch members[i].Name {
		case "agent.type", "@metadata.beat", "ecs.version", "log.file.path", "beat.name", "kubernetes.pod_name", "kubernetes.pod.name":
			return true
		}
	}
	return false
}
