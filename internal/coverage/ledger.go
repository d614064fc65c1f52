package coverage

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/coverage/sequence"
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

// Facts is all that a ledger is made from.
type Facts struct {
	// Sources are those that are registered.
	Sources []Source
	// Seen is what was seen of all sources, in buckets of Width.
	Seen  []Presence
	Width time.Duration
	// Losses is what was counted of the sources; one of which nothing is known
	// but that is listed too.
	Losses []Loss
	// Shut is, of Losses, the files that imports could not take whole and that
	// were not taken whole since.
	Shut []Loss
	// Unread are the spans of files most of whose records no format could read:
	// such records have the time of their receipt, and no bucket of Seen shows them.
	Unread []Unread
	// Attested is what is proven: digests, cursors, imported files.
	Attested []event.Attestation
	// Sequences is what the numbers say that producers give their records.
	Sequences []sequence.Chain
	// Offsets is how far the clocks of sources are from this machine's.
	Offsets []offset.Estimate
	// ZoneAssumed counts, by source, the events whose zone nobody stated.
	ZoneAssumed map[string]int64
	// Pulls is how the services fare that are asked for their records.
	Pulls []Pull
	// Now bounds what is judged: later silence is not silence.
	Now time.Time
}

// Unread is a span of a source of which most could not be read.
type Unread struct {
	Source   string
	From, To time.Time
}

// Ledger knows, per source and host, when records are here and what is missing.
type Ledger struct {
	sources  []Source
	tracks   map[string]*track
	lost     map[string]*lossTrack         // by source; "" for what is of no known one
	proofs   map[string]map[string]*proofs // by source and host; "" for the source whole
	combined map[string]*proofs            // by source: what follows from the source and its hosts together
	offsets  []offset.Estimate
	assumed  map[string]int64 // events whose zone nobody stated, by source
	jumps    []offset.Jump
	pulls    map[string]Pull // by source: those that fail
	width    time.Duration
	now      time.Time
}

// New makes a ledger. Sources that were seen and never registered are added,
// with Expected false.
func New(f Facts) *Ledger {
	f.Attested = slices.Concat(f.Attested, OfSequences(f.Sequences, f.Seen))
	l := &Ledger{tracks: map[string]*track{}, width: f.Width, now: f.Now, proofs: attested(f.Attested), combined: map[string]*proofs{}, assumed: f.ZoneAssumed, pulls: failing(f.Pulls)}
	l.sortEstimates(f.Offsets)
	for _, s := range f.Sources {
		l.sources = append(l.sources, s)
		l.tracks[s.ID] = newTrack()
	}
	for _, p := range f.Seen {
		l.track(p.Source, "").add(p)
	}
	for _, x := range f.Losses {
		if x.Source != "" {
			l.track(x.Source, AckOf(x.Door))
		}
	}
	for _, a := range f.Attested {
		l.track(a.Source, "")
	}
	for _, id := range slices.Sorted(maps.Keys(l.pulls)) {
		l.track(id, "cursor")
	}
	for _, s := range l.sources {
		l.tracks[s.ID].finish(f.Width, s.Quiet())
		l.combine(s)
	}
	for _, u := range f.Unread {
		l.track(u.Source, "").darken(span{u.From, u.To})
	}
	l.lost = trackLosses(l.sources, f.Losses)
	l.shut(f.Shut)
	slices.SortStableFunc(l.sources, func(a, b Source) int { return -cmp.Compare(boolInt(a.Expected), boolInt(b.Expected)) })
	return l
}

// track finds the track of a source, which is added where it is new.
func (l *Ledger) track(id, ack string) *track {
	t := l.tracks[id]
	if t == nil {
		t = newTrack()
		l.tracks[id] = t
		l.sources = append(l.sources, Source{ID: id, Kind: "other", Ack: ack})
	}
	return t
}

