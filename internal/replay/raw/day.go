package raw

import (
	"bufio"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// Day collects the lines of one file and one day.
type Day struct {
	Start  time.Time  // midnight, local
	RNG    *rand.Rand // seeded by the file's path and the day
	lines  []stamped
	Number *int // the last number that a record of the file bears
}

type stamped struct {
	at   time.Time
	text string
}

// Add puts a line at an instant; the text is without line end and may hold
// several lines of one record.
func (d *Day) Add(at time.Time, text string) { d.lines = append(d.lines, stamped{at, text}) }

// Workday reports whether people work on this day: not on weekends, nor from
// 29 December to 3 January, nor on the public holidays of the scenarios' months.
func (d *Day) Workday() bool {
	switch d.Start.Weekday() {
	case time.Saturday, time.Sunday:
		return false
	}
	m, n := d.Start.Month(), d.Start.Day()
	return !(m == time.December && n >= 29 || m == time.January && n <= 3 || m == time.January && n == 8 || m == time.February && n == 12 ||
		m == time.November && (n == 3 || n == 23))
}

// Within gives a random instant of the day between two hours.
func (d *Day) Within(from, to float64) time.Time {
	return d.Start.Add(time.Duration((from + d.RNG.Float64()*(to-from)) * float64(time.Hour))).Truncate(time.Millisecond)
}

// Chance is true with probability p.
func (d *Day) Chance(p float64) bool { return d.RNG.Float64() < p }

// Pick takes one of a list that is not empty.
func Pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// write writes the file day by day and gives it the time of its last record.
func (f File) write(dir string, from, to time.Time, seed uint64) (records, bytes int64, err error) {
	out, err := f.open(dir)
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if cerr := out.Close(); err == nil {
			err = cerr
		}
	}()
	w := bufio.NewWriterSize(out, 1<<20)
	if !f.From.IsZero() && f.From.Before(from) {
		from = f.From
	}
	var last time.Time
	number := 0
	var held []stamped // what a day's work left for the days after it
	for start := from; start.Before(to); start = start.AddDate(0, 0, 1) {
		d := &Day{Start: start, RNG: rand.New(rand.NewPCG(seed, Hash(f.Path)^uint64(start.Unix()))), lines: held, Number: &number}
		f.Day(d)
		slices.SortStableFunc(d.lines, func(a, b stamped) int { return a.at.Compare(b.at) })
		next := start.AddDate(0, 0, 1)
		today := slices.IndexFunc(d.lines, func(l stamped) bool { return !l.at.Before(next) })
		if today < 0 {
			today = len(d.lines)
		}
		held = d.lines[today:len(d.lines):len(d.lines)]
		for _, l := range d.lines[:today] {
			if l.at.Before(later(from, f.From)) || !l.at.Before(earlier(to, f.To)) {
				continue
			}
			n, err := w.WriteString(l.text + "\n")
			if err != nil {
				return records, bytes, err
			}
			records, bytes, last = records+1, bytes+int64(n), l.at
		}
	}
	if err := w.Flush(); err != nil {
		return records, bytes, err
	}
	if last.IsZero() {
		last = from
	}
	return records, bytes, os.Chtimes(out.Name(), last, last)
}

// Hash is a number that follows from a text alone (FNV-1a).
func Hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum64()
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// On adds facts whose day this is.
func (d *Day) On(when time.Time, add func(when time.Time)) {
	if !when.Before(d.Start) && when.Before(d.Start.AddDate(0, 0, 1)) {
		add(when)
	}
}

// IsDay reports whether a day is the one given as "11-04".
func (d *Day) IsDay(date string) bool { return d.Start.Format("01-02") == date }

// Every calls add at regular instants of the day, the first of them after a while.
func (d *Day) Every(step, first time.Duration, add func(t time.Time)) {
	for t := d.Start.Add(first); t.Before(d.Start.AddDate(0, 0, 1)); t = t.Add(step) {
		add(t)
	}
}

// Scattered calls add at n random instants between two hours.
func (d *Day) Scattered(n int, from, to float64, add func(t time.Time)) {
	for range n {
		add(d.Within(from, to))
	}
}

// Drop takes out the lines of instants at which nothing can have been written.
func (d *Day) Drop(away func(at time.Time) bool) {
	d.lines = slices.DeleteFunc(d.lines, func(l stamped) bool { return away(l.at) })
}

// Draws gives the random numbers of one thing on one day, the same for every
// file that tells of it.
func Draws(seed uint64, what string, start time.Time) *Day {
	return &Day{Start: start, RNG: rand.New(rand.NewPCG(seed, Hash(what)^uint64(start.Unix())))}
}
