package casebook

import (
	"cmp"
	"slices"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// change is one difference between two versions of a case.
type change struct {
	What   string           `json:"what"` // added, changed, withdrawn
	Kind   investigate.Kind `json:"kind"`
	ID     string           `json:"id"`
	Before event.Phrase     `json:"before,omitzero"`
	After  event.Phrase     `json:"after,omitzero"`
	Fields []string         `json:"fields,omitempty"` // of what changed: the fields that differ
	Reason event.Phrase     `json:"reason,omitzero"`  // of what was withdrawn
}

// difference lists what is not the same in two versions of a case, kind by kind:
// what was added, what says something else, what was withdrawn and why.
func difference(before, after *investigate.Case) (out []change) {
	old, now := partsOf(before), partsOf(after)
	for key, p := range now {
		was, ok := old[key]
		switch {
		case !ok:
			out = append(out, change{What: "added", Kind: p.Kind(), ID: p.Common().ID, After: p.Says()})
		case was.Common().Recorded != p.Common().Recorded:
			if fields := differing(was, p); len(fields) > 0 {
				out = append(out, change{What: "changed", Kind: p.Kind(), ID: p.Common().ID, Before: was.Says(), After: p.Says(), Fields: fields})
			}
		}
	}
	for key, p := range old {
		if now[key] == nil {
			out = append(out, change{What: "withdrawn", Kind: p.Kind(), ID: p.Common().ID, Before: p.Says(), Reason: whyWithdrawn(after, p)})
		}
	}
	kinds := investigate.Kinds()
	slices.SortFunc(out, func(a, b change) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.What, b.What), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// partsOf are the parts of a case that a report speaks of, by kind and name.
func partsOf(c *investigate.Case) map[[2]string]investigate.Part {
	out := map[[2]string]investigate.Part{}
	collect[investigate.Row](out, c.Timeline)
	collect[investigate.Statement](out, c.Statements)
	collect[investigate.Question](out, c.Questions)
	collect[investigate.Section](out, c.Sections)
	collect[investigate.Entity](out, c.Entities)
	collect[investigate.Scope](out, c.Scopes)
	collect[investigate.Fact](out, c.Facts)
	collect[investigate.Clock](out, c.Clocks)
	collect[investigate.Submission](out, c.Submissions)
	collect[investigate.Told](out, c.Told)
	collect[investigate.Task](out, c.Tasks)
	collect[investigate.Decision](out, c.Decisions)
	collect[investigate.Containment](out, c.Containments)
	collect[investigate.Condition](out, c.Conditions)
	collect[investigate.Measure](out, c.Measures)
	return out
}

func collect[T any, P interface {
	*T
	investigate.Part
}](to map[[2]string]investigate.Part, list []T) {
	for i := range list {
		p := P(&list[i])
		to[[2]string{string(p.Kind()), p.Common().ID}] = p
	}
}

// differing lists the fields in which two versions of a part differ.
func differing(a, b investigate.Part) (names []string) {
	was, now := values(a), values(b)
	for name := range now {
		if name != "recorded" && name != "by" && string(was[name]) != string(now[name]) {
			names = append(names, name)
		}
	}
	for name := range was {
		if _, ok := now[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// whyWithdrawn is the reason that a part is no longer upheld.
func whyWithdrawn(c *investigate.Case, p investigate.Part) event.Phrase {
	for _, w := range slices.Backward(c.Withdrawn) {
		if w.Kind == p.Kind() && w.ID == p.Common().ID {
			return w.Reason
		}
	}
	return event.Phrase{}
}

// printDifference writes what changed.
func (e *env) printDifference(list []change) error {
	for _, c := range list {
		if e.JSON {
			if err := e.WriteJSON(c); err != nil {
				return err
			}
			continue
		}
		switch c.What {
		case "added":
			e.line("+ %s %s  %s", e.kindWord(c.Kind), c.ID, c.After.In(e.Lang))
		case "changed":
			e.line("~ %s %s  %s → %s  %v", e.kindWord(c.Kind), c.ID, c.Before.In(e.Lang), c.After.In(e.Lang), c.Fields)
		case "withdrawn":
			e.line("- %s %s  %s – %s", e.kindWord(c.Kind), c.ID, c.Before.In(e.Lang), c.Reason.In(e.Lang))
		}
	}
	return nil
}
