package replay_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/replay"
)

const (
	wipe   = "stolen-vpn-wipe"
	benign = "benign-week"
	x      = "203.0.113.77"
	y      = "198.51.100.23"
)

// written is a scenario of seed 1, written and read once for all tests that
// only look.
type written struct {
	sync.Once
	dir string
	sum replay.Summary
	log logs
	err error
}

var once, calm written

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range []string{once.dir, calm.dir} {
		if dir != "" {
			_ = os.RemoveAll(filepath.Dir(dir)) // a folder of the system's own for such files
		}
	}
	os.Exit(code)
}

// write writes a scenario in a folder that outlives the first test.
func (w *written) write(name string) error {
	parent, err := os.MkdirTemp("", "replay-")
	if err != nil {
		return err
	}
	w.dir = filepath.Join(parent, "logs")
	if w.sum, err = replay.Write(context.Background(), name, w.dir, replay.Options{}); err != nil {
		return err
	}
	w.log, err = read(w.dir)
	return err
}

func (w *written) of(t *testing.T, name string) logs {
	t.Helper()
	w.Do(func() { w.err = w.write(name) })
	if w.err != nil {
		t.Fatal(w.err)
	}
	return w.log
}

func incident(t *testing.T) logs {
	t.Helper()
	return once.of(t, wipe)
}

// ordinary is the benign week with two weeks before it.
func ordinary(t *testing.T) logs {
	t.Helper()
	return calm.of(t, benign)
}

// logs is one incident as written, read back: the lines of each file by path.
type logs map[string][]string

func read(dir string) (logs, error) {
	out := logs{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Dir(name) == "." {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		for line := range strings.Lines(string(b)) {
			out[name] = append(out[name], strings.TrimSuffix(line, "\n"))
		}
		return err
	})
	return out, err
}

// find gives the lines under a folder that hold every one of the words.
func (l logs) find(under string, words ...string) []string {
	var out []string
	for name, lines := range l {
		if !strings.HasPrefix(name, under) {
			continue
		}
		for _, line := range lines {
			if holds(line, words) {
				out = append(out, line)
			}
		}
	}
	return out
}

func holds(line string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(line, w) {
			return false
		}
	}
	return true
}

