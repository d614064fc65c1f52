package skip

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

// Conjunction is a set of words that one text must all contain.
type Conjunction struct {
	Words []query.Text
	// needles are literals that a text which holds all words contains, folded,
	// the longest first.
	needles [][]byte
	exact   *query.Plan // decides, where a word is wild
}

// NewConjunction prepares the search for words, which are folded.
func NewConjunction(words []query.Text) *Conjunction {
	c := &Conjunction{Words: words}
	for _, w := range words {
		if !w.Wild {
			c.need(w.Word)
			continue
		}
		for _, p := range query.Pattern(w.Word) {
			c.need(p.Literal)
		}
		c.exact = wholePlan(words)
	}
	slices.SortStableFunc(c.needles, func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })
	return c
}

func (c *Conjunction) need(literal string) {
	if literal != "" {
		c.needles = append(c.needles, []byte(literal))
	}
}

func wholePlan(words []query.Text) *query.Plan {
	var all query.And
	for _, w := range words {
		all.Nodes = append(all.Nodes, w)
	}
	return &query.Plan{Root: all}
}

// Find calls hit for each text that contains all words; original gives a text
// as it was before folding.
func (c *Conjunction) Find(l *Lines, original func(row int) []byte, hit func(row int)) {
	if len(c.needles) == 0 {
		for row := range l.ends {
			if c.holds(nil, row, original) {
				hit(row)
			}
		}
		return
	}
	needle := c.needles[0]
	for pos, row := 0, 0; pos < len(l.data); {
		i := bytes.Index(l.data[pos:], needle)
		if i < 0 {
			return
		}
		at := pos + i
		for int(l.ends[row]) <= at {
			row++
		}
		end := int(l.ends[row])
		if at+len(needle) > end { // runs over into the next text
			pos = at + 1
			continue
		}
		if c.holds(l.row(row), row, original) {
			hit(row)
		}
		pos = end
		row++
	}
}

// holds decides for a text in which the first needle was found.
func (c *Conjunction) holds(folded []byte, row int, original func(row int) []byte) bool {
	for i, n := range c.needles {
		if i > 0 && !bytes.Contains(folded, n) {
			return false
		}
	}
	return c.exact == nil || c.exact.Matches(&event.Event{Text: string(original(row))}, nil)
}

// Lines is a run of folded texts, one after the other.
type Lines struct {
	data []byte
	ends []uint32
}

func (l *Lines) row(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = l.ends[i-1]
	}
	return l.data[start:l.ends[i]]
}

// Fold takes over the texts that lie in data from start on, each up to its end,
// and folds them as query.Fold does. The texts are valid UTF-8.
func (l *Lines) Fold(data []byte, start uint32, ends []uint32) {
	l.data, l.ends = l.data[:0], l.ends[:0]
	if len(ends) == 0 {
		return
	}
	l.data = append(l.data, data[start:ends[len(ends)-1]]...)
	if isASCII := lower(l.data); isASCII || !cased(l.data) {
		for _, e := range ends {
			l.ends = append(l.ends, e-start)
		}
		return
	}
	l.data = l.data[:0]
	for _, e := range ends {
		text := data[start:e]
		at := len(l.data)
		if cased(text) {
			l.data = appendFolded(l.data, text)
		} else {
			l.data = append(l.data, text...)
			lower(l.data[at:])
		}
		l.ends = append(l.ends, uint32(len(l.data)))
		start = e
	}
}

// lower makes ASCII letters small, eight bytes at a time, and reports whether
// there was nothing but ASCII.
func lower(b []byte) (isASCII bool) {
	const (
		high   = 0x8080808080808080
		fromA  = 0x3f3f3f3f3f3f3f3f // brings 'A' to 0x80
		afterZ = 0x2525252525252525 // brings the byte after 'Z' to 0x80
	)
	var seen uint64
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		seen |= w
		low := w &^ high
		capital := (low + fromA) &^ (low + afterZ) &^ w & high
		binary.LittleEndian.PutUint64(b, w|capital>>2)
	}
	for i, c := range b {
		seen |= uint64(c)
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return seen&high == 0
}

// cased reports whether valid UTF-8 may hold letters beyond ASCII that have two
// cases. The blocks U+3000 to U+9FFF, kana and kanji among them, have none.
func cased(text []byte) bool {
	for _, c := range text {
		if c >= 0xC0 && (c < 0xE3 || c > 0xE9) {
			return true
		}
	}
	return false
}

// appendFolded folds rune by rune.
func appendFolded(dst, text []byte) []byte {
	for len(text) > 0 {
		if c := text[0]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			dst = append(dst, c)
			text = text[1:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		if small := unicode.ToLower(r); small != r || r == utf8.RuneError {
			dst = utf8.AppendRune(dst, small)
		} else {
			dst = append(dst, text[:size]...)
		}
		text = text[size:]
	}
	return dst
}
