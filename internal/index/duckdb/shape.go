package duckdb

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A derived file keeps what a row says only once. Native fields, the message and
// the original time mostly repeat a promoted column or stand in the record word
// by word; what they say of their own lies in slots, text columns that many
// native names share. The row's shape tells which is which: it lists the
// native names in the order read, and the home of each value.

// shape is how some rows of a derived file say what they say.
type shape struct {
	id       int64 // of its text, see marshal; never 0
	original home
	message  home
	fields   []namedHome
}

type namedHome struct {
	name string
	home home
}

// home is where a value is kept.
type home struct {
	kind homeKind
	n    int // number of a column or slot
}

type homeKind uint8

const (
	inColumn homeKind = iota // it equals column n; numbers in decimal
	inSlot                   // it is the text of slot n
	inRecord                 // slot n holds a cut: where it stands in the raw bytes
	homeKinds
)

const (
	maxSlots  = 64
	maxShapes = 256 // of a file; rows of further ones keep their fields as JSON
	shapeless = 0   // the shape of rows whose columns say everything
)

// errShape means that a text is not one of a shape.
var errShape = errors.New("not a shape of this version")

// marshal writes the shape's text and sets its id, the first 64 bits of the
// text's SHA-256, so that shapes of all files can be told apart by it.
func (s *shape) marshal() []byte {
	b := appendHome(nil, s.original)
	b = appendHome(b, s.message)
	for _, f := range s.fields {
		b = appendHome(b, f.home)
		b = binary.AppendUvarint(b, uint64(len(f.name)))
		b = append(b, f.name...)
	}
	sum := sha256.Sum256(b)
	s.id = int64(max(1, binary.BigEndian.Uint64(sum[:])>>1))
	return b
}

func appendHome(b []byte, h home) []byte { return append(b, byte(h.kind), byte(h.n)) }

// unmarshalShape is the inverse of marshal.
func unmarshalShape(b []byte) (*shape, error) {
	whole := b
	ok := true
	next := func() home {
		if len(b) < 2 {
			ok = false
			return home{}
		}
		h := home{homeKind(b[0]), int(b[1])}
		b = b[2:]
		limit := maxSlots
		if h.kind == inColumn {
			limit = columnCount
		}
		ok = ok && h.kind < homeKinds && h.n < limit
		return h
	}
	s := &shape{original: next(), message: next()}
	for ok && len(b) > 0 {
		h := next()
		n, size := binary.Uvarint(b)
		if !ok || size <= 0 || n > uint64(len(b)-size) {
			return nil, errShape
		}
		s.fields = append(s.fields, namedHome{string(b[size : size+int(n)]), h})
		b = b[size+int(n):]
	}
	if !ok || !bytes.Equal(s.marshal(), whole) {
		return nil, errShape
	}
	return s, nil
}

// homes lists all homes of the shape.
func (s *shape) homes() []home {
	all := []home{s.original, s.message}
	for _, f := range s.fields {
		all = append(all, f.home)
	}
	return all
}

// item is something a shape gives a home: the message, the original time, or
// the first native field of a name (col is colFields).
type item struct {
	col  int
	name string
}

// home finds where rows of the shape keep the item.
func (s *shape) home(it item) (home, bool) {
	switch it.col {
	case colMessage:
		return s.message, true
	case colOriginal:
		return s.original, true
	}
	i := slices.IndexFunc(s.fields, func(f namedHome) bool { return f.name == it.name })
	if i < 0 {
		return home{}, false
	}
	return s.fields[i].home, true
}

// cut says where in a record's raw bytes a value stands.
type cut struct {
	fromEnd bool // offset counts back from the end of the record to that of the value
	offset  int
	length  int  // of what stands in the record
	quoted  bool // it is the inside of a JSON string
}

// append writes the cut: "+" or "-", offset, space, length, and a quote where
// the value is quoted.
func (c cut) append(b []byte) []byte {
	sign := byte('+')
	if c.fromEnd {
		sign = '-'
	}
	b = strconv.AppendInt(append(b, sign), int64(c.offset), 10)
	b = strconv.AppendInt(append(b, ' '), int64(c.length), 10)
	if c.quoted {
		b = append(b, '"')
	}
	return b
}

