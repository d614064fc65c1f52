package derived

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/konseki/konseki/internal/query"
)

// cut says where in a record's raw bytes a value stands.
type cut struct {
	fromEnd bool // offset counts back from the end of the record to that of the value
	offset  int
	length  int  // of what stands in the record
	quoted  bool // it is the inside of a JSON string
}

// append writes the cut: "+" or "-", offset, space, length, and a quote where
// the value is quoted.
func (c cut) append(b []byte) []byte {
	sign := byte('+')
	if c.fromEnd {
		sign = '-'
	}
	b = strconv.AppendInt(append(b, sign), int64(c.offset), 10)
	b = strconv.AppendInt(append(b, ' '), int64(c.length), 10)
	if c.quoted {
		b = append(b, '"')
	}
	return b
}

// ErrCut means that a record does not hold what a derived file says it holds.
var ErrCut = errors.New("a derived file points to what its record does not hold; reindex builds it again")

// parseCut is the inverse of append.
func parseCut(s string) (c cut, err error) {
	text, quoted := s, false
	if n := len(text); n > 0 && text[n-1] == '"' {
		text, quoted = text[:n-1], true
	}
	if len(text) < 4 || text[0] != '+' && text[0] != '-' {
		return cut{}, ErrCut
	}
	c = cut{fromEnd: text[0] == '-', quoted: quoted}
	numbers := [2]*int{&c.offset, &c.length}
	at := 0
	for _, r := range text[1:] {
		switch {
		case r == ' ' && at == 0:
			at = 1
		case r < '0' || r > '9' || *numbers[at] > 1<<32:
			return cut{}, ErrCut
		default:
			*numbers[at] = *numbers[at]*10 + int(r-'0')
		}
	}
	if at == 0 || string(c.append(nil)) != s {
		return cut{}, ErrCut
	}
	return c, nil
}

// of gives the value that the cut takes from a record.
func (c cut) of(raw []byte) (string, error) {
	start := c.offset
	if c.fromEnd {
		start = len(raw) - c.offset - c.length
	}
	if start < 0 || start+c.length > len(raw) {
		return "", ErrCut
	}
	inside := raw[start : start+c.length]
	if !c.quoted {
		return string(inside), nil
	}
	quoted := append(append([]byte{'"'}, inside...), '"')
	out, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrCut, err)
	}
	return string(out), nil
}

// locate finds a value in a record, first where the one before it was found.
func locate(raw, value []byte, last cut) (c cut, ok bool) {
	start := last.offset
	if last.fromEnd {
		start = len(raw) - last.offset - len(value)
	}
	if !last.quoted && start >= 0 && start+len(value) <= len(raw) && bytes.Equal(raw[start:start+len(value)], value) {
		return cutAt(raw, start, len(value), false), true
	}
	if start = bytes.Index(raw, value); start >= 0 {
		return cutAt(raw, start, len(value), false), true
	}
	return locateQuoted(raw, value)
}

// cutAt counts from the nearer end of the record.
func cutAt(raw []byte, start, length int, quoted bool) cut {
	if rest := len(raw) - start - length; rest < start {
		return cut{fromEnd: true, offset: rest, length: length, quoted: quoted}
	}
	return cut{offset: start, length: length, quoted: quoted}
}

// locateQuoted finds a JSON string with escapes that means the value.
func locateQuoted(raw, value []byte) (cut, bool) {
	var meaning []byte
	for at := 0; ; {
		i := bytes.IndexByte(raw[at:], '"')
		if i < 0 {
			return cut{}, false
		}
		start := at + i
		end, escaped := stringEnd(raw, start+1)
		if end < 0 {
			return cut{}, false
		}
		at = end + 1
		if !escaped || end-start < len(value) || !plainlyEscaped(raw[start+1:end]) {
			continue
		}
		var err error
		if meaning, err = jsontext.AppendUnquote(meaning[:0], raw[start:end+1]); err == nil && bytes.Equal(meaning, value) {
			return cutAt(raw, start+1, end-start-1, true), true
		}
	}
}

// stringEnd gives the place of the quote that ends a JSON string, or -1, and
// whether there is an escape before it.
func stringEnd(b []byte, from int) (end int, escaped bool) {
	for i := from; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i, escaped
		case '\\':
			escaped = true
			i++
		}
	}
	return -1, escaped
}

// escapable reports whether JSON writers may spell a character by an escape in
// a text that plainlyEscaped lets pass.
func escapable(c byte) bool {
	return c < ' ' || bytes.IndexByte([]byte(`"\/<>&'=`), c) >= 0
}

// plainlyEscaped reports whether the inside of a JSON string escapes nothing but
// what is escapable, so that all other characters stand in it as they are.
func plainlyEscaped(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		i++
		if i == len(b) {
			return false
		}
		if b[i] != 'u' {
			continue
		}
		if i+4 >= len(b) {
			return false
		}
		n, err := strconv.ParseUint(string(b[i+1:i+5]), 16, 16)
		if err != nil || n > 0x7f || !escapable(byte(n)) {
			return false
		}
		i += 4
	}
	return true
}

// CutText cuts a value out of a record, by the cut's text as a slot holds it; what
// is no cut or reaches out of the record is ErrCut. Of one whose bytes are gone nothing is
// left; that they are gone, and why, coverage says.
func CutText(raw []byte, text string) (string, error) {
	if raw != nil && len(raw) == 0 {
		return "", nil
	}
	c, err := parseCut(text)
	if err != nil {
		return "", err
	}
	return c.of(raw)
}

// minWord is the length from which words are worth a search of raw text.
const minWord = 3

// CutWords lists what stands in the raw text of a record for whose value a
// comparison holds, wherever the value is cut out of it.
func CutWords(m query.Match) (words []query.Text) {
	var pieces []query.Piece
	switch m.Op {
	case query.Equal:
		pieces = []query.Piece{{Literal: m.Value}}
	case query.Like:
		pieces = query.Pattern(m.Value)
	}
	for _, p := range pieces {
		for word := range strings.FieldsFuncSeq(p.Literal, func(r rune) bool { return r < 0x80 && escapable(byte(r)) }) {
			if w := (query.Text{Word: word}); len(word) >= minWord && !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	return words
}
