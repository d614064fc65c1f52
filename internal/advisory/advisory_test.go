package advisory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/estate"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

// edition is one of an advisory about org.example:web, affected from 2.0 to
// before 2.4.
func edition(id string, published, modified int, severity string, aliases ...string) notice.Notice {
	return notice.Notice{
		ID: id, Aliases: aliases, Severity: severity, Published: day(published), Modified: day(modified), Record: uint64(100*published + modified), Source: "feed",
		Affected: []notice.Affected{{Ecosystem: "Maven", Package: "org.example:web", Ranges: [][]notice.Mark{{{Kind: "introduced", Version: "2.0"}, {Kind: "fixed", Version: "2.4"}}}}},
	}
}

func runs(host, version string, from, to int) estate.Software {
	s := estate.Software{Host: host, Package: "org.example:web", Version: version, Ecosystem: "Maven"}
	if from > 0 {
		s.From = day(from)
	}
	if to > 0 {
		s.To = day(to)
	}
	return s
}

// told is findings in short.
func told(list []finding.Finding) (out []string) {
	for _, f := range list {
		out = append(out, fmt.Sprintf("%s %s %s %s", f.Time.Format("01-02 15h"), f.RuleID, f.Level, f.Host))
	}
	return out
}

func findings(editions []notice.Notice, rows []estate.Software, acks map[string][]Ack, until int) []string {
	return told(Make(editions, NewInventory(rows), acks).Findings(DefaultEscalation(), day(until)))
}

func TestAVersionIsAffectedByItsEcosystemsOwnOrder(t *testing.T) {
	mark := func(list ...string) (out []notice.Mark) {
		for i := 0; i < len(list); i += 2 {
			out = append(out, notice.Mark{Kind: list[i], Version: list[i+1]})
		}
		return out
	}
	for _, c := range []struct {
		ecosystem string
		marks     []notice.Mark
		in, out   []string
	}{
		{"Maven", mark("introduced", "2.3.5", "fixed", "2.3.32", "introduced", "2.5", "fixed", "2.5.10.1"), []string{"2.3.5", "2.3.31", "2.3.28.1", "2.5", "2.5.10"}, []string{"2.3.4", "2.3.32", "2.3.34", "2.5.10.1", "2.5-BETA1", "6.0"}},
		{"Maven", mark("fixed", "2.5.10.1", "introduced", "2.5", "fixed", "2.3.32", "introduced", "0"), []string{"1.0", "2.5.8"}, []string{"2.3.32", "2.5.10.1"}},
		{"Debian:12", mark("introduced", "0", "fixed", "1:2.4-1+deb12u1"), []string{"1:2.4-1", "2.9-1", "1:2.4-1+deb12u1~rc1"}, []string{"1:2.4-1+deb12u1", "2:0.1-1"}},
		{"npm", mark("introduced", "1.0.0", "last_affected", "1.4.2"), []string{"1.4.2", "1.4.2-rc.1", "1.0.0"}, []string{"1.4.3", "0.9.9", "1.0.0-alpha"}},
		{"PyPI", mark("introduced", "0", "fixed", "2.0"), []string{"2.0rc1", "1.9.post1"}, []string{"2.0.0", "2!0.1"}},
		{"Go", mark("introduced", "0", "limit", "1.2.0"), []string{"1.1.9"}, []string{"1.2.0"}},
	} {
		a := &notice.Affected{Ecosystem: c.ecosystem, Package: "p", Ranges: [][]notice.Mark{c.marks}}
		for _, v := range slices.Concat(c.in, c.out) {
			if is, err := within(a, v); err != nil || is != slices.Contains(c.in, v) {
				t.Errorf("%s %s of %v: %v %v", c.ecosystem, v, c.marks, is, err)
			}
		}
	}
}

