package casebook

import (
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
)

// maxChanges is how many changes are listed.
const maxChanges = 40

// changesView is what changed between two states of a case.
type changesView struct {
	Since   string // the version compared with
	List    []changeView
	Count   int
	Dropped int // changes that are not listed
}

// changeView is one change of a part.
type changeView struct{ What, Kind, Was, Is string }

// said is what a part of a report says, and in which version.
type said struct {
	text    string
	version uint64
}

// changes compares what two states of a case say; nil where one is not known.
func (v visit) changes(old, now *control.Case, since string) *changesView {
	if old == nil || now == nil {
		return nil
	}
	view := &changesView{Since: since}
	add := func(what string, k investigate.Kind, was, is string) {
		if view.Count++; len(view.List) == maxChanges {
			view.Dropped++
			return
		}
		view.List = append(view.List, changeView{v.T("change." + what), v.Phrase(k.Name()), was, is})
	}
	for _, k := range []investigate.Kind{investigate.KindStatement, investigate.KindRow, investigate.KindScope, investigate.KindSection} {
		before, order := v.sayings(old, k)
		after, later := v.sayings(now, k)
		for _, id := range later {
			was, had := before[id]
			switch is := after[id]; {
			case !had:
				add("added", k, "", is.text)
			case was.version != is.version:
				add("changed", k, was.text, is.text)
			}
		}
		for _, id := range order {
			if _, has := after[id]; !has {
				add("withdrawn", k, before[id].text, "")
			}
		}
	}
	return view
}

// sayings are the parts of a kind by their names, which stand in order too.
func (v visit) sayings(c *control.Case, k investigate.Kind) (of map[string]said, order []string) {
	of = map[string]said{}
	add := func(p investigate.Part, text string) {
		h := p.Common()
		of[h.ID] = said{text, h.Recorded}
		order = append(order, h.ID)
	}
	switch k {
	case investigate.KindStatement:
		for i := range c.Statements {
			s := &c.Statements[i]
			add(s, v.Phrase(s.Text)+v.F("list.paren", v.certainty(string(s.Certainty)).Label))
		}
	case investigate.KindRow:
		for i := range c.Timeline {
			r := &c.Timeline[i]
			add(r, v.Clock(r.At, precisionOf(r.Precision)).Text()+" "+v.Phrase(r.Text))
		}
	case investigate.KindScope:
		for i := range c.Scopes {
			s := &c.Scopes[i]
			text := v.Phrase(s.Text)
			if s.Number != nil {
				text += " " + v.number(s.Number)
			}
			add(s, text)
		}
	case investigate.KindSection:
		for i := range c.Sections {
			s := &c.Sections[i]
			add(s, v.labelled("section.", s.ID)+" "+v.Phrase(s.Text))
		}
	}
	return of, order
}
