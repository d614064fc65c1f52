package casebook

import (
	"net/url"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// promisesView is what must hold before services reopen, and what was promised
// so that it does not happen again.
type promisesView struct {
	frame
	Texts      []string // the columns
	Services   []serviceView
	Conditions []promiseView
	Measures   []promiseView
	New        map[string]string
	Check      string
	Presets    presetsView
}

// serviceView is one row of the table: a service on a platform, with how each
// condition stands for it.
type serviceView struct {
	Service, Platform string
	Cells             []cellView // one for each column
	Met, All          int
}

// cellView is a condition of a service; empty where it has none.
type cellView struct {
	Href, Title string
	Chip        evidence.Chip
}

// promiseView is a condition or a measure with its check.
type promiseView struct {
	ID, Text, Where, By, Edit string
	Status, Term, Area, Owner string
	Due                       *evidence.Chip
	Chip                      evidence.Chip // met, not met, unknown
	Overridden, Signed        *signedView
	Because, Checked, How     string
	Runs                      int
	Drift                     bool
	Cites                     citations
	Controls                  []string
	Check, Sign, Override     string // where these are asked; "" where they cannot be
}

// signedView is who signed something off, or overrode it.
type signedView struct{ By, At, Reason string }

// showPromises shows the conditions and measures.
func (v visit) showPromises(c *control.Case, f frame, status int) error {
	view := promisesView{frame: f, New: map[string]string{}, Check: f.Path + "/check"}
	num := v.numbering(c)
	view.New["condition"], view.New["measure"] = v.creating(investigate.KindCondition), v.creating(investigate.KindMeasure)
	view.Texts, view.Services = v.texts(c), v.services(c)
	for i := range c.Conditions {
		p := &c.Conditions[i]
		one := v.promise(p, &p.Checked, p.Check, p.State(), num)
		one.Where = reading.Visible(p.Service, 80)
		if p.Platform != "" {
			one.Where += " · " + reading.Visible(p.Platform, 60)
		}
		if v.Writer() && one.Overridden == nil && p.State() != investigate.Met {
			one.Override = f.Path + "/override/condition/" + url.PathEscape(p.ID)
		}
		view.Conditions = append(view.Conditions, one)
	}
	for i := range c.Measures {
		p := &c.Measures[i]
		one := v.promise(p, &p.Checked, p.Check, measureState(p), num)
		one.Status, one.Term, one.Area, one.Owner = v.labelled("measure.", p.Status), v.labelled("term.", p.Term), v.labelled("area.", p.Area), reading.Visible(p.Owner, 60)
		if !p.Due.IsZero() {
			due := evidence.NewChip("plain", v.Date(p.Due))
			if p.Due.Before(v.Now()) && p.Status != "done" && p.Status != "dropped" {
				due = evidence.NewChip("found", v.Date(p.Due)+" "+v.F("due.late", v.Span(v.Now().Sub(p.Due))))
			}
			one.Due = &due
		}
		for _, id := range p.Controls {
			one.Controls = append(one.Controls, reading.Visible(id, 60))
		}
		view.Measures = append(view.Measures, one)
	}
	var err error
	if view.Presets, err = v.presets(c); err != nil {
		return err
	}
	return v.Show(status, "promises.html", "page", view)
}

// measureState is how the check of a measure stands.
func measureState(m *investigate.Measure) investigate.State {
	if m.Check.By == "sign_off" && m.Signed != nil {
		return investigate.Met
	}
	if last := m.Last(); last != nil {
		return last.State
	}
	return investigate.Unknown
}

// state gives the chip of a promise's state. What is not known is never coloured
// as good, and neither is what was overridden.
func (v visit) state(s investigate.State, c *investigate.Checked) evidence.Chip {
	switch {
	case s != investigate.Met && c.Overridden != nil:
		return evidence.NewChip("note", v.T("state.overridden"))
	case s == investigate.Met:
		return evidence.NewChip("covered", v.T("met.met"))
	case s == investigate.NotMet:
		return evidence.NewChip("found", v.T("met.not_met"))
	}
	return evidence.NewChip("unknown", v.T("met.unknown"))
}

func (v visit) promise(p investigate.Part, c *investigate.Checked, check investigate.Check, s investigate.State, num numbers) promiseView {
	h, k := p.Common(), string(p.Kind())
	at := k + "/" + url.PathEscape(h.ID)
	view := promiseView{ID: h.ID, Text: v.Phrase(p.Says()), By: reading.Visible(h.By, 60), Chip: v.state(s, c), Drift: c.Drift(), Runs: len(c.Results),
		Signed: v.signed(c.Signed), Overridden: v.signed(c.Overridden), How: v.how(check)}
	if last := c.Last(); last != nil {
		view.Because, view.Checked, view.Cites = v.Phrase(last.Because), v.checked(last), v.cite(last.Cites, last.Count, num)
	}
	if !v.Writer() {
		return view
	}
	view.Edit = v.editing(p.Kind(), h.ID)
	if check.By != "" && check.By != "sign_off" {
		view.Check = site.CasePath(v.R.PathValue("id")) + "/check/" + at
	}
	ran := c.Last() != nil && c.Last().By == v.Person.Name
	if c.Signed == nil && h.By != v.Person.Name && !ran {
		view.Sign = site.CasePath(v.R.PathValue("id")) + "/sign/" + at
	}
	return view
}

func (v visit) signed(s *investigate.Signed) *signedView {
	if s == nil {
		return nil
	}
	return &signedView{reading.Visible(s.By, 60), v.Clock(s.At, 0).Minute(), v.Phrase(s.Reason)}
}

// how says how a promise is verified.
func (v visit) how(c investigate.Check) string {
	if c.By == "" {
		return v.T("check.none")
	}
	out := v.labelled("check.", c.By)
	if c.Query != "" {
		out += " " + reading.Visible(c.Query, 300)
	}
	if len(c.Sources) > 0 {
		out += " " + reading.Visible(strings.Join(c.Sources, ", "), 300)
	}
	if c.Every > 0 {
		out += v.T("list.comma") + v.F("check.every", c.Every)
	}
	return out
}

// texts are the conditions that services have, each once.
func (v visit) texts(c *control.Case) (list []string) {
	for i := range c.Conditions {
		if text := v.Phrase(c.Conditions[i].Text); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// services are the rows of the table of conditions.
func (v visit) services(c *control.Case) (list []serviceView) {
	texts := v.texts(c)
	rows := map[[2]string]int{}
	for i := range c.Conditions {
		p := &c.Conditions[i]
		key := [2]string{p.Service, p.Platform}
		at, ok := rows[key]
		if !ok {
			at, rows[key] = len(list), len(list)
			list = append(list, serviceView{Service: reading.Visible(p.Service, 80), Platform: reading.Visible(p.Platform, 60), Cells: make([]cellView, len(texts))})
		}
		row := &list[at]
		row.All++
		if p.State() == investigate.Met {
			row.Met++
		}
		row.Cells[slices.Index(texts, v.Phrase(p.Text))] = cellView{v.pathOf("promises") + "#" + url.PathEscape(p.ID), v.Phrase(p.Text), v.state(p.State(), &p.Checked)}
	}
	return list
}
