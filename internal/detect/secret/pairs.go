package secret

import "strings"

// Pairs is a set of the pairs of neighbouring bytes of a text, a bit for each
// hash of one. A text that lacks a pair of a word lacks the word, and nearly
// every text lacks nearly every word: it need not be read once for each.
type Pairs [64]uint64

// PairsOf gives the pairs of a text.
func PairsOf(text string) *Pairs {
	var p Pairs
	for i := 1; i < len(text); i++ {
		at := pairAt(text, i)
		p[at>>6] |= 1 << (at & 63)
	}
	return &p
}

// pairAt is the place in pairs of the bytes before and at i, below 4,096.
func pairAt(text string, i int) uint32 {
	return (uint32(text[i-1])<<6 ^ uint32(text[i])) & 4095
}

// HoldsAny reports whether one of words stands in text, of which p was made.
func (p *Pairs) HoldsAny(text string, words []string) bool {
	for _, w := range words {
		if p.may(w) && strings.Contains(text, w) {
			return true
		}
	}
	return false
}

func (p *Pairs) may(word string) bool {
	for i := 1; i < len(word); i++ {
		if at := pairAt(word, i); p[at>>6]&(1<<(at&63)) == 0 {
			return false
		}
	}
	return true
}
