package sigma

import (
	"fmt"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/sigma/pattern"
)

// maxExpansions bounds the values that one value with placeholders becomes.
const maxExpansions = 100_000

// expand fills the placeholders of a value in: %name% becomes each of the
// name's values, several placeholders each combination. \% is a plain percent
// sign, and so is one that opens no name. The values are Sigma values, in
// which * and ? are wildcards; in an expression they stand for themselves but
// for these wildcards. Source: Sigma rules specification, "Placeholders".
func (w *walker) expand(m *modifiers, v scalar) ([]scalar, error) {
	if v.null || v.bare {
		return []scalar{v}, nil
	}
	texts, rest := []string{""}, v.text
	for rest != "" {
		literal, name, after := cutPlaceholder(rest)
		rest = after
		insert := []string{""}
		if name != "" {
			values := w.options.Placeholders[name]
			if len(values) == 0 {
				return nil, fmt.Errorf("expand: placeholder %%%s%% has no values", name)
			}
			if slices.Contains(values, "") {
				return nil, fmt.Errorf("expand: placeholder %%%s%% has an empty value", name)
			}
			insert = values
		}
		if len(texts)*len(insert) > maxExpansions {
			return nil, fmt.Errorf("expand: placeholders make more than %d values", maxExpansions)
		}
		next := make([]string, 0, len(texts)*len(insert))
		for _, t := range texts {
			for _, s := range insert {
				next = append(next, t+literal+m.insertion(s))
			}
		}
		texts = next
	}
	if err := w.spend(len(texts)); err != nil {
		return nil, err
	}
	out := make([]scalar, len(texts))
	for i, t := range texts {
		out[i] = scalar{text: t}
	}
	return out, nil
}

// insertion gives a placeholder's value as it is to stand in a text that the
// modifiers read.
func (m *modifiers) insertion(value string) string {
	p := pattern.Parse(value)
	switch {
	case value == "":
		return ""
	case m.how == opRegexp:
		return p.Regexp()
	case m.cidr || m.part != noPart || isOrder(m.how):
		return value
	}
	return p.Key() // every backslash doubled: the text around cannot change it
}

// cutPlaceholder splits s into the literal text before its first placeholder,
// the placeholder's name and what follows; name is empty when there is none.
func cutPlaceholder(s string) (literal, name, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '%':
			i++
			b.WriteByte('%')
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\':
			i++
			b.WriteString(`\\`)
		case s[i] == '%':
			if end := placeholderEnd(s, i+1); end > 0 {
				return b.String(), s[i+1 : end], s[end+1:]
			}
			b.WriteByte('%')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), "", ""
}

// placeholderEnd finds the percent sign that closes a name begun at start, or
// gives 0.
func placeholderEnd(s string, start int) int {
	for i := start; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' && i > start:
			return i
		case c == '_' || c == '-' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		default:
			return 0
		}
	}
	return 0
}
