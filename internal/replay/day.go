package replay

import (
	"bufio"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// day collects the lines of one file and one day.
type day struct {
	start  time.Time // midnight, local
	rng    *rand.Rand
	lines  []stamped
	number *int // the last number that a record of the file bears
}

type stamped struct {
	at   time.Time
	text string
}

// add puts a line at an instant; the text is without line end and may hold
// several lines of one record.
func (d *day) add(at time.Time, text string) { d.lines = append(d.lines, stamped{at, text}) }

// workday reports whether people work on this day: not on weekends, nor from
// 29 December to 3 January, nor on the public holidays of the scenarios' months.
func (d *day) workday() bool {
	switch d.start.Weekday() {
	case time.Saturday, time.Sunday:
		return false
	}
	m, n := d.start.Month(), d.start.Day()
	return !(m == time.December && n >= 29 || m == time.January && n <= 3 || m == time.January && n == 8 || m == time.February && n == 12 ||
		m == time.November && (n == 3 || n == 23))
}

// within gives a random instant of the day between two hours.
func (d *day) within(from, to float64) time.Time {
	return d.start.Add(time.Duration((from + d.rng.Float64()*(to-from)) * float64(time.Hour))).Truncate(time.Millisecond)
}

// chance is true with probability p.
func (d *day) chance(p float64) bool { return d.rng.Float64() < p }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// write writes the file day by day and gives it the time of its last record.
func (f file) write(dir string, from, to time.Time, seed uint64) (records, bytes int64, err error) {
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
	if !f.from.IsZero() && f.from.Before(from) {
		from = f.from
	}
	var last time.Time
	number := 0
	var held []stamped // what a day's work left for the days after it
	for start := from; start.Before(to); start = start.AddDate(0, 0, 1) {
		d := &day{start: start, rng: rand.New(rand.NewPCG(seed, hashOf(f.path)^uint64(start.Unix()))), lines: held, number: &number}
		f.day(d)
		slices.SortStableFunc(d.lines, func(a, b stamped) int { return a.at.Compare(b.at) })
		next := start.AddDate(0, 0, 1)
		today := slices.IndexFunc(d.lines, func(l stamped) bool { return !l.at.Before(next) })
		if today < 0 {
			today = len(d.lines)
		}
		held = d.lines[today:len(d.lines):len(d.lines)]
		for _, l := range d.lines[:today] {
			if l.at.Before(later(from, f.from)) || !l.at.Before(earlier(to, f.to)) {
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

func hashOf(s string) uint64 {
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
