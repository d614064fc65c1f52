package coverage

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

// day is the first hour of the invented series of these tests.
func day() time.Time { return time.Date(2018, 4, 1, 0, 0, 0, 0, time.UTC) }

func hour(n int) time.Time { return day().Add(time.Duration(n) * time.Hour) }

// hourly is a series of one event a minute in each of the hours [from, to).
func hourly(source, host string, from, to int) []Presence {
	var out []Presence
	for h := from; h < to; h++ {
		out = append(out, Presence{Source: source, Host: host, Start: hour(h), Events: 60, First: hour(h), Last: hour(h).Add(59 * time.Minute)})
	}
	return out
}

func states(c SourceCoverage) string {
	var s string
	for _, iv := range c.Intervals {
		s += fmt.Sprintf("%s %s–%s\n", iv.State, iv.From.Format("02T15:04:05.999999999"), iv.To.Format("02T15:04:05.999999999"))
	}
	return s
}

func TestTheStateOfASourceIsToldForEveryPartOfTheWindow(t *testing.T) {
	refused := Absence{From: hour(-48), To: hour(-24), State: Refused}
	for _, c := range []struct {
		name     string
		source   Source
		seen     []Presence
		from, to time.Time
		now      time.Time
		want     string
		worst    State
	}{
		{"nothing ever arrived", Source{ID: "s"}, nil, hour(0), hour(1), hour(2), "unknown 01T00:00:00–01T01:00:00\n", Unknown},
		{"inside a file", Source{ID: "s", Ack: "file"}, hourly("s", "", 0, 48), hour(3), hour(5), hour(99), "complete 01T03:00:00–01T05:00:00\n", Complete},
		{"before the first and after the last record", Source{ID: "s", Ack: "file"}, hourly("s", "", 0, 1), hour(-1), hour(2), hour(99),
			"unknown 31T23:00:00–01T00:00:00\ncomplete 01T00:00:00–01T00:59:00.000000001\nunknown 01T00:59:00.000000001–01T02:00:00\n", Unknown},
		{"declared absent and then nothing known", Source{ID: "s", Ack: "file", Absent: []Absence{refused}}, hourly("s", "", 0, 2), hour(-36), hour(1), hour(99),
			"refused 30T12:00:00–31T00:00:00\nunknown 31T00:00:00–01T00:00:00\ncomplete 01T00:00:00–01T01:00:00\n", Refused},
		{"an absence is declared whatever is here", Source{ID: "s", Ack: "file", Absent: []Absence{{From: hour(1), To: hour(2), State: Deleted}}}, hourly("s", "", 0, 4), hour(0), hour(3), hour(99),
			"complete 01T00:00:00–01T01:00:00\ndeleted 01T01:00:00–01T02:00:00\ncomplete 01T02:00:00–01T03:00:00\n", Deleted},
		{"silent for longer than its rhythm", Source{ID: "s", Ack: "acknowledged"}, append(hourly("s", "", 0, 30), hourly("s", "", 40, 70)...), hour(29), hour(41), hour(70),
			"complete 02T05:00:00–02T05:59:00.000000001\nsilent 02T05:59:00.000000001–02T16:00:00\ncomplete 02T16:00:00–02T17:00:00\n", Silent},
		{"quiet within its rhythm is no silence", Source{ID: "s", Ack: "acknowledged"}, append(hourly("s", "", 0, 30), hourly("s", "", 31, 70)...), hour(29), hour(41), hour(70),
			"complete 02T05:00:00–02T17:00:00\n", Complete},
		{"UDP is best effort", Source{ID: "s", Ack: "datagram"}, hourly("s", "", 0, 48), hour(1), hour(2), hour(48), "best_effort 01T01:00:00–01T02:00:00\n", BestEffort},
		{"TCP is best effort", Source{ID: "s", Ack: "stream"}, hourly("s", "", 0, 48), hour(1), hour(2), hour(48), "best_effort 01T01:00:00–01T02:00:00\n", BestEffort},
		{"of no known transport", Source{ID: "s"}, hourly("s", "", 0, 48), hour(1), hour(2), hour(48), "best_effort 01T01:00:00–01T02:00:00\n", BestEffort},
		{"a live source speaks until now", Source{ID: "s", Ack: "acknowledged"}, hourly("s", "", 0, 48), hour(47), hour(49), hour(48), "complete 02T23:00:00–03T00:00:00\nunknown 03T00:00:00–03T01:00:00\n", Unknown},
		{"a live source that is overdue does not", Source{ID: "s", Ack: "acknowledged"}, hourly("s", "", 0, 48), hour(47), hour(60), hour(60), "complete 02T23:00:00–02T23:59:00.000000001\nunknown 02T23:59:00.000000001–03T12:00:00\n", Unknown},
		{"a live source without a rhythm is not vouched for", Source{ID: "s", Ack: "acknowledged"}, hourly("s", "", 0, 2), hour(0), hour(500), hour(500), "complete 01T00:00:00–01T01:59:00.000000001\nunknown 01T01:59:00.000000001–21T20:00:00\n", Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := made([]Source{c.source}, c.seen, nil, time.Hour, c.now).Coverage("s", c.from, c.to)
			if states(got) != c.want || got.State != c.worst {
				t.Errorf("worst %s, intervals\n%swant %s\n%s", got.State, states(got), c.worst, c.want)
			}
		})
	}
}

