package normalise

import (
	"strings"
	"unicode/utf8"
)

// maxMessage bounds Event.Message, in bytes.
const maxMessage = 1024

// message returns s as Event.Message takes it: its first bytes when it is
// longer than MaxMessage, not splitting a rune.
func message(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	n := maxMessage
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// between returns what stands between two marks, or "".
func between(s, before, after string) string {
	_, s, ok := strings.Cut(s, before)
	if !ok {
		return ""
	}
	s, _, ok = strings.Cut(s, after)
	if !ok {
		return ""
	}
	return s
}

// after returns what follows mark in s, or "".
func after(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	return rest
}

// nilValue returns s, or "" for the "-" that stands for no value in syslog and
// in access logs.
func nilValue(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// isDecimal reports whether s is nothing but decimal digits, at least one.
func isDecimal(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// isDigit reports whether c is a decimal digit.
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
