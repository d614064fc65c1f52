package supply_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/replay/replaytest"
	"github.com/konseki/konseki/internal/replay/supply"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write down anew what is noticed")
	os.Exit(m.Run())
}

// TestWhatIsNoticedIsWrittenDown holds what konseki makes of an incident that
// none of its rules was written for, good or bad, and what the case can and
// cannot tell.
func TestWhatIsNoticedIsWrittenDown(t *testing.T) {
	t.Parallel()
	i := replaytest.Import(t, supply.Scenario(), raw.Options{Records: 30_000})
	golden(t, "testdata/noticed.golden", noticed(i))
	theCaseHolds(t, i)
}

// noticed tells each story of medium or above: whether it is of the incident,
// when, by which rules and why.
func noticed(i *replaytest.Incident) string {
	var b strings.Builder
	before, found := 0, false
	for _, s := range i.Stories {
		rules, isTrue := []string{}, false
		for n := range s.Findings {
			f := &s.Findings[n]
			rules = append(rules, f.RuleID)
			text := strings.Join([]string{f.Why, f.ActorUser, f.SrcIP, f.Host, f.Object}, "\n")
			isTrue = isTrue || slices.ContainsFunc(supply.Scenario().Traces, func(w string) bool { return strings.Contains(text, w) })
		}
		slices.Sort(rules)
		what := "false"
		if isTrue = isTrue && !s.Shown.Before(i.Info.First); isTrue {
			what = "TRUE "
		} else if !found {
			before++
		}
		found = found || isTrue
		fmt.Fprintf(&b, "%s %s %s %s\n", what, s.Shown.In(raw.JST()).Format("01-02 15:04:05"), strings.Join(slices.Compact(rules), " "), s.Why)
	}
	return fmt.Sprintf("first trace %s, noticed in reality %s, false stories before the first true one: %d\n", i.Info.First.In(raw.JST()).Format("01-02 15:04:05"), i.Info.Noticed.In(raw.JST()).Format("01-02 15:04:05"), before) + b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if f := flag.Lookup("update"); f.Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("what is noticed has changed; look, then write it down with -update (-written down +now):\n%s", d)
	}
}

