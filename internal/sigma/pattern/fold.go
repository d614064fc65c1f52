package pattern

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// AppendFold appends s with the case taken out. Two strings fold to the same
// bytes when a case-insensitive regular expression would take one for the
// other, which keeps literals drawn from (?i) expressions necessary conditions.
func AppendFold[T string | []byte](dst []byte, s T) []byte {
	lo := len(dst)
	dst = append(dst, s...)
	n := lowerASCII(dst[lo:])
	if n == len(s) {
		return dst
	}
	dst = dst[:lo+n]
	for i := n; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			dst = append(dst, lowerByte(c))
			i++
			continue
		}
		r, n := decodeRune(s[i:])
		if r == utf8.RuneError && n <= 1 {
			dst = append(dst, c) // not UTF-8: the byte stands for itself
			i++
			continue
		}
		dst = utf8.AppendRune(dst, foldRune(r))
		i += n
	}
	return dst
}

// lowerASCII puts s into lower case up to about its first byte that is not
// ASCII and returns how far it came.
func lowerASCII(s []byte) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n+8 <= len(s); n += 8 {
		x := binary.LittleEndian.Uint64(s[n:])
		if x&high != 0 {
			return n
		}
		upper := (x + (0x80-'A')*each) &^ (x + (0x7F-'Z')*each) & high
		binary.LittleEndian.PutUint64(s[n:], x|upper>>2)
	}
	for ; n < len(s) && s[n] < utf8.RuneSelf; n++ {
		s[n] = lowerByte(s[n])
	}
	return n
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func decodeRune[T string | []byte](s T) (rune, int) {
	var b [utf8.UTFMax]byte
	n := copy(b[:], s)
	return utf8.DecodeRune(b[:n])
}

// foldRune picks the smallest rune of r's case orbit, in lower case for ASCII.
func foldRune(r rune) rune {
	if 0x2E80 <= r && r <= 0xA63F { // CJK and kana know no case
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}

// Fold is AppendFold for a string.
func Fold(s string) string { return string(AppendFold(nil, s)) }
