package ransomware_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/replay/ransomware"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/replay/replaytest"
)

func jst(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", "2023-"+text, raw.JST())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestRansomwareIsNoticedBeforeAndWhileItEncrypts holds what the scenario
// expects to be detected, and when, and that the month before is calm.
func TestRansomwareIsNoticedBeforeAndWhileItEncrypts(t *testing.T) {
	t.Parallel()
	i := replaytest.Import(t, ransomware.Scenario(), raw.Options{Records: 30_000})
	began := jst(t, "06-05 03:05:00") // the first server
	i.Calm(t, 3)
	for _, n := range []struct {
		what     string
		from, by time.Time
		rules    []string
		words    []string
	}{
		{"the first entry", jst(t, "06-01 02:14:37"), jst(t, "06-01 02:15:00"), []string{"baseline-new-address", "baseline-fail-then-success"}, []string{"k.hayashi"}},
		{"credentials taken", jst(t, "06-04 00:58:05"), jst(t, "06-04 00:58:06"), []string{"009644be-32cb-408e-a12e-08e72fdc938d"}, []string{"mg01"}},
		{"the security tool stopped", jst(t, "06-05 02:18:00"), jst(t, "06-05 02:19:00"), []string{"27a38b8e-b01b-47cb-ba2b-e748e7c24f58", "fd28b961-1de8-4ef9-97a7-040df57f40f3"}, nil},
		{"backups stopped", jst(t, "06-05 02:31:15"), jst(t, "06-05 02:31:16"), []string{"2acf470c-ff45-412d-a41a-7ccfe4795b2c"}, []string{"bk01"}},
		{"shadow copies deleted", jst(t, "06-05 02:31:00"), jst(t, "06-05 02:31:56"), []string{"8455dc5d-8f3c-4013-8267-f9ac7c5b10d1"}, []string{"bk01"}},
		{"the backups' catalogue deleted", jst(t, "06-05 02:32:00"), jst(t, "06-05 02:32:36"), []string{"c932b805-bd93-4f4e-b539-e18ce0d896f5"}, []string{"bk01"}},
		{"recovery disabled, before the first file", began, jst(t, "06-05 03:05:08"), []string{"c932b805-bd93-4f4e-b539-e18ce0d896f5"}, []string{"fs01", "recoveryenabled"}},
		{"files renamed in bulk, 60 s after it begins", began, jst(t, "06-05 03:06:08"), []string{"baseline-mass-file-change"}, []string{"fs01"}},
		{"one program on several servers, by the third", began, jst(t, "06-05 03:05:51"), []string{"baseline-new-program"}, []string{"3 hosts"}},
		{"the servers fall silent", began, jst(t, "06-05 06:00:00"), []string{"baseline-source-silent"}, []string{"host(s) of server"}},
	} {
		if f := i.Noticed(t, n.from, n.by, n.rules, n.words...); f.RuleID != "" {
			t.Logf("%s: %s %s %s", n.what, f.Time.In(raw.JST()).Format("01-02 15:04:05"), f.Level, f.Title.EN)
		}
	}
	answers(t, i)
	theCaseHolds(t, i)
}

// answers holds what can be answered, and what cannot and why.
func answers(t *testing.T, i *replaytest.Incident) {
	t.Helper()
	if c := i.Answered(t, "source:server object:*.kqzt", nil, jst(t, "06-05 00:00:00"), jst(t, "06-05 09:00:00")); c.Total != 18*130 {
		t.Errorf("%d encrypted files", c.Total)
	}
	if c := i.Answered(t, "src_ip:198.51.100.146 status:success", []string{"vpn"}, jst(t, "05-08 00:00:00"), jst(t, "06-05 09:00:00")); c.Answer.Verdict != coverage.Found || c.Total != 6 {
		t.Errorf("the route in: %s, %d", c.Answer.Verdict, c.Total)
	}
	whole := i.Answered(t, "bytes_out:>50000000", []string{"firewall"}, jst(t, "06-01 02:14:37"), jst(t, "06-05 09:00:00"))
	if whole.Answer.Verdict != coverage.VerdictUnknown || len(whole.Answer.Because) == 0 {
		t.Errorf("what left since the first entry: %+v", whole.Answer)
	}
	if since := i.Answered(t, "bytes_out:>50000000", []string{"firewall"}, jst(t, "06-02 00:00:00"), jst(t, "06-05 08:59:00")); since.Answer.Found != 0 {
		t.Errorf("what left since 2 June: %+v", since.Answer)
	}
	if c := i.Answered(t, "class:datastore", []string{"database"}, jst(t, "06-01 00:00:00"), jst(t, "06-05 09:00:00")); c.Answer.Verdict != coverage.VerdictUnknown {
		t.Errorf("what was read from databases: %+v", c.Answer)
	}
}

// theCaseHolds applies the case file through the ordinary operations.
func theCaseHolds(t *testing.T, i *replaytest.Incident) {
	t.Helper()
	c := i.Applied(t)
	replaytest.InBothLanguages(t, c)
	for _, r := range c.Timeline {
		if r.Query != "" && len(r.Cites) == 0 {
			t.Errorf("%s: %q finds nothing", r.Text.EN, r.Query)
		}
	}
	for _, s := range c.Scopes {
		if s.ID == "sc-hosts" && (s.Number.Min == nil || *s.Number.Min != 18) {
			t.Errorf("%+v servers", s.Number)
		}
	}
	list, err := i.Lint(t.Context(), "sato", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		t.Errorf("a contradiction: %s: %s", p.Code, p.Text.EN)
	}
	deadlines(t, i, c.ID)
	used := map[investigate.Certainty]bool{}
	for _, s := range c.Statements {
		used[s.Certainty] = true
	}
	if len(used) != 6 {
		t.Errorf("certainties %v", used)
	}
	want := map[string]coverage.Verdict{
		"how_in": coverage.Found, "since_when": coverage.Found, "touched": coverage.Found, "still_in": coverage.NotFoundCovered,
		"what_left": coverage.VerdictUnknown, "left_since_2june": coverage.NotFoundCovered, "data_read": coverage.VerdictUnknown,
	}
	for _, q := range c.Questions {
		if v, ok := want[q.ID]; ok && v != q.Answer.Verdict {
			t.Errorf("%s: %s %v, want %s", q.ID, q.Answer.Verdict, q.Answer.Because, v)
		}
	}
}

func TestEveryLineIsUnderstood(t *testing.T) {
	t.Parallel()
	dir := replaytest.Written(t, ransomware.Scenario(), raw.Options{Records: 1})
	replaytest.Understood(t, dir, []string{"jsonlines", "fortigate"}, 2023)
}

// TestWhatWasLostIsNotWritten: a server's log ends when it is encrypted, and
// the firewall remembers three days.
func TestWhatWasLostIsNotWritten(t *testing.T) {
	t.Parallel()
	dir := replaytest.Written(t, ransomware.Scenario(), raw.Options{Records: 1})
	flows := read(t, dir, "firewall/fgt-01-traffic.log")
	if !strings.HasPrefix(flows, "date=2023-06-02 ") {
		t.Errorf("the flows begin with %.40s", flows)
	}
	for name, ends := range map[string]time.Time{"server/fs01/sysmon.jsonl": jst(t, "06-05 03:07:30"), "server/svc-web02/sysmon.jsonl": jst(t, "06-05 03:14:35")} {
		lines := strings.Split(strings.TrimSpace(read(t, dir, name)), "\n")
		_, rest, _ := strings.Cut(lines[len(lines)-1], `"SystemTime":"`)
		stamp, _, _ := strings.Cut(rest, `"`)
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil || at.After(ends) || at.Before(ends.Add(-time.Minute)) {
			t.Errorf("%s ends at %s: %v", name, stamp, err)
		}
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// deadlines holds that the reports of 8 June and 19 July were in time by the
// facts of the case.
func deadlines(t *testing.T, i *replaytest.Incident, id string) {
	t.Helper()
	c, err := i.Case(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	book, err := clock.Open()
	if err != nil {
		t.Fatal(err)
	}
	var facts []clock.Fact
	for n := range c.Facts {
		f := &c.Facts[n]
		facts = append(facts, clock.Fact{Key: f.ID, Value: f.Value, At: f.Known, Known: f.Known, Record: f.Recorded})
	}
	var subs []clock.Submission
	for n := range c.Submissions {
		subs = append(subs, clock.Submission{Rule: c.Submissions[n].Clock, At: c.Submissions[n].At})
	}
	due := map[string]string{"appi-preliminary": "2023-06-10", "appi-final": "2023-08-03"}
	for _, k := range book.Compute(facts, subs, jst(t, "07-31 00:00:00"), raw.JST()) {
		want, ok := due[k.Rule.ID]
		if !ok {
			continue
		}
		delete(due, k.Rule.ID)
		if got := k.Due.Latest.In(raw.JST()).Format(time.DateOnly); got != want || k.State != clock.InTime {
			t.Errorf("%s: due %s, want %s; %s %v", k.Rule.ID, got, want, k.State, k.Because)
		}
	}
	if len(due) > 0 {
		t.Errorf("no deadline %v", due)
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) { replaytest.SameBytes(t, ransomware.Scenario()) }

func TestTheCaseIsInItsOwnWords(t *testing.T) { replaytest.OwnWords(t, ransomware.Scenario(), "002") }
