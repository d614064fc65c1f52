package coverage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
)

// numbered makes events of one host numbered in a chain, one a minute, without
// those left out.
func numbered(chain string, from, n int, without ...int) ([]sequence.Run, []Presence) {
	var b sequence.Builder
	var seen []Presence
	for i := range n {
		left := false
		for _, w := range without {
			left = left || w == i
		}
		if left {
			continue
		}
		at := day().Add(time.Duration(from+i) * time.Minute)
		b.Add(&event.Event{Record: uint64(i + 1), Time: at, Source: "s", Host: "h", Chain: chain, NativeSeq: fmt.Sprint(1000 + i)})
		seen = append(seen, Presence{Source: "s", Host: "h", Start: at.Truncate(time.Hour), Events: 1, First: at, Last: at})
	}
	return b.Runs(), seen
}

func TestNumbersWithoutAGapProveASourceWholeAndAGapIsCounted(t *testing.T) {
	runs, seen := numbered("audit", 0, 3000, 1501, 1502, 1503)
	l := New(Facts{Sources: []Source{{ID: "s", Ack: "datagram"}}, Seen: seen, Width: time.Hour, Now: hour(50), Sequences: sequence.Merge(runs)})
	c := l.Coverage("s", hour(0), hour(49))
	got := provenBy(c)
	want := "01T00 complete native sequence 0\n02T01 gap native sequence 3\n02T01 complete native sequence 0\n"
	if got != want || !strings.Contains(c.Intervals[1].Reason.EN, "3 records are missing by their numbers (audit)") {
		t.Errorf("intervals\n%swant\n%s%+v", got, want, c.Intervals)
	}
}

func TestRecordsWithoutNumbersLeaveAHostUnproven(t *testing.T) {
	runs, seen := numbered("audit", 0, 3000)
	seen = append(seen, Presence{Source: "s", Host: "h", Start: hour(1), Events: 1, First: hour(1), Last: hour(1)})
	l := New(Facts{Sources: []Source{{ID: "s", Ack: "datagram"}}, Seen: seen, Width: time.Hour, Now: hour(50), Sequences: sequence.Merge(runs)})
	if got := provenBy(l.Coverage("s", hour(0), hour(49))); got != "01T00 best_effort datagram 0\n" {
		t.Errorf("intervals\n%s", got)
	}
}

func TestASourceThatNumbersItsRecordsIsNotVouchedForWithoutThem(t *testing.T) {
	numbered := Source{ID: "s", Ack: "acknowledged", Sequence: "audit"}
	l := New(Facts{Sources: []Source{numbered}, Seen: hourly("s", "h", 0, 48), Width: time.Hour, Now: hour(48)})
	if c := l.Coverage("s", hour(1), hour(2)); c.State != BestEffort || !strings.Contains(c.Intervals[0].Reason.EN, "no numbers that join") {
		t.Errorf("%+v", c)
	}
}

func TestAHostIsWholeWhereAllItsChainsAre(t *testing.T) {
	a, seenA := numbered("eventrecord:Security", 0, 600)
	b, seenB := numbered("eventrecord:System", 120, 300, 100)
	l := New(Facts{Sources: []Source{{ID: "s", Ack: "datagram"}}, Seen: append(seenA, seenB...), Width: time.Hour, Now: hour(50), Sequences: sequence.Merge(a, b)})
	got := provenBy(l.Coverage("s", hour(0), hour(9)))
	want := "01T00 complete native sequence 0\n01T03 gap native sequence 1\n01T03 complete native sequence 0\n"
	if !strings.HasPrefix(got, "01T00 complete native sequence 0\n01T03 gap native sequence 1\n") {
		t.Errorf("intervals\n%swant\n%s", got, want)
	}
}

func TestAClockThatIsOffOrJumpedIsSaidWithTheAnswer(t *testing.T) {
	var b offset.Builder
	q := event.Quality{Zone: event.ZoneStated, Precision: event.PrecisionSecond}
	for i := range 600 {
		at := day().Add(time.Duration(i) * time.Minute)
		off := time.Duration(0)
		if i >= 300 {
			off = 33 * time.Minute
		}
		b.Add(&event.Event{Source: "s", Host: "h", Time: at.Add(off), TimeRx: at.Add(20 * time.Millisecond), Quality: q}, true)
	}
	l := New(Facts{Sources: []Source{{ID: "s", Ack: "stream"}}, Seen: hourly("s", "h", 0, 10), Width: time.Hour, Now: hour(10), Offsets: offset.Merge(b.Summaries())})
	a := l.Answer(Question{From: hour(0), To: hour(10)})
	clock := a.Coverage[0].Clock
	if clock == nil || len(clock.Jumps) != 1 || clock.Measured != 600 || !strings.Contains(because(a), "its clock is off by") || !strings.Contains(because(a), "33m") {
		t.Errorf("%+v\n%s", clock, because(a))
	}
	if c := l.HostCoverage("s", "h", hour(0), hour(4)); c.Clock == nil || !c.Clock.Words().Empty() {
		t.Errorf("before the jump: %+v %q", c.Clock, c.Clock.Words().EN)
	}
}
