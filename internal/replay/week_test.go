package replay_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/replay"
)

// A temptation is something that looks like an attack and is none: how many
// lines under a folder hold all the words.
type temptation struct {
	name, under string
	words       []string
	atLeast     int
	exactly     int
}

func temptations() []temptation {
	return []temptation{
		{name: "trip-one", under: "groupware/drive", words: []string{"a.fujita@", "198.19.7.80"}, atLeast: 5},
		{name: "trip-two", under: "chat/audit", words: []string{"m.aoki", "198.18.96.", "user_login"}, atLeast: 1},
		{name: "trip-two", under: "groupware/drive", words: []string{"m.aoki@", "198.18.4.21"}, atLeast: 5},
		{name: "commute", under: "chat/audit", words: []string{`"ip_address":"100.10`, "user_login"}, atLeast: 600},
		{name: "home-lines", under: "vpn/", words: []string{"tunnel-up", "remip=100."}, atLeast: 800},
		{name: "hotel", under: "chat/audit", words: []string{"100.90.12.34"}, atLeast: 2},
		{name: "egress", under: "groupware/login", words: []string{`"192.0.2.10"`, "login_success"}, atLeast: 500},
		{name: "couple", under: "vpn/", words: []string{"m.hara", "remip=100.72.51.100"}, atLeast: 2},
		{name: "couple", under: "vpn/", words: []string{"r.kimura", "remip=100.72.51.100"}, atLeast: 2},
		{name: "on-call", under: "vpn/", words: []string{"date=2026-11-05 time=03:07", "tunnel-up"}, exactly: 1},
		{name: "on-call", under: "server/app-03/", words: []string{"2026-11-05T03:1", "restart shop.service"}, exactly: 1},
		{name: "on-call", under: "app/", words: []string{"PSQLException: Read timed out"}, atLeast: 500},
		{name: "reset", under: "groupware/login", words: []string{"2026-11-04T00:4", "r.ogawa@", "login_failure"}, exactly: 5},
		{name: "reset", under: "groupware/admin", words: []string{"CHANGE_PASSWORD", "r.ogawa@"}, exactly: 1},
		{name: "reset", under: "groupware/login", words: []string{"password_edit", "r.ogawa@"}, exactly: 1},
		{name: "reset", under: "directory/", words: []string{`"EventID":4740`, "r.ogawa"}, exactly: 1},
		{name: "newcomers", under: "groupware/admin", words: []string{"CREATE_USER"}, exactly: 4},
		{name: "newcomers", under: "groupware/drive", words: []string{"forticlient-vpn-installer"}, exactly: 4},
		{name: "leaver", under: "groupware/admin", words: []string{"SUSPEND_USER", "n.shimizu@"}, exactly: 1},
		{name: "leaver", under: "groupware/login", words: []string{"2026-11-0", "n.shimizu@", "login_failure"}, atLeast: 3},
		{name: "dormant", under: "groupware-archive/", words: []string{"2026-07-0", "s.ogawa@"}, exactly: 1},
		{name: "dormant", under: "groupware/login", words: []string{"2026-11-04T00:34:20", "s.ogawa@", "192.0.2.10", "login_success"}, exactly: 1},
		{name: "dormant", under: "groupware/login", words: []string{"2026-10-", "s.ogawa@"}},
		{name: "ops", under: "server/jump-01/", words: []string{"Accepted publickey for ops from"}, atLeast: 50},
		{name: "ops", under: "server/repo-01/", words: []string{"Accepted publickey for git from"}, atLeast: 2000},
		{name: "cleanup", under: "groupware/drive", words: []string{"2026-11-05T05:", "s.mori@", "請求書控え"}, exactly: 120},
		{name: "grants", under: "groupware/token", words: []string{"共有カレンダー連携"}, atLeast: 30},
		{name: "role", under: "groupware/admin", words: []string{"ASSIGN_ROLE", "_HELP_DESK_ADMIN_ROLE"}, exactly: 1},
		{name: "shared-list", under: "groupware/drive", words: []string{"共有アカウント一覧"}, atLeast: 2},
		{name: "passwords", under: "chat/messages", words: []string{"パスワード"}, atLeast: 200},
		{name: "quiet", under: "groupware/drive", words: []string{"2026-11-04T0"}, atLeast: 700},
		{name: "deploy", under: "server/", words: []string{"EXECVE", `a0="/opt/shop/releases/20261104.1/bin/shop"`}, exactly: 30},
		{name: "deploy", under: "web/", words: []string{" 502 "}, atLeast: 300},
		{name: "configuration", under: "server/", words: []string{"2026-11-05T10:3", "(root) REPLACE (root)"}, exactly: 48},
		{name: "backup", under: "database/db-01/", words: []string{"backup@shop/pg_dump", "COPY public."}, exactly: 210},
		{name: "backup", under: "database/mdb-", words: []string{",backup,", "SQL_NO_CACHE"}, exactly: 252},
		{name: "backup", under: "server/", words: []string{"Accepted publickey for backup from"}, atLeast: 960},
		{name: "batch", under: "database/db-01/", words: []string{"batch@shop/aggregate", "FROM orders"}, exactly: 21},
		{name: "report", under: "database/db-02/", words: []string{"report@shop/weekly-report", "FROM customers", ",48211"}, exactly: 3},
		{name: "migration", under: "database/db-01/", words: []string{"migrator@shop", "DROP TABLE tmp_items_new"}, exactly: 6},
		{name: "migration", under: "database/db-01/", words: []string{"dba_k.nakajima", "TRUNCATE TABLE staging_import"}, exactly: 1},
		{name: "purge", under: "database/db-01/", words: []string{"DELETE FROM sessions WHERE"}, exactly: 21},
		{name: "patching", under: "server/", words: []string{"exiting on signal 15"}, exactly: 48 * 3},
		{name: "patching", under: "server/", words: []string{"type=DAEMON_END"}, exactly: 32 * 3},
		{name: "certificates", under: "server/web-", words: []string{"privkey7.pem", "CREATE"}, exactly: 6},
		{name: "rotation", under: "server/", words: []string{"rsyslogd was HUPed"}, exactly: 48 * 21},
		{name: "build-cleanup", under: "server/ci-", words: []string{"unlinkat", `"DELETE"`}, exactly: 2 * 21 * 150},
		{name: "probes", under: "web/", words: []string{"/healthz", "check_http"}, atLeast: 18_000},
		{name: "own-scan", under: "web/", words: []string{"192.0.2.200 ", "ExampleScan"}, exactly: 6 * 3 * 120},
		{name: "own-scan", under: "server/", words: []string{"Did not receive identification string"}, exactly: 47 * 3},
		{name: "agent", under: "pc/", words: []string{`"EventID":7045`}, exactly: 5},
		{name: "firewall", under: "vpn/", words: []string{"firewall.policy"}, exactly: 1},
		{name: "guessing", under: "server/repo-01/", words: []string{"Failed password for"}, atLeast: 10_000},
		{name: "guessing", under: "vpn/", words: []string{"sslvpn_login_unknown_user"}, atLeast: 1_000},
		{name: "web-noise", under: "web/", words: []string{`" 404 153 "`}, atLeast: 5_000},
		{name: "s2-045", under: "web/", words: []string{"@ognl.OgnlContext@", `" 400 `}, atLeast: 20},
		{name: "s2-045", under: "web/", words: []string{"@ognl.OgnlContext@", `" 200 `}},
	}
}

