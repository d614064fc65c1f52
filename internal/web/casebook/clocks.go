package casebook

import (
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
)

// clocksView is the deadlines of a case, the facts that they follow from, and
// what was handed in.
type clocksView struct {
	frame
	Deadlines   []deadlineView
	Facts       []factView
	Contracts   []contractView
	Submissions []submissionView
	New         map[string]string
}

// deadlineView is one deadline.
type deadlineView struct {
	ID, Name, Recipient, Start string
	Due, UTC                   string
	Chip                       evidence.Chip
	Because, Basis, Verified   string
	Items                      []itemView
	History                    []string
	Submit                     string
}

// itemView is what has to be told, and what of the case tells it.
type itemView struct {
	Text, By string
	Open     bool
}

// factView is a fact as it holds, with what it was before.
type factView struct {
	Key, Value, Known, Note, By, At, Edit string
	Cites                                 citations
	Before                                []string
}

// contractView is a deadline that people added.
type contractView struct {
	ID, Name, Recipient, Start, Within, Basis, Edit, Submit string
	Items                                                   []string
}

// submissionView is what was handed in.
type submissionView struct {
	Clock, At, Version, Proof, Late, Edit string
	Cites                                 citations
}

// showClocks shows the deadlines.
func (v visit) showClocks(c *control.Case, f frame, status int) error {
	view := clocksView{frame: f, New: map[string]string{}}
	for _, k := range []investigate.Kind{investigate.KindFact, investigate.KindClock, investigate.KindSubmission} {
		view.New[string(k)] = v.creating(k)
	}
	num := v.numbering(c)
	view.Facts = v.facts(c, num)
	for i := range c.Clocks {
		cl := &c.Clocks[i]
		one := contractView{ID: cl.ID, Name: v.Phrase(cl.Name), Recipient: v.Phrase(cl.Recipient), Start: reading.Visible(cl.Start, 60), Within: reading.Visible(cl.Within, 20),
			Basis: v.Phrase(cl.Basis), Edit: v.editing(investigate.KindClock, cl.ID), Submit: v.creating(investigate.KindSubmission, "set.clock", cl.ID)}
		for _, item := range cl.Items {
			one.Items = append(one.Items, v.Phrase(item))
		}
		view.Contracts = append(view.Contracts, one)
	}
	for i := range c.Submissions {
		s := &c.Submissions[i]
		view.Submissions = append(view.Submissions, submissionView{reading.Visible(s.Clock, 80), v.Clock(s.At, 0).Minute(), reading.Visible(s.Version, 60), v.Phrase(s.Proof), v.Phrase(s.Late),
			v.editing(investigate.KindSubmission, s.ID), v.cite(s.Cites, 0, num)})
	}
	return v.Show(status, "clocks.html", "page", view)
}

// facts are the facts that hold, each with its earlier versions, newest first.
func (v visit) facts(c *control.Case, num numbers) (list []factView) {
	at := map[string]int{}
	for i := range c.Facts {
		f := &c.Facts[i]
		one := factView{Key: reading.Visible(f.ID, 64), Value: v.factValue(f.Value), Note: v.Phrase(f.Note), By: reading.Visible(f.By, 60), At: v.Clock(f.At, 0).Minute(),
			Edit: v.editing(investigate.KindFact, f.ID), Cites: v.cite(f.Cites, 0, num)}
		if !f.Known.IsZero() {
			one.Known = v.Clock(f.Known, 0).Minute()
		}
		j, ok := at[f.ID]
		if !ok {
			at[f.ID] = len(list)
			list = append(list, one)
			continue
		}
		old := list[j]
		one.Before = append([]string{v.F("fact.was", old.Value, old.By, old.At)}, old.Before...)
		list[j] = one
	}
	return list
}

// factValue writes an instant in the reader's zone, and anything else as it is.
func (v visit) factValue(text string) string {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return v.Clock(at, 0).Minute() + " " + v.ZoneLabel
	}
	return reading.Visible(text, 300)
}
