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

// ClockJA writes it for a Japanese sentence: in Japan's time, which has had no
// other offset since 1951, so that it says the same on every machine.
func ClockJA(t time.Time) string {
	return t.In(time.FixedZone("JST", 9*3600)).Format("2006-01-02 15:04:05 MST")
}

// Span writes a duration for a sentence, "1h0m2s".
func Span(d time.Duration) string { return d.Round(time.Second).String() }

// SpanJA writes it for a Japanese sentence, 「1 時間 2 秒」, days as such.
func SpanJA(d time.Duration) string {
	if d < 0 {
		return "-" + SpanJA(-d)
	}
	left := d.Round(time.Second)
	var parts []string
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "日"}, {time.Hour, "時間"}, {time.Minute, "分"}, {time.Second, "秒"}} {
		if n := left / u.size; n > 0 {
			parts = append(parts, strconv.FormatInt(int64(n), 10)+" "+u.name)
			left -= n * u.size
		}
	}
	if len(parts) == 0 {
		return "0 秒"
	}
	return strings.Join(parts, " ")
}

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