func TestEveryTemptationIsThere(t *testing.T) {
	l := ordinary(t)
	for _, x := range temptations() {
		n := len(l.find(x.under, x.words...))
		if x.atLeast > 0 && n < x.atLeast || x.atLeast == 0 && n != x.exactly {
			t.Errorf("%s: %d lines under %s hold %q, want %d exactly or %d at least", x.name, n, x.under, x.words, x.exactly, x.atLeast)
		}
	}
}

func TestTheManifestTellsWhyEachTemptationMustNotAlarm(t *testing.T) {
	ordinary(t)
	text, err := os.ReadFile(filepath.Join(calm.dir, "konseki-sources.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# \[([a-z0-9-]+)\] `).FindAllStringSubmatch(string(text), -1) {
		told[m[1]] = true
	}
	tried := map[string]bool{}
	for _, x := range temptations() {
		tried[x.name] = true
		if !told[x.name] {
			t.Errorf("%s is not told", x.name)
		}
	}
	for name := range told {
		if !tried[name] {
			t.Errorf("%s is told and not looked for", name)
		}
	}
}

func TestTheCompanyIsOfFiftyHostsAndTwoHundredPeople(t *testing.T) {
	l := ordinary(t)
	hosts, people := map[string]bool{"ad-01": true, "fgt-01": true}, map[string]bool{}
	for name := range l {
		if parts := strings.Split(name, "/"); parts[0] == "server" {
			hosts[parts[1]] = true
		}
	}
	mail := regexp.MustCompile(`"email":"([^"]+)"`)
	for _, line := range l.find("groupware/", `"email"`) {
		people[mail.FindStringSubmatch(line)[1]] = true
	}
	if len(hosts) != 50 || len(people) != 200 {
		t.Errorf("%d hosts and %d people", len(hosts), len(people))
	}
	if n := calm.sum.Records; n < 300_000 || n > 600_000 {
		t.Errorf("%d records", n)
	}
}

// TestEveryLineOfTheWeekIsUnderstood reads a small week as an import does.
func TestEveryLineOfTheWeekIsUnderstood(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if _, err := replay.Write(t.Context(), benign, dir, replay.Options{Records: 1, Weeks: 1}); err != nil {
		t.Fatal(err)
	}
	formats := map[string]int{}
	all, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name := range all {
		shape, events := normalisetest.Import(t, filepath.Join(dir, name))
		formats[shape.Format]++
		for i := range events {
			if ev := &events[i]; ev.Format == event.Unparsed || ev.Time.Year() != 2026 {
				t.Errorf("%s: not understood: %s", name, ev.Message)
				break
			}
		}
	}
	for _, want := range []string{"nginx", "apache", "syslog", "auditd", "laurel", "postgres", "mariadb", "fortigate", "workspace", "slack", "jsonlines"} {
		if formats[want] == 0 {
			t.Errorf("no file is of format %s: %v", want, formats)
		}
	}
}

// TestStrangersNeverSucceed holds what makes the week benign.
func TestStrangersNeverSucceed(t *testing.T) {
	done := regexp.MustCompile(`Accepted |login_success|user_login"|tunnel-up|HTTP/1\.1" (?:200|201|302) |,CONNECT,|connection authorized`)
	for name, lines := range ordinary(t) {
		for _, line := range lines {
			if (strings.Contains(line, "203.0.113.") || strings.Contains(line, "198.51.100.")) && done.MatchString(line) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

func TestTravellersAreSilentInTheAirAndInTwoPlacesAfterwards(t *testing.T) {
	l := ordinary(t)
	begin, landed := jst(t, "11-02 17:00:00").AddDate(8, 0, 0), jst(t, "11-03 04:30:00").AddDate(8, 0, 0)
	back := jst(t, "11-06 01:00:00").AddDate(8, 0, 0)
	from := map[string]int{}
	for _, under := range []string{"groupware/", "chat/", "vpn/"} {
		for _, line := range l.find(under, "a.fujita") {
			at, _ := stampOf(under, line)
			inAir := at.After(begin) && at.Before(landed)
			if inAir && !strings.Contains(line, "tunnel-down") {
				t.Errorf("something done in the air: %s", line)
			}
			if at.After(landed) && at.Before(back) {
				for _, net := range []string{"198.19.7.80", "100.107."} {
					if strings.Contains(line, net) {
						from[net]++
					}
				}
			}
		}
	}
	if from["198.19.7.80"] == 0 || from["100.107."] == 0 {
		t.Errorf("the laptop abroad and the telephone at home are not both there: %v", from)
	}
}

func TestAHostThatStartsAgainWritesNothingMeanwhile(t *testing.T) {
	down, up := jst(t, "11-05 02:00:05").AddDate(8, 0, 0), jst(t, "11-05 02:02:29").AddDate(8, 0, 0) // web-01
	for name, lines := range ordinary(t) {
		if !strings.Contains(name, "/web-01/") {
			continue
		}
		if i := slices.IndexFunc(lines, func(line string) bool {
			at, _ := stampOf(name, line)
			return at.After(down) && at.Before(up)
		}); i >= 0 {
			t.Errorf("%s: %s", name, lines[i])
		}
	}
}

func TestHolidaysAndWeekendsAreQuiet(t *testing.T) {
	l := ordinary(t)
	perDay := map[string]int{}
	for _, line := range l.find("groupware/drive") {
		if at, ok := stampOf("groupware/drive", line); ok {
			perDay[at.In(time.FixedZone("JST", 9*60*60)).Format("01-02")]++
		}
	}
	for _, quiet := range []string{"11-03", "11-07", "11-08"} {
		if perDay[quiet] == 0 || perDay[quiet]*5 > perDay["11-04"] {
			t.Errorf("%s has %d uses of documents, the day after the holiday %d", quiet, perDay[quiet], perDay["11-04"])
		}
	}
}
