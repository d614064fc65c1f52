package e2e

import (
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
)

// summary is what import --json ends with.
type summary struct {
	Records  int64 `json:"records"`
	Events   int64 `json:"events"`
	Unparsed int64 `json:"unparsed"`
	Files    []struct {
		Path     string `json:"path"`
		Format   string `json:"format"`
		Records  int64  `json:"records"`
		Unparsed int64  `json:"unparsed"`
		Error    string `json:"error"`
	} `json:"files"`
}

func imported(t *testing.T, data string, args ...string) summary {
	t.Helper()
	var sum summary
	if err := json.Unmarshal([]byte(must(t, data, append([]string{"import", "--json"}, args...)...)), &sum); err != nil {
		t.Fatal(err)
	}
	for _, f := range sum.Files {
		if f.Error != "" {
			t.Errorf("%s: %s", f.Path, f.Error)
		}
	}
	return sum
}

// TestRealLogsAreImportedAndRead imports what real products wrote and bounds
// the share of records that no format can read.
func TestRealLogsAreImportedAndRead(t *testing.T) {
	hub := []string{
		"sshd-success-logs", "sshd-impossible-travel", "sshd-impossible-travel-user", "nginx-bad-user-agent", "nginx-http-generic-bf",
		"nginx-http-sensitive-files", "nginx-http-xss-probing", "apache2-logs", "apache-cve-2021-41773", "apache_log4j2_cve-2021-44228",
		"auditd-logs", "auditd-postexploit-exec-from-net", "auditd-postexploit-rm", "auditd-suid-crash", "pgsql-logs", "mysql-bf",
	}
	sets := []struct {
		name, logs string // a pattern below ../shared/data/logs
		most       int64  // percent that may stay unparsed
	}{
		{"captured", "captured/*audit*", 0},
		{"loghub Linux", "loghub/Linux/Linux_2k.log", 5},
		{"loghub OpenSSH", "loghub/OpenSSH/OpenSSH_2k.log", 5},
	}
	for _, folder := range hub {
		sets = append(sets, sets[0])
		last := &sets[len(sets)-1]
		last.name, last.logs, last.most = "crowdsec "+folder, "crowdsec-hub/tests/"+folder+"/*.log", 40
	}
	for _, set := range sets {
		t.Run(set.name, func(t *testing.T) {
			paths, err := filepath.Glob(filepath.Join(shared(t, "data", "logs"), set.logs))
			if err != nil || len(paths) == 0 {
				t.Fatalf("no logs match %s: %v", set.logs, err)
			}
			readable(t, paths, set.most)
		})
	}
}

// readable imports files and bounds how many percent stay unparsed.
func readable(t *testing.T, paths []string, most int64) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	sum := imported(t, data, append([]string{"--tz", "UTC"}, paths...)...)
	if sum.Records == 0 {
		t.Fatal("nothing was imported")
	}
	share := 100 * float64(sum.Unparsed) / float64(sum.Events)
	t.Logf("%d records, %d events, %.1f %% unparsed", sum.Records, sum.Events, share)
	for _, f := range sum.Files {
		if f.Unparsed > 0 {
			t.Logf("  %s as %s: %d of %d unparsed", f.Path, f.Format, f.Unparsed, f.Records)
		}
	}
	if share > float64(most) {
		t.Errorf("%.1f %% are unparsed, at most %d %% may be", share, most)
	}
	verified(t, data)
}
