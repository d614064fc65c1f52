package evtx

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// trimZeros drops the zeros that end a string in UTF-16.
func trimZeros(b []byte) []byte {
	for len(b) >= 2 && b[len(b)-1] == 0 && b[len(b)-2] == 0 {
		b = b[:len(b)-2]
	}
	return b
}

// appendUTF16 appends text in UTF-16LE. Half a surrogate pair and half a unit
// become U+FFFD.
func appendUTF16(dst, b []byte) []byte {
	for len(b) >= 2 {
		if b[1] == 0 && b[0] < utf8.RuneSelf {
			dst, b = append(dst, b[0]), b[2:]
			continue
		}
		c := rune(binary.LittleEndian.Uint16(b))
		b = b[2:]
		if utf16.IsSurrogate(c) {
			low := rune(0)
			if len(b) >= 2 {
				low = rune(binary.LittleEndian.Uint16(b))
			}
			if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
				b = b[2:]
			}
		}
		dst = utf8.AppendRune(dst, c)
	}
	if len(b) > 0 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst
}

// appendANSI appends text in the code page of a machine. Which one it was
// nothing states: what is UTF-8 is taken as such, then what is Shift_JIS, and
// anything else as Windows-1252.
func appendANSI(dst, b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	if out, err := japanese.ShiftJIS.NewDecoder().Bytes(b); err == nil && !containsError(out) {
		return append(dst, out...)
	}
	for _, c := range b {
		dst = utf8.AppendRune(dst, charmap.Windows1252.DecodeByte(c))
	}
	return dst
}

func containsError(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError {
			return true
		}
		b = b[n:]
	}
	return false
}
