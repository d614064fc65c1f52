package event

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

// Empty reports whether the phrase says nothing.
func (p Phrase) Empty() bool { return p.JA == "" && p.EN == "" }
