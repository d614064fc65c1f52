package mask

import (
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/detect/secret"
)

// dots begin and end a mark; no log format gives them a meaning.
const dots = "••"

// A Masker masks secrets. It may be used by several goroutines at once.
type Masker struct {
	rules   []rule
	locator *secret.Locator
}

// New compiles the rules.
func New() *Masker { return &Masker{rules: rules(), locator: secret.NewLocator()} }

// maxRounds bounds how often a text is looked at again: what stands beside a
// secret may read as another once the first is a mark.
const maxRounds = 8

// Text gives the text with every secret as a mark, and how many there were.
// What has no secret is returned as it is. Masking twice changes nothing.
func (m *Masker) Text(s string) (masked string, n int) {
	masked, values := m.text(s)
	return masked, len(values)
}

// text is Text that gives the secrets found.
func (m *Masker) text(s string) (masked string, values []found) {
	for range maxRounds {
		spans := m.spans(s)
		if len(spans) == 0 {
			break
		}
		var b strings.Builder
		at := 0
		for _, p := range spans {
			value := s[p.From:p.To]
			values = append(values, found{p.Kind, value})
			b.WriteString(s[at:p.From])
			b.WriteString(mark(p.Kind, value))
			at = p.To
		}
		b.WriteString(s[at:])
		s = b.String()
	}
	return s, values
}

// A found secret is never told; it is kept while one event is masked.
type found struct{ kind, value string }

// mark is what is shown in place of a value.
func mark(kind, value string) string {
	switch kind {
	case secret.KindCard, secret.KindTrack:
		if shown := secret.MaskCard(value); shown != "" {
			return dots + "card " + shown + dots
		}
		return dots + "card" + dots
	case secret.KindSecurityCode:
		return dots + "security code" + dots
	case secret.KindPrivateKey, secret.KindPreshared, secret.KindToken:
		return dots + "key" + dots
	}
	return dots + "password" + dots
}

// Marked reports whether a text shows that something in it is masked.
func Marked(text string) bool {
	for _, word := range [...]string{"password", "card", "security code", "key", "record"} {
		if strings.Contains(text, dots+word) {
			return true
		}
	}
	return false
}

// shortest is the length of the shortest text that can hold a secret and the
// word that names it.
const shortest = 6

// spans gives what is to be masked, in order, each place once.
func (m *Masker) spans(s string) []secret.Span {
	if len(s) < shortest {
		return nil
	}
	lower := lowered(s)
	pairs := secret.PairsOf(lower)
	var all []secret.Span
	if hasStem(lower, pairs) || manyDigits(s) {
		all = m.locator.Spans(s)
	}
	for i := range m.rules {
		all = append(all, m.rules[i].spans(s, lower, pairs)...)
	}
	all = slices.DeleteFunc(all, func(p secret.Span) bool {
		return p.From >= p.To || isMark(s[p.From:p.To]) || isFolder(s, p.From, p.To)
	})
	return merged(widened(s, all))
}

// widened takes a mark whole where a span begins or ends inside one, or in its
// beginning: half a mark would be masked again and again.
func widened(s string, all []secret.Span) []secret.Span {
	for i := range all {
		p := &all[i]
		for p.From > 0 && s[p.From]&0xC0 == 0x80 {
			p.From--
		}
		for p.To < len(s) && s[p.To]&0xC0 == 0x80 {
			p.To++
		}
	}
	return all
}

// merged puts spans in order and joins those that overlap; the kind is that of
// the first.
func merged(all []secret.Span) []secret.Span {
	slices.SortStableFunc(all, func(a, b secret.Span) int {
		if a.From != b.From {
			return a.From - b.From
		}
		return b.To - a.To
	})
	out := all[:0]
	for _, p := range all {
		if n := len(out); n > 0 && p.From < out[n-1].To {
			out[n-1].To = max(out[n-1].To, p.To)
			continue
		}
		out = append(out, p)
	}
	return out
}

// isMark reports whether a value is a mark, with or without what a rule leaves
// of its end.
func isMark(value string) bool {
	value = strings.Trim(value, "\"'`\\ ()[]{}.,;")
	if !strings.HasPrefix(value, dots) {
		return false
	}
	rest := value[len(dots):]
	end := strings.Index(rest, dots)
	return end < 0 && Marked(value) || end >= 0 && rest[end+len(dots):] == ""
}

// manyDigits reports whether a text has as many digits together, or parted by
// what may stand in a card number, as a card number has.
func manyDigits(s string) bool {
	n, gap := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c-'0' <= 9, c >= 0x90 && c <= 0x99 && i > 0 && s[i-1] == 0xBC:
			n, gap = n+1, 0
		case c == ' ', c == '-', c == '+', c == '%', c >= 0x80:
			if gap++; gap > 3 {
				n = 0
			}
		default:
			n = 0
		}
		if n >= 13 {
			return true
		}
	}
	return false
}

// Withheld stands for a record of which no part can be shown.
const Withheld = dots + "record" + dots
