package report

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/event"
)

// ErrMask says that something asked to be masked cannot be.
var ErrMask = errors.New("cannot be masked")

// Masks say which parts of cited records are not shown to whoever gets a
// bundle. What was masked stays provable, and that it was masked is visible.
type Masks struct {
	patterns []*regexp.Regexp
	values   map[string]bool // what was hidden, which must not show elsewhere
}

// passwords finds what stands after a word for a secret.
const passwords = `(?i)(?:passw(?:or)?d|passphrase|pwd|secret|api[_-]?key|access[_-]?token|authorization|パスワード|暗証番号)["']?\s*[:=：]\s*(?:bearer\s+|basic\s+)?["']?([^\s"'&;,]+)`

const addresses = `[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`

// ParseMasks compiles masks: "passwords", "emails", or a regular expression
// (RE2) whose first group, or the whole of it where it has none, is hidden.
func ParseMasks(texts []string) (*Masks, error) {
	m := &Masks{values: map[string]bool{}}
	for _, text := range texts {
		switch text {
		case "passwords":
			text = passwords
		case "emails":
			text = addresses
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("report: mask %q: %w: give passwords, emails, or an expression such as customer=(\\d+)", text, err)
		}
		if re.MatchString("") {
			return nil, fmt.Errorf("report: mask %q: %w: it also fits nothing at all", text, ErrMask)
		}
		m.patterns = append(m.patterns, re)
	}
	return m, nil
}

// Hide gives the bytes of a record to be masked.
func (m *Masks) Hide(raw []byte) (hide []seal.Range) {
	if m == nil {
		return nil
	}
	for _, re := range m.patterns {
		for _, at := range re.FindAllSubmatchIndex(raw, -1) {
			from, to := at[0], at[1]
			if len(at) > 2 && at[2] >= 0 {
				from, to = at[2], at[3]
			}
			if from < to {
				hide = append(hide, seal.Range{From: from, To: to})
			}
		}
	}
	return hide
}

// shortValue is the length up to which a hidden value is too common to be looked
// for elsewhere.
const shortValue = 3

// Learn notes what is hidden of a record, so that Repeats finds it elsewhere.
func (m *Masks) Learn(raw []byte) {
	for _, r := range m.Hide(raw) {
		if r.To-r.From > shortValue {
			m.values[string(raw[r.From:r.To])] = true
		}
	}
}

// Repeats gives something that is to be hidden and that text shows, or "".
func (m *Masks) Repeats(text []byte) string {
	if m == nil {
		return ""
	}
	if hide := m.Hide(text); len(hide) > 0 {
		return string(text[hide[0].From:hide[0].To])
	}
	for _, v := range slices.Sorted(maps.Keys(m.values)) {
		if at := bytes.Index(text, []byte(v)); at >= 0 && !isWordAt(text, at-1) && !isWordAt(text, at+len(v)) {
			return v
		}
	}
	return ""
}

func isWordAt(b []byte, i int) bool {
	return i >= 0 && i < len(b) && (b[i] == '_' || b[i] >= '0' && b[i] <= '9' || b[i]|0x20 >= 'a' && b[i]|0x20 <= 'z')
}

// Text masks a text that is shown beside the records.
func (m *Masks) Text(s string) string {
	hide := m.Hide([]byte(s))
	if len(hide) == 0 {
		return s
	}
	hidden := make([]bool, len(s))
	for _, r := range hide {
		for i := r.From; i < r.To; i++ {
			hidden[i] = true
		}
	}
	var b strings.Builder
	for i := range len(s) {
		switch {
		case !hidden[i]:
			b.WriteByte(s[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(seal.Mask)
		}
	}
	return b.String()
}

// Phrase masks both languages of a phrase.
func (m *Masks) Phrase(p event.Phrase) event.Phrase {
	return event.Phrase{JA: m.Text(p.JA), EN: m.Text(p.EN)}
}
