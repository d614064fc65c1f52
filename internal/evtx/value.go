package evtx

import (
	"encoding/binary"
	"encoding/hex"
	"iter"
	"math"
	"strconv"
	"time"
)

// Type is the type of a value (MS-EVEN6 2.2.12, libyal "Value types").
type Type uint8

// The types of values.
const (
	Null       Type = 0x00
	String     Type = 0x01 // UTF-16LE
	AnsiString Type = 0x02 // in the code page of the machine, which nothing states
	Int8       Type = 0x03
	Uint8      Type = 0x04
	Int16      Type = 0x05
	Uint16     Type = 0x06
	Int32      Type = 0x07
	Uint32     Type = 0x08
	Int64      Type = 0x09
	Uint64     Type = 0x0a
	Real32     Type = 0x0b
	Real64     Type = 0x0c
	Bool       Type = 0x0d
	Binary     Type = 0x0e
	GUID       Type = 0x0f
	SizeT      Type = 0x10
	FileTime   Type = 0x11
	SystemTime Type = 0x12
	SID        Type = 0x13
	Hex32      Type = 0x14
	Hex64      Type = 0x15
	EvtHandle  Type = 0x20
	BinXML     Type = 0x21
	EvtXML     Type = 0x23

	arrayFlag = 0x80
)

// Value is one value of an event as it stands in the chunk.
type Value struct {
	Type  Type
	Array bool   // Data holds any number of values of the type
	Data  []byte // little-endian; nil for text that is part of a template

	text string // of a template
	at   int    // where Data stands in the chunk
}

// width is how many bytes a value of the type takes, 0 where that varies.
func (t Type) width() int {
	switch t {
	case Int8, Uint8:
		return 1
	case Int16, Uint16:
		return 2
	case Int32, Uint32, Real32, Bool, Hex32:
		return 4
	case Int64, Uint64, Real64, FileTime, Hex64:
		return 8
	case GUID, SystemTime:
		return 16
	}
	return 0
}

// AppendText appends the value as text: numbers decimal, addresses and sizes
// as 0x and hexadecimal digits, GUIDs in braces as Windows shows them, times in RFC 3339 with
// seven digits of the second, binary data hexadecimal. The values of an array
// stand one a line. The text is valid UTF-8.
func (v *Value) AppendText(dst []byte) []byte {
	if !v.Array {
		return v.appendOne(dst)
	}
	first := true
	for one := range v.elements() {
		if !first {
			dst = append(dst, '\n')
		}
		first = false
		dst = one.appendOne(dst)
	}
	return dst
}

func (v *Value) appendOne(dst []byte) []byte {
	b := v.Data
	if w := v.Type.width(); w > 0 && len(b) < w {
		return appendHex(dst, b)
	}
	le := binary.LittleEndian
	switch v.Type {
	case Null:
		return dst
	case String:
		if b == nil {
			return append(dst, v.text...)
		}
		return appendUTF16(dst, trimZeros(b))
	case AnsiString:
		return appendANSI(dst, b)
	case Int8, Int16, Int32, Int64:
		return strconv.AppendInt(dst, v.signed(), 10)
	case Uint8, Uint16, Uint32, Uint64:
		return strconv.AppendUint(dst, v.unsigned(), 10)
	case Real32:
		return strconv.AppendFloat(dst, float64(math.Float32frombits(le.Uint32(b))), 'g', -1, 32)
	case Real64:
		return strconv.AppendFloat(dst, math.Float64frombits(le.Uint64(b)), 'g', -1, 64)
	case Bool:
		return strconv.AppendBool(dst, le.Uint32(b) != 0)
	case GUID:
		return append(appendGUID(append(dst, '{'), b), '}')
	case SizeT, Hex32, Hex64:
		return appendAddress(dst, b)
	case FileTime, SystemTime:
		if t, ok := v.Time(); ok {
			return t.AppendFormat(dst, "2006-01-02T15:04:05.0000000Z")
		}
		return appendHex(dst, b)
	case SID:
		return appendSID(dst, b)
	}
	return appendHex(dst, b)
}

// signed reads an integer of any width.
func (v *Value) signed() int64 {
	switch v.Type {
	case Int8:
		return int64(int8(v.Data[0]))
	case Int16:
		return int64(int16(binary.LittleEndian.Uint16(v.Data)))
	case Int32:
		return int64(int32(binary.LittleEndian.Uint32(v.Data)))
	}
	return int64(binary.LittleEndian.Uint64(v.Data))
}

