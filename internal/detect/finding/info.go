package finding

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// An Info describes a baseline to people, as a rule's head describes a rule.
type Info struct {
	ID            string   `json:"id"`
	Title         string   `json:"title"`
	TitleJA       string   `json:"title_ja"`
	Description   string   `json:"description"`
	DescriptionJA string   `json:"description_ja"`
	Level         string   `json:"level"` // the highest it may raise
	Tags          []string `json:"tags"`
	Params        []Param  `json:"params"`
}

// A Param is one threshold of a baseline, as text.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Clock writes an instant for a sentence: UTC, to the second.
func Clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// Span writes a duration for a sentence, "1h0m2s".
func Span(d time.Duration) string { return d.Round(time.Second).String() }

// maxShown bounds a value inside a sentence, in bytes.
const maxShown = 80

// Shown prepares a logged value for a sentence: one line, not too long.
func Shown(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// maxListed bounds the names inside a sentence.
const maxListed = 5

// List writes names for a sentence, the first few and how many more.
func List(names []string) string {
	shown := make([]string, 0, maxListed)
	for _, n := range names[:min(len(names), maxListed)] {
		shown = append(shown, Shown(n))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += " (+" + strconv.Itoa(more) + ")"
	}
	return text
}
