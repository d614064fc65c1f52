package format

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// ParseTime reads a text that is nothing but a time: ISO 8601 and its usual
// variants, a Japanese date, the date of a mail, or a number of seconds, milli-,
// micro- or nanoseconds since 1970.
func ParseTime(s string) (Moment, bool) {
	s = strings.TrimSpace(s)
	if c, n, ok := ScanTime(s); ok && n == len(s) {
		return c, true
	}
	if c, ok := ParseEpoch(s); ok {
		return c, true
	}
	if c, ok := MailTime(s); ok {
		return c, true
	}
	return CLFTime(s)
}

// ScanTime reads a date with or without time of day and zone from the
// beginning of s and tells how many bytes it took.
func ScanTime(s string) (c Moment, n int, ok bool) {
	if c, n, ok = ISOTime(s); !ok {
		if c, n, ok = compactTime(s); !ok {
			if c, n, ok = LooseTime(s); !ok {
				return Moment{}, 0, false
			}
		}
	}
	if !c.Zoned && c.Precision != event.PrecisionDay {
		n += c.scanZone(s[n:])
	}
	n += c.scanAbout(s[n:])
	c.Text = s[:n]
	return c, n, true
}

// scanAbout reads the word by which a record calls its time approximate, and
// gives the bytes taken.
func (c *Moment) scanAbout(s string) int {
	for _, word := range [3]string{"頃", "ごろ", "ころ"} {
		if strings.HasPrefix(s, word) {
			c.About = true
			return len(word)
		}
	}
	return 0
}

// scanZone reads an offset after a space or a zone's name and gives the bytes taken.
func (c *Moment) scanZone(z string) int {
	body, spaced := strings.CutPrefix(z, " ")
	if seconds, end, ok := Offset(body, 0); ok && body[0] != 'Z' {
		c.Offset, c.Zoned = seconds, true
		return len(z) - len(body) + end
	}
	n := 0
	for n < len(body) && body[n] >= 'A' && body[n] <= 'Z' {
		n++
	}
	// A word such as LOG follows a local time; only known names are zones, and
	// those that end as zone names do.
	if _, _, known := zoneByName(body[:n]); spaced && n >= 2 && n <= 5 && (known || body[n-1] == 'T') {
		c.abbr = body[:n]
		return 1 + n
	}
	return 0
}

// LooseTime reads the times that are not ISO 8601 as ISOTime takes it: months,
// days and hours of one digit, no seconds, no time of day, Japanese units and
// years (2018年3月1日 12時13分50秒, 平成30年3月1日 午後0時13分).
func LooseTime(s string) (c Moment, end int, ok bool) {
	day, end, ok := looseDate(s)
	if !ok {
		return Moment{}, 0, false
	}
	c = Moment{Wall: day, Precision: event.PrecisionDay, Text: s[:end]}
	rest := strings.TrimLeft(strings.TrimPrefix(s[end:], "T"), " \u3000")
	d, p, n := LooseClock(rest)
	if n == 0 {
		return c, end, true
	}
	end = len(s) - len(rest) + n
	if half, ok := meridiem(s, end, d); ok {
		d, end = half, end+3
	}
	c.Wall, c.Precision = day.Add(d), p
	end = c.readOffset(s, end)
	c.Text = s[:end]
	return c, end, true
}

// looseDate reads 2018-3-1, 2018/3/1, 2018.3.1, 2018年3月1日, 20180301 or a
// date of a Japanese era: 平成30年3月1日, H30.3.1; a weekday in brackets may
// follow it.
func looseDate(s string) (day time.Time, n int, ok bool) {
	y, n, ok := year(s)
	if !ok {
		return time.Time{}, 0, false
	}
	n += unit(s[n:], "-/.", "年")
	m, k := LeadingDigits(s[n:], 2)
	n += k
	n += unit(s[n:], "-/.", "月")
	d, k2 := LeadingDigits(s[n:], 2)
	n += k2
	if k == 0 || k2 == 0 || n < len("H1.1.1") || IsDigit(s[0]) && n < 8 || n < len(s) && IsDigit(s[n]) {
		return time.Time{}, 0, false
	}
	n += unit(s[n:], "", "日")
	day, ok = Date(y, time.Month(m), d)
	return day, n + weekday(s[n:]), ok
}