// unsigned reads an integer of any width.
func (v *Value) unsigned() uint64 {
	switch v.Type {
	case Uint8:
		return uint64(v.Data[0])
	case Uint16:
		return uint64(binary.LittleEndian.Uint16(v.Data))
	case Uint32:
		return uint64(binary.LittleEndian.Uint32(v.Data))
	}
	return binary.LittleEndian.Uint64(v.Data)
}

// Time gives the instant of a FILETIME or a SYSTEMTIME, UTC. It reports false
// for other types, for 0 and for what is no time of the years 1601 to 9999.
func (v *Value) Time() (time.Time, bool) {
	if v.Array || len(v.Data) < v.Type.width() {
		return time.Time{}, false
	}
	switch v.Type {
	case FileTime:
		return fileTime(binary.LittleEndian.Uint64(v.Data))
	case SystemTime:
		return systemTime(v.Data)
	}
	return time.Time{}, false
}

// fileTime reads steps of 100 ns since 1601-01-01 UTC.
func fileTime(steps uint64) (time.Time, bool) {
	const epoch, second = 11644473600, 10_000_000
	if steps == 0 || steps > 265046774399*second {
		return time.Time{}, false
	}
	return time.Unix(int64(steps/second)-epoch, int64(steps%second)*100).UTC(), true
}

// systemTime reads year, month, day of the week, day, hour, minute, second and
// millisecond, two bytes each.
func systemTime(b []byte) (time.Time, bool) {
	part := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	year, month, day := part(0), time.Month(part(1)), part(3)
	t := time.Date(year, month, day, part(4), part(5), part(6), part(7)*int(time.Millisecond), time.UTC)
	sound := year >= 1601 && t.Year() == year && t.Month() == month && t.Day() == day && part(4) < 24 && part(5) < 60 && part(6) < 60 && part(7) < 1000
	return t, sound
}

// elements gives the values of an array.
func (v *Value) elements() iter.Seq[*Value] {
	return func(yield func(*Value) bool) {
		one := Value{Type: v.Type}
		for rest := v.Data; len(rest) > 0; {
			n, gap := v.next(rest)
			one.Data, rest = rest[:n], rest[n+gap:]
			if !yield(&one) {
				return
			}
		}
	}
}

// next gives the size of the first value of an array and of what parts it from
// the one after.
func (v *Value) next(rest []byte) (n, gap int) {
	switch v.Type {
	case String:
		for ; n+1 < len(rest); n += 2 {
			if rest[n] == 0 && rest[n+1] == 0 {
				return n, 2
			}
		}
		return len(rest), 0
	case AnsiString:
		for n = range rest {
			if rest[n] == 0 {
				return n, 1
			}
		}
		return len(rest), 0
	case SID:
		if len(rest) >= 8 {
			return min(len(rest), 8+4*int(rest[1])), 0
		}
		return len(rest), 0
	}
	if w := v.Type.width(); w > 0 {
		return min(w, len(rest)), 0
	}
	return len(rest), 0
}

func appendHex(dst, b []byte) []byte {
	at := len(dst)
	dst = hex.AppendEncode(dst, b)
	for i := at; i < len(dst); i++ {
		if dst[i] >= 'a' {
			dst[i] -= 'a' - 'A'
		}
	}
	return dst
}

func appendGUID(dst, b []byte) []byte {
	for i, at := range [...]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = appendHex(dst, b[at:at+1])
	}
	return dst
}

// appendAddress appends an address or a size of 4 or 8 bytes.
func appendAddress(dst, b []byte) []byte {
	var n uint64
	switch len(b) {
	case 4:
		n = uint64(binary.LittleEndian.Uint32(b))
	case 8:
		n = binary.LittleEndian.Uint64(b)
	default:
		return appendHex(dst, b)
	}
	return strconv.AppendUint(append(dst, "0x"...), n, 16)
}

// appendSID appends a security identifier (MS-DTYP 2.4.2.1).
func appendSID(dst, b []byte) []byte {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return appendHex(dst, b)
	}
	var authority uint64
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	dst = strconv.AppendUint(append(dst, "S-"...), uint64(b[0]), 10)
	dst = strconv.AppendUint(append(dst, '-'), authority, 10)
	for i := range int(b[1]) {
		dst = strconv.AppendUint(append(dst, '-'), uint64(binary.LittleEndian.Uint32(b[8+4*i:])), 10)
	}
	return dst
}
