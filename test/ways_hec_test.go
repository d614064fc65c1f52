package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// TestSyslogNGPostsToTheEventCollector lets a real syslog-ng send what programs
// log to what it takes for Splunk's HTTP Event Collector, in batches over TLS.
func TestSyslogNGPostsToTheEventCollector(t *testing.T) {
	const root = "/opt/syslog-ng/usr"
	syslogNG := program(t, root+"/sbin/syslog-ng")
	modules := root + "/lib/syslog-ng/3.38"
	if _, err := os.Stat(modules + "/libhttp.so"); err != nil {
		t.Skip("syslog-ng's http() is absent: unpack syslog-ng-mod-http to run this test")
	}
	s := newPostSite(t)
	dir := t.TempDir()
	logFile := filepath.Join(dir, "app.log")
	writeFile(t, filepath.Join(dir, "conf"), fmt.Sprintf(`@version: 3.35
options { stats-freq(0); };
source s { file("%[1]s" flags(no-parse) follow-freq(0.2)); };
destination d {
  http(url("%[2]s/services/collector/event") method("POST") headers("Authorization: Splunk %[3]s")
    body('$(format-json time=int64($R_UNIXTIME) host="web1.example.jp" event=$MSG)')
    batch-lines(100) batch-timeout(500) tls(ca-file("%[4]s")));
};
log { source(s); destination(d); };
`, logFile, s.base, s.token, s.trust), 0o600)
	var lines strings.Builder
	for i := range 500 {
		fmt.Fprintf(&lines, "order %d was \"changed\"\n", i)
	}
	writeFile(t, logFile, lines.String(), 0o600)
	cmd := exec.CommandContext(t.Context(), syslogNG, "-F", "-f", filepath.Join(dir, "conf"), "-R", filepath.Join(dir, "persist"), "-p", filepath.Join(dir, "pid"),
		"-c", filepath.Join(dir, "ctl"), "--module-path", modules, "--no-caps")
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+root+"/lib/syslog-ng")
	daemon(t, cmd)
	s.shows(t, `source:app "order 499"`, "order 499 was ")
	seen := map[string]int{}
	for _, rec := range s.records(t, "hec") {
		var one struct {
			Time  int64  `json:"time"`
			Host  string `json:"host"`
			Event string `json:"event"`
		}
		if err := json.Unmarshal([]byte(rec.Raw), &one); err != nil || rec.Source != "app" || one.Time == 0 || one.Host != "web1.example.jp" {
			t.Fatalf("%v: %+v", err, rec)
		}
		seen[one.Event]++
	}
	if len(seen) != 500 || seen[`order 499 was "changed"`] != 1 {
		t.Errorf("%d events arrived", len(seen))
	}
}
