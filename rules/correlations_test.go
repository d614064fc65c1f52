package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/detect/correlation"
	"github.com/konseki/konseki/internal/sigma"
)

// A story is events in their order and how often the correlations of the file
// of the same name are expected to fire. Quiet ones, which only others use, do
// not count.
type story struct {
	Story  string  `json:"story"`
	Expect int     `json:"expect"`
	Events []timed `json:"events"`
}

// A timed is an example with its instant.
type timed struct {
	At time.Time `json:"at"`
	example
}

func TestEveryCorrelationTellsItsStories(t *testing.T) {
	c := sigma.Load(sigma.Options{}, sigma.Tree{FS: FS()})
	for _, p := range c.Problems {
		t.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	engine := sigma.Compile(c.Rules)
	files := map[string]bool{}
	for _, x := range c.Correlations {
		if strings.HasPrefix(x.File, "corr_") {
			files[x.File] = true
		}
		if x.TitleJA == "" || x.DescriptionJA == "" || x.License != "Apache-2.0" || len(x.Tags) == 0 {
			t.Errorf("%s: %q lacks a Japanese text, licence or tags", x.File, x.Title)
		}
	}
	for file := range files {
		fired := map[bool]int{}
		for _, s := range stories(t, file[:len(file)-len(".yml")]) {
			found := tell(c.Correlations, engine, file, s)
			if found != s.Expect {
				t.Errorf("%s: %q: fired %d times, want %d", file, s.Story, found, s.Expect)
			}
			fired[s.Expect > 0]++
		}
		if fired[true] == 0 || fired[false] == 0 {
			t.Errorf("%s: wants a story that fires and one that does not", file)
		}
	}
}

// tell runs a story and counts what the correlations of the file find.
func tell(list []*sigma.Correlation, engine *sigma.Engine, file string, s story) int {
	plan := correlation.NewPlan(list)
	run, m := correlation.New(plan), engine.NewMatcher()
	for i := range s.Events {
		ev := s.Events[i].event()
		ev.Record, ev.Time = uint64(i+1), s.Events[i].At
		for _, hit := range m.Match(&ev, []byte(s.Events[i].Raw), nil) {
			ev.Notes = plan.Note(&ev, hit.Rule, ev.Notes)
		}
		run.Observe(&ev)
	}
	run.Advance(s.Events[len(s.Events)-1].At.Add(100 * 24 * time.Hour))
	own := map[string]bool{}
	for _, x := range list {
		own[x.ID] = x.File == file
	}
	n := 0
	for _, f := range run.Take() {
		if own[f.RuleID] {
			n++
		}
	}
	return n
}

func stories(t *testing.T, name string) []story {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("examples", name+".stories.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []story
	if err := json.Unmarshal(data, &out, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}
