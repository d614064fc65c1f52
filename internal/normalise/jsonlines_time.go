package normalise

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// stamp is a time read from foreign text: a moment, and the name of its zone
// where there is one instead of an offset.
type stamp struct {
	moment
	abbr string
}

// set gives the event the time that was read. Several zones share a name; the
// source's own zone decides where it goes by that name, and otherwise a name
// that more than one zone has is marked as assumed.
func (s stamp) set(in *Input, ev *event.Event) {
	if s.abbr == "" || s.zoned {
		s.moment.set(in, ev)
		return
	}
	local := inZone(s.wall, in.Zone)
	if name, _ := local.In(in.Zone).Zone(); name == s.abbr {
		in.Stated(ev, local, s.precision, s.text)
		return
	}
	minutes, shared, ok := zoneByName(s.abbr)
	if !ok {
		in.Local(ev, s.wall, s.precision, s.text)
		return
	}
	in.Stated(ev, s.wall.Add(-time.Duration(minutes)*time.Minute), s.precision, s.text)
	if shared {
		ev.Quality.Zone = event.ZoneAssumed
	}
}

// zoneByName gives a zone's offset in minutes east of UTC, as PostgreSQL's
// default set of abbreviations has it, and whether other zones share the name.
func zoneByName(name string) (minutes int, shared, ok bool) {
	switch name {
	case "UTC", "GMT", "UCT", "Z", "WET":
		return 0, false, true
	case "CET", "WEST", "MET":
		return 60, false, true
	case "CEST", "EET", "SAST", "MEST":
		return 120, false, true
	case "EEST", "MSK", "EAT":
		return 180, false, true
	case "PKT":
		return 300, false, true
	case "WIB", "ICT":
		return 420, false, true
	case "SGT", "HKT", "AWST":
		return 480, false, true
	case "JST", "KST":
		return 540, false, true
	case "ACST":
		return 570, false, true
	case "AEST":
		return 600, false, true
	case "ACDT":
		return 630, false, true
	case "AEDT":
		return 660, false, true
	case "NZST":
		return 720, false, true
	case "NZDT":
		return 780, false, true
	case "HST":
		return -600, false, true
	case "AKST":
		return -540, false, true
	case "AKDT":
		return -480, false, true
	case "PDT", "MST":
		return -420, false, true
	case "PST":
		return -480, false, true
	case "MDT":
		return -360, false, true
	case "CDT", "EST":
		return -300, false, true
	case "EDT":
		return -240, false, true
	case "BRT", "ART":
		return -180, false, true
	case "IST": // Israel, India, Ireland
		return 120, true, true
	case "BST": // Britain, Bangladesh
		return 60, true, true
	case "CST": // Chicago, China, Cuba
		return -360, true, true
	case "AST": // Atlantic, Arabia
		return -240, true, true
	case "SST": // Samoa, Singapore
		return -660, true, true
	}
	return 0, false, false
}

// parseStamp reads a text that is nothing but a time: ISO 8601 and its usual
// variants, a Japanese date, or a number of seconds, milli-, micro- or
// nanoseconds since 1970.
func parseStamp(s string) (stamp, bool) {
	s = strings.TrimSpace(s)
	if st, n, ok := scanStamp(s); ok && n == len(s) {
		return st, true
	}
	if c, ok := parseEpoch(s); ok {
		return stamp{moment: c}, true
	}
	c, ok := clfTime(s)
	return stamp{moment: c}, ok
}

// scanStamp reads a date with or without time of day and zone from the
// beginning of s and tells how many bytes it took.
func scanStamp(s string) (st stamp, n int, ok bool) {
	if st.moment, n, ok = isoTime(s); !ok {
		if st.moment, n, ok = looseTime(s); !ok {
			return stamp{}, 0, false
		}
	}
	if !st.zoned && st.precision != event.PrecisionDay {
		n += st.scanZone(s[n:])
	}
	st.text = s[:n]
	return st, n, true
}

// scanZone reads an offset after a space or a zone's name and gives the bytes taken.
func (s *stamp) scanZone(z string) int {
	body, spaced := strings.CutPrefix(z, " ")
	if seconds, end, ok := offset(body, 0); ok && body[0] != 'Z' {
		s.offset, s.zoned = seconds, true
		return len(z) - len(body) + end
	}
	n := 0
	for n < len(body) && body[n] >= 'A' && body[n] <= 'Z' {
		n++
	}
	// A word such as LOG follows a local time; only known names are zones, and
	// those that end as zone names do.
	if _, _, known := zoneByName(body[:n]); spaced && n >= 2 && n <= 5 && (known || body[n-1] == 'T') {
		s.abbr = body[:n]
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
	end = len(s) - len(rest) + n
	if seconds, stop, ok := offset(s, end); ok {
		c.offset, c.zoned, end = seconds, true, stop
	}
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
