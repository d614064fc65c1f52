package detect

import (
	"cmp"
	"container/heap"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Baselines learn what is ordinary and report what is not. They are not safe
// for concurrent use.
//
// Accesses (an account used from an address) wait up to Params.Reorder of
// event time for earlier ones. One that comes later still is judged when it
// comes, with its own time, and counted in Stats.Late. Silence is judged
// against the time that the events of other streams, or Advance, have reached.
type Baselines struct {
	p     Params
	stats Stats
	out   []Finding

	started   time.Time // of the first access judged
	waiting   accessHeap
	released  time.Time // accesses up to here have been judged
	accounts  *table[string, account]
	addresses *table[netip.Addr, address]
	networks  *table[netip.Prefix, pool]
	attempts  *table[attemptKey, attempts]
	raised    *table[string, time.Time]
	judging   []netip.Addr // addresses to be judged, by time first seen
	quiet     *silence
}

// Stats count what the baselines did not do perfectly.
type Stats struct {
	Accesses uint64 // accesses judged
	Late     uint64 // accesses that came after later ones had been judged
	Crowded  uint64 // accesses judged early because too many were waiting
	Evicted  uint64 // accounts, addresses or streams forgotten to bound memory
	Repeated uint64 // findings left out because their like was raised that day
}

// NewBaselines returns baselines that have learned nothing yet.
func NewBaselines(p Params) *Baselines {
	b := &Baselines{p: p}
	b.accounts = newTable[string, account](p.MaxAccounts, &b.stats.Evicted)
	b.addresses = newTable[netip.Addr, address](p.MaxAddresses, &b.stats.Evicted)
	b.networks = newTable[netip.Prefix, pool](p.MaxAddresses, &b.stats.Evicted)
	b.attempts = newTable[attemptKey, attempts](p.MaxAccounts, &b.stats.Evicted)
	b.raised = newTable[string, time.Time](p.MaxAddresses, &b.stats.Evicted)
	b.quiet = newSilence(b)
	return b
}

// Stats returns the counters.
func (b *Baselines) Stats() Stats { return b.stats }

// Rules describes the baselines.
func (b *Baselines) Rules() []Info {
	return []Info{
		newAddressInfo(&b.p), sharedAddressInfo(&b.p), failedThenSuccessInfo(&b.p), vpnTiedInfo(&b.p), silenceInfo(&b.p),
	}
}

// Observe takes one event in and returns what it, or those it kept waiting,
// gave rise to. konseki's own records and unparsed ones are not observed.
func (b *Baselines) Observe(ev *event.Event) []Finding {
	if ev.Format == event.Unparsed || event.IsOwn(ev.Source) {
		return nil
	}
	b.out = nil
	b.quiet.observe(ev)
	if a, ok := accessOf(ev); ok {
		b.enqueue(a)
	}
	return b.out
}

// Advance says that event time has reached now (the clock of a live server,
// the last event of an import): nothing waits any longer, and what has been
// silent for too long by then is reported.
func (b *Baselines) Advance(now time.Time) []Finding {
	b.out = nil
	b.release(now.UTC())
	b.judgeUntil(now.UTC())
	b.quiet.advance(now.UTC())
	return b.out
}

func (b *Baselines) enqueue(a access) {
	if a.time.Before(b.released) {
		b.stats.Late++
		b.judge(&a)
		return
	}
	heap.Push(&b.waiting, a)
	for b.waiting.Len() > max(b.p.ReorderLimit, 1) {
		b.stats.Crowded++
		b.next()
	}
	if newest := b.waiting.newest; !newest.IsZero() {
		b.release(newest.Add(-b.p.Reorder))
	}
}

// release judges the waiting accesses up to an instant.
func (b *Baselines) release(until time.Time) {
	for b.waiting.Len() > 0 && !b.waiting.items[0].time.After(until) {
		b.next()
	}
}

// next judges the earliest waiting access.
func (b *Baselines) next() {
	a, ok := heap.Pop(&b.waiting).(access)
	if !ok {
		return
	}
	b.released = later(b.released, a.time)
	b.judge(&a)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// judge runs the baselines over one access, then learns from it.
func (b *Baselines) judge(a *access) {
	b.stats.Accesses++
	if b.started.IsZero() {
		b.started = a.time
	}
	b.judgeUntil(a.time)
	acct, _ := b.accounts.get(a.account)
	addr, known := b.addresses.get(a.addr)
	if !known {
		addr.first = a.time
		b.judging = append(b.judging, a.addr)
	}
	b.failedThenSuccess(a, acct, addr)
	b.newAddress(a, acct, addr)
	b.sharedAddress(a, addr)
	b.vpnTied(a, addr)
	acct.learn(a, b.p.RoamingDays)
	addr.learn(a)
	if a.success {
		b.learnNetwork(a)
	}
}

// emit reports a finding unless its like was reported the same day.
func (b *Baselines) emit(f Finding, info Info, keys ...string) {
	day := f.Time.Format(time.DateOnly)
	key := strings.Join(append([]string{info.ID, day}, keys...), "\x00")
	if _, found := b.raised.get(key); found {
		b.stats.Repeated++
		return
	}
	f.RuleID, f.Kind, f.Tags = info.ID, KindBaseline, info.Tags
	f.Title, f.TitleJA = info.Title, info.TitleJA
	if f.Until.IsZero() {
		f.Until = f.Time
	}
	slices.Sort(f.Records)
	f.Records = slices.Compact(f.Records)
	if len(f.Records) > 0 && f.Records[0] == 0 {
		f.Records = f.Records[1:]
	}
	if n := len(f.Records); n > MaxRecords {
		f.Records = f.Records[n-MaxRecords:]
	}
	f.seal(keys...)
	b.out = append(b.out, f)
}

// about begins a finding about an access.
func about(a *access, level string) Finding {
	return Finding{
		Level: level, Time: a.time, Records: []uint64{a.record}, Source: a.source, Host: a.host,
		ActorUser: a.shown, SrcIP: a.addr.String(), Object: a.object,
	}
}

// clock writes an instant for a sentence: UTC, to the second.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// span writes a duration for a sentence, "1h0m2s".
func span(d time.Duration) string { return d.Round(time.Second).String() }

func count(n int) string { return strconv.Itoa(n) }

// An accessHeap orders waiting accesses by time, record and place in it.
type accessHeap struct {
	items  []access
	newest time.Time
}

// Len implements [heap.Interface].
func (h *accessHeap) Len() int { return len(h.items) }

// Less implements [heap.Interface].
func (h *accessHeap) Less(i, j int) bool {
	a, b := &h.items[i], &h.items[j]
	return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.record, b.record), cmp.Compare(a.nth, b.nth)) < 0
}

// Swap implements [heap.Interface].
func (h *accessHeap) Swap(i, j int) { h.items[i], h.items[j] = h.items[j], h.items[i] }

// Push implements [heap.Interface].
func (h *accessHeap) Push(x any) {
	if a, ok := x.(access); ok {
		h.items = append(h.items, a)
		h.newest = later(h.newest, a.time)
	}
}

// Pop implements [heap.Interface].
func (h *accessHeap) Pop() any {
	n := len(h.items) - 1
	a := h.items[n]
	h.items[n] = access{}
	h.items = h.items[:n]
	return a
}
