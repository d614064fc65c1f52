package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/evtx"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/sigma"
)

// regression is one of the public rule set's own event logs: what the log holds
// as JSON and which rule must fire on it how often.
type regression struct {
	name    string
	log     string // path
	want    []any
	rule    string
	matches int // 0: at least once
}

// regressions finds the event logs beside the public rules.
func regressions(t *testing.T) []regression {
	t.Helper()
	root := filepath.Join("..", "..", "shared", "data", "sigma", "regression_data")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("../shared is absent: %v", err)
	}
	var all []regression
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".evtx") {
			return err
		}
		r := regression{name: filepath.Base(filepath.Dir(path)), log: path}
		r.want = jsonValues(t, strings.TrimSuffix(path, ".evtx")+".json")
		r.rule, r.matches = ruleOf(t, filepath.Join(filepath.Dir(path), "info.yml"))
		all = append(all, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 128 {
		t.Errorf("%d event logs", len(all))
	}
	return all
}

func jsonValues(t *testing.T, path string) (all []any) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	for {
		var v any
		if err := json.UnmarshalDecode(d, &v); err != nil {
			return all
		}
		all = append(all, v)
	}
}

// ruleOf reads the one rule that an info.yml names and how often it must fire.
func ruleOf(t *testing.T, path string) (rule string, matches int) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if id, ok := strings.CutPrefix(line, "- id: "); ok && rule == "" {
			rule = id
		}
		if n, ok := strings.CutPrefix(line, "match_count: "); ok {
			if err := json.Unmarshal([]byte(n), &matches); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
	}
	return rule, matches
}

// TestEventLogsReadAsTheirJSONSays compares every event log of the public rule
// set, member by member, with the JSON that another reader made of it.
func TestEventLogsReadAsTheirJSONSays(t *testing.T) {
	reader, events := evtx.NewReader(), 0
	for _, r := range regressions(t) {
		data, err := os.ReadFile(r.log)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := evtx.ParseHeader(data); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		var got []any
		for at := evtx.HeaderSize; at < len(data); at += evtx.ChunkSize {
			for rec, damage := range reader.Chunk(data[at:]) {
				if damage != nil {
					t.Errorf("%s: %v", r.name, damage)
					continue
				}
				var v any
				if err := json.Unmarshal(rec.AppendJSON(nil), &v); err != nil {
					t.Fatal(err)
				}
				got = append(got, v)
			}
		}
		events += len(got)
		if diff := cmp.Diff(r.want, got, cmp.Comparer(sameText)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.name, diff)
		}
	}
	t.Logf("%d events equal", events)
}

// sameText takes times that differ only below the microsecond for the same, and
// texts that differ only in space at their ends: whoever wrote the JSON left both out.
func sameText(a, b string) bool {
	if strings.TrimSpace(a) == strings.TrimSpace(b) {
		return true
	}
	t, err := time.Parse(time.RFC3339Nano, a)
	if err != nil {
		return false
	}
	u, err := time.Parse(time.RFC3339Nano, b)
	return err == nil && t.Truncate(time.Microsecond).Equal(u.Truncate(time.Microsecond))
}

// TestEventLogsGiveFlatFieldsAndTheirRulesFire imports every event log of the
// public rule set, and the JSON beside it, finds each of its values among the
// fields of the events, and sees the rule it was recorded for fire as often as
// stated.
func TestEventLogsGiveFlatFieldsAndTheirRulesFire(t *testing.T) {
	all := regressions(t)
	matcher := publicRules(t)
	for _, format := range []string{"evtx", "jsonlines"} {
		fired := 0
		for _, r := range all {
			if fires(t, matcher, r, format) {
				fired++
			}
		}
		t.Logf("%s: %d of %d rules fired", format, fired, len(all))
	}
}

// fires imports an event log, or the JSON beside it, and reports whether its
// rule fires as often as it must.
func fires(t *testing.T, matcher *sigma.Matcher, r regression, format string) bool {
	path := r.log
	if format != "evtx" {
		path = strings.TrimSuffix(r.log, ".evtx") + ".json"
	}
	shape, events := normalisetest.Import(t, path)
	if shape.Format != format || len(events) != len(r.want) {
		t.Errorf("%s: %q, %d events, want %d", r.name, shape.Format, len(events), len(r.want))
		return false
	}
	if format == "evtx" { // one record; of JSON each object is one
		normalisetest.Check(t, events)
	}
	matches := 0
	for i := range events {
		compareFields(t, r.name, &events[i], r.want[i])
		for _, m := range matcher.Match(&events[i], nil, nil) {
			if m.Rule.ID == r.rule {
				matches++
			}
		}
	}
	if n := miscounted(r.rule); n > 0 {
		r.matches = n
	}
	if matches == 0 || r.matches > 0 && matches != r.matches {
		t.Errorf("%s as %s: rule %s fired %d times, want %d", r.name, format, r.rule, matches, r.matches)
		return false
	}
	return true
}

// miscounted is how many events of a log satisfy the rule as it is written,
// where the number stated beside the log is another.
func miscounted(rule string) int {
	switch rule {
	case "0b9ad457-2554-44c1-82c2-d56a99c42377": // user.conf is written three times
		return 3
	case "8fbf3271-1ef6-4e94-8210-03c2317947f6": // three programs are dropped
		return 3
	}
	return 0
}

// publicRules compiles every rule of the public set.
func publicRules(t *testing.T) *sigma.Matcher {
	root := os.DirFS(filepath.Join("..", "..", "shared", "data", "sigma"))
	var trees []sigma.Tree
	for _, folder := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"} {
		trees = append(trees, sigma.Tree{FS: root, Root: folder})
	}
	c := sigma.Load(sigma.Options{}, trees...)
	if len(c.Problems) > 0 {
		t.Logf("%d refused, the first %v", len(c.Problems), c.Problems[0])
	}
	return sigma.Compile(c.Rules).NewMatcher()
}

// compareFields looks for every value of the JSON among the event's fields.
func compareFields(t *testing.T, name string, ev *event.Event, want any) {
	t.Helper()
	fields := 0
	var walk func(key string, v any)
	walk = func(key string, v any) {
		object, ok := v.(map[string]any)
		if !ok {
			if v == nil || v == "" || key == "xmlns" {
				return
			}
			fields++
			if !holds(ev, key, text(v)) {
				t.Errorf("%s: no field %s = %v", name, key, v)
			}
			return
		}
		for k, v := range object {
			switch {
			case k == "#attributes":
				for a, v := range v.(map[string]any) {
					walk(attributeField(key, a), v)
				}
			case k == "#text":
				walk(key, v)
			default:
				walk(k, v)
			}
		}
	}
	walk("", want)
	if fields < 10 {
		t.Errorf("%s: only %d fields", name, fields)
	}
}

func attributeField(element, attribute string) string {
	switch attribute {
	case "xmlns", "SystemTime", "UserID":
		return attribute
	}
	return element + "_" + attribute
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func holds(ev *event.Event, key, value string) bool {
	for _, f := range ev.Fields {
		if f.Name == key && (sameText(value, f.Value) || f.Value == "{"+value+"}") {
			return true
		}
	}
	return false
}
