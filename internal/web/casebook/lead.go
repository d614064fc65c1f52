package casebook

import (
	"cmp"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/web/evidence"

	"github.com/konseki/konseki/internal/control"
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
func (v visit) lead(c *control.Case, view caseView, num numbers) *lead {
	first, then := evidence.Turning(c)
	if first < 0 || then < 0 {
		return nil
	}
	l := &lead{First: v.timelineRow(&c.Timeline[first], num), Then: v.timelineRow(&c.Timeline[then], num), Span: v.Span(c.Timeline[then].At.Sub(c.Timeline[first].At))}
	known := 0
	for i := range c.Questions {
		if v.Verdict(string(c.Questions[i].Answer.Verdict)).Class != "unknown" {
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

// whyNot says in one line what keeps an answer from being known: the worst
// stretch of its sources, the longest of those, preferring one with a reason;
// "" where no source could have answered at all.
func (v visit) whyNot(a *control.Answer) string {
	type stretch struct {
		source   string
		rank     int
		declared bool
		interval control.Interval
	}
	var list []stretch
	for _, row := range a.Coverage {
		for _, iv := range row.Intervals {
			if _, rank := evidence.StateLook(string(iv.State)); rank > 0 {
				list = append(list, stretch{row.Source, rank, evidence.StateWord(string(iv.State)) != "unknown", iv})
			}
		}
	}
	if len(list) == 0 {
		return ""
	}
	worst := slices.MinFunc(list, func(a, b stretch) int {
		return cmp.Or(-compareBool(a.declared, b.declared), cmp.Compare(b.rank, a.rank), cmp.Compare(length(b.interval), length(a.interval)))
	})
	state, reason := v.T("state."+evidence.StateWord(string(worst.interval.State))), v.Phrase(worst.interval.Reason)
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
