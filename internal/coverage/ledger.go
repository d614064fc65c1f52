package coverage

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Presence counts the events of one source and host in one time bucket. The
// buckets of a ledger all have the same width.
type Presence struct {
	Source   string
	Host     string
	Start    time.Time
	Events   int64
	Unparsed int64
	First    time.Time // of the events in the bucket
	Last     time.Time
}

// Ledger knows, per source, when records are here and what is missing.
type Ledger struct {
	sources  []Source
	presence map[string]*track
	lost     map[string]*lossTrack // by source; "" for what is of no known one
	width    time.Duration
	now      time.Time
}

// New makes a ledger from the registered sources and what was seen of them in
// buckets of the given width. Sources that were seen and never registered are
// added, with Expected false. Records up to now are judged; later silence is
// not silence. Losses are what was counted of the sources; one of which nothing
// is known but that is listed too.
func New(registered []Source, seen []Presence, losses []Loss, width time.Duration, now time.Time) *Ledger {
	l := &Ledger{presence: map[string]*track{}, width: width, now: now}
	for _, s := range registered {
		l.sources = append(l.sources, s)
		l.presence[s.ID] = &track{hosts: map[string]*run{}}
	}
	for _, p := range seen {
		t := l.presence[p.Source]
		if t == nil {
			t = &track{hosts: map[string]*run{}}
			l.presence[p.Source] = t
			l.sources = append(l.sources, Source{ID: p.Source, Kind: "other"})
		}
		t.add(p)
	}
	for _, x := range losses {
		if x.Source != "" && l.presence[x.Source] == nil {
			l.presence[x.Source] = &track{hosts: map[string]*run{}}
			l.sources = append(l.sources, Source{ID: x.Source, Kind: "other", Ack: AckOf(x.Door)})
		}
	}
	for _, t := range l.presence {
		t.finish(width)
	}
	l.lost = trackLosses(l.sources, losses)
	slices.SortStableFunc(l.sources, func(a, b Source) int { return -cmp.Compare(boolInt(a.Expected), boolInt(b.Expected)) })
	return l
}

// Sources lists the registered sources, then those only seen.
func (l *Ledger) Sources() []Source { return l.sources }

// Width is that of the buckets the ledger was made from.
func (l *Ledger) Width() time.Duration { return l.width }

// Bounds gives the first and last event time over all sources, zero when
// there is none. A source of which nothing could be parsed has no times of its
// own and counts only when there is no other.
func (l *Ledger) Bounds() (first, last time.Time) {
	anyParsed := slices.ContainsFunc(slices.Collect(maps.Values(l.presence)), func(t *track) bool { return t.all.parsed })
	for _, t := range l.presence {
		if t.all.total == 0 || !t.all.parsed && anyParsed {
			continue
		}
		if first.IsZero() || t.all.first.Before(first) {
			first = t.all.first
		}
		if t.all.last.After(last) {
			last = t.all.last
		}
	}
	return first, last
}

// Reach is Bounds, widened to hold every interval in which records are known to
// be missing.
func (l *Ledger) Reach() (first, last time.Time) {
	first, last = l.Bounds()
	for _, t := range l.lost {
		for _, g := range t.gaps {
			if first.IsZero() || g.from.Before(first) {
				first = g.from
			}
			last = later(last, g.to.Add(-1))
		}
	}
	return first, last
}

// Coverage gives the coverage of one source over [from, to); its intervals
// touch, are in order and cover the window whole.
func (l *Ledger) Coverage(id string, from, to time.Time) SourceCoverage {
	s := l.source(id)
	c := SourceCoverage{Source: s.ID, Kind: s.Kind, Name: s.Name}
	t := l.presence[id]
	if t == nil {
		t = &track{hosts: map[string]*run{}}
	}
	cuts := l.cuts(s, t, from, to)
	for i := 0; i+1 < len(cuts); i++ {
		iv := l.judge(s, t, cuts[i], cuts[i+1])
		c.Events += iv.Events
		if n := len(c.Intervals); n > 0 && sameState(c.Intervals[n-1], iv) {
			last := &c.Intervals[n-1]
			last.To, last.Events, last.Unparsed = iv.To, last.Events+iv.Events, last.Unparsed+iv.Unparsed
			continue
		}
		c.Intervals = append(c.Intervals, iv)
	}
	c.State = worst(c.Intervals)
	c.Lost = l.lost[s.ID].share(c.Intervals, from, to)
	return c
}

// All gives the coverage of every source over [from, to).
func (l *Ledger) All(from, to time.Time) []SourceCoverage {
	out := make([]SourceCoverage, 0, len(l.sources))
	for _, s := range l.sources {
		out = append(out, l.Coverage(s.ID, from, to))
	}
	return out
}

func (l *Ledger) source(id string) Source {
	for _, s := range l.sources {
		if s.ID == id {
			return s
		}
	}
	return Source{ID: id}
}

