package casebook

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/investigate/duty"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// clocksView is the deadlines of a case, the facts that they follow from, and
// what was handed in.
type clocksView struct {
	frame
	Deadlines   []deadlineView
	Others      []deadlineView // that do not apply
	Facts       []factView
	Contracts   []contractView
	Submissions []submissionView
	New         map[string]string
}

// deadlineView is one deadline.
type deadlineView struct {
	ID, Name, Recipient, Start string
	Due, Elsewhere             string // in the reader's zone, and in the other one
	Chip                       evidence.Chip
	Because                    []string
	Basis, Verified, Counsel   string
	Items                      []itemView
	Open                       string // how many items nothing fills
	History                    []string
	Submitted, Submit          string
	rank                       int
	at                         time.Time
}

// itemView is something that has to be told, and what of the case tells it.
type itemView struct {
	Text  string
	Fills []site.Choice
}

// factView is a fact as it holds, with what it was before; or one that the rules
// ask for and nobody told yet.
type factView struct {
	Key, Label, Help, Value   string
	Known, Note, By, At, Edit string
	Cites                     citations
	Before                    []string
}

// contractView is a deadline that people added.
type contractView struct{ Name, Edit string }

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
	keys, err := clock.Keys()
	if err != nil {
		return err
	}
	view.Facts = v.facts(c, keys, num)
	all, err := v.deadlines(c, keys)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.rank == lastRank {
			view.Others = append(view.Others, d)
		} else {
			view.Deadlines = append(view.Deadlines, d)
		}
	}
	for i := range c.Clocks {
		view.Contracts = append(view.Contracts, contractView{v.Phrase(c.Clocks[i].Name), v.editing(investigate.KindClock, c.Clocks[i].ID)})
	}
	for i := range c.Submissions {
		s := &c.Submissions[i]
		view.Submissions = append(view.Submissions, submissionView{reading.Visible(s.Clock, 80), v.Clock(s.At, 0).Minute(), reading.Visible(s.Version, 60), v.Phrase(s.Proof), v.Phrase(s.Late),
			v.editing(investigate.KindSubmission, s.ID), v.cite(s.Cites, 0, num)})
	}
	return v.Show(status, "clocks.html", "page", view)
}

// lastRank is that of a deadline that does not apply.
const lastRank = 4

// deadlines are those of a case, what is pressing first.
func (v visit) deadlines(c *control.Case, keys []clock.Key) ([]deadlineView, error) {
	list, err := v.Ops.Duties(v.R.Context(), c.ID)
	if err != nil {
		return nil, err
	}
	called := map[string]string{}
	for _, k := range keys {
		called[k.Key] = v.Phrase(k.Label)
	}
	for i := range list {
		called[list[i].Rule.ID] = v.Phrase(list[i].Rule.Name)
	}
	out := make([]deadlineView, 0, len(list))
	for i := range list {
		out = append(out, v.deadline(&list[i], called))
	}
	slices.SortStableFunc(out, func(a, b deadlineView) int { return cmp.Or(cmp.Compare(a.rank, b.rank), a.at.Compare(b.at)) })
	return out, nil
}

// next are the deadlines that stand on the home of the case.
func (v visit) next(c *control.Case) ([]deadlineView, error) {
	list, err := v.deadlines(c, nil)
	list = slices.DeleteFunc(list, func(d deadlineView) bool { return d.rank > 1 })
	return list[:min(len(list), 5)], err
}

func (v visit) deadline(d *duty.Duty, called map[string]string) deadlineView {
	view := deadlineView{ID: reading.Visible(d.Rule.ID, 64), Name: v.Phrase(d.Rule.Name), Recipient: v.Phrase(d.Rule.Recipient), Counsel: v.Phrase(d.Counsel), at: d.Due.Latest,
		Verified: v.Phrase(d.Verified), Basis: v.Phrase(d.Rule.Note)}
	if v.Writer() {
		view.Submit = v.creating(investigate.KindSubmission, "set.clock", d.Rule.ID)
	}
	view.Due, view.Elsewhere = v.due(d.Due)
	view.Chip, view.rank = v.standing(d)
	if d.Rule.Verified != "" {
		view.Verified += v.F("list.paren", reading.Visible(d.Rule.Verified, 20))
	}
	if d.Rule.Regime != "contract" { // its source is its note
		view.Basis = strings.TrimSpace(view.Basis + " " + reading.Visible(d.Rule.Source, 300))
	}
	if !d.Start.IsZero() {
		view.Start = v.F("clock.start", cmp.Or(called[d.StartedBy], reading.Visible(d.StartedBy, 64)), v.Clock(d.Start, 0).Minute(), v.ZoneLabel)
	}
	for _, b := range d.Because {
		view.Because = append(view.Because, v.Phrase(b))
	}
	for i := range d.Items {
		item := itemView{Text: v.Phrase(d.Items[i].Text)}
		for _, f := range d.Items[i].Fills[:min(len(d.Items[i].Fills), evidence.MaxCites)] {
			item.Fills = append(item.Fills, v.part(f.Kind, f.ID))
		}
		view.Items = append(view.Items, item)
	}
	if n := d.Open(); n > 0 {
		view.Open = v.F("clock.openitems", n, len(d.Items))
	}
	for _, h := range slices.Backward(d.History) {
		line := v.Clock(h.At, 0).Minute() + " " + v.Phrase(h.Text)
		was, _ := v.due(h.Before)
		if is, _ := v.due(h.Due); is != was {
			line += v.T("list.colon") + cmp.Or(was, "—") + " → " + cmp.Or(is, "—")
		}
		view.History = append(view.History, line)
	}
	if s := d.Submitted; s != nil {
		view.Submitted = v.Clock(s.At, 0).Minute()
		if late := v.Phrase(s.Late); late != "" {
			view.Submitted += v.F("list.paren", late)
		}
	}
	return view
}

