package clock

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func drawZone(t *rapid.T, tb testing.TB) *time.Location {
	return zone(tb, rapid.SampledFrom([]string{"Asia/Tokyo", "UTC", "America/New_York", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"}).Draw(t, "zone"))
}

func drawTime(t *rapid.T, name string) time.Time {
	return time.Unix(rapid.Int64Range(1486000000, 1798761599).Draw(t, name), 0).UTC() // 2017 to 2026
}

// drawFacts draws a history of facts, each recorded a while after the one before.
func drawFacts(t *rapid.T, b *Book) []Fact {
	keys, err := Keys()
	if err != nil {
		t.Fatal(err)
	}
	when := drawTime(t, "first")
	var out []Fact
	for i := range rapid.IntRange(0, 14).Draw(t, "facts") {
		k := rapid.SampledFrom(keys).Draw(t, "key")
		f := Fact{Key: k.Key, At: when, Record: uint64(i + 1)}
		switch k.Type {
		case Instant:
			f.Value = drawTime(t, "instant").Format(time.RFC3339)
		case Range:
			f.Value = rapid.SampledFrom([]string{"5", "2000", "0-5000", "1001-", "-900", "unknown"}).Draw(t, "range")
		default:
			f.Value = rapid.SampledFrom(k.Choices).Draw(t, "choice").Value
		}
		if err := b.Check(f.Key, f.Value); err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
		when = when.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "hours")) * time.Hour)
	}
	return out
}

// TestHistoryOnlyGrows: what was due at a time does not change by what is recorded
// later, and computing again, with the facts in any order, gives the same.
func TestHistoryOnlyGrows(t *testing.T) {
	b := book(t)
	rapid.Check(t, func(rt *rapid.T) {
		facts, z, now := drawFacts(rt, b), drawZone(rt, t), drawTime(rt, "now")
		whole := b.Compute(facts, nil, now, z)
		shuffled := rapid.Permutation(facts).Draw(rt, "order")
		if diff := cmp.Diff(whole, b.Compute(shuffled, nil, now, z), cmpopts.IgnoreUnexported(Rule{}), cmpopts.IgnoreFields(Rule{}, "When", "Deadlines")); diff != "" {
			rt.Fatal(diff)
		}
		part := b.Compute(facts[:rapid.IntRange(0, len(facts)).Draw(rt, "cut")], nil, now, z)
		for i := range part {
			if diff := cmp.Diff(part[i].History, whole[i].History[:len(part[i].History)], cmpopts.EquateEmpty()); diff != "" {
				rt.Fatal(diff)
			}
			if n := len(whole[i].History); n > 0 && !cmp.Equal(whole[i].History[n-1].Due, whole[i].Due) {
				rt.Fatalf("the last change of %s leaves %v, due is %v", whole[i].Rule.ID, whole[i].History[n-1].Due, whole[i].Due)
			}
		}
	})
}

// TestKnowingLaterNeverMeansDueEarlier, whatever the zone, month and year.
func TestKnowingLaterNeverMeansDueEarlier(t *testing.T) {
	b := book(t)
	rapid.Check(t, func(rt *rapid.T) {
		z := drawZone(rt, t)
		a := drawTime(rt, "aware")
		later := a.Add(time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(rt, "later")))
		if later.Year() > 2026 {
			rt.Skip()
		}
		unit := rapid.SampledFrom([]Unit{Hours, Days, BusinessDays, Months}).Draw(rt, "unit")
		n, one := rapid.IntRange(1, 100).Draw(rt, "n"), rapid.Bool().Draw(rt, "day one")
		if unit == BusinessDays {
			n = n%40 + 1
		}
		cal := b.calendars[rapid.SampledFrom([]string{"jp", "us"}).Draw(rt, "calendar")]
		x, err := after(a.In(z), n, unit, one, cal)
		if err != nil {
			rt.Fatal(err)
		}
		y, err := after(later.In(z), n, unit, one, cal)
		if err != nil {
			rt.Fatal(err)
		}
		if y.Before(x) || x.Before(a) {
			rt.Fatalf("%d%s in %s: %s is due %s, %s is due %s", n, unit, z, a, x, later, y)
		}
		if unit != Hours {
			if next := x.Add(time.Nanosecond).In(z); next.Day() == x.In(z).Day() {
				rt.Fatalf("%s is not the end of a day in %s", x.In(z), z)
			}
		}
	})
}

