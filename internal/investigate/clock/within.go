package clock

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Unit is what a deadline counts in.
type Unit string

// The units. Hours are exact; what is counted in days lasts until the end of the
// last one.
const (
	Hours        Unit = "h"
	Days         Unit = "d"
	BusinessDays Unit = "bd"
	Months       Unit = "mo"
	Promptly     Unit = "promptly" // at once or without delay: no instant follows
)

// Within is how long there is: From to To units, equal where it is no range.
type Within struct {
	From, To int
	Unit     Unit
}

// UnmarshalText reads promptly, 72h, 30d, 3-5d, 4bd or 1mo; at most ten years.
func (w *Within) UnmarshalText(text []byte) error {
	if string(text) == string(Promptly) {
		*w = Within{Unit: Promptly}
		return nil
	}
	m := regexp.MustCompile(`^(?:(\d{1,5})-)?(\d{1,5})(h|d|bd|mo)$`).FindSubmatch(text)
	if m == nil {
		return event.Refuse(ErrInvalid, "%.40q is not a time limit; write 72h, 30d, 3-5d, 4bd, 1mo or promptly", "%.40q は期限の長さではありません。72h、30d、3-5d、4bd、1mo、promptly のように書いてください", text)
	}
	w.Unit = Unit(m[3])
	w.To, _ = strconv.Atoi(string(m[2]))
	w.From = w.To
	if len(m[1]) > 0 {
		w.From, _ = strconv.Atoi(string(m[1]))
	}
	most := map[Unit]int{Hours: 87600, Days: 3650, BusinessDays: 2500, Months: 120}[w.Unit]
	if w.From < 1 || w.From > w.To || w.To > most {
		return event.Refuse(ErrInvalid, "the time limit %s is not 1 to %d%s", "期限の長さ %s は 1〜%d%s の範囲にありません", text, most, w.Unit)
	}
	return nil
}

// String writes what UnmarshalText reads.
func (w Within) String() string {
	switch {
	case w.Unit == Promptly:
		return string(Promptly)
	case w.From == w.To:
		return fmt.Sprint(w.To, w.Unit)
	}
	return fmt.Sprintf("%d-%d%s", w.From, w.To, w.Unit)
}

// after counts n units from an instant. Where the first day counts as day 1, it
// ends a day earlier. Days are those of the start's location.
func after(start time.Time, n int, unit Unit, dayOne bool, cal *Calendar) (time.Time, error) {
	switch unit {
	case Hours:
		return start.Add(time.Duration(n) * time.Hour), nil
	case Months:
		return endOfDay(addMonths(start, n)), nil
	case BusinessDays:
		day, err := cal.add(start, n, dayOne)
		return endOfDay(day), err
	case Promptly:
		return time.Time{}, nil
	}
	if dayOne {
		n--
	}
	return endOfDay(start.AddDate(0, 0, n)), nil
}

// addMonths goes to the same day of a later month, or to its last day where it
// has no such day.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 12, 0, 0, 0, t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// endOfDay is the last instant of a day: what happens on the day is in time.
func endOfDay(t time.Time) time.Time {
	next := time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
	if next.Day() == t.Day() { // clocks go forward at midnight: the day has no 24:00
		next = next.Add(time.Hour)
	}
	return next.Add(-time.Nanosecond)
}
