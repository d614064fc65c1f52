package server

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
)

const (
	softwareList = "host,package,version,ecosystem\napp01,org.example:web,2.3,Maven\nvpn01,example-vpn,1.0,npm\n"
	feedLines    = `{"id":"EX-1","modified":"2018-03-28T00:00:00Z","published":"2018-03-28T00:00:00Z","aliases":["CVE-2018-90001"],"summary":"Requests are read as code","affected":[{"package":{"ecosystem":"Maven","name":"org.example:web"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"2.0"},{"fixed":"2.4"}]}]}],"database_specific":{"severity":"HIGH"}}
{"id":"EX-2","modified":"2018-03-29T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"elsewhere"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}
`
)

// advisories are the findings about advisories, in short.
func advisories(t *testing.T, s *Server) (out []string) {
	t.Helper()
	found, err := s.Findings(t.Context(), "sato", control.Search{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if strings.HasPrefix(f.RuleID, "advisory-") {
			out = append(out, f.Time.Format("01-02 15:04")+" "+f.RuleID+" "+f.Level+" "+f.Host+" "+f.ID)
		}
	}
	slices.Sort(out)
	return out
}

func feedFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "feed"), "osv.jsonl", feedLines)
	return dir
}

// TestG5AdvisoriesAndInventoryInAnyOrderGiveTheSameFindings, however often they
// are matched and wherever the server was closed between.
func TestG5AdvisoriesAndInventoryInAnyOrderGiveTheSameFindings(t *testing.T) {
	t.Parallel()
	software := func(s *Server) {
		if _, err := s.ImportEstate(t.Context(), "sato", "software", "software.csv", []byte(softwareList)); err != nil {
			t.Fatal(err)
		}
	}
	var got [2][]string
	dir := t.TempDir()
	s := start(t, dir)
	software(s)
	imported(t, s, feedFolder(t))
	closed(t, s)
	s = start(t, dir)
	imported(t, s, evidence(t))
	got[0] = advisories(t, s)
	second := started(t)
	imported(t, second, evidence(t))
	imported(t, second, feedFolder(t))
	software(second)
	got[1] = advisories(t, second)
	if d := cmp.Diff(got[0], got[1]); d != "" || len(got[0]) < 2 {
		t.Errorf("(-inventory first +advisory first):\n%s\n%v", d, got[0])
	}
	if err := second.Advise(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got[1], advisories(t, second)); d != "" {
		t.Errorf("matched again:\n%s", d)
	}
}

// TestAnAcknowledgementIsARecordThatOutlivesARestart and ends what is open, by
// any of the names.
func TestAnAcknowledgementIsARecordThatOutlivesARestart(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := start(t, dir)
	if _, err := s.Acknowledge(ctx, "sato", "CVE-2018-90001", ""); !errors.Is(err, control.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := s.ImportEstate(ctx, "sato", "software", "software.csv", []byte(softwareList)); err != nil {
		t.Fatal(err)
	}
	imported(t, s, feedFolder(t))
	if f, err := s.Flaw(ctx, "ex-1"); err != nil || len(f.Hits) != 1 || f.Hits[0].Host != "app01" || len(f.Acks) != 0 {
		t.Fatalf("%+v %v", f, err)
	}
	if _, err := s.Acknowledge(ctx, "sato", "ex-1", "update on Friday"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		closed(t, s)
		s = start(t, dir)
		f, err := s.Flaw(ctx, "CVE-2018-90001")
		if err != nil || len(f.Acks) != 1 || f.Acks[0].By != "sato" || f.Acks[0].Note != "update on Friday" {
			t.Fatalf("%+v %v", f, err)
		}
		s.Vault().Cut()
		imported(t, s, evidence(t))
	}
}

// TestG6NoKnownFlawIsSaidOnlyAsFarAsInventoryAndFeedReach.
func TestG6NoKnownFlawIsSaidOnlyAsFarAsInventoryAndFeedReach(t *testing.T) {
	t.Parallel()
	s := started(t)
	because := func() (coverage.Verdict, string) {
		t.Helper()
		st, err := s.Standing(t.Context(), "sato")
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, p := range st.Answer.Because {
			all = append(all, p.EN)
		}
		return st.Answer.Verdict, strings.Join(all, "; ")
	}
	if v, why := because(); v != coverage.VerdictUnknown || !strings.Contains(why, "no inventory") || !strings.Contains(why, "no advisories") {
		t.Errorf("nothing known: %s %s", v, why)
	}
	if _, err := s.ImportEstate(t.Context(), "sato", "software", "software.csv", []byte("host,package,version\napp01,other,1\n")); err != nil {
		t.Fatal(err)
	}
	imported(t, s, feedFolder(t))
	if v, why := because(); v != coverage.NotFoundCovered || why != "" {
		t.Errorf("all known: %s %s", v, why)
	}
	imported(t, s, evidence(t))
	if v, why := because(); v != coverage.VerdictUnknown || !strings.Contains(why, "not in the inventory") {
		t.Errorf("hosts in logs: %s %s", v, why)
	}
}
