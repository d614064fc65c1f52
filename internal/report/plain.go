package report

import (
	"fmt"
	"strings"
	"unicode"
)

// Plain makes one line of text that is shown as it is read: what steers a
// terminal, turns the reading direction or cannot be seen stands as its code
// point, <U+202E>. Every form of a document shows text through it.
func Plain(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, unseen) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case unseen(r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unseen reports whether a character is not seen as itself: a control, a format
// character such as the bidirectional ones, a filler, a separator of lines.
func unseen(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2028', '\u2029', '\ufffe', '\uffff':
		return true
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Co) || unicode.Is(unicode.Bidi_Control, r)
}
