package insider_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	s := insider.Scenario()
	i := replaytest.Import(t, s, raw.Options{Records: 30_000})
	replaytest.Golden(t, "testdata/noticed.golden", i.Told(s.Traces))
	answers := map[string]coverage.Verdict{
		"how_in": coverage.Found, "who": coverage.Found, "since_when": coverage.NotFoundCovered, "touched": coverage.Found,
		"still_in": coverage.NotFoundCovered, "what_left": coverage.Found, "mailed": coverage.NotFoundCovered,
	}
	for _, id := range s.Unknown {
		answers[id] = coverage.VerdictUnknown
	}
	i.Holds(t, replaytest.Expected{
		Answers:      answers,
		Containments: map[string]investigate.State{"c-account": investigate.NotMet, "c-password": investigate.Met},
		Most:         map[string]int64{"exports": 31, "copies": 27},
		Problems:     map[string]int{"containment-without-effect": 1},
	})
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
	replaytest.Stand(t, dir, []replaytest.Fact{
		{File: "crm/audit.csv", Words: []string{"2026/06/12 20:47:19", "s.katagiri", "エクスポート", "1420 件"}, Times: 1},
		{File: "crm/audit.csv", Words: []string{"s.katagiri", "エクスポート", "_全国"}, Times: 2},
		{File: "crm/audit.csv", Words: []string{"2026/07/14 22:51:08", "y.aizawa", "エクスポート", "18702 件"}, Times: 1},
		{File: "crm/audit.csv", Words: []string{"2026/07/10 18:05:00", "ユーザーの停止", "s.katagiri"}, Times: 1},
		{File: "pc/operations.csv", Words: []string{"2026/06/16 21:05:33", "デバイス接続", "USB-7C31F0A2"}, Times: 1},
		{File: "pc/operations.csv", Words: []string{"ファイルコピー", "USB-7C31F0A2"}, Times: 27},
		{File: "pc/operations.csv", Words: []string{"2026/07/07 21:14:20", "印刷", "重点顧客"}, Times: 1},
		{File: "dns/ns-01.log", Words: []string{"my-drive.example.net", "10.60.1.21#"}, Times: 5},
		{File: "dns/ns-01.log", Words: []string{"2026-06-12T21:09:58", "my-drive.example.net"}, Times: 1},
		{File: "vpn/fgt-01.log", Words: []string{"date=2026-07-14 time=22:41:08", `user="s.katagiri"`, "ssl-login-fail", "198.51.100.73"}, Times: 1},
		{File: "vpn/fgt-01.log", Words: []string{"date=2026-07-14 time=22:43:50", `user="y.aizawa"`, "tunnel-up", "198.51.100.73"}, Times: 1},
		{File: "directory/dc01.jsonl", Words: []string{`"EventID":4725`, "2026-07-10T09:05:00"}, Times: 1},
		{File: "mail/gateway.jsonl", Words: []string{"2026-09-10T10:12:00", "勧誘"}, Times: 1},
	})
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