func jst(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", "2018-"+text, time.FixedZone("JST", 9*60*60))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// epoch is an instant as a chat audit log has it.
func epoch(t *testing.T, text string) string {
	return `"date_create":` + strconv.FormatInt(jst(t, text).Unix(), 10)
}

func TestEveryFactStandsAtItsExactTime(t *testing.T) {
	l := incident(t)
	vpn := func(clock, user, action string) []string {
		return []string{"date=2018-03-03 time=" + clock + " ", "remip=" + x, `user="` + user + `"`, `action="` + action + `"`}
	}
	for _, fact := range []struct {
		under string
		words []string
	}{
		{"chat/", []string{epoch(t, "01-07 08:57:58"), `"name":"F"`, y, "user_login", "Desktop"}},
		{"chat/", []string{epoch(t, "01-07 09:58:00"), `"name":"F"`, x, "user_login", "Desktop"}},
		{"monitoring/", []string{"2018-03-01T11:40:0", "critical"}},
		{"server/", []string{fmt.Sprintf("audit(%d.", jst(t, "03-01 12:12:50").Unix())}},
		{"server/", []string{fmt.Sprintf("audit(%d.", jst(t, "03-01 12:13:00").Unix())}},
		{"vpn/", vpn("11:08:34", "A", "tunnel-up")},
		{"vpn/", vpn("14:59:44", "C", "ssl-login-fail")},
		{"vpn/", vpn("15:10:26", "B", "tunnel-up")},
		{"vpn/", vpn("15:13:40", "A", "tunnel-down")},
		{"vpn/", vpn("15:33:01", "B", "tunnel-up")},
		{"vpn/", vpn("17:36:35", "B", "tunnel-up")},
		{"vpn/", vpn("20:17:11", "B", "tunnel-down")},
		{"auth/", []string{"2018-03-03T11:08:34", "[A]", "Login OK", x}},
		{"auth/", []string{"2018-03-03T15:10:26", "[B]", "Login OK", x}},
		{"server/dev-01/auth.log", []string{"2018-03-03T15:1", "Accepted password for B"}},
		{"chat/messages", []string{`"user":"A"`, "DM", "新しいパスワード"}},
		{"database/", []string{"20180303 15:00:", "DROP DATABASE", ",root,"}},
	} {
		if len(l.find(fact.under, fact.words...)) == 0 {
			t.Errorf("%s has no line with %q", fact.under, fact.words)
		}
	}
}

func TestTheIntruderSignsInToChatAsOftenAsReported(t *testing.T) {
	l := incident(t)
	got := map[string]int{}
	for _, line := range l.find("chat/", x, "user_login") {
		got[user(line)+" "+day(t, line)]++
	}
	want := map[string]int{
		"F 01-07": 2, "D 01-09": 2, "D 01-11": 1, "D 01-17": 2, "D 01-19": 1, "D 01-22": 1, "D 01-23": 1,
		"D 01-24": 1, "D 01-28": 1, "D 01-29": 2, "B 01-31": 1, "B 02-02": 1, "A 02-02": 1,
	}
	for who, n := range want {
		if got[who] != n {
			t.Errorf("%s: %d sign-ins, want %d", who, got[who], n)
		}
		delete(got, who)
	}
	if len(got) > 0 {
		t.Errorf("sign-ins that the report does not have: %v", got)
	}
	if out := l.find("chat/", x, "user_logout"); len(out) > 0 {
		t.Errorf("the intruder signed out: %v", out)
	}
}

func user(line string) string {
	_, rest, _ := strings.Cut(line, `"name":"`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

func day(t *testing.T, line string) string {
	t.Helper()
	at, ok := stampOf("chat/audit.jsonl", line)
	if !ok {
		t.Fatalf("no time in %s", line)
	}
	return at.In(time.FixedZone("JST", 9*60*60)).Format("01-02")
}

func TestGroupwareHoldsTheReportedAccesses(t *testing.T) {
	l := incident(t)
	// All of the intruder's hours lie before 24:00 JST and after 09:00, so the
	// UTC date of the log is the date of the report.
	for _, c := range []struct {
		what string
		want int
		line []string
	}{
		{"failures of D on 9 January", 3, []string{"2018-01-09T", `"D"`, "login_failure"}},
		{"failures of D on 17 January", 3, []string{"2018-01-17T", `"D"`, "login_failure"}},
		{"failures of E on 9 January", 1, []string{"2018-01-09T", `"E"`, "login_failure"}},
		{"successes of D on 9 January", 1, []string{"2018-01-09T", `"D"`, "login_success"}},
		{"downloads of the VPN client", 1, []string{"2018-01-09T", `"D"`, `"download"`, "vpn-client"}},
		{"views of the shared password on 9 January", 1, []string{"2018-01-09T", `"D"`, `"view"`, "サーバー共通アカウント"}},
		{"views of the shared password on 24 January", 1, []string{"2018-01-24T", `"D"`, `"view"`, "サーバー共通アカウント"}},
	} {
		if got := len(l.find("groupware/", append(c.line, x)...)); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
	if len(l.find("groupware/", "2018-01-09T", x, `"D"`, `"download"`, "people_within_domain")) == 0 {
		t.Error("D downloads nothing that all of the company may open")
	}
}

func TestTheIntruderLeavesNoTraceWhereTheReportHasNone(t *testing.T) {
	l := incident(t)
	if n := len(l.find("web_service/")); n == 0 {
		t.Error("the web service's log is empty: silence would prove nothing")
	}
	if got := l.find("web_service/", x); len(got) > 0 {
		t.Errorf("the web service's log names the intruder: %s", got[0])
	}
	first := jst(t, "01-07 09:58:00")
	for name, lines := range l {
		for _, line := range lines {
			if !strings.Contains(line, x) {
				continue
			}
			if at, ok := stampOf(name, line); !ok || at.Before(first) {
				t.Errorf("%s: the intruder's address before its first use: %s", name, line)
			}
		}
	}
}
