package e2e

import (
	"bufio"
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/detect/story"
)

// replayed imports a scenario into a new data folder and returns the folder.
func replayed(t *testing.T, scenario string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: writes and imports 400,000 records")
	}
	logs, data := filepath.Join(t.TempDir(), "logs"), filepath.Join(t.TempDir(), "data")
	must(t, data, "replay", scenario, logs)
	must(t, data, "import", logs)
	return data
}

// days reads what `stories --days --json` ends with.
func days(t *testing.T, out string) (counted []story.Day) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var end struct {
		Days []story.Day `json:"days"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil {
		t.Fatal(err)
	}
	return end.Days
}

// The week is 2 to 8 November 2026 in Japan; what stands before it is learned from.
func TestAnOrdinaryWeekGivesAtMostThreeStoriesADay(t *testing.T) {
	data := replayed(t, "benign-week")
	found := days(t, must(t, data, "stories", "--days", "--json", "--from", "2026-11-02", "--to", "2026-11-09", "--tz", "Asia/Tokyo"))
	sum := 0
	for _, d := range found {
		if n := d.Shown + d.Over; d.Date >= "2026-11-02" && d.Date < "2026-11-09" {
			sum += n
			if n > 3 {
				t.Errorf("%s: %d stories at medium or above", d.Date, n)
			}
		}
	}
	t.Logf("%d stories in seven days: %+v", sum, found)
}

func TestTheIncidentIsAFewStoriesThatTellIt(t *testing.T) {
	data := replayed(t, "stolen-vpn-wipe")
	var list []story.Story
	lines := bufio.NewScanner(strings.NewReader(must(t, data, "stories", "--json")))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if !bytes.Contains(lines.Bytes(), []byte(`"findings":`)) {
			continue
		}
		var s story.Story
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if len(list) < 5 || len(list) > 25 {
		t.Errorf("%d stories", len(list))
	}
	// The first trace, the attacks and the drops, each by the day it happened.
	for day, words := range map[string]string{
		"2018-01-07": "first-seen address", "2018-01-31": "several accounts", "2018-03-01": "on several servers",
		"2018-03-03": "Database dropped",
	} {
		told := false
		for _, s := range list {
			told = told || s.First.Format("2006-01-02") == day && strings.Contains(s.Title, words)
		}
		if !told {
			t.Errorf("no story of %s says %q", day, words)
		}
	}
}
