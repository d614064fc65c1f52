// Package learn is what baselines are built with: their interface, thresholds, bounded memory, and where findings go.
//
// A baseline sees events in the order (time, record, number in the record) and
// knows no other clock: the same events give the same findings whenever they
// are looked at. It reads the promoted columns and the event's Notes only;
// native fields and the message are not there when an import is judged.
package learn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// A Baseline watches for one thing, or for several that share what they
// remember. It is used by one goroutine at a time.
type Baseline interface {
	// Rules describes what it may raise.
	Rules() []finding.Info
	// Wants reports whether an event means anything to it. It is asked for every
	// event and must be cheap.
	Wants(ev *event.Event) bool
	// Observe takes the next event it wants. The event is valid until it
	// returns. Events that came too late to be put in order come after later ones.
	Observe(ev *event.Event)
	// Advance says that event time has reached an instant. It is called with
	// whole minutes before the first event at or after them, and at the end.
	Advance(now time.Time)
}

// An Arrival is a baseline that looks at every event as it arrives, unordered,
// also at those that no format could read.
type Arrival interface{ Arrive(ev *event.Event) }

// A Ticker is a baseline that judges what arrives live by the server's clock.
type Ticker interface {
	// Tick says that whatever was received up to an instant has been shown.
	Tick(now time.Time)
	// Resume says that up to an instant nothing could be received: konseki was
	// not running, or its machine slept.
	Resume(now time.Time)
	// Expect says what is known of sources beforehand.
	Expect(by map[string]Expectation)
}

// An Expectation is what people say of a source: its kind as in coverage, how
// often something is certain to come, how often it marks time, and since when it
// has been expected to send. Zero values are not stated.
type Expectation struct {
	Kind      string
	Every     time.Duration
	Heartbeat time.Duration
	Since     time.Time
	Pull      *Pull // nil unless konseki asks a service for its records
}

// A Pull is how asking a service for its records fares.
type Pull struct {
	API      string // service/stream
	Every    time.Duration
	Complete time.Time // read to its end up to here; zero when it never was
	Failing  time.Time // since when every attempt failed; zero while it answers
	Failures int       // since then
	Refused  bool      // the last failure was a refusal of the credentials
	Answer   string    // to the last attempt, as the other side gave it
}

// Says reports whether a period is stated.
func (e Expectation) Says() bool { return e.Every > 0 || e.Heartbeat > 0 }

// A Set is every baseline.
type Set struct {
	kit      *Kit
	list     []Baseline
	arrivals []Arrival
	tickers  []Ticker
	minute   time.Time // the next whole minute to be told
}

// Stats count what the baselines did not do perfectly.
type Stats struct {
	Evicted  uint64 // what was forgotten to bound memory: accounts, addresses, streams …
	Repeated uint64 // findings left out because their like was raised that day
}

// A Builder makes one baseline.
type Builder func(*Kit) Baseline

// NewSet returns baselines under the given settings, having learned nothing yet.
// Settings that name no baseline or parameter, or do not parse, are an error.
func NewSet(settings Settings, builders ...Builder) (*Set, error) {
	s := &Set{kit: NewKit(settings)}
	for _, build := range builders {
		b := build(s.kit)
		s.list = append(s.list, b)
		if a, ok := b.(Arrival); ok {
			s.arrivals = append(s.arrivals, a)
		}
		if t, ok := b.(Ticker); ok {
			s.tickers = append(s.tickers, t)
		}
	}
	return s, s.kit.check()
}

// Rules describes all baselines.
func (s *Set) Rules() []finding.Info {
	var out []finding.Info
	for _, b := range s.list {
		out = append(out, b.Rules()...)
	}
	return out
}

// Each tells of every baseline, or group that shares what it remembers, which
// rules it may raise and which events it wants.
func (s *Set) Each(yield func(rules []finding.Info, wants func(*event.Event) bool) bool) {
	for _, b := range s.list {
		if !yield(b.Rules(), b.Wants) {
			return
		}
	}
}

// Stats returns the counters.
func (s *Set) Stats() Stats { return s.kit.stats }

// Wants reports whether some baseline wants an event in order.
func (s *Set) Wants(ev *event.Event) bool {
	for _, b := range s.list {
		if b.Wants(ev) {
			return true
		}
	}
	return false
}

