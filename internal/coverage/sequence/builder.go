package sequence

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Builder makes the runs of a part of the records. The zero value is ready.
type Builder struct {
	chains map[string]*points
	key    []byte // of the last chain
	last   *points
	// What did not find room: the times between which it lies.
	over  int64
	spill [2]int64
}

// points are the numbers seen of one chain.
type points struct {
	Key
	id   string // the parts of the key, with zeros between
	list []point
}

// point is one number, its time in nanoseconds since 1970 and its record.
type point struct {
	number uint64
	at     int64
	record uint64
}

// Add takes an event in; those without a Chain, without a number that can be
// read, and konseki's own are passed over.
func (b *Builder) Add(ev *event.Event) {
	if ev.Chain == "" || ev.NativeSeq == "" || event.IsOwn(ev.Source) {
		return
	}
	b.Note([]byte(ev.Source), []byte(ev.Host), []byte(ev.Chain), []byte(ev.NativeSeq), nanos(ev.Time), ev.Record)
}

// nanos clamps what 64 bits cannot hold.
func nanos(t time.Time) int64 {
	const limit = math.MaxInt64 / int64(time.Second)
	return time.Unix(min(max(t.Unix(), -limit), limit-1), int64(t.Nanosecond())).UnixNano()
}

// Note is Add for columns: the number is decimal text, the time nanoseconds
// since 1970. The slices are the caller's.
func (b *Builder) Note(source, host, chain, number []byte, at int64, record uint64) {
	n, ok := decimal(number)
	if !ok || len(chain) == 0 {
		return
	}
	p := b.chain(source, host, chain)
	if p == nil {
		if b.over++; b.over == 1 {
			b.spill = [2]int64{at, at}
		}
		b.spill = [2]int64{min(b.spill[0], at), max(b.spill[1], at)}
		return
	}
	p.list = append(p.list, point{n, at, record})
}

// decimal reads a number of at most 64 bits.
func decimal(s []byte) (n uint64, ok bool) {
	if len(s) == 0 || len(s) > 20 {
		return 0, false
	}
	if len(s) == 20 {
		n, err := strconv.ParseUint(string(s), 10, 64)
		return n, err == nil
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// chain finds the points of a chain; nil when there are too many chains.
func (b *Builder) chain(source, host, chain []byte) *points {
	key := b.key[:0]
	for i, part := range [...][]byte{source, host, chain} {
		if i > 0 {
			key = append(key, 0)
		}
		key = append(key, part...)
	}
	b.key = key
	if b.last != nil && string(key) == b.last.id {
		return b.last
	}
	p := b.chains[string(key)]
	if p == nil && len(b.chains) < maxChains {
		if b.chains == nil {
			b.chains = map[string]*points{}
		}
		p = &points{Key: Key{string(source), string(host), string(chain)}, id: string(key)}
		b.chains[p.id] = p
	}
	b.last = p
	return p
}

// Runs gives what was seen, ordered by chain and time. The order in which
// events were added does not matter.
func (b *Builder) Runs() []Run {
	var out []Run
	for _, p := range b.chains {
		out = append(out, p.runs()...)
	}
	if b.over > 0 {
		out = append(out, Run{From: instant(b.spill[0]), To: instant(b.spill[1]), Count: b.over, Coarse: true})
	}
	Sort(out)
	return out
}

func instant(n int64) time.Time { return time.Unix(0, n).UTC() }

// runs makes the runs of one chain.
func (p *points) runs() []Run {
	slices.SortFunc(p.list, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number), cmp.Compare(a.record, b.record))
	})
	var rows []Run
	for _, x := range p.list {
		at := instant(x.at)
		if n := len(rows) - 1; n >= 0 && follows(&rows[n], x.number, at) {
			if r := &rows[n]; x.number > r.Last {
				r.Last, r.To, r.ToRecord = x.number, at, x.record
			}
			rows[n].Count++
			continue
		}
		rows = append(rows, Run{Chain: p.Key, First: x.number, Last: x.number, From: at, To: at, FromRecord: x.record, ToRecord: x.record, Count: 1})
	}
	var out []Run
	for _, e := range epochs(rows) {
		out = append(out, e.joined(near)...)
	}
	return coarsen(out)
}

// follows reports whether a number is the last of a run again, or the next.
func follows(r *Run, number uint64, at time.Time) bool {
	if number == r.Last {
		return same(at, r.To)
	}
	return number == r.Last+1 && number%block != 0 && at.Sub(r.To) <= quiet
}

// near reports whether a run may go on by the next.
func near(a, b *Run) bool {
	return b.First%block != 0 && b.From.Sub(a.To) <= quiet
}

// coarsen keeps the first runs and makes one of all others, in which nothing
// counts as whole.
func coarsen(runs []Run) []Run {
	if len(runs) <= maxPieces {
		return runs
	}
	rest := runs[maxPieces-1]
	rest.Coarse = true
	for _, r := range runs[maxPieces:] {
		rest.First, rest.Last, rest.Count = min(rest.First, r.First), max(rest.Last, r.Last), rest.Count+r.Count
		if r.From.Before(rest.From) {
			rest.From, rest.FromRecord = r.From, r.FromRecord
		}
		if to := r.end(); to.After(rest.To) {
			rest.To, rest.ToRecord = to, r.ToRecord
		}
	}
	return append(runs[:maxPieces-1:maxPieces-1], rest)
}
