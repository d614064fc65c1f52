package format

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// MailTime reads the date of a mail by RFC 2822 (3.3), which HTTP uses too:
// "Thu, 01 Mar 2018 12:12:50 +0900", the weekday and the seconds optional, the
// zone an offset or a name, a comment after it passed over.
func MailTime(s string) (c Moment, ok bool) {
	c.Text = s
	if len(s) > 5 && s[3] == ',' {
		s = strings.TrimLeft(s[4:], " ")
	}
	d, n := LeadingDigits(s, 2)
	if n == 0 || len(s) < n+len(" Mar 2018 12:12") || s[n] != ' ' || s[n+4] != ' ' || s[n+9] != ' ' {
		return Moment{}, false
	}
	day, ok := Date(Digits(s, n+5, 4), month(s, n+1), d)
	if !ok {
		return Moment{}, false
	}
	s = s[n+10:]
	clock, p, end := looseReading(s)
	if end < len("12:12") || s[2] != ':' || clock >= 24*time.Hour {
		return Moment{}, false
	}
	c.Wall, c.Precision = day.Add(clock), p
	return c, c.mailZone(s[end:])
}

// mailZone reads what follows the time of day: nothing, or a zone and a comment.
func (c *Moment) mailZone(s string) bool {
	s, comment, commented := strings.Cut(s, " (")
	if commented && !strings.HasSuffix(comment, ")") {
		return false
	}
	if s == "" {
		return true
	}
	name, spaced := strings.CutPrefix(s, " ")
	if seconds, end, ok := Offset(name, 0); ok && end == len(name) {
		c.Offset, c.Zoned = seconds, true
		if name == "-0000" { // a local time whose offset is not said
			c.Zoned = false
		}
		return spaced
	}
	for i := range len(name) {
		if name[i] < 'A' || name[i] > 'Z' {
			return false
		}
	}
	c.abbr = name
	return spaced && len(name) >= 2 && len(name) <= 5 && c.Precision != event.PrecisionHour
}
