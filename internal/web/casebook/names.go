package casebook

import (
	"net/url"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// namesView is who and what the case is about, whom it was told to, and how much
// was affected. Real names stand on this page of the case and on no other.
type namesView struct {
	frame
	Entities []entityView
	Told     []toldView
	Scopes   []scopeView
	New      map[string]string
}

// entityView is somebody or something with its real and its public name.
type entityView struct {
	ID, Type, Real, Aliases, Public, Role, Note, Edit string
	Indicator                                         bool
}

// toldView is somebody who was told.
type toldView struct {
	At, Recipient, Group, Channel, Version, Text, Edit string
	About                                              bool
	Cites                                              citations
}

// scopeView is how much was affected.
type scopeView struct {
	Text, Of, Number, Basis, Query, Search, Window, Edit string
	List                                                 string // where what it counts is listed
	Bounded                                              bool
	Verdict                                              *evidence.AnswerView
	Cites                                                citations
}

// showNames shows the page of names, recipients and numbers.
func (v visit) showNames(c *control.Case, f frame, status int) error {
	view := namesView{frame: f, New: map[string]string{}}
	for _, k := range []investigate.Kind{investigate.KindEntity, investigate.KindTold, investigate.KindScope} {
		view.New[string(k)] = v.creating(k)
	}
	num := v.numbering(c)
	for i := range c.Entities {
		e := &c.Entities[i]
		view.Entities = append(view.Entities, entityView{ID: e.ID, Type: v.labelled("type.", e.Type), Real: reading.Visible(e.Real, 300), Aliases: reading.Visible(strings.Join(e.Aliases, ", "), 500),
			Public: v.Phrase(e.Public), Role: v.labelled("role.", e.Role), Note: v.Phrase(e.Note), Indicator: e.Indicator, Edit: v.editing(investigate.KindEntity, e.ID)})
	}
	for i := range c.Told {
		view.Told = append(view.Told, v.told(&c.Told[i], num))
	}
	for i := range c.Scopes {
		view.Scopes = append(view.Scopes, v.scope(&c.Scopes[i], num))
	}
	return v.Show(status, "names.html", "page", view)
}

func (v visit) told(t *investigate.Told, num numbers) toldView {
	at := v.Clock(t.At, precisionOf(t.Precision))
	view := toldView{At: at.Minute(), About: t.Precision == investigate.About, Recipient: v.Phrase(t.Recipient), Group: v.labelled("group.", t.Group), Channel: reading.Visible(t.Channel, 60),
		Version: reading.Visible(t.Version, 60), Text: v.Phrase(t.Text), Edit: v.editing(investigate.KindTold, t.ID), Cites: v.cite(t.Cites, 0, num)}
	if t.Precision == investigate.OnDay {
		view.At = v.Date(t.At)
	}
	return view
}

func (v visit) scope(s *investigate.Scope, num numbers) scopeView {
	view := scopeView{Text: v.Phrase(s.Text), Of: v.labelled("of.", s.Of), Query: reading.Visible(s.Query, 500), Edit: v.editing(investigate.KindScope, s.ID), Cites: v.cite(s.Cites, 0, num)}
	if n := s.Number; n != nil {
		view.Number, view.Basis, view.Bounded = v.number(n), v.Phrase(n.Basis), n.Max != nil
	}
	if s.Query != "" {
		view.List = site.CasePath(v.R.PathValue("id")) + "/scope/" + url.PathEscape(s.ID) + "/list"
		view.Search = reading.AddressOf("/explore", nil).Change("q", s.Query, "from", reading.Instant(s.From), "to", reading.Instant(s.To)).String()
	}
	if !s.From.IsZero() || !s.To.IsZero() {
		view.Window = v.Clock(s.From, 0).Minute() + " → " + v.Clock(s.To, 0).Minute()
	}
	if s.Answer != nil {
		view.Verdict = new(v.Answer(s.Answer))
	}
	return view
}

// public puts the public names of a case in the place of the real ones, as
// whatever konseki itself writes is shown on every other page.
func (v visit) public(c *control.Case) func(string) string {
	var pairs []string
	for i := range c.Entities {
		e := &c.Entities[i]
		for _, real := range append([]string{e.Real}, e.Aliases...) {
			if len(real) > 2 {
				pairs = append(pairs, reading.Visible(real, 300), v.Phrase(e.Public))
			}
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// number writes bounds as people say them: 115, at least 3, at most 4,200.
func (v visit) number(n *investigate.Number) string {
	switch {
	case n.Min != nil && n.Max != nil && *n.Min == *n.Max:
		return reading.Grouped(*n.Min)
	case n.Min != nil && n.Max != nil && *n.Min > 0:
		return v.F("number.between", reading.Grouped(*n.Min), reading.Grouped(*n.Max))
	case n.Max != nil:
		return v.F("number.most", reading.Grouped(*n.Max))
	case n.Min != nil:
		return v.F("number.least", reading.Grouped(*n.Min))
	}
	return "—"
}
