package lint

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/script"
)

// records is evidence for tests: what is known of each record, and what each
// query finds.
type records struct {
	seen  map[uint64]Sighting
	finds map[string][]uint64
	asked int
}

func (r *records) Record(_ context.Context, seq uint64) (Sighting, bool) {
	s, ok := r.seen[seq]
	return s, ok
}

func (r *records) Find(_ context.Context, query string, _ []string, _, _ time.Time) (int64, []uint64, error) {
	r.asked++
	return int64(len(r.finds[query])), r.finds[query], nil
}

func jst() *time.Location { return time.FixedZone("JST", 9*3600) }

func when(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04:05", s, jst())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// caseOf makes a case of a file as if its parts had been put.
func caseOf(t testing.TB, name string) *investigate.Case {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	s, err := script.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	c := &investigate.Case{ID: s.ID, Title: s.Title, Timeline: s.Timeline, Statements: s.Statements, Questions: s.Questions, Entities: s.Entities,
		Scopes: s.Scopes, Facts: s.Facts, Told: s.Told, Tasks: s.Tasks, Decisions: s.Decisions, Containments: s.Containments, Conditions: s.Conditions, Measures: s.Measures}
	for _, name := range slices.Sorted(maps.Keys(s.Sections)) {
		c.Sections = append(c.Sections, investigate.Section{Head: investigate.Head{ID: name}, Text: s.Sections[name]})
	}
	slices.SortStableFunc(c.Timeline, func(a, b investigate.Row) int { return a.At.Compare(b.At) })
	return c
}

// told writes problems as "severity code part part".
func told(list []Problem) []string {
	out := []string{}
	for _, p := range list {
		var where []string
		for _, r := range p.Where {
			where = append(where, r.ID)
		}
		out = append(out, string(p.Severity)+" "+p.Code+" "+strings.Join(where, " "))
	}
	return out
}

func checked(t testing.TB, c *investigate.Case, ev Evidence) []Problem {
	t.Helper()
	list, err := Check(t.Context(), c, ev, jst())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Text.JA == "" || p.Text.EN == "" || p.Hint.JA == "" || p.Hint.EN == "" || len(p.Where) == 0 {
			t.Errorf("%+v lacks a text, a hint or a place", p)
		}
	}
	return list
}

// TestContradictionsOfPublishedReportsAreFound enters what five published reports
// say of themselves: each of their contradictions is found, and nothing beside.
func TestContradictionsOfPublishedReportsAreFound(t *testing.T) {
	for name, want := range map[string][]string{
		"x1": {"error effect-before-cause alarm script", "error two-times letter alarm"},
		"x2": {"error absence-against-presence none login", "error denied-but-recorded none"},
		"x3": {"error two-times summary login", "error time-against-record summary"},
		"x4": {"error absence-against-presence none made"},
		"x5": {"error containment-without-effect stop session"},
		"x6": {"error told-before-known notice analysis"},
		"x7": {"error containment-without-effect block tax"},
		"x8": {"error unknown-but-published zero advisory"},
		"x9": {"error theft-without-item first", "error theft-without-item second"},
	} {
		ev := &records{finds: map[string][]uint64{"source:chat src_ip:203.0.113.77": {21}}, seen: map[uint64]Sighting{
			11: {At: when(t, "2018-03-01 12:12:50")}, 21: {At: when(t, "2018-01-07 09:58:00")}, 31: {At: when(t, "2018-03-03 11:08:34")},
			41: {At: when(t, "2018-03-01 12:13:00")}, 51: {At: when(t, "2018-03-03 17:36:35")}, 71: {At: when(t, "2017-03-08 17:40:00")},
			72: {At: when(t, "2017-03-09 02:30:00")}, 81: {At: when(t, "2017-03-08 04:54:00")}, 91: {At: when(t, "2018-03-01 11:30:00")}, 92: {}}}
		if diff := cmp.Diff(want, told(checked(t, caseOf(t, filepath.Join("testdata", name+".yaml")), ev))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestATheftWithItsItemIsNoProblem: what X9 lacks can be given.
func TestATheftWithItsItemIsNoProblem(t *testing.T) {
	ev := &records{seen: map[uint64]Sighting{91: {Item: "shared accounts.xlsx"}, 92: {Item: "message"}}}
	if got := checked(t, caseOf(t, "testdata/x9.yaml"), ev); len(got) > 0 {
		t.Error(told(got))
	}
}

// TestFinishedCasesGiveNoError: the cases of the replayed incidents are finished
// work but for statements marked as drafts. What they cite is taken to be there,
// at the time of the row.
func TestFinishedCasesGiveNoError(t *testing.T) {
	files, err := filepath.Glob("../../replay/*/konseki-case.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		c := caseOf(t, name)
		ev := &records{seen: map[uint64]Sighting{}}
		cite := func(query string, at time.Time) []uint64 {
			if query == "" {
				return nil
			}
			seq := uint64(len(ev.seen) + 1)
			ev.seen[seq] = Sighting{At: at, Item: "item"}
			return []uint64{seq}
		}
		for i := range c.Timeline {
			c.Timeline[i].Cites = cite(c.Timeline[i].Query, c.Timeline[i].At)
		}
		c.Statements = slices.DeleteFunc(c.Statements, func(s investigate.Statement) bool { return s.Status == "draft" })
		for i := range c.Statements {
			if s := &c.Statements[i]; s.Certainty == investigate.NotConfirmed {
				s.Answer = &coverage.Answer{Verdict: coverage.NotFoundCovered}
			} else if len(s.Cites) == 0 {
				s.Cites = cite(s.Query, s.At)
			}
		}
		meant := map[string]string{"mistake": "told-before-known"} // it was published too early
		for _, p := range checked(t, c, ev) {
			if p.Severity == Error && p.Code != meant[filepath.Base(filepath.Dir(name))] {
				t.Errorf("%s: %s: %s", name, p.Code, p.Text.EN)
			}
		}
	}
}

func statement(id string, c investigate.Certainty, ja, en string) investigate.Statement {
	return investigate.Statement{Head: investigate.Head{ID: id}, Certainty: c, Text: event.Phrase{JA: ja, EN: en}, Reason: event.Phrase{EN: "grounds"}}
}
