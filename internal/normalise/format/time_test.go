package format

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

// readAs reads a text in a zone and says what came of it: instant and quality.
func readAs(s string, zone *time.Location, from event.ZoneSource) string {
	c, ok := ParseTime(s)
	if !ok {
		return "no time"
	}
	var ev event.Event
	c.Set(&Input{Zone: zone, ZoneFrom: from, Reference: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}, &ev)
	if ev.Quality.Original != s {
		return "original " + ev.Quality.Original
	}
	return ev.Time.Format(time.RFC3339Nano) + " " + ev.Quality.String()
}

func TestEveryFormOfATimeIsReadWithWhatItStates(t *testing.T) {
	tokyo := location(t, "Asia/Tokyo")
	for s, want := range map[string]string{
		"2026-04-02T15:04:05.123456789+09:00": "2026-04-02T06:04:05.123456789Z zone=stated precision=ns",
		"2026-04-02 15:04:05 JST":             "2026-04-02T06:04:05Z zone=stated precision=s",
		"2026-04-02 15:04:05 UTC":             "2026-04-02T15:04:05Z zone=stated precision=s",
		"2026-04-02 15:04:05 EST":             "2026-04-02T20:04:05Z zone=assumed precision=s",
		"2026-04-02 15:04:05 XYT":             "2026-04-02T06:04:05Z zone=configured precision=s",
		"2026/04/02 15:04:05":                 "2026-04-02T06:04:05Z zone=configured precision=s",
		"2026/4/2 3:04:05 PM":                 "2026-04-02T06:04:05Z zone=configured precision=s",
		"2026-04-02 12:04:05 am":              "2026-04-01T15:04:05Z zone=configured precision=s",
		"2026/04/02 15:04":                    "2026-04-02T06:04:00Z zone=configured precision=min",
		"2026/04/02 24:00:00":                 "2026-04-02T15:00:00Z zone=configured precision=s",
		"2026/4/2 24:00":                      "2026-04-02T15:00:00Z zone=configured precision=min",
		"2026年4月2日":                           "2026-04-01T15:00:00Z zone=configured precision=day",
		"2026年4月2日(木) 15時4分5秒":                "2026-04-02T06:04:05Z zone=configured precision=s",
		"2026年4月2日（木） 15:04":                  "2026-04-02T06:04:00Z zone=configured precision=min",
		"令和8年4月2日 午後3時5分":                     "2026-04-02T06:05:00Z zone=configured precision=min",
		"令和8年4月2日 午前0時5分":                     "2026-04-01T15:05:00Z zone=configured precision=min",
		"令和8年4月2日 午後3時半":                      "2026-04-02T06:30:00Z zone=configured precision=min",
		"令和元年5月1日 12時頃":                       "2019-05-01T03:00:00Z zone=configured precision=hour about=stated",
		"平成30年3月1日 11時40分頃":                   "2018-03-01T02:40:00Z zone=configured precision=min about=stated",
		"H30.3.1 11:40":                       "2018-03-01T02:40:00Z zone=configured precision=min",
		"R08/04/02 15:04:05":                  "2026-04-02T06:04:05Z zone=configured precision=s",
		"㋿8年4月2日":                             "2026-04-01T15:00:00Z zone=configured precision=day",
		"20260402T150405Z":                    "2026-04-02T15:04:05Z zone=stated precision=s",
		"20260402150405.5":                    "2026-04-02T06:04:05.5Z zone=configured precision=ms",
		"Thu, 02 Apr 2026 15:04:05 +0900":     "2026-04-02T06:04:05Z zone=stated precision=s",
		"Thu, 2 Apr 2026 15:04 GMT":           "2026-04-02T15:04:00Z zone=stated precision=min",
		"2 Apr 2026 15:04:05 +0900 (JST)":     "2026-04-02T06:04:05Z zone=stated precision=s",
		"Thu, 02 Apr 2026 15:04:05 -0000":     "2026-04-02T06:04:05Z zone=configured precision=s",
		"1775109845":                          "2026-04-02T06:04:05Z zone=stated precision=s",
		"1775109845123":                       "2026-04-02T06:04:05.123Z zone=stated precision=ms",
		"1775109845123456":                    "2026-04-02T06:04:05.123456Z zone=stated precision=us",
		"1775109845123456789":                 "2026-04-02T06:04:05.123456789Z zone=stated precision=ns",
		"2017-01-01T08:59:60+09:00":           "2016-12-31T23:59:59.999999999Z zone=stated precision=s leap=second",
		"2017/1/1 8:59:60":                    "2016-12-31T23:59:59.999999999Z zone=configured precision=s leap=second",
		"20170101085960":                      "2016-12-31T23:59:59.999999999Z zone=configured precision=s leap=second",
		"2016-12-31T23:59:59.999999999Z":      "2016-12-31T23:59:59.999999999Z zone=stated precision=ns",
	} {
		if got := readAs(s, tokyo, event.ZoneConfigured); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

func TestWhatIsNoTimeIsNotRead(t *testing.T) {
	for _, s := range []string{
		"2026-04-02 24:00:01", "2026-04-02 25:00:00", "2026/4/2 24:01", "2026-04-02 13:00:00 PM", "令和0年4月2日", "令和8", "H30", "午後3時",
		"平成30年2月29日", "20261302150405", "Thu, 32 Apr 2026 15:04:05 +0900", "2026年4月2日 午後13時5分", "2026年4月2日 午前午後3時", "R2D2",
	} {
		if got := readAs(s, time.UTC, event.ZoneConfigured); got != "no time" {
			t.Errorf("%q: read as %s", s, got)
		}
	}
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// zones are ten with changes of the clocks: half hours, days left out, changes
// at midnight, and one that changes no more.
func zones() []string {
	return []string{
		"America/New_York", "Europe/London", "Europe/Berlin", "Australia/Lord_Howe", "Australia/Sydney",
		"America/Sao_Paulo", "Asia/Tokyo", "Pacific/Apia", "Africa/Casablanca", "America/St_Johns",
	}
}

func TestEveryChangeOfTheClocksIsMarked(t *testing.T) {
	for _, name := range zones() {
		zone := location(t, name)
		changes := 0
		for at := time.Date(1948, 1, 1, 0, 0, 0, 0, zone); at.Year() < 2037; changes++ {
			_, change := at.ZoneBounds()
			if change.IsZero() {
				break
			}
			checkChange(t, zone, change)
			at = change
		}
		if changes == 0 {
			t.Errorf("%s: no change of the clocks was tried", name)
		}
	}
}

// checkChange reads clocks around a change, every quarter of an hour.
func checkChange(t *testing.T, zone *time.Location, change time.Time) {
	before, after := offsetAt(change.Add(-1), zone), offsetAt(change, zone)
	low, high := change.UTC().Add(min(before, after)), change.UTC().Add(max(before, after))
	for wall := low.Add(-time.Hour); wall.Before(high.Add(time.Hour)); wall = wall.Add(15 * time.Minute) {
		want := event.FoldNone
		if inside := !wall.Before(low) && wall.Before(high); inside && before > after {
			want = event.FoldAmbiguous
		} else if inside && before < after {
			want = event.FoldSkipped
		}
		got, fold := Resolve(wall, zone)
		if fold != want {
			t.Fatalf("%s %s: fold %q, want %q", zone, wall.Format(time.DateTime), fold, want)
		}
		shown := got.In(zone).Format(time.DateTime)
		switch {
		case fold != event.FoldSkipped && shown != wall.Format(time.DateTime):
			t.Fatalf("%s %s was read as %s", zone, wall.Format(time.DateTime), shown)
		case fold == event.FoldSkipped && !got.Equal(wall.Add(-before)):
			t.Fatalf("%s %s was not shifted forward: %s", zone, wall.Format(time.DateTime), shown)
		case fold == event.FoldAmbiguous && !got.Before(change):
			t.Fatalf("%s %s: not the earlier instant", zone, wall.Format(time.DateTime))
		}
	}
}

func TestAZonesNameTellsTheTwoInstantsApart(t *testing.T) {
	berlin := location(t, "Europe/Berlin")
	for s, want := range map[string]string{
		"2025-10-26 02:30:00":      "2025-10-26T00:30:00Z zone=configured precision=s fold=ambiguous",
		"2025-10-26 02:30:00 CEST": "2025-10-26T00:30:00Z zone=stated precision=s",
		"2025-10-26 02:30:00 CET":  "2025-10-26T01:30:00Z zone=stated precision=s",
		"2025-03-30 02:30:00":      "2025-03-30T01:30:00Z zone=configured precision=s fold=skipped",
	} {
		if got := readAs(s, berlin, event.ZoneConfigured); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

// TestATimeIsReadBackWithinItsPrecision writes random instants in random zones in
// every form, and reads them back.
func TestATimeIsReadBackWithinItsPrecision(t *testing.T) {
	forms := map[string]time.Duration{
		time.RFC3339Nano: time.Nanosecond, "2006-01-02 15:04:05.000000-0700": time.Microsecond, "2006/01/02 15:04:05.000": time.Millisecond,
		"2006/01/02 15:04:05": time.Second, "2006/1/2 15:04": time.Minute, "2006年1月2日 15時04分05秒": time.Second, "2006年1月2日 15時": time.Hour,
		"2006年1月2日": 24 * time.Hour, "20060102150405": time.Second, "20060102T150405.000Z0700": time.Millisecond,
		"Mon, 02 Jan 2006 15:04:05 -0700": time.Second, "2006-01-02 03:04:05 PM": time.Second, "2006/1/2 3:04 pm": time.Minute,
		"era": time.Minute, "epoch": time.Nanosecond, "02/Jan/2006:15:04:05 -0700": time.Second,
	}
	names := zones()
	rapid.Check(t, func(rt *rapid.T) {
		zone := location(t, rapid.SampledFrom(names).Draw(rt, "zone"))
		at := time.Unix(rapid.Int64Range(1e9, 2.1e9).Draw(rt, "seconds"), rapid.Int64Range(0, 999999999).Draw(rt, "nanos")).In(zone)
		for layout, unit := range forms {
			s := written(at, layout)
			c, ok := ParseTime(s)
			if !ok {
				rt.Fatalf("%q is not read", s)
			}
			var ev event.Event
			c.Set(&Input{Zone: zone, ZoneFrom: event.ZoneConfigured}, &ev)
			reach := unit
			if ev.Quality.Fold != event.FoldNone {
				reach += 24 * time.Hour // Apia left a day out
			}
			if unit == 24*time.Hour {
				reach += time.Hour // a day of 25 hours
			}
			if d := at.Sub(ev.Time); d < 0 || d >= reach {
				rt.Fatalf("%q in %s: read as %s, %s from %s", s, zone, ev.Time, d, at)
			}
			if ev.Quality.Fold == event.FoldNone && ev.Quality.Uncertainty() != unit {
				rt.Fatalf("%q: uncertainty %s, want %s", s, ev.Quality.Uncertainty(), unit)
			}
		}
	})
}

func written(at time.Time, layout string) string {
	switch layout {
	case time.RFC3339Nano:
		return at.Format("2006-01-02T15:04:05.000000000Z07:00")
	case "epoch":
		return fmt.Sprint(at.UnixNano())
	case "era":
		half, hour := "午前", at.Hour()
		if hour >= 12 {
			half, hour = "午後", hour-12
		}
		if year := at.Year() - 2018; year > 0 {
			return fmt.Sprintf("令和%d年%d月%d日 %s%d時%d分", year, at.Month(), at.Day(), half, hour, at.Minute())
		}
		return fmt.Sprintf("平成%d年%d月%d日 %s%d時%d分", at.Year()-1988, at.Month(), at.Day(), half, hour, at.Minute())
	}
	return at.Format(layout)
}

func TestTheYearIsInferredOverNewYear(t *testing.T) {
	tokyo := location(t, "Asia/Tokyo")
	for _, c := range []struct{ text, reference, want string }{
		{"Dec 31 23:59:58", "2026-01-01T00:00:02+09:00", "2025-12-31T14:59:58Z"},
		{"Jan  1 00:00:01", "2025-12-31T23:59:59+09:00", "2025-12-31T15:00:01Z"}, // a clock ahead
		{"Jan  1 00:00:01", "2026-01-01T00:00:02+09:00", "2025-12-31T15:00:01Z"},
		{"Feb 29 12:00:00", "2026-03-01T00:00:00+09:00", "2024-02-29T03:00:00Z"},
		{"Feb 29 12:00:00", "2103-03-01T00:00:00+09:00", "2096-02-29T03:00:00Z"},
	} {
		reference, err := time.Parse(time.RFC3339, c.reference)
		m, _, ok := BSDTime(c.text)
		if err != nil || !ok {
			t.Fatal(err, ok)
		}
		var ev event.Event
		m.Set(&Input{Zone: tokyo, ZoneFrom: event.ZoneConfigured, Reference: reference}, &ev)
		if got := ev.Time.Format(time.RFC3339); got != c.want || !ev.Quality.YearInferred {
			t.Errorf("%s seen %s: %s %s, want %s", c.text, c.reference, got, ev.Quality, c.want)
		}
	}
}

// TestEveryLeapSecondIsKept reads the end of each day that had a leap second.
func TestEveryLeapSecondIsKept(t *testing.T) {
	december := []int{1972, 1973, 1974, 1975, 1976, 1977, 1978, 1979, 1987, 1989, 1990, 1995, 1998, 2005, 2008, 2016}
	june := []int{1972, 1981, 1982, 1983, 1985, 1992, 1993, 1994, 1997, 2012, 2015}
	var days []time.Time
	for _, y := range december {
		days = append(days, time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC))
	}
	for _, y := range june {
		days = append(days, time.Date(y, 6, 30, 0, 0, 0, 0, time.UTC))
	}
	for _, day := range days {
		end := day.Add(24*time.Hour - 1)
		want := end.Format(time.RFC3339Nano) + " zone=stated precision=s leap=second"
		for _, s := range []string{day.Format("2006-01-02T") + "23:59:60Z", strings.Replace(end.In(time.FixedZone("", 9*3600)).Format("2006-01-02T15:04:05-07:00"), ":59+", ":60+", 1)} {
			if got := readAs(s, time.UTC, event.ZoneAssumed); got != want {
				t.Errorf("%s: got %s, want %s", s, got, want)
			}
		}
	}
}

// FuzzParseTime feeds any text to the scanners: they must neither crash nor read
// more than there is, and what they read must have a time of day that exists.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-04-02T15:04:05Z", "令和8年4月2日 午後3時5分頃", "Thu, 02 Apr 2026 15:04:05 +0900 (JST)", "20170101085960", "H30.3.1 24:00", "2026/4/2 3:04:05 PM", "1775109845.5", "2018年3月1日（木）"} {
		f.Add(s)
	}
	zone := location(f, "America/New_York")
	f.Fuzz(func(t *testing.T, s string) {
		if c, n, ok := ScanTime(s); ok && (n > len(s) || c.Text != s[:n]) {
			t.Fatalf("%q: read %d bytes, text %q", s, n, c.Text)
		}
		c, ok := ParseTime(s)
		if !ok {
			return
		}
		var ev event.Event
		c.Set(&Input{Zone: zone, ZoneFrom: event.ZoneAssumed}, &ev)
		if q := ev.Quality; event.ParseQuality(q.String()) != (event.Quality{Zone: q.Zone, YearInferred: q.YearInferred, Precision: q.Precision, Fold: q.Fold, Leap: q.Leap, About: q.About}) {
			t.Fatalf("%q: quality %q does not survive its text", s, q)
		}
	})
}