// cuts are the instants in [from, to] at which the state of a source may change.
func (l *Ledger) cuts(s Source, t *track, from, to time.Time) []time.Time {
	cuts := []time.Time{from, to}
	add := func(at time.Time) {
		if at.After(from) && at.Before(to) {
			cuts = append(cuts, at)
		}
	}
	for _, a := range s.Absent {
		add(a.From)
		add(a.To)
	}
	if t.all.total > 0 {
		add(t.all.first)
		add(l.end(s, t))
	}
	for _, g := range t.all.silences {
		add(g.from)
		add(g.to)
	}
	for _, u := range t.all.unread {
		add(u.from)
		add(u.to)
	}
	if lost := l.lost[s.ID]; lost != nil {
		for _, g := range slices.Concat(lost.gaps, lost.told) {
			add(g.from)
			add(g.to)
		}
	}
	for _, at := range t.departures() {
		add(at)
	}
	slices.SortFunc(cuts, time.Time.Compare)
	return slices.CompactFunc(cuts, time.Time.Equal)
}

// end is the instant up to which a source's records speak: the last record, or
// now for a live source that is not yet overdue. One without a rhythm could
// have stopped at any time.
func (l *Ledger) end(s Source, t *track) time.Time {
	last := t.all.last.Add(1)
	rhythm := t.all.tolerance < noRhythm
	if s.Ack != "file" && rhythm && l.now.Sub(t.all.last) < t.all.tolerance && l.now.After(last) {
		return l.now
	}
	return last
}

// judge tells the state of one span between two cuts, over which it is constant.
func (l *Ledger) judge(s Source, t *track, from, to time.Time) Interval {
	iv := Interval{From: from, To: to}
	iv.Events, iv.Unparsed = t.count(from, to, l.width)
	for _, a := range s.Absent {
		if !from.Before(a.From) && !to.After(a.To) {
			iv.State, iv.Proof, iv.Reason = a.State, cmp.Or(a.Proof, "declared"), a.Reason
			return iv
		}
	}
	if lost := l.lost[s.ID]; lost != nil {
		if g, ok := lapseAt(lost.gaps, from); ok {
			iv.State, iv.Proof, iv.Reason = Gap, counted, g.reason
			return iv
		}
	}
	switch {
	case t.all.total == 0:
		iv.State, iv.Reason = Unknown, event.Phrase{JA: "記録が一件も届いていない", EN: "no record ever arrived"}
	case from.Before(t.all.first):
		iv.State, iv.Reason = Unknown, event.Phrase{JA: "最初の記録より前", EN: "before its first record"}
	case !from.Before(l.end(s, t)):
		iv.State, iv.Reason = Unknown, event.Phrase{JA: "最後の記録より後", EN: "after its last record"}
	case within(t.all.silences, from):
		iv.State, iv.Proof = Silent, "rhythm"
		iv.Reason = event.Phrase{JA: "普段の間隔を超えて途絶", EN: "silent for longer than its rhythm"}
	case within(t.all.unread, from):
		iv.State, iv.Proof = Unparsed, "parser"
		iv.Reason = event.Phrase{JA: "大半が解析できない形式", EN: "most records could not be parsed"}
	default:
		present(s, t, &iv)
		l.asked(s, &iv)
	}
	return iv
}

// counted is the proof of a state that follows from counted losses.
const counted = "counted"

// asked takes from complete what a sender was asked to send again: whether it
// did is not known.
func (l *Ledger) asked(s Source, iv *Interval) {
	lost := l.lost[s.ID]
	if lost == nil || iv.State != Complete {
		return
	}
	if g, ok := lapseAt(lost.told, iv.From); ok {
		iv.State, iv.Proof = BestEffort, counted
		iv.Reason = event.Phrase{JA: g.reason.JA + "。送信元に再送を求めた", EN: g.reason.EN + "; the sender was asked to send again"}
	}
}

// present judges a span in which the source sent records.
func present(s Source, t *track, iv *Interval) {
	if gone, of := t.gone(iv.From); gone > 0 {
		iv.State, iv.Proof, iv.Reason = BestEffort, "rhythm", goneReason(gone, of)
		return
	}
	switch s.Ack {
	case "file":
		iv.State, iv.Proof = Complete, "file import"
	case "acknowledged":
		iv.State, iv.Proof = Complete, "acknowledged transport"
	case "datagram":
		iv.State, iv.Proof = BestEffort, "datagram"
		iv.Reason = event.Phrase{JA: "UDP は失われても分からない", EN: "UDP can lose records unnoticed"}
	default:
		iv.State, iv.Proof = BestEffort, "stream"
		iv.Reason = event.Phrase{JA: "受領確認のない転送", EN: "a transport without acknowledgement can lose records unnoticed"}
	}
}

func sameState(a, b Interval) bool {
	return a.State == b.State && a.Proof == b.Proof && a.Reason == b.Reason && a.To.Equal(b.From)
}

// worst is the worst state among intervals, in the order of the constants.
func worst(ivs []Interval) State {
	order := []State{Complete, BestEffort, Silent, Unparsed, Gap, Unknown, NeverCollected, Refused, Expired, Deleted}
	w := 0
	for _, iv := range ivs {
		w = max(w, slices.Index(order, iv.State))
	}
	return order[w]
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
