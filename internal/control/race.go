package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Race is the race of an investigation against roll-off: which source loses
// what it needs when, here and at its origin.
type Race struct {
	Case   string    `json:"case,omitempty"`
	At     time.Time `json:"at"`
	Needed time.Time `json:"needed"` // the oldest instant of interest
	Why    string    `json:"why"`    // what says so: "hold", "timeline" or "now"
	Until  time.Time `json:"until"`  // the end of the holds, at most now
	Lines  []Heat    `json:"lines"`  // the most pressing first
}

// Heat is one source of a Race.
type Heat struct {
	Kept
	// OriginUntil is when what was written at Race.Needed rolls off at the
	// producer; zero when nobody knows how long it keeps its logs, or for ever.
	OriginUntil time.Time `json:"origin_until,omitzero"`
	// Oldest is the event time of the oldest needed record here; HereUntil is
	// when it may be let go, zero when it is not.
	Oldest    time.Time `json:"oldest,omitzero"`
	HereUntil time.Time `json:"here_until,omitzero"`
	// Lost is needed, not here, and older than what the producer still has;
	// Only is needed, not here, and still at the producer.
	Lost []Stretch    `json:"lost,omitempty"`
	Only []Stretch    `json:"only_at_origin,omitempty"`
	Do   event.Phrase `json:"do"`
}

// Stretch is an interval [From, To) for which records are not here, and why.
type Stretch struct {
	From   time.Time      `json:"from"`
	To     time.Time      `json:"to"`
	State  coverage.State `json:"state"`
	Reason event.Phrase   `json:"reason,omitzero"`
}

// OriginLeft is the time left at the origin, negative when the oldest needed
// records have rolled off; known is false when nobody knows.
func (h *Heat) OriginLeft(now time.Time) (left time.Duration, known bool) {
	return h.OriginUntil.Sub(now), !h.OriginUntil.IsZero()
}

// HereLeft is the time left here; ends is false when nothing is let go.
func (h *Heat) HereLeft(now time.Time) (left time.Duration, ends bool) {
	return h.HereUntil.Sub(now), !h.HereUntil.IsZero()
}

// maxStretches bounds the stretches that a Heat lists.
const maxStretches = 20

// Race implements [Keeping].
func (s *Service) Race(ctx context.Context, caseID string) (*Race, error) {
	if err := s.sync(ctx); err != nil {
		return nil, fmt.Errorf("control: race: %w", err)
	}
	r := &Race{Case: caseID, At: s.Now().UTC(), Lines: []Heat{}}
	var err error
	if err = s.needed(r); err != nil {
		return nil, err
	}
	l, err := s.coverageLedger(ctx)
	if err != nil {
		return nil, err
	}
	holds, files := s.registry.activeHolds(), s.registry.filesBySource()
	for _, src := range l.Sources() {
		h := Heat{Kept: s.keptOf(src, holds)}
		if !h.Origin.Endless() {
			h.OriginUntil = h.Origin.After(r.Needed)
		}
		s.here(l, r, &h, files[src.ID])
		missing(l, r, &h)
		h.Do = h.advice(r.At)
		r.Lines = append(r.Lines, h)
	}
	slices.SortStableFunc(r.Lines, func(a, b Heat) int { return comparePressing(a, b) })
	return r, nil
}

// needed finds the oldest instant of interest: what the case's holds begin
// with, else the first row of its timeline, else now. Interest ends where all
// holds end.
func (s *Service) needed(r *Race) error {
	r.Needed, r.Why, r.Until = r.At, "now", r.At
	if r.Case == "" {
		return nil
	}
	c := s.registry.desk.Case(r.Case)
	if c == nil {
		return fmt.Errorf("case %s: %w", r.Case, ErrNotFound)
	}
	if len(c.Timeline) > 0 && !c.Timeline[0].At.IsZero() && c.Timeline[0].At.Before(r.At) {
		r.Needed, r.Why = c.Timeline[0].At.UTC(), "timeline"
	}
	var from, to time.Time
	open := false
	for _, h := range s.registry.activeHolds() {
		if h.Case != r.Case {
			continue
		}
		from, to, open = earliest(from, h.From), latest(to, h.To), open || h.To.IsZero()
	}
	if !from.IsZero() && from.Before(r.At) {
		r.Needed, r.Why = from.UTC(), "hold"
	}
	if !open && !to.IsZero() && to.After(r.Needed) {
		r.Until = earliest(r.At, to).UTC()
	}
	return nil
}

// here finds the oldest needed record of a source that is here and when it may
// be let go. A live record was received when it was written, that of a file when
// the file was imported.
func (s *Service) here(l *coverage.Ledger, r *Race, h *Heat, files []ImportedFile) {
	if h.Retention.Endless() {
		return
	}
	from := r.Needed
	if r.Why == "now" {
		from, _ = l.Bounds() // the oldest of all goes first
	}
	if from.IsZero() || !from.Before(r.Until) {
		return
	}
	for _, iv := range l.Coverage(h.Source, from, r.Until).Intervals {
		if present(iv) {
			h.Oldest = iv.From.UTC()
			break
		}
	}
	if h.Oldest.IsZero() {
		return
	}
	received := h.Oldest
	if src, _ := s.registry.source(h.Source); src.Ack == "file" {
		received = time.Time{}
	}
	for _, f := range files {
		if f.Last == nil || !f.Last.Before(from) {
			received = earliest(received, f.At.UTC())
		}
	}
	if received.IsZero() {
		received = h.Oldest // of a file whose import did not end; too soon rather than too late
	}
	if s.registry.holding(h.Source, received) == nil {
		h.HereUntil = h.Retention.After(received)
	}
}

