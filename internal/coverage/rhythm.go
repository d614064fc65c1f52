package coverage

import (
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// track is what was seen of one source, whole and per host.
type track struct {
	all   run
	hosts map[string]*run
}

// run is a series of buckets with its rhythm.
type run struct {
	buckets     []bucket // by start
	first, last time.Time
	total       int64
	parsed      bool          // some event of it could be parsed
	tolerance   time.Duration // longest quiet that is still ordinary
	silences    []span
	unread      []span
}

type bucket struct {
	start            time.Time
	first, last      time.Time
	events, unparsed int64
}

type span struct{ from, to time.Time }

func newTrack() *track { return &track{all: run{tolerance: noRhythm}, hosts: map[string]*run{}} }

func (t *track) add(p Presence) {
	t.all.add(p)
	if p.Host == "" {
		return
	}
	h := t.hosts[p.Host]
	if h == nil {
		h = &run{}
		t.hosts[p.Host] = h
	}
	h.add(p)
}

func (r *run) add(p Presence) {
	r.buckets = append(r.buckets, bucket{p.Start, p.First, p.Last, p.Events, p.Unparsed})
	r.total += p.Events
	r.parsed = r.parsed || p.Events > p.Unparsed
	if r.first.IsZero() || p.First.Before(r.first) {
		r.first = p.First
	}
	if p.Last.After(r.last) {
		r.last = p.Last
	}
}

// finish learns the rhythms; quiet, where it is not 0, is what a person said.
func (t *track) finish(width, quiet time.Duration) {
	t.all.finish(width, quiet)
	for _, h := range t.hosts {
		h.finish(width, quiet)
	}
}

// finish sorts and joins the buckets, learns the rhythm and finds silences.
func (r *run) finish(width, quiet time.Duration) {
	slices.SortFunc(r.buckets, func(a, b bucket) int { return a.start.Compare(b.start) })
	joined := r.buckets[:0]
	for _, b := range r.buckets {
		if n := len(joined); n > 0 && joined[n-1].start.Equal(b.start) {
			j := &joined[n-1]
			j.events, j.unparsed = j.events+b.events, j.unparsed+b.unparsed
			if b.first.Before(j.first) {
				j.first = b.first
			}
			if b.last.After(j.last) {
				j.last = b.last
			}
			continue
		}
		joined = append(joined, b)
	}
	r.buckets = joined
	r.tolerance = r.ordinaryQuiet(width)
	if quiet > 0 {
		r.tolerance = quiet
	}
	for i := 1; i < len(r.buckets); i++ {
		a, b := r.buckets[i-1], r.buckets[i]
		if b.first.Sub(a.last) > r.tolerance {
			r.silences = append(r.silences, span{a.last.Add(1), b.first})
		}
	}
	r.unread = unreadSpans(r.buckets, width)
}

// noRhythm is the tolerance of a series too short to be judged by.
const noRhythm = time.Duration(1<<63 - 1)

// ordinaryQuiet is three times the 99th percentile of the quiet between
// buckets that hold records, at least two buckets. A series too short to have
// a rhythm is never called silent.
func (r *run) ordinaryQuiet(width time.Duration) time.Duration {
	const enough = 24
	if len(r.buckets) < enough {
		return noRhythm
	}
	gaps := make([]time.Duration, 0, len(r.buckets)-1)
	for i := 1; i < len(r.buckets); i++ {
		gaps = append(gaps, r.buckets[i].first.Sub(r.buckets[i-1].last))
	}
	slices.Sort(gaps)
	p99 := gaps[(len(gaps)-1)*99/100]
	return max(3*min(p99, noRhythm/4), 2*width)
}

// darken notes of a source and all its hosts that most of a span could not be
// read.
func (t *track) darken(s span) {
	t.all.unread = append(t.all.unread, s)
	for _, r := range t.hosts {
		r.unread = append(r.unread, s)
	}
}

// unreadSpans joins the buckets in which most records could not be parsed.
func unreadSpans(buckets []bucket, width time.Duration) []span {
	var out []span
	for _, b := range buckets {
		if 2*b.unparsed <= b.events {
			continue
		}
		s := span{b.start, b.start.Add(width)}
		if n := len(out); n > 0 && !out[n-1].to.Before(s.from) {
			out[n-1].to = s.to
			continue
		}
		out = append(out, s)
	}
	return out
}

// count sums the events of the buckets that begin in [from, to); a bucket cut
// by an edge counts where its first event lies.
func (r *run) count(from, to time.Time) (events, unparsed int64) {
	at, _ := slices.BinarySearchFunc(r.buckets, from, func(b bucket, f time.Time) int { return b.first.Compare(f) })
	for _, b := range r.buckets[at:] {
		if !b.first.Before(to) {
			break
		}
		events += b.events
		unparsed += b.unparsed
	}
	return events, unparsed
}

// departures are the instants, to ten minutes, after which a host of the
// source was heard no more although others went on.
func (t *track) departures() []time.Time {
	var out []time.Time
	for _, h := range t.hosts {
		if t.departed(h) {
			out = append(out, departure(h))
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

func (t *track) departed(h *run) bool {
	return len(t.hosts) > 1 && t.all.last.Sub(h.last) > h.tolerance
}

func departure(h *run) time.Time { return h.last.Truncate(10 * time.Minute).Add(10 * time.Minute) }

// gone counts the hosts that had fallen silent for good by the instant.
func (t *track) gone(at time.Time) (gone, of int) {
	for _, h := range t.hosts {
		if t.departed(h) && !at.Before(departure(h)) {
			gone++
		}
	}
	return gone, len(t.hosts)
}

func goneReason(gone, of int) event.Phrase {
	return event.Phrase{
		JA: fmt.Sprintf("%d 台中 %d 台が途絶", of, gone),
		EN: fmt.Sprintf("%d of %d hosts fell silent", gone, of),
	}
}

func within(spans []span, at time.Time) bool {
	for _, s := range spans {
		if !at.Before(s.from) && at.Before(s.to) {
			return true
		}
	}
	return false
}
