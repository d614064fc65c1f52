package envelope

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/service"
)

// otlp reads LogsData in OTLP/JSON: an event of each LogRecord, or what the line
// or object in its body gives. Source: OpenTelemetry Protocol 1.x, "JSON
// Protobuf Encoding", and the semantic conventions for the names of attributes.
type otlp struct {
	opener
	members *service.Members
}

func newOTLP(o opener) format.Format { return &otlp{o, service.NewMembers()} }

func (*otlp) Name() string { return "otlp" }

// maxMark bounds where the first name of an envelope is looked for.
const maxMark = 512

func (*otlp) Matches(raw []byte) bool {
	return len(raw) > 0 && raw[0] == '{' && bytes.Contains(raw[:min(len(raw), maxMark)], []byte(`"resourceLogs"`))
}

// Shape takes files of LogsData, one a line or not.
func (f *otlp) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	return event.Shape{Format: f.Name(), Framing: framing}, ok && f.Matches(first)
}

// logsData is the part of LogsData that events are made of.
type logsData struct {
	ResourceLogs []struct {
		Resource  attributed `json:"resource"`
		ScopeLogs []struct {
			Scope struct {
				Name string `json:"name"`
			} `json:"scope"`
			LogRecords []logRecord `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
}

type attributed struct {
	Attributes []keyValue `json:"attributes"`
}

type logRecord struct {
	Time           jsontext.Value `json:"timeUnixNano"`
	Observed       jsontext.Value `json:"observedTimeUnixNano"`
	SeverityNumber jsontext.Value `json:"severityNumber"`
	SeverityText   string         `json:"severityText"`
	Body           anyValue       `json:"body"`
	Attributes     []keyValue     `json:"attributes"`
	TraceID        string         `json:"traceId"`
	SpanID         string         `json:"spanId"`
	EventName      string         `json:"eventName"`
}

// otlpLimits allows for the three levels that each level of a value takes.
func otlpLimits() jsonx.Limits {
	l := jsonx.DefaultLimits()
	l.Depth *= 8
	return l
}

func (f *otlp) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	var data logsData
	if jsonx.Unmarshal(in.Raw, &data, otlpLimits()) != nil {
		return dst, false
	}
	start := len(dst)
	for _, r := range data.ResourceLogs {
		resource, ok := flattened(nil, r.Resource.Attributes)
		if !ok {
			return dst[:start], false
		}
		for _, s := range r.ScopeLogs {
			for i := range s.LogRecords {
				if dst, ok = f.record(in, &s.LogRecords[i], resource, s.Scope.Name, dst); !ok {
					return dst[:start], false
				}
			}
		}
	}
	return dst, len(dst) > start
}

// record appends the events of one LogRecord. Its own attributes stand before
// those of its resource.
func (f *otlp) record(in *format.Input, r *logRecord, resource []jsonx.Member, scope string, dst []event.Event) ([]event.Event, bool) {
	about := make([]jsonx.Member, 0, len(r.Attributes)+len(resource)+6)
	about, ok := flattened(about, r.Attributes)
	if !ok {
		return dst, false
	}
	about = append(about, resource...)
	for _, m := range [...]jsonx.Member{
		{Name: "severityText", Value: r.SeverityText}, {Name: "severityNumber", Value: bare(r.SeverityNumber)}, {Name: "traceId", Value: r.TraceID},
		{Name: "spanId", Value: r.SpanID}, {Name: "eventName", Value: r.EventName}, {Name: "scope.name", Value: scope},
	} {
		if m.Value != "" {
			about = append(about, m)
		}
	}
	l := f.letter(about)
	l.at = r.at()
	l.severity = otlpSeverity(bare(r.SeverityNumber))
	text, body, ok := r.Body.carried()
	if !ok {
		return dst, false
	}
	if line, ok := messageOf(body); ok { // an entry of systemd's journal
		entry := f.letter(append(remaining(body, -1), about...))
		entry.at, entry.severity = l.at, l.severity
		if out, ok := f.open(in, &entry, line, dst); ok {
			return out, true
		}
	}
	if text != "" {
		if out, ok := f.open(in, &l, text, dst); ok {
			return out, true
		}
	}
	if body == nil {
		body = []jsonx.Member{{Name: "message", Value: text}}
	}
	ev := f.members.Event(in, f.Name(), append(body, about...))
	if l.fields = nil; l.severity != event.SeverityUnknown { // the fields are among the members
		ev.SeverityID = l.severity
	}
	return l.wrap(in, append(dst, ev), len(dst)), true
}

// at is when it happened, else when it was first seen.
func (r *logRecord) at() format.Moment {
	for _, v := range [...]jsontext.Value{r.Time, r.Observed} {
		if m, ok := format.ParseEpoch(bare(v)); ok {
			return m
		}
	}
	return format.Moment{}
}

// bare is a number as it stands, in quotes or not.
func bare(v jsontext.Value) string { return string(bytes.Trim(v, `"`)) }

// otlpSeverity maps SeverityNumber: 1 trace, 5 debug, 9 info, 13 warn, 17 error,
// 21 fatal, each of four steps.
func otlpSeverity(number string) int32 {
	n, digits := format.LeadingDigits(number, 2)
	switch {
	case digits == 0 || digits != len(number) || n == 0 || n > 24:
		return event.SeverityUnknown
	case n >= 21:
		return event.SeverityCritical
	case n >= 17:
		return event.SeverityHigh
	case n >= 13:
		return event.SeverityMedium
	}
	return event.SeverityInformational
}
