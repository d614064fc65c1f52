package event

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period (期間) is a length of time by the calendar, in UTC: "36h", "400d",
// "12mo", "2y" or "forever". The zero value says nothing.
type Period struct {
	n    int // of the unit; 0 with unitForever and with nothing said
	unit unit
}

type unit uint8

const (
	unitNone unit = iota
	unitHour
	unitDay
	unitMonth
	unitYear
	unitForever
)

// maxYears is the longest Period that is not forever.
const maxYears = 100

// Forever is the Period that does not end.
func Forever() Period { return Period{unit: unitForever} }

// Days is a Period of n days; n must be 1 or more.
func Days(n int) Period { return Period{n, unitDay} }

// Months is a Period of n months; n must be 1 or more.
func Months(n int) Period { return Period{n, unitMonth} }

// ParsePeriod reads a whole number of at least 1 and its unit (h, d, mo or y,
// 100 years at most), or "forever". The error says what to write instead.
func ParsePeriod(s string) (Period, error) {
	if s == "forever" {
		return Forever(), nil
	}
	digits := strings.TrimRightFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	word := s[len(digits):]
	p := Period{}
	limit := 0
	switch word {
	case "h":
		p.unit, limit = unitHour, maxYears*8766
	case "d":
		p.unit, limit = unitDay, maxYears*366
	case "mo":
		p.unit, limit = unitMonth, maxYears*12
	case "y":
		p.unit, limit = unitYear, maxYears
	case "":
		return Period{}, fmt.Errorf("%q has no unit: write %sd for days, %smo for months or %sy for years", clipped(s), clipped(s), clipped(s), clipped(s))
	case "m":
		return Period{}, fmt.Errorf("%q could be minutes or months: write %smo for months", clipped(s), clipped(digits))
	default:
		return Period{}, fmt.Errorf("%q is not a period such as 36h, 400d, 12mo, 2y or forever", clipped(s))
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return Period{}, fmt.Errorf("%q is not a period: write a whole number and one unit, such as 36h, 400d, 12mo or 2y", clipped(s))
	}
	n, err := strconv.Atoi(digits)
	switch {
	case err != nil || n > limit:
		return Period{}, fmt.Errorf("%q is longer than %d years: write forever", clipped(s), maxYears)
	case n == 0:
		return Period{}, fmt.Errorf("%q is no time at all: write 1%s or more", clipped(s), word)
	}
	p.n = n
	return p, nil
}

// clipped keeps what is quoted in an error short.
func clipped(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// IsZero reports whether the Period says nothing.
func (p Period) IsZero() bool { return p.unit == unitNone }

// Endless reports whether the Period ends never: it says forever, or nothing.
func (p Period) Endless() bool { return p.unit == unitNone || p.unit == unitForever }

// String is the form that ParsePeriod reads; empty for the zero value.
func (p Period) String() string {
	switch p.unit {
	case unitHour:
		return strconv.Itoa(p.n) + "h"
	case unitDay:
		return strconv.Itoa(p.n) + "d"
	case unitMonth:
		return strconv.Itoa(p.n) + "mo"
	case unitYear:
		return strconv.Itoa(p.n) + "y"
	case unitForever:
		return "forever"
	}
	return ""
}

// Words is the Period for people.
func (p Period) Words() Phrase {
	several := ""
	if p.n != 1 {
		several = "s"
	}
	switch p.unit {
	case unitHour:
		return Phrase{JA: fmt.Sprintf("%d 時間", p.n), EN: fmt.Sprintf("%d hour%s", p.n, several)}
	case unitDay:
		return Phrase{JA: fmt.Sprintf("%d 日", p.n), EN: fmt.Sprintf("%d day%s", p.n, several)}
	case unitMonth:
		return Phrase{JA: fmt.Sprintf("%d か月", p.n), EN: fmt.Sprintf("%d month%s", p.n, several)}
	case unitYear:
		return Phrase{JA: fmt.Sprintf("%d 年", p.n), EN: fmt.Sprintf("%d year%s", p.n, several)}
	case unitForever:
		return Phrase{JA: "無期限", EN: "for ever"}
	}
	return Phrase{JA: "不明", EN: "unknown"}
}

// MarshalText writes the form that ParsePeriod reads.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePeriod; no text is the zero value.
func (p *Period) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Period{}
		return nil
	}
	q, err := ParsePeriod(string(text))
	if err != nil {
		return err
	}
	*p = q
	return nil
}

// After is the instant a Period after t. A month or year later is the same day
// of the month, or the month's last where it has no such day. Of an endless
// Period it is the zero time.
func (p Period) After(t time.Time) time.Time { return p.shifted(t, 1) }

// Before is the instant a Period before t, in the manner of After. What is
// before p.Before(now) is at least a Period old.
func (p Period) Before(t time.Time) time.Time { return p.shifted(t, -1) }

func (p Period) shifted(t time.Time, sign int) time.Time {
	t = t.UTC()
	switch p.unit {
	case unitHour:
		return t.Add(time.Duration(sign*p.n) * time.Hour)
	case unitDay:
		return t.AddDate(0, 0, sign*p.n)
	case unitMonth:
		return months(t, sign*p.n)
	case unitYear:
		return months(t, sign*p.n*12)
	}
	return time.Time{}
}

// months moves t by n months and stays within the month.
func months(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// Shorter reports whether p ends before q, both begun with a leap year, in
// which twelve months are 366 days. Nothing is shorter than what says nothing.
func (p Period) Shorter(q Period) bool {
	if p == q || p.Endless() || q.IsZero() {
		return false
	}
	if q.Endless() {
		return true
	}
	from := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	return p.After(from).Before(q.After(from))
}
