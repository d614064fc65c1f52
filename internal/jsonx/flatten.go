package jsonx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Kind is the JSON type of a leaf.
type Kind uint8

const (
	String Kind = iota
	Number
	Bool
	Null
)

// Member is one leaf of a JSON text. Name is the path to it with dots between
// the names ("context.ip_address"); the elements of an array carry the name of
// the array, so a name can come more than once. Value is the unquoted string,
// the number exactly as written, "true", "false", or "" for null.
type Member struct {
	Name  string
	Value string
	Kind  Kind
}

// maxNames bounds how many different names a Flattener remembers.
const maxNames = 8192

// Flattener flattens JSON texts, one after another, into their leaves. It keeps
// buffers and the names seen, so it is worth keeping; it is not safe for
// concurrent use.
type Flattener struct {
	limits Limits
	dec    *jsontext.Decoder
	src    bytes.Buffer
	value  jsontext.Value // what is being flattened
	at     int            // how far
	utf8   bool           // value is valid UTF-8
	names  map[string]string
	path   []byte // name of the value being read
	text   []byte // values so far, end to end
	leaves []leaf
	out    []Member
}

// leaf is a member whose value is still in Flattener.text, up to end.
type leaf struct {
	name string
	end  int
	kind Kind
}

// NewFlattener returns a Flattener that refuses what goes beyond limits.
func NewFlattener(limits Limits) *Flattener {
	return &Flattener{limits: limits, dec: jsontext.NewDecoder(&bytes.Buffer{}), names: map[string]string{}}
}

// Flatten returns the leaves of the one JSON value in raw, in the order they
// stand there. Empty objects and arrays have none. Bytes that are not UTF-8
// become U+FFFD. The slice is valid until the next call, its strings for good.
func (f *Flattener) Flatten(raw []byte) ([]Member, error) {
	if len(raw) > f.limits.Bytes {
		return nil, fmt.Errorf("jsonx: %w: %d > %d", ErrTooLarge, len(raw), f.limits.Bytes)
	}
	// The decoder reads a bytes.Buffer in place, without a copy.
	f.src = *bytes.NewBuffer(raw)
	f.dec.Reset(&f.src, jsontext.AllowInvalidUTF8(true))
	value, err := f.dec.ReadValue()
	if err != nil {
		return nil, fmt.Errorf("jsonx: %w", err)
	}
	if _, err := f.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("jsonx: %w: byte %d", ErrTrailing, f.dec.InputOffset())
	}
	f.path, f.text, f.leaves = f.path[:0], f.text[:0], f.leaves[:0]
	f.at, f.value, f.utf8 = 0, value, utf8.Valid(value)
	err = f.walk(0)
	f.src, f.value = bytes.Buffer{}, nil // let go of raw
	if err != nil {
		return nil, fmt.Errorf("jsonx: %w", err)
	}
	return f.members(), nil
}

// members cuts the values out of one string, so that a record costs one allocation.
func (f *Flattener) members() []Member {
	f.out = f.out[:0]
	text, start := string(f.text), 0
	for _, l := range f.leaves {
		f.out = append(f.out, Member{Name: l.name, Value: text[start:l.end], Kind: l.kind})
		start = l.end
	}
	return f.out
}

// walk reads the value at f.at. The decoder has found f.value to be sound, so
// that there is always a next byte and every string ends.
func (f *Flattener) walk(depth int) error {
	f.space()
	switch f.value[f.at] {
	case '{', '[':
		if depth == f.limits.Depth {
			return fmt.Errorf("%w: byte %d", ErrTooDeep, f.at)
		}
		return f.elements(depth + 1)
	}
	if len(f.leaves) >= f.limits.Members {
		return fmt.Errorf("%w: byte %d", ErrTooMany, f.at)
	}
	kind := Number
	switch f.value[f.at] {
	case '"':
		kind = String
		f.text = f.unquote(f.text, f.quoted())
	case 'n':
		kind = Null
		f.word()
	case 't', 'f':
		kind = Bool
		f.text = append(f.text, f.word()...)
	default:
		f.text = append(f.text, f.word()...)
	}
	f.leaves = append(f.leaves, leaf{f.name(), len(f.text), kind})
	return nil
}

// elements reads an object or an array to its closing bracket.
func (f *Flattener) elements(depth int) error {
	object, base := f.value[f.at] == '{', len(f.path)
	for {
		f.at++ // the opening bracket, or the comma
		f.space()
		if c := f.value[f.at]; c == '}' || c == ']' {
			break // nothing inside
		}
		if object {
			if base > 0 {
				f.path = append(f.path, '.')
			}
			f.path = f.unquote(f.path, f.quoted())
			f.space()
			f.at++ // the colon
		}
		if err := f.walk(depth); err != nil {
			return err
		}
		f.path = f.path[:base]
		f.space()
		if f.value[f.at] != ',' {
			break
		}
	}
	f.at++
	return nil
}

func (f *Flattener) space() {
	for f.value[f.at] <= ' ' {
		f.at++
	}
}

// quoted takes the string at f.at, with its quotes.
func (f *Flattener) quoted() jsontext.Value {
	begin := f.at
	for f.at++; ; f.at++ {
		f.at += bytes.IndexByte(f.value[f.at:], '"')
		escapes := 0
		for f.value[f.at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			f.at++
			return f.value[begin:f.at]
		}
	}
}

// word takes the number or the literal at f.at.
func (f *Flattener) word() []byte {
	begin := f.at
	for f.at < len(f.value) {
		switch f.value[f.at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return f.value[begin:f.at]
		}
		f.at++
	}
	return f.value[begin:]
}

// name gives the current path as a string, the same one each time. Records of
// one source have the same names in the same order, so the one that stood in
// this place last time is tried first.
func (f *Flattener) name() string {
	if i := len(f.leaves); i < len(f.out) && f.out[i].Name == string(f.path) {
		return f.out[i].Name
	}
	if s, ok := f.names[string(f.path)]; ok {
		return s
	}
	s := string(f.path)
	if len(f.names) < maxNames {
		f.names[s] = s
	}
	return s
}

// unquote appends the text of a JSON string that the decoder has passed.
func (f *Flattener) unquote(dst []byte, quoted jsontext.Value) []byte {
	inner := quoted[1 : len(quoted)-1]
	if f.utf8 && bytes.IndexByte(inner, '\\') < 0 {
		return append(dst, inner...)
	}
	// The only errors left are those of UTF-8, for which U+FFFD is put in.
	dst, _ = jsontext.AppendUnquote(dst, quoted)
	return dst
}
