package server

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/vault"
)

func queries() []string {
	return []string{"", "source:konseki.finding", "source:konseki.import", "source:konseki.source", "class:tunnel", "user:staff01", "ip:203.0.113.0/24", "rm", `format:unparsed`, "NOT source:vpn"}
}

func findings(t testing.TB, s *Server) []control.Finding {
	t.Helper()
	f, err := s.Findings(t.Context(), "sato", control.Search{})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(f, func(a, b control.Finding) int { return cmp2(a.ID, b.ID) })
	return f
}

func cmp2(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// G4.
func TestG4TheIndexRebuiltFromTheVaultEqualsTheIndex(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	if sum := imported(t, s, evidence(t)); sum.Events < 120 || sum.Unparsed == 0 || sum.Findings < 2 || sum.Partial() {
		t.Fatalf("imported %+v", sum)
	}
	before := map[string][]string{}
	for _, q := range queries() {
		before[q] = content(search(t, s, q).Events, true)
	}
	found, chains, ledger := findings(t, s), numbers(t, s), covered(t, s)
	closed(t, s)
	for _, reindex := range []bool{false, true, false} {
		rolled(t, dir)
		s = start(t, dir, func(o *Options) { o.Reindex = reindex })
		if len(s.Vault().Segments()) == 0 {
			t.Fatal("no segment is closed")
		}
		for _, q := range queries() {
			if diff := cmp.Diff(before[q], content(search(t, s, q).Events, true)); diff != "" {
				t.Errorf("reindexed %t: %q gives\n%s", reindex, q, diff)
			}
		}
		if diff := cmp.Diff(found, findings(t, s)); diff != "" {
			t.Errorf("reindexed %t: findings\n%s", reindex, diff)
		}
		if diff := cmp.Diff(chains, numbers(t, s), cmp.AllowUnexported(sequence.Chain{})); diff != "" {
			t.Errorf("reindexed %t: numbers\n%s", reindex, diff)
		}
		if diff := cmp.Diff(ledger, covered(t, s)); diff != "" {
			t.Errorf("reindexed %t: coverage\n%s", reindex, diff)
		}
		if n := len(own(t, s, event.SourceFinding)); n != len(found) {
			t.Errorf("reindexed %t: %d finding records, there were %d", reindex, n, len(found))
		}
		closed(t, s)
	}
}

// covered gives what is known of every source and of its hosts.
func covered(t testing.TB, s *Server) []control.SourceCoverage {
	t.Helper()
	rows, err := s.Coverage(t.Context(), "sato", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rows {
		hosts, err := s.HostCoverage(t.Context(), "sato", c.Source, time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, hosts...)
	}
	return rows
}

// numbers gives what is known of the counts of producers.
func numbers(t testing.TB, s *Server) []sequence.Chain {
	t.Helper()
	runs, err := s.flow.index.Sequences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sequence.Merge(runs)
}

// rolled closes segments as if far more had been imported: what stands in them
// has derived files, what follows is derived anew each time.
func rolled(t testing.TB, dir string) {
	t.Helper()
	v, err := vault.Open(filepath.Join(dir, vaultFolder), vault.Options{SegmentRecords: 1})
	if err != nil {
		t.Fatal(err)
	}
	rec := event.Record{Source: event.SourceAccess, Transport: "konseki;format=konseki", Raw: []byte(`{"op":"test"}`)}
	if err := v.Append(t.Context(), []event.Record{rec}); err != nil {
		t.Fatal(err)
	}
	if err := v.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

// G5.
func TestG5TheSameFilesGiveTheSameFindings(t *testing.T) {
	t.Parallel()
	files := evidence(t)
	var found [2][]control.Finding
	var events [2][]string
	for i := range found {
		s := started(t)
		imported(t, s, files)
		found[i], events[i] = findings(t, s), content(search(t, s, "").Events, false)
	}
	ids := map[string]bool{}
	for _, f := range found[0] {
		if ids[f.ID] {
			t.Errorf("finding %s twice", f.ID)
		}
		ids[f.ID] = true
	}
	if diff := cmp.Diff(found[0], found[1], cmpopts.IgnoreFields(control.Finding{}, "Record", "Cites")); diff != "" || len(found[0]) < 2 {
		t.Errorf("%d findings; the second vault's differ:\n%s", len(found[0]), diff)
	}
	if diff := cmp.Diff(events[0], events[1]); diff != "" {
		t.Errorf("events differ:\n%s", diff)
	}
}

// G6.
func TestG6NoAnswerIsWithoutCoverage(t *testing.T) {
	t.Parallel()
	empty, full := started(t), started(t)
	imported(t, full, evidence(t))
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	check := func(what string, a coverage.Answer, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if len(a.Because) == 0 || len(a.Coverage) == 0 && a.Verdict == coverage.NotFoundCovered {
			t.Errorf("%s: %s without grounds: %+v", what, a.Verdict, a)
		}
		if len(a.Coverage) == 0 && a.Verdict != coverage.VerdictUnknown && a.Found == 0 {
			t.Errorf("%s: %s without coverage", what, a.Verdict)
		}
		for _, c := range a.Coverage {
			if len(c.Intervals) == 0 || !c.Intervals[0].From.Equal(a.From) || !c.Intervals[len(c.Intervals)-1].To.Equal(a.To) {
				t.Errorf("%s: coverage of %s is not of the window", what, c.Source)
			}
		}
	}
	for i := range 25 {
		s := []*Server{empty, full, full}[i%3]
		from := jst(1, 0, 0).Add(time.Duration(r.IntN(96)-48) * time.Hour)
		to := from.Add(time.Duration(1+r.IntN(72)) * time.Hour)
		if r.IntN(3) == 0 {
			from, to = time.Time{}, time.Time{}
		}
		q := pick("", "*", "user:"+pick("staff01", "nobody"), "source:"+pick("vpn", "chat", "none"), "class:"+pick("tunnel", "web", "peripheral"), "nowhere", "NOT source:vpn", "ip:203.0.113.7 OR host:web-01")
		res, err := s.Search(t.Context(), "sato", control.Search{Query: q, From: from, To: to})
		if err != nil {
			t.Fatalf("search %q: %v", q, err)
		}
		check("search "+q, res.Answer, nil)
		kind := pick("login", "access", "transfer", "tool", "change")
		ask := control.Ask{Kind: kind, Account: pick("", "staff01", `we"ird`), Object: pick("", "log", "*")}
		if !from.IsZero() {
			ask.From, ask.To = from, to
		}
		if res, err = s.Ask(t.Context(), "sato", ask); err != nil {
			t.Fatalf("ask %+v: %v", ask, err)
		}
		check("ask "+kind, res.Answer, nil)
		p, err := s.Pivot(t.Context(), "sato", "user", pick("staff01", "nobody"), from, to)
		if err != nil {
			t.Fatal(err)
		}
		check("pivot", p.Answer, nil)
		id := fmt.Sprint("c", i)
		if _, err := s.OpenCase(t.Context(), "sato", id, event.Phrase{EN: "x"}); err != nil {
			t.Fatal(err)
		}
		question := control.Question{Text: event.Phrase{EN: "x"}, Query: pick("", q), From: from, To: to}
		added, err := s.Put(t.Context(), "sato", id, &question, 0)
		if err != nil {
			t.Fatalf("question %q: %v", question.Query, err)
		}
		check("question", added.(*investigate.Question).Answer, nil)
		c, err := s.Case(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		check("case", c.Questions[0].Answer, nil)
	}
}

func TestARecordIsFoundAsSoonAsItIsAcknowledged(t *testing.T) {
	t.Parallel()
	s := started(t)
	for i := range 30 {
		word := fmt.Sprintf("needle%04d", i)
		recs := []event.Record{{Source: "app", Transport: "syslog/tcp", Raw: []byte("<13>1 2018-04-02T00:00:00+09:00 web-01 app - - - " + word)}}
		if err := s.Vault().Append(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		r := search(t, s, word)
		if r.Total != 1 || len(r.Events) != 1 || r.Events[0].Record != recs[0].Seq {
			t.Fatalf("%s was acknowledged as record %d and the search gives %+v", word, recs[0].Seq, r)
		}
	}
}

func TestNothingIsTwiceAfterReopeningWithATail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	imported(t, s, evidence(t))
	total := search(t, s, "").Total
	for range 3 {
		closed(t, s)
		s = start(t, dir)
		if got := search(t, s, ""); got.Total != total || len(got.Events) != int(total) {
			t.Errorf("%d events and %d rows, there were %d", got.Total, len(got.Events), total)
		}
		rep, err := s.VerifyVault(t.Context(), "sato", nil)
		if err != nil || !rep.OK {
			t.Errorf("the vault does not verify: %+v, %v", rep, err)
		}
	}
	closed(t, s)
}

func TestWhatWasLeftUnjudgedWhenKonsekiWasStoppedIsJudged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := vault.OpenOrCreate(filepath.Join(dir, vaultFolder), vault.Options{SegmentRecords: 4, BatchRecords: 4, BatchEvery: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	line := "<86>1 2018-04-02T00:00:00+09:00 web-01 sudo - - -     root : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/bin/rm -rf /var/log"
	for range 12 {
		if err := v.Append(t.Context(), []event.Record{{Source: "server", Transport: "syslog/tcp", Raw: []byte(line)}}); err != nil {
			t.Fatal(err)
		}
		if err := v.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	segments := len(v.Segments())
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := start(t, dir)
		if len(s.Vault().Segments()) < max(segments, 1) || s.flow.reached() == 0 {
			t.Fatalf("%d segments", segments)
		}
		if got := findings(t, s); len(got) != 1 || got[0].Cites[0] != 1 {
			t.Errorf("findings are %+v", got)
		}
		closed(t, s)
	}
}

func TestStoriesKnowFindingsSealedBeforeTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, err := vault.OpenOrCreate(filepath.Join(dir, vaultFolder), vault.Options{SegmentRecords: 4, BatchRecords: 4, BatchEvery: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var recs []event.Record
	for i := range 20 {
		f := finding.Finding{
			ID: fmt.Sprintf("%064d", i), RuleID: "r", Title: "T", TitleJA: "題", Level: finding.LevelHigh, Kind: finding.KindBaseline,
			Time: jst(2, 9, i), Until: jst(2, 9, i), ActorUser: "abe", Why: "Because.", WhyJA: "理由。",
		}
		rec, err := control.OwnRecord(event.SourceFinding, f)
		if err != nil {
			t.Fatal(err)
		}
		recs = append(recs, rec)
	}
	if err := errors.Join(v.Append(t.Context(), recs), v.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // derived anew, then from the index
		s := start(t, dir)
		found, err := s.Stories(t.Context(), "test", control.StoryQuery{})
		if err != nil || len(found.Stories) != 1 || len(found.Stories[0].Findings) != 20 {
			t.Errorf("%+v, %v", found, err)
		}
		closed(t, s)
	}
}
