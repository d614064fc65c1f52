package story

import (
	"cmp"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

// budget marks the stories beyond a day's budget: of those shown on one day the
// gravest come first, then those with more findings, then the earliest.
func budget(list []Story, o Options) {
	if o.Budget < 0 {
		return
	}
	days := map[string][]*Story{}
	for i := range list {
		if s := &list[i]; s.Counts(o.Level) {
			day := s.Day(o.Zone)
			days[day] = append(days[day], s)
		}
	}
	for _, of := range days {
		slices.SortStableFunc(of, func(a, b *Story) int {
			return cmp.Or(cmp.Compare(finding.Rank(b.Level), finding.Rank(a.Level)), cmp.Compare(len(b.Findings), len(a.Findings)), a.Shown.Compare(b.Shown))
		})
		for i, s := range of {
			s.Over = i >= o.Budget
		}
	}
}

// Counts reports whether the story is one to be shown at a level.
func (s *Story) Counts(level string) bool {
	return len(s.Findings) > 0 && finding.Rank(s.Level) >= finding.Rank(level)
}

// Day is the day that the story counts against, "2018-03-03".
func (s *Story) Day(zone *time.Location) string { return s.Shown.In(zone).Format(time.DateOnly) }

// A Day is how many stories there were on a day.
type Day struct {
	Date  string `json:"date"`
	Shown int    `json:"shown"` // within the budget
	Over  int    `json:"over"`  // beyond it
}

// Days counts stories by day, from the first to the last one that has any; days
// between without a story are listed, too.
func Days(list []Story, level string, zone *time.Location) []Day {
	counts := map[string]*Day{}
	var first, last time.Time
	for i := range list {
		s := &list[i]
		if !s.Counts(level) {
			continue
		}
		if first.IsZero() || s.Shown.Before(first) {
			first = s.Shown
		}
		if s.Shown.After(last) {
			last = s.Shown
		}
		d := counts[s.Day(zone)]
		if d == nil {
			d = &Day{Date: s.Day(zone)}
			counts[d.Date] = d
		}
		if s.Over {
			d.Over++
		} else {
			d.Shown++
		}
	}
	var out []Day
	if first.IsZero() {
		return out
	}
	y, m, d := first.In(zone).Date()
	for day := time.Date(y, m, d, 12, 0, 0, 0, zone); ; day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		if date > last.In(zone).Format(time.DateOnly) || len(out) > 36600 {
			return out
		}
		if c := counts[date]; c != nil {
			out = append(out, *c)
		} else {
			out = append(out, Day{Date: date})
		}
	}
}