// combine puts together what is proven of a source whole and of its hosts.
func (l *Ledger) combine(s Source) {
	hosts := l.proofs[s.ID]
	if hosts == nil {
		return
	}
	t, all := l.tracks[s.ID], &proofs{}
	if own := hosts[""]; own != nil {
		all.whole, all.holes = slices.Clone(own.whole), slices.Clone(own.holes)
	}
	if len(t.hosts) > 0 {
		more := ofHosts(t, hosts)
		all.whole, all.holes = append(all.whole, more.whole...), append(all.holes, more.holes...)
	}
	slack := time.Duration(0) // files of a log that is rotated follow each other at its pace
	if t.all.tolerance < noRhythm {
		slack = t.all.tolerance
	}
	all.join(slack)
	l.combined[s.ID] = all
}

// Sources lists the registered sources, then those only seen.
func (l *Ledger) Sources() []Source { return l.sources }

// Width is that of the buckets the ledger was made from.
func (l *Ledger) Width() time.Duration { return l.width }

// Bounds gives the first and last event time over all sources, zero when
// there is none. A source of which nothing could be parsed has no times of its
// own and counts only when there is no other.
func (l *Ledger) Bounds() (first, last time.Time) {
	anyParsed := slices.ContainsFunc(slices.Collect(maps.Values(l.tracks)), func(t *track) bool { return t.all.parsed })
	for _, t := range l.tracks {
		if t.all.total == 0 || !t.all.parsed && anyParsed {
			continue
		}
		if first.IsZero() || t.all.first.Before(first) {
			first = t.all.first
		}
		last = later(last, t.all.last)
	}
	return first, last
}

// Reach is Bounds, widened to hold every interval in which records are known to
// be missing.
func (l *Ledger) Reach() (first, last time.Time) {
	first, last = l.Bounds()
	widen := func(from, to time.Time) {
		if first.IsZero() || from.Before(first) {
			first = from
		}
		last = later(last, to.Add(-1))
	}
	for _, t := range l.lost {
		for _, g := range t.gaps {
			widen(g.from, g.to)
		}
	}
	for _, p := range l.combined {
		for _, h := range p.holes {
			widen(h.from, h.to)
		}
	}
	return first, last
}

// Coverage gives the coverage of one source over [from, to); its intervals
// touch, are in order and cover the window whole.
func (l *Ledger) Coverage(id string, from, to time.Time) SourceCoverage {
	return l.coverage(id, "", from, to)
}

// HostCoverage gives the coverage of one host of a source. What is known of the
// source whole and not of its hosts counts for each of them.
func (l *Ledger) HostCoverage(id, host string, from, to time.Time) SourceCoverage {
	return l.coverage(id, host, from, to)
}

// Hosts lists the hosts that were seen of a source, by name.
func (l *Ledger) Hosts(id string) []string {
	t := l.tracks[id]
	if t == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(t.hosts))
}

func (l *Ledger) coverage(id, host string, from, to time.Time) SourceCoverage {
	v := l.view(id, host)
	c := SourceCoverage{Source: v.source.ID, Kind: v.source.Kind, Name: v.source.Name, Host: host, Hosts: len(v.track.hosts)}
	cuts := v.cuts(from, to)
	for i := 0; i+1 < len(cuts); i++ {
		iv := v.judge(cuts[i], cuts[i+1])
		c.Events += iv.Events
		if n := len(c.Intervals); n > 0 && sameState(c.Intervals[n-1], iv) {
			last := &c.Intervals[n-1]
			last.To, last.Events, last.Unparsed = iv.To, last.Events+iv.Events, last.Unparsed+iv.Unparsed
			continue
		}
		c.Intervals = append(c.Intervals, iv)
	}
	c.State = worst(c.Intervals)
	if host == "" {
		c.Lost = v.lost.share(c.Intervals, from, to)
	}
	c.Clock = l.clockOf(id, host, from, to)
	c.ZoneAssumed = l.assumed[id]
	c.Advice = v.advice(c)
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

func sameState(a, b Interval) bool {
	return a.State == b.State && a.Proof == b.Proof && a.Reason == b.Reason && a.Missing == b.Missing && a.To.Equal(b.From)
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
