package format

import (
	"strings"
	"unicode/utf8"
)

// MaxMessage bounds Event.Message, in bytes.
const MaxMessage = 1024

// Message returns s as Event.Message takes it: its first bytes when it is
// longer than MaxMessage, not splitting a rune.
func Message(s string) string {
	if len(s) <= MaxMessage {
		return s
	}
	n := MaxMessage
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Between returns what stands between two marks, or "".
func Between(s, before, after string) string {
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

// After returns what follows mark in s, or "".
func After(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	return rest
}

// NilValue returns s, or "" for the "-" that stands for no value in syslog and
// in access logs.
func NilValue(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// IsDecimal reports whether s is nothing but decimal digits, at least one.
func IsDecimal(s string) bool {
	for i := range len(s) {
		if !IsDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// IsDigit reports whether c is a decimal digit.
func IsDigit(c byte) bool { return c >= '0' && c <= '9' }
