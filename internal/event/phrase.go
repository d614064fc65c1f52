package event

import "fmt"

// Phrase is a short text in both languages of konseki.
type Phrase struct {
	JA string `json:"ja,omitempty" yaml:"ja"`
	EN string `json:"en,omitempty" yaml:"en"`
}

// In returns the phrase in the language "ja" or "en", or in the other one
// where it is missing.
func (p Phrase) In(lang string) string {
	if lang == "ja" && p.JA != "" || p.EN == "" {
		return p.JA
	}
	return p.EN
}

// Many says in English how many of something there are: one as it stands, many
// with the number for its %d.
func Many[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}

// Empty reports whether the phrase says nothing.
func (p Phrase) Empty() bool { return p.JA == "" && p.EN == "" }
