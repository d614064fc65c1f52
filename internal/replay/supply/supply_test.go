package supply_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	s := supply.Scenario()
	i := replaytest.Import(t, s, raw.Options{Records: 30_000})
	replaytest.Golden(t, "testdata/noticed.golden", i.Told(s.Traces))
	answers := map[string]coverage.Verdict{
		"how_in": coverage.Found, "who": coverage.Found, "since_when": coverage.NotFoundCovered, "touched": coverage.Found,
		"still_in": coverage.NotFoundCovered, "what_left": coverage.Found, "vpn": coverage.NotFoundCovered,
	}
	for _, id := range s.Unknown {
		answers[id] = coverage.VerdictUnknown
	}
	i.Holds(t, replaytest.Expected{
		Answers:      answers,
		Containments: map[string]investigate.State{"c-token": investigate.NotMet, "c-key": investigate.Met, "c-deploy": investigate.Met},
		Most:         map[string]int64{"repositories": 24, "files": 852},
		Problems:     map[string]int{"containment-without-effect": 1},
	})
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
	replaytest.Stand(t, dir, []replaytest.Fact{
		{File: "ci/ci-run-02/audit.log", Words: []string{unix("07-01 11:42:07"), `cwd="/opt/ci/jobs/reports/node_modules/tabular-dates"`}},
		{File: "ci/ci-run-02/audit.log", Words: []string{unix("07-01 11:42:09"), "https://203.0.113.212/c"}, Times: 1},
		{File: "ci/ci-run-01/audit.log", Words: []string{unix("07-03 02:55:23"), "https://203.0.113.212/w"}, Times: 1},
		{File: "flows/ci.log", Words: []string{"203.0.113.212", unix("07-01 11:42:10"), " 6120 "}, Times: 1},
		{File: "flows/ci.log", Words: []string{"203.0.113.212"}, Times: 2},
		{File: "code_host/audit.jsonl", Words: []string{`"actor_ip":"203.0.113.148"`, "git.clone"}, Times: 24},
		{File: "code_host/audit.jsonl", Words: []string{unix("07-03 02:14:33"), "203.0.113.148", "git.clone"}, Times: 1},
		{File: "code_host/audit.jsonl", Words: []string{unix("07-03 02:47:10"), "public_key.create", "ci-mirror-7f"}, Times: 1},
		{File: "code_host/audit.jsonl", Words: []string{unix("07-10 23:48:26"), "198.51.100.166", "git.fetch"}, Times: 1},
		{File: "cloud_audit/trail.jsonl", Words: []string{utc("07-03 04:20:09"), "198.51.100.166", "GetCallerIdentity"}, Times: 1},
		{File: "cloud_audit/trail.jsonl", Words: []string{"198.51.100.166", "GetObject"}, Times: 852},
		{File: "cloud_audit/trail.jsonl", Words: []string{utc("07-10 23:25:30"), "UpdateAccessKey"}, Times: 1},
		{File: "chat/messages.jsonl", Words: []string{unix("07-03 02:47:12"), "ci-mirror-7f"}, Times: 1},
		{File: "advisory/inbox.jsonl", Words: []string{"2026-07-10T22:05:00", "tabular-dates 4.2.7"}, Times: 1},
	})
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
