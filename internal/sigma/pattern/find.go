package pattern

import (
	"bytes"
	"strings"
)

// Contains looks for needle by the rarest of its bytes, which rare names.
func Contains(s []byte, needle string, rare int) bool {
	if needle == "" {
		return true
	}
	if len(s) < len(needle) {
		return false
	}
	c := needle[rare]
	// The byte can stand from rare to so far before the end.
	for at, end := rare, len(s)-len(needle)+rare+1; at < end; at++ {
		i := bytes.IndexByte(s[at:end], c)
		if i < 0 {
			return false
		}
		at += i
		if string(s[at-rare:at-rare+len(needle)]) == needle {
			return true
		}
	}
	return false
}

// Rarest returns the position of the byte that logs hold least often.
func Rarest(text string) int {
	const common = "esitarnoclmdp-u/\\ .hgw:b2130fvxy45k_67\"89jqz=" // most frequent first
	at, best := 0, -1
	for i := range len(text) {
		rank := strings.IndexByte(common, text[i])
		if rank < 0 {
			rank = len(common)
		}
		if rank > best {
			at, best = i, rank
		}
	}
	return at
}
