package query

import (
	"strconv"
	"strings"
	"time"
)

// moment builds field:time, the whole unit that was written: a month, a day, a
// minute, a second. A relative time means "since".
func (p *parser) moment(f field, s string, at int) (Node, error) {
	low, high, err := p.interval(s, at)
	if err != nil {
		return nil, err
	}
	from := f.each(Match{Op: GreaterEq, Time: low})
	if high.IsZero() {
		return from, nil
	}
	return joinAnd([]Node{from, f.each(Match{Op: Less, Time: high})}), nil
}

// beside builds field:>time and its kin. Months and days are taken whole: after
// a day is from the next midnight. A time of day is an instant.
func (p *parser) beside(f field, op Op, s string, at int) (Node, error) {
	low, high, err := p.interval(s, at)
	if err != nil {
		return nil, err
	}
	after := low.Add(time.Nanosecond)
	if high.Sub(low) > 2*time.Hour {
		after = high
	}
	switch op {
	case GreaterEq:
		return f.each(Match{Op: GreaterEq, Time: low}), nil
	case Greater:
		return f.each(Match{Op: GreaterEq, Time: after}), nil
	case Less:
		return f.each(Match{Op: Less, Time: low}), nil
	}
	return f.each(Match{Op: Less, Time: after}), nil
}

// form is a way to write a time, with the length of what it names.
type form struct {
	layout       string
	months, days int
	unit         time.Duration
	zoned        bool
}

func forms() []form {
	return []form{
		{layout: "2006-01", months: 1},
		{layout: "2006/01", months: 1},
		{layout: "2006-01-02", days: 1},
		{layout: "2006/01/02", days: 1},
		{layout: "2006-01-02T15", unit: time.Hour},
		{layout: "2006-01-02T15:04", unit: time.Minute},
		{layout: "2006-01-02T15:04Z07:00", unit: time.Minute, zoned: true},
		{layout: "2006-01-02T15:04:05", unit: time.Second},
		{layout: "2006-01-02T15:04:05Z07:00", unit: time.Second, zoned: true},
	}
}

// interval reads a time as [low,high); high is zero where the text is relative.
func (p *parser) interval(s string, at int) (low, high time.Time, err error) {
	if t, ok := p.relative(s); ok {
		if !inRange(t) {
			return low, high, p.badTime(at)
		}
		return t, time.Time{}, nil
	}
	s = strings.Replace(strings.ReplaceAll(s, "：", ":"), " ", "T", 1)
	for _, f := range forms() {
		low, err = time.ParseInLocation(f.layout, s, p.opts.Zone)
		if err != nil {
			continue
		}
		if strings.Contains(s, ".") || strings.Contains(s, ",") {
			f.unit = time.Nanosecond
		}
		high = low.AddDate(0, f.months, f.days).Add(f.unit)
		if !inRange(low) || !inRange(high) {
			return low, high, p.badTime(at)
		}
		return low.UTC(), high.UTC(), nil
	}
	return low, high, p.badTime(at)
}

// relative reads now, today, yesterday and -24h, -7d, -2w.
func (p *parser) relative(s string) (time.Time, bool) {
	now := p.opts.Now.In(p.opts.Zone)
	switch Fold(s) {
	case "now", "現在":
		return now.UTC(), true
	case "today", "今日":
		return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location()).UTC(), true
	case "yesterday", "昨日":
		return time.Date(now.Year(), now.Month(), now.Day()-1, 0, 0, 0, 0, now.Location()).UTC(), true
	}
	if len(s) < 3 || s[0] != '-' {
		return now, false
	}
	n, err := strconv.ParseUint(s[1:len(s)-1], 10, 32)
	if err != nil {
		return now, false
	}
	count := int(n)
	switch s[len(s)-1] {
	case 's':
		return now.Add(-time.Duration(count) * time.Second).UTC(), true
	case 'm':
		return now.Add(-time.Duration(count) * time.Minute).UTC(), true
	case 'h':
		return now.Add(-min(time.Duration(count), 1<<20) * time.Hour).UTC(), true
	case 'd':
		return now.AddDate(0, 0, -count).UTC(), true
	case 'w':
		return now.AddDate(0, 0, -7*count).UTC(), true
	}
	return now, false
}

// inRange keeps times within what an index can tell apart: 64 bits of
// nanoseconds with room for the steps made here and for histogram buckets.
func inRange(t time.Time) bool { return t.Year() > 1700 && t.Year() < 2250 }

func (p *parser) badTime(at int) error {
	return p.fail(at, "not a time", `write 2018-03-01, 2018-03-01T12:00, 2018-03, 2018-03-01T12:00:00+09:00, -24h or now`)
}
