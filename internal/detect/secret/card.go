package secret

import (
	"strings"
)

// A mark tells of a byte what may begin with it.
type mark uint8

const (
	markNone  mark = iota
	markDigit      // a digit, maybe full-width
	markCode       // a word that names a security code
)

func newMarks() (m [256]mark) {
	for c := '0'; c <= '9'; c++ {
		m[c] = markDigit
	}
	m[0xEF] = markDigit
	for _, c := range []byte{'c', 'C', 's', 'S', 0xE3} {
		m[c] = markCode
	}
	return m
}

// cards finds card numbers, magnetic-stripe data and security codes in text.
// One pass over the bytes; what is done beyond it is bounded by the digits.
func (s *Scanner) cards(text, field string, found *hits) {
	var p digitReader
	p.text = text
	for i := 0; i < len(text); {
		switch s.marks[text[i]] {
		case markNone:
			i++
		case markCode:
			if s.code.at(text, i) {
				found.add(codeHit(field))
			}
			i++
		case markDigit:
			if i = p.skip(i); i < len(text) && s.marks[text[i]] == markDigit {
				if i = p.number(i); p.kind != "" {
					found.add(cardHit(p.kind, p.buf[:p.count], field))
				}
			}
		}
	}
}

func cardHit(kind string, digits []byte, field string) Hit {
	h := Hit{Field: field, Kind: kind, RuleID: "secret." + kind, Masked: maskCard(digits)}
	if kind == KindTrack {
		h.Title, h.TitleJA, h.Level = "Magnetic-stripe data in clear text", "磁気ストライプ情報の平文記録", "critical"
	} else {
		h.Title, h.TitleJA, h.Level = "Card number in clear text", "カード番号の平文記録", "high"
	}
	return h
}

// maskCard keeps the first six and the last four digits.
func maskCard(digits []byte) string {
	return string(digits[:6]) + strings.Repeat("*", len(digits)-10) + string(digits[len(digits)-4:])
}

// A digitReader reads the numbers of a text. Digits may be full-width, and be
// parted into groups by single spaces or hyphens, also as URLs write them.
type digitReader struct {
	text    string
	buf     [24]byte
	count   int    // digits in buf
	kind    string // KindCard or KindTrack when they are a card's
	lastEnd int    // where the group of digits before ended
	lastLen int
}

// skip passes over a group of less than four digits, which begins nothing.
func (p *digitReader) skip(start int) int {
	i := start
	for i < len(p.text) && i-start < 4 && p.text[i]-'0' <= 9 {
		i++
	}
	if i == start || i-start == 4 || i < len(p.text) && p.text[i] == 0xEF {
		return start
	}
	p.lastEnd, p.lastLen = i, i-start
	return i
}

// number reads the group of digits at start and, where that begins a card
// number, the groups that belong to it. It returns where to go on.
func (p *digitReader) number(start int) int {
	p.kind, p.count = "", 0
	end, n := p.group(start)
	if n == 0 {
		return start + 1
	}
	if n > 14 && start > 0 && p.text[start-1] == '%' { // begins with the digits of an escape such as %20
		start, n = start+2, n-2
		p.count = copy(p.buf[:], p.buf[2:p.count])
	}
	before, beforeLen := p.lastEnd, p.lastLen
	p.lastEnd, p.lastLen = end, n
	switch {
	case n == 4:
		sep := separatorAt(p.text, end)
		if last := p.groups(end, sep); last > 0 && !p.longer(start, last, sep, before, beforeLen) {
			p.decide(start, last, true)
			end = last
			p.lastEnd, p.lastLen = last, 4
		}
	case n >= 13 && n <= 19:
		p.decide(start, end, false)
	}
	return end
}

// group takes in the digits at i, as far as there is room, and
// returns where they end and how many they are.
func (p *digitReader) group(i int) (end, n int) {
	for i < len(p.text) {
		d, width := digitAt(p.text, i)
		if width == 0 {
			break
		}
		if p.count < len(p.buf) {
			p.buf[p.count] = d
			p.count++
		}
		i, n = i+width, n+1
	}
	return i, n
}

// groups reads on after a first group of four in the ways that cards are
// written, parted by one and the same separator. It returns the end, or 0.
func (p *digitReader) groups(first int, sep string) int {
	if sep == "" {
		return 0
	}
	for _, shape := range [...][4]int{{4, 4, 4, 3}, {4, 4, 4}, {6, 5}, {6, 4}} {
		p.count = 4
		end, fits := first, true
		for _, size := range shape {
			if size == 0 || !fits {
				break
			}
			fits = strings.HasPrefix(p.text[end:], sep)
			if fits {
				var n int
				end, n = p.group(end + len(sep))
				fits = n == size
			}
		}
		if fits && judge(p.buf[:p.count]) != notCard {
			return end
		}
	}
	return 0
}

// longer reports whether groups of four go on before or after.
func (p *digitReader) longer(start, end int, sep string, before, beforeLen int) bool {
	if beforeLen == 4 && before > 0 && p.text[before:start] == sep {
		return true
	}
	if !strings.HasPrefix(p.text[end:], sep) {
		return false
	}
	held := p.count
	_, n := p.group(end + len(sep))
	p.count = held
	return n == 4
}

// near is how far before a number words are looked for, in bytes.
const near = 48

// decide sets p.kind when the digits from start to end are a card's.
func (p *digitReader) decide(start, end int, grouped bool) {
	v := judge(p.buf[:p.count])
	if v == notCard {
		return
	}
	if isTrack(p.text, start, end) {
		p.kind = KindTrack
		return
	}
	place := neighbours(p.text, start, end)
	if place == inside {
		return
	}
	before := p.text[max(0, start-near):start]
	if !namesCard(before) && (place == beside || namesOther(before) || v == unusual && !grouped) {
		return
	}
	p.kind = KindCard
}

// digitAt gives the digit at i and its width in bytes, 0 for none.
func digitAt(s string, i int) (byte, int) {
	if c := s[i]; c-'0' <= 9 {
		return c, 1
	} else if c == 0xEF && i+2 < len(s) && s[i+1] == 0xBC && s[i+2] >= 0x90 && s[i+2] <= 0x99 {
		return s[i+2] - 0x90 + '0', 3
	}
	return 0, 0
}

// separatorAt gives the separator of groups at i, or "".
func separatorAt(s string, i int) string {
	if i >= len(s) {
		return ""
	}
	switch s[i] {
	case ' ', '-', '+':
		return s[i : i+1]
	case '%', 0xE2, 0xE3, 0xEF, 0xC2:
		for _, sep := range [...]string{"%20", "%2D", "%2d", "\u3000", "－", "−", "‐", "\u00A0"} {
			if strings.HasPrefix(s[i:], sep) {
				return sep
			}
		}
	}
	return ""
}
