package sequence

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func start() time.Time { return time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) }

// seen makes an event of a chain.
func seen(chain string, number uint64, at time.Duration, record uint64) event.Event {
	return event.Event{Source: "db", Host: "db01", Chain: chain, NativeSeq: strconv.FormatUint(number, 10), Time: start().Add(at), Record: record}
}

// chainsOf merges the runs of parts of events.
func chainsOf(parts ...[]event.Event) []Chain {
	var runs [][]Run
	for _, part := range parts {
		var b Builder
		for i := range part {
			b.Add(&part[i])
		}
		back, err := Unmarshal(Marshal(b.Runs()))
		if err != nil {
			panic(err)
		}
		runs = append(runs, back)
	}
	return Merge(runs...)
}

// numbers makes events with the given numbers, a second apart, from a second on.
func numbers(chain string, from int, list ...uint64) []event.Event {
	var out []event.Event
	for i, n := range list {
		out = append(out, seen(chain, n, time.Duration(from+i)*time.Second, 1000*n+uint64(i)))
	}
	return out
}

// told writes intervals and gaps in short: seconds since start.
func told(c Chain) (out []string) {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "?"
		}
		return fmt.Sprint(int(t.Sub(start()).Seconds()))
	}
	for _, w := range c.Whole() {
		out = append(out, fmt.Sprintf("whole %s-%s: %d-%d", at(w.From), at(w.To), w.First, w.Last))
	}
	for _, g := range c.Gaps() {
		out = append(out, fmt.Sprintf("gap %s-%s: %d missing, %d-%d", at(g.After), at(g.Before), g.Missing, g.Last, g.Next))
	}
	return out
}

