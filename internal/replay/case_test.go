package replay_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/script"
)

func caseFile(t *testing.T) (*script.Script, string) {
	t.Helper()
	incident(t)
	raw, err := os.ReadFile(filepath.Join(once.dir, "konseki-case.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := script.Read(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return c, string(raw)
}

func TestTheCaseIsWholeAndInBothLanguages(t *testing.T) {
	c, _ := caseFile(t)
	both := func(what string, p event.Phrase) {
		if p.JA == "" || p.EN == "" {
			t.Errorf("%s lacks a language: %+v", what, p)
		}
	}
	both("title", c.Title)
	if len(c.Timeline) < 20 {
		t.Errorf("%d timeline rows", len(c.Timeline))
	}
	for _, r := range c.Timeline {
		both("row "+r.At.String(), r.Text)
		if r.At.IsZero() {
			t.Errorf("a row without time: %+v", r)
		}
	}
	for _, s := range c.Statements {
		both("statement "+s.ID, s.Text)
		if (s.Certainty == investigate.Confirmed || s.Certainty == "established" || s.Certainty == "not_confirmed") && s.Query == "" {
			t.Errorf("statement %s is %s and has no query", s.ID, s.Certainty)
		}
	}
	board := map[string]int{}
	for _, q := range c.Questions {
		both("question "+q.ID, q.Text)
		board[q.Board]++
	}
	for _, want := range []string{"how_in", "who", "since_when", "touched", "still_in", "what_left"} {
		if board[want] == 0 {
			t.Errorf("the board lacks %s", want)
		}
	}
	for _, want := range []string{"summary", "method", "cause", "impact", "resumption", "prevention"} {
		both("section "+want, c.Sections[want])
	}
}

// TestEveryUnknownOfTheScenarioIsAsked holds the five questions that the
// report must leave open.
func TestEveryUnknownOfTheScenarioIsAsked(t *testing.T) {
	c, _ := caseFile(t)
	first := time.Date(2018, 3, 1, 3, 13, 0, 0, time.UTC) // the script ran
	for _, source := range []string{"vpn", "auth", "firewall", "datacenter_network"} {
		if !slices.ContainsFunc(c.Questions, func(q investigate.Question) bool {
			return slices.Contains(q.Sources, source) && !q.From.After(first) && (q.To.IsZero() || q.To.After(first.Add(-2*time.Hour)))
		}) {
			t.Errorf("no question asks %s about 1 March", source)
		}
	}
	if !slices.ContainsFunc(c.Questions, func(q investigate.Question) bool {
		return strings.Contains(q.Text.EN, "password") && strings.Contains(q.Text.EN, "obtained")
	}) {
		t.Error("no question asks how the passwords were first obtained")
	}
}

// TestTheCaseIsInItsOwnWords finds runs of text that also stand in the report
// the scenario is drawn from.
func TestTheCaseIsInItsOwnWords(t *testing.T) {
	reports, _ := filepath.Glob("../../../shared/seeds/000*.txt")
	if len(reports) == 0 {
		t.Skip("../shared is absent: the report cannot be compared")
	}
	report, err := os.ReadFile(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	_, text := caseFile(t)
	const run = 24
	runes := []rune(text)
	for i := 0; i+run <= len(runes); i++ {
		if piece := string(runes[i : i+run]); strings.Contains(string(report), piece) && !strings.Contains(piece, "\n") {
			t.Errorf("copied: %s", piece)
			i += run
		}
	}
}

func TestTheManifestListsEverySourceAndWhatIsAbsent(t *testing.T) {
	l := incident(t)
	raw, err := os.ReadFile(filepath.Join(once.dir, "konseki-sources.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Zone    string
		Sources []struct {
			ID     string
			Kind   string
			Name   event.Phrase
			Paths  []string
			Absent []struct {
				From, To time.Time
				State    string
				Reason   event.Phrase
			}
		}
	}
	if err := yaml.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	absent := map[string][]string{}
	var ids []string
	for _, s := range m.Sources {
		ids = append(ids, s.ID)
		for _, a := range s.Absent {
			absent[s.ID] = append(absent[s.ID], a.State)
			if !a.From.Before(a.To) || a.Reason.JA == "" || a.Reason.EN == "" {
				t.Errorf("%s: %+v", s.ID, a)
			}
		}
	}
	for _, id := range []string{"vpn", "auth", "firewall", "datacenter_network", "groupware", "chat", "web_service", "server", "database", "monitoring"} {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is not listed", id)
		}
	}
	for id, state := range map[string]string{"vpn": "expired", "auth": "deleted", "firewall": "deleted", "datacenter_network": "refused"} {
		if !slices.Contains(absent[id], state) {
			t.Errorf("%s is not %s: %v", id, state, absent[id])
		}
	}
	if m.Zone != "Asia/Tokyo" {
		t.Errorf("zone %q", m.Zone)
	}
	for name := range l {
		if top, _, _ := strings.Cut(name, "/"); !slices.Contains(ids, top) {
			t.Errorf("%s is of no source", name)
		}
	}
}
