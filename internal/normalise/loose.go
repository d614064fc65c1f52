package normalise

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// parseTime reads a text that is nothing but a time: ISO 8601 and its usual
// variants, a Japanese date, or a number of seconds, milli-, micro- or
// nanoseconds since 1970.
func parseTime(s string) (moment, bool) {
	s = strings.TrimSpace(s)
	if c, n, ok := scanTime(s); ok && n == len(s) {
		return c, true
	}
	if c, ok := parseEpoch(s); ok {
		return c, true
	}
	return clfTime(s)
}

// scanTime reads a date with or without time of day and zone from the
// beginning of s and tells how many bytes it took.
func scanTime(s string) (c moment, n int, ok bool) {
	if c, n, ok = isoTime(s); !ok {
		if c, n, ok = looseTime(s); !ok {
			return moment{}, 0, false
		}
	}
	if !c.zoned && c.precision != event.PrecisionDay {
		n += c.scanZone(s[n:])
	}
	c.text = s[:n]
	return c, n, true
}

// scanZone reads an offset after a space or a zone's name and gives the bytes taken.
func (c *moment) scanZone(z string) int {
	body, spaced := strings.CutPrefix(z, " ")
	if seconds, end, ok := offset(body, 0); ok && body[0] != 'Z' {
		c.offset, c.zoned = seconds, true
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

// looseTime reads the times that are not ISO 8601 as isoTime takes it: months,
// days and hours of one digit, no seconds, no time of day, Japanese units
// (2018年3月1日 12時13分50秒).
func looseTime(s string) (c moment, end int, ok bool) {
	day, end, ok := looseDate(s)
	if !ok {
		return moment{}, 0, false
	}
	c = moment{wall: day, precision: event.PrecisionDay, text: s[:end]}
	rest := strings.TrimLeft(strings.TrimPrefix(s[end:], "T"), " \u3000")
	d, p, n := looseClock(rest)
	if n == 0 {
		return c, end, true
	}
	c.wall, c.precision = day.Add(d), p
	end = c.readOffset(s, len(s)-len(rest)+n)
	c.text = s[:end]
	return c, end, true
}

// looseDate reads 2018-3-1, 2018/3/1, 2018.3.1, 2018年3月1日 or 20180301.
func looseDate(s string) (day time.Time, n int, ok bool) {
	y, n := leadingDigits(s, 4)
	if n != 4 {
		return time.Time{}, 0, false
	}
	n += unit(s[n:], "-/.", "年")
	m, k := leadingDigits(s[n:], 2)
	n += k
	n += unit(s[n:], "-/.", "月")
	d, k2 := leadingDigits(s[n:], 2)
	n += k2
	if k == 0 || k2 == 0 || n < 8 || n < len(s) && isDigit(s[n]) {
		return time.Time{}, 0, false
	}
	n += unit(s[n:], "", "日")
	day, ok = date(y, time.Month(m), d)
	return day, n, ok
}

// looseClock reads 9:05, 9:05:50.123 or 9時5分50秒; n is 0 when there is none.
func looseClock(s string) (d time.Duration, p event.Precision, n int) {
	h, n := leadingDigits(s, 2)
	sep := unit(s[n:], ":", "時")
	if n == 0 || sep == 0 || h > 23 {
		return 0, 0, 0
	}
	n += sep
	m, k := leadingDigits(s[n:], 2)
	if k == 0 || m > 59 {
		return 0, 0, 0
	}
	n += k
	d = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	sep = unit(s[n:], ":", "分")
	sec, k := leadingDigits(s[n+sep:], 2)
	if sep == 0 || k == 0 || sec > 60 {
		return d, event.PrecisionMinute, n + unit(s[n:], "", "分")
	}
	n += sep + k
	d += time.Duration(min(sec, 59)) * time.Second
	if n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
		f, precision, end := fraction(s, n+1)
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

// parseEpoch reads a number of seconds, milli-, micro- or nanoseconds since
// 1970: the unit is told from the number of digits, which is right for every
// instant from 1973 to 2286. Seconds may have a fraction.
func parseEpoch(s string) (moment, bool) {
	whole, _, dotted := strings.Cut(s, ".")
	c := moment{zoned: true, text: s}
	if len(whole) > 19 {
		return moment{}, false
	}
	v, n := leadingDigits64(whole)
	switch {
	case n != len(whole) || v <= 0 || dotted && n > 10:
		return moment{}, false
	case n == 9 || n == 10:
		c.wall, c.precision = time.Unix(v, 0).UTC(), event.PrecisionSecond
	case n == 12 || n == 13:
		c.wall, c.precision = time.UnixMilli(v).UTC(), event.PrecisionMilli
	case n == 15 || n == 16:
		c.wall, c.precision = time.UnixMicro(v).UTC(), event.PrecisionMicro
	case n == 18 || n == 19:
		c.wall, c.precision = time.Unix(v/1e9, v%1e9).UTC(), event.PrecisionNano
	default:
		return moment{}, false
	}
	if dotted {
		f, precision, end := fraction(s, n+1)
		c.wall, c.precision = c.wall.Add(f), precision
		return c, end == len(s) && end > n+1
	}
	return c, true
}

// leadingDigits reads at most limit decimal digits.
func leadingDigits(s string, limit int) (v, n int) {
	v64, n := leadingDigits64(s[:min(limit, len(s))])
	return int(v64), n
}

// leadingDigits64 reads the decimal digits s begins with; s is short enough.
func leadingDigits64(s string) (v int64, n int) {
	for n < len(s) && isDigit(s[n]) {
		v = v*10 + int64(s[n]-'0')
		n++
	}
	return v, n
}