// filesBySource are the imported files.
func (r *registry) filesBySource() map[string][]ImportedFile {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := map[string][]ImportedFile{}
	for _, f := range r.imported {
		out[f.Source] = append(out[f.Source], f)
	}
	return out
}

// missing parts what is needed and not here into what the producer has still
// and what it has no longer. Without a case it is what came after the source's
// last record.
func missing(l *coverage.Ledger, r *Race, h *Heat) {
	if h.Origin.IsZero() {
		return
	}
	from := r.Needed
	if r.Why == "now" {
		from, _ = l.Bounds()
	}
	if from.IsZero() || !from.Before(r.Until) {
		return
	}
	gone := h.Origin.Before(r.At) // zero when the producer keeps them for ever
	ivs := l.Coverage(h.Source, from, r.Until).Intervals
	if r.Why == "now" {
		ivs = ivs[afterLast(ivs):]
	}
	for _, iv := range ivs {
		if !absent(iv.State) {
			continue
		}
		if iv.From.Before(gone) {
			h.Lost = joined(h.Lost, Stretch{iv.From, earliest(iv.To, gone), iv.State, iv.Reason})
		}
		if iv.To.After(gone) && stillThere(iv.State) {
			h.Only = joined(h.Only, Stretch{latest(iv.From, gone), iv.To, iv.State, iv.Reason})
		}
	}
}

// afterLast counts the intervals up to the last one with records.
func afterLast(ivs []Interval) int {
	n := 0
	for i, iv := range ivs {
		if present(iv) {
			n = i + 1
		}
	}
	return n
}

// present reports whether there are records in an interval. Counts are as
// coarse as the ledger, so that the state tells more.
func present(iv Interval) bool {
	return iv.Events > 0 || !absent(iv.State) || iv.State == coverage.Gap
}

// absent reports whether records are missing in a state.
func absent(s coverage.State) bool {
	return s != coverage.Complete && s != coverage.BestEffort && s != coverage.Unparsed
}

// stillThere reports whether a producer can have what is not here: not what was
// never written or is destroyed.
func stillThere(s coverage.State) bool {
	return s != coverage.NeverCollected && s != coverage.Deleted
}

// joined adds a stretch to a list, or to its last one where they touch.
func joined(list []Stretch, s Stretch) []Stretch {
	if n := len(list); n > 0 && list[n-1].To.Equal(s.From) {
		list[n-1].To = s.To
		return list
	}
	if len(list) == maxStretches {
		list[maxStretches-1].To = s.To
		return list
	}
	return append(list, s)
}

// comparePressing puts first the sources of which nobody knows how long they
// keep their logs, then whatever rolls off soonest, here or at its origin.
func comparePressing(a, b Heat) int {
	if a.Origin.IsZero() != b.Origin.IsZero() {
		if a.Origin.IsZero() {
			return -1
		}
		return 1
	}
	x, y := a.soonest(), b.soonest()
	switch {
	case x.IsZero() && y.IsZero():
		return cmp.Compare(a.Source, b.Source)
	case x.IsZero():
		return 1
	case y.IsZero():
		return -1
	}
	return cmp.Or(x.Compare(y), cmp.Compare(a.Source, b.Source))
}

// soonest is when the first of a source's needed records rolls off anywhere;
// zero when none does.
func (h *Heat) soonest() time.Time { return earliest(h.OriginUntil, h.HereUntil) }

// advice says what to do about a source.
func (h *Heat) advice(now time.Time) event.Phrase {
	left, known := h.OriginLeft(now)
	hereLeft, ends := h.HereLeft(now)
	whom, who := "担当者", "its owner"
	if h.Owner != "" {
		whom, who = "担当（"+h.Owner+"）", h.Owner
	}
	switch {
	case h.Origin.IsZero():
		return event.Phrase{JA: "元の機器で何日残るか不明：" + whom + "に確かめ、分かるまでに今すぐ書き出す",
			EN: "unknown at origin: ask " + who + " how long it keeps its logs, and export now"}
	case known && left <= 0 && len(h.Only) > 0:
		return event.Phrase{JA: "いま消えつつある：元に残る分をすぐ書き出す", EN: "it is rolling off now: export at once what is left at the origin"}
	case len(h.Only) > 0:
		return event.Phrase{JA: "今すぐ書き出す：元にしか無い記録がある", EN: "export now: the origin has records that are not here"}
	case len(h.Lost) > 0:
		return event.Phrase{JA: "一部は元でも失われた：ほかの写しがないか" + whom + "に確かめる", EN: "a part is lost at the origin too: ask " + who + " for other copies"}
	case ends && hereLeft < 30*24*time.Hour:
		return event.Phrase{JA: "ここでも期限が近い：konseki hold start で保全する", EN: "it is let go here soon: hold it with konseki hold start"}
	}
	return event.Phrase{JA: "すべてここにある", EN: "all of it is here"}
}
