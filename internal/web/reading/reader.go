// Package reading sets text, times, numbers and addresses for whoever reads a page.
//
// What comes from a log or a URL is hostile: it is made visible and bounded on
// its way to a page, and read within limits on its way in.
package reading

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
)

// Reader is how the person at the browser reads: language and zone.
type Reader struct {
	Lang      string            // "ja" or "en"
	Words     map[string]string // the catalogue in that language, by key
	Zone      *time.Location    // of shown times
	ZoneLabel string            // "JST", as it stands on pages and in URLs
	Names     map[string]string // of the registered sources, by ID
}

// SourceName names a source as its registration does; one that nobody named
// goes by its ID.
func (r Reader) SourceName(id string) string {
	if name := r.Names[id]; name != "" {
		return name
	}
	if name := r.T("source." + id); name != "" {
		return name
	}
	return Visible(id, 60)
}

// T returns the words for key; a test keeps every key in the catalogue.
func (r Reader) T(key string) string { return r.Words[key] }

// F returns the words for key with its verbs filled in.
func (r Reader) F(key string, args ...any) string { return fmt.Sprintf(r.Words[key], args...) }

// N is F for a sentence that counts n things: where there is one it is the
// sentence of key with ".one", if the language has another for it.
func (r Reader) N(n int64, key string, args ...any) string {
	if n == 1 && r.Words[key+".one"] != "" {
		key += ".one"
	}
	return r.F(key, args...)
}

// Phrase returns a phrase in the reader's language, made visible.
func (r Reader) Phrase(p event.Phrase) string { return Visible(p.In(r.Lang), 4000) }

// Said is what an error tells the reader: why something was refused, in the
// reader's language, where there are words for that.
func (r Reader) Said(err error, limit int) string { return Visible(event.Said(err, r.Lang), limit) }

// Clock is a time in a table: the date, the time of day and the fraction of a
// second that the record states.
type Clock struct {
	Year, Day, Time, Fraction string
	ISO                       string // with zone, for copying
}

// Minute is the clock to the minute, "2018-03-01 11:40".
func (c Clock) Minute() string {
	if len(c.Time) < 5 {
		return ""
	}
	return c.Year + "-" + c.Day + " " + c.Time[:5]
}

// Text is the clock to the second.
func (c Clock) Text() string {
	if c.Year == "" {
		return "—"
	}
	return c.Year + "-" + c.Day + " " + c.Time
}

// Clock sets a time in the reader's zone. A fraction is shown as far as
// precision goes; records that state seconds show none, and neither do those
// that state nothing but zeros.
func (r Reader) Clock(t time.Time, precision event.Precision) Clock {
	if t.IsZero() {
		return Clock{}
	}
	t = t.In(r.Zone)
	c := Clock{Year: t.Format("2006"), Day: t.Format("01-02"), Time: t.Format("15:04:05"), ISO: t.Format(time.RFC3339Nano)}
	switch precision {
	case event.PrecisionNano:
		c.Fraction = t.Format(".000000000")
	case event.PrecisionMicro:
		c.Fraction = t.Format(".000000")
	case event.PrecisionMilli, event.PrecisionUnknown:
		c.Fraction = t.Format(".000")
	case event.PrecisionMinute, event.PrecisionHour:
		c.Time = t.Format("15:04")
	case event.PrecisionDay:
		c.Time = ""
	}
	if strings.Trim(c.Fraction, ".0") == "" {
		c.Fraction = ""
	}
	return c
}

// Prose sets a time for running text: 2018/03/01（木） 11:40 or
// Thu 1 Mar 2018, 11:40.
func (r Reader) Prose(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	if r.Lang == "ja" {
		return r.Date(t) + t.In(r.Zone).Format(" 15:04")
	}
	return r.Date(t) + t.In(r.Zone).Format(", 15:04")
}

// Date sets a day: 2018/03/01（木） or Thu 1 Mar 2018.
func (r Reader) Date(t time.Time) string {
	t = t.In(r.Zone)
	if r.Lang == "ja" {
		day := [...]string{"日", "月", "火", "水", "木", "金", "土"}[t.Weekday()]
		return t.Format("2006/01/02（") + day + "）"
	}
	return t.Format("Mon 2 Jan 2006")
}

// Span sets a duration by its two largest units: "17 分 11 秒", "2 d 3 h".
func (r Reader) Span(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "−", -d
	}
	units := []struct {
		size time.Duration
		key  string
	}{{24 * time.Hour, "unit.day"}, {time.Hour, "unit.hour"}, {time.Minute, "unit.minute"}, {time.Second, "unit.second"}}
	var parts []string
	for _, u := range units {
		if n := d / u.size; n > 0 && len(parts) < 2 {
			parts = append(parts, r.F(u.key, Grouped(int64(n))))
			d -= n * u.size
		} else if len(parts) > 0 {
			break
		}
	}
	if len(parts) == 0 {
		if d >= time.Millisecond {
			return sign + r.F("unit.milli", strconv.FormatInt(d.Milliseconds(), 10))
		}
		return r.F("unit.second", "0")
	}
	return sign + strings.Join(parts, " ")
}

// Grouped writes a number with its thousands apart: 4,182,906.
func Grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	if len(digits)-first <= 3 {
		return digits
	}
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > first && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// Bytes writes a number of bytes in binary units.
func Bytes(n int64) string {
	const k = 1024
	switch {
	case n < k:
		return strconv.FormatInt(n, 10) + " B"
	case n < k*k:
		return fmt.Sprintf("%.1f KiB", float64(n)/k)
	case n < k*k*k:
		return fmt.Sprintf("%.1f MiB", float64(n)/k/k)
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/k/k/k)
}

// Visible makes text safe to read: control characters become their pictures,
// characters that turn or hide text become ‹U+202E›, and what follows max
// bytes is cut with an ellipsis. Line feeds become spaces.
func Visible(s string, max int) string {
	text, _ := reveal(s, max, false)
	return text
}

// VisibleLines is Visible for several lines and tells whether anything had to
// be made visible.
func VisibleLines(s string, max int) (text string, revealed bool) {
	return reveal(s, max, true)
}

// reveal does the work of Visible; plain text passes without a copy.
func reveal(s string, max int, lines bool) (string, bool) {
	cut := len(s) > max
	if cut {
		for max > 0 && !utf8.RuneStart(s[max]) {
			max--
		}
		s = s[:max]
	}
	if strings.IndexFunc(s, Strange) < 0 {
		if cut {
			s += "…"
		}
		return s, false
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	revealed := false
	for i, c := range s {
		switch {
		case c == '\n' && lines, c == '\t' && lines:
			b.WriteRune(c)
		case c == '\n', c == '\t':
			b.WriteByte(' ')
		case c == '\r' && lines && i+1 < len(s) && s[i+1] == '\n':
		case !Strange(c):
			b.WriteRune(c)
		default:
			revealed = true
			b.WriteString(named(c))
		}
	}
	if cut {
		b.WriteString("…")
	}
	return b.String(), revealed
}

// Strange reports characters that must not reach a page as they are.
func Strange(c rune) bool {
	if c < 0x7f {
		return c < 0x20
	}
	return c < 0xa0 || c == utf8.RuneError || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}

// named writes a strange character so that it can be seen.
func named(c rune) string {
	switch {
	case c < 0x20:
		return string(0x2400 + c)
	case c == 0x7f:
		return "␡"
	case c == utf8.RuneError:
		return "\uFFFD"
	}
	return fmt.Sprintf("‹U+%04X›", c)
}
