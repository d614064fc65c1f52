package investigate

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// seen is a record's time of a quality, by a clock off by so many milliseconds.
func seen(source, quality string, offset ...int64) *Seen {
	s := &Seen{Source: source, Host: "h", Quality: event.ParseQuality(quality)}
	for _, ms := range offset {
		s.Clock = &coverage.ClockState{OffsetMS: ms, LowMS: ms, HighMS: ms, Measured: 9}
	}
	return s
}

func TestOrderIsCertainOnlyBeyondTheUncertainty(t *testing.T) {
	const (
		second  = "zone=stated precision=s"
		minute  = "zone=configured precision=min"
		assumed = "zone=assumed precision=s"
	)
	for name, c := range map[string]struct {
		apart   time.Duration
		a, b    *Seen
		certain bool
	}{
		"seconds, 3 s apart":                 {3 * time.Second, seen("a", second), seen("b", second), true},
		"seconds, 1 s apart":                 {time.Second, seen("a", second), seen("b", second), false},
		"one source within a second":         {0, seen("a", second), seen("a", second), true},
		"a minute against a second":          {50 * time.Second, seen("a", minute), seen("b", second), false},
		"a zone assumed, an hour apart":      {time.Hour, seen("a", assumed), seen("b", second), false},
		"a zone assumed, two days apart":     {48 * time.Hour, seen("a", assumed), seen("b", second), true},
		"one source, its zone assumed":       {time.Second, seen("a", assumed), seen("a", assumed), true},
		"the later clock is 33 min ahead":    {33 * time.Minute, seen("a", second, 0), seen("b", second, -33*60000), false},
		"the later clock is 33 min behind":   {33 * time.Minute, seen("a", second, 0), seen("b", second, 33*60000), true},
		"both are 33 min ahead, 1 h apart":   {time.Hour, seen("a", second, -33*60000), seen("b", second, -33*60000), true},
		"a clock put back, one source":       {time.Minute, seen("a", second+" fold=ambiguous"), seen("a", second), false},
		"no time in the record":              {time.Hour, seen("a", "zone=received precision=unknown"), seen("b", second), false},
		"what people wrote, about":           {10 * time.Minute, nil, seen("b", second), false},
		"what people wrote, about, 1 h ":     {time.Hour, nil, seen("b", second), true},
		"a record that itself says about":    {10 * time.Minute, seen("a", minute+" about=stated"), seen("b", second), false},
		"an hour stated, two hours in doubt": {time.Hour, seen("a", "zone=stated precision=hour"), seen("b", "zone=stated precision=hour"), false},
	} {
		at := time.Date(2018, 3, 1, 2, 40, 0, 0, time.UTC)
		rows := []Row{{At: at, Precision: "exact"}, {At: at.Add(c.apart), Precision: "exact"}}
		if c.a == nil {
			rows[0].Precision = "about"
		}
		MarkOrder(rows, []*Seen{c.a, c.b})
		if rows[0].OrderUncertain == c.certain || rows[1].OrderUncertain == c.certain {
			t.Errorf("%s: uncertain is %v and %v", name, rows[0].OrderUncertain, rows[1].OrderUncertain)
		}
	}
}

func TestWhatPeopleWroteStandsInTheirOrder(t *testing.T) {
	at := time.Date(2018, 3, 1, 2, 40, 0, 0, time.UTC)
	rows := []Row{{At: at, Precision: "exact"}, {At: at, Precision: "exact"}}
	MarkOrder(rows, []*Seen{nil, nil})
	if rows[0].OrderUncertain || rows[0].UncertaintyMS != 0 {
		t.Errorf("%+v", rows[0])
	}
}
