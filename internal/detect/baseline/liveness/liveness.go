// Package liveness is the baselines about log sources themselves: silence, volume, form and clocks.
//
// Events that arrive live are judged by the instant they were received and by
// the server's clock, so that a source whose own clock is wrong is neither
// silent nor early. Events of imported files are judged in event time.
package liveness

import (
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// Builders are the baselines about log sources.
func Builders() []learn.Builder { return []learn.Builder{newSources} }

// A streamKey is a source and a host; an empty host means the whole source.
type streamKey struct{ source, host string }

// A stream is what is known of one source or host.
type stream struct {
	key    streamKey
	peer   string // who delivered its last record
	record uint64 // the last one
	rhythm
	marks  heartbeat
	volume volume
	clock  clock
	format string // of the last event that was parsed
	queued bool   // in the deadline heap
	silent bool
	told   bool // its silence was
}

// sources watches all streams. Its baselines share what they remember; each
// has a file of its own.
type sources struct {
	kit     *learn.Kit
	silence silence
	change  formatChange
	share   unparsedShare
	amount  volumeChange
	jump    clockJump
	never   neverSent
	pull    pullFails
	streams *bounded.Table[streamKey, stream]

	live      bool                         // judged by receipt
	since     time.Time                    // nothing before is held against anyone: konseki itself was away
	newest    time.Time                    // the last live arrival
	expect    map[string]learn.Expectation // by source
	now       time.Time                    // time reached
	suspect   time.Time                    // an instant far ahead that one event claimed
	deadlines deadlineHeap
}

// maxStreams bounds the sources and hosts that are remembered, about 2 KB each.
const maxStreams = 20_000

func newSources(k *learn.Kit) learn.Baseline {
	w := &sources{kit: k}
	w.streams = bounded.NewTable[streamKey, stream](maxStreams, k.Evicted())
	w.silence.tune(k)
	w.change.tune(k)
	w.share.tune(k)
	w.amount.tune(k)
	w.jump.tune(k)
	w.never.tune(k)
	w.pull.tune(k)
	return w
}

// Rules implements [learn.Baseline].
func (w *sources) Rules() []finding.Info {
	return append([]finding.Info{w.silence.info, w.never.info, w.pull.info, w.change.info, w.share.info, w.jump.info, w.jump.step}, w.amount.fall, w.amount.rise)
}

// Wants implements [learn.Baseline]: clocks that were set are told in order.
func (w *sources) Wants(ev *event.Event) bool { return wantsStep(ev) }

// Observe implements [learn.Baseline].
func (w *sources) Observe(ev *event.Event) { w.jump.set(w.kit, ev) }

// Advance implements [learn.Baseline]. What arrives live is judged by the clock
// of the server instead; see Tick.
func (w *sources) Advance(now time.Time) {
	if !w.live {
		w.advance(now)
	}
}

// Tick implements [learn.Ticker].
func (w *sources) Tick(now time.Time) {
	if w.live || len(w.expect) > 0 {
		w.never.judge(w, now)
		w.pull.judge(w, now)
		w.advance(now)
	}
}

// Resume implements [learn.Ticker]: until an instant konseki was not there to
// receive. Who should have spoken by then was told before, or gets another chance.
func (w *sources) Resume(now time.Time) {
	w.missed()
	w.since = now
	w.now = learn.Later(w.now, now)
}

// Expect implements [learn.Ticker].
func (w *sources) Expect(by map[string]learn.Expectation) { w.expect = by }

// maxHost bounds a host's name; longer ones are not names.
const maxHost = 256

// Arrive takes an event in as it comes; also one that no format could read.
func (w *sources) Arrive(ev *event.Event) {
	at := ev.Time.UTC()
	switch {
	case ev.Live && !ev.TimeRx.IsZero():
		at = ev.TimeRx.UTC()
		w.live, w.newest = true, learn.Later(w.newest, at)
	case w.live:
		return // an old file
	case ev.Format == event.Unparsed:
		return // its time says when it was received
	}
	if at.Unix() < 0 {
		return // no log is that old
	}
	whole := w.note(streamKey{source: ev.Source}, ev, at)
	s := whole
	if ev.Host != "" && len(ev.Host) <= maxHost {
		s = w.note(streamKey{ev.Source, ev.Host}, ev, at)
	}
	if ev.Format != event.Unparsed {
		s.format = ev.Format
		whole.format = ev.Format
	}
	if ev.Live {
		w.silence.delivered(ev, at)
		w.jump.observe(w.kit, s, ev)
		w.share.observe(w.kit, ev, at)
	}
	w.change.observe(w.kit, ev, at)
	if !w.live {
		w.reach(at)
	}
}

// note adds an event to a stream.
func (w *sources) note(key streamKey, ev *event.Event, at time.Time) *stream {
	s, _ := w.streams.Get(key)
	s.key = key
	from := s.last
	if w.live && !at.Before(w.since) {
		from = learn.Later(from, w.since)
	}
	if !s.observe(at, from) {
		return s
	}
	if !w.live {
		s.delay(ev)
	}
	s.record, s.peer, s.silent, s.told = ev.Record, ev.Peer, false, false
	s.marks.observe(ev, at)
	w.amount.observe(w.kit, s, at, ev)
	if !s.queued && (s.gaps >= w.silence.p.gaps || s.marks.n >= leastMarks || w.expect[key.source].Says()) {
		w.enqueue(s, at)
	}
	return s
}

// maxLeap is how far one event may move the time that others are judged by; a
// second event must agree with anything more.
const maxLeap = 24 * time.Hour

// reach moves event time on.
func (w *sources) reach(t time.Time) {
	if !t.After(w.now) {
		return
	}
	if !w.now.IsZero() && t.Sub(w.now) > maxLeap {
		if gap := t.Sub(w.suspect); w.suspect.IsZero() || gap.Abs() > maxLeap {
			w.suspect = t
			return
		}
	}
	w.suspect = time.Time{}
	w.advance(t)
}
