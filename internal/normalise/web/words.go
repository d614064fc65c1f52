package web

import "strings"

// maxWords bounds the words of a line.
const maxWords = 256

// quotedWords cuts a line at spaces; what stands in double quotes is one word,
// given without them. It reports false when a quote is not closed or there are
// too many words.
func quotedWords(s string) ([]string, bool) {
	words := make([]string, 0, 32)
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		if len(words) == maxWords {
			return nil, false
		}
		var word string
		if inner, ok := strings.CutPrefix(s, `"`); ok {
			if word, s, ok = cutEscaped(inner); !ok {
				return nil, false
			}
		} else {
			word, s, _ = strings.Cut(s, " ")
		}
		words = append(words, word)
	}
	return words, true
}
