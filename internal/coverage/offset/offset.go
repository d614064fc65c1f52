package offset

import (
	"cmp"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Key names what an estimate is of: what one source delivered from one host in
// one hour.
type Key struct {
	Source, Host string
	Hour         int64 // of receipt, hours since 1970 UTC
}

func (k Key) compare(o Key) int {
	return cmp.Or(strings.Compare(k.Source, o.Source), strings.Compare(k.Host, o.Host), cmp.Compare(k.Hour, o.Hour))
}

// Summary counts differences between receipt and event of one Key by size.
// Summaries of one Key can be added.
type Summary struct {
	Key
	Counts []Count // by bucket, ascending
}

// Count is how many differences fell into a bucket: from 8 ms on each is an
// eighth of a power of two wide, below 0 they mirror those above.
type Count struct {
	Bucket int16
	Count  int64
}

// Estimate is what is known of a clock in one hour of receipt.
type Estimate struct {
	Source, Host string
	From, To     time.Time // [From,To), UTC
	// Receive minus event time in milliseconds: the median, the 5th and the 95th
	// percentile, each to an eighth.
	MedianMS, LowMS, HighMS int64
	Count                   int64 // of live records with a time to compare
}

// Offset is the best estimate of receive minus event time without the delay on
// the way: see the package comment. Below zero the producer's clock is ahead.
func (e *Estimate) Offset() time.Duration { return time.Duration(e.LowMS) * time.Millisecond }

// Jump is a change of a clock, or of the way from it, between two hours.
type Jump struct {
	Source, Host string
	After, At    time.Time // the end of the hour before and the begin of the one after
	FromMS, ToMS int64     // medians
}

// Builder makes the summaries of a part of the records. The zero value is ready.
type Builder struct {
	cells   map[Key]*cell
	dropped int64
}

// cell counts differences by bucket: those below zero apart.
type cell struct{ behind, ahead []int64 }

func (c *cell) add(bucket int16) {
	list, i := &c.behind, int(bucket)
	if bucket < 0 {
		list, i = &c.ahead, -i
	}
	for len(*list) <= i {
		*list = append(*list, 0)
	}
	(*list)[i]++
}

// counts lists what was counted, by ascending bucket.
func (c *cell) counts() (out []Count) {
	for i, n := range slices.Backward(c.ahead) {
		if n > 0 {
			out = append(out, Count{int16(-i), n})
		}
	}
	for i, n := range c.behind {
		if n > 0 {
			out = append(out, Count{int16(i), n})
		}
	}
	return out
}

// maxCells bounds what a Builder keeps: more hours than a segment has records do
// not occur, but a host name can be anything.
const maxCells = 1 << 16

// Usable reports whether a time of this quality can be compared.
func Usable(q event.Quality) bool {
	return (q.Zone == event.ZoneStated || q.Zone == event.ZoneConfigured) && !q.YearInferred && q.Fold == event.FoldNone && !q.About &&
		q.Precision != event.PrecisionUnknown && q.Precision < event.PrecisionMinute
}

// Add takes an event in; live says that it arrived as it was written. Events
// without a usable time and konseki's own are passed over.
func (b *Builder) Add(ev *event.Event, live bool) {
	if live && Usable(ev.Quality) && !event.IsOwn(ev.Source) {
		b.Note(ev.Source, ev.Host, ev.TimeRx, ev.TimeRx.Sub(ev.Time).Milliseconds())
	}
}

// Note is Add for what is known to be live and usable; the difference of receipt
// and event is in milliseconds.
func (b *Builder) Note(source, host string, received time.Time, difference int64) {
	key := Key{source, host, floorDiv(received.Unix(), 3600)}
	c := b.cells[key]
	if c == nil {
		if len(b.cells) >= maxCells {
			b.dropped++
			return
		}
		if b.cells == nil {
			b.cells = map[Key]*cell{}
		}
		c = &cell{}
		b.cells[key] = c
	}
	c.add(bucketOf(difference))
}

func floorDiv(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}

// Dropped counts what found no room.
func (b *Builder) Dropped() int64 { return b.dropped }

// Summaries gives what was added, ordered by source, host and hour.
func (b *Builder) Summaries() []Summary {
	var out []Summary
	for key, c := range b.cells {
		out = append(out, Summary{key, c.counts()})
	}
	slices.SortFunc(out, func(a, b Summary) int { return a.compare(b.Key) })
	return out
}

// steps is how many buckets a power of two has; below it each has one value.
const steps = 8

// bucketOf gives the bucket of a difference in milliseconds.
func bucketOf(ms int64) int16 {
	if ms < 0 {
		return -bucketOf(-max(ms, -math.MaxInt64))
	}
	if ms < steps {
		return int16(ms)
	}
	power := bits.Len64(uint64(ms)) - 4 // of the width
	return int16((power+1)*steps + int(ms>>power) - steps)
}

// middle is the inverse of bucketOf, to the middle of the bucket.
func middle(bucket int16) int64 {
	if bucket < 0 {
		return -middle(-bucket)
	}
	if bucket < steps {
		return int64(bucket)
	}
	power := int(bucket)/steps - 1
	low := (int64(bucket)%steps + steps) << power
	return low + (int64(1)<<power-1)/2
}

// maxBucket is the bucket of the longest difference.
func maxBucket() int16 { return bucketOf(math.MaxInt64) }

// Merge adds the summaries of all parts and gives the estimates by source, host
// and hour.
func Merge(parts ...[]Summary) []Estimate {
	sums := map[Key]map[int16]int64{}
	for _, part := range parts {
		for _, s := range part {
			counts := sums[s.Key]
			if counts == nil {
				counts = map[int16]int64{}
				sums[s.Key] = counts
			}
			for _, c := range s.Counts {
				counts[c.Bucket] += c.Count
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(sums), Key.compare)
	out := make([]Estimate, 0, len(keys))
	for _, key := range keys {
		out = append(out, estimate(key, sums[key]))
	}
	return out
}

// estimate reads the percentiles.
func estimate(key Key, counts map[int16]int64) Estimate {
	from := time.Unix(key.Hour*3600, 0).UTC()
	e := Estimate{Source: key.Source, Host: key.Host, From: from, To: from.Add(time.Hour)}
	for _, n := range counts {
		e.Count += n
	}
	low, mid, high := rank(e.Count, 5), rank(e.Count, 50), rank(e.Count, 95)
	passed := int64(0)
	for _, bucket := range slices.Sorted(maps.Keys(counts)) {
		for _, p := range [...]struct {
			rank int64
			ms   *int64
		}{{low, &e.LowMS}, {mid, &e.MedianMS}, {high, &e.HighMS}} {
			if passed <= p.rank && p.rank < passed+counts[bucket] {
				*p.ms = middle(bucket)
			}
		}
		passed += counts[bucket]
	}
	return e
}

// rank is the place of a percentile among n values, by the nearest-rank method.
func rank(n, percent int64) int64 { return max((n*percent+99)/100, 1) - 1 }

// What has to be there for a jump: fewer records say nothing of the spread, and
// less is the resolution of many clocks.
const (
	leastRecords = 10
	leastJump    = 1000 // ms
)

// Jumps lists, of the estimates that Merge gives, where the median moved between
// two hours with records by more than the spread of either (5th to 95th
// percentile), by a second and by more than its resolution.
func Jumps(estimates []Estimate) []Jump {
	var out []Jump
	var last *Estimate
	for i := range estimates {
		e := &estimates[i]
		if e.Count < leastRecords {
			continue
		}
		if last != nil && last.Source == e.Source && last.Host == e.Host {
			moved := abs(e.MedianMS - last.MedianMS)
			blur := max(abs(e.MedianMS), abs(last.MedianMS)) / steps
			if moved > max(e.HighMS-e.LowMS, last.HighMS-last.LowMS, blur, leastJump-1) {
				out = append(out, Jump{e.Source, e.Host, last.To, e.From, last.MedianMS, e.MedianMS})
			}
		}
		last = e
	}
	return out
}

func abs(n int64) int64 { return max(n, -n) }
