package offset

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func start() time.Time { return time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) }

// arrival makes an event that was received some time after the start and states
// a time that much earlier.
func arrival(at, difference time.Duration) event.Event {
	rx := start().Add(at)
	return event.Event{Source: "web", Host: "web01", TimeRx: rx, Time: rx.Add(-difference),
		Quality: event.Quality{Zone: event.ZoneStated, Precision: event.PrecisionMilli}}
}

func estimates(t testing.TB, parts ...[]event.Event) []Estimate {
	t.Helper()
	var all [][]Summary
	for _, part := range parts {
		var b Builder
		for i := range part {
			b.Add(&part[i], true)
		}
		back, err := Unmarshal(Marshal(b.Summaries()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, back)
	}
	return Merge(all...)
}

func TestTheLeastDelayIsTheOffset(t *testing.T) {
	var events []event.Event
	for i := range 100 { // a clock two minutes behind, delays of up to 50 s
		events = append(events, arrival(time.Duration(i)*time.Second, 2*time.Minute+time.Duration(i/2)*time.Second))
	}
	got := estimates(t, events)
	if len(got) != 1 || got[0].Count != 100 || got[0].Offset() < 112*time.Second || got[0].Offset() > 132*time.Second || got[0].HighMS < 155_000 {
		t.Errorf("got %+v", got)
	}
}

func TestWhatSaysNothingOfAClockDoesNotCount(t *testing.T) {
	assumed, day, own, inferred := arrival(0, 0), arrival(0, 0), arrival(0, 0), arrival(0, 0)
	assumed.Quality.Zone = event.ZoneAssumed
	day.Quality.Precision = event.PrecisionMinute
	own.Source = event.OwnPrefix + "access"
	inferred.Quality.YearInferred = true
	var b Builder
	for _, ev := range []event.Event{assumed, day, own, inferred} {
		b.Add(&ev, true)
	}
	stale := arrival(0, 0)
	b.Add(&stale, false)
	if got := b.Summaries(); got != nil {
		t.Errorf("got %+v", got)
	}
}

func TestAClockThatIsSetIsAJump(t *testing.T) {
	var events []event.Event
	for hour := range 4 {
		for i := range 20 {
			off := -90 * time.Second
			if hour >= 2 {
				off = 200 * time.Millisecond
			}
			events = append(events, arrival(time.Duration(hour)*time.Hour+time.Duration(i)*time.Minute, off+time.Duration(i)*time.Millisecond))
		}
	}
	got := Jumps(estimates(t, events))
	if len(got) != 1 || !got[0].At.Equal(start().Add(2*time.Hour)) || got[0].FromMS > -80_000 || got[0].ToMS > 300 {
		t.Errorf("got %+v", got)
	}
}

func TestASlowWayIsNoJump(t *testing.T) {
	var events []event.Event
	for hour := range 4 {
		for i := range 20 {
			events = append(events, arrival(time.Duration(hour)*time.Hour+time.Duration(i)*time.Minute, time.Duration(1+(i+5*hour)%20)*time.Second))
		}
	}
	if got := Jumps(estimates(t, events)); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
}

func TestBucketsAreAnEighthWide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64().Draw(t, "ms")
		if ms == math.MinInt64 {
			return
		}
		m := middle(bucketOf(ms))
		if d := abs(m-ms) / 2; d > abs(ms)/steps/2+1 {
			t.Fatalf("%d becomes %d", ms, m)
		}
	})
	for ms := range int64(5000) {
		if a, b := bucketOf(ms), bucketOf(ms+1); b < a || b > a+1 {
			t.Fatalf("buckets of %d: %d, %d", ms, a, b)
		}
	}
}

// TestAnyPartsGiveTheSameEstimates compares with sorting all differences.
func TestAnyPartsGiveTheSameEstimates(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		order := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0))
		parts := make([][]event.Event, 4)
		var events []event.Event
		var all []int16
		for range rapid.IntRange(1, 200).Draw(r, "events") {
			ev := arrival(time.Duration(order.IntN(3600))*time.Second, time.Duration(order.NormFloat64()*float64(time.Hour)))
			events = append(events, ev)
			all = append(all, bucketOf(ev.TimeRx.Sub(ev.Time).Milliseconds()))
			i := order.IntN(len(parts))
			parts[i] = append(parts[i], ev)
		}
		slices.Sort(all)
		n := int64(len(all))
		want := []Estimate{{Source: "web", Host: "web01", From: start(), To: start().Add(time.Hour), Count: n,
			LowMS: middle(all[rank(n, 5)]), MedianMS: middle(all[rank(n, 50)]), HighMS: middle(all[rank(n, 95)])}}
		if diff := gocmp.Diff(want, estimates(t, parts...)); diff != "" {
			r.Fatal(diff)
		}
		if diff := gocmp.Diff(want, estimates(t, events)); diff != "" {
			r.Fatal(diff)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	var b Builder
	for i := range 30 {
		ev := arrival(time.Duration(i)*time.Hour, time.Duration(i*i)*time.Second)
		b.Add(&ev, true)
	}
	f.Add(Marshal(b.Summaries()))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := Unmarshal(b)
		if err != nil {
			return
		}
		again, err := Unmarshal(Marshal(all))
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(all, again); diff != "" {
			t.Fatal(diff)
		}
		Jumps(Merge(all))
	})
}
