package post

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var (
	errNoObject   = errors.New("an element is no object")
	errLongRecord = errors.New("a log record is longer than the limit")
)

// openList begins an object with the members of rest, an object or nothing, and
// the list that follows them.
func openList(b []byte, rest []byte, list string) []byte {
	b = append(b, '{')
	if len(rest) > 2 {
		b = append(append(b, rest[1:len(rest)-1]...), ',')
	}
	return append(append(append(b, '"'), list...), `":[`...)
}

// jsonLogs is OTLP/JSON. Nothing of it is written anew but commas.
type jsonLogs struct{}

// split reads the members of an object. That names stand once is looked at in
// the whole body, once for all.
func (jsonLogs) split(object []byte, level int) (rest, list []byte, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(object), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(level > 0))
	if d.PeekKind() != '{' {
		return nil, nil, errNoObject
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	rest = []byte{'{'}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, nil, err
		}
		text := name.String()
		value, err := d.ReadValue()
		switch {
		case err != nil:
			return nil, nil, err
		case text == logList(level):
			list = object[d.InputOffset()-int64(len(value)) : d.InputOffset()]
			continue
		case len(rest) > 1:
			rest = append(rest, ',')
		}
		rest = append(append(quote(rest, text), ':'), value...)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, nil, errNoObject
	}
	return append(rest, '}'), list, nil
}

func (jsonLogs) each(list []byte, level int, do func(element []byte) error) error {
	if len(list) == 0 || list[0] == 'n' {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(list), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if d.PeekKind() != '[' {
		return malformed("%s is no list", logList(level))
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		element, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := do(element); err != nil {
			return err
		}
	}
	return nil
}

func (jsonLogs) record(b, element []byte) ([]byte, error) {
	if element[0] != '{' {
		return b, errNoObject
	}
	return append(b, element...), nil
}

// maxNesting bounds values within values of a protobuf body; each takes two or
// three levels.
const maxNesting = 300

// protobufLogs is OTLP in protobuf. It is decoded object by object, each of most
// bytes at the utmost: a decoded message takes many times the memory of its bytes.
type protobufLogs struct{ most int }

// list is the number of the field that is the list of a level.
func (protobufLogs) list(level int) protowire.Number {
	return [...]protowire.Number{1, 2, 2}[level]
}

// fields gives the fields of a message in turn, with their tags.
func (protobufLogs) fields(message []byte, do func(number protowire.Number, field, value []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeField(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		field := message[:n]
		message = message[n:]
		var value []byte
		if kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(field)
			value, _ = protowire.ConsumeBytes(field[tag:])
		}
		if err := do(number, field, value); err != nil {
			return err
		}
	}
	return nil
}

func (f protobufLogs) split(object []byte, level int) (rest, list []byte, err error) {
	err = f.fields(object, func(number protowire.Number, field, _ []byte) error {
		if number != f.list(level) {
			rest = append(rest, field...)
		}
		if len(rest) > f.most {
			return malformed("a resource or scope is longer than %d bytes", f.most)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	m := [...]proto.Message{&logs.LogsData{}, &logs.ResourceLogs{}, &logs.ScopeLogs{}}[level]
	rest, err = f.object(nil, rest, m)
	return rest, object, err // the list is the fields of its number
}

func (protobufLogs) object(b, text []byte, m proto.Message) ([]byte, error) {
	if err := (proto.UnmarshalOptions{RecursionLimit: maxNesting}).Unmarshal(text, m); err != nil {
		return b, err
	}
	return appendObject(b, m.ProtoReflect()), nil
}

func (f protobufLogs) each(list []byte, level int, do func(element []byte) error) error {
	return f.fields(list, func(number protowire.Number, _, value []byte) error {
		if number != f.list(level) {
			return nil
		}
		return do(value)
	})
}

func (f protobufLogs) record(b, element []byte) ([]byte, error) {
	if len(element) > f.most {
		return b, errLongRecord
	}
	return f.object(b, element, &logs.LogRecord{})
}

// appendObject writes a message as the OTLP/JSON mapping wants: as protobuf's
// own, but identifiers in hex and enums as numbers. The fields stand in the order
// of the schema, so the same message is always the same text.
func appendObject(b []byte, m protoreflect.Message) []byte {
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
		if fd := fields.Get(i); m.Has(fd) {
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
		return appendMessage(b, value.Message())
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

// appendMessage is appendObject, quicker for what most of a record consists of.
func appendMessage(b []byte, m protoreflect.Message) []byte {
	if len(m.GetUnknown()) > 0 {
		return appendObject(b, m)
	}
	switch x := m.Interface().(type) {
	case *common.KeyValue:
		if x.GetKey() != "" && x.GetValue() != nil && x.GetKeyStrindex() == 0 {
			b = quote(append(b, `{"key":`...), x.GetKey())
			return append(appendMessage(append(b, `,"value":`...), x.GetValue().ProtoReflect()), '}')
		}
	case *common.AnyValue:
		switch v := x.GetValue().(type) {
		case *common.AnyValue_StringValue:
			return append(quote(append(b, `{"stringValue":`...), v.StringValue), '}')
		case *common.AnyValue_IntValue:
			return append(strconv.AppendInt(append(b, `{"intValue":"`...), v.IntValue, 10), `"}`...)
		}
	}
	return appendObject(b, m)
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
