package web

import (
	"cmp"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// lead tells a case at once: how long before the first response the first
// trace is, how much is known, and what stands against the rest.
type lead struct {
	First, Then    timelineRow
	Span           string
	Known, Unknown string
	Why            []string
}

// maxWhy is how many reasons the lead gives for what is not known.
const maxWhy = 4

// lead makes the lead of a case; nil while its timeline does not hold both a
// trace and a response to it.
func (v *visit) lead(c *control.Case, view caseView) *lead {
	first, then := turning(c)
	if first < 0 || then < 0 {
		return nil
	}
	l := &lead{First: view.Rows[first], Then: view.Rows[then], Span: v.Span(c.Timeline[then].At.Sub(c.Timeline[first].At))}
	known := 0
	for i := range c.Questions {
		if v.verdict(string(c.Questions[i].Answer.Verdict)).Class != "unknown" {
			known++
		}
	}
	all := len(c.Questions)
	l.Known, l.Unknown = v.F("lead.of", known, all), v.F("lead.of", all-known, all)
	for _, card := range slices.Concat(view.Board, view.Others) {
		if card.Why != "" && !slices.Contains(l.Why, card.Why) && len(l.Why) < maxWhy {
			l.Why = append(l.Why, card.Why)
		}
	}
	return l
}

// turning finds the first trace and the first response after it, -1 where
// there is none. The first trace is the earliest row that shares a record with
// the answer to "since when"; without one, the earliest row with a record.
func turning(c *control.Case) (first, then int) {
	since := map[uint64]bool{}
	for i := range c.Questions {
		for _, seq := range c.Questions[i].Cites {
			if c.Questions[i].Board == "since_when" {
				since[seq] = true
			}
		}
	}
	earliest := func(fits func(row *control.Row) bool) int {
		at := -1
		for i := range c.Timeline {
			if row := &c.Timeline[i]; fits(row) && (at < 0 || row.At.Before(c.Timeline[at].At)) {
				at = i
			}
		}
		return at
	}
	first = earliest(func(row *control.Row) bool {
		return row.What == "event" && slices.ContainsFunc(row.Cites, func(seq uint64) bool { return since[seq] })
	})
	if first < 0 {
		first = earliest(func(row *control.Row) bool { return row.What == "event" && len(row.Cites) > 0 })
	}
	if first < 0 {
		return -1, -1
	}
	then = earliest(func(row *control.Row) bool {
		return (row.What == "action" || row.What == "notice") && row.At.After(c.Timeline[first].At)
	})
	return first, then
}

// whyNot says in one line what keeps an answer from being known: the worst
// stretch of its sources, the longest of those, preferring one with a reason;
// "" where no source could have answered at all.
func (v *visit) whyNot(a *control.Answer) string {
	type stretch struct {
		source   string
		rank     int
		declared bool
		interval control.Interval
	}
	var list []stretch
	for _, row := range a.Coverage {
		for _, iv := range row.Intervals {
			if _, rank := stateLook(string(iv.State)); rank > 0 {
				list = append(list, stretch{row.Source, rank, stateWord(string(iv.State)) != "unknown", iv})
			}
		}
	}
	if len(list) == 0 {
		return ""
	}
	worst := slices.MinFunc(list, func(a, b stretch) int {
		return cmp.Or(-compareBool(a.declared, b.declared), cmp.Compare(b.rank, a.rank), cmp.Compare(length(b.interval), length(a.interval)))
	})
	state, reason := v.T("state."+stateWord(string(worst.interval.State))), v.Phrase(worst.interval.Reason)
	if reason == "" || reason == state {
		return v.SourceName(worst.source) + " — " + state
	}
	return v.SourceName(worst.source) + " — " + state + v.F("list.paren", reason)
}

func length(iv control.Interval) time.Duration { return iv.To.Sub(iv.From) }

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// findingGroup is what one rule raised, as one story.
type findingGroup struct {
	findingView              // the newest, for what all have in common
	Times       string       // how many there are, "" for one
	Span        string       // from the first to the last
	Why         string       // where all have the same
	Rows, Rest  []findingRow // the newest first; Rest is folded away
	More        string
}

// findingRow is one finding of a group.
type findingRow struct {
	findingView
	Own string // its own explanation, where the group has none in common
}

// maxFolded is how many findings of a group stand unfolded.
const maxFolded = 3

// findingGroups gathers findings of one rule, level and title: the gravest
// first, and of these the newest.
func (v *visit) findingGroups(list []control.Finding) []findingGroup {
	type key struct{ rule, level, title string }
	var order []key
	members := map[key][]*control.Finding{}
	for i := range list {
		f := &list[i]
		k := key{f.RuleID, level(f.Level), v.Phrase(f.Title)}
		if members[k] == nil {
			order = append(order, k)
		}
		members[k] = append(members[k], f)
	}
	slices.SortStableFunc(order, func(a, b key) int {
		return slices.Index(levels(), a.level) - slices.Index(levels(), b.level)
	})
	groups := make([]findingGroup, 0, len(order))
	for _, k := range order {
		groups = append(groups, v.findingGroup(members[k]))
	}
	return groups
}

func (v *visit) findingGroup(list []*control.Finding) findingGroup {
	slices.SortStableFunc(list, func(a, b *control.Finding) int { return b.Time.Compare(a.Time) })
	g := findingGroup{findingView: v.finding(list[0])}
	g.Why, g.Span = g.findingView.Why, g.Clock.Minute()
	common := !slices.ContainsFunc(list, func(f *control.Finding) bool { return v.Phrase(f.Why) != g.Why })
	if !common {
		g.Why = ""
	}
	if n := len(list); n > 1 {
		g.Times = v.F("finding.times", reading.Grouped(int64(n)))
		g.Span = v.Clock(list[n-1].Time, event.PrecisionSecond).Minute() + " – " + g.Clock.Minute()
	}
	for i, f := range list {
		row := findingRow{findingView: v.finding(f)}
		if !common {
			row.Own = row.findingView.Why
		}
		if i < maxFolded {
			g.Rows = append(g.Rows, row)
		} else {
			g.Rest = append(g.Rest, row)
		}
	}
	if len(g.Rest) > 0 {
		g.More = v.F("finding.more", reading.Grouped(int64(len(g.Rest))))
	}
	return g
}

// levels lists the levels of findings, the gravest first.
func levels() []string { return []string{"critical", "high", "medium", "low", "informational"} }