// theCaseHolds applies the case file and looks at what is computed.
func theCaseHolds(t *testing.T, i *replaytest.Incident) {
	t.Helper()
	c := i.Applied(t)
	for _, r := range c.Timeline {
		if r.Query != "" && len(r.Cites) == 0 {
			t.Errorf("%s: %q finds nothing", r.ID, r.Query)
		}
	}
	want := map[string]coverage.Verdict{
		"how_in": coverage.Found, "who": coverage.Found, "since_when": coverage.NotFoundCovered, "touched": coverage.Found,
		"still_in": coverage.NotFoundCovered, "what_left": coverage.Found, "vpn": coverage.NotFoundCovered,
	}
	for _, id := range supply.Scenario().Unknown {
		want[id] = coverage.VerdictUnknown
	}
	got := map[string]coverage.Verdict{}
	for _, q := range c.Questions {
		got[q.ID] = q.Answer.Verdict
		if q.Answer.Verdict == coverage.VerdictUnknown && len(q.Answer.Because) == 0 {
			t.Errorf("%s is unknown, and nothing says why", q.ID)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
	for id, state := range map[string]investigate.State{"c-token": investigate.NotMet, "c-key": investigate.Met, "c-deploy": investigate.Met} {
		for _, p := range c.Containments {
			if last := p.Last(); p.ID == id && (last == nil || last.State != state) {
				t.Errorf("containment %s: %+v", p.ID, last)
			}
		}
	}
	for _, s := range c.Scopes {
		if n := map[string]int64{"repositories": 24, "files": 852}[s.ID]; s.Number == nil || s.Number.Max == nil || *s.Number.Max != n {
			t.Errorf("%s: %+v, want %d", s.ID, s.Number, n)
		}
	}
	list, err := i.Lint(t.Context(), "sato", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, p := range list {
		found[p.Code]++
	}
	if d := cmp.Diff(map[string]int{"containment-without-effect": 1}, found); d != "" {
		t.Errorf("contradictions (-want +got):\n%s\n%+v", d, list)
	}
}

func TestEveryLineIsUnderstood(t *testing.T) {
	t.Parallel()
	dir := replaytest.Written(t, supply.Scenario(), raw.Options{Records: 1})
	replaytest.Understood(t, dir, []string{"syslog", "auditd", "vpcflow", "cloudtrail", "fortigate", "slack", "jsonlines"}, 2026)
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	replaytest.SameBytes(t, supply.Scenario())
}

func jst(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-"+text, raw.JST())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestTheFactsStandAtTheirTimes looks for each fact where and when it is to be
// found, and counts those that come in numbers.
func TestTheFactsStandAtTheirTimes(t *testing.T) {
	t.Parallel()
	dir := replaytest.Written(t, supply.Scenario(), raw.Options{Records: 1})
	unix := func(text string) string { return fmt.Sprint(jst(t, text).Unix()) }
	utc := func(text string) string { return `"eventTime":"` + jst(t, text).UTC().Format(time.RFC3339) }
	for _, f := range []struct {
		file  string
		words []string
		times int // 0 for any number but none
	}{
		{"ci/ci-run-02/audit.log", []string{unix("07-01 11:42:07"), `cwd="/opt/ci/jobs/reports/node_modules/tabular-dates"`}, 0},
		{"ci/ci-run-02/audit.log", []string{unix("07-01 11:42:09"), "https://203.0.113.212/c"}, 1},
		{"ci/ci-run-01/audit.log", []string{unix("07-03 02:55:23"), "https://203.0.113.212/w"}, 1},
		{"flows/ci.log", []string{"203.0.113.212", unix("07-01 11:42:10"), " 6120 "}, 1},
		{"flows/ci.log", []string{"203.0.113.212"}, 2},
		{"code_host/audit.jsonl", []string{`"actor_ip":"203.0.113.148"`, "git.clone"}, 24},
		{"code_host/audit.jsonl", []string{unix("07-03 02:14:33"), "203.0.113.148", "git.clone"}, 1},
		{"code_host/audit.jsonl", []string{unix("07-03 02:47:10"), "public_key.create", "ci-mirror-7f"}, 1},
		{"code_host/audit.jsonl", []string{unix("07-10 23:48:26"), "198.51.100.166", "git.fetch"}, 1},
		{"cloud_audit/trail.jsonl", []string{utc("07-03 04:20:09"), "198.51.100.166", "GetCallerIdentity"}, 1},
		{"cloud_audit/trail.jsonl", []string{"198.51.100.166", "GetObject"}, 852},
		{"cloud_audit/trail.jsonl", []string{utc("07-10 23:25:30"), "UpdateAccessKey"}, 1},
		{"chat/messages.jsonl", []string{unix("07-03 02:47:12"), "ci-mirror-7f"}, 1},
		{"advisory/inbox.jsonl", []string{"2026-07-10T22:05:00", "tabular-dates 4.2.7"}, 1},
	} {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.file)))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(b)) {
			if !slices.ContainsFunc(f.words, func(w string) bool { return !strings.Contains(line, w) }) {
				n++
			}
		}
		if n == 0 || f.times > 0 && n != f.times {
			t.Errorf("%s has %d lines with %q, want %d", f.file, n, f.words, f.times)
		}
	}
}

// TestNothingOfTheIntruderStandsBeforeTheFirstTrace holds that the addresses
// are of the incident alone.
func TestNothingOfTheIntruderStandsBeforeTheFirstTrace(t *testing.T) {
	t.Parallel()
	s := supply.Scenario()
	open := s.Open
	s.Open = func(o raw.Options) raw.Span {
		span := open(o)
		span.To = s.Info.First.Add(-time.Hour)
		return span
	}
	dir := replaytest.Written(t, s, raw.Options{Records: 1})
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "konseki-") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, w := range s.Traces {
			if strings.Contains(string(b), w) {
				t.Errorf("%s names %s before the incident", path, w)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
