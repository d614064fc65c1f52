package casebook

import (
	"net/url"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/lint"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// problemsView is where a case contradicts itself, its records or an earlier
// report.
type problemsView struct {
	List, Rest []problemView // the gravest first; Rest is folded away
	Counts     []evidence.Chip
	Draft      bool // with an error a report is a draft
}

// problemView is one thing that does not fit.
type problemView struct {
	Chip       evidence.Chip
	Text, Hint string
	Where      []site.Choice
	Cites      citations
}

// Limits of what a page shows of problems.
const (
	maxProblems = 200
	maxUnfolded = 5
)

// problems asks the linter about a case.
func (v visit) problems(c *control.Case, num numbers) (*problemsView, error) {
	list, err := v.Ops.Lint(v.R.Context(), v.Person.Name, c.ID)
	if err != nil {
		return nil, err
	}
	view, public := &problemsView{}, v.public(c)
	set := func(p *lint.Problem) problemView {
		one := v.problem(p, num)
		one.Text, one.Hint = public(one.Text), public(one.Hint)
		return one
	}
	counts := map[lint.Severity]int{}
	for i := range list {
		counts[list[i].Severity]++
		switch {
		case i < maxUnfolded:
			view.List = append(view.List, set(&list[i]))
		case i < maxProblems:
			view.Rest = append(view.Rest, set(&list[i]))
		}
	}
	view.Draft = counts[lint.Error] > 0
	for _, s := range []lint.Severity{lint.Error, lint.Warning, lint.Note} {
		if n := counts[s]; n > 0 {
			chip := v.severity(s)
			chip.Label += " " + reading.Grouped(int64(n))
			view.Counts = append(view.Counts, chip)
		}
	}
	return view, nil
}

// severity gives the chip of a problem.
func (v visit) severity(s lint.Severity) evidence.Chip {
	switch s {
	case lint.Error:
		return evidence.NewChip("found", v.T("problem.error"))
	case lint.Warning:
		return evidence.NewChip("partial", v.T("problem.warning"))
	}
	return evidence.NewChip("plain", v.T("problem.remark"))
}

func (v visit) problem(p *lint.Problem, num numbers) problemView {
	view := problemView{Chip: v.severity(p.Severity), Text: v.Phrase(p.Text), Hint: v.Phrase(p.Hint), Cites: v.cite(p.Records, 0, num)}
	for _, ref := range p.Where {
		view.Where = append(view.Where, v.part(ref.Kind, ref.ID))
	}
	return view
}

// part leads to a part of the case.
func (v visit) part(k investigate.Kind, id string) site.Choice {
	link := site.Choice{Label: v.Phrase(k.Name()) + " " + reading.Visible(id, 64)}
	s, ok := specOf(k)
	if !ok {
		link.Href = v.pathOf("report") + "#" + url.PathEscape(id)
		return link
	}
	link.Href = v.pathOf(s.tab)
	if k == investigate.KindRow || k == investigate.KindStatement { // of many pages
		link.Href += "?row=" + url.QueryEscape(id)
	}
	link.Href += "#" + url.PathEscape(id)
	return link
}
