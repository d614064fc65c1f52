package sigma

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A timePart is what a time modifier takes out of a field's value.
//
// The value is read as the wall clock that it states: no zone is converted, so
// "2026-02-03T04:05:06+09:00" has hour 4. Values without a zone are taken as
// they stand; seconds, milli-, micro- and nanoseconds since 1970 are UTC. A
// value that is no time, and a date asked for its hour or minute, satisfy
// nothing. Source: Sigma modifiers specification 2.1, "Time Modifiers".
type timePart uint8

const (
	noPart     timePart = iota
	partMinute          // 0 to 59
	partHour            // 0 to 23
	partDay             // of the month, 1 to 31
	partWeek            // of ISO 8601, 1 to 53
	partMonth           // 1 to 12
	partYear
)

func timePartOf(word string) timePart {
	switch word {
	case "minute":
		return partMinute
	case "hour":
		return partHour
	case "day":
		return partDay
	case "week":
		return partWeek
	case "month":
		return partMonth
	}
	return partYear
}

// limits gives the least and the greatest number that a part can be.
func (p timePart) limits() (least, greatest int) {
	switch p {
	case partMinute:
		return 0, 59
	case partHour:
		return 0, 23
	case partDay:
		return 1, 31
	case partWeek:
		return 1, 53
	case partMonth:
		return 1, 12
	}
	return 1, 9999
}

// of gives the part; ok is false for the time of day of a date.
func (p timePart) of(t time.Time, dateOnly bool) (n int, ok bool) {
	switch p {
	case partMinute:
		return t.Minute(), !dateOnly
	case partHour:
		return t.Hour(), !dateOnly
	case partDay:
		return t.Day(), true
	case partWeek:
		_, week := t.ISOWeek()
		return week, true
	case partMonth:
		return int(t.Month()), true
	}
	return t.Year(), true
}

// timeOf makes the condition of a part of a time.
func timeOf(field string, part timePart, how op, v scalar) (*expr, error) {
	n, err := strconv.Atoi(v.text)
	least, greatest := part.limits()
	if err != nil || field == keywordField || n < least || n > greatest {
		return nil, fmt.Errorf("a part of a time takes a field and a whole number from %d to %d, not %q", least, greatest, v.text)
	}
	return leaf(&predicate{field: field, op: opTimePart, how: how, part: part, num: float64(n), shown: v.text}), nil
}

func (p *predicate) holdsOfTime(text string) bool {
	t, dateOnly, ok := readTime(text)
	if !ok {
		return false
	}
	n, ok := p.part.of(t, dateOnly)
	return ok && ordered(p.how, float64(n), p.num)
}

// maxTime bounds the text of a time.
const maxTime = 64

// readTime reads a time as its wall clock, in UTC: ISO 8601 and RFC 3339 with
// "T" or a space, a date alone, the forms of web servers and of mail, and a
// count of seconds, milli-, micro- or nanoseconds since 1970.
func readTime(text string) (t time.Time, dateOnly, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) < 8 || len(text) > maxTime {
		return t, false, false
	}
	if t, ok = sinceEpoch(text); ok {
		return t, false, true
	}
	if text[4] == '-' || text[4] == '/' {
		return isoTime(text)
	}
	for _, layout := range []string{
		"02/Jan/2006:15:04:05", "Mon, 02 Jan 2006 15:04:05", "02 Jan 2006 15:04:05", "Mon Jan _2 15:04:05 2006", "Jan _2 2006 15:04:05",
	} {
		if len(text) >= len(layout) {
			if t, err := time.Parse(layout, text[:len(layout)]); err == nil {
				return t, false, true
			}
		}
	}
	return t, false, false
}

// sinceEpoch reads 10, 13, 16 or 19 digits, the first with a fraction or none.
func sinceEpoch(text string) (time.Time, bool) {
	whole, fraction, dotted := strings.Cut(text, ".")
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || dotted && (len(whole) != 10 || strings.Trim(fraction, "0123456789") != "") {
		return time.Time{}, false
	}
	switch len(whole) {
	case 10:
		return time.Unix(int64(n), 0).UTC(), true
	case 13:
		return time.UnixMilli(int64(n)).UTC(), true
	case 16:
		return time.UnixMicro(int64(n)).UTC(), true
	case 19:
		return time.Unix(0, int64(n)).UTC(), true
	}
	return time.Time{}, false
}

// isoTime reads "2026-02-03" and, behind it, "T04:05" with anything that may
// follow the minute.
func isoTime(text string) (t time.Time, dateOnly, ok bool) {
	if len(text) < 10 || text[7] != text[4] {
		return t, false, false
	}
	day, err := time.Parse(time.DateOnly, strings.ReplaceAll(text[:10], "/", "-"))
	if err != nil {
		return t, false, false
	}
	if len(text) == 10 {
		return day, true, true
	}
	if len(text) < 16 || !strings.ContainsRune("Tt _", rune(text[10])) || len(text) > 16 && !strings.ContainsRune(":Zz+- ", rune(text[16])) {
		return t, false, false
	}
	clock, err := time.Parse("15:04", text[11:16])
	if err != nil {
		return t, false, false
	}
	return day.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute), false, true
}
