package query

import "fmt"

// SyntaxError says where and why a query could not be read, and what to write
// instead.
type SyntaxError struct {
	Pos  int // column in characters, from 1
	Msg  string
	Hint string
	// MsgJA and HintJA are the same in Japanese, where there is more to say than
	// what is wrong with the writing.
	MsgJA, HintJA string
}

// In gives message and hint in the language "ja" or "en".
func (e *SyntaxError) In(lang string) (msg, hint string) {
	if lang == "ja" && e.MsgJA != "" {
		return e.MsgJA, e.HintJA
	}
	return e.Msg, e.Hint
}

// Error gives the position, the reason and the hint.
func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("query: column %d: %s", e.Pos, e.Msg)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Limits on a query; hostile ones end in a SyntaxError.
const (
	maxLength = 16_384 // characters, of the query and of its canonical form
	maxDepth  = 64     // nesting
	maxTerms  = 512    // comparisons and words
)
