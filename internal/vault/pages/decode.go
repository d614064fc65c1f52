package pages

import (
	"encoding/binary"
	"fmt"
)

func short(what string) error { return fmt.Errorf("%w: it ends within %s", ErrPage, what) }

// grown gives dst with room for n values.
func grown[T any](dst []T, n int) []T {
	if cap(dst) < n {
		return make([]T, n)
	}
	return dst[:n]
}

func plainInt32(dst []int32, b []byte, n int) ([]int32, error) {
	if len(b) != 4*n {
		return dst, fmt.Errorf("%w: %d bytes for %d numbers", ErrPage, len(b), n)
	}
	dst = grown(dst, n)
	for i := range dst {
		dst[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return dst, nil
}

func plainInt64(dst []int64, b []byte, n int) ([]int64, error) {
	if len(b) != 8*n {
		return dst, fmt.Errorf("%w: %d bytes for %d numbers", ErrPage, len(b), n)
	}
	dst = grown(dst, n)
	for i := range dst {
		dst[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return dst, nil
}

// plainBytes takes n byte arrays, each behind its length in 32 bits, and moves
// them together in place.
func plainBytes(offsets []uint32, b []byte, n int) ([]uint32, []byte, error) {
	offsets = append(offsets, 0)
	rest, end := b, 0
	for range n {
		if len(rest) < 4 {
			return offsets, nil, short("a length")
		}
		size := binary.LittleEndian.Uint32(rest)
		rest = rest[4:]
		if uint64(size) > uint64(len(rest)) {
			return offsets, nil, short("a value")
		}
		end += copy(b[end:], rest[:size])
		offsets = append(offsets, uint32(end))
		rest = rest[size:]
	}
	if len(rest) > 0 {
		return offsets, nil, fmt.Errorf("%w: %d bytes after its values", ErrPage, len(rest))
	}
	return offsets, b[:end], nil
}

// dictionaryIDs decodes n references into a dictionary of size values: a width
// in bits and the RLE and bit-packing hybrid.
func dictionaryIDs(dst []int32, b []byte, n, size int) ([]int32, error) {
	dst = grown(dst, n)
	if len(b) == 0 {
		return dst, short("the width")
	}
	width := uint(b[0])
	if width > 32 {
		return dst, fmt.Errorf("%w: references of %d bits", ErrPage, width)
	}
	b = b[1:]
	for at := 0; at < n; {
		run, used := binary.Uvarint(b)
		if used <= 0 {
			return dst, short("a run")
		}
		b = b[used:]
		count := min(run>>1, uint64(n)) // more is cut off below
		if run&1 == 0 {
			length := int(width+7) / 8
			if len(b) < length || count == 0 {
				return dst, short("a run")
			}
			var v uint64
			for i := range length {
				v |= uint64(b[i]) << (8 * i)
			}
			b = b[length:]
			if v >= uint64(size) {
				return dst, fmt.Errorf("%w: value %d of a dictionary of %d", ErrPage, v, size)
			}
			end := min(n, at+int(count))
			for ; at < end; at++ {
				dst[at] = int32(v)
			}
			continue
		}
		values := min(int(count)*8, n-at)
		length := int(count) * int(width)
		if length > len(b) { // the last group may be cut where its values end
			if length = (values*int(width) + 7) / 8; length > len(b) || count == 0 {
				return dst, short("a run")
			}
		}
		if count == 0 {
			return dst, short("a run")
		}
		for i := range values {
			v := bitsAt(b[:length], i*int(width), width)
			if v >= uint64(size) {
				return dst, fmt.Errorf("%w: value %d of a dictionary of %d", ErrPage, v, size)
			}
			dst[at] = int32(v)
			at++
		}
		b = b[length:]
	}
	return dst, nil
}

// bitsAt gives width bits, at most 64, from bit at on, least significant first.
func bitsAt(b []byte, at int, width uint) uint64 {
	if width == 0 {
		return 0
	}
	i, shift := at/8, uint(at%8)
	var v uint64
	if i+8 <= len(b) {
		v = binary.LittleEndian.Uint64(b[i:]) >> shift
	} else {
		var last [8]byte
		copy(last[:], b[i:])
		v = binary.LittleEndian.Uint64(last[:]) >> shift
	}
	if shift+width > 64 {
		v |= uint64(b[i+8]) << (64 - shift)
	}
	if width < 64 {
		v &= 1<<width - 1
	}
	return v
}

// deltas decodes n numbers of DELTA_BINARY_PACKED and gives the bytes after them.
func deltas(dst []int64, b []byte, n int) ([]int64, []byte, error) {
	var head [4]uint64 // values of a block, miniblocks of it, values, first value
	for i := range head {
		v, used := binary.Uvarint(b)
		if used <= 0 {
			return dst, nil, short("the head of the deltas")
		}
		head[i], b = v, b[used:]
	}
	block, minis := head[0], head[1]
	if head[2] != uint64(n) || n == 0 || block == 0 || block > 1<<16 || minis == 0 || minis > block || block%minis != 0 || block/minis%8 != 0 {
		return dst, nil, fmt.Errorf("%w: deltas of %d values in blocks of %d for %d", ErrPage, head[2], block, n)
	}
	size := int(block / minis)
	dst = grown(dst, n)
	last := zigzag(head[3])
	dst[0] = last
	for at := 1; at < n; {
		u, used := binary.Uvarint(b)
		if used <= 0 || len(b)-used < int(minis) {
			return dst, nil, short("a block of deltas")
		}
		least, widths := zigzag(u), b[used:used+int(minis)]
		b = b[used+int(minis):]
		for _, width := range widths {
			if at == n {
				break // what is not needed has no bytes
			}
			length := size * int(width) / 8
			if width > 64 || length > len(b) {
				return dst, nil, short("a block of deltas")
			}
			values := min(size, n-at)
			for i := range values {
				last += least + int64(bitsAt(b[:length], i*int(width), uint(width)))
				dst[at] = last
				at++
			}
			b = b[length:]
		}
	}
	return dst, b, nil
}

func zigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
