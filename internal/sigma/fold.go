package sigma

import (
	"unicode"
	"unicode/utf8"
)

// appendFold appends s with the case taken out. Two strings fold to the same
// bytes when a case-insensitive regular expression would take one for the
// other, which keeps literals drawn from (?i) expressions necessary conditions.
func appendFold[T string | []byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
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

func fold(s string) string { return string(appendFold(nil, s)) }
