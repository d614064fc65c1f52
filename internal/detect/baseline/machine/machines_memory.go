package machine

import (
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// burst is the stretch within which things count as happening at once.
const burst = 10 * time.Minute

// A rate counts what happens within the last ten minutes, by minutes.
type rate struct {
	minute int64
	counts [10]uint64
}

// add counts n at an instant and gives the count of the ten minutes up to it.
func (r *rate) add(at time.Time, n uint64) uint64 {
	m := at.Unix() / 60
	if ahead := m - r.minute; ahead >= 10 {
		r.counts, r.minute = [10]uint64{}, m
	} else if ahead > 0 {
		for i := r.minute + 1; i <= m; i++ {
			r.counts[i%10] = 0
		}
		r.minute = m
	}
	if m > r.minute-10 && m >= 0 {
		r.counts[m%10] += n
	}
	var sum uint64
	for _, c := range r.counts {
		sum += c
	}
	return sum
}

// peakDays is how many days peaks are remembered, the current one included.
const peakDays = 32

// A peaks is the highest value, or the sum, of each of the last days.
type peaks struct {
	last int32
	days [peakDays]uint64
}

// at is the place of a day, nil when it is too long ago.
func (p *peaks) at(day int32) *uint64 {
	switch ahead := int64(day) - int64(p.last); {
	case ahead >= peakDays:
		p.days, p.last = [peakDays]uint64{}, day
	case ahead > 0:
		for d := p.last + 1; d <= day; d++ {
			p.days[d%peakDays] = 0
		}
		p.last = day
	case ahead <= -peakDays || day < 0:
		return nil
	}
	return &p.days[max(day, 0)%peakDays]
}

// note keeps the highest value of a day.
func (p *peaks) note(day int32, n uint64) {
	if v := p.at(day); v != nil {
		*v = max(*v, n)
	}
}

// add adds to the sum of a day and gives it.
func (p *peaks) add(day int32, n uint64) uint64 {
	v := p.at(day)
	if v == nil {
		return n
	}
	*v += n
	return *v
}

// before is the highest value of the days before one.
func (p *peaks) before(day int32) uint64 {
	var most uint64
	for d := max(day-peakDays+1, p.last-peakDays+1, 0); d < day && d <= p.last; d++ {
		most = max(most, p.days[d%peakDays])
	}
	return most
}

// A sightingDays remembers the days on which things were seen.
type sightingDays[K comparable] struct {
	table    *bounded.Table[K, learn.Dayset]
	remember int32
}

func newSightingDays[K comparable](k *learn.Kit, limit int, remember int32) sightingDays[K] {
	return sightingDays[K]{bounded.NewTable[K, learn.Dayset](limit, k.Evicted()), remember}
}

// seen marks a day and reports whether the thing was seen before, within the
// remembered days.
func (s *sightingDays[K]) seen(key K, day int32) bool {
	d, _ := s.table.Get(key)
	known := d.Any(day-s.remember, day)
	d.Mark(day)
	return known
}

// knows reports whether a thing was seen within the remembered days.
func (s *sightingDays[K]) knows(key K, day int32) bool {
	d := s.table.Find(key)
	return d != nil && d.Any(day-s.remember, day)
}

// learned reports whether days of use reach back so far, within what is
// remembered, and are not few.
func learned(d *learn.Dayset, day, learn, remember int32) bool {
	return d.Any(day-remember, day-learn) && d.Count(day-remember, day-1) >= min(int(learn), 3)
}

// maxCited bounds the records that a baseline keeps for citing.
const maxCited = 20

// cited are the last records of something, for citing.
type cited []uint64

func (c *cited) add(record uint64) {
	if len(*c) == maxCited {
		*c = slices.Delete(*c, 0, 1)
	}
	*c = append(*c, record)
}

// spanDays is a parameter in whole days, at most what is remembered.
func spanDays(t *learn.Tuning, name string, def, most int) int32 {
	d := t.Duration(name, time.Duration(def)*learn.Day)
	if d > time.Duration(most)*learn.Day {
		t.Refuse(name, "at most %dd are remembered", most)
		d = time.Duration(most) * learn.Day
	}
	return int32(d / learn.Day)
}

// on names the host of an event for a sentence, or else its source.
func on(ev *event.Event) string {
	if ev.Host != "" {
		return finding.Shown(ev.Host)
	}
	return finding.Shown(ev.Source)
}

// bare gives a value without what hostile input would make it grow by.
func bare(s string) string {
	const most = 256
	if len(s) > most {
		s = s[:most]
	}
	return strings.Clone(strings.ToLower(s))
}

// folded writes the digits of a name as one "#", so that versions, dates and
// numbers of processes do not make names differ.
func folded(s string) string {
	var b strings.Builder
	for i := range min(len(s), 256) {
		switch c := s[i]; {
		case c < '0' || c > '9':
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			b.WriteByte(c)
		case i == 0 || s[i-1] < '0' || s[i-1] > '9':
			b.WriteByte('#')
		}
	}
	return b.String()
}

// baseName is the last part of a path of Unix or Windows, in lower case.
func baseName(path string) string {
	return strings.ToLower(path[strings.LastIndexAny(path, `/\`)+1:])
}

// writable reports whether a path lies where anybody may put a program.
func writable(path string) bool {
	p := strings.ToLower(path)
	for _, dir := range [...]string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", `\users\public\`, `\windows\temp\`, `\appdata\local\temp\`, `\perflogs\`, `\programdata\temp\`, `\$recycle.bin\`} {
		if strings.Contains(p, dir) {
			return true
		}
	}
	return false
}

// total is the sum over the days up to one.
func (p *peaks) total(day int32) uint64 {
	p.at(day) // lets go of the days before
	var sum uint64
	for _, n := range p.days {
		sum += n
	}
	return sum
}
