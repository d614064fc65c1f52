package server

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

func TestTheFindingsOfACaseAreThoseThatItCitesOrThatRestOnWhatItCites(t *testing.T) {
	t.Parallel()
	s := opened(t)
	all, err := s.Findings(t.Context(), "sato", control.Search{})
	if err != nil || len(all) < 3 {
		t.Fatalf("%d findings, %v", len(all), err)
	}
	if _, err := s.OpenCase(t.Context(), "sato", "c2", phrase("another")); err != nil {
		t.Fatal(err)
	}
	none, err := s.CaseFindings(t.Context(), "sato", "c2")
	if err != nil || len(none) != 0 {
		t.Errorf("a case that cites nothing has %d findings, %v", len(none), err)
	}
	one, other := all[0], all[slices.IndexFunc(all, func(f control.Finding) bool { return !slices.Equal(f.Cites, all[0].Cites) })]
	for _, r := range []investigate.Row{{At: one.Time, Text: phrase("a finding"), Cites: []uint64{one.Record}}, {At: other.Time, Text: phrase("what a finding rests on"), Cites: other.Cites[:1]}} {
		if _, err := s.Put(t.Context(), "sato", "c2", &r, 0); err != nil {
			t.Fatal(err)
		}
	}
	want := slices.DeleteFunc(slices.Clone(all), func(f control.Finding) bool {
		return f.Record != one.Record && !slices.Contains(f.Cites, other.Cites[0])
	})
	got, err := s.CaseFindings(t.Context(), "sato", "c2")
	byRecord := func(a, b control.Finding) int { return int(a.Record) - int(b.Record) }
	slices.SortFunc(want, byRecord)
	slices.SortFunc(got, byRecord)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("(-want +got) %v:\n%s", err, d)
	}
}

func TestFindingsReadBackAtTheStartAreAllOfThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	imported(t, s, evidence(t))
	before, err := s.Stories(t.Context(), "sato", control.StoryQuery{Level: "informational"})
	if err != nil || len(before.Stories) == 0 {
		t.Fatal(before, err)
	}
	closed(t, s)
	s = start(t, dir)
	defer closed(t, s)
	after, err := s.Stories(t.Context(), "sato", control.StoryQuery{Level: "informational"})
	if d := cmp.Diff(before.Stories, after.Stories); d != "" || err != nil {
		t.Errorf("%v (-before +after):\n%s", err, d)
	}
}

func TestAQuestionIsAnsweredAnewWhenSomethingItRestsOnChanges(t *testing.T) {
	t.Parallel()
	s := opened(t)
	placed(t, s, "sato", &investigate.Question{Text: phrase("was it there?"), Sources: []string{"vpn"}, Query: "user:ghost", From: jst(1, 2, 0), To: jst(1, 6, 0)}, 0)
	verdict := func() coverage.Verdict {
		t.Helper()
		c, err := s.Case(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		return c.Questions[0].Answer.Verdict
	}
	if v := verdict(); v != coverage.NotFoundCovered || v != verdict() {
		t.Fatalf("at first it is %s", v)
	}
	src := control.Source{ID: "vpn", Kind: "vpn", Ack: "file", Absent: []coverage.Absence{{From: jst(1, 3, 0), To: jst(1, 4, 0), State: coverage.Deleted, Reason: event.Phrase{JA: "消去", EN: "wiped"}}}}
	if err := s.AddSource(t.Context(), "sato", src); err != nil {
		t.Fatal(err)
	}
	if v := verdict(); v != coverage.VerdictUnknown {
		t.Errorf("an hour is declared deleted, and it is still %s", v)
	}
	dir := t.TempDir()
	put(t, dir, "vpn/late.log", strings.Join([]string{vpnLine(jst(1, 5, 0), "tunnel-up", "ghost", "198.51.100.10"), ""}, "\n"))
	imported(t, s, dir)
	if v := verdict(); v != coverage.Found {
		t.Errorf("it was brought, and it is still %s", v)
	}
}
