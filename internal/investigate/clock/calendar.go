package clock

import (
	"bytes"
	_ "embed" // the holidays
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed calendar.yaml
var calendarFile []byte

// Calendar knows the days on which offices are closed beside weekends, of the
// years that it covers.
type Calendar struct {
	Name   string   `yaml:"name"`
	Source string   `yaml:"source"`
	Status string   `yaml:"status"`
	Years  [2]int   `yaml:"years"`  // first and last
	Every  []string `yaml:"every"`  // 01-02: closed each year
	Closed []string `yaml:"closed"` // 2026-11-23
	days   map[string]bool
}

func calendars() (map[string]*Calendar, error) {
	d := yaml.NewDecoder(bytes.NewReader(calendarFile))
	d.KnownFields(true)
	var list []*Calendar
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("clock: calendars: %w", err)
	}
	out := map[string]*Calendar{}
	for _, c := range list {
		c.days = map[string]bool{}
		for _, day := range append(c.Every, c.Closed...) {
			c.days[day] = true
		}
		out[c.Name] = c
	}
	return out, nil
}

// open reports whether a day is a business day; a year that the calendar does
// not cover is an error, never a guess.
func (c *Calendar) open(t time.Time) (bool, error) {
	if t.Year() < c.Years[0] || t.Year() > c.Years[1] {
		return false, fmt.Errorf("%w: the calendar %s covers %d to %d, not %d", ErrInvalid, c.Name, c.Years[0], c.Years[1], t.Year())
	}
	weekend := t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
	return !weekend && !c.days[t.Format(time.DateOnly)] && !c.days[t.Format("01-02")], nil
}

// add counts n business days after the day of start; with dayOne that day is
// the first, if it is one.
func (c *Calendar) add(start time.Time, n int, dayOne bool) (time.Time, error) {
	day := time.Date(start.Year(), start.Month(), start.Day(), 12, 0, 0, 0, start.Location())
	if !dayOne {
		day = day.AddDate(0, 0, 1)
	}
	for ; ; day = day.AddDate(0, 0, 1) {
		open, err := c.open(day)
		if err != nil {
			return time.Time{}, err
		}
		if open {
			if n--; n == 0 {
				return day, nil
			}
		}
	}
}