// weekday gives the length of a weekday in brackets, "(木)" or "（木）".
func weekday(s string) int {
	for _, brackets := range [2][2]string{{"(", ")"}, {"（", "）"}} {
		rest, ok := strings.CutPrefix(s, brackets[0])
		if !ok || len(rest) < len("日") || !strings.Contains("日月火水木金土", rest[:len("日")]) {
			continue
		}
		if strings.HasPrefix(rest[len("日"):], brackets[1]) {
			return len(brackets[0]) + len("日") + len(brackets[1])
		}
	}
	return 0
}

// year reads a year of four digits, or one of a Japanese era.
func year(s string) (y, n int, ok bool) {
	if s == "" || !IsDigit(s[0]) {
		return eraYear(s)
	}
	y, n = LeadingDigits(s, 4)
	return y, n, n == 4
}

// eraYear reads the year of a Japanese era by its name or letter: 令和8, 令和元,
// R8. The first year of an era is 元 or 1; years after an era's end are written
// in forms printed before it and are read as they count on.
func eraYear(s string) (y, n int, ok bool) {
	eras := [...]struct {
		name, sign string
		letter     byte
		before     int
	}{{"令和", "㋿", 'R', 2018}, {"平成", "㍻", 'H', 1988}, {"昭和", "㍼", 'S', 1925}}
	for _, e := range eras {
		switch {
		case strings.HasPrefix(s, e.name):
			n = len(e.name)
		case strings.HasPrefix(s, e.sign):
			n = len(e.sign)
		case len(s) > 2 && s[0] == e.letter && IsDigit(s[1]):
			n = 1
		default:
			continue
		}
		if n > 1 && strings.HasPrefix(s[n:], "元") {
			return e.before + 1, n + len("元"), true
		}
		v, k := LeadingDigits(s[n:], 2)
		end := n + k
		parted := end < len(s) && (s[end] == '.' || s[end] == '/' || s[end] == '-' || strings.HasPrefix(s[end:], "年"))
		return e.before + v, end, k > 0 && v > 0 && parted
	}
	return 0, 0, false
}

// compactTime reads 20180301T121350 or 20180301121350, as ISO 8601's basic form
// has it, with an optional fraction and offset.
func compactTime(s string) (c Moment, end int, ok bool) {
	if len(s) < 14 || s[0] != '1' && s[0] != '2' {
		return Moment{}, 0, false
	}
	day, ok := Date(Digits(s, 0, 4), time.Month(Digits(s, 4, 2)), Digits(s, 6, 2))
	at := 8
	if s[at] == 'T' {
		at++
	}
	h, m, sec := Digits(s, at, 2), Digits(s, at+2, 2), Digits(s, at+4, 2)
	end = at + 6
	if !ok || h < 0 || m < 0 || sec < 0 || h > 23 || m > 59 || sec > 60 || end < len(s) && IsDigit(s[end]) {
		return Moment{}, 0, false
	}
	c.Precision = event.PrecisionSecond
	var fraction time.Duration
	if end+1 < len(s) && (s[end] == '.' || s[end] == ',') && IsDigit(s[end+1]) {
		fraction, c.Precision, end = Fraction(s, end+1)
	}
	c.Wall = day.Add(clockReading(h, m, sec, fraction))
	end = c.readOffset(s, end)
	c.Text = s[:end]
	return c, end, true
}

