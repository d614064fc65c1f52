package post

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var errLogRecord = errors.New("a log record is no object")

// logsOfJSON cuts an ExportLogsServiceRequest in OTLP/JSON into LogRecords. Rest
// is what stands beside the list at each level, whatever it is.
func logsOfJSON(body []byte) ([]logScope, error) {
	var in struct {
		Resources []struct {
			Scopes []struct {
				Records []jsontext.Value `json:"logRecords"`
				Rest    jsontext.Value   `json:",embed"`
			} `json:"scopeLogs"`
			Rest jsontext.Value `json:",embed"`
		} `json:"resourceLogs"`
		Rest jsontext.Value `json:",embed"`
	}
	if err := json.Unmarshal(body, &in, jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, err
	}
	var scopes []logScope
	for _, r := range in.Resources {
		outer := openList(openList(nil, in.Rest, "resourceLogs"), r.Rest, "scopeLogs")
		for _, s := range r.Scopes {
			one := logScope{open: openList(outer[:len(outer):len(outer)], s.Rest, "logRecords"), records: make([][]byte, len(s.Records))}
			for i, rec := range s.Records {
				if rec.Kind() != '{' {
					return nil, errLogRecord
				}
				one.records[i] = rec
			}
			scopes = append(scopes, one)
		}
	}
	return scopes, nil
}

// openList begins an object with the members of rest, an object or nothing, and
// the list that follows them.
func openList(b []byte, rest []byte, list string) []byte {
	b = append(b, '{')
	if len(rest) > 2 {
		b = append(append(b, rest[1:len(rest)-1]...), ',')
	}
	return append(append(append(b, '"'), list...), `":[`...)
}

// maxNesting bounds values within values of a protobuf body; each takes two or
// three levels.
const maxNesting = 300

// logsOfProtobuf cuts an ExportLogsServiceRequest, which has the fields of a
// LogsData, into LogRecords in OTLP/JSON.
func logsOfProtobuf(body []byte) ([]logScope, error) {
	var in logs.LogsData
	if err := (proto.UnmarshalOptions{RecursionLimit: maxNesting}).Unmarshal(body, &in); err != nil {
		return nil, err
	}
	var scopes []logScope
	for _, r := range in.GetResourceLogs() {
		outer := openList(openList(nil, objectWithout(&in, "resource_logs"), "resourceLogs"), objectWithout(r, "scope_logs"), "scopeLogs")
		for _, s := range r.GetScopeLogs() {
			one := logScope{open: openList(outer[:len(outer):len(outer)], objectWithout(s, "log_records"), "logRecords")}
			for _, rec := range s.GetLogRecords() {
				one.records = append(one.records, appendObject(nil, rec.ProtoReflect(), ""))
			}
			scopes = append(scopes, one)
		}
	}
	return scopes, nil
}

// objectWithout is a message in OTLP/JSON but for one field.
func objectWithout(m proto.Message, field protoreflect.Name) []byte {
	return appendObject(nil, m.ProtoReflect(), field)
}

// appendObject writes a message as the OTLP/JSON mapping wants: as protobuf's
// own, but identifiers in hex and enums as numbers. The fields stand in the order
// of the schema, so the same message is always the same text.
func appendObject(b []byte, m protoreflect.Message, but protoreflect.Name) []byte {
	b = append(b, '{')
	fields := m.Descriptor().Fields()
	more := false
	member := func(name string) {
		if more {
			b = append(b, ',')
		}
		more = true
		b = append(append(append(b, '"'), name...), `":`...)
	}
	for i := range fields.Len() {
		if fd := fields.Get(i); fd.Name() != but && m.Has(fd) {
			member(fd.JSONName())
			b = appendField(b, fd, m.Get(fd))
		}
	}
	if unknown := m.GetUnknown(); len(unknown) > 0 {
		member("unknownFields")
		b = appendBase64(b, unknown)
	}
	return append(b, '}')
}

func appendField(b []byte, fd protoreflect.FieldDescriptor, value protoreflect.Value) []byte {
	if !fd.IsList() {
		return appendValue(b, fd, value)
	}
	b = append(b, '[')
	list := value.List()
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, fd, list.Get(i))
	}
	return append(b, ']')
}

func appendValue(b []byte, fd protoreflect.FieldDescriptor, value protoreflect.Value) []byte {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		return appendObject(b, value.Message(), "")
	case protoreflect.StringKind:
		return quote(b, value.String())
	case protoreflect.BytesKind:
		if name := fd.Name(); name == "trace_id" || name == "span_id" {
			return append(hex.AppendEncode(append(b, '"'), value.Bytes()), '"')
		}
		return appendBase64(b, value.Bytes())
	case protoreflect.BoolKind:
		return strconv.AppendBool(b, value.Bool())
	case protoreflect.EnumKind:
		return strconv.AppendInt(b, int64(value.Enum()), 10)
	case protoreflect.Int64Kind, protoreflect.Fixed64Kind, protoreflect.Uint64Kind:
		return fmt.Appendf(b, `"%d"`, value.Interface()) // as text: JSON's numbers lose digits
	case protoreflect.DoubleKind:
		return appendDouble(b, value.Float())
	default: // 32 bits
		return fmt.Appendf(b, "%d", value.Interface())
	}
}

func appendBase64(b, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), data), '"')
}

func appendDouble(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}
