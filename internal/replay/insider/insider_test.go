package insider_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/replay/insider"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/replay/replaytest"
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
	i := replaytest.Import(t, insider.Scenario(), raw.Options{Records: 30_000})
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
			isTrue = isTrue || slices.ContainsFunc(insider.Scenario().Traces, func(w string) bool { return strings.Contains(text, w) })
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
		"still_in": coverage.NotFoundCovered, "what_left": coverage.Found, "mailed": coverage.NotFoundCovered,
	}
	for _, id := range insider.Scenario().Unknown {
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
	for id, state := range map[string]investigate.State{"c-account": investigate.NotMet, "c-password": investigate.Met} {
		for _, p := range c.Containments {
			if last := p.Last(); p.ID == id && (last == nil || last.State != state) {
				t.Errorf("containment %s: %+v", p.ID, last)
			}
		}
	}
	for _, s := range c.Scopes {
		if n := map[string]int64{"exports": 31, "copies": 27}[s.ID]; s.Number == nil || s.Number.Max == nil || *s.Number.Max != n {
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
	dir := replaytest.Written(t, insider.Scenario(), raw.Options{Records: 1})
	replaytest.Understood(t, dir, []string{"csv", "fortigate", "syslog", "jsonlines"}, 2018, 2026) // the heading of a table has no time of its own: the tests receive it in 2018
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	replaytest.SameBytes(t, insider.Scenario())
}

// TestTheFactsStandAtTheirTimes looks for each fact where and when it is to be
// found, and counts those that come in numbers.
func TestTheFactsStandAtTheirTimes(t *testing.T) {
	t.Parallel()
	dir := replaytest.Written(t, insider.Scenario(), raw.Options{Records: 1})
	for _, f := range []struct {
		file  string
		words []string
		times int // 0 for any number but none
	}{
		{"crm/audit.csv", []string{"2026/06/12 20:47:19", "s.katagiri", "エクスポート", "1420 件"}, 1},
		{"crm/audit.csv", []string{"s.katagiri", "エクスポート", "_全国"}, 2},
		{"crm/audit.csv", []string{"2026/07/14 22:51:08", "y.aizawa", "エクスポート", "18702 件"}, 1},
		{"crm/audit.csv", []string{"2026/07/10 18:05:00", "ユーザーの停止", "s.katagiri"}, 1},
		{"pc/operations.csv", []string{"2026/06/16 21:05:33", "デバイス接続", "USB-7C31F0A2"}, 1},
		{"pc/operations.csv", []string{"ファイルコピー", "USB-7C31F0A2"}, 27},
		{"pc/operations.csv", []string{"2026/07/07 21:14:20", "印刷", "重点顧客"}, 1},
		{"dns/ns-01.log", []string{"my-drive.example.net", "10.60.1.21#"}, 5},
		{"dns/ns-01.log", []string{"2026-06-12T21:09:58", "my-drive.example.net"}, 1},
		{"vpn/fgt-01.log", []string{"date=2026-07-14 time=22:41:08", `user="s.katagiri"`, "ssl-login-fail", "198.51.100.73"}, 1},
		{"vpn/fgt-01.log", []string{"date=2026-07-14 time=22:43:50", `user="y.aizawa"`, "tunnel-up", "198.51.100.73"}, 1},
		{"directory/dc01.jsonl", []string{`"EventID":4725`, "2026-07-10T09:05:00"}, 1},
		{"mail/gateway.jsonl", []string{"2026-09-10T10:12:00", "勧誘"}, 1},
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

// TestWhatWasLetGoIsNotWritten holds that nothing tells of the uploads, nor of
// the PCs before their log begins.
func TestWhatWasLetGoIsNotWritten(t *testing.T) {
	t.Parallel()
	dir := replaytest.Written(t, insider.Scenario(), raw.Options{Records: 1})
	for file, words := range map[string][]string{
		"proxy/fgt-01.log":  {"my-drive.example.net", "s.katagiri", "date=2026-07-", "date=2026-08-12"},
		"pc/operations.csv": {"2026/06/12", "2026/06/13"},
		"vpn/fgt-01.log":    {"date=2026-06-13"},
	} {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil || len(b) == 0 {
			t.Fatal(file, err)
		}
		for _, w := range words {
			if strings.Contains(string(b), w) {
				t.Errorf("%s holds %s", file, w)
			}
		}
	}
}