// LooseClock reads 9:05, 9:05:50.123, 9時5分50秒, 午後3時5分, 15時 or 午後3時半,
// and 24:00 as the end of the day; n is 0 when there is none.
func LooseClock(s string) (d time.Duration, p event.Precision, n int) {
	rest, forenoon := strings.CutPrefix(s, "午前")
	rest, afternoon := strings.CutPrefix(rest, "午後")
	d, p, n = looseReading(rest)
	if n == 0 || !forenoon && !afternoon {
		return d, p, n
	}
	d, ok := halfDay(d, afternoon)
	if !ok || forenoon && afternoon {
		return 0, 0, 0
	}
	return d, p, n + len(s) - len(rest)
}

func looseReading(s string) (d time.Duration, p event.Precision, n int) {
	h, n := LeadingDigits(s, 2)
	sep := unit(s[n:], ":", "時")
	if n == 0 || sep == 0 || h > 24 {
		return 0, 0, 0
	}
	kanji := sep > 1
	n += sep
	m, k := LeadingDigits(s[n:], 2)
	switch {
	case k == 0 && kanji && strings.HasPrefix(s[n:], "半"):
		return clockReading(h, 30, 0, 0), event.PrecisionMinute, n + len("半")
	case k == 0 && kanji:
		return clockReading(h, 0, 0, 0), event.PrecisionHour, n
	case k == 0 || m > 59 || h == 24 && m > 0:
		return 0, 0, 0
	}
	n += k
	sep = unit(s[n:], ":", "分")
	sec, k := LeadingDigits(s[n+sep:], 2)
	if sep == 0 || k == 0 || sec > 60 || h == 24 && sec > 0 {
		return clockReading(h, m, 0, 0), event.PrecisionMinute, n + unit(s[n:], "", "分")
	}
	n += sep + k
	if n+1 < len(s) && s[n] == '.' && IsDigit(s[n+1]) {
		f, precision, end := Fraction(s, n+1)
		return clockReading(h, m, sec, f), precision, end
	}
	return clockReading(h, m, sec, 0), event.PrecisionSecond, n + unit(s[n:], "", "秒")
}

// unit gives the length of the separator or the Japanese unit s begins with.
func unit(s, separators, kanji string) int {
	switch {
	case s == "":
		return 0
	case strings.IndexByte(separators, s[0]) >= 0:
		return 1
	case strings.HasPrefix(s, kanji):
		return len(kanji)
	}
	return 0
}

// ParseEpoch reads a number of seconds, milli-, micro- or nanoseconds since
// 1970: the unit is told from the number of digits, which is right for every
// instant from 1973 to 2286. Seconds may have a fraction.
func ParseEpoch(s string) (Moment, bool) {
	whole, _, dotted := strings.Cut(s, ".")
	c := Moment{Zoned: true, Text: s}
	if len(whole) > 19 {
		return Moment{}, false
	}
	v, n := leadingDigits64(whole)
	switch {
	case n != len(whole) || v <= 0 || dotted && n > 10:
		return Moment{}, false
	case n == 9 || n == 10:
		c.Wall, c.Precision = time.Unix(v, 0).UTC(), event.PrecisionSecond
	case n == 12 || n == 13:
		c.Wall, c.Precision = time.UnixMilli(v).UTC(), event.PrecisionMilli
	case n == 15 || n == 16:
		c.Wall, c.Precision = time.UnixMicro(v).UTC(), event.PrecisionMicro
	case n == 18 || n == 19:
		c.Wall, c.Precision = time.Unix(v/1e9, v%1e9).UTC(), event.PrecisionNano
	default:
		return Moment{}, false
	}
	if dotted {
		f, precision, end := Fraction(s, n+1)
		c.Wall, c.Precision = c.Wall.Add(f), precision
		return c, end == len(s) && end > n+1
	}
	return c, true
}

// LeadingDigits reads at most limit decimal digits.
func LeadingDigits(s string, limit int) (v, n int) {
	v64, n := leadingDigits64(s[:min(limit, len(s))])
	return int(v64), n
}

// leadingDigits64 reads the decimal digits s begins with; s is short enough.
func leadingDigits64(s string) (v int64, n int) {
	for n < len(s) && IsDigit(s[n]) {
		v = v*10 + int64(s[n]-'0')
		n++
	}
	return v, n
}
