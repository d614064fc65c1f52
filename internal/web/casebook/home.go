package casebook

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/stories"
)

// caseView is the home of a case.
type caseView struct {
	frame
	Lead         *lead
	Board        []questionCard
	Others       []questionCard
	Rows         []timelineRow
	More         string // how many rows of how many are shown
	Deadlines    []deadlineView
	Problems     *problemsView
	Tasks        []taskView
	Decisions    []decisionView
	Containments []containmentView
	Told         []toldView
	Services     []serviceView
	Findings     []stories.FindingGroup
	History      []historyLine
	Race         *raceView
	HowToHold    string
	New          map[string]string // where new parts are written, by kind
}

// taskView is something to be done.
type taskView struct {
	Text, Owner, Due, Edit string
	Chip                   evidence.Chip
}

// decisionView is what was decided.
type decisionView struct {
	At, Who, Text, Grounds, Edit string
	Cites                        citations
}

// containmentView is what was done to stop the intruder, and whether it worked.
type containmentView struct {
	At, Action, Target, Text, Edit string
	Chip                           evidence.Chip
	Because, Checked, Check        string
	Cites                          citations
}

// homeRows is how many rows of the timeline stand on the home of a case.
const homeRows = 50

// historyLine is one line of a case's history.
type historyLine struct{ At, By, Op, Target, Record, Href string }

// showHome shows the home of a case.
func (v visit) showHome(c *control.Case, f frame, status int) error {
	view := caseView{frame: f, New: map[string]string{}}
	num := v.numbering(c)
	view.Board, view.Others = v.questions(c, num)
	for i := range c.Timeline[:min(len(c.Timeline), homeRows)] {
		view.Rows = append(view.Rows, v.timelineRow(&c.Timeline[i], num))
	}
	if len(c.Timeline) > homeRows {
		view.More = v.F("case.rowsof", homeRows, reading.Grouped(int64(len(c.Timeline))))
	}
	view.Lead = v.lead(c, view, num)
	view.History = v.history(c)
	v.work(c, &view, num)
	var err error
	if view.Findings, err = v.caseFindings(c.ID); err != nil {
		return err
	}
	if view.Race, err = v.race(c.ID); err != nil {
		return err
	}
	if view.Problems, err = v.problems(c, num); err != nil {
		return err
	}
	if view.Deadlines, err = v.next(c); err != nil {
		return err
	}
	view.HowToHold = v.F("race.hold", f.ID)
	return v.Show(status, "case.html", "page", view)
}

// work fills in what people do about the incident.
func (v visit) work(c *control.Case, view *caseView, num numbers) {
	for _, k := range []investigate.Kind{investigate.KindQuestion, investigate.KindTask, investigate.KindDecision, investigate.KindContainment} {
		view.New[string(k)] = v.creating(k)
	}
	now, public := v.Now(), v.public(c)
	for i := range c.Tasks {
		view.Tasks = append(view.Tasks, v.task(&c.Tasks[i], now))
	}
	for i := range c.Decisions {
		d := &c.Decisions[i]
		view.Decisions = append(view.Decisions, decisionView{At: v.Clock(d.At, 0).Minute(), Who: reading.Visible(d.Who, 80), Text: v.Phrase(d.Text), Grounds: v.Phrase(d.Grounds),
			Edit: v.editing(investigate.KindDecision, d.ID), Cites: v.cite(d.Cites, 0, num)})
	}
	for i := range c.Containments {
		one := v.containment(&c.Containments[i], num)
		one.Target = public(one.Target)
		view.Containments = append(view.Containments, one)
	}
	for i := range c.Told {
		view.Told = append(view.Told, v.told(&c.Told[i], num))
	}
	view.Services = v.services(c)
}

func (v visit) task(t *investigate.Task, now time.Time) taskView {
	view := taskView{Text: v.Phrase(t.Text), Owner: reading.Visible(t.Owner, 60), Edit: v.editing(investigate.KindTask, t.ID), Chip: evidence.NewChip("plain", v.labelled("task.", t.Status))}
	if !t.Due.IsZero() {
		view.Due = v.Clock(t.Due, 0).Minute()
	}
	switch {
	case t.Status == "done":
		view.Chip.Class = "covered"
	case t.Status == "open" && !t.Due.IsZero():
		view.Chip = v.left(t.Due, now)
	}
	return view
}

// left says how long there is until an instant, or how long it is past.
func (v visit) left(due, now time.Time) evidence.Chip {
	left := due.Sub(now)
	switch {
	case left < 0:
		return evidence.NewChip("found", v.F("due.late", v.Span(-left)))
	case left < 48*time.Hour:
		return evidence.NewChip("partial", v.F("due.left", v.Span(left)))
	}
	return evidence.NewChip("plain", v.F("due.left", v.Span(left)))
}

// containment says of what was done whether it worked, was seen again, or
// cannot be known.
func (v visit) containment(p *investigate.Containment, num numbers) containmentView {
	view := containmentView{At: v.Clock(p.At, 0).Minute(), Action: v.labelled("action.", p.Action), Target: reading.Visible(p.Target, 120), Text: v.Phrase(p.Text),
		Edit: v.editing(investigate.KindContainment, p.ID), Check: v.pathOf("home") + "/check/containment/" + url.PathEscape(p.ID), Chip: evidence.NewChip("unknown", v.T("contain.unchecked"))}
	last := p.Last()
	if last == nil {
		return view
	}
	view.Because, view.Checked, view.Cites = v.Phrase(last.Because), v.checked(last), v.cite(last.Cites, last.Count, num)
	switch last.State {
	case investigate.Met:
		view.Chip = evidence.NewChip("covered", v.T("contain.worked"))
	case investigate.NotMet:
		view.Chip = evidence.NewChip("found", v.F("contain.seen", reading.Grouped(last.Count)))
	default:
		view.Chip = evidence.NewChip("unknown", v.T("contain.unknown"))
	}
	return view
}

// checked says when a check was run, and by whom.
func (v visit) checked(r *investigate.Result) string {
	return v.F("check.at", v.Clock(r.At, 0).Minute(), reading.Visible(r.By, 60))
}

func (v visit) history(c *control.Case) []historyLine {
	link := v.At.UpTo("record", "pivot", "gap") + "record="
	list := make([]historyLine, 0, len(c.History))
	for _, h := range slices.Backward(c.History) {
		list = append(list, historyLine{v.Clock(h.At, event.PrecisionSecond).Text(), reading.Visible(h.By, 60), reading.Visible(h.Op, 60),
			reading.Visible(h.Target, 120), reading.Grouped(int64(h.Record)), link + strconv.FormatUint(h.Record, 10)})
	}
	return list
}

// caseFindings are the findings that the case cites, or that rest on a record
// it cites.
func (v visit) caseFindings(caseID string) ([]stories.FindingGroup, error) {
	list, err := v.Ops.CaseFindings(v.R.Context(), v.Person.Name, caseID)
	if err != nil {
		return nil, err
	}
	return v.FindingGroups(list), nil
}
