package derived

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// A derived file keeps what a row says only once. Native fields, the message and
// the original time mostly repeat a promoted column or stand in the record word
// by word; what they say of their own lies in slots, text columns that many
// native names share. The row's shape tells which is which: it lists the
// native names in the order read, and the home of each value.

// Shape is how some rows of a derived file say what they say.
type Shape struct {
	ID       int64 // of its text, see Marshal; never 0
	Original Home
	Message  Home
	Fields   []NamedHome
}

// NamedHome is the home of a native field.
type NamedHome struct {
	Name string
	Home Home
}

// Home is where a value is kept.
type Home struct {
	Kind HomeKind
	N    int // number of a column or slot
}

// HomeKind tells the homes apart.
type HomeKind uint8

// The kinds of homes.
const (
	InColumn HomeKind = iota // it equals column N; numbers in decimal
	InSlot                   // it is the text of slot N
	InRecord                 // slot N holds a cut: where it stands in the raw bytes
	homeKinds
)

// Bounds of a file.
const (
	MaxSlots  = 64
	MaxShapes = 256 // rows of further ones keep their fields as JSON
	Shapeless = 0   // the shape of rows whose columns say everything
)

// errShape means that a text is not one of a shape.
var errShape = errors.New("not a shape of this version")

// Marshal writes the shape's text and sets its id, the first 64 bits of the
// text's SHA-256, so that shapes of all files can be told apart by it.
func (s *Shape) Marshal() []byte {
	b := appendHome(nil, s.Original)
	b = appendHome(b, s.Message)
	for _, f := range s.Fields {
		b = appendHome(b, f.Home)
		b = binary.AppendUvarint(b, uint64(len(f.Name)))
		b = append(b, f.Name...)
	}
	sum := sha256.Sum256(b)
	s.ID = int64(max(1, binary.BigEndian.Uint64(sum[:])>>1))
	return b
}

func appendHome(b []byte, h Home) []byte { return append(b, byte(h.Kind), byte(h.N)) }

// UnmarshalShape is the inverse of Marshal.
func UnmarshalShape(b []byte) (*Shape, error) {
	whole := b
	ok := true
	next := func() Home {
		if len(b) < 2 {
			ok = false
			return Home{}
		}
		h := Home{HomeKind(b[0]), int(b[1])}
		b = b[2:]
		limit := MaxSlots
		if h.Kind == InColumn {
			limit = ColumnCount
		}
		ok = ok && h.Kind < homeKinds && h.N < limit
		return h
	}
	s := &Shape{Original: next(), Message: next()}
	for ok && len(b) > 0 {
		h := next()
		n, size := binary.Uvarint(b)
		if !ok || size <= 0 || n > uint64(len(b)-size) {
			return nil, errShape
		}
		s.Fields = append(s.Fields, NamedHome{string(b[size : size+int(n)]), h})
		b = b[size+int(n):]
	}
	if !ok || !bytes.Equal(s.Marshal(), whole) {
		return nil, errShape
	}
	return s, nil
}

// Homes lists all homes of the shape.
func (s *Shape) Homes() []Home {
	all := []Home{s.Original, s.Message}
	for _, f := range s.Fields {
		all = append(all, f.Home)
	}
	return all
}

// Item is something a shape gives a home: the message, the original time, or
// the first native field of a name (Col is ColFields).
type Item struct {
	Col  int
	Name string
}

// Home finds where rows of the shape keep the item.
func (s *Shape) Home(it Item) (Home, bool) {
	switch it.Col {
	case ColMessage:
		return s.Message, true
	case ColOriginal:
		return s.Original, true
	}
	i := slices.IndexFunc(s.Fields, func(f NamedHome) bool { return f.Name == it.Name })
	if i < 0 {
		return Home{}, false
	}
	return s.Fields[i].Home, true
}
