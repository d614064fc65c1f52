package coverage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func whole(source, host string, from, to int, p event.Proof) event.Attestation {
	return event.Attestation{Source: source, Host: host, From: hour(from), To: hour(to), Proof: p}
}

// ledgerOf makes a ledger of one source with attestations.
func ledgerOf(s Source, seen []Presence, now time.Time, list ...event.Attestation) *Ledger {
	return New(Facts{Sources: []Source{s}, Seen: seen, Width: time.Hour, Attested: list, Now: now})
}

// proven lists the intervals with what they rest on.
func provenBy(c SourceCoverage) string {
	var b strings.Builder
	for _, iv := range c.Intervals {
		fmt.Fprintf(&b, "%s %s %s %d\n", iv.From.Format("02T15"), iv.State, iv.Proof, iv.Missing)
	}
	return b.String()
}

func TestASequenceWithoutGapsBeatsWhatTheTransportAndTheRhythmSay(t *testing.T) {
	seen := append(hourly("s", "a", 0, 30), hourly("s", "a", 40, 70)...)
	l := ledgerOf(Source{ID: "s", Ack: "datagram"}, seen, hour(70), whole("s", "a", 0, 45, event.ProofSequence))
	got := provenBy(l.Coverage("s", hour(29), hour(50)))
	want := "02T05 complete native sequence 0\n02T21 best_effort datagram 0\n"
	if got != want {
		t.Errorf("intervals\n%swant\n%s", got, want)
	}
}

func TestAGapIsToldWithItsCountAndHostWhateverElseIsProven(t *testing.T) {
	seen := append(hourly("s", "a", 0, 48), hourly("s", "b", 0, 48)...)
	l := ledgerOf(Source{ID: "s", Ack: "acknowledged"}, seen, hour(48),
		whole("s", "a", 0, 48, event.ProofSequence), whole("s", "b", 0, 10, event.ProofSequence), whole("s", "b", 12, 48, event.ProofSequence),
		event.Attestation{Source: "s", Host: "b", From: hour(10), To: hour(12), Proof: event.ProofSequence, Missing: 7})
	c := l.Coverage("s", hour(0), hour(48))
	want := "01T00 complete native sequence 0\n01T10 gap native sequence 7\n01T12 complete native sequence 0\n02T23 complete acknowledged transport 0\n"
	if got := provenBy(c); got != want || c.Intervals[1].Reason.EN != "b: 7 records are missing by their numbers" {
		t.Errorf("intervals\n%swant\n%s%+v", got, want, c.Intervals[1])
	}
	if got := provenBy(l.HostCoverage("s", "a", hour(0), hour(47))); got != "01T00 complete native sequence 0\n" {
		// what is missing of b is no gap of a, although it is one of the source
		t.Errorf("host a: %s", got)
	}
}

func TestAGapIsToldThoughASignedDigestVouchesForAllElse(t *testing.T) {
	l := ledgerOf(Source{ID: "trail", Ack: "cursor"}, hourly("trail", "", 0, 48), hour(48),
		whole("trail", "", 0, 24, event.ProofDigest), whole("trail", "", 0, 48, event.ProofCursor),
		event.Attestation{Source: "trail", From: hour(30), To: hour(31), Proof: event.ProofDigest, Missing: -1, Reason: event.Phrase{EN: "file gone"}})
	got := provenBy(l.Coverage("trail", hour(0), hour(48)))
	want := "01T00 complete signed digest 0\n02T00 complete cursor 0\n02T06 gap signed digest -1\n02T07 complete cursor 0\n"
	if got != want {
		t.Errorf("intervals\n%swant\n%s", got, want)
	}
}

