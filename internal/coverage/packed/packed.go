// Package packed writes numbers and names in few bytes and reads them back, taking no length on trust.
package packed

import "encoding/binary"

// AppendName writes a name, or a 0 where it is that of the one before.
func AppendName(b []byte, name, last string) []byte {
	if name == last {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(name))+1)
	return append(b, name...)
}

// Reader reads what was written, from Body. After anything that cannot be read
// it is Broken and everything further is zero.
type Reader struct {
	Body   []byte
	Broken bool
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.Body) == 0 {
		r.Broken = true
		return 0
	}
	c := r.Body[0]
	r.Body = r.Body[1:]
	return c
}

// Uint reads an unsigned number, as binary.AppendUvarint writes it.
func (r *Reader) Uint() uint64 {
	n, size := binary.Uvarint(r.Body)
	return take(r, n, size)
}

// Int reads a signed number, as binary.AppendVarint writes it.
func (r *Reader) Int() int64 {
	n, size := binary.Varint(r.Body)
	return take(r, n, size)
}

func take[T uint64 | int64](r *Reader, n T, size int) T {
	if size <= 0 {
		r.Broken, r.Body = true, nil
		return 0
	}
	r.Body = r.Body[size:]
	return n
}

// Name reads a name into s, which keeps what it had where that is the same.
func (r *Reader) Name(s *string) {
	n := r.Uint()
	switch {
	case n == 0:
	case n-1 > uint64(len(r.Body)):
		r.Broken, r.Body = true, nil
	default:
		*s = string(r.Body[:n-1])
		r.Body = r.Body[n-1:]
	}
}
