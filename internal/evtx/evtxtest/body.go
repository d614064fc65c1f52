package evtxtest

import (
	"encoding/binary"

	"github.com/konseki/konseki/internal/evtx"
)

// Body writes binary XML into a chunk, token by token.
type Body struct {
	c *Chunk
	// Bare leaves out what an element depends on, as elements within a value do.
	Bare  bool
	sizes []int // where the sizes of the open elements stand
}

// Value is a value of a template instance: its bytes, or a function that writes
// binary XML in its place.
type Value struct {
	Type  evtx.Type // with 0x80 for an array
	Data  []byte
	Write func(*Body)
}

// At is where in the chunk the next byte goes.
func (b *Body) At() int { return len(b.c.b) }

// Bytes writes bytes as they are.
func (b *Body) Bytes(p ...byte) { b.c.b = append(b.c.b, p...) }

// U16 writes two bytes.
func (b *Body) U16(v int) { b.c.b = binary.LittleEndian.AppendUint16(b.c.b, uint16(v)) }

// U32 writes four bytes.
func (b *Body) U32(v int) { b.c.b = binary.LittleEndian.AppendUint32(b.c.b, uint32(v)) }

// Patch writes four bytes over those at an offset.
func (b *Body) Patch(at, v int) { binary.LittleEndian.PutUint32(b.c.b[at:], uint32(v)) }

// Name writes the offset of a name and, the first time, the name.
func (b *Body) Name(name string) {
	if at, ok := b.c.names[name]; ok {
		b.U32(at)
		return
	}
	at := b.At() + 4
	b.c.names[name] = at
	b.U32(at)
	b.U32(0)
	b.U16(0)
	chars := UTF16(name)
	b.U16(len(chars) / 2)
	b.Bytes(chars...)
	b.U16(0)
}

// Fragment writes the header of a fragment.
func (b *Body) Fragment() { b.Bytes(0x0f, 1, 1, 0) }

// End writes the token that ends a fragment.
func (b *Body) End() { b.Bytes(0) }

// Open begins an element that depends on a value, or on none with -1. Its
// attributes are name and writer of the value in turn.
func (b *Body) Open(name string, depends int, attributes ...any) {
	token := byte(0x01)
	if len(attributes) > 0 {
		token = 0x41
	}
	b.Bytes(token)
	if !b.Bare {
		b.U16(depends)
	}
	b.sizes = append(b.sizes, b.At())
	b.U32(0)
	b.Name(name)
	if len(attributes) == 0 {
		return
	}
	size := b.At()
	b.U32(0)
	for i := 0; i < len(attributes); i += 2 {
		token = 0x46
		if i+2 == len(attributes) {
			token = 0x06
		}
		b.Bytes(token)
		b.Name(attributes[i].(string))
		attributes[i+1].(func())()
	}
	b.Patch(size, b.At()-size-4)
}

// Body ends the attributes of an element.
func (b *Body) Body() { b.Bytes(0x02) }

// Empty ends an element that holds nothing.
func (b *Body) Empty() { b.Bytes(0x03); b.closed() }

// Close ends an element.
func (b *Body) Close() { b.Bytes(0x04); b.closed() }

func (b *Body) closed() {
	last := len(b.sizes) - 1
	b.Patch(b.sizes[last], b.At()-b.sizes[last]-4)
	b.sizes = b.sizes[:last]
}

// Text writes a text of the template.
func (b *Body) Text(s string) {
	b.Bytes(0x05, byte(evtx.String))
	b.counted(s)
}

// CData writes a CDATA section.
func (b *Body) CData(s string) { b.Bytes(0x07); b.counted(s) }

func (b *Body) counted(s string) {
	chars := UTF16(s)
	b.U16(len(chars) / 2)
	b.Bytes(chars...)
}

// Slot writes where a value goes.
func (b *Body) Slot(slot int, t evtx.Type) { b.Bytes(0x0d); b.U16(slot); b.Bytes(byte(t)) }

// Optional writes where a value goes that may be null.
func (b *Body) Optional(slot int, t evtx.Type) { b.Bytes(0x0e); b.U16(slot); b.Bytes(byte(t)) }

// Element writes an element that holds one optional value.
func (b *Body) Element(name string, slot int, t evtx.Type) {
	b.Open(name, slot)
	b.Body()
	b.Optional(slot, t)
	b.Close()
}

// Template writes an instance of the template with a key: its definition the
// first time, then its values.
func (b *Body) Template(key string, define func(*Body), values ...Value) {
	b.Bytes(0x0c, 1)
	b.U32(len(key))
	at, known := b.c.templates[key]
	if !known {
		at = b.At() + 4
		b.c.templates[key] = at
	}
	b.U32(at)
	if !known {
		b.U32(0)
		b.Bytes(make([]byte, 16)...)
		size := b.At()
		b.U32(0)
		d := &Body{c: b.c}
		d.Fragment()
		define(d)
		d.End()
		b.Patch(size, b.At()-size-4)
	}
	b.Values(values...)
}

// Values writes the values of an instance.
func (b *Body) Values(values ...Value) {
	b.U32(len(values))
	table := b.At()
	for _, v := range values {
		b.U16(len(v.Data))
		b.Bytes(byte(v.Type), 0)
	}
	for i, v := range values {
		from := b.At()
		if v.Write != nil {
			v.Write(&Body{c: b.c, Bare: true})
		}
		b.Bytes(v.Data...)
		binary.LittleEndian.PutUint16(b.c.b[table+4*i:], uint16(b.At()-from))
	}
}
