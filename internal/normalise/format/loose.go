package format

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// ParseTime reads a text that is nothing but a time: ISO 8601 and its usual
// variants, a Japanese date, or a number of seconds, milli-, micro- or
// nanoseconds since 1970.
func ParseTime(s string) (Moment, bool) {
	s = strings.TrimSpace(s)
	if c, n, ok := ScanTime(s); ok && n == len(s) {
		return c, true
	}
	if c, ok := ParseEpoch(s); ok {
		return c, true
	}
	return CLFTime(s)
}

// ScanTime reads a date with or without time of day and zone from the
// beginning of s and tells how many bytes it took.
func ScanTime(s string) (c Moment, n int, ok bool) {
	if c, n, ok = ISOTime(s); !ok {
		if c, n, ok = LooseTime(s); !ok {
			return Moment{}, 0, false
		}
	}
	if !c.Zoned && c.Precision != event.PrecisionDay {
		n += c.scanZone(s[n:])
	}
	c.Text = s[:n]
	return c, n, true
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
// days and hours of one digit, no seconds, no time of day, Japanese units
// (2018年3月1日 12時13分50秒).
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
	c.Wall, c.Precision = day.Add(d), p
	end = c.readOffset(s, len(s)-len(rest)+n)
	c.Text = s[:end]
	return c, end, true
}

// looseDate reads 2018-3-1, 2018/3/1, 2018.3.1, 2018年3月1日 or 20180301.
func looseDate(s string) (day time.Time, n int, ok bool) {
	y, n := LeadingDigits(s, 4)
	if n != 4 {
		return time.Time{}, 0, false
	}
	n += unit(s[n:], "-/.", "年")
	m, k := LeadingDigits(s[n:], 2)
	n += k
	n += unit(s[n:], "-/.", "月")
	d, k2 := LeadingDigits(s[n:], 2)
	n += k2
	if k == 0 || k2 == 0 || n < 8 || n < len(s) && IsDigit(s[n]) {
		return time.Time{}, 0, false
	}
	n += unit(s[n:], "", "日")
	day, ok = Date(y, time.Month(m), d)
	return day, n, ok
}

// LooseClock reads 9:05, 9:05:50.123 or 9時5分50秒; n is 0 when there is none.
func LooseClock(s string) (d time.Duration, p event.Precision, n int) {
	h, n := LeadingDigits(s, 2)
	sep := unit(s[n:], ":", "時")
	if n == 0 || sep == 0 || h > 23 {
		return 0, 0, 0
	}
	n += sep
	m, k := LeadingDigits(s[n:], 2)
	if k == 0 || m > 59 {
		return 0, 0, 0
	}
	n += k
	d = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	sep = unit(s[n:], ":", "分")
	sec, k := LeadingDigits(s[n+sep:], 2)
	if sep == 0 || k == 0 || sec > 60 {
		return d, event.PrecisionMinute, n + unit(s[n:], "", "分")
	}
	n += sep + k
	d += time.Duration(min(sec, 59)) * time.Second
	if n+1 < len(s) && s[n] == '.' && IsDigit(s[n+1]) {
		f, precision, end := Fraction(s, n+1)
		return d + f, precision, end
	}
	return d, event.PrecisionSecond, n + unit(s[n:], "", "秒")
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