func TestASourceIsWholeWhileAllItsHostsAre(t *testing.T) {
	seen := append(hourly("s", "a", 0, 48), hourly("s", "b", 24, 48)...)
	l := ledgerOf(Source{ID: "s", Ack: "datagram"}, seen, hour(48), whole("s", "a", 0, 48, event.ProofSequence), whole("s", "b", 30, 48, event.ProofSequence))
	got := provenBy(l.Coverage("s", hour(0), hour(40)))
	want := "01T00 complete native sequence 0\n02T00 best_effort datagram 0\n02T06 complete native sequence 0\n"
	if got != want {
		t.Errorf("intervals\n%swant\n%s", got, want)
	}
}

func TestBetweenFilesNothingIsKnown(t *testing.T) {
	seen := append(hourly("s", "", 0, 20), hourly("s", "", 60, 80)...)
	files := []event.Attestation{whole("s", "", 0, 10, event.ProofFile), whole("s", "", 10, 20, event.ProofFile), whole("s", "", 60, 80, event.ProofFile)}
	l := ledgerOf(Source{ID: "s", Ack: "file"}, seen, hour(99), files...)
	c := l.Coverage("s", hour(0), hour(80))
	want := "01T00 complete file import 0\n01T19 silent rhythm 0\n03T12 complete file import 0\n"
	if got := provenBy(c); got != want {
		t.Errorf("intervals\n%swant\n%s", got, want)
	}
	few := append(hourly("s", "", 0, 4), hourly("s", "", 9, 12)...)
	l = ledgerOf(Source{ID: "s", Ack: "file"}, few, hour(99), whole("s", "", 0, 4, event.ProofFile), whole("s", "", 9, 12, event.ProofFile))
	c = l.Coverage("s", hour(0), hour(10))
	if got := provenBy(c); got != "01T00 complete file import 0\n01T04 unknown  0\n01T09 complete file import 0\n" {
		t.Errorf("intervals\n%s%+v", got, c)
	}
}

func TestALowRateSourceWithoutAHeartbeatIsUnknownAndATracerIsOffered(t *testing.T) {
	seen := []Presence{{Source: "s", Start: hour(1), Events: 2, First: hour(1), Last: hour(1).Add(time.Minute)}, {Source: "s", Start: hour(9), Events: 1, First: hour(9), Last: hour(9)}}
	l := ledgerOf(Source{ID: "s", Ack: "acknowledged"}, seen, hour(10))
	c := l.Coverage("s", hour(1), hour(9))
	if c.State != Unknown || !strings.Contains(c.Advice.EN, "source tracer s") || !strings.Contains(c.Intervals[0].Reason.EN, "no heartbeat") {
		t.Errorf("%+v", c)
	}
	l = ledgerOf(Source{ID: "s", Ack: "acknowledged", Heartbeat: Span(4 * time.Hour)}, seen, hour(10))
	if c := l.Coverage("s", hour(1), hour(9)); c.State != Complete || !c.Advice.Empty() {
		t.Errorf("with a heartbeat every four hours: %+v", c)
	}
	l = ledgerOf(Source{ID: "s", Ack: "acknowledged", Heartbeat: Span(time.Hour)}, seen, hour(10))
	if c := l.Coverage("s", hour(1), hour(9)); c.State != Silent {
		t.Errorf("with a heartbeat every hour eight hours are silence: %+v", c)
	}
}

func TestWhoHoldsTheEvidenceIsSaidUntilItArrives(t *testing.T) {
	s := Source{ID: "dc", HeldBy: "the data centre"}
	for _, c := range []struct {
		requests []Request
		want     string
	}{
		{nil, "held by the data centre, not asked for"},
		{[]Request{{Of: "the data centre", State: Asked}}, "asked of the data centre, not received yet"},
	} {
		s.Requests = c.requests
		got := ledgerOf(s, nil, hour(9)).Coverage("dc", hour(0), hour(1))
		if got.State != Unknown || got.Intervals[0].Reason.EN != c.want {
			t.Errorf("%+v, want %q", got, c.want)
		}
	}
}

