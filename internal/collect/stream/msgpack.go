package stream

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

var (
	errMsgpack = errors.New("not MessagePack")
	errLong    = errors.New("longer than a message may be")
)

// shape is how a MessagePack value lies in bytes: a head, a body, and how many
// values follow that belong to it.
type shape struct{ head, body, items int }

// headOf says how many bytes the head has that c begins; 0 where no value does.
func headOf(c byte) int {
	switch {
	case c == 0xc1:
		return 0
	case c == 0xc4, c == 0xd9, c >= 0xd4 && c <= 0xd8:
		return 2
	case c == 0xc5, c == 0xda, c == 0xc7, c == 0xdc, c == 0xde:
		return 3
	case c == 0xc8:
		return 4
	case c == 0xc6, c == 0xdb, c == 0xdd, c == 0xdf:
		return 5
	case c == 0xc9:
		return 6
	}
	return 1
}

// shapeOf reads a head, which is whole.
func shapeOf(h []byte) shape {
	s := shape{head: len(h)}
	switch c := h[0]; {
	case c >= 0x80 && c <= 0x8f:
		s.items = 2 * int(c&0x0f)
	case c >= 0x90 && c <= 0x9f:
		s.items = int(c & 0x0f)
	case c >= 0xa0 && c <= 0xbf:
		s.body = int(c & 0x1f)
	case c == 0xc4, c == 0xd9, c == 0xc7:
		s.body = int(h[1])
	case c == 0xc5, c == 0xda, c == 0xc8:
		s.body = int(binary.BigEndian.Uint16(h[1:]))
	case c == 0xc6, c == 0xdb, c == 0xc9:
		s.body = int(binary.BigEndian.Uint32(h[1:]))
	case c == 0xca:
		s.body = 4
	case c == 0xcb:
		s.body = 8
	case c >= 0xcc && c <= 0xcf:
		s.body = 1 << (c - 0xcc)
	case c >= 0xd0 && c <= 0xd3:
		s.body = 1 << (c - 0xd0)
	case c >= 0xd4 && c <= 0xd8:
		s.body = 1 << (c - 0xd4)
	case c == 0xdc:
		s.items = int(binary.BigEndian.Uint16(h[1:]))
	case c == 0xdd:
		s.items = int(binary.BigEndian.Uint32(h[1:]))
	case c == 0xde:
		s.items = 2 * int(binary.BigEndian.Uint16(h[1:]))
	case c == 0xdf:
		s.items = 2 * int(binary.BigEndian.Uint32(h[1:]))
	}
	return s
}

// part is a value, and what belongs to it, cut from bytes.
type part struct {
	kind byte   // its first byte
	body []byte // of a text, bytes, a number or an extension
	ext  int8   // the type of an extension
	n    int    // items of an array; keys and values of a map
	at   []byte // the bytes from the first item on
}

// first reads one value's head and body; rest begins at its items, if any.
func first(b []byte) (p part, rest []byte, err error) {
	if len(b) == 0 {
		return part{}, nil, io.ErrUnexpectedEOF
	}
	head := headOf(b[0])
	switch {
	case head == 0:
		return part{}, nil, errMsgpack
	case len(b) < head:
		return part{}, nil, io.ErrUnexpectedEOF
	}
	s := shapeOf(b[:head])
	if len(b)-head < s.body || len(b)-head < s.items { // an item has a byte at least
		return part{}, nil, io.ErrUnexpectedEOF
	}
	p = part{kind: b[0], body: b[head : head+s.body], n: s.items, at: b[head+s.body:]}
	if isExt(p.kind) {
		p.ext = int8(b[head-1])
	}
	return p, p.at, nil
}

// whole cuts one value with all that belongs to it.
func whole(b []byte) (value, rest []byte, err error) {
	rest = b
	for open := 1; open > 0; open-- {
		var p part
		if p, rest, err = first(rest); err != nil {
			return nil, b, err
		}
		open += p.n
	}
	return b[:len(b)-len(rest)], rest, nil
}

func isArray(c byte) bool { return c >= 0x90 && c <= 0x9f || c == 0xdc || c == 0xdd }
func isMap(c byte) bool   { return c >= 0x80 && c <= 0x8f || c == 0xde || c == 0xdf }
func isText(c byte) bool  { return c >= 0xa0 && c <= 0xbf || c >= 0xd9 && c <= 0xdb }
func isBytes(c byte) bool { return c >= 0xc4 && c <= 0xc6 }
func isExt(c byte) bool   { return c >= 0xc7 && c <= 0xc9 || c >= 0xd4 && c <= 0xd8 }

// readValue appends to buf one value of a connection, as long as it stays
// within limit bytes. grown is told how long buf is before it grows and may
// refuse. io.EOF means that the connection ended between values.
func readValue(r *bufio.Reader, buf []byte, limit int, grown func(int) error) ([]byte, error) {
	from := len(buf)
	for open := 1; open > 0; open-- {
		c, err := r.Peek(1)
		if err != nil {
			return buf, ended(err, len(buf) > from)
		}
		n := headOf(c[0])
		if n == 0 {
			return buf, errMsgpack
		}
		head, err := r.Peek(n)
		if err != nil {
			return buf, ended(err, true)
		}
		s := shapeOf(head)
		open += s.items
		// Each item has a byte at least, so a count too great shows at once.
		if len(buf)-from+s.head+s.body+open-1 > limit {
			return buf, errLong
		}
		for left := s.head + s.body; left > 0; {
			got, err := r.Peek(min(left, max(1, r.Buffered())))
			if err != nil {
				return buf, ended(err, true)
			}
			if err := grown(len(buf) + len(got)); err != nil {
				return buf, err
			}
			buf = append(buf, got...)
			left -= len(got)
			if _, err := r.Discard(len(got)); err != nil {
				return buf, err
			}
		}
	}
	return buf, nil
}

// ended tells an end inside of a value from one between values.
func ended(err error, inside bool) error {
	if inside && errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
