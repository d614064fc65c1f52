package miner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/replay/miner"
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

// only leaves of a scenario the files under a folder.
func only(s raw.Scenario, folder string) raw.Scenario {
	open := s.Open
	s.Open = func(o raw.Options) raw.Span {
		all := open(o)
		all.Files = slices.DeleteFunc(all.Files, func(f raw.File) bool { return !strings.HasPrefix(f.Path, folder) })
		return all
	}
	return s
}

func TestCronMinerIsNoticedByTheMinute(t *testing.T) {
	i := replaytest.Import(t, miner.Scenario(), raw.Options{Records: 1})
	scan, job := jst(t, "09-28 18:16:00"), jst(t, "09-28 18:23:00")
	i.Noticed(t, scan, scan.Add(59*time.Second), []string{"a962aab3-1db2-45c2-9a79-5da9a469dc02", "baseline-new-job"}, "web-02", "www-data")
	i.Noticed(t, scan, scan.Add(59*time.Second+60*time.Second), []string{"baseline-new-job"}, "/var/spool/cron/crontabs/www-data")
	i.Noticed(t, job, job.Add(59*time.Second), []string{"eb5cfed3-f860-4033-8f6d-75cb5bb0e236", "2a52c2c0-de52-4ae1-abf3-84b6215a087f"}, "web-02", "/var/tmp/.u")
	i.Noticed(t, job, job.Add(59*time.Second), []string{"0ecd67e1-aca2-4883-941e-95410e523134"}, "web-02", "stratum+tcp://")
	i.Calm(t, 3)
	answers(t, i)
}

// TestTheWatchOnFilesAloneTellsOfTheCrontab has no audit and no syslog.
func TestTheWatchOnFilesAloneTellsOfTheCrontab(t *testing.T) {
	i := replaytest.Import(t, only(miner.Scenario(), "integrity/"), raw.Options{Records: 1})
	planted := jst(t, "09-28 18:16:12")
	i.Noticed(t, planted, planted.Add(time.Minute), []string{"baseline-new-job"}, "/var/spool/cron/crontabs/www-data")
}

// answers are those that the incident's people had to find.
func answers(t *testing.T, i *replaytest.Incident) {
	t.Helper()
	c := i.Applied(t)
	for _, s := range c.Scopes {
		if s.Number == nil || s.Number.Min == nil || s.Number.Max == nil || *s.Number.Min != *s.Number.Max {
			t.Errorf("%s is not exact: %+v", s.ID, s.Number)
			continue
		}
		if want, known := map[string]int64{"accounts": 1585, "tokens": 36, "services": 3, "runs": 569}[s.ID]; known && *s.Number.Max != want {
			t.Errorf("%s: %d, want %d", s.ID, *s.Number.Max, want)
		}
		for _, r := range s.Rows {
			if least := slices.Min(r.Before); float64(r.Count) > least+1 || least == 0 {
				t.Errorf("%s: %s rose: %+v", s.ID, r.Value, r)
			}
		}
		if rows := map[string]int{"tokens": 20, "services": 3}[s.ID]; len(s.Rows) < rows {
			t.Errorf("%s compares %d values", s.ID, len(s.Rows))
		}
	}
	verdicts := map[string]coverage.Verdict{
		"how_in": coverage.VerdictUnknown, "who": coverage.Found, "since_when": coverage.Found, "touched": coverage.Found,
		"still_in": coverage.NotFoundCovered, "what_left": coverage.NotFoundCovered, "customers": coverage.NotFoundCovered,
		"customers_web": coverage.VerdictUnknown, "linked": coverage.NotFoundCovered,
	}
	for _, q := range c.Questions {
		if q.Answer.Verdict != verdicts[q.ID] {
			t.Errorf("%s: %s, want %s: %v", q.ID, q.Answer.Verdict, verdicts[q.ID], q.Answer.Because)
		}
		if q.ID == "customers_web" && (len(q.Answer.Because) == 0 || !strings.Contains(q.Answer.Because[0].EN, "emptied")) {
			t.Errorf("why it cannot be told is not said: %v", q.Answer.Because)
		}
	}
	if len(c.Questions) != len(verdicts) {
		t.Errorf("%d questions", len(c.Questions))
	}
	told(t, c)
	if k := replaytest.Deadlines(t, c, jst(t, "10-12 10:05:00"))["appi-final"]; k.Due.Latest.In(raw.JST()).Format(time.DateOnly) != "2018-11-30" {
		t.Errorf("final report: %s, due %s", k.State, k.Due.Latest)
	}
	list, err := i.Lint(t.Context(), "sato", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		t.Errorf("a contradiction: %s %v: %s", p.Code, p.Where, p.Text.EN)
	}
}

// told holds what stands in the case: six certainties, and rows that cite.
func told(t *testing.T, c *investigate.Case) {
	t.Helper()
	seen := map[investigate.Certainty]bool{}
	for _, s := range c.Statements {
		seen[s.Certainty] = true
	}
	if len(seen) != 6 {
		t.Errorf("certainties %v", seen)
	}
	cited := 0
	for _, r := range c.Timeline {
		if r.Query != "" && len(r.Cites) == 0 {
			t.Errorf("row %s finds nothing", r.ID)
		}
		if len(r.Cites) > 0 {
			cited++
		}
	}
	if cited < 10 {
		t.Errorf("%d rows cite records", cited)
	}
	for _, x := range c.Conditions {
		if x.State() != investigate.Met {
			t.Errorf("condition %s: %+v", x.ID, x.Last())
		}
	}
}

func TestEveryLineOfTheMinerIsUnderstood(t *testing.T) {
	dir := replaytest.Written(t, miner.Scenario(), raw.Options{Records: 1})
	replaytest.Understood(t, dir, []string{"nginx", "syslog", "auditd", "postgres", "vpcflow", "jsonlines"}, 2018)
}

func TestTheSameSeedGivesTheSameMiner(t *testing.T) { replaytest.SameBytes(t, miner.Scenario()) }

func TestTheMinersCaseIsInItsOwnWords(t *testing.T) { replaytest.OwnWords(t, miner.Scenario(), "001") }

// TestTheLogsOfTheMinerAreWhatIsLeft looks for what was lost.
func TestTheLogsOfTheMinerAreWhatIsLeft(t *testing.T) {
	dir := replaytest.Written(t, miner.Scenario(), raw.Options{Records: 1})
	b, err := os.ReadFile(filepath.Join(dir, "web_02/web-02/access.log"))
	if err != nil {
		t.Fatal(err)
	}
	days := map[string]int{}
	for line := range strings.Lines(string(b)) {
		_, rest, _ := strings.Cut(line, "[")
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", rest[:26])
		if err != nil {
			t.Fatal(err)
		}
		if !at.Before(jst(t, "09-28 00:00:00")) && at.Before(jst(t, "09-28 18:31:00")) || at.Before(jst(t, "09-18 00:00:00")) || !at.Before(jst(t, "10-02 17:05:00")) {
			t.Errorf("this was lost: %s", line)
		}
		days[at.Format("01-02")]++
	}
	if days["09-27"] < 300 || days["09-28"] < 60 {
		t.Errorf("lines by day: %v", days)
	}
}