func TestHoursThatCouldNotBeReadAreNotComplete(t *testing.T) {
	seen := hourly("s", "", 0, 48)
	seen[5].Unparsed, seen[6].Unparsed, seen[7].Unparsed = 31, 60, 30
	got := made([]Source{{ID: "s", Ack: "file"}}, seen, nil, time.Hour, hour(99)).Coverage("s", hour(4), hour(9))
	want := "complete 01T04:00:00–01T05:00:00\nunparsed 01T05:00:00–01T07:00:00\ncomplete 01T07:00:00–01T09:00:00\n"
	if states(got) != want || got.Intervals[1].Unparsed != 91 {
		t.Errorf("intervals\n%swant\n%s%+v", states(got), want, got.Intervals)
	}
}

func TestAHostThatFellSilentMakesItsSourcePartial(t *testing.T) {
	seen := append(hourly("s", "ap-1", 0, 72), hourly("s", "ap-2", 0, 30)...)
	l := made([]Source{{ID: "s", Ack: "file"}}, seen, nil, time.Hour, hour(99))
	got := l.Coverage("s", hour(20), hour(40))
	want := "complete 01T20:00:00–02T06:00:00\nbest_effort 02T06:00:00–02T16:00:00\n"
	if states(got) != want || got.Intervals[1].Reason.EN != "1 of 2 hosts fell silent" {
		t.Errorf("intervals\n%swant\n%s%+v", states(got), want, got.Intervals)
	}
}

func TestSourcesNobodyRegisteredAreListedAfterTheRegistered(t *testing.T) {
	l := made([]Source{{ID: "vpn", Expected: true}}, hourly("stray", "", 0, 1), nil, time.Hour, hour(2))
	got := l.Sources()
	if len(got) != 2 || got[0].ID != "vpn" || got[1].ID != "stray" || got[1].Expected {
		t.Errorf("sources are %+v", got)
	}
	if first, last := l.Bounds(); !first.Equal(hour(0)) || !last.Equal(hour(0).Add(59*time.Minute)) {
		t.Errorf("bounds are %s and %s", first, last)
	}
	if first, last := made(nil, nil, nil, time.Hour, hour(0)).Bounds(); !first.IsZero() || !last.IsZero() {
		t.Errorf("an empty ledger has the bounds %s and %s", first, last)
	}
}

// someLedger draws a ledger of a few sources with absences, gaps and unparsed
// hours.
func someLedger(t *rapid.T) *Ledger {
	var sources []Source
	var seen []Presence
	for i := range rapid.IntRange(0, 3).Draw(t, "registered") {
		s := Source{ID: fmt.Sprint("s", i), Kind: rapid.SampledFrom([]string{"", "vpn", "chat", "other"}).Draw(t, "kind"),
			Ack: rapid.SampledFrom([]string{"", "file", "acknowledged", "stream", "datagram"}).Draw(t, "ack")}
		for range rapid.IntRange(0, 3).Draw(t, "absences") {
			from := rapid.IntRange(-20, 120).Draw(t, "absent from")
			s.Absent = append(s.Absent, Absence{From: hour(from), To: hour(from + rapid.IntRange(1, 60).Draw(t, "absent for")),
				State: rapid.SampledFrom([]State{Expired, Deleted, Refused, NeverCollected}).Draw(t, "absent state")})
		}
		sources = append(sources, s)
	}
	for range rapid.IntRange(0, 120).Draw(t, "buckets") {
		start := hour(rapid.IntRange(0, 100).Draw(t, "hour"))
		first := rapid.IntRange(0, 3599).Draw(t, "first")
		n := rapid.Int64Range(1, 100).Draw(t, "events")
		seen = append(seen, Presence{
			Source: fmt.Sprint("s", rapid.IntRange(0, 3).Draw(t, "source")), Host: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "host"), Start: start,
			Events: n, Unparsed: rapid.Int64Range(0, n).Draw(t, "unparsed"),
			First: start.Add(time.Duration(first) * time.Second), Last: start.Add(time.Duration(rapid.IntRange(first, 3599).Draw(t, "last")) * time.Second),
		})
	}
	return made(sources, seen, nil, time.Hour, hour(rapid.IntRange(100, 140).Draw(t, "now")))
}

