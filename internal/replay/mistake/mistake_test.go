package mistake_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/replay/mistake"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/replay/replaytest"
)

func jst(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", "2018-"+text, raw.JST())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

const bulk = "baseline-bulk-read"

func TestOperatorMistakeIsNoticedByTheMinuteAndSaysWhosePCItIs(t *testing.T) {
	i := replaytest.Import(t, mistake.Scenario(), raw.Options{Records: 1})
	first, second := jst(t, "06-21 18:19:00"), jst(t, "06-21 19:27:00")
	found := i.Noticed(t, first, first.Add(59*time.Second), []string{bulk}, "prod-db-01", "never dumped from there", "10.10.3.27")
	again := i.Noticed(t, second, second.Add(59*time.Second), []string{bulk}, "prod-db-01", "10.10.3.27", "did the same at")
	if found.Level != "high" {
		t.Errorf("the first is %s", found.Level)
	}
	joined := false
	for _, s := range i.Stories {
		ids := map[string]bool{}
		for _, f := range s.Findings {
			ids[f.ID] = true
		}
		joined = joined || ids[found.ID] && ids[again.ID]
	}
	if !joined {
		t.Error("the second is not of the first one's story")
	}
	i.Calm(t, 3)
	whose(t, i, found)
	answers(t, i)
}

// whose imports the register and the leases, and reads the finding again.
func whose(t *testing.T, i *replaytest.Incident, found control.Finding) {
	t.Helper()
	i.Estate(t)
	n := slices.IndexFunc(i.Findings, func(f control.Finding) bool { return f.ID == found.ID })
	for _, want := range []string{"inside", "office", "PC-DEV-27", "技術者 K", "since 09:12"} {
		if !strings.Contains(i.Findings[n].Why.EN, want) {
			t.Errorf("the finding does not say %q: %s", want, i.Findings[n].Why.EN)
		}
	}
	if ja := i.Findings[n].Why.JA; !strings.Contains(ja, "社内：office、PC-DEV-27、開発部 インフラ技術者 K") {
		t.Errorf("in Japanese: %s", ja)
	}
}

// answers are those that the incident's people had to find.
func answers(t *testing.T, i *replaytest.Incident) {
	t.Helper()
	c := i.Applied(t)
	verdicts := map[string]coverage.Verdict{
		"how_in": coverage.Found, "who": coverage.Found, "touched": coverage.Found, "since_when": coverage.NotFoundCovered, "still_in": coverage.NotFoundCovered,
		"what_left": coverage.VerdictUnknown,
		"malware":   coverage.NotFoundCovered, "intrusion": coverage.NotFoundCovered, "usb": coverage.NotFoundCovered, "tools": coverage.NotFoundCovered, "cloud": coverage.NotFoundCovered,
	}
	for _, q := range c.Questions {
		if q.Answer.Verdict != verdicts[q.ID] {
			t.Errorf("%s: %s, want %s: %v", q.ID, q.Answer.Verdict, verdicts[q.ID], q.Answer.Because)
		}
	}
	if len(c.Questions) != len(verdicts) {
		t.Errorf("%d questions", len(c.Questions))
	}
	certainties, negatives := map[investigate.Certainty]bool{}, 0
	for _, s := range c.Statements {
		certainties[s.Certainty] = true
		if s.Certainty == investigate.NotConfirmed && s.Answer.Verdict == coverage.NotFoundCovered && len(s.Answer.Coverage) == 1 {
			negatives++
		}
	}
	if len(certainties) != 6 || negatives != 5 {
		t.Errorf("certainties %v, %d negative statements that are covered", certainties, negatives)
	}
	for id, want := range map[string]int64{"accesses": 2, "tables": 5} {
		n := slices.IndexFunc(c.Scopes, func(s investigate.Scope) bool { return s.ID == id })
		if s := c.Scopes[n]; s.Number.Max == nil || *s.Number.Max != want || *s.Number.Min != want {
			t.Errorf("%s: %+v, want %d", id, s.Number, want)
		}
	}
	for _, r := range c.Timeline {
		if r.Query != "" && len(r.Cites) == 0 {
			t.Errorf("row %s finds nothing", r.ID)
		}
	}
	notVacuous(t, i)
	contradictions(t, i, c)
	deadlines(t, c)
}

// deadlines move with what is known of the cause, and end with it.
func deadlines(t *testing.T, c *investigate.Case) {
	t.Helper()
	for _, x := range []struct {
		now, due string
		state    clock.State
	}{
		{"06-27 00:00:00", "2018-08-23", clock.Running}, {"06-29 00:00:00", "2018-07-24", clock.Possible}, {"07-21 00:00:00", "", clock.NotApplicable},
	} {
		k := replaytest.Deadlines(t, c, jst(t, x.now))["appi-final"]
		if got := k.Due.Latest.In(raw.JST()).Format(time.DateOnly); k.State != x.state || x.due != "" && got != x.due {
			t.Errorf("at %s: %s, due %s; want %s, %s", x.now, k.State, got, x.state, x.due)
		}
	}
}

// contradictions are found in the case: the intrusion was published nine hours
// before the log told that the address was the company's own.
func contradictions(t *testing.T, i *replaytest.Incident, c *investigate.Case) {
	t.Helper()
	list, err := i.Lint(t.Context(), "sato", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	early := false
	for _, p := range list {
		early = early || p.Code == "told-before-known"
		if p.Code != "told-before-known" {
			t.Errorf("a contradiction: %s %v: %s", p.Code, p.Where, p.Text.EN)
		}
	}
	if !early {
		t.Error("nothing says that it was published before it was known")
	}
}

// notVacuous asks what the five negative questions ask, of what is there: the
// fields they look at are those that the logs have.
func notVacuous(t *testing.T, i *replaytest.Incident) {
	t.Helper()
	for source, queries := range map[string][]string{
		"pc_antivirus": {"event_code:(1000 OR 1001)"},
		"pc_security":  {"class:authentication LogonType:(3 OR 10)", "event_code:6416 ClassName:Mouse", "event_code:4688 process_path:*ruby.exe"},
		"pc_sysmon":    {"event_code:22 (QueryName:*example.com OR QueryName:*example.jp)"},
	} {
		for _, q := range queries {
			if c := i.Answered(t, q, []string{source}, jst(t, "06-21 00:00:00"), jst(t, "06-29 17:58:00")); c.Total == 0 {
				t.Errorf("%s finds nothing in %s: the negative answers would be empty", q, source)
			}
		}
	}
}

func TestEveryLineOfTheMistakeIsUnderstood(t *testing.T) {
	dir := replaytest.Written(t, mistake.Scenario(), raw.Options{Records: 1})
	replaytest.Understood(t, dir, []string{"nginx", "syslog", "postgres", "fortigate", "jsonlines"}, 2018)
}

func TestTheSameSeedGivesTheSameMistake(t *testing.T) { replaytest.SameBytes(t, mistake.Scenario()) }

func TestTheMistakesCaseIsInItsOwnWords(t *testing.T) {
	replaytest.OwnWords(t, mistake.Scenario(), "003")
}

// TestTheLogsOnTheServersWereLostWithThem finds nothing of before they were rebuilt.
func TestTheLogsOnTheServersWereLostWithThem(t *testing.T) {
	dir := replaytest.Written(t, mistake.Scenario(), raw.Options{Records: 1})
	for _, name := range []string{"web/prod-web-01/access.log", "server/prod-web-02/syslog.log"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(b) == 0 {
			t.Fatal(name, err)
		}
		for _, day := range []string{"2018-06-21", "21/Jun/2018", "2018-06-20", "20/Jun/2018"} {
			if strings.Contains(string(b), day) {
				t.Errorf("%s holds %s", name, day)
			}
		}
	}
}
