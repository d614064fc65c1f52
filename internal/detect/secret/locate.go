package secret

import "strings"

// A Span is where a secret stands in a text, in bytes: [From, To).
type Span struct {
	From, To int
	Kind     string
}

// A Locator tells where in a text secrets stand, for those who must not show
// them. It knows every rule but those for tokens of known services. It may be
// used by several goroutines at once.
type Locator struct{ s Scanner }

// NewLocator compiles the rules.
func NewLocator() *Locator {
	return &Locator{Scanner{written: writtenRules(), code: newSecurityCode(), marks: newMarks()}}
}

// Spans finds card data wherever it stands and credentials beside the words
// that name them, of whatever class the text is. Spans may overlap.
func (l *Locator) Spans(text string) []Span {
	folded, at := foldAt(text)
	out := l.s.cardSpans(folded)
	lower, taken := strings.ToLower(folded), spans{}
	pairs := PairsOf(lower)
	for i := range l.s.written {
		r := &l.s.written[i]
		if !pairs.HoldsAny(lower, r.stems) || r.may != nil && !r.may(folded) {
			continue
		}
		held := len(taken.values)
		r.find(folded, &taken, func(Hit) {})
		for _, v := range taken.values[held:] {
			out = append(out, Span{v[0], v[1], r.hit.Kind})
		}
	}
	for i := range out {
		out[i].From, out[i].To = at(out[i].From), at(out[i].To)
	}
	return out
}

// cardSpans finds card numbers and the codes printed on cards.
func (s *Scanner) cardSpans(text string) (out []Span) {
	p := digitReader{text: text}
	for i := 0; i < len(text); {
		switch s.marks[text[i]] {
		case markNone:
			i++
		case markCode:
			if from, to, ok := s.code.find(text, i); ok {
				out = append(out, Span{from, to, KindSecurityCode})
			}
			i++
		case markDigit:
			if i = p.skip(i); i < len(text) && s.marks[text[i]] == markDigit {
				start := i
				if i = p.number(i); p.kind != "" {
					out = append(out, Span{start, i, p.kind})
				}
			}
		}
	}
	return out
}

// find gives where the code stands that the word at i names. The text is folded.
func (c securityCode) find(text string, i int) (from, to int, ok bool) {
	if !c.at(text, i) {
		return 0, 0, false
	}
	m := c.pattern.FindStringSubmatchIndex(text[i:min(len(text), i+codeSpan)])
	if m == nil {
		return 0, 0, false
	}
	return i + m[2], i + m[3], true
}

// foldAt is fold with the way back: at gives where a place of the folded text
// stands in the text.
func foldAt(s string) (folded string, at func(int) int) {
	if folded = fold(s); len(folded) == len(s) {
		return folded, func(i int) int { return i }
	}
	places := make([]int, 0, len(folded)+1)
	for i, r := range s {
		n := len(string(r))
		if r >= '！' && r <= '～' || r == '\u3000' {
			n = 1
		}
		for k := range n {
			places = append(places, min(i+k, len(s)))
		}
	}
	places = append(places, len(s))
	return folded, func(i int) int { return places[min(i, len(places)-1)] }
}

// MaskCard writes what may be shown of card data: the first six and the last
// four digits (PCI DSS 3.4.1), or nothing where it has too few.
func MaskCard(text string) string {
	var digits []byte
	for i := 0; i < len(text); {
		d, width := digitAt(text, i)
		if width > 0 {
			digits = append(digits, d)
		}
		i += max(width, 1)
	}
	if len(digits) < 13 {
		return ""
	}
	return maskCard(digits[:min(len(digits), 19)])
}

// IsWord reports whether a value is a word that forms, errors and manuals put
// behind a label such as "password:", or signs that hide what was there.
func IsWord(value string) bool { return isFiller(value) || isKnownWord(value) }
