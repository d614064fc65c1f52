package replaytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/replay/raw"
)

// OwnWords wants what a scenario tells people to share no run of 24 characters
// on a line with the public report that it is drawn from: that one's file begins
// so, in the folder of seeds beside the project. Where that is absent it skips.
func OwnWords(t *testing.T, s raw.Scenario, report string) {
	t.Helper()
	found, _ := filepath.Glob("../../../../shared/seeds/" + report + "*.txt")
	if len(found) == 0 {
		t.Skip("../shared is absent: the report cannot be compared")
	}
	original := read(t, found[0])
	dir := Written(t, s, raw.Options{Records: 1})
	for _, name := range []string{"konseki-case.yaml", "konseki-sources.yaml", "konseki-assumptions.txt"} {
		const run = 24
		runes := []rune(read(t, filepath.Join(dir, name)))
		for i := 0; i+run <= len(runes); i++ {
			if piece := string(runes[i : i+run]); strings.Contains(original, piece) && !strings.Contains(piece, "\n") {
				t.Errorf("%s is copied: %s", name, piece)
				i += run
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// InBothLanguages wants all that a case says in both languages, with the
// questions of every board and the chapters that people write.
func InBothLanguages(t *testing.T, c *investigate.Case) {
	t.Helper()
	said := map[string]event.Phrase{"title": c.Title}
	for n := range c.Timeline {
		said["row "+c.Timeline[n].ID] = c.Timeline[n].Text
	}
	for n := range c.Statements {
		said["statement "+c.Statements[n].ID] = c.Statements[n].Text
	}
	board := map[string]bool{}
	for n := range c.Questions {
		said["question "+c.Questions[n].ID] = c.Questions[n].Text
		board[c.Questions[n].Board] = true
	}
	for _, b := range investigate.Board() {
		if !board[b.ID] {
			t.Errorf("the board lacks %s", b.ID)
		}
	}
	for _, chapter := range []string{"summary", "method", "cause", "impact", "resumption", "prevention"} {
		said["chapter "+chapter] = c.Section(chapter)
	}
	for what, p := range said {
		if p.JA == "" || p.EN == "" {
			t.Errorf("%s lacks a language: %+v", what, p)
		}
	}
}

// Expected is what a case is to hold once its file was applied.
type Expected struct {
	Answers      map[string]coverage.Verdict  // of every question
	Containments map[string]investigate.State // how the last check of each ended
	Most         map[string]int64             // of every scope
	Problems     map[string]int               // what the linter finds, by code
}

// Holds applies the case file and compares what is computed.
func (i *Incident) Holds(t *testing.T, want Expected) {
	t.Helper()
	c := i.Applied(t)
	for _, r := range c.Timeline {
		if r.Query != "" && len(r.Cites) == 0 {
			t.Errorf("%s: %q finds nothing", r.ID, r.Query)
		}
	}
	got := Expected{map[string]coverage.Verdict{}, map[string]investigate.State{}, map[string]int64{}, map[string]int{}}
	for _, q := range c.Questions {
		got.Answers[q.ID] = q.Answer.Verdict
		if q.Answer.Verdict == coverage.VerdictUnknown && len(q.Answer.Because) == 0 {
			t.Errorf("%s is unknown, and nothing says why", q.ID)
		}
	}
	for _, p := range c.Containments {
		if last := p.Last(); last != nil {
			got.Containments[p.ID] = last.State
		}
	}
	for _, s := range c.Scopes {
		if s.Number != nil && s.Number.Max != nil {
			got.Most[s.ID] = *s.Number.Max
		}
	}
	list, err := i.Lint(t.Context(), "sato", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		got.Problems[p.Code]++
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the case (-want +got):\n%s\n%+v", d, list)
	}
}
