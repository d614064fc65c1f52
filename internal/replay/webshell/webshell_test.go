package webshell_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/replay/replaytest"
	"github.com/konseki/konseki/internal/replay/webshell"
)

func jst(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", "2017-"+text, raw.JST())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

const (
	x = "203.0.113.58"
	y = "198.51.100.201"
)

// TestStrutsWebshellIsNoticedByItsFirstRequests holds what the scenario
// expects to be detected, and when, and that the weeks before are calm.
func TestStrutsWebshellIsNoticedByItsFirstRequests(t *testing.T) {
	t.Parallel()
	i := replaytest.Import(t, webshell.Scenario(), raw.Options{Records: 30_000})
	i.Estate(t)
	i.Calm(t, 3)
	attack := []string{"5b0a2c1e-7d34-4e2b-9f61-0c3a5d8e1f0e", "5b0a2c1e-7d34-4e2b-9f61-0c3a5d8e1f0f"}
	placed := []string{"baseline-web-script", "e9f33a6b-7c04-4d1f-a6db-c03b0d74c647"}
	for _, n := range []struct {
		what     string
		from, by string
		rules    []string
		words    []string
	}{
		{"the published flaw matched, tax", "03-06 22:14:00", "03-06 22:29:00", []string{"advisory-affected"}, []string{"CVE-2017-5638", "tax-ap01", "2.3.31"}},
		{"the published flaw matched, insurance", "03-06 22:14:00", "03-06 22:29:00", []string{"advisory-affected"}, []string{"CVE-2017-5638", "ins-ap01", "2.5.8"}},
		{"nobody has read it after four hours", "03-07 02:14:00", "03-07 02:29:00", []string{"advisory-unread"}, []string{"CVE-2017-5638", "tax-ap01", "ins-ap01"}},
		{"nobody has read it after a day", "03-07 22:14:00", "03-07 22:29:00", []string{"advisory-unread"}, []string{"CVE-2017-5638"}},
		{"a security code in output, by the first record that holds one", "02-21 14:07:33", "02-21 14:07:34", []string{"secret.security_code"}, []string{"ins-ap01"}},
		{"the attack on the insurance site", "03-08 04:54:00", "03-08 04:54:59", attack, []string{"ins-ap01"}},
		{"the insurance site's backdoor", "03-08 04:57:00", "03-08 04:57:59", placed, []string{"ins-ap01"}},
		{"the attack on the tax site", "03-08 16:51:00", "03-08 16:51:59", attack, []string{"tax-web01"}},
		{"the tax site's backdoor", "03-08 17:14:00", "03-08 17:14:59", placed, []string{"tax-ap01"}},
		{"statements never seen, tax", "03-08 17:40:00", "03-08 17:40:59", []string{"baseline-new-statement"}, []string{"tax-db01"}},
		{"cards read in bulk, tax", "03-08 17:40:00", "03-08 17:40:59", []string{"baseline-bulk-read"}, []string{"tax-db01"}},
		{"the burst of exceptions, in its first minute", "03-08 18:19:04", "03-08 18:20:04", []string{"baseline-exception-burst"}, []string{"tax-ap01"}},
		{"the block evaded, by the first request", "03-08 18:20:31", "03-08 18:25:16", []string{"baseline-block-evaded"}, []string{y, "tax-web01"}},
		{"the block evaded at the other site", "03-09 02:30:00", "03-09 02:30:00", []string{"baseline-block-evaded"}, []string{y, "ins-web01"}},
		{"statements never seen, insurance", "03-09 02:30:00", "03-09 02:30:59", []string{"baseline-new-statement"}, []string{"ins-db01"}},
		{"cards read in bulk, insurance", "03-09 02:30:00", "03-09 02:30:59", []string{"baseline-bulk-read"}, []string{"ins-db01"}},
	} {
		if f := i.Noticed(t, jst(t, n.from), jst(t, n.by), n.rules, n.words...); f.RuleID != "" {
			t.Logf("%s: %s %s %s", n.what, f.Time.In(raw.JST()).Format("01-02 15:04:05"), f.Level, f.Title.EN)
		}
	}
	if c := i.Answered(t, "src_ip:"+y, []string{"web"}, jst(t, "02-13 00:30:00"), jst(t, "03-08 18:25:16")); c.Total != 0 {
		t.Errorf("address Y came %d times before", c.Total)
	}
	theCaseHolds(t, i)
	theListIsMasked(t, i)
}

// theCaseHolds applies the case file and looks at what is computed: verdicts,
// checks, the block that did not hold.
func theCaseHolds(t *testing.T, i *replaytest.Incident) {
	t.Helper()
	c := i.Applied(t)
	replaytest.InBothLanguages(t, c)
	for _, r := range c.Timeline {
		if r.Query != "" && len(r.Cites) == 0 {
			t.Errorf("%s: %q finds nothing", r.Text.EN, r.Query)
		}
	}
	want := map[string]coverage.Verdict{
		"how_in": coverage.Found, "since_when": coverage.Found, "touched": coverage.Found, "still_in": coverage.NotFoundCovered, "what_left": coverage.Found,
		"tax_span": coverage.Found, "ins_span": coverage.Found, "past_block": coverage.Found, "warned": coverage.Found,
		"early_warning": coverage.VerdictUnknown, "sent_out": coverage.VerdictUnknown,
	}
	for _, q := range c.Questions {
		if v, ok := want[q.ID]; ok && v != q.Answer.Verdict {
			t.Errorf("%s: %s %v, want %s", q.ID, q.Answer.Verdict, q.Answer.Because, v)
		}
		delete(want, q.ID)
	}
	if len(want) > 0 {
		t.Errorf("not asked: %v", want)
	}
	states := map[string]investigate.State{"c-block": investigate.NotMet, "c-waf": investigate.Met, "c-switch": investigate.Met}
	for _, p := range c.Containments {
		if last := p.Last(); last == nil || last.State != states[p.ID] {
			t.Errorf("containment %s: %+v", p.ID, last)
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
	// What the company first said: that the block ended it, and that nobody could know of the flaw.
	if d := cmp.Diff(map[string]int{"containment-without-effect": 1, "two-times": 1, "unknown-but-published": 1}, found); d != "" {
		t.Errorf("contradictions (-want +got):\n%s", d)
	}
	used := map[investigate.Certainty]bool{}
	for _, s := range c.Statements {
		used[s.Certainty] = true
	}
	if len(used) != 6 {
		t.Errorf("certainties %v", used)
	}
}

// theListIsMasked holds that the list for the card companies shows no card
// unless somebody says why.
func theListIsMasked(t *testing.T, i *replaytest.Incident) {
	t.Helper()
	card := regexp.MustCompile(`\b4\d{15}\b`)
	by := auth.Person{Name: "sato", Role: auth.RoleAnalyst}
	for _, scope := range []string{"sc-tax", "sc-ins"} {
		for why, most := range map[string]int{"": 0, "to the card companies": 40} {
			var list bytes.Buffer
			n, err := i.HandOver(t.Context(), by, "2017-001", scope, why, &list)
			if err != nil {
				t.Fatal(err)
			}
			shown := map[string]bool{}
			for _, c := range card.FindAllString(list.String(), -1) {
				shown[c] = true
			}
			if n != 40 || len(shown) != most {
				t.Errorf("%s %q: %d lines show %d cards", scope, why, n, len(shown))
			}
		}
	}
}

func TestEveryLineIsUnderstood(t *testing.T) {
	t.Parallel()
	dir := replaytest.Written(t, webshell.Scenario(), raw.Options{Records: 1})
	replaytest.Understood(t, dir, []string{"nginx", "java", "auditd", "syslog", "postgres", "fortigate", "modsecurity", "jsonlines", "osv"}, 2017)
}

// TestTheFactsStandAtTheirMinutes holds what the report gives to the minute.
func TestTheFactsStandAtTheirMinutes(t *testing.T) {
	t.Parallel()
	dir := replaytest.Written(t, webshell.Scenario(), raw.Options{Records: 1})
	utc := func(text string) string { return jst(t, text+":00").UTC().Format("2006-01-02 15:04") }
	for _, f := range []struct{ file, line string }{
		{"application/ins-ap01/app.log", "2017-03-08 04:54"},
		{"web/ins-web01/access.log", x + " - - [08/Mar/2017:04:54"},
		{"web/tax-web01/access.log", x + " - - [08/Mar/2017:16:51"},
		{"feed/osv.jsonl", `"id":"S2-045","modified":"2017-03-06T13:14:00Z"`},
		{"advisory/inbox.jsonl", `"time":"2017-03-08T15:25`},
		{"advisory/inbox.jsonl", `"time":"2017-03-09T18:00`},
		{"database/tax-db01/postgresql.log", utc("03-08 17:40")},
		{"database/tax-db01/postgresql.log", utc("03-08 23:53")},
		{"database/ins-db01/postgresql.log", utc("03-09 02:30")},
		{"database/ins-db01/postgresql.log", utc("03-09 04:59")},
		{"firewall/fgt-01.log", "date=2017-03-08 time=18:20:31"},
		{"monitoring/alerts.jsonl", `"time":"2017-03-08T18:20`},
		{"waf/waf-01.jsonl", `"time":"09/Mar/2017:21:56`},
	} {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.file)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), f.line) {
			t.Errorf("%s has no line of %s", f.file, f.line)
		}
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) { replaytest.SameBytes(t, webshell.Scenario()) }

func TestTheCaseIsInItsOwnWords(t *testing.T) { replaytest.OwnWords(t, webshell.Scenario(), "004") }