func check(t *testing.T, chains []Chain, want ...string) {
	t.Helper()
	if len(chains) != 1 {
		t.Fatalf("%d chains", len(chains))
	}
	if diff := gocmp.Diff(want, told(chains[0]), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestAMissingNumberIsAGap(t *testing.T) {
	check(t, chainsOf(numbers("audit", 0, 5, 6, 7, 10, 11)), "whole 0-2: 5-7", "whole 3-4: 10-11", "gap 2-3: 2 missing, 7-10")
}

func TestALatePartFillsTheHole(t *testing.T) {
	check(t, chainsOf(numbers("audit", 10, 10, 11), numbers("audit", 0, 5, 6, 7), numbers("audit", 4, 8, 9)), "whole 0-11: 5-11")
}

func TestARecordThatCameTwiceIsSeenOnce(t *testing.T) {
	part := numbers("audit", 0, 5, 6, 7, 8)
	check(t, chainsOf(part, part[1:3], part[3:]), "whole 0-3: 5-8")
}

func TestTwoExportsOfOneRecordMayRoundItsTime(t *testing.T) {
	exact := numbers("eventrecord:Security", 0, 5, 6, 7)
	for i := range exact {
		exact[i].Time = exact[i].Time.Add(123456789)
	}
	check(t, chainsOf(exact, numbers("eventrecord:Security", 0, 5, 6, 7, 8)), "whole 0-3: 5-8")
	check(t, chainsOf(slices.Concat(exact, numbers("eventrecord:Security", 0, 5, 6, 7, 8))), "whole 0-3: 5-8")
}

func TestBetweenTwoCountsNothingIsKnown(t *testing.T) {
	check(t, chainsOf(numbers("audit", 0, 500, 501), numbers("audit", 60, 1, 2, 4)),
		"whole 0-1: 500-501", "whole 60-61: 1-2", "gap 61-62: 1 missing, 2-4")
}

func TestALeapOverTheEndOfTheCountBeforeIsNoGap(t *testing.T) {
	check(t, chainsOf(slices.Concat(numbers("audit", 0, 500, 501), numbers("audit", 60, 1, 2), numbers("audit", 80, 600, 601))),
		"whole 0-1: 500-501", "whole 60-61: 1-2", "whole 80-81: 600-601")
}

func TestACountGoesOnOverItsWrap(t *testing.T) {
	check(t, chainsOf(numbers("rfc5424:app", 0, 2147483646, 2147483647, 1, 2)), "whole 0-3: 2147483646-2")
	check(t, chainsOf(numbers("rfc5424:app", 0, 2147483645, 2147483646, 3, 4)),
		"whole 0-1: 2147483645-2147483646", "whole 2-3: 3-4", "gap 1-2: 3 missing, 2147483646-3")
	check(t, chainsOf(numbers("eventrecord:System", 0, 2147483646, 2147483647, 1, 2)),
		"whole 0-1: 2147483646-2147483647", "whole 2-3: 1-2")
}

func TestAClockThatWasSetBackProvesNothing(t *testing.T) {
	var before, after []event.Event
	for n := range uint64(1000) {
		before = append(before, seen("audit", n+1, time.Duration(n)*time.Second, n))
	}
	for n := range uint64(300) {
		after = append(after, seen("audit", n+1, time.Duration(510+n)*time.Second, 5000+n))
	}
	for _, parts := range [][][]event.Event{{before, after}, {slices.Concat(before, after)}, {after, before}} {
		c := chainsOf(parts...)[0]
		for _, w := range c.Whole() {
			if w.To.After(start().Add(510*time.Second)) && w.From.Before(start().Add(999*time.Second)) {
				t.Errorf("claims %v", told(c))
			}
		}
		if len(c.Doubt) == 0 {
			t.Error("no doubt")
		}
	}
}

func TestSmallDisorderOfTimesIsNoNewCount(t *testing.T) {
	events := []event.Event{seen("audit", 7, 0, 1), seen("audit", 9, time.Second, 2), seen("audit", 8, 2*time.Second, 3), seen("audit", 10, 3*time.Second, 4)}
	check(t, chainsOf(events), "whole 0-3: 7-10")
	check(t, chainsOf(events[2:], events[:2]), "whole 0-3: 7-10")
}

func TestProgramsThatShareACountAreLookedAtTogether(t *testing.T) {
	mixed := slices.Concat(numbers("rfc5424:sshd", 0, 1, 2), numbers("rfc5424:cron", 2, 3), numbers("rfc5424:sshd", 3, 4, 5), numbers("rfc5424:sudo", 5, 7))
	check(t, chainsOf(mixed), "whole 0-4: 1-5", "gap 4-5: 1 missing, 5-7")
	apart := slices.Concat(numbers("rfc5424:a", 0, 1, 2, 3), numbers("rfc5424:b", 1, 1, 2, 3))
	if got := chainsOf(apart); len(got) != 2 || len(got[0].Gaps())+len(got[1].Gaps()) > 0 || len(got[0].Whole()) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestSessionsAreCountedAndTheirGapsKept(t *testing.T) {
	begin := strconv.FormatInt(start().Unix(), 16)
	got := chainsOf(
		slices.Concat(numbers("pgsession:"+begin+".1", 10, 1, 2), numbers("pgsession:"+begin+".2", 10, 1, 2, 4), numbers("pgsession:"+begin+".3", 2, 3, 4)),
		slices.Concat(numbers("pgsession:"+begin+".1", 3600, 3, 4)))
	check(t, got, "gap 0-2: 2 missing, 0-3", "gap 11-12: 1 missing, 2-4")
	want := []Sessions{{Hour: start().Add(time.Hour), Count: 1, Numbers: 4, First: start().Add(10 * time.Second), Last: start().Add(time.Hour + time.Second)}}
	if diff := gocmp.Diff(want, got[0].Sessions); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotKeptProvesNothing(t *testing.T) {
	var events []event.Event
	for n := range uint64(2 * maxPieces) {
		events = append(events, seen("audit", 2*n, time.Duration(n)*time.Second, n))
	}
	c := chainsOf(events)[0]
	late := start().Add((maxPieces - 1) * time.Second)
	for _, g := range c.Gaps() {
		if !g.Before.Before(late) {
			t.Fatalf("a gap at %v", g.Before)
		}
	}
	if len(c.Gaps()) < maxPieces-3 || c.Seen != 2*maxPieces || len(c.Doubt) != 1 {
		t.Errorf("%d gaps, seen %d, doubt %v", len(c.Gaps()), c.Seen, c.Doubt)
	}
}

func TestTooManyRunsBecomeLongerGaps(t *testing.T) {
	var parts [][]event.Event
	for p := range 6 {
		var part []event.Event
		for n := range 2000 {
			i := uint64(2000*p + n)
			part = append(part, seen("audit", 3*i, time.Duration(i)*time.Second, i))
			if i%5 == 0 {
				part = append(part, seen("audit", 3*i+1, time.Duration(i)*time.Second+time.Millisecond, i))
			}
		}
		parts = append(parts, part)
	}
	missing := uint64(3*11_999 + 1 - 12_000 - 2_400)
	c := chainsOf(parts...)[0]
	if c.Missing != missing || c.Dropped != 2000 || len(c.Gaps()) != maxRuns-1 || len(c.Whole()) != 2400 {
		t.Errorf("missing %d, want %d; dropped %d, %d gaps, %d whole", c.Missing, missing, c.Dropped, len(c.Gaps()), len(c.Whole()))
	}
}

// naive finds intervals and gaps by sets of numbers. Counts begin anew where a
// number comes an hour or more after a higher one.
func naive(events []event.Event) (out []string) {
	type number struct {
		n  uint64
		at time.Time
	}
	var list []number
	for _, ev := range events {
		n, _ := strconv.ParseUint(ev.NativeSeq, 10, 64)
		list = append(list, number{n, ev.Time})
	}
	slices.SortFunc(list, func(a, b number) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.n, b.n)) })
	var sets []map[uint64]time.Time
	top := number{}
	for _, x := range list {
		if len(sets) == 0 || x.n <= top.n && x.at.Sub(top.at) >= time.Hour {
			sets, top = append(sets, map[uint64]time.Time{}), x
		}
		if x.n >= top.n {
			top = x
		}
		sets[len(sets)-1][x.n] = x.at
	}
	var gaps []string
	since := func(t time.Time) int { return int(t.Sub(start()).Seconds()) }
	for _, set := range sets {
		var numbers []uint64
		for n := range set {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers)
		first := numbers[0]
		for i, n := range numbers {
			last := i+1 == len(numbers)
			if !last && numbers[i+1] == n+1 {
				continue
			}
			if set[first].Before(set[n]) {
				out = append(out, fmt.Sprintf("whole %d-%d: %d-%d", since(set[first]), since(set[n]), first, n))
			}
			if !last {
				first = numbers[i+1]
				gaps = append(gaps, fmt.Sprintf("gap %d-%d: %d missing, %d-%d", since(set[n]), since(set[first]), first-n-1, n, first))
			}
		}
	}
	return append(out, gaps...)
}

// drawCounts makes what one producer numbered in several epochs, with losses.
func drawCounts(t *rapid.T) []event.Event {
	var out []event.Event
	at, record := time.Duration(0), uint64(1)
	for e := range rapid.IntRange(1, 4).Draw(t, "epochs") {
		n := [...]uint64{3050, 2040, 1015, 0}[e] // no count comes to where the one before was
		for i := range rapid.IntRange(1, 40).Draw(t, "length") {
			if i < 3 || rapid.IntRange(0, 5).Draw(t, "lost") > 0 { // the begin is seen
				ev := seen("audit", n, at, record)
				if e == 0 && i > 3 && rapid.IntRange(0, 4).Draw(t, "disorder") == 0 {
					ev.Time = ev.Time.Add(2 * time.Second)
				}
				out = append(out, ev)
			}
			n, record = n+1, record+1
			at += time.Duration(rapid.SampledFrom([]int{1, 1, 1, 60, 5000}).Draw(t, "pause")) * time.Second
		}
		at += 2 * time.Hour
	}
	return out
}

// TestAnyOrderAndAnyPartsGiveWhatSetsGive is the sentence of the package.
func TestAnyOrderAndAnyPartsGiveWhatSetsGive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawCounts(t)
		if len(events) == 0 {
			return
		}
		want := naive(events)
		order := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		events = append(events, events[order.IntN(len(events))], events[order.IntN(len(events))])
		order.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		parts := make([][]event.Event, rapid.IntRange(1, 5).Draw(t, "parts"))
		for _, ev := range events {
			i := order.IntN(len(parts))
			parts[i] = append(parts[i], ev)
		}
		got := chainsOf(parts...)
		if len(got) != 1 {
			t.Fatalf("%d chains", len(got))
		}
		if diff := gocmp.Diff(want, told(got[0]), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if int(got[0].Seen) != len(events) {
			t.Fatalf("seen %d, want %d", got[0].Seen, len(events))
		}
	})
}

