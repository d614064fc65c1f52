package learn

import (
	"math/bits"
	"time"
)

// MaxDays is the longest that days are remembered.
const MaxDays = 120

// DayOf numbers the days since 1970 in UTC.
func DayOf(t time.Time) int32 {
	s := t.Unix()
	return int32((s - (s%86400+86400)%86400) / 86400)
}

// A Dayset is the days, of the 128 up to the last one, on which something was seen.
type Dayset struct {
	last int32
	bits [2]uint64 // bit i of bits[0] is the day last-i
}

// Mark adds a day.
func (d *Dayset) Mark(day int32) {
	switch ahead := int64(day) - int64(d.last); {
	case d.bits == [2]uint64{} || ahead >= 128:
		*d = Dayset{last: day, bits: [2]uint64{1}}
	case ahead > 0:
		d.shift(uint(ahead))
		d.bits[0] |= 1
		d.last = day
	case ahead > -64:
		d.bits[0] |= 1 << uint(-ahead)
	case ahead > -128:
		d.bits[1] |= 1 << uint(-ahead-64)
	}
}

func (d *Dayset) shift(n uint) {
	if n >= 64 {
		d.bits = [2]uint64{0, d.bits[0] << (n - 64)}
		return
	}
	d.bits = [2]uint64{d.bits[0] << n, d.bits[1]<<n | d.bits[0]>>(64-n)}
}

// Count is the number of days seen from one day to another, both included.
func (d *Dayset) Count(from, to int32) int {
	n := 0
	low, high := max(int64(d.last)-int64(to), 0), min(int64(d.last)-int64(from), 127)
	if low > high {
		return 0
	}
	for w := range d.bits {
		word := d.bits[w]
		base := int64(w * 64)
		if high < base || low > base+63 {
			continue
		}
		word &= ^uint64(0) << uint(max(low-base, 0))
		if high-base < 63 {
			word &= 1<<uint(high-base+1) - 1
		}
		n += bits.OnesCount64(word)
	}
	return n
}

// Any reports whether one was seen from one day to another.
func (d *Dayset) Any(from, to int32) bool { return d.Count(from, to) > 0 }

// Since is the number of days from the first one seen in a stretch to its end.
func (d *Dayset) Since(from, to int32) int {
	for day := from; day <= to; day++ {
		if d.Any(day, day) {
			return int(to - day)
		}
	}
	return 0
}