// TestDaysAreCountedOnTheCalendar compares with counting days one by one.
func TestDaysAreCountedOnTheCalendar(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		z := drawZone(rt, t)
		start := drawTime(rt, "start").In(z)
		n := rapid.IntRange(1, 800).Draw(rt, "n")
		due, err := after(start, n, Days, false, nil)
		if err != nil {
			rt.Fatal(err)
		}
		date := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
		for range n {
			date = date.Add(24 * time.Hour)
		}
		if got := due.In(z).Format(time.DateOnly); got != date.Format(time.DateOnly) {
			rt.Fatalf("%d days after %s is %s, not %s", n, start, got, date.Format(time.DateOnly))
		}
		first, _ := after(start, n+1, Days, true, nil)
		if !first.Equal(due) {
			rt.Fatalf("counting the first day: %s, want %s", first, due)
		}
	})
}

// unfold undoes what RFC 5545 3.1 does to long lines.
func unfold(tb rapid.TB, file []byte) []string {
	for line := range bytes.SplitSeq(file, []byte("\r\n")) {
		if len(line) > foldAt || !utf8.Valid(line) || bytes.ContainsAny(line, "\n\r") {
			tb.Fatalf("line of %d bytes: %q", len(line), line)
		}
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(file), "\r\n ", ""), "\r\n"), "\r\n")
}

// TestCalendarKeepsTextsWhole reads back what was written, whatever the text is.
func TestCalendarKeepsTextsWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("期限,;\\\n頃a")))).Draw(rt, "text")
		w := &calendarWriter{}
		w.text("SUMMARY", text)
		lines := unfold(rt, []byte(w.b.String()))
		if len(lines) != 1 {
			rt.Fatalf("%d lines: %q", len(lines), lines)
		}
		got := strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n").Replace(strings.TrimPrefix(lines[0], "SUMMARY:"))
		want := strings.Map(func(r rune) rune {
			if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
				return -1
			}
			return r
		}, strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD"))
		if got != want {
			rt.Fatalf("%q became %q", want, got)
		}
	})
}

func TestCalendarMovesAndCancelsItsEntries(t *testing.T) {
	facts := recorded(t, "2018-06-25T17:30:00+09:00 aware 2018-06-25T17:00:00+09:00", "2018-06-25T17:31:00+09:00 personal_data yes", "2018-06-25T17:32:00+09:00 cause malicious")
	jst := zone(t, "Asia/Tokyo")
	export := func(facts []Fact) string {
		return strings.Join(unfold(t, ICalendar(book(t).Compute(facts, nil, at(t, "2018-06-29T00:00:00Z"), jst), "case-1", at(t, "2018-06-29T00:00:00Z"), "ja")), "\n")
	}
	entry := func(file string) string {
		for e := range strings.SplitSeq(file, "BEGIN:VEVENT\n") {
			if strings.HasPrefix(e, "UID:case-1/appi-final@konseki\n") {
				return e
			}
		}
		t.Fatalf("no entry in %s", file)
		return ""
	}
	first := entry(export(facts))
	for _, want := range []string{"DTSTART:20180823T145959Z", "SEQUENCE:2", "STATUS:CONFIRMED", "TRIGGER:-P1D", "弁護士"} {
		if !strings.Contains(first, want) {
			t.Errorf("no %s in\n%s", want, first)
		}
	}
	second := entry(export(append(facts, recorded(t, "2018-06-28T13:00:00+09:00 personal_data no")...)))
	for _, want := range []string{"DTSTART:20180823T145959Z", "SEQUENCE:3", "STATUS:CANCELLED"} {
		if !strings.Contains(second, want) {
			t.Errorf("no %s in\n%s", want, second)
		}
	}
	if strings.Contains(second, "VALARM") {
		t.Error("what no longer applies still rings")
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte(`[{id: x, regime: own, name: {en: n}, recipient: {en: r}, starts: [aware], when: {any: [{fact: persons, over: 3}]}, deadlines: [{within: 3-5d}]}]`), "2018-02-28", "3-9")
	f.Add(rulesFile, "2018-02-28T10:00:00Z", "")
	b := book(f)
	f.Fuzz(func(t *testing.T, file []byte, aware, persons string) {
		own, err := b.Add(bytes.NewReader(file))
		if err != nil {
			own = b
		}
		clocks := own.Compute([]Fact{{Key: "aware", Value: aware}, {Key: "persons", Value: persons}}, nil, time.Unix(0, 0), time.UTC)
		unfold(t, ICalendar(clocks, fmt.Sprintf("%.20s", aware), time.Unix(0, 0), "ja"))
	})
}
