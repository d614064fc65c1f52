package web

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// javaLine is the first line of a record.
type javaLine struct {
	at                                       format.Moment
	level, thread, app, logger, pid, message string
	twoLines                                 bool // level and message stand in the next line
}

// maxJavaWords bounds the words between the time and the message.
const maxJavaWords = 8

// parseJava reads TIME and, in any order, LEVEL, [THREAD], PID, LOGGER up to
// "- ", ": " or the end of what is known.
func parseJava(s string) (javaLine, bool) {
	var r javaLine
	s = strings.TrimPrefix(s, "[")
	n := javaTime(&r.at, s)
	if n == 0 {
		return r, false
	}
	rest := strings.TrimLeft(strings.TrimPrefix(s[n:], "]"), " ")
	if looksLikeJUL(&r, s[:n], rest) {
		return r, true
	}
	for range maxJavaWords {
		rest = strings.TrimLeft(rest, " ")
		var done bool
		if rest, done = r.word(rest); done {
			return r, r.level != ""
		}
	}
	return r, false
}

// looksLikeJUL reads "CLASS METHOD" after "Mar 28, 2022 7:01:48 AM": the whole
// rest of a first line of java.util.logging.
func looksLikeJUL(r *javaLine, stamp, rest string) bool {
	if !strings.Contains(stamp, ", ") {
		return false
	}
	class, method, ok := strings.Cut(rest, " ")
	if !ok || strings.ContainsAny(method, " :") || !isClassName(class) {
		return false
	}
	r.logger, r.twoLines = class+"."+method, true
	return true
}

// word takes one word from what stands before the message and reports whether
// the message begins.
func (r *javaLine) word(s string) (rest string, done bool) {
	switch {
	case strings.HasPrefix(s, "- "):
		r.message = s[2:]
		if r.level == "" { // ZooKeeper: the time ends with a dash
			return s[2:], false
		}
		return "", true
	case strings.HasPrefix(s, "--- "):
		return s[4:], false
	case strings.HasPrefix(s, ": "):
		r.message = s[2:]
		return "", true
	case strings.HasPrefix(s, "["):
		inside, after := cutBracket(s)
		if level := strings.TrimSpace(inside); r.level == "" && javaSeverity(level) != event.SeverityUnknown {
			r.level = level
		} else {
			r.app, r.thread = r.thread, level // Spring Boot puts the application before the thread
		}
		return after, false
	case strings.HasPrefix(s, "("):
		inside, after, ok := strings.Cut(s[1:], ")")
		if ok && (r.logger == "" || strings.Contains(inside, ".java:")) {
			if r.logger == "" {
				r.logger = strings.TrimSpace(inside)
			}
			return after, false
		}
	}
	word, after, _ := strings.Cut(s, " ")
	switch {
	case r.level == "" && javaSeverity(strings.Trim(word, ":|")) != event.SeverityUnknown:
		r.level = strings.Trim(word, ":|")
		return after, false
	case r.level != "" && r.pid == "" && r.logger == "" && format.IsDecimal(word):
		r.pid = word
		return after, false
	case r.level == "" && format.IsDecimal(word): // HDFS: the thread's number
		r.thread = word
		return after, false
	case r.level != "" && r.logger == "" && isClassName(strings.TrimSuffix(word, ":")):
		r.logger = strings.TrimSuffix(word, ":")
		return r.afterLogger(word, after)
	}
	r.message = s
	return "", true
}

// afterLogger tells whether the message begins right behind the logger:
// log4j's "CLASS: message" and Tomcat's "CLASS.METHOD message".
func (r *javaLine) afterLogger(word, after string) (rest string, done bool) {
	after = strings.TrimLeft(after, " ")
	if strings.HasSuffix(word, ":") || !strings.HasPrefix(after, "- ") && !strings.HasPrefix(after, ": ") && !strings.HasPrefix(after, "[") &&
		!strings.HasPrefix(after, "(") {
		r.message = after
		return "", true
	}
	return after, false
}

// cutBracket takes "[…]" with the brackets inside it: a thread's name may hold
// some.
func cutBracket(s string) (inside, rest string) {
	depth := 0
	for i := range min(len(s), maxJavaHead) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return s[1:i], s[i+1:]
			}
		}
	}
	return "", s[1:]
}