func someWindow(t *rapid.T) (from, to time.Time) {
	from = day().Add(time.Duration(rapid.IntRange(-40*3600, 130*3600).Draw(t, "from")) * time.Second)
	return from, from.Add(time.Duration(rapid.Int64Range(1, int64(150*time.Hour)).Draw(t, "window")))
}

func TestIntervalsTouchAndCoverTheWindowWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := someLedger(t)
		from, to := someWindow(t)
		for _, c := range append(l.All(from, to), l.Coverage("never-heard-of", from, to)) {
			at, events := from, int64(0)
			for i, iv := range c.Intervals {
				if !iv.From.Equal(at) || !iv.To.After(iv.From) {
					t.Fatalf("%s: interval %d does not go on at %s:\n%s", c.Source, i, at, states(c))
				}
				if i > 0 && sameState(c.Intervals[i-1], iv) {
					t.Fatalf("%s: intervals %d and %d are one:\n%s", c.Source, i-1, i, states(c))
				}
				if iv.State != Complete && iv.Reason.Empty() && iv.Proof == "" {
					t.Fatalf("%s: nothing says why it is %s", c.Source, iv.State)
				}
				at, events = iv.To, events+iv.Events
			}
			if !at.Equal(to) || events != c.Events {
				t.Fatalf("%s: ends at %s, not %s; %d events in parts, %d in all", c.Source, at, to, events, c.Events)
			}
		}
	})
}

func TestEveryEventIsCountedOnceInAWindowThatHoldsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := someLedger(t)
		var got, want int64
		for _, c := range l.All(hour(-50), hour(200)) {
			got += c.Events
		}
		for _, tr := range l.tracks {
			want += tr.all.total
		}
		if got != want {
			t.Fatalf("%d events in the coverage, %d were seen", got, want)
		}
	})
}

func TestDeclaredAbsencesAreNeverCalledComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := someLedger(t)
		from, to := someWindow(t)
		for _, s := range l.Sources() {
			for _, iv := range l.Coverage(s.ID, from, to).Intervals {
				for _, a := range s.Absent {
					if iv.From.Before(a.To) && a.From.Before(iv.To) && iv.Proof != "declared" {
						t.Fatalf("%s is %s (%s) within a declared absence", s.ID, iv.State, iv.Proof)
					}
				}
			}
		}
	})
}

func TestEveryStateHasALabelInBothLanguages(t *testing.T) {
	for _, s := range []State{Complete, BestEffort, Gap, Silent, Unparsed, Expired, Deleted, Refused, NeverCollected, Unknown} {
		if p := StateLabel(s); p.JA == "" || p.EN == "" {
			t.Errorf("%s is called %+v", s, p)
		}
		if worst([]Interval{{State: Complete}, {State: s}, {State: Complete}}) != s {
			t.Errorf("%s is lost beside complete", s)
		}
	}
	for _, k := range Kinds() {
		if k.Label == (event.Phrase{}) {
			t.Errorf("kind %s has no label", k.Name)
		}
	}
}

func TestASourceOfWhichNothingCouldBeParsedDoesNotStretchTheBounds(t *testing.T) {
	at := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
	late := at.AddDate(8, 0, 0)
	seen := []Presence{
		{Source: "vpn", Start: at, Events: 5, First: at, Last: at.Add(time.Minute)},
		{Source: "notes", Start: late, Events: 3, Unparsed: 3, First: late, Last: late},
	}
	if first, last := made(nil, seen, nil, time.Hour, late).Bounds(); !first.Equal(at) || !last.Equal(at.Add(time.Minute)) {
		t.Errorf("bounds %v – %v", first, last)
	}
	if first, _ := made(nil, seen[1:], nil, time.Hour, late).Bounds(); !first.Equal(late) {
		t.Errorf("with nothing else the bounds begin at %v", first)
	}
}

// made makes a ledger without attestations.
func made(registered []Source, seen []Presence, losses []Loss, width time.Duration, now time.Time) *Ledger {
	return New(Facts{Sources: registered, Seen: seen, Losses: losses, Width: width, Now: now})
}
