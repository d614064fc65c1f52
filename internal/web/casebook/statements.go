package casebook

import (
	"errors"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// statementsView is the sentences of a case and its chapters, with the editor of
// one of them.
type statementsView struct {
	frame
	Statements []statementView // of one page
	Count      string          // of all
	Paging     paging
	Sections   []sectionView
	Withdrawn  []withdrawnView
	New        map[string]string
}

// statementView is a statement with its certainty.
type statementView struct {
	ID, Text, Other  string // Other: whether the other language lacks
	Reason, By, Edit string
	Chip             evidence.Chip
	Reviewed         bool
	Chapter          string
	Cites            citations
	Verdict          *evidence.AnswerView
	On               bool
}

// sectionView is a chapter that people write.
type sectionView struct{ Title, Text, By, Edit string }

// withdrawnView is a part that is no longer upheld.
type withdrawnView struct{ Kind, Text, Reason, By, At string }

// weighedView is what a statement would say, as it stands in the editor.
type weighedView struct {
	Said     bool // there is an answer to its query
	Answer   evidence.AnswerView
	Cites    string // how many records it would cite
	Wrong    string // why it could not be recorded as it is
	Fine     bool
	Problems []problemView
}

// showStatements shows the statements of a case.
func (v visit) showStatements(c *control.Case, f frame, status int) error {
	view := statementsView{frame: f, New: map[string]string{}}
	for _, k := range []investigate.Kind{investigate.KindStatement, investigate.KindSection} {
		view.New[string(k)] = v.creating(k)
	}
	num := v.numbering(c)
	pages := pagesOf(len(c.Statements))
	at := v.statementPage(c.Statements, pages)
	for i := range c.Statements[at*pageRows : min(len(c.Statements), (at+1)*pageRows)] {
		view.Statements = append(view.Statements, v.statement(&c.Statements[at*pageRows+i], num))
	}
	view.Count, view.Paging = reading.Grouped(int64(len(c.Statements))), v.paging(at, pages)
	for i := range c.Sections {
		s := &c.Sections[i]
		view.Sections = append(view.Sections, sectionView{v.labelled("section.", s.ID), v.Phrase(s.Text), reading.Visible(s.By, 60), v.editing(investigate.KindSection, s.ID)})
	}
	for i := range c.Withdrawn {
		w := &c.Withdrawn[i]
		view.Withdrawn = append(view.Withdrawn, withdrawnView{v.Phrase(w.Kind.Name()), v.Phrase(w.Text), v.Phrase(w.Reason), reading.Visible(w.By, 60), v.Clock(w.At, 0).Minute()})
	}
	if view.Form != nil && view.Form.Weigh != "" && view.Form.Weighed == nil {
		view.Form.Weighed = &weighedView{}
	}
	return v.Show(status, "statements.html", "page", view)
}

// statementPage is the page, counted from 0, that the address names or that
// holds the statement it asks for.
func (v visit) statementPage(list []control.Statement, pages int) int {
	if id := v.asked(); id != "" {
		if i := slices.IndexFunc(list, func(st control.Statement) bool { return st.ID == id }); i >= 0 {
			return i / pageRows
		}
	}
	return v.page(pages)
}

// asked is the statement that the address asks for: to be shown or edited.
func (v visit) asked() string {
	if id, is := strings.CutPrefix(v.At.Get("edit"), "statement:"); is {
		return id
	}
	return v.At.Get("row")
}

func (v visit) statement(st *control.Statement, n numbers) statementView {
	view := statementView{ID: st.ID, Text: v.Phrase(st.Text), Reason: v.Phrase(st.Reason), By: reading.Visible(st.By, 60), Cites: v.cite(st.Cites, 0, n),
		Edit: v.editing(investigate.KindStatement, st.ID), Chip: v.certainty(string(st.Certainty)), Reviewed: st.Status == "reviewed", Chapter: v.labelled("chapter.", st.Chapter),
		On: st.ID == v.asked()}
	if st.ReasonCode != "" {
		view.Reason = strings.TrimSpace(v.labelled("reason.", st.ReasonCode) + " " + view.Reason)
	}
	if st.Text.JA == "" {
		view.Other = "ja"
	}
	if st.Text.EN == "" {
		view.Other = "en"
	}
	if st.Answer != nil {
		view.Verdict = new(v.Answer(st.Answer))
	}
	return view
}

// weighed says what a statement would say. What is wrong with it is part of the
// answer.
func (v visit) weighed(d *draft, s spec) (*weighedView, error) {
	p, err := v.fill(d, s)
	if err == nil && p == nil {
		return &weighedView{Wrong: d.wrongs()}, nil
	}
	if err == nil {
		p, err = v.Ops.Weigh(v.R.Context(), v.R.PathValue("id"), p)
	}
	w := &weighedView{Fine: err == nil}
	if _, unreadable := site.SyntaxOf(err); unreadable || errors.Is(err, control.ErrInvalid) {
		w.Wrong = v.objection(err)
	} else if err != nil {
		return nil, err
	}
	if st, ok := p.(*investigate.Statement); ok {
		if st.Answer != nil {
			w.Said, w.Answer = true, v.Answer(st.Answer)
		}
		if n := len(st.Cites); n > 0 {
			w.Cites = v.N(int64(n), "weigh.cites", n)
		}
	}
	if !w.Fine {
		return w, nil
	}
	list, err := v.Ops.LintPart(v.R.Context(), v.R.PathValue("id"), p)
	if err != nil {
		return nil, err
	}
	for i := range list[:min(len(list), maxUnfolded)] {
		w.Problems = append(w.Problems, v.problem(&list[i], numbers{of: map[uint64]int{}}))
	}
	return w, nil
}

// objection says in the reader's language why a part cannot be recorded.
func (v visit) objection(err error) string {
	wrong, unreadable := site.SyntaxOf(err)
	if !unreadable {
		return v.Said(err, 600)
	}
	why, hint := wrong.In(v.Lang)
	return reading.Visible(v.F("field.query.wrong", wrong.Pos, why, hint), 600)
}

// certainties lists how sure a statement can be, the surest first, each with
// the class of its chip.
func certainties() [][2]string {
	return [][2]string{
		{"confirmed", "covered"}, {"established", "covered"}, {"probable", "partial"},
		{"possible", "partial"}, {"not_confirmed", "unknown"}, {"undetermined", "unknown"},
	}
}

func (v visit) certainty(word string) evidence.Chip {
	for _, c := range certainties() {
		if c[0] == word {
			return evidence.NewChip(c[1], v.T("certainty."+word))
		}
	}
	return evidence.NewChip("unknown", reading.Visible(word, 40))
}
