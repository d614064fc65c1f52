package replay

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/replay/raw"
)

// TestRulesAndBaselinesKnowNoScenario keeps detection from being written for
// the incidents: neither addresses for documentation nor a name that only one
// of them uses stand in a rule or in the rooms of detection.
func TestRulesAndBaselinesKnowNoScenario(t *testing.T) {
	address := regexp.MustCompile(`\b(?:192\.0\.2|198\.51\.100|203\.0\.113)\.[1-9]\d*`)
	for _, top := range []string{"../../rules", "../detect"} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && (d.Name() == "examples" || d.Name() == "testdata") || strings.HasSuffix(path, "_test.go") {
				if d != nil && d.IsDir() && err == nil {
					return filepath.SkipDir
				}
				return err
			}
			if d.IsDir() {
				return nil
			}
			b, err := os.ReadFile(path)
			text := strings.ToLower(string(b))
			for _, found := range address.FindAllString(text, 3) {
				t.Errorf("%s names %s", path, found)
			}
			for _, s := range Scenarios() {
				for _, w := range s.Words {
					if regexp.MustCompile(`(^|[^a-z0-9])` + regexp.QuoteMeta(strings.ToLower(w)) + `($|[^a-z0-9])`).MatchString(text) {
						t.Errorf("%s names %s of %s", path, w, s.Info.Name)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryIncidentTellsItsWords wants the list of each to be of some use: a
// word of three letters or more that stands in its logs.
func TestEveryIncidentTellsItsWords(t *testing.T) {
	for _, s := range Scenarios() {
		if !s.Info.First.IsZero() && len(s.Words) < 5 {
			t.Errorf("%s tells %d words", s.Info.Name, len(s.Words))
		}
		for _, w := range s.Words {
			if len(w) < 3 {
				t.Errorf("%s: %q is too short to look for", s.Info.Name, w)
			}
		}
	}
}

// TestEveryIncidentTellsItsTraces: without them no story is known to be of an
// incident, and the table says that nobody noticed.
func TestEveryIncidentTellsItsTraces(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: writes every incident")
	}
	for _, s := range Scenarios() {
		if s.Info.First.IsZero() {
			continue
		}
		if len(s.Traces) < 2 {
			t.Errorf("%s tells %d traces", s.Info.Name, len(s.Traces))
		}
		dir := t.TempDir()
		if _, err := s.Write(t.Context(), dir, raw.Options{Seed: 1, Records: 20_000}); err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "konseki-") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, trace := range s.Traces {
				found[trace] = found[trace] || bytes.Contains(text, []byte(trace))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range s.Traces {
			if !found[trace] {
				t.Errorf("%s: %s stands in no log", s.Info.Name, trace)
			}
		}
	}
}
