package replaytest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/replay/raw"
)

// Told is each story of medium or above in words: whether it is of the incident,
// when it was shown, by which rules, and why. A story is of the incident when a
// finding names one of the scenario's traces.
func (i *Incident) Told(traces []string) string {
	var b strings.Builder
	before, found := 0, false
	for _, s := range i.Stories {
		rules, isTrue := []string{}, false
		for n := range s.Findings {
			f := &s.Findings[n]
			rules = append(rules, f.RuleID)
			text := strings.Join([]string{f.Why, f.ActorUser, f.SrcIP, f.Host, f.Object}, "\n")
			isTrue = isTrue || slices.ContainsFunc(traces, func(w string) bool { return strings.Contains(text, w) })
		}
		slices.Sort(rules)
		what := "false"
		if isTrue = isTrue && !s.Shown.Before(i.Info.First); isTrue {
			what = "TRUE "
		} else if !found {
			before++
		}
		found = found || isTrue
		fmt.Fprintf(&b, "%s %s %s %s\n", what, s.Shown.In(raw.JST()).Format("01-02 15:04:05"), strings.Join(slices.Compact(rules), " "), s.Why)
	}
	return fmt.Sprintf("first trace %s, noticed in reality %s, false stories before the first true one: %d\n",
		i.Info.First.In(raw.JST()).Format("01-02 15:04:05"), i.Info.Noticed.In(raw.JST()).Format("01-02 15:04:05"), before) + b.String()
}

// Golden compares with a file, or writes it where the test's flag update is set.
func Golden(t *testing.T, path, got string) {
	t.Helper()
	if f := flag.Lookup("update"); f.Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(read(t, path), got); d != "" {
		t.Errorf("what is noticed has changed; look, then write it down with -update (-written down +now):\n%s", d)
	}
}

// Fact is how many lines of a file hold all of the words; 0 times is some.
type Fact struct {
	File  string
	Words []string
	Times int
}

// Stand wants every fact to stand in the logs of a folder.
func Stand(t *testing.T, dir string, facts []Fact) {
	t.Helper()
	for _, f := range facts {
		n := 0
		for line := range strings.Lines(read(t, filepath.Join(dir, filepath.FromSlash(f.File)))) {
			if !slices.ContainsFunc(f.Words, func(w string) bool { return !strings.Contains(line, w) }) {
				n++
			}
		}
		if n == 0 || f.Times > 0 && n != f.Times {
			t.Errorf("%s has %d lines with %q, want %d", f.File, n, f.Words, f.Times)
		}
	}
}
