package format

import (
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Digits reads a number of exactly n ASCII digits at s[at:], -1 when it is not.
func Digits(s string, at, n int) int {
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
// ',' and returns where it ends. Second 60 is the last nanosecond of its minute,
// whatever its fraction, and 24:00:00 the end of the day.
func timeOfDay(s string, at int) (d time.Duration, p event.Precision, end int, ok bool) {
	h, m, sec := Digits(s, at, 2), Digits(s, at+3, 2), Digits(s, at+6, 2)
	if h < 0 || m < 0 || sec < 0 || h > 24 || m > 59 || sec > 60 || s[at+2] != ':' || s[at+5] != ':' {
		return 0, 0, 0, false
	}
	p, end = event.PrecisionSecond, at+8
	var fraction time.Duration
	if end+1 < len(s) && (s[end] == '.' || s[end] == ',') && IsDigit(s[end+1]) {
		fraction, p, end = Fraction(s, end+1)
	}
	d = clockReading(h, m, sec, fraction)
	return d, p, end, d <= 24*time.Hour
}

// clockReading is the time since midnight of a clock that shows h:m:sec and a
// fraction.
func clockReading(h, m, sec int, fraction time.Duration) time.Duration {
	if sec == 60 {
		sec, fraction = 59, time.Second-1
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second + fraction
}

// Fraction reads the digits of a fraction of a second at s[at:]; those beyond
// nanoseconds are passed over.
func Fraction(s string, at int) (time.Duration, event.Precision, int) {
	v, unit, i := time.Duration(0), time.Second, at
	for i < len(s) && IsDigit(s[i]) {
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

// Date returns midnight of a day that exists.
func Date(y int, m time.Month, d int) (time.Time, bool) {
	if y < 0 || m < 1 || m > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	t := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return t, t.Day() == d
}

// Offset reads "Z", "+09:00", "+0900" or "+09" at s[at:].
func Offset(s string, at int) (seconds, end int, ok bool) {
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
	h := Digits(s, at+1, 2)
	if h < 0 || h > 23 {
		return 0, at, false
	}
	end = at + 3
	var m int
	if end < len(s) && s[end] == ':' {
		if m = Digits(s, end+1, 2); m >= 0 {
			end += 3
		}
	} else if m = Digits(s, end, 2); m >= 0 {
		end += 2
	}
	if m > 59 {
		return 0, at, false
	}
	return sign * (h*3600 + max(m, 0)*60), end, true
}

// ISOTime reads an ISO 8601 / RFC 3339 time at the start of s, the date and
// the time parted by 'T' or a space, or the date written with slashes, and
// returns where it ends. Fraction and offset are optional.
func ISOTime(s string) (c Moment, end int, ok bool) {
	if len(s) < 19 || (s[4] != '-' && s[4] != '/') || s[7] != s[4] || (s[10] != 'T' && s[10] != ' ') {
		return Moment{}, 0, false
	}
	day, ok := Date(Digits(s, 0, 4), time.Month(Digits(s, 5, 2)), Digits(s, 8, 2))
	if !ok {
		return Moment{}, 0, false
	}
	d, p, end, ok := timeOfDay(s, 11)
	if !ok {
		return Moment{}, 0, false
	}
	if half, ok := meridiem(s, end, d); ok {
		d, end = half, end+3
	}
	c = Moment{Wall: day.Add(d), Precision: p}
	end = c.readOffset(s, end)
	c.Text = s[:end]
	return c, end, true
}

// meridiem puts a clock reading into the half of the day that " AM" or " PM" at
// s[at:] states.
func meridiem(s string, at int, d time.Duration) (time.Duration, bool) {
	if at+3 > len(s) || s[at] != ' ' || s[at+2]|0x20 != 'm' || at+3 < len(s) && isWordByte(s[at+3]) {
		return d, false
	}
	switch s[at+1] | 0x20 {
	case 'a':
		return halfDay(d, false)
	case 'p':
		return halfDay(d, true)
	}
	return d, false
}

// halfDay reads a twelve-hour clock: 12 is the hour before 1, as software writes
// it, and 0 is the same hour, as people in Japan do.
func halfDay(d time.Duration, afternoon bool) (time.Duration, bool) {
	const half = 12 * time.Hour
	if d >= half+time.Hour {
		return d, false
	}
	if d >= half {
		d -= half
	}
	if afternoon {
		d += half
	}
	return d, true
}

func isWordByte(c byte) bool { return IsDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

// BSDTime reads the time of RFC 3164, "Mar  1 12:12:50", at the start of s,
// also with a fraction or with the year that some products put before or after
// the time of day, and returns where it ends.
func BSDTime(s string) (c Moment, end int, ok bool) {
	if len(s) < 14 || s[3] != ' ' {
		return Moment{}, 0, false
	}
	m := month(s, 0)
	at := 4
	if s[at] == ' ' {
		at++
	}
	d := Digits(s, at, 2)
	if d < 0 {
		d = Digits(s, at, 1)
		at--
	}
	at += 2
	if m == 0 || d < 0 || at >= len(s) || s[at] != ' ' {
		return Moment{}, 0, false
	}
	at++
	year := Digits(s, at, 4)
	if year >= 0 && at+4 < len(s) && s[at+4] == ' ' {
		at += 5
	} else {
		year = -1
	}
	t, p, end, ok := timeOfDay(s, at)
	if !ok || t >= 24*time.Hour {
		return Moment{}, 0, false
	}
	return bsdDate(s, Moment{Wall: time.Time{}.Add(t), Precision: p}, end, year, m, d)
}

// bsdDate completes BSDTime: a year after the time, and the day itself.
func bsdDate(s string, c Moment, end, year int, m time.Month, d int) (Moment, int, bool) {
	const leap = 2000 // every day of a year that is not stated exists in it
	if year < 0 {
		if y := Digits(s, end+1, 4); y >= 1970 && s[end] == ' ' && (end+5 == len(s) || s[end+5] == ' ' || s[end+5] == ':') {
			year, end = y, end+5
		}
	}
	c.Yearless = year < 0
	if c.Yearless {
		year = leap
	}
	day, ok := Date(year, m, d)
	if !ok {
		return Moment{}, 0, false
	}
	c.Wall = day.Add(c.Wall.Sub(time.Time{}))
	c.Text = s[:end]
	return c, end, true
}

// CLFTime reads the time of an access log, "01/Mar/2018:12:12:50 +0900".
func CLFTime(s string) (c Moment, ok bool) {
	if len(s) < 20 || s[2] != '/' || s[6] != '/' || s[11] != ':' {
		return Moment{}, false
	}
	day, ok := Date(Digits(s, 7, 4), month(s, 3), Digits(s, 0, 2))
	if !ok {
		return Moment{}, false
	}
	d, p, end, ok := timeOfDay(s, 12)
	if !ok {
		return Moment{}, false
	}
	c = Moment{Wall: day.Add(d), Precision: p, Text: s}
	if end == len(s) {
		return c, true
	}
	seconds, stop, ok := Offset(s, end+1)
	c.Offset, c.Zoned = seconds, true
	return c, ok && s[end] == ' ' && stop == len(s)
}

// CTime reads "Thu Mar 01 12:12:50.123456 2018", the time of an Apache error log.
func CTime(s string) (c Moment, ok bool) {
	if len(s) < 24 || s[3] != ' ' {
		return Moment{}, false
	}
	c, end, ok := BSDTime(s[4:])
	return c, ok && !c.Yearless && end == len(s)-4
}
