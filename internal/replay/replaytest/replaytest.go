// Package replaytest is what the tests of the incidents share: a server that a replay was imported into, and what it noticed when.
package replaytest

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/story"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/investigate/script"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/server"
)

// Written is a scenario as logs in a folder of the test's own.
func Written(t testing.TB, s raw.Scenario, o raw.Options) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "logs")
	if _, err := s.Write(t.Context(), dir, o); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Incident is a replay that was imported.
type Incident struct {
	*server.Server
	Info     raw.Info
	Dir      string // of the logs
	Summary  *control.Imported
	Findings []control.Finding // in order of time
	Stories  []story.Story     // medium and above, in order of time
}

// Import writes a scenario and imports it as a person would. The server is
// closed with the test. A file that was not read and records that no format
// understands are errors.
func Import(t testing.TB, s raw.Scenario, o raw.Options) *Incident {
	t.Helper()
	i := &Incident{Info: s.Info, Dir: Written(t, s, o)}
	c := config.Default()
	c.Zone, c.Seal = "Asia/Tokyo", 200*time.Millisecond
	var err error
	if i.Server, err = server.Open(t.Context(), filepath.Join(t.TempDir(), "data"), server.Options{Version: "test", Logger: slog.New(slog.DiscardHandler), Config: c, Create: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	if i.Summary, err = i.Server.Import(t.Context(), "sato", control.Import{Paths: []string{i.Dir}, NoEstate: true}); err != nil {
		t.Fatal(err)
	}
	for _, f := range i.Summary.Files {
		if f.Error != "" || f.Unparsed > 0 {
			t.Errorf("%s: %d records not understood; %s", f.Path, f.Unparsed, f.Error)
		}
	}
	i.look(t)
	return i
}

// look asks for what was noticed.
func (i *Incident) look(t testing.TB) {
	t.Helper()
	var err error
	if i.Findings, err = i.Server.Findings(t.Context(), "sato", control.Search{Limit: 100_000}); err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(i.Findings, func(a, b control.Finding) int { return a.Time.Compare(b.Time) })
	all, err := i.Server.Stories(t.Context(), "sato", control.StoryQuery{Budget: -1})
	if err != nil {
		t.Fatal(err)
	}
	i.Stories = all.Stories
	slices.SortStableFunc(i.Stories, func(a, b story.Story) int { return a.Shown.Compare(b.Shown) })
}

// Estate imports what the company knows of itself from konseki-estate in the
// folder of the logs: one CSV for each kind, named for it, and dhcpd.leases.
func (i *Incident) Estate(t testing.TB) {
	t.Helper()
	for _, f := range [][2]string{{"people", "people.csv"}, {"networks", "networks.csv"}, {"devices", "devices.csv"}, {"devices", "dhcpd.leases"}, {"items", "items.csv"}, {"software", "software.csv"}} {
		content, err := os.ReadFile(filepath.Join(i.Dir, "konseki-estate", f[1]))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.ImportEstate(t.Context(), "sato", f[0], f[1], content); err != nil {
			t.Fatal(err)
		}
	}
	i.look(t)
}

// Applied applies konseki-case.yaml, runs its checks and gives the case.
func (i *Incident) Applied(t testing.TB) *investigate.Case {
	t.Helper()
	f, err := os.Open(filepath.Join(i.Dir, "konseki-case.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	c, err := script.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.ApplyCase(t.Context(), "sato", c); err != nil {
		t.Fatal(err)
	}
	out, err := i.Case(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Deadlines computes, by rule, how the deadlines stood at an instant with the
// facts of a case that were known by then.
func Deadlines(t testing.TB, c *investigate.Case, now time.Time) map[string]clock.Clock {
	t.Helper()
	book, err := clock.Open()
	if err != nil {
		t.Fatal(err)
	}
	var facts []clock.Fact
	for n := range c.Facts {
		if f := &c.Facts[n]; !f.Known.After(now) {
			facts = append(facts, clock.Fact{Key: f.ID, Value: f.Value, At: f.Known, Known: f.Known, Record: f.Recorded})
		}
	}
	out := map[string]clock.Clock{}
	for _, k := range book.Compute(facts, nil, now, raw.JST()) {
		out[k.Rule.ID] = k
	}
	return out
}

// Noticed wants a finding of medium or above from an instant on and no later
// than another, by one of the rules and holding the words in its sentence,
// title or object. It gives the first.
func (i *Incident) Noticed(t testing.TB, from, by time.Time, rules []string, words ...string) control.Finding {
	t.Helper()
	for _, f := range i.Findings {
		if f.Time.Before(from) || f.Time.After(by) || finding.Rank(f.Level) < finding.Rank(finding.LevelMedium) || !slices.Contains(rules, f.RuleID) {
			continue
		}
		text := strings.Join([]string{f.Title.EN, f.Why.EN, f.Object, f.Host, f.User, f.Address}, "\n")
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			return f
		}
	}
	t.Errorf("nothing of %v with %q from %s to %s; what was noticed then:%s", rules, words, from.Format(time.RFC3339), by.Format(time.RFC3339), i.told(from.Add(-time.Hour), by.Add(time.Hour)))
	return control.Finding{}
}

// told lists the findings of a window.
func (i *Incident) told(from, to time.Time) string {
	var b strings.Builder
	for _, f := range i.Findings {
		if !f.Time.Before(from) && !f.Time.After(to) {
			b.WriteString("\n  " + f.Time.In(raw.JST()).Format("01-02 15:04:05 ") + f.Level + " " + f.RuleID + ": " + f.Why.EN)
		}
	}
	return b.String()
}

// Calm wants at most so many stories of medium or above on each day (JST)
// before the first true one.
func (i *Incident) Calm(t testing.TB, most int) {
	t.Helper()
	days := map[string]int{}
	for _, s := range i.Stories {
		if !s.Shown.Before(i.Info.First) {
			continue
		}
		day := s.Shown.In(raw.JST()).Format(time.DateOnly)
		if days[day]++; days[day] > most {
			t.Errorf("%s: story %d of the day: %s: %s", day, days[day], s.Title, s.Why)
		}
	}
}

// Answered asks for a query in some sources and gives the answer with its
// coverage.
func (i *Incident) Answered(t testing.TB, query string, sources []string, from, to time.Time) control.Cite {
	t.Helper()
	c, err := i.Cite(t.Context(), query, sources, from, to)
	if err != nil {
		t.Fatalf("%q: %v", query, err)
	}
	return c
}

// SameBytes wants a scenario to write the same twice, and something else with
// another seed.
func SameBytes(t *testing.T, s raw.Scenario) {
	t.Helper()
	sum := func(seed uint64) string {
		h, dir := sha256.New(), Written(t, s, raw.Options{Seed: seed, Records: 1})
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			h.Write([]byte(strings.TrimPrefix(path, dir)))
			h.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	one := sum(1)
	if sum(1) != one {
		t.Error("the same seed gives other bytes")
	}
	if sum(2) == one {
		t.Error("another seed gives the same bytes")
	}
}

// Understood reads every file of a folder as an import does and wants all of
// it understood, in the years given, in order of time, and each of the formats
// used.
func Understood(t *testing.T, dir string, formats []string, years ...int) {
	t.Helper()
	seen := map[string]int{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "konseki-") || strings.HasPrefix(filepath.Base(filepath.Dir(path)), "konseki-") {
			return err
		}
		shape, events := normalisetest.Import(t, path)
		seen[shape.Format]++
		var last time.Time
		for n := range events {
			ev := &events[n]
			if ev.Format == event.Unparsed || !slices.Contains(years, ev.Time.In(raw.JST()).Year()) || ev.Time.Before(last) {
				t.Errorf("%s: not understood, or of %s after one of %s: %s", path, ev.Time, last, ev.Message)
				break
			}
			last = ev.Time
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range formats {
		if seen[f] == 0 {
			t.Errorf("no file is of format %s: %v", f, seen)
		}
	}
}
