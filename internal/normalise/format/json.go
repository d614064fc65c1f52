package format

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
)

// FirstJSON finds the first record of a JSON file and how the file is cut. A
// record that does not end within head is given as far as it goes, closed
// with a brace so that a format may look at it.
func FirstJSON(head []byte) ([]byte, event.Framing, bool) {
	head = bytes.TrimSpace(head)
	if len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return nil, 0, false
	}
	line, _, more := bytes.Cut(head, []byte("\n"))
	if line = bytes.TrimSpace(line); line[0] == '{' && IsWholeJSON(line) && (more || !hasRecordArray(line)) {
		return line, event.FrameLines, true
	}
	if head[0] == '[' {
		return firstElement(head, event.FrameJSONArray)
	}
	if at := recordArray(head); at > 0 {
		return firstElement(head[at:], event.FrameJSONArray)
	}
	v, err := newHeadDecoder(head).ReadValue()
	if err != nil {
		return cutShort(head), event.FrameJSON, looksLikeJSON(head)
	}
	return v, event.FrameJSON, true
}

func newHeadDecoder(head []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(head), jsontext.AllowInvalidUTF8(true))
}

// IsWholeJSON reports whether line is one JSON value and nothing else.
func IsWholeJSON(line []byte) bool {
	d := newHeadDecoder(line)
	return d.SkipValue() == nil && int(d.InputOffset()) == len(line)
}

func hasRecordArray(object []byte) bool { return recordArray(object) > 0 }

// recordArray gives the offset of the array of records in a top-level object,
// under one of the keys of [event.FrameJSONArray], or 0.
func recordArray(object []byte) int {
	d := newHeadDecoder(object)
	if _, err := d.ReadToken(); err != nil {
		return 0
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return 0
		}
		key := name.String()
		if d.PeekKind() == '[' {
			switch key {
			case "items", "entries", "events", "records", "Records", "value":
				return int(d.InputOffset()) + bytes.IndexByte(object[d.InputOffset():], '[')
			}
		}
		if d.SkipValue() != nil {
			return 0
		}
	}
	return 0
}

// firstElement reads the first element of an array; it must be an object.
func firstElement(array []byte, framing event.Framing) ([]byte, event.Framing, bool) {
	d := newHeadDecoder(array)
	if _, err := d.ReadToken(); err != nil || d.PeekKind() != '{' {
		return nil, 0, false
	}
	begin := d.InputOffset()
	v, err := d.ReadValue()
	if err != nil {
		return cutShort(array[begin:]), framing, looksLikeJSON(array[begin:])
	}
	return v, framing, true
}

func cutShort(text []byte) []byte {
	text = bytes.TrimLeft(text, " \t\r\n,")
	return append(bytes.Clone(text), '}')
}

// looksLikeJSON reports whether text is an object that merely ends too early:
// it has a name and the beginning of a value.
func looksLikeJSON(text []byte) bool {
	d := newHeadDecoder(bytes.TrimLeft(text, " \t\r\n,"))
	if tok, err := d.ReadToken(); err != nil || tok.Kind() != '{' {
		return false
	}
	if _, err := d.ReadToken(); err != nil {
		return false
	}
	return d.PeekKind() > 0
}

// IsJSONObject reports cheaply whether raw may be a JSON object.
func IsJSONObject(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) >= 2 && raw[0] == '{' && raw[len(raw)-1] == '}'
}
