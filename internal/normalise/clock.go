package normalise

import (
	"time"

	"github.com/konseki/konseki/internal/event"
)

// decimal reads a number of exactly n ASCII digits at s[at:], -1 when it is not.
func decimal(s string, at, n int) int {
	if at+n > len(s) {
		return -1
	}
	v := 0
	for _, c := range []byte(s[at : at+n]) {
		if c < '0' || c > '9' {
			return -1
		}
		v = v*10 + int(c-'0')
	}
	return v
}

// month reads an English month abbreviation at s[at:], 0 when it is none.
func month(s string, at int) time.Month {
	if at+3 > len(s) {
		return 0
	}
	switch s[at : at+3] {
	case "Jan":
		return time.January
	case "Feb":
		return time.February
	case "Mar":
		return time.March
	case "Apr":
		return time.April
	case "May":
		return time.May
	case "Jun":
		return time.June
	case "Jul":
		return time.July
	case "Aug":
		return time.August
	case "Sep":
		return time.September
	case "Oct":
		return time.October
	case "Nov":
		return time.November
	case "Dec":
		return time.December
	}
	return 0
}

// timeOfDay reads "15:04:05" at s[at:] with an optional fraction after '.' or
// ',' and returns where it ends. A leap second is taken as the second before.
func timeOfDay(s string, at int) (d time.Duration, p event.Precision, end int, ok bool) {
	h, m, sec := decimal(s, at, 2), decimal(s, at+3, 2), decimal(s, at+6, 2)
	if h < 0 || m < 0 || sec < 0 || h > 23 || m > 59 || sec > 60 || s[at+2] != ':' || s[at+5] != ':' {
		return 0, 0, 0, false
	}
	d = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(min(sec, 59))*time.Second
	end = at + 8
	if end+1 < len(s) && (s[end] == '.' || s[end] == ',') && isDigit(s[end+1]) {
		fraction, precision, stop := fraction(s, end+1)
		return d + fraction, precision, stop, true
	}
	return d, event.PrecisionSecond, end, true
}

// fraction reads the digits of a fraction of a second at s[at:]; those beyond
// nanoseconds are passed over.
func fraction(s string, at int) (time.Duration, event.Precision, int) {
	v, unit, i := time.Duration(0), time.Second, at
	for i < len(s) && isDigit(s[i]) {
		if unit > 1 {
			unit /= 10
			v += time.Duration(s[i]-'0') * unit
		}
		i++
	}
	switch n := i - at; {
	case n <= 3:
		return v, event.PrecisionMilli, i
	case n <= 6:
		return v, event.PrecisionMicro, i
	}
	return v, event.PrecisionNano, i
}

// date returns midnight of a day that exists.
func date(y int, m time.Month, d int) (time.Time, bool) {
	if y < 0 || m < 1 || m > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	t := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return t, t.Day() == d
}

// offset reads "Z", "+09:00", "+0900" or "+09" at s[at:].
func offset(s string, at int) (seconds, end int, ok bool) {
	if at >= len(s) {
		return 0, at, false
	}
	if s[at] == 'Z' {
		return 0, at + 1, true
	}
	sign := 1
	switch s[at] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, at, false
	}
	h := decimal(s, at+1, 2)
	if h < 0 || h > 23 {
		return 0, at, false
	}
	end = at + 3
	m := -1
	if end < len(s) && s[end] == ':' {
		if m = decimal(s, end+1, 2); m >= 0 {
			end += 3
		}
	} else if m = decimal(s, end, 2); m >= 0 {
		end += 2
	}
	if m > 59 {
		return 0, at, false
	}
	return sign * (h*3600 + max(m, 0)*60), end, true
}

// isoTime reads an ISO 8601 / RFC 3339 time at the start of s, the date and
// the time parted by 'T' or a space, or the date written with slashes, and
// returns where it ends. Fraction and offset are optional.
func isoTime(s string) (c moment, end int, ok bool) {
	if len(s) < 19 || (s[4] != '-' && s[4] != '/') || s[7] != s[4] || (s[10] != 'T' && s[10] != ' ') {
		return moment{}, 0, false
	}
	day, ok := date(decimal(s, 0, 4), time.Month(decimal(s, 5, 2)), decimal(s, 8, 2))
	if !ok {
		return moment{}, 0, false
	}
	d, p, end, ok := timeOfDay(s, 11)
	if !ok {
		return moment{}, 0, false
	}
	c = moment{wall: day.Add(d), precision: p}
	end = c.readOffset(s, end)
	c.text = s[:end]
	return c, end, true
}

// bsdTime reads the time of RFC 3164, "Mar  1 12:12:50", at the start of s,
// also with a fraction or with the year that some products put before or after
// the time of day, and returns where it ends.
func bsdTime(s string) (c moment, end int, ok bool) {
	if len(s) < 14 || s[3] != ' ' {
		return moment{}, 0, false
	}
	m := month(s, 0)
	at := 4
	if s[at] == ' ' {
		at++
	}
	d := decimal(s, at, 2)
	if d < 0 {
		d = decimal(s, at, 1)
		at--
	}
	at += 2
	if m == 0 || d < 0 || at >= len(s) || s[at] != ' ' {
		return moment{}, 0, false
	}
	at++
	year := decimal(s, at, 4)
	if year >= 0 && at+4 < len(s) && s[at+4] == ' ' {
		at += 5
	} else {
		year = -1
	}
	t, p, end, ok := timeOfDay(s, at)
	if !ok {
		return moment{}, 0, false
	}
	return bsdDate(s, moment{wall: time.Time{}.Add(t), precision: p}, end, year, m, d)
}

// bsdDate completes bsdTime: a year after the time, and the day itself.
func bsdDate(s string, c moment, end, year int, m time.Month, d int) (moment, int, bool) {
	const leap = 2000 // every day of a year that is not stated exists in it
	if year < 0 {
		if y := decimal(s, end+1, 4); y >= 1970 && s[end] == ' ' && (end+5 == len(s) || s[end+5] == ' ' || s[end+5] == ':') {
			year, end = y, end+5
		}
	}
	c.yearless = year < 0
	if c.yearless {
		year = leap
	}
	day, ok := date(year, m, d)
	if !ok {
		return moment{}, 0, false
	}
	c.wall = day.Add(c.wall.Sub(time.Time{}))
	c.text = s[:end]
	return c, end, true
}

// clfTime reads the time of an access log, "01/Mar/2018:12:12:50 +0900".
func clfTime(s string) (c moment, ok bool) {
	if len(s) < 20 || s[2] != '/' || s[6] != '/' || s[11] != ':' {
		return moment{}, false
	}
	day, ok := date(decimal(s, 7, 4), month(s, 3), decimal(s, 0, 2))
	if !ok {
		return moment{}, false
	}
	d, p, end, ok := timeOfDay(s, 12)
	if !ok {
		return moment{}, false
	}
	c = moment{wall: day.Add(d), precision: p, text: s}
	if end == len(s) {
		return c, true
	}
	seconds, stop, ok := offset(s, end+1)
	c.offset, c.zoned = seconds, true
	return c, ok && s[end] == ' ' && stop == len(s)
}

// ctime reads "Thu Mar 01 12:12:50.123456 2018", the time of an Apache error log.
func ctime(s string) (c moment, ok bool) {
	if len(s) < 24 || s[3] != ' ' {
		return moment{}, false
	}
	c, end, ok := bsdTime(s[4:])
	return c, ok && !c.yearless && end == len(s)-4
}
