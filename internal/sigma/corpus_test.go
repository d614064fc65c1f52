package sigma

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"github.com/konseki/konseki/internal/event"
)

// shared returns a folder of ../shared, or skips the test.
func shared(tb testing.TB, parts ...string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(append([]string{filepath.Dir(dir), "shared"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("../shared is absent: %v", err)
	}
	return path
}

func loadShared(tb testing.TB, folders ...string) []*Rule {
	tb.Helper()
	root := os.DirFS(shared(tb, "data", "sigma"))
	var rules []*Rule
	for _, f := range folders {
		found, problems := LoadDir(root, f)
		for _, p := range problems {
			tb.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
		}
		rules = append(rules, found...)
	}
	return rules
}

func TestEveryPublicLinuxAndWebRuleLoads(t *testing.T) {
	rules := loadShared(t, "rules/linux", "rules/web", "rules/windows/process_creation")
	if len(rules) != 1438 {
		t.Errorf("loaded %d rules, want 1438", len(rules))
	}
	for _, r := range Compile(rules).Unrouted() {
		t.Errorf("%s: logsource %s is routed nowhere", r.File, r.Logsource)
	}
}

func TestOfAllPublicRulesOnlyPlaceholdersAreRefused(t *testing.T) {
	root := os.DirFS(shared(t, "data", "sigma"))
	rules, problems := LoadDir(root, ".")
	if len(rules) < 3700 {
		t.Errorf("loaded %d rules", len(rules))
	}
	for _, p := range problems {
		if strings.HasPrefix(p.File, "regression_data/") {
			continue // descriptions of samples, not rules
		}
		if !strings.Contains(p.Reason, "expand") {
			t.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
		}
	}
	e := Compile(rules)
	t.Logf("%d rules, %d refused, %d unrouted", len(rules), len(problems), len(e.Unrouted()))
}

// w1 reads the first n events of the benchmark workload.
func w1(tb testing.TB, n int) []event.Event {
	tb.Helper()
	f, err := os.Open(shared(tb, "data", "bench", "sigma-w1.ndjson.zst"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	var out []event.Event
	for lines := bufio.NewScanner(z); lines.Scan() && len(out) < n; {
		out = append(out, w1Event(tb, lines.Bytes()))
	}
	return out
}

// w1Event makes the event that normalise would: native fields, class and code.
func w1Event(tb testing.TB, line []byte) event.Event {
	ev := event.Event{Format: "jsonlines", ClassUID: event.ClassProcess, ActivityID: event.ActivityProcessLaunch}
	d := jsontext.NewDecoder(strings.NewReader(string(line)))
	if _, err := d.ReadToken(); err != nil {
		tb.Fatal(err)
	}
	for d.PeekKind() == '"' {
		k, _ := d.ReadToken()
		name := k.String()
		v, err := d.ReadToken()
		if err != nil {
			tb.Fatal(err)
		}
		text := v.String()
		switch name {
		case "_product", "_service":
			continue
		case "_category":
			if text == "webserver" {
				ev.ClassUID = event.ClassHTTP
			}
			continue
		case "EventID":
			ev.EventCode = text
		case "Image":
			ev.ProcessPath = text
		}
		ev.Add(name, text)
	}
	return ev
}

func TestIndexFindsWhatAFullScanFinds(t *testing.T) {
	e := Compile(loadShared(t, "rules/linux", "rules/web", "rules/windows/process_creation"))
	m := e.NewMatcher()
	matched := 0
	n := 1000
	if testing.Short() {
		n = 200
	}
	var dst []Match
	for i, ev := range w1(t, n) {
		dst = m.Match(&ev, nil, dst[:0])
		full := e.FullScan(&ev, nil, nil)
		if got, want := ids(dst), ids(full); got != want {
			t.Fatalf("event %d: index finds %s, full scan %s", i, got, want)
		}
		if len(dst) > 0 {
			matched++
		}
	}
	t.Logf("%d of %d events matched", matched, n)
	if share := float64(matched) / float64(n); share < 0.2 || share > 0.4 {
		t.Errorf("%.0f %% of the events match, the workload is known for about 24 %%", 100*share)
	}
}

func ids(list []Match) string {
	var b strings.Builder
	for _, m := range list {
		b.WriteString(m.Rule.ID)
		b.WriteByte(' ')
	}
	return b.String()
}

func BenchmarkW1(b *testing.B) {
	e := Compile(loadShared(b, "rules/linux", "rules/web", "rules/windows/process_creation"))
	events := w1(b, 50000)
	m := e.NewMatcher()
	var dst []Match
	loop(b, func(i int) { dst = m.Match(&events[i%len(events)], nil, dst[:0]) })
}
