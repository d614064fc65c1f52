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
	f.path, f.text, f.leaves = f.path[:0], f.text[:0], f.leaves[:0]
	if err := f.value(0); err != nil {
		return nil, fmt.Errorf("jsonx: %w", err)
	}
	if _, err := f.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("jsonx: %w: byte %d", ErrTrailing, f.dec.InputOffset())
	}
	f.src = bytes.Buffer{} // let go of raw
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

func (f *Flattener) value(depth int) error {
	switch f.dec.PeekKind() {
	case '{':
		return f.object(depth + 1)
	case '[':
		return f.array(depth + 1)
	}
	v, err := f.dec.ReadValue()
	if err != nil {
		return err
	}
	if len(f.leaves) >= f.limits.Members {
		return fmt.Errorf("%w: byte %d", ErrTooMany, f.dec.InputOffset())
	}
	kind := Number
	switch v[0] {
	case '"':
		kind = String
		f.text = appendUnquoted(f.text, v)
	case 'n':
		kind = Null
	case 't', 'f':
		kind = Bool
		f.text = append(f.text, v...)
	default:
		f.text = append(f.text, v...)
	}
	f.leaves = append(f.leaves, leaf{f.name(), len(f.text), kind})
	return nil
}

func (f *Flattener) object(depth int) error {
	if err := f.enter(depth); err != nil {
		return err
	}
	base := len(f.path)
	for f.dec.PeekKind() != '}' {
		name, err := f.dec.ReadValue()
		if err != nil {
			return err
		}
		if depth > 1 && base > 0 {
			f.path = append(f.path, '.')
		}
		f.path = appendUnquoted(f.path, name)
		if err := f.value(depth); err != nil {
			return err
		}
		f.path = f.path[:base]
	}
	_, err := f.dec.ReadToken()
	return err
}

func (f *Flattener) array(depth int) error {
	if err := f.enter(depth); err != nil {
		return err
	}
	for f.dec.PeekKind() != ']' {
		if err := f.value(depth); err != nil {
			return err
		}
	}
	_, err := f.dec.ReadToken()
	return err
}

// enter reads the opening bracket of the object or array at depth.
func (f *Flattener) enter(depth int) error {
	if depth > f.limits.Depth {
		return fmt.Errorf("%w: byte %d", ErrTooDeep, f.dec.InputOffset())
	}
	_, err := f.dec.ReadToken()
	return err
}

// name gives the current path as a string, the same one each time.
func (f *Flattener) name() string {
	if s, ok := f.names[string(f.path)]; ok {
		return s
	}
	s := string(f.path)
	if len(f.names) < maxNames {
		f.names[s] = s
	}
	return s
}

// appendUnquoted appends the text of a JSON string that the decoder has passed.
func appendUnquoted(dst []byte, quoted jsontext.Value) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return append(dst, inner...)
	}
	// The only errors left are those of UTF-8, for which U+FFFD is put in.
	dst, _ = jsontext.AppendUnquote(dst, quoted)
	return dst
}