func TestAHitIsToldWhenTheAdvisoryIsOutAndTheHostRunsIt(t *testing.T) {
	flaw := []notice.Notice{edition("EX-1", 5, 5, "high", "CVE-2026-1")}
	for _, c := range []struct {
		name string
		rows []estate.Software
		want []string
	}{
		{"ran before", []estate.Software{runs("web1", "2.3", 0, 0)}, []string{"03-05 00h advisory-affected high web1"}},
		{"installed later", []estate.Software{runs("web1", "2.3", 7, 0)}, []string{"03-07 00h advisory-affected high web1"}},
		{"retired before", []estate.Software{runs("web1", "2.3", 0, 4)}, nil},
		{"fixed version", []estate.Software{runs("web1", "2.4", 0, 0)}, nil},
		{"two hosts", []estate.Software{runs("web1", "2.3", 0, 0), runs("web2", "2.0", 0, 0)}, []string{"03-05 00h advisory-affected high web1", "03-05 00h advisory-affected high web2"}},
	} {
		var got []string
		for _, f := range findings(flaw, c.rows, nil, 31) {
			if strings.Contains(f, RuleAffected) {
				got = append(got, f)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestNobodyHasReadItIsSaidUntilSomebodyHas(t *testing.T) {
	flaw, rows := []notice.Notice{edition("EX-1", 5, 5, "high", "CVE-2026-1")}, []estate.Software{runs("web1", "2.3", 0, 0)}
	affected, four, late := "03-05 00h advisory-affected high web1", "03-05 04h advisory-unread high web1", "03-06 00h advisory-unread high web1"
	ack := func(at time.Time) map[string][]Ack { return map[string][]Ack{"CVE-2026-1": {{At: at, By: "sato"}}} }
	for _, c := range []struct {
		name  string
		rows  []estate.Software
		acks  map[string][]Ack
		until int
		want  []string
	}{
		{"nobody", rows, nil, 31, []string{affected, four, late}},
		{"not yet due", rows, nil, 5, []string{affected}},
		{"after an hour", rows, ack(day(5).Add(time.Hour)), 31, []string{affected}},
		{"after five hours", rows, ack(day(5).Add(5 * time.Hour)), 31, []string{affected, four}},
		{"before it was out", rows, ack(day(4)), 31, []string{affected, four, late}},
		{"updated meanwhile", []estate.Software{{Host: "web1", Package: "org.example:web", Version: "2.3", Ecosystem: "Maven", Validity: estate.Validity{To: day(5).Add(6 * time.Hour)}}}, nil, 31, []string{affected, four}},
	} {
		if d := cmp.Diff(c.want, findings(flaw, c.rows, c.acks, c.until)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// TestWhatWasReceivedLateIsNotSaidToBeUnreadSinceItWasPublished: the clock of
// the escalation begins when the advisory could be known.
func TestWhatWasReceivedLateIsNotSaidToBeUnreadSinceItWasPublished(t *testing.T) {
	n := edition("EX-1", 1, 1, "high")
	n.Received = day(20)
	want := []string{"03-01 00h advisory-affected high web1", "03-20 04h advisory-unread high web1", "03-21 00h advisory-unread high web1"}
	if d := cmp.Diff(want, findings([]notice.Notice{n}, []estate.Software{runs("web1", "2.3", 0, 0)}, nil, 31)); d != "" {
		t.Error(d)
	}
}

func TestAnAdvisoryThatGrowsGraverIsToldAgain(t *testing.T) {
	rows := []estate.Software{runs("web1", "2.3", 0, 0)}
	known := notice.Notice{ID: "CVE-2026-1", Exploited: true, Published: day(12), Modified: day(12), Record: 9}
	got := findings([]notice.Notice{edition("EX-1", 5, 5, "low", "CVE-2026-1"), edition("EX-1", 5, 8, "high", "CVE-2026-1"), known}, rows, map[string][]Ack{"EX-1": {{At: day(13)}, {At: day(9)}}}, 31)
	want := []string{
		"03-05 00h advisory-affected low web1", "03-08 00h advisory-affected high web1", "03-08 04h advisory-unread high web1", "03-09 00h advisory-affected x",
		"03-12 00h advisory-affected critical web1", "03-12 04h advisory-unread critical web1",
	}
	want = slices.Delete(want, 3, 4)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAWithdrawnAdvisoryIsNoFinding(t *testing.T) {
	rows := []estate.Software{runs("web1", "2.3", 0, 0)}
	gone := edition("EX-1", 5, 6, "high")
	gone.Withdrawn = day(6)
	b := Make([]notice.Notice{edition("EX-1", 5, 5, "high"), gone}, NewInventory(rows), nil)
	if d := cmp.Diff([]string{"03-05 00h advisory-affected high web1", "03-05 04h advisory-unread high web1"}, told(b.Findings(DefaultEscalation(), day(31)))); d != "" || !b.Flaws[0].Withdrawn(day(6)) || b.Flaws[0].Withdrawn(day(5)) {
		t.Errorf("taken back a day later: %s", d)
	}
	gone.Published = day(6)
	if got := findings([]notice.Notice{gone}, rows, nil, 31); got != nil {
		t.Errorf("known only as taken back: %v", got)
	}
	other := edition("EX-2", 7, 7, "low", "CVE-2026-1") // somebody else upholds it
	gone.Aliases = []string{"CVE-2026-1"}
	if got := findings([]notice.Notice{gone, other}, rows, nil, 31); len(got) != 1 {
		t.Errorf("upheld by another: %v", got)
	}
}

func TestNamesOfAPackageAreTheSameHoweverTheyAreWritten(t *testing.T) {
	for _, c := range []struct {
		row  estate.Software
		a    notice.Affected
		same bool
	}{
		{estate.Software{Package: "web", Ecosystem: "Maven"}, notice.Affected{Package: "org.example:web", Ecosystem: "Maven"}, true},
		{estate.Software{Package: "Org.Example:Web"}, notice.Affected{Package: "org.example:web", Ecosystem: "Maven"}, true},
		{estate.Software{Package: "com.other:web", Ecosystem: "Maven"}, notice.Affected{Package: "org.example:web", Ecosystem: "Maven"}, false},
		{estate.Software{Package: "example_web", Ecosystem: "PyPI"}, notice.Affected{Package: "Example.Web", Ecosystem: "PyPI"}, true},
		{estate.Software{Package: "web", Ecosystem: "npm"}, notice.Affected{Package: "web", Ecosystem: "PyPI"}, false},
		{estate.Software{Package: "web", Ecosystem: "Debian"}, notice.Affected{Package: "web", Ecosystem: "Debian:12"}, true},
		{estate.Software{Package: "web", Ecosystem: "Debian:11"}, notice.Affected{Package: "web", Ecosystem: "Debian:12"}, false},
	} {
		c.a.Versions, c.row.Version, c.row.Host = []string{"1"}, "1", "h"
		n := notice.Notice{ID: "EX-1", Modified: day(1), Affected: []notice.Affected{c.a}}
		if got := len(Make([]notice.Notice{n}, NewInventory([]estate.Software{c.row}), nil).Flaws) == 1; got != c.same {
			t.Errorf("%+v and %+v: %v", c.row, c.a, got)
		}
	}
}

func TestAVersionThatIsNoneIsNamedAndNotPassedOver(t *testing.T) {
	b := Make([]notice.Notice{edition("EX-1", 5, 5, "high")}, NewInventory([]estate.Software{runs("web1", "unknown", 0, 0)}), nil)
	if len(b.Flaws) != 1 || len(b.Flaws[0].Hits) != 0 || !slices.Equal(b.Flaws[0].Odd, []string{"web1"}) {
		t.Errorf("%+v", b.Flaws)
	}
}

// TestG5TheSameRecordsInAnyOrderGiveTheSameFindings with names that go round in
// circles and editions that come twice.
func TestG5TheSameRecordsInAnyOrderGiveTheSameFindings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{"EX-1", "EX-2", "CVE-2026-1", "CVE-2026-2"}
		var editions []notice.Notice
		for range rapid.IntRange(1, 8).Draw(t, "editions") {
			p := rapid.IntRange(1, 9).Draw(t, "published")
			n := edition(rapid.SampledFrom(ids).Draw(t, "id"), p, p+rapid.IntRange(0, 9).Draw(t, "modified"), rapid.SampledFrom([]string{"", "low", "high", "critical"}).Draw(t, "severity"))
			for _, a := range rapid.SliceOfN(rapid.SampledFrom(ids), 0, 3).Draw(t, "aliases") {
				n.Add(a)
			}
			if rapid.IntRange(0, 4).Draw(t, "withdrawn") == 0 {
				n.Withdrawn = n.Modified
			}
			editions = append(editions, n)
		}
		var rows []estate.Software
		for range rapid.IntRange(1, 4).Draw(t, "rows") {
			rows = append(rows, runs(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "host"), rapid.SampledFrom([]string{"1.9", "2.1", "2.3", "2.4", "x"}).Draw(t, "version"), rapid.IntRange(0, 9).Draw(t, "from"), 0))
		}
		once := Make(slices.Clone(editions), NewInventory(rows), nil).Findings(DefaultEscalation(), day(31))
		again := Make(rapid.Permutation(append(editions, editions...)).Draw(t, "order"), NewInventory(rapid.Permutation(rows).Draw(t, "order of rows")), nil).Findings(DefaultEscalation(), day(31))
		key := func(list []finding.Finding) map[string]string {
			m := map[string]string{}
			for _, f := range list {
				m[f.ID] = f.Time.String() + f.Level + f.Host + f.Why
			}
			return m
		}
		if d := cmp.Diff(key(once), key(again)); d != "" {
			t.Fatalf("(-once +again):\n%s", d)
		}
	})
}

func FuzzVersion(f *testing.F) {
	f.Add("Maven", "2.3.5", "2.3.32", "2.3.31")
	f.Add("Debian", "0", "1:2-1", "1:2-1~")
	f.Fuzz(func(t *testing.T, ecosystem, from, to, version string) {
		if len(ecosystem)+len(from)+len(to)+len(version) > 2*notice.MaxText {
			return
		}
		a := &notice.Affected{Ecosystem: ecosystem, Ranges: [][]notice.Mark{{{Kind: "introduced", Version: from}, {Kind: "fixed", Version: to}}}}
		if is, err := within(a, version); is && err != nil {
			t.Errorf("%v and %v", is, err)
		}
	})
}
