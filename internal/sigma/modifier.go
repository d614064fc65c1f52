package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// A modifiers is what stands behind a field name: "|contains|all".
// Source: Sigma modifiers specification.
type modifiers struct {
	all, cased, neq, windash bool
	exists, cidr, fieldref   bool
	how                      op // opEqual, opPrefix, opSuffix, opContains, opRegexp or a comparison
	flags                    string
	encode                   []encoder // in order
}

// An encoder turns a text into the texts it may appear as.
type encoder func(string) []string

// parseModifiers reads the words after the field name.
func parseModifiers(words []string) (modifiers, error) {
	m := modifiers{how: opEqual}
	for _, w := range words {
		if err := m.add(w); err != nil {
			return m, err
		}
	}
	if m.flags != "" && m.how != opRegexp {
		return m, errors.New("modifiers i, m and s go with re only")
	}
	if m.how == opRegexp && (len(m.encode) > 0 || m.windash || m.cased) {
		return m, errors.New("re cannot be combined with modifiers that change text")
	}
	return m, nil
}

func (m *modifiers) add(word string) error {
	switch word {
	case "all":
		m.all = true
	case "cased":
		m.cased = true
	case "neq":
		m.neq = true
	case "windash":
		m.windash = true
	case "exists":
		m.exists = true
	case "cidr":
		m.cidr = true
	case "fieldref":
		m.fieldref = true
	case "i", "m", "s":
		if !strings.Contains(m.flags, word) {
			m.flags += word
		}
	case "base64", "base64offset", "wide", "utf16le", "utf16be", "utf16":
		m.encode = append(m.encode, encoderFor(word))
	case "contains", "startswith", "endswith", "re", "lt", "lte", "gt", "gte":
		if m.how != opEqual {
			return fmt.Errorf("modifier %q beside another comparison", word)
		}
		m.how = comparison(word)
	case "expand":
		return errors.New("modifier expand: placeholders cannot be filled in yet")
	case "minute", "hour", "day", "week", "month", "year":
		return fmt.Errorf("time modifier %q is not available yet", word)
	default:
		return fmt.Errorf("modifier %q is not known", word)
	}
	return nil
}

func comparison(word string) op {
	switch word {
	case "contains":
		return opContains
	case "startswith":
		return opPrefix
	case "endswith":
		return opSuffix
	case "re":
		return opRegexp
	case "lt":
		return opLess
	case "lte":
		return opLessEqual
	case "gt":
		return opGreater
	}
	return opGreaterEqual
}

func encoderFor(word string) encoder {
	switch word {
	case "base64":
		return func(s string) []string { return []string{base64.StdEncoding.EncodeToString([]byte(s))} }
	case "base64offset":
		return base64Offsets
	case "utf16be":
		return func(s string) []string { return []string{string(appendUTF16(nil, s, binary.BigEndian))} }
	case "utf16":
		return func(s string) []string {
			return []string{string(appendUTF16([]byte{0xFF, 0xFE}, s, binary.LittleEndian))}
		}
	}
	return func(s string) []string { return []string{string(appendUTF16(nil, s, binary.LittleEndian))} }
}

func appendUTF16(dst []byte, s string, order binary.AppendByteOrder) []byte {
	for _, u := range utf16.Encode([]rune(s)) {
		dst = order.AppendUint16(dst, u)
	}
	return dst
}

// base64Offsets gives the three forms that s takes inside a longer base64
// text, without the characters that its neighbours would change.
func base64Offsets(s string) []string {
	out := make([]string, 3)
	for i := range out {
		enc := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", i) + s))
		start := []int{0, 2, 3}[i]
		end := len(enc) - []int{0, 3, 2}[(len(s)+i)%3]
		out[i] = enc[min(start, end):end]
	}
	return out
}

// maxDashes bounds the places where windash tries its five characters.
const maxDashes = 4

// dashes are the characters that Windows programs take for an option's dash.
func dashes() []string { return []string{"-", "/", "–", "—", "―"} }

