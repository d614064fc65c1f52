package pages

import (
	"encoding/binary"
	"fmt"
)

// maxHeader bounds the header of a page: ours have some thirty bytes and, where
// there are statistics, two values of up to 64 KiB each.
const maxHeader = 320 << 10

// Types of pages and encodings (parquet.thrift).
const (
	dataPage       = 0
	dictionaryPage = 2
	dataPageV2     = 3

	plain                = 0
	plainDictionary      = 2
	deltaBinaryPacked    = 5
	deltaLengthByteArray = 6
	rleDictionary        = 8
)

// header is what there is to know of a page.
type header struct {
	kind     int
	size     int // bytes, unpacked
	stored   int // bytes in the file
	values   int
	encoding int
	stays    bool // stored without compression
	checked  bool // there is a checksum of the stored bytes
	crc      uint32
}

// Types of the compact protocol of Thrift.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// thrift reads a structure in the compact protocol from b. Nothing in it is
// given memory for: what is not asked for is passed over.
type thrift struct {
	b      []byte
	pos    int
	failed bool
}

func (t *thrift) fail() { t.failed, t.pos = true, len(t.b) }

func (t *thrift) byte() byte {
	if t.pos >= len(t.b) {
		t.fail()
		return 0
	}
	t.pos++
	return t.b[t.pos-1]
}

func (t *thrift) uvarint() uint64 {
	v, n := binary.Uvarint(t.b[t.pos:])
	if n <= 0 {
		t.fail()
		return 0
	}
	t.pos += n
	return v
}

// number reads a zigzag number that fits into 32 bits.
func (t *thrift) number() int {
	u := t.uvarint()
	v := int64(u>>1) ^ -int64(u&1)
	if v != int64(int32(v)) {
		t.fail()
	}
	return int(v)
}

// fields calls take with every field of a structure; take passes over its value.
func (t *thrift) fields(depth int, take func(id int, kind byte)) {
	id := 0
	for !t.failed {
		b := t.byte()
		if b == 0 {
			return
		}
		if b>>4 != 0 {
			id += int(b >> 4)
		} else {
			id = t.number()
		}
		if depth > 8 {
			t.fail()
			return
		}
		take(id, b&15)
	}
}

// skip passes over a value.
func (t *thrift) skip(kind byte, depth int) {
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.uvarint()
	case thriftDouble:
		t.advance(8)
	case thriftBinary:
		t.advance(t.uvarint())
	case thriftStruct:
		t.fields(depth+1, func(_ int, k byte) { t.skip(k, depth+1) })
	case thriftList, thriftSet:
		t.skipList(depth + 1)
	default: // a map: no header of a page has one
		t.fail()
	}
}

func (t *thrift) skipList(depth int) {
	b := t.byte()
	n := uint64(b >> 4)
	if n == 15 {
		n = t.uvarint()
	}
	kind := b & 15
	for ; n > 0 && !t.failed && depth <= 8; n-- {
		if kind == thriftTrue || kind == thriftFalse {
			t.byte() // in a list a truth value is a byte
			continue
		}
		t.skip(kind, depth)
	}
	if depth > 8 {
		t.fail()
	}
}

func (t *thrift) advance(n uint64) {
	if n > uint64(len(t.b)-t.pos) {
		t.fail()
		return
	}
	t.pos += int(n)
}

// parse reads a PageHeader at the beginning of b and says how long it is.
func (h *header) parse(b []byte) (int, error) {
	t := thrift{b: b}
	*h = header{kind: -1, size: -1, stored: -1, values: -1, encoding: -1}
	levels := 0
	t.fields(0, func(id int, kind byte) {
		switch {
		case id == 1 && kind == thriftI32:
			h.kind = t.number()
		case id == 2 && kind == thriftI32:
			h.size = t.number()
		case id == 3 && kind == thriftI32:
			h.stored = t.number()
		case id == 4 && kind == thriftI32:
			h.checked, h.crc = true, uint32(t.number())
		case (id == 5 && h.kind == dataPage || id == 7 && h.kind == dictionaryPage) && kind == thriftStruct:
			t.fields(1, func(id int, kind byte) { h.field(&t, id, kind, 2) })
		case id == 8 && h.kind == dataPageV2 && kind == thriftStruct:
			rows := -1
			t.fields(1, func(id int, kind byte) {
				switch {
				case (id == 2 || id == 5 || id == 6) && kind == thriftI32: // no value is null, no level needs a byte
					levels |= t.number()
				case id == 3 && kind == thriftI32:
					rows = t.number()
				case id == 7 && kind == thriftFalse:
					h.stays = true
				default:
					h.field(&t, id, kind, 4)
				}
			})
			if rows != h.values {
				t.fail()
			}
		default:
			t.skip(kind, 0)
		}
	})
	known := h.kind == dataPage || h.kind == dataPageV2 || h.kind == dictionaryPage
	if t.failed || !known || levels != 0 || h.size < 0 || h.stored < 0 || h.values < 0 || h.encoding < 0 {
		return 0, fmt.Errorf("%w: its header is not that of values without levels", ErrPage)
	}
	return t.pos, nil
}

// field reads what the headers of all types of pages have.
func (h *header) field(t *thrift, id int, kind byte, encoding int) {
	switch {
	case id == 1 && kind == thriftI32:
		h.values = t.number()
	case id == encoding && kind == thriftI32:
		h.encoding = t.number()
	default:
		t.skip(kind, 1)
	}
}
