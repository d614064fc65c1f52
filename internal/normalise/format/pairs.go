package format

import (
	"iter"
	"strings"
)

// Pairs reads name=value pairs parted by spaces or commas, as firewalls
// write them. A value may be in double quotes, with backslashes before a quote
// or a backslash inside. What is not a pair is passed over.
func Pairs(s string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for s != "" {
			s = strings.TrimLeft(s, " ,\t|")
			end := strings.IndexAny(s, "= ")
			if end < 0 {
				return
			}
			name := s[:end]
			if s[end] == ' ' || name == "" {
				s = s[end+1:]
				continue
			}
			var value string
			value, s = pairValue(s[end+1:])
			if !yield(name, value) {
				return
			}
		}
	}
}

// pairValue takes the value at the beginning of s. A quote that is not closed
// goes to the end.
func pairValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexByte(s, ' ')
		if end < 0 {
			return strings.TrimRight(s, ",|"), ""
		}
		return strings.TrimSuffix(s[:end], ","), s[end:]
	}
	s = s[1:]
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			return unescapePair(s[:i], escaped), s[i+1:]
		}
	}
	return unescapePair(s, escaped), ""
}

func unescapePair(s string, escaped bool) string {
	if !escaped {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
