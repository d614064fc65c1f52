package liveness

import (
	"math"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// A rhythm is the gaps between the records of one stream.
type rhythm struct {
	first time.Time
	last  time.Time
	gaps  int
	hist  [buckets]uint32
	worst [worstDays]worstGap // longest gap per day, a ring
	late  [lately]uint8       // fine buckets of the last gaps, a ring
	lag   time.Duration       // longest way from event to receipt
	hours *hours              // nil until there is something to learn
}

const (
	octave    = 4              // buckets per doubling
	buckets   = 24 * octave    // gaps up to 2^24 s
	worstDays = 14             // days that a gap is remembered as the longest
	slots     = 168            // hours of a week
	weeks     = 4              // that are compared
	known     = 2              // weeks before hours of the week are known
	hour      = time.Hour      // one slot
	maxLag    = time.Hour      // what is taken for a delivery delay; older events are imports
	gathered  = 20             // gaps before hours are learned
	ahead     = 15 * 24 * hour // silence is looked for no further
)

type worstGap struct {
	day int64
	gap time.Duration
}

func bucketOf(gap time.Duration) int {
	s := gap.Seconds()
	if s < 1 {
		return 0
	}
	return min(1+int(octave*math.Log2(s)), buckets-1)
}

// bucketEnd is the longest gap of a bucket.
func bucketEnd(i int) time.Duration {
	return time.Duration(math.Exp2(float64(i)/octave) * float64(time.Second))
}

// observe takes in an instant; the gap is counted from another one, the last or
// when konseki came back. It reports whether it is news.
func (r *rhythm) observe(t, from time.Time) bool {
	if r.first.IsZero() {
		r.first, r.last = t, t
		return true
	}
	if t.Before(r.last) {
		return false
	}
	gap := t.Sub(from)
	if gap < 0 {
		return false
	}
	r.last = t
	r.gaps++
	r.hist[bucketOf(gap)]++
	r.late[r.gaps%lately] = fineOf(gap)
	day := t.Unix() / 86400
	if w := &r.worst[uint64(day)%worstDays]; w.day != day {
		*w = worstGap{day, gap}
	} else {
		w.gap = max(w.gap, gap)
	}
	if r.hours == nil && r.gaps >= gathered {
		r.hours = &hours{now: t.Unix() / 3600}
	}
	if r.hours != nil {
		r.hours.mark(from, t)
	}
	return true
}

// delay learns how long the way from event to receipt is.
func (r *rhythm) delay(ev *event.Event) {
	if lag := ev.TimeRx.Sub(ev.Time); !ev.TimeRx.IsZero() && lag > r.lag && lag <= maxLag {
		r.lag = lag
	}
}

// quantile gives the gap that a share of all gaps do not exceed.
func (r *rhythm) quantile(share float64) time.Duration {
	want, sum := share*float64(r.gaps), 0.0
	for i, n := range r.hist {
		if sum += float64(n); sum >= want {
			return bucketEnd(i)
		}
	}
	return bucketEnd(buckets - 1)
}

// longest gives the longest gap of the last days.
func (r *rhythm) longest() time.Duration {
	var d time.Duration
	day := r.last.Unix() / 86400
	for _, w := range r.worst {
		if w.day > day-worstDays {
			d = max(d, w.gap)
		}
	}
	return d
}

// lately is how many gaps tell of a day that is unlike others of its kind: a
// holiday, or the time after half of the hosts went away.
const lately = 8

// ofLate is the longest of the last gaps.
func (r *rhythm) ofLate() time.Duration {
	return fineEnd(max(slices.Max(r.late[:]), 1))
}

// steady reports whether the gaps are alike, as those of a heartbeat.
func (r *rhythm) steady() bool {
	p99 := r.quantile(0.99)
	return r.longest() <= 2*p99 && p99 <= 2*r.quantile(0.5)
}

// hours is the longest gap that touched each hour of the week, in each of the
// last weeks. Hours are counted in UTC.
type hours struct {
	gap [slots][weeks]uint8 // 1 + finer bucket; 0 where nothing is known
	now int64               // the hour reached, counted from 1970
}

// fine is how many buckets there are per doubling here.
const fine = 8

func fineOf(gap time.Duration) uint8 {
	s := gap.Seconds()
	if s < 1 {
		return 1
	}
	return uint8(min(2+int(fine*math.Log2(s)), 255))
}

// outage is by how many fine buckets the longest gap of one week is more than
// that of any other, when it was none of its rhythm: three times.
const outage = 13

func fineEnd(b uint8) time.Duration {
	return time.Duration(math.Exp2(float64(b-1)/fine) * float64(time.Second))
}

// mark learns a gap in every hour that it touches.
func (h *hours) mark(from, to time.Time) {
	b := fineOf(to.Sub(from))
	begin, end := from.Unix()/3600, to.Unix()/3600
	for x := max(h.now+1, end-slots*weeks+1); x <= end; x++ {
		h.gap[x%slots][x/slots%weeks] = 0
	}
	h.now = max(h.now, end)
	for x := max(begin, end-slots*weeks+1); x <= end; x++ {
		g := &h.gap[x%slots][x/slots%weeks]
		*g = max(*g, b)
	}
}

// usual is the longest gap that is usual in an hour, looking an hour around: of
// three weeks or four without the one that is out of all proportion, so that one
// outage is no rhythm.
func (h *hours) usual(at int64) (gap time.Duration, ok bool) {
	var most uint8
	for x := at - 1; x <= at+1; x++ {
		var first, second uint8
		n := 0
		for k, b := range h.gap[x%slots] {
			if b == 0 || x == h.now && int64(k) == x/slots%weeks {
				continue // not known, or not over
			}
			n++
			switch {
			case b > first:
				first, second = b, first
			case b > second:
				second = b
			}
		}
		if n < known {
			if x == at {
				return 0, false
			}
			continue
		}
		if n >= 3 && int(first)-int(second) > outage {
			first = second
		}
		most = max(most, first)
	}
	return fineEnd(most), true
}

// spans reports whether weeks enough have passed since an instant for the hours
// of the week to be known.
func (h *hours) spans(first time.Time) bool {
	return h != nil && h.now-first.Unix()/3600 >= known*slots
}

// patience is how long a silence that began at an instant may last: so many
// times the longest gap that is usual in the hours it spans.
func (h *hours) patience(from time.Time, factor float64) (d time.Duration, ok bool) {
	var most time.Duration
	for x := from.Unix() / 3600; ; x++ {
		gap, known := h.usual(x)
		if !known {
			return 0, false
		}
		most = max(most, gap)
		d = time.Duration(factor * float64(most))
		if end := time.Unix((x+1)*3600, 0); !from.Add(d).After(end) {
			return d, true
		}
		if d > ahead || time.Unix(x*3600, 0).Sub(from) > ahead {
			return 0, false
		}
	}
}

// A heartbeat is the lines that a source sends only to say that it lives.
type heartbeat struct {
	n       int
	last    time.Time
	longest time.Duration
}

// leastMarks is after how many such lines their rhythm is known.
const leastMarks = 3

// observe takes in rsyslog's and syslog-ng's marks.
func (b *heartbeat) observe(ev *event.Event, at time.Time) {
	if ev.Message != "-- MARK --" {
		return
	}
	if !b.last.IsZero() {
		if gap := at.Sub(b.last); b.longest == 0 || gap < 2*b.longest {
			b.longest = max(b.longest, gap)
		}
	}
	b.n, b.last = b.n+1, at
}