// Arrive shows an event to those that look at all of them as they come.
func (s *Set) Arrive(ev *event.Event) {
	for _, a := range s.arrivals {
		a.Arrive(ev)
	}
}

// Observe takes the next event in event time.
func (s *Set) Observe(ev *event.Event) {
	if !ev.Time.Before(s.minute) {
		s.tell(ev.Time.UTC().Truncate(time.Minute))
		s.minute = ev.Time.UTC().Truncate(time.Minute).Add(time.Minute)
	}
	for _, b := range s.list {
		if b.Wants(ev) {
			b.Observe(ev)
		}
	}
}

// Advance says that event time has reached an instant.
func (s *Set) Advance(now time.Time) { s.tell(now.UTC()) }

// Tick passes on the clock of a live server; see [Ticker].
func (s *Set) Tick(now time.Time) {
	for _, t := range s.tickers {
		t.Tick(now.UTC())
	}
}

// Resume passes on that konseki is back; see [Ticker].
func (s *Set) Resume(now time.Time) {
	for _, t := range s.tickers {
		t.Resume(now.UTC())
	}
}

// Expect passes on what is known of sources; see [Ticker].
func (s *Set) Expect(by map[string]Expectation) {
	for _, t := range s.tickers {
		t.Expect(by)
	}
}

func (s *Set) tell(now time.Time) {
	for _, b := range s.list {
		b.Advance(now)
	}
}

// Take returns what was raised since it was last asked.
func (s *Set) Take() []finding.Finding {
	out := s.kit.out
	s.kit.out = nil
	return out
}

// A Kit is what baselines are built with: their thresholds, and where findings
// and forgotten entries are counted.
type Kit struct {
	settings Settings
	known    map[string]map[string]bool // parameters by baseline
	problems []error
	stats    Stats
	raised   *bounded.Table[string, time.Time]
	out      []finding.Finding
}

// maxRaised bounds the findings remembered so as not to be repeated.
const maxRaised = 200_000

// NewKit returns a Kit under the given settings; NewSet makes its own.
func NewKit(settings Settings) *Kit {
	k := &Kit{settings: settings, known: make(map[string]map[string]bool)}
	k.raised = bounded.NewTable[string, time.Time](maxRaised, &k.stats.Evicted)
	return k
}

// Raised is what was raised and not taken yet.
func (k *Kit) Raised() []finding.Finding { return k.out }

// Repeat counts a finding that was left out because its like was raised before.
func (k *Kit) Repeat() { k.stats.Repeated++ }

// Evicted is the counter of what is forgotten, for bounded tables.
func (k *Kit) Evicted() *uint64 { return &k.stats.Evicted }

// Raise reports a finding unless its like (same rule, keys and UTC day) was
// reported before. f needs Level, Time, Records, Why and WhyJA, and whom it is
// about; the rest comes from info.
func (k *Kit) Raise(f finding.Finding, info *finding.Info, keys ...string) {
	key := strings.Join(append([]string{info.ID, f.Time.Format(time.DateOnly)}, keys...), "\x00")
	if _, found := k.raised.Get(key); found {
		k.stats.Repeated++
		return
	}
	f.RuleID, f.Kind, f.Tags = info.ID, finding.KindBaseline, info.Tags
	f.Title, f.TitleJA = info.Title, info.TitleJA
	f.Seal(keys...)
	k.out = append(k.out, f)
}

// About begins a finding about an event.
func About(ev *event.Event, level string) finding.Finding {
	return finding.Finding{
		Level: level, Time: ev.Time.UTC(), Records: []uint64{ev.Record}, Source: ev.Source, Host: ev.Host,
		ActorUser: ev.ActorUser, SrcIP: ev.SrcIP, Object: ev.Object,
	}
}

// check reports settings that nothing asked for.
func (k *Kit) check() error {
	errs := k.problems
	for id, params := range k.settings {
		if k.known[id] == nil {
			errs = append(errs, fmt.Errorf("there is no baseline %q", id))
			continue
		}
		for name := range params {
			if !k.known[id][name] {
				errs = append(errs, fmt.Errorf("baseline %s has no parameter %q", id, name))
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("baselines: %w", err)
	}
	return nil
}

// Later is the later of two instants.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
