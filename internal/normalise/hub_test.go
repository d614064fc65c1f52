package normalise_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// hubExpectation is what the collection's own parser made of one line.
type hubExpectation struct{ address, user, kind string }

// hubExpectations reads the assertions on parsed lines, in order.
func hubExpectations(t *testing.T, path string) map[int]*hubExpectation {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Skip("../shared is absent: " + err.Error())
	}
	defer file.Close()
	assertion := regexp.MustCompile(`^results\["s01-parse"\]\["[^"]*"\]\[(\d+)\]\.Evt\.Meta\["(\w+)"\] == "(.*)"$`)
	out := map[int]*hubExpectation{}
	for s := bufio.NewScanner(file); s.Scan(); {
		m := assertion.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		i, _ := strconv.Atoi(m[1])
		if out[i] == nil {
			out[i] = &hubExpectation{}
		}
		switch m[2] {
		case "source_ip":
			out[i].address = m[3]
		case "user", "target_user":
			out[i].user = m[3]
		case "log_type":
			out[i].kind = m[3]
		}
	}
	return out
}

// TestDatabaseAndVPNFormatsAgreeWithTheHub compares address, account and
// outcome with what another parser, whose assertions lie beside its samples,
// reads from the same lines.
func TestDatabaseAndVPNFormatsAgreeWithTheHub(t *testing.T) {
	hub := normalisetest.Shared(t, "data/logs/crowdsec-hub/tests")
	lines, agree := 0, 0
	for _, folder := range []string{"pgsql-logs", "supabase-docker-pgsql-logs", "mysql-bf", "mariadb-logs", "mariadb-bf", "openvpn-bf"} {
		logs, err := filepath.Glob(filepath.Join(hub, folder, "*.log"))
		if err != nil || len(logs) != 1 {
			t.Fatalf("%s: %v %v", folder, logs, err)
		}
		_, evs := normalisetest.Import(t, logs[0])
		expected := hubExpectations(t, filepath.Join(hub, folder, "parser.assert"))
		good := 0
		if len(expected) == 0 { // a folder whose assertions are on the verdict only
			for i := range evs {
				if evs[i].SrcIP != "" && evs[i].StatusID == event.StatusFailure {
					good++
				}
			}
			t.Logf("%s: %d of %d lines are failures with an address", folder, good, len(evs))
			lines, agree = lines+len(evs), agree+good
			continue
		}
		for i, want := range expected {
			if i < len(evs) && agrees(&evs[i], want) {
				good++
			} else if i < len(evs) {
				t.Logf("%s %d: want %+v\n%s", folder, i, *want, normalisetest.Describe(&evs[i]))
			}
		}
		t.Logf("%s: %d of %d lines agree, %d events", folder, good, len(expected), len(evs))
		lines, agree = lines+len(expected), agree+good
	}
	if agree*10 < lines*9 {
		t.Errorf("%d of %d lines agree", agree, lines)
	}
}

func agrees(ev *event.Event, want *hubExpectation) bool {
	failed := strings.Contains(want.kind, "fail")
	return ev.Format != event.Unparsed && ev.SrcIP == want.address && (want.user == "" || ev.ActorUser == want.user) &&
		failed == (ev.StatusID == event.StatusFailure && ev.ClassUID == event.ClassAuthentication)
}