// windash gives every spelling of s with its option dashes exchanged: those -
// and / that follow no word character and stand before one.
func windash(s string) ([]string, error) {
	var at []int
	for i := range len(s) {
		if (s[i] == '-' || s[i] == '/') && (i == 0 || !isWord(s[i-1])) && i+1 < len(s) && isWord(s[i+1]) {
			at = append(at, i)
		}
	}
	if len(at) > maxDashes {
		return nil, fmt.Errorf("windash: more than %d dashes in %q", maxDashes, s)
	}
	out := []string{s}
	for _, i := range slices.Backward(at) {
		next := make([]string, 0, 5*len(out))
		for _, t := range out {
			for _, d := range dashes() {
				next = append(next, t[:i]+d+t[i+1:])
			}
		}
		out = next
	}
	return out, nil
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// apply makes the condition of one scalar value under the modifiers.
func (m *modifiers) apply(field string, v scalar) (*expr, error) {
	e, err := m.positive(field, v)
	if err == nil && m.neq {
		e = not(e)
	}
	return e, err
}

func (m *modifiers) positive(field string, v scalar) (*expr, error) {
	switch {
	case m.exists:
		return existence(field, v)
	case v.null:
		if field == keywordField || m.how != opEqual || m.fieldref || m.cidr {
			return nil, errors.New("null cannot be combined with this modifier")
		}
		return leaf(&predicate{field: field, op: opNull, shown: "null"}), nil
	case m.fieldref:
		return m.reference(field, v)
	case m.cidr:
		return network(field, v)
	case m.how == opRegexp:
		p, err := compileRegexp(field, v.text, m.flags)
		if err != nil {
			return nil, err
		}
		return leaf(p), nil
	case m.how >= opLess && m.how <= opGreaterEqual:
		return number(field, m.how, v)
	}
	return m.textual(field, v)
}

func existence(field string, v scalar) (*expr, error) {
	yes, err := strconv.ParseBool(v.text)
	if err != nil || field == keywordField {
		return nil, errors.New("exists takes true or false and a field")
	}
	e := leaf(&predicate{field: field, op: opExists, shown: "exists"})
	if !yes {
		e = not(e)
	}
	return e, nil
}

func (m *modifiers) reference(field string, v scalar) (*expr, error) {
	if field == keywordField || v.text == "" || m.how > opContains || len(m.encode) > 0 || m.windash {
		return nil, errors.New("fieldref takes a field's name and at most startswith, endswith, contains, cased or neq")
	}
	return leaf(&predicate{
		field: field, op: opFieldRef, how: m.how, cased: m.cased, other: v.text, shown: "field " + v.text,
	}), nil
}

func network(field string, v scalar) (*expr, error) {
	if field == keywordField {
		return nil, errors.New("cidr needs a field")
	}
	text := v.text
	if !strings.Contains(text, "/") {
		if a, err := netip.ParseAddr(text); err == nil {
			text = netip.PrefixFrom(a, a.BitLen()).String()
		}
	}
	n, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, fmt.Errorf("cidr: %w", err)
	}
	return leaf(&predicate{field: field, op: opCIDR, net: n.Masked(), shown: v.text}), nil
}

func number(field string, how op, v scalar) (*expr, error) {
	n, err := strconv.ParseFloat(v.text, 64)
	if err != nil || field == keywordField {
		return nil, fmt.Errorf("a comparison takes a field and a number, not %q", v.text)
	}
	return leaf(&predicate{field: field, op: how, num: n, shown: v.text}), nil
}

// textual makes the condition of a string: encoded, dashed, then anchored.
func (m *modifiers) textual(field string, v scalar) (*expr, error) {
	patterns := []pattern{v.pattern()}
	if len(m.encode) > 0 {
		var err error
		if patterns, err = m.encoded(patterns[0]); err != nil {
			return nil, err
		}
	}
	if m.windash {
		var err error
		if patterns, err = dashed(patterns); err != nil {
			return nil, err
		}
	}
	kids := make([]*expr, 0, len(patterns))
	for _, p := range patterns {
		p = p.unanchored(m.how == opContains || m.how == opSuffix, m.how == opContains || m.how == opPrefix)
		kids = append(kids, leaf(textPredicate(field, p, m.cased, v.text)))
	}
	return join(exprOr, kids), nil
}

func (m *modifiers) encoded(p pattern) ([]pattern, error) {
	text, ok := p.literal()
	if !ok {
		return nil, errors.New("an encoding modifier cannot take wildcards")
	}
	texts := []string{text}
	for _, enc := range m.encode {
		var next []string
		for _, t := range texts {
			next = append(next, enc(t)...)
		}
		if texts = next; len(texts) > 9 {
			return nil, errors.New("too many encoding modifiers")
		}
	}
	out := make([]pattern, 0, len(texts))
	for _, t := range texts {
		if t == "" {
			return nil, errors.New("base64offset: the value is too short")
		}
		out = append(out, pattern{{pieceText, t}})
	}
	return out, nil
}

// dashed applies windash to each literal part in turn.
func dashed(patterns []pattern) ([]pattern, error) {
	var out []pattern
	for _, p := range patterns {
		forms := []pattern{nil}
		for _, part := range p {
			texts := []string{part.text}
			if part.kind == pieceText {
				var err error
				if texts, err = windash(part.text); err != nil {
					return nil, err
				}
			}
			if len(forms)*len(texts) > 625 {
				return nil, fmt.Errorf("windash: more than %d dashes", maxDashes)
			}
			next := make([]pattern, 0, len(forms)*len(texts))
			for _, f := range forms {
				for _, t := range texts {
					next = append(next, append(slices.Clone(f), piece{part.kind, t}))
				}
			}
			forms = next
		}
		out = append(out, forms...)
	}
	return out, nil
}
