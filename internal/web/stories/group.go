package stories

import (
	"slices"

	"github.com/konseki/konseki/internal/web/evidence"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// FindingGroup is what one rule raised, as one story.
type FindingGroup struct {
	evidence.FindingView              // the newest, for what all have in common
	Times                string       // how many there are, "" for one
	Span                 string       // from the first to the last
	Why                  string       // where all have the same
	Rows, Rest           []findingRow // the newest first; Rest is folded away
	More                 string
}

// findingRow is one finding of a group.
type findingRow struct {
	evidence.FindingView
	Own string // its own explanation, where the group has none in common
}

// maxFolded is how many findings of a group stand unfolded.
const maxFolded = 3

// FindingGroups gathers findings of one rule, level and title: the gravest
// first, and of these the newest.
func (v Visit) FindingGroups(list []control.Finding) []FindingGroup {
	type key struct{ rule, level, title string }
	var order []key
	members := map[key][]*control.Finding{}
	for i := range list {
		f := &list[i]
		k := key{f.RuleID, evidence.Level(f.Level), v.Phrase(f.Title)}
		if members[k] == nil {
			order = append(order, k)
		}
		members[k] = append(members[k], f)
	}
	slices.SortStableFunc(order, func(a, b key) int {
		return slices.Index(evidence.Levels(), a.level) - slices.Index(evidence.Levels(), b.level)
	})
	groups := make([]FindingGroup, 0, len(order))
	for _, k := range order {
		groups = append(groups, v.findingGroup(members[k]))
	}
	return groups
}

func (v Visit) findingGroup(list []*control.Finding) FindingGroup {
	slices.SortStableFunc(list, func(a, b *control.Finding) int { return b.Time.Compare(a.Time) })
	g := FindingGroup{FindingView: v.Finding(list[0])}
	g.Why, g.Span = g.FindingView.Why, g.Clock.Minute()
	common := !slices.ContainsFunc(list, func(f *control.Finding) bool { return v.Phrase(f.Why) != g.Why })
	if !common {
		g.Why = ""
	}
	if n := len(list); n > 1 {
		g.Times = v.F("finding.times", reading.Grouped(int64(n)))
		g.Span = v.Clock(list[n-1].Time, event.PrecisionSecond).Minute() + " – " + g.Clock.Minute()
	}
	for i, f := range list {
		row := findingRow{FindingView: v.Finding(f)}
		if !common {
			row.Own = row.FindingView.Why
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
