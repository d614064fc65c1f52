package clock

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func book(t testing.TB) *Book {
	t.Helper()
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// recorded makes facts of "time key value" lines.
func recorded(t testing.TB, lines ...string) []Fact {
	t.Helper()
	var out []Fact
	for i, line := range lines {
		f := strings.Fields(line)
		out = append(out, Fact{At: at(t, f[0]), Key: f[1], Value: f[2], By: "aya", Record: uint64(i + 1)})
	}
	return out
}

func one(t testing.TB, clocks []Clock, id string) Clock {
	t.Helper()
	for _, c := range clocks {
		if c.Rule.ID == id {
			return c
		}
	}
	t.Fatalf("no clock %s", id)
	return Clock{}
}

func day(t time.Time, z *time.Location) string { return t.In(z).Format("01-02") }

// TestRulesOf2022GiveTheDaysOfPublishedIncidents applies them to three incidents:
// a wipe of which the company knew on 03-03, ransomware (06-05), a mistake (06-25).
func TestRulesOf2022GiveTheDaysOfPublishedIncidents(t *testing.T) {
	jst := zone(t, "Asia/Tokyo")
	for _, c := range []struct{ aware, from, to, final string }{
		{"2018-03-03T20:00:00+09:00", "03-06", "03-08", "05-01"},
		{"2023-06-05", "06-08", "06-10", "08-03"},
		{"2018-06-25T17:00:00+09:00", "06-28", "06-30", "08-23"},
	} {
		facts := recorded(t, "2024-01-01T00:00:00Z aware "+c.aware, "2024-01-01T00:00:00Z personal_data yes", "2024-01-01T00:00:00Z cause malicious")
		clocks := book(t).Compute(facts, nil, at(t, "2024-01-01T00:00:00Z"), jst)
		first, final := one(t, clocks, "appi-preliminary"), one(t, clocks, "appi-final")
		got := []string{day(first.Due.Earliest, jst), day(first.Due.Latest, jst), day(final.Due.Latest, jst)}
		if diff := cmp.Diff([]string{c.from, c.to, c.final}, got); diff != "" {
			t.Errorf("aware %s: %s", c.aware, diff)
		}
	}
}

// TestReportsOfTheDayAreInTime has reports 3 and 44 days after the company knew.
func TestReportsOfTheDayAreInTime(t *testing.T) {
	facts := recorded(t, "2023-06-05T07:00:00Z aware 2023-06-05", "2023-06-05T07:00:00Z personal_data yes", "2023-06-05T07:00:00Z cause malicious")
	subs := []Submission{{Rule: "appi-preliminary", At: at(t, "2023-06-08T17:00:00+09:00")}, {Rule: "appi-final", At: at(t, "2023-07-19T17:00:00+09:00")}}
	clocks := book(t).Compute(facts, subs, at(t, "2023-12-01T00:00:00Z"), zone(t, "Asia/Tokyo"))
	for _, id := range []string{"appi-preliminary", "appi-final"} {
		if c := one(t, clocks, id); c.State != InTime {
			t.Errorf("%s is %s", id, c.State)
		}
	}
	subs[1].At = at(t, "2023-08-04T00:00:00+09:00")
	if c := one(t, book(t).Compute(facts, subs, subs[1].At, zone(t, "Asia/Tokyo")), "appi-final"); c.State != SubmittedLate {
		t.Errorf("a report after the last day is %s", c.State)
	}
}

// TestACauseThatChangesMovesTheDeadlineAndSaysSo is the mistake that was first
// taken for an intrusion: 60 days become 30, and few persons end the duty.
func TestACauseThatChangesMovesTheDeadlineAndSaysSo(t *testing.T) {
	jst := zone(t, "Asia/Tokyo")
	facts := recorded(t,
		"2018-06-25T17:30:00+09:00 aware 2018-06-25T17:00:00+09:00",
		"2018-06-25T17:31:00+09:00 personal_data yes",
		"2018-06-25T17:32:00+09:00 cause malicious",
		"2018-06-28T13:00:00+09:00 cause mistake",
		"2018-06-29T09:00:00+09:00 sensitive no",
		"2018-06-29T09:01:00+09:00 property_damage no",
		"2018-06-29T10:00:00+09:00 persons 0-900")
	c := one(t, book(t).Compute(facts, nil, at(t, "2018-07-01T00:00:00Z"), jst), "appi-final")
	var got []string
	for _, h := range c.History {
		due := "-"
		if !h.Due.Latest.IsZero() {
			due = day(h.Due.Earliest, jst) + "…" + day(h.Due.Latest, jst)
		}
		got = append(got, fmt.Sprint(h.Record, " ", h.State, " ", due, " ", h.Text.EN))
	}
	want := []string{
		"1 possible 07-24…08-23 when the company became aware: 2018-06-25T17:00:00+09:00 (its time is set)",
		"3 running 08-23…08-23 cause: improper purpose (it applies)",
		"4 possible 07-24…07-24 cause: improper purpose → mistake (whether it applies is no longer certain)",
		"7 not_applicable - number of persons: 0-900 (it no longer applies)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.State != NotApplicable || len(c.Because) == 0 {
		t.Errorf("%s because %v", c.State, c.Because)
	}
}

func TestWhatIsNotKnownMakesADeadlinePossible(t *testing.T) {
	facts := recorded(t, "2026-11-01T00:00:00Z aware 2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z personal_data yes")
	now := at(t, "2026-11-02T00:00:00Z")
	for id, because := range map[string]string{
		"appi-final":     "cause", // and others
		"gdpr-authority": "data of persons in the EU",
		"sec-8k":         "reports to the US SEC",
		"tse-disclosure": "listed in Japan",
	} {
		c := one(t, book(t).Compute(facts, nil, now, time.UTC), id)
		if c.State != Possible || len(c.Because) == 0 || !strings.Contains(c.Because[0].EN, because) {
			t.Errorf("%s is %s because %v", id, c.State, c.Because)
		}
	}
	for _, f := range []string{"encrypted yes", "personal_data no"} {
		c := one(t, book(t).Compute(append(facts, recorded(t, "2026-11-02T00:00:00Z "+f)...), nil, now, time.UTC), "appi-final")
		if c.State != NotApplicable {
			t.Errorf("%s: %s", f, c.State)
		}
	}
}

func TestHoursRunAndRunOut(t *testing.T) {
	facts := recorded(t, "2026-11-01T00:00:00Z aware 2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z personal_data yes", "2026-11-01T00:00:00Z eu_persons yes", "2026-11-01T00:00:00Z eu_low_risk no")
	for now, want := range map[string]State{
		"2026-11-01T12:00:00Z": Running, "2026-11-03T08:00:00Z": DueSoon, "2026-11-04T00:00:00Z": DueSoon, "2026-11-04T00:00:01Z": Late,
	} {
		if c := one(t, book(t).Compute(facts, nil, at(t, now), time.UTC), "gdpr-authority"); c.State != want {
			t.Errorf("at %s it is %s, want %s", now, c.State, want)
		}
	}
}

func TestBusinessDaysSkipHolidaysAndEndWithTheCalendar(t *testing.T) {
	ny := zone(t, "America/New_York")
	for start, want := range map[string]string{
		"2026-11-24T15:00:00-05:00": "2026-12-01", // Thanksgiving and a weekend between
		"2026-11-21T15:00:00-05:00": "2026-11-27", // decided on a Saturday
		"2026-12-31T15:00:00-05:00": "2027-01-07",
		"2023-06-14T23:30:00-04:00": "2023-06-21", // Juneteenth
	} {
		c := one(t, book(t).Compute(recorded(t, "2026-11-01T00:00:00Z sec_registrant yes", "2026-11-01T00:00:00Z material_decided "+start), nil, at(t, "2026-11-01T00:00:00Z"), zone(t, "Asia/Tokyo")), "sec-8k")
		if got := c.Due.Latest.In(ny).Format(time.DateOnly); got != want {
			t.Errorf("decided %s: due %s, want %s", start, got, want)
		}
	}
	c := one(t, book(t).Compute(recorded(t, "2026-11-01T00:00:00Z sec_registrant yes", "2026-11-01T00:00:00Z material_decided 2027-12-30"), nil, at(t, "2026-11-01T00:00:00Z"), time.UTC), "sec-8k")
	if !c.Due.Latest.IsZero() || len(c.Because) != 1 || !strings.Contains(c.Because[0].EN, "2017 to 2027") {
		t.Errorf("beyond the calendar: due %v because %v", c.Due, c.Because)
	}
}

func TestAFinalReportFollowsTheNotification(t *testing.T) {
	facts := recorded(t, "2026-01-01T00:00:00Z aware 2026-01-28T10:00:00Z", "2026-01-01T00:00:00Z essential_entity yes", "2026-01-01T00:00:00Z significant yes")
	b := book(t)
	if got := one(t, b.Compute(facts, nil, at(t, "2026-01-29T00:00:00Z"), time.UTC), "nis2-final").Due.Latest.Format(time.DateOnly); got != "2026-02-28" {
		t.Errorf("a month after the deadline of 01-31 is %s", got)
	}
	subs := []Submission{{Rule: "nis2-notification", At: at(t, "2026-01-29T00:00:00Z"), Record: 9}}
	c := one(t, b.Compute(facts, subs, at(t, "2026-02-01T00:00:00Z"), time.UTC), "nis2-final")
	if last := c.History[len(c.History)-1]; last.Record != 9 || c.StartedBy != "nis2-notification" {
		t.Errorf("started by %s, last change %+v", c.StartedBy, last)
	}
}

func TestContractsAddDeadlines(t *testing.T) {
	p := Named{Label: States()[0].Label}.Label
	r, err := Contract("cl1", p, p, "partner_informed", "2bd", "", nil, p)
	if err != nil {
		t.Fatal(err)
	}
	b, err := book(t).With(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check("partner_informed", "2026-12-28"); err != nil {
		t.Error(err)
	}
	c := one(t, b.Compute(recorded(t, "2026-12-28T00:00:00Z partner_informed 2026-12-28"), nil, at(t, "2026-12-28T00:00:00Z"), time.UTC), "cl1")
	if got := c.Due.Latest.Format(time.DateOnly); got != "2027-01-05" { // the year's turn is closed
		t.Errorf("two business days after 12-28 is %s", got)
	}
	if _, err := b.With(r); !errors.Is(err, ErrInvalid) {
		t.Errorf("the same rule twice: %v", err)
	}
}

func TestEveryRuleSaysHowItWasVerifiedAndAsksForCounsel(t *testing.T) {
	for _, c := range book(t).Compute(nil, nil, time.Time{}, time.UTC) {
		if c.Counsel.Empty() || c.Verified.Empty() || c.Rule.Source == "" || c.Rule.Verified == "" || len(c.Rule.Items) == 0 {
			t.Errorf("%s lacks its source, items or counsel", c.Rule.ID)
		}
		if c.State != Possible {
			t.Errorf("%s of a case without facts is %s", c.Rule.ID, c.State)
		}
		for _, it := range c.Rule.Items {
			if it.Text.JA == "" || it.Text.EN == "" || len(it.From) == 0 {
				t.Errorf("%s: item %+v", c.Rule.ID, it)
			}
		}
	}
	keys, err := Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Label.JA == "" || k.Label.EN == "" || k.Help.JA == "" || k.Help.EN == "" || !slices.Contains([]string{Instant, YesNo, Range, Choice}, k.Type) {
			t.Errorf("fact %+v", k)
		}
	}
}

func TestValuesAreChecked(t *testing.T) {
	b := book(t)
	for _, ok := range []string{"aware 2026-11-22", "aware 2026-11-22T14:00:00.5+09:00", "persons 0-1585", "persons -3400", "persons 100-", "persons 7", "persons unknown", "cause mistake", "listed unknown"} {
		if k, v, _ := strings.Cut(ok, " "); b.Check(k, v) != nil {
			t.Errorf("%s: %v", ok, b.Check(k, v))
		}
	}
	for _, bad := range []string{"aware 14:00", "aware 2026-11-22T14:00:00", "persons -", "persons 9-3", "persons many", "cause war", "listed maybe", "whatever yes"} {
		if k, v, _ := strings.Cut(bad, " "); !errors.Is(b.Check(k, v), ErrInvalid) {
			t.Errorf("%s: %v", bad, b.Check(k, v))
		}
	}
}

func TestRulesThatCannotBeUsedAreRefused(t *testing.T) {
	const good = `[{id: x, regime: own, name: {en: n}, recipient: {en: r}, starts: [aware], deadlines: [{within: 3d}]}]`
	if _, err := book(t).Add(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for _, swap := range [][2]string{
		{"starts: [aware]", "starts: [cause]"}, {"starts: [aware]", "after: x"}, {"starts: [aware]", "after: nis2-final"}, {"starts: [aware]", ""},
		{"starts: [aware]", "starts: [aware], zone: Mars/Base"}, {"3d", "3w"}, {"3d", "0d"}, {"3d", "99999d"}, {"3d", "2bd"}, {"id: x", "id: appi-final"}, {"id: x", "id: x y"},
		{"{within: 3d}", "{within: 3d, when: {fact: cause, is: mistake}}"}, {"deadlines: [{within: 3d}]", "deadlines: []"},
		{"starts", "when: {fact: cause, over: 3}, starts"}, {"starts", "when: {fact: nothing, is: yes}, starts"}, {"starts", "when: {all: [], any: []}, starts"}, {"starts", "unknown_name: 1, starts"},
	} {
		text := strings.Replace(good, swap[0], swap[1], 1)
		if _, err := book(t).Add(strings.NewReader(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestEveryChangeIsKept: a cause that changes a thousand times moves the deadline
// each time but the first, when nobody was aware yet.
func TestEveryChangeIsKept(t *testing.T) {
	var facts []Fact
	for i := range 1000 {
		facts = append(facts, Fact{Key: "cause", Value: []string{"malicious", "mistake"}[i%2], At: time.Unix(int64(i), 0), Record: uint64(2 * i)},
			Fact{Key: "aware", Value: "2026-11-01", At: time.Unix(int64(i), 0), Record: uint64(2*i + 1)})
	}
	c := one(t, book(t).Compute(facts, nil, time.Unix(0, 0), time.UTC), "appi-final")
	if len(c.History) != 1000 {
		t.Errorf("%d changes", len(c.History))
	}
}
