package event

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPeriodsReadAsTheyAreWritten(t *testing.T) {
	for _, s := range []string{"1h", "36h", "400d", "12mo", "2y", "100y", "forever"} {
		p, err := ParsePeriod(s)
		if err != nil || p.String() != s {
			t.Errorf("%q reads as %q, %v", s, p, err)
		}
	}
}

func TestWhatIsNoPeriodIsRefusedWithWhatToWriteInstead(t *testing.T) {
	for s, want := range map[string]string{
		"": "no unit", "400": "400d for days", "12m": "12mo for months", "d": "whole number and one unit", "-7d": "whole number",
		"1.5y": "whole number", "1y6mo": "whole number", "7 d": "36h, 400d", "0d": "1d or more", "101y": "forever", "99999999999999999999d": "forever",
		"7D": "36h, 400d", "7w": "36h, 400d", "Forever": "36h, 400d", "٧d": "36h, 400d", strings.Repeat("9", 5000) + "x": "…",
	} {
		if p, err := ParsePeriod(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q reads as %q, %v; want %q", s, p, err, want)
		}
	}
}

func TestAMonthEndsWithinTheMonth(t *testing.T) {
	at := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	if got := Months(1).After(at).Format(time.DateOnly); got != "2026-02-28" {
		t.Errorf("a month after 31 January is %s", got)
	}
	if got := Months(11).Before(at).Format(time.DateOnly); got != "2025-02-28" {
		t.Errorf("eleven months before 31 January 2026 is %s", got)
	}
	if !Days(365).Shorter(Months(12)) || Days(366).Shorter(Months(12)) || Months(12).Shorter(Months(12)) || Forever().Shorter(Months(1)) || !Months(1).Shorter(Forever()) {
		t.Error("a year can have 366 days, and nothing is longer than forever")
	}
}

// TestNothingIsOldEnoughBeforeItsTime ties the two ways of asking together: a
// record is never let go before the instant that people are shown.
func TestNothingIsOldEnoughBeforeItsTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Period{rapid.IntRange(1, 48).Draw(t, "n"), unit(rapid.IntRange(int(unitHour), int(unitYear)).Draw(t, "unit"))}
		received := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "received"), 0)
		now := p.After(received).Add(time.Duration(rapid.Int64Range(-5, 5).Draw(t, "days")) * 24 * time.Hour)
		if received.Before(p.Before(now)) && now.Before(p.After(received)) {
			t.Fatalf("%s received %s is let go on %s, promised until %s", p, received.UTC(), now, p.After(received))
		}
		text, _ := p.MarshalText()
		var back Period
		if err := back.UnmarshalText(text); err != nil || back != p {
			t.Fatalf("%s reads back as %s, %v", p, back, err)
		}
	})
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"400d", "12mo", "2y", "forever", "0h", "9999999999999999999999y", "1y1d", "-1d", "１d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePeriod(s)
		if err != nil {
			if len(err.Error()) > 600 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		again, err := ParsePeriod(p.String())
		if err != nil || again != p {
			t.Errorf("%q reads as %s and that as %s, %v", s, p, again, err)
		}
		at := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
		if !p.Endless() && (!p.After(at).After(at) || !p.Before(at).Before(at)) {
			t.Errorf("%s moves no time", p)
		}
	})
}