// isClassName reports whether a word may be the name of a class or logger:
// parts of letters, digits, _ and $ joined by dots, at least two, or one that
// begins with a capital.
func isClassName(s string) bool {
	if s == "" || len(s) > 256 || format.IsDigit(s[0]) {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', format.IsDigit(c), c == '_', c == '$', c == '.', c == '-', c == '/':
		default:
			return false
		}
	}
	return strings.Contains(s, ".") || s[0] >= 'A' && s[0] <= 'Z'
}

// javaTime reads the time at the beginning of s and returns where it ends, 0
// when there is none: ISO 8601, Tomcat's "28-Mar-2022 07:01:48.459", Spark's
// "17/06/09 20:10:40", "081109 203615", java.util.logging's "Mar 28, 2022
// 7:01:48 AM", or a time of day alone, which tells no day.
func javaTime(at *format.Moment, s string) int {
	if len(s) < 15 {
		return 0
	}
	if m, end, ok := format.ISOTime(s); ok {
		*at = m
		return end
	}
	if s[2] == '-' && len(s) > 20 && s[6] == '-' {
		return tomcatTime(at, s)
	}
	if s[2] == '/' && s[5] == '/' && s[8] == ' ' {
		return shortTime(at, s, "20"+s[0:2]+"-"+s[3:5]+"-"+s[6:8]+" ", 9)
	}
	if format.Digits(s, 0, 6) >= 0 && s[6] == ' ' && format.Digits(s, 7, 6) >= 0 {
		day := "20" + s[0:2] + "-" + s[2:4] + "-" + s[4:6] + " " + s[7:9] + ":" + s[9:11] + ":" + s[11:13]
		m, end, ok := format.ISOTime(day)
		if !ok || end != len(day) {
			return 0
		}
		m.Text = s[:13]
		*at = m
		return 13
	}
	if s[2] == ':' && s[5] == ':' {
		if m, end, ok := format.ISOTime("2000-01-01 " + s[:min(len(s), 24)]); ok && !m.Zoned {
			return end - len("2000-01-01 ")
		}
		return 0
	}
	return julTime(at, s)
}

// shortTime reads the time of day at s[from:] behind a day made complete.
func shortTime(at *format.Moment, s, day string, from int) int {
	m, end, ok := format.ISOTime(day + s[from:min(len(s), from+20)])
	if !ok {
		return 0
	}
	end += from - len(day)
	m.Text = s[:end]
	*at = m
	return end
}

func tomcatTime(at *format.Moment, s string) int {
	m, end, ok := format.BSDTime(s[3:6] + " " + s[0:2] + " " + s[7:min(len(s), 40)])
	if !ok || m.Yearless {
		return 0
	}
	m.Text = s[:end]
	*at = m
	return end
}

// julTime reads "Mar 28, 2022 7:01:48 AM" and "3 28, 2022 7:01:48 午前", with or
// without 月.
func julTime(at *format.Moment, s string) int {
	comma := strings.Index(s[:min(len(s), 16)], ", ")
	if comma < 0 {
		return 0
	}
	name, day, ok := strings.Cut(s[:comma], " ")
	month := julMonth(name)
	d, n := format.LeadingDigits(day, 2)
	year := format.Digits(s, comma+2, 4)
	if !ok || month == 0 || n == 0 || n != len(day) || year < 0 {
		return 0
	}
	date, ok := format.Date(year, month, d)
	from := comma + 7
	if !ok || from > len(s) {
		return 0
	}
	clock, precision, used := format.LooseClock(s[from:])
	if used == 0 {
		return 0
	}
	end := from + used
	half, used := julHalf(s[end:])
	if hours := clock / time.Hour; used > 0 && (hours < 1 || hours > 12) {
		return 0
	} else if used > 0 {
		clock += half - hours/12*12*time.Hour
	}
	end += used
	*at = format.Moment{Wall: date.Add(clock), Precision: precision, Text: s[:end]}
	return end
}

func julMonth(name string) time.Month {
	name = strings.TrimSuffix(name, "月")
	if v, n := format.LeadingDigits(name, 2); n > 0 && n == len(name) && v <= 12 {
		return time.Month(v)
	}
	for m := time.January; m <= time.December; m++ {
		if name == m.String()[:3] {
			return m
		}
	}
	return 0
}

// julHalf reads the half of the day: what it adds to an hour of 0 to 11.
func julHalf(s string) (time.Duration, int) {
	for _, half := range [...]struct {
		word string
		add  time.Duration
	}{{" AM", 0}, {" PM", 12 * time.Hour}, {" 午前", 0}, {" 午後", 12 * time.Hour}} {
		if strings.HasPrefix(s, half.word) {
			return half.add, len(half.word)
		}
	}
	return 0, 0
}