// TestNothingLostLiesInAWholeInterval lets counts begin anew at once, in parts
// that are stretches of what arrived. That they did is seen by their first number.
func TestNothingLostLiesInAWholeInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts [][]event.Event
		var lost []time.Duration
		part, at := []event.Event(nil), time.Duration(0)
		for range rapid.IntRange(1, 5).Draw(t, "epochs") {
			for n := range uint64(rapid.IntRange(1, 60).Draw(t, "length")) {
				if n > 0 && rapid.IntRange(0, 9).Draw(t, "lost") == 0 {
					lost = append(lost, at)
				} else {
					part = append(part, seen("audit", n+1, at, uint64(at)))
				}
				at += time.Duration(rapid.IntRange(6, 20).Draw(t, "pause")) * time.Second
				if rapid.IntRange(0, 9).Draw(t, "cut") == 0 {
					parts, part = append(parts, part), nil
				}
			}
		}
		for _, c := range chainsOf(append(parts, part)...) {
			for _, w := range c.Whole() {
				for _, l := range lost {
					if at := start().Add(l); at.After(w.From) && at.Before(w.To) {
						t.Fatalf("lost at %v: %v", l, told(c))
					}
				}
			}
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	var b Builder
	for _, ev := range slices.Concat(numbers("audit", 0, 1, 2, 5), numbers("pgsession:1.2", 0, 1, 2)) {
		b.Add(&ev)
	}
	f.Add(Marshal(b.Runs()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		runs, err := Unmarshal(b)
		if err != nil {
			return
		}
		again, err := Unmarshal(Marshal(runs))
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(runs, again); diff != "" {
			t.Fatal(diff)
		}
		Merge(runs)
	})
}
