package query

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
)

// Fold brings text to the form in which it is compared: lower case, rune by
// rune, and valid UTF-8, with U+FFFD for each byte that is not. Every index
// folds the same way.
func Fold(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return strings.Map(unicode.ToLower, s)
		}
	}
	return s
}

// Piece is a stretch of a pattern: Wild is '*' (any text), '?' (one character)
// or 0 for the literal text.
type Piece struct {
	Literal string
	Wild    byte
}

// Pattern takes a pattern apart, as Match.Value and Text.Word hold it: "*" and
// "?" are wild, a backslash guards the character after it.
func Pattern(s string) []Piece {
	var pieces []Piece
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			pieces = append(pieces, Piece{Literal: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '*' || c == '?':
			flush()
			pieces = append(pieces, Piece{Wild: c})
			continue
		case c == '\\' && i+1 < len(s):
			i++
		}
		literal.WriteByte(s[i])
	}
	flush()
	return pieces
}

// joinPattern is the inverse of Pattern, with runs of stars made one. When
// nothing is wild it gives the literal text.
func joinPattern(pieces []Piece) (s string, wild bool) {
	var pattern, literal strings.Builder
	var last byte
	for _, p := range pieces {
		if p.Wild == '*' && last == '*' {
			continue
		}
		last = p.Wild
		if p.Wild != 0 {
			wild = true
			pattern.WriteByte(p.Wild)
			continue
		}
		literal.WriteString(p.Literal)
		for i := range len(p.Literal) {
			if strings.IndexByte(`*?\`, p.Literal[i]) >= 0 {
				pattern.WriteByte('\\')
			}
			pattern.WriteByte(p.Literal[i])
		}
	}
	if !wild {
		return literal.String(), false
	}
	return pattern.String(), true
}

// likes reports whether the whole of s matches the pattern; it never takes more
// than len(s) × len(pieces) steps.
func likes(s string, pieces []Piece) bool {
	back, mark := -1, 0 // piece after the last star, and where its text began
	at := 0
	for i := 0; ; {
		if i == len(pieces) {
			if at == len(s) {
				return true
			}
		} else if p := pieces[i]; p.Wild == '*' {
			i++
			back, mark = i, at
			continue
		} else if p.Wild == '?' && at < len(s) {
			_, size := utf8.DecodeRuneInString(s[at:])
			at += size
			i++
			continue
		} else if p.Wild == 0 && strings.HasPrefix(s[at:], p.Literal) {
			at += len(p.Literal)
			i++
			continue
		}
		if back < 0 || mark >= len(s) {
			return false
		}
		_, size := utf8.DecodeRuneInString(s[mark:])
		mark += size
		i, at = back, mark
	}
}

// Plain gives the text of a record that free words search: the event's decoded
// text where it has one, else the raw bytes, with U+FFFD for bytes that are not
// UTF-8. Where raw JSON spells characters as \uXXXX, their meaning is appended,
// so that Japanese is found either way. It returns raw itself where that is the
// text.
func Plain(ev *event.Event, raw []byte) []byte {
	if ev.Text != "" {
		return []byte(Clean(ev.Text))
	}
	text := raw
	if !utf8.Valid(raw) {
		text = []byte(Clean(string(raw)))
	}
	if bytes.Contains(text, []byte(`\u`)) {
		if spoken := unescape(text); spoken != nil {
			text = append(append(bytes.Clone(text), '\n'), spoken...)
		}
	}
	return text
}

// Clean makes text valid UTF-8: each byte that is not becomes U+FFFD.
func Clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune { return r }, s)
}

// unescape replaces \uXXXX by its character, or returns nil where there is none
// beyond ASCII.
func unescape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	found := false
	for i := 0; i < len(text); {
		r, size := escaped(text[i:])
		if size == 0 || r < utf8.RuneSelf {
			out = append(out, text[i])
			i++
			continue
		}
		found = true
		out = utf8.AppendRune(out, r)
		i += size
	}
	if !found {
		return nil
	}
	return out
}

// escaped reads one \uXXXX, or two that form a surrogate pair, at the start of
// b; size is 0 where there is none.
func escaped(b []byte) (r rune, size int) {
	high, ok := unit(b)
	if !ok {
		return 0, 0
	}
	if high < 0xD800 || high > 0xDFFF {
		return high, 6
	}
	low, ok := unit(b[6:])
	if !ok || high > 0xDBFF || low < 0xDC00 || low > 0xDFFF {
		return utf8.RuneError, 6
	}
	return (high-0xD800)<<10 | (low - 0xDC00) + 0x10000, 12
}

func unit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