// due writes by when something is due, in the reader's zone and in the other one.
func (v visit) due(d clock.Due) (here, elsewhere string) {
	if d.Latest.IsZero() {
		if d.Promptly {
			return v.T("clock.promptly"), ""
		}
		return "", ""
	}
	write := func(t time.Time) string { return v.Prose(t) }
	here = write(d.Latest) + " " + v.ZoneLabel
	if !d.Earliest.Equal(d.Latest) {
		here = v.F("number.between", write(d.Earliest), here)
	}
	other, label := time.UTC, "UTC"
	if v.ZoneLabel == "UTC" {
		other, label = time.FixedZone("JST", 9*60*60), "JST"
	}
	return here, d.Latest.In(other).Format("2006-01-02 15:04 ") + label
}

// standing gives the chip of a deadline and how pressing it is.
func (v visit) standing(d *duty.Duty) (evidence.Chip, int) {
	switch now := v.Now(); d.State {
	case clock.Late:
		return evidence.NewChip("found", v.F("due.late", v.Span(now.Sub(d.Due.Latest)))), 0
	case clock.DueSoon, clock.Running:
		if d.Due.Latest.IsZero() {
			return evidence.NewChip("partial", v.T("clock.promptly")), 1
		}
		class := "plain"
		if d.State == clock.DueSoon {
			class = "partial"
		}
		if now.After(d.Due.Earliest) {
			return evidence.NewChip("partial", v.F("due.left", v.Span(d.Due.Latest.Sub(now)))), 1
		}
		return evidence.NewChip(class, v.F("due.left", v.Span(d.Due.Earliest.Sub(now)))), 1
	case clock.Possible:
		return evidence.NewChip("unknown", v.T("clock.possible")), 2
	case clock.InTime:
		return evidence.NewChip("covered", v.T("clock.intime")), 3
	case clock.SubmittedLate:
		return evidence.NewChip("partial", v.T("clock.waslate")), 3
	}
	return evidence.NewChip("plain", v.T("clock.notapplicable")), lastRank
}

// calendar hands out the deadlines for calendars.
func (v visit) calendar() error {
	return v.file("konseki-"+v.R.PathValue("id")+".ics", "text/calendar; charset=utf-8", func(w io.Writer) error {
		return v.Ops.Calendar(v.R.Context(), v.R.PathValue("id"), v.Lang, w)
	})
}

// facts are the facts of a case, each with its earlier versions, and those that
// the rules ask for and nobody told yet.
func (v visit) facts(c *control.Case, keys []clock.Key, num numbers) (list []factView) {
	at := map[string]int{}
	of := map[string]*clock.Key{}
	for i := range keys {
		k := &keys[i]
		of[k.Key], at[k.Key] = k, len(list)
		list = append(list, factView{Key: k.Key, Label: v.Phrase(k.Label), Help: v.Phrase(k.Help), Edit: v.creating(investigate.KindFact, "set.id", k.Key)})
	}
	for i := range c.Facts {
		f := &c.Facts[i]
		j, ok := at[f.ID]
		if !ok {
			j, at[f.ID] = len(list), len(list)
			list = append(list, factView{Key: reading.Visible(f.ID, 64), Label: reading.Visible(f.ID, 64)})
		}
		one := &list[j]
		if one.Value != "" {
			one.Before = append([]string{v.F("fact.was", one.Value, one.By, one.At)}, one.Before...)
		}
		one.Value, one.Note, one.By, one.At = v.factValue(of[f.ID], f.Value), v.Phrase(f.Note), reading.Visible(f.By, 60), v.Clock(f.At, 0).Minute()
		one.Known, one.Edit, one.Cites = "", v.editing(investigate.KindFact, f.ID), v.cite(f.Cites, 0, num)
		if !f.Known.IsZero() {
			one.Known = v.Clock(f.Known, 0).Minute()
		}
	}
	return list
}

// factValue writes an instant in the reader's zone, a choice in words, and
// anything else as it is.
func (v visit) factValue(k *clock.Key, text string) string {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return v.Clock(at, 0).Minute() + " " + v.ZoneLabel
	}
	if k != nil {
		for _, c := range k.Choices {
			if c.Value == text {
				return v.Phrase(c.Label)
			}
		}
	}
	return reading.Visible(text, 300)
}

// factSpec is the form of a fact: what may be said of it depends on its key.
func (v visit) factSpec(s spec, key string) (spec, error) {
	keys, err := clock.Keys()
	if err != nil {
		return s, err
	}
	value := field{path: "value", input: "time", need: true}
	for i := range keys {
		k := &keys[i]
		if k.Key != key {
			continue
		}
		if k.Type == clock.Range {
			value.input = "line"
		}
		if len(k.Choices) > 0 {
			value.input = "choice"
			for _, c := range k.Choices {
				value.options = append(value.options, option{Value: c.Value, Label: v.Phrase(c.Label)})
			}
		}
		value.title, value.help = v.Phrase(k.Label), v.Phrase(k.Help)
	}
	first := s.rows[0].fields
	s.rows = append([]row{three(first[0], value, first[2])}, s.rows[1:]...)
	return s, nil
}
