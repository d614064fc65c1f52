package pattern

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf16"
)

// A Step turns a pattern into those that it may appear as.
type Step func(Pattern) ([]Pattern, error)

// StepFor gives the step of a modifier that changes text.
func StepFor(word string) (s Step, ok bool) {
	switch word {
	case "windash":
		return dashed, true
	case "base64":
		return encoded(func(s string) []string { return []string{base64.StdEncoding.EncodeToString([]byte(s))} }), true
	case "base64offset":
		return encoded(base64Offsets), true
	case "wide", "utf16le":
		return encoded(func(s string) []string { return []string{string(appendUTF16(nil, s, binary.LittleEndian))} }), true
	case "utf16be":
		return encoded(func(s string) []string { return []string{string(appendUTF16(nil, s, binary.BigEndian))} }), true
	case "utf16":
		bom := []byte{0xFF, 0xFE}
		return encoded(func(s string) []string { return []string{string(appendUTF16(bom, s, binary.LittleEndian))} }), true
	}
	return nil, false
}

// encoded is the step of an encoding, which gives the forms of a text.
func encoded(forms func(string) []string) Step {
	return func(p Pattern) ([]Pattern, error) {
		text, ok := p.Literal()
		if !ok {
			return nil, errors.New("an encoding modifier cannot take wildcards")
		}
		var out []Pattern
		for _, t := range forms(text) {
			if t == "" {
				return nil, errors.New("the value is too short to be encoded")
			}
			out = append(out, Pattern{{pieceText, t}})
		}
		return out, nil
	}
}

func appendUTF16(start []byte, s string, order binary.AppendByteOrder) []byte {
	dst := append([]byte(nil), start...)
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

// maxDashes bounds the places at which windash spells out its five characters,
// which the index finds fastest; at more places any of them is a wildcard.
const maxDashes = 2

// dashes are the characters that Windows programs take for an option's dash.
const dashes = "-/–—―"

// dashed is the step of windash: every spelling of a pattern with its option
// dashes exchanged.
func dashed(p Pattern) ([]Pattern, error) {
	p, places := p.withDashes()
	out := []Pattern{p}
	for i := 0; places <= maxDashes && i < len(p); i++ {
		if p[i].kind != pieceDash {
			continue
		}
		var next []Pattern
		for _, form := range out {
			for _, d := range dashes {
				spelt := append(Pattern(nil), form...)
				spelt[i] = piece{pieceText, string(d)}
				next = append(next, spelt)
			}
		}
		out = next
	}
	for i := range out {
		out[i] = out[i].merged()
	}
	return out, nil
}

// withDashes makes a pieceDash of each option dash: a dash that follows no
// word character and stands before one.
func (p Pattern) withDashes() (out Pattern, places int) {
	before := ' '
	for _, part := range p {
		if part.kind != pieceText {
			out, before = append(out, part), ' '
			continue
		}
		runes, start := []rune(part.text), 0
		for i, r := range runes {
			if strings.ContainsRune(dashes, r) && !isWord(before) && i+1 < len(runes) && isWord(runes[i+1]) {
				out = append(out, piece{pieceText, string(runes[start:i])}, piece{kind: pieceDash})
				start = i + 1
				places++
			}
			before = r
		}
		out = append(out, piece{pieceText, string(runes[start:])})
	}
	return out.merged(), places
}

// merged puts neighbouring texts together and leaves empty ones out.
func (p Pattern) merged() Pattern {
	var out Pattern
	for _, part := range p {
		n := len(out)
		switch {
		case part.kind == pieceText && part.text == "":
		case part.kind == pieceText && n > 0 && out[n-1].kind == pieceText:
			out[n-1].text += part.text
		default:
			out = append(out, part)
		}
	}
	return out
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