// errCut means that a record does not hold what a derived file says it holds.
var errCut = errors.New("a derived file points to what its record does not hold; reindex builds it again")

// parseCut is the inverse of append.
func parseCut(s string) (c cut, err error) {
	text, quoted := s, false
	if n := len(text); n > 0 && text[n-1] == '"' {
		text, quoted = text[:n-1], true
	}
	if len(text) < 4 || text[0] != '+' && text[0] != '-' {
		return cut{}, errCut
	}
	c = cut{fromEnd: text[0] == '-', quoted: quoted}
	numbers := [2]*int{&c.offset, &c.length}
	at := 0
	for _, r := range text[1:] {
		switch {
		case r == ' ' && at == 0:
			at = 1
		case r < '0' || r > '9' || *numbers[at] > 1<<32:
			return cut{}, errCut
		default:
			*numbers[at] = *numbers[at]*10 + int(r-'0')
		}
	}
	if at == 0 || string(c.append(nil)) != s {
		return cut{}, errCut
	}
	return c, nil
}

// of gives the value that the cut takes from a record.
func (c cut) of(raw []byte) (string, error) {
	start := c.offset
	if c.fromEnd {
		start = len(raw) - c.offset - c.length
	}
	if start < 0 || start+c.length > len(raw) {
		return "", errCut
	}
	inside := raw[start : start+c.length]
	if !c.quoted {
		return string(inside), nil
	}
	quoted := append(append([]byte{'"'}, inside...), '"')
	out, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errCut, err)
	}
	return string(out), nil
}

// locate finds a value in a record, first where the one before it was found.
func locate(raw, value []byte, last cut) (c cut, ok bool) {
	start := last.offset
	if last.fromEnd {
		start = len(raw) - last.offset - len(value)
	}
	if !last.quoted && start >= 0 && start+len(value) <= len(raw) && bytes.Equal(raw[start:start+len(value)], value) {
		return cutAt(raw, start, len(value), false), true
	}
	if start = bytes.Index(raw, value); start >= 0 {
		return cutAt(raw, start, len(value), false), true
	}
	return locateQuoted(raw, value)
}

// cutAt counts from the nearer end of the record.
func cutAt(raw []byte, start, length int, quoted bool) cut {
	if rest := len(raw) - start - length; rest < start {
		return cut{fromEnd: true, offset: rest, length: length, quoted: quoted}
	}
	return cut{offset: start, length: length, quoted: quoted}
}

// locateQuoted finds a JSON string with escapes that means the value.
func locateQuoted(raw, value []byte) (cut, bool) {
	var meaning []byte
	for at := 0; ; {
		i := bytes.IndexByte(raw[at:], '"')
		if i < 0 {
			return cut{}, false
		}
		start := at + i
		end, escaped := stringEnd(raw, start+1)
		if end < 0 {
			return cut{}, false
		}
		at = end + 1
		if !escaped || end-start < len(value) || !plainlyEscaped(raw[start+1:end]) {
			continue
		}
		var err error
		if meaning, err = jsontext.AppendUnquote(meaning[:0], raw[start:end+1]); err == nil && bytes.Equal(meaning, value) {
			return cutAt(raw, start+1, end-start-1, true), true
		}
	}
}

// stringEnd gives the place of the quote that ends a JSON string, or -1, and
// whether there is an escape before it.
func stringEnd(b []byte, from int) (end int, escaped bool) {
	for i := from; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i, escaped
		case '\\':
			escaped = true
			i++
		}
	}
	return -1, escaped
}

// escapable reports whether JSON writers may spell a character by an escape in
// a text that plainlyEscaped lets pass.
func escapable(c byte) bool {
	return c < ' ' || bytes.IndexByte([]byte(`"\/<>&'=`), c) >= 0
}

// plainlyEscaped reports whether the inside of a JSON string escapes nothing but
// what is escapable, so that all other characters stand in it as they are.
func plainlyEscaped(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		i++
		if i == len(b) {
			return false
		}
		if b[i] != 'u' {
			continue
		}
		if i+4 >= len(b) {
			return false
		}
		n, err := strconv.ParseUint(string(b[i+1:i+5]), 16, 16)
		if err != nil || n > 0x7f || !escapable(byte(n)) {
			return false
		}
		i += 4
	}
	return true
}
