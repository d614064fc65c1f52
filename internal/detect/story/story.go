// Package story puts findings about the same actors together, into few stories that say why they are worth looking at now.
//
// Stories are a view: the same findings and mutes give the same stories, in
// whatever order they were raised. Nothing here is stored.
package story

import (
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
)

// A Story is findings that share actors, in order of time.
type Story struct {
	// ID is the beginning of the first finding's ID, 16 hexadecimal digits.
	ID string `json:"id"`
	// Level is the highest of its findings, or the next above it where several
	// tactics come together; see Raised.
	Level string `json:"level"`
	// Raised says that the level is higher than that of any finding.
	Raised bool `json:"raised,omitzero"`
	// Title is that of the finding that counts most.
	Title   string `json:"title"`
	TitleJA string `json:"title_ja"`
	// Why is why now: one plain sentence.
	Why   string `json:"why"`
	WhyJA string `json:"why_ja"`

	First time.Time `json:"first"` // of the first finding
	Last  time.Time `json:"last"`  // of the last finding
	// Shown is when it first had a finding of at least the level asked for: the
	// day whose budget it counts against.
	Shown time.Time `json:"shown"`

	Accounts   []string `json:"accounts,omitempty"`
	Addresses  []string `json:"addresses,omitempty"`
	Hosts      []string `json:"hosts,omitempty"`
	Sources    []string `json:"sources,omitempty"`
	Techniques []string `json:"techniques,omitempty"` // ATT&CK, "T1078.004", sorted
	Tactics    []string `json:"tactics,omitempty"`    // "initial-access", sorted

	// Findings are those that are not muted, in order of (time, ID).
	Findings []Item `json:"findings"`
	// Muted counts the findings that mutes left out.
	Muted int `json:"muted,omitzero"`
	// Over says that the day's budget was used up by graver stories.
	Over bool `json:"over_budget,omitzero"`
}

// An Item is one finding and the record that it is.
type Item struct {
	finding.Finding
	Record uint64 `json:"record"` // where the finding itself stands, 0 if nowhere
}

// Options say how stories are made.
type Options struct {
	// Gap is how long after its last finding a story takes in another about the
	// same account or address. Default 24 hours.
	Gap time.Duration
	// Longest is after what time a story ends and the next one begins. Default
	// 90 days.
	Longest time.Duration
	// Level is the lowest that is shown and counts against the budget. Default
	// medium.
	Level string
	// Budget is how many stories a day are shown. Default 20; negative for all.
	Budget int
	// Zone is what days are meant in. Default UTC.
	Zone *time.Location
	// Mutes leave findings out.
	Mutes []Mute
}

func (o Options) orDefault() Options {
	if o.Gap <= 0 {
		o.Gap = 24 * time.Hour
	}
	if o.Longest <= 0 {
		o.Longest = 90 * 24 * time.Hour
	}
	if o.Level == "" {
		o.Level = finding.LevelMedium
	}
	if o.Budget == 0 {
		o.Budget = 20
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return o
}

// Build makes stories of findings, the first to begin first.
func Build(items []Item, o Options) []Story {
	o = o.orDefault()
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b Item) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	var out []Story
	for _, t := range gather(items, o) {
		out = append(out, t.story(items, o))
	}
	slices.SortStableFunc(out, func(a, b Story) int { return a.First.Compare(b.First) })
	budget(out, o)
	return out
}

// story makes the story of a thread.
func (t *thread) story(items []Item, o Options) Story {
	s := Story{Level: finding.LevelInformational}
	var top *Item
	names := newNames()
	for _, at := range t.items {
		it := &items[at]
		if s.ID == "" {
			s.ID, s.First, s.Shown = it.ID[:min(16, len(it.ID))], it.Time, it.Time
		}
		s.Last = it.Time
		if muted(o.Mutes, it) {
			s.Muted++
			continue
		}
		s.Findings = append(s.Findings, *it)
		names.add(it)
		rank := finding.Rank(it.Level)
		if rank >= finding.Rank(o.Level) && finding.Rank(s.Level) < finding.Rank(o.Level) {
			s.Shown = it.Time
		}
		if top == nil || rank > finding.Rank(top.Level) {
			top, s.Level = it, it.Level
		}
	}
	names.fill(&s)
	if top == nil {
		return s // all of it is muted
	}
	s.Title, s.TitleJA = top.Title, top.TitleJA
	s.raise()
	s.say(top)
	return s
}

// raise lifts the level by one where findings of at least three tactics and two
// rules came together: a chain says more than its links. High is not lifted: a
// chain of guesses is no certainty.
func (s *Story) raise() {
	if len(s.Tactics) < 3 || finding.Rank(s.Level) >= finding.Rank(finding.LevelHigh) || finding.Rank(s.Level) < finding.Rank(finding.LevelLow) {
		return
	}
	rules := map[string]bool{}
	for i := range s.Findings {
		if finding.Rank(s.Findings[i].Level) >= finding.Rank(finding.LevelLow) {
			rules[s.Findings[i].RuleID] = true
		}
	}
	if len(rules) >= 3 {
		s.Level, s.Raised = finding.LevelAbove(s.Level), true
	}
}