func TestAHostIsAskedWhereASourceKnowsIt(t *testing.T) {
	seen := append(hourly("s", "a", 0, 48), hourly("s", "b", 0, 24)...)
	l := ledgerOf(Source{ID: "s", Ack: "file"}, seen, hour(99))
	of := func(host string) Verdict {
		return l.Answer(Question{From: hour(30), To: hour(31), Hosts: []string{host}, Controls: map[string]Control{"s": {Events: 3}}, HostControls: map[string]map[string]Control{host: {"s": {Events: 3}}}}).Verdict
	}
	if of("a") != NotFoundCovered || of("b") != VerdictUnknown || of("elsewhere") != VerdictUnknown {
		t.Errorf("a %s, b %s, elsewhere %s", of("a"), of("b"), of("elsewhere"))
	}
}

func TestThePositiveControlIsOfTheSameKind(t *testing.T) {
	l := ledgerOf(Source{ID: "s", Ack: "file"}, hourly("s", "", 0, 48), hour(99))
	q := Question{From: hour(1), To: hour(2), Classes: []int32{event.ClassAuthentication}, Controls: map[string]Control{}}
	if a := l.Answer(q); a.Verdict != VerdictUnknown || !strings.Contains(because(a), "no positive control") {
		t.Errorf("other classes do not show that logins are logged: %s %s", a.Verdict, because(a))
	}
	q.Controls["s"] = Control{Events: 40, Successes: 37}
	if a := l.Answer(q); a.Verdict != NotFoundCovered || !strings.Contains(because(a), "40 other records of the kind, 37 of them successes") {
		t.Errorf("%s %s", a.Verdict, because(a))
	}
}

// TestNothingIsCompleteWhereAHoleIs draws attestations and compares with what
// each instant says by itself.
func TestNothingIsCompleteWhereAHoleIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []event.Attestation
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			from := rapid.IntRange(0, 40).Draw(t, "from")
			list = append(list, event.Attestation{Source: "s", Host: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "host"), From: hour(from), To: hour(from + rapid.IntRange(1, 20).Draw(t, "for")),
				Proof: rapid.SampledFrom(event.Proofs()).Draw(t, "proof"), Missing: rapid.SampledFrom([]int64{0, 0, 3, -1}).Draw(t, "missing")})
		}
		seen := append(hourly("s", "a", 0, 48), hourly("s", "b", 0, 48)...)
		c := ledgerOf(Source{ID: "s", Ack: "acknowledged"}, seen, hour(48), list...).Coverage("s", hour(0), hour(48))
		at := hour(0)
		for _, iv := range c.Intervals {
			if !iv.From.Equal(at) || !iv.From.Before(iv.To) {
				t.Fatalf("intervals do not touch:\n%s", states(c))
			}
			at = iv.To
			for _, a := range list {
				inside := a.Missing != 0 && a.From.Before(iv.To) && iv.From.Before(a.To)
				if inside && iv.State != Gap {
					t.Fatalf("%s although %+v\n%s", iv.State, a, states(c))
				}
			}
		}
		if slices.Reverse(list); provenBy(c) != provenBy(ledgerOf(Source{ID: "s", Ack: "acknowledged"}, seen, hour(48), list...).Coverage("s", hour(0), hour(48))) {
			t.Fatal("the order of attestations changes what is said")
		}
	})
}

func TestALengthOfTimeReadsBackAsWritten(t *testing.T) {
	for in, want := range map[string]string{"20m": "20m0s", "2d": "2d", "1d12h": "1d12h0m0s", "": "", "0s": ""} {
		s, err := ParseSpan(in)
		if err != nil || s.String() != want {
			t.Errorf("%q is %q, %v; want %q", in, s.String(), err, want)
		}
		if again, err := ParseSpan(s.String()); err != nil || again != s {
			t.Errorf("%q does not read back: %v %v", s, again, err)
		}
	}
	for _, in := range []string{"-1h", "400d", "x", "1.5d", "d", "99999999999h"} {
		if s, err := ParseSpan(in); err == nil {
			t.Errorf("%q is read as %s", in, s)
		}
	}
}
