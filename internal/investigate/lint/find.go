package lint

import (
	"unicode"
	"unicode/utf8"
)

// finder looks for many names in a text at once, in time that grows with the text
// and not with how many there are.
type finder struct {
	names   map[string]bool
	lengths map[[2]byte][]int // of the names that begin with these bytes
	begins  [256]bool         // whether a name begins with the byte
}

// minName is the shortest name that is looked for, in bytes.
const minName = 2

func newFinder() *finder { return &finder{names: map[string]bool{}, lengths: map[[2]byte][]int{}} }

// add takes a name in; those too short to tell anything are left out.
func (f *finder) add(name string) {
	if len(name) < minName || f.names[name] {
		return
	}
	f.names[name] = true
	f.begins[name[0]] = true
	key := [2]byte{name[0], name[1]}
	for _, n := range f.lengths[key] {
		if n == len(name) {
			return
		}
	}
	f.lengths[key] = append(f.lengths[key], len(name))
}

// in lists the names that stand in the texts, each once, in their order. A name
// is not found inside a longer word or number.
func (f *finder) in(texts ...string) (out []string) {
	if len(f.names) == 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, text := range texts {
		for i := 0; i+minName <= len(text); i++ {
			if !f.begins[text[i]] {
				continue
			}
			for _, n := range f.lengths[[2]byte{text[i], text[i+1]}] {
				if i+n > len(text) || !f.names[text[i:i+n]] || seen[text[i:i+n]] || inWord(text, i, i+n) {
					continue
				}
				seen[text[i:i+n]] = true
				out = append(out, text[i:i+n])
			}
		}
	}
	return out
}

// inWord reports whether a piece of a text is part of a longer word of letters
// that are written with spaces between words, or of a longer number.
func inWord(text string, from, to int) bool {
	first, _ := utf8.DecodeRuneInString(text[from:])
	last, _ := utf8.DecodeLastRuneInString(text[:to])
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return spaced(first) && spaced(before) || spaced(last) && spaced(after)
}

func spaced(r rune) bool {
	return r != utf8.RuneError && (unicode.IsDigit(r) || unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) && r != 'ー')
}
