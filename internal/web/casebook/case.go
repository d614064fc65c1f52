package casebook

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/site"
	"github.com/konseki/konseki/internal/web/stories"

	"golang.org/x/text/width"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// casesView lists the cases and opens a new one.
type casesView struct {
	Page  site.Page
	Cases []caseLine
	NewID string
	Error string
	Title string
}

// caseLine is one case in the list.
type caseLine struct {
	ID, Href, Title, Opened, By string
	Open                        bool
	Rows, Questions, Unknown    int
}

// caseView is the home of a case.
type caseView struct {
	Page       site.Page
	ID, Title  string
	Path       string
	Open       bool
	Opened, By string
	Lead       *lead
	Board      []questionCard
	Others     []questionCard
	Rows       []timelineRow
	Statements []statementView
	Findings   []stories.FindingGroup
	History    []historyLine
	Race       *raceView
	HowToHold  string
	Form       caseForm
}

// questionCard is a question with its conclusion and what konseki computes.
type questionCard struct {
	ID, Board, Text string
	Asked           bool
	Conclusion      string
	Why             string // why it cannot be known
	Chip            evidence.Chip
	Answer          evidence.AnswerView
	Cites           citations
	Query           string
	Search          string
	Asker           string
}

// timelineRow is a row of the chronology (経緯).
type timelineRow struct {
	Clock        reading.Clock
	About        bool
	Unordered    bool // it may have come before or after another row
	Kind, Source string
	Text, By     string
	Chip         evidence.Chip
	Cites        citations
	Href         string // of the first cited record
	On           bool
}

// statementView is a statement with its certainty.
type statementView struct {
	Text, Reason, By string
	Chip             evidence.Chip
	Cites            citations
	Verdict          *evidence.AnswerView
}

// citations are links to the cited records, numbered through the case.
type citations struct {
	List []evidence.Citation
	More string // how many more records the query found
}

// historyLine is one line of a case's history.
type historyLine struct{ At, By, Op, Target, Record, Href string }

// caseForm is what the forms offer, and after a mistake what was written.
type caseForm struct {
	Certainties []option
	Kinds       []option
	Boards      []option
	Which       string // row, statement or question: the form that is open
	Error       string
	Old         map[string]string
}

// option is a choice of a select field.
type option struct {
	Value, Label string
	On           bool
}

// maxFormCites is how many citations a form takes.
const maxFormCites = 1000

// cases lists all cases, the newest first.
func (v visit) cases() error { return v.showCases(http.StatusOK, casesView{}) }

func (v visit) showCases(status int, view casesView) error {
	list, err := v.Ops.Cases(v.R.Context())
	if err != nil {
		return err
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *control.Case) int { return b.Opened.Compare(a.Opened) })
	view.Page = v.PageOf("cases", v.T("nav.cases"))
	if view.NewID == "" {
		view.NewID = v.Now().In(v.Zone).Format("2006-") + strconv.Itoa(1000 + len(list) + 1)[1:]
	}
	for _, c := range list {
		line := caseLine{ID: reading.Visible(c.ID, 60), Href: site.CasePath(c.ID), Title: v.Phrase(c.Title), Opened: v.Prose(c.Opened),
			By: reading.Visible(c.OpenedBy, 60), Open: c.Status == "open", Rows: len(c.Timeline), Questions: len(c.Questions)}
		for _, q := range c.Questions {
			if q.Answer.Verdict != "found" && q.Answer.Verdict != "not_found_covered" {
				line.Unknown++
			}
		}
		view.Cases = append(view.Cases, line)
	}
	return v.Show(status, "cases.html", "page", view)
}

// openCase opens a case and leads to it.
func (v visit) openCase() error {
	if err := v.R.ParseForm(); err != nil {
		return site.Refusal(http.StatusBadRequest, "error.form", err)
	}
	id, title := strings.TrimSpace(v.R.PostForm.Get("id")), strings.TrimSpace(v.R.PostForm.Get("title"))
	view := casesView{NewID: reading.Visible(id, 60), Title: reading.Visible(title, 300)}
	if title == "" {
		view.Error = v.T("case.notitle")
		return v.showCases(http.StatusBadRequest, view)
	}
	c, err := v.Ops.OpenCase(v.R.Context(), v.Person.Name, id, v.written(title))
	if errors.Is(err, control.ErrInvalid) {
		view.Error = reading.Visible(err.Error(), 300)
		return v.showCases(http.StatusBadRequest, view)
	}
	if err != nil {
		return err
	}
	return v.Redirect(site.CasePath(c.ID) + "?done=case")
}

// written is a text as a person wrote it, in their language.
func (v visit) written(text string) event.Phrase {
	if v.Lang == "ja" {
		return event.Phrase{JA: text}
	}
	return event.Phrase{EN: text}
}

// caseHome shows a case.
func (v visit) caseHome() error { return v.showCase(http.StatusOK, caseForm{}) }

// showCase renders a case with its forms in the given state.
func (v visit) showCase(status int, form caseForm) error {
	c, err := v.Ops.Case(v.R.Context(), v.R.PathValue("id"))
	if err != nil {
		return err
	}
	v.At = v.At.Moved(site.CasePath(c.ID))
	p := v.PageOf("cases", reading.Visible(c.ID, 60)+"　"+v.Phrase(c.Title))
	if p.Drawer, err = v.Drawer(); err != nil {
		return err
	}
	if v.Fragment == "drawer" {
		return v.Show(http.StatusOK, "case.html", "drawer", p)
	}
	view := caseView{Page: p, ID: reading.Visible(c.ID, 60), Title: v.Phrase(c.Title), Path: site.CasePath(c.ID), Open: c.Status == "open",
		Opened: v.Prose(c.Opened), By: reading.Visible(c.OpenedBy, 60)}
	num := v.numbering(c)
	view.Board, view.Others = v.questions(c, num)
	for i := range c.Timeline {
		view.Rows = append(view.Rows, v.timelineRow(&c.Timeline[i], num))
	}
	for i := range c.Statements {
		view.Statements = append(view.Statements, v.statement(&c.Statements[i], num))
	}
	view.Lead = v.lead(c, view)
	view.History = v.history(c)
	if view.Findings, err = v.caseFindings(num); err != nil {
		return err
	}
	if view.Race, err = v.race(c.ID); err != nil {
		return err
	}
	view.HowToHold = v.F("race.hold", reading.Visible(c.ID, 60))
	view.Form = v.forms(form)
	return v.Show(status, "case.html", "page", view)
}

// numbers gives each cited record its number in the case.
type numbers struct {
	of   map[uint64]int
	link string
}

// numbering numbers the cited records in the order a reader meets them: the
// timeline, then questions, then statements.
func (v visit) numbering(c *control.Case) numbers {
	n := numbers{make(map[uint64]int), v.At.UpTo("record", "pivot", "gap") + "record="}
	add := func(list []uint64) {
		for _, seq := range list {
			if n.of[seq] == 0 {
				n.of[seq] = len(n.of) + 1
			}
		}
	}
	for i := range c.Timeline {
		add(c.Timeline[i].Cites)
	}
	for i := range c.Questions {
		add(c.Questions[i].Cites)
	}
	for i := range c.Statements {
		add(c.Statements[i].Cites)
	}
	return n
}

// cite sets citations; total is how many records there are in all.
func (v visit) cite(list []uint64, total int64, n numbers) citations {
	var c citations
	for i, seq := range list {
		if i == evidence.MaxCites {
			break
		}
		number := strconv.FormatUint(seq, 10)
		c.List = append(c.List, evidence.Citation{Number: strconv.Itoa(n.of[seq]), Href: n.link + number, Title: "#" + reading.Grouped(int64(seq))})
	}
	if rest := max(total, int64(len(list))) - int64(len(c.List)); rest > 0 {
		c.More = v.F("cite.more", reading.Grouped(rest))
	}
	return c
}

// questions parts the board from the other questions. A question nobody asked
// yet still stands on the board.
func (v visit) questions(c *control.Case, n numbers) (board, others []questionCard) {
	for _, id := range boards() {
		card := questionCard{Board: id, Text: v.T("board." + id), Chip: evidence.NewChip("unknown", v.T("board.open")), Answer: evidence.AnswerView{Bar: evidence.BarOf(nil)}}
		if i := slices.IndexFunc(c.Questions, func(q control.Question) bool { return q.Board == id }); i >= 0 {
			card = v.question(&c.Questions[i], n)
			card.Text = v.T("board." + id)
		}
		board = append(board, card)
	}
	for i := range c.Questions {
		if !slices.Contains(boards(), c.Questions[i].Board) {
			others = append(others, v.question(&c.Questions[i], n))
		}
	}
	return board, others
}

// boards lists the questions every incident asks, in the order they are asked.
func boards() []string {
	return []string{"how_in", "who", "since_when", "touched", "still_in", "what_left"}
}

func (v visit) question(q *control.Question, n numbers) questionCard {
	card := questionCard{ID: q.ID, Board: q.Board, Asked: true, Text: v.Phrase(q.Text), Conclusion: v.Phrase(q.Conclusion),
		Answer: v.Answer(&q.Answer), Cites: v.cite(q.Cites, 0, n), Query: reading.Visible(q.Query, 500), Asker: reading.Visible(q.By, 60)}
	card.Chip = card.Answer.Chip
	switch card.Chip.Class {
	case "found":
		card.Chip.Label = v.T("board.known")
	case "unknown":
		card.Why = v.whyNot(&q.Answer)
	}
	if q.Query != "" {
		card.Search = reading.AddressOf("/explore", nil).Change("q", q.Query, "from", reading.Instant(q.From), "to", reading.Instant(q.To)).String()
	}
	return card
}

func (v visit) timelineRow(row *control.Row, n numbers) timelineRow {
	view := timelineRow{Clock: v.Clock(row.At, event.PrecisionSecond), About: row.Precision == "about", Unordered: row.OrderUncertain, Kind: row.What,
		Source: v.SourceName(row.Source), Text: v.Phrase(row.Text), By: reading.Visible(row.By, 60), Cites: v.cite(row.Cites, row.Total, n)}
	if view.About {
		view.Clock = v.Clock(row.At, event.PrecisionMinute)
	}
	switch row.What {
	case "action":
		view.Chip = evidence.NewChip("note", v.T("kind.action"))
	case "notice":
		view.Chip = evidence.NewChip("partial", v.T("kind.notice"))
	case "finding":
		view.Chip = evidence.NewChip("found", v.T("kind.finding"))
	default:
		view.Chip = evidence.NewChip("plain", v.T("kind.event"))
	}
	if len(view.Cites.List) > 0 {
		view.Href = view.Cites.List[0].Href
		view.On = strconv.FormatUint(row.Cites[0], 10) == v.At.Get("record")
	}
	return view
}

func (v visit) statement(st *control.Statement, n numbers) statementView {
	view := statementView{Text: v.Phrase(st.Text), Reason: v.Phrase(st.Reason), By: reading.Visible(st.By, 60), Cites: v.cite(st.Cites, 0, n)}
	view.Chip = v.certainty(string(st.Certainty))
	if st.Answer != nil {
		view.Verdict = new(v.Answer(st.Answer))
	}
	return view
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
func (v visit) caseFindings(n numbers) ([]stories.FindingGroup, error) {
	list, err := v.Ops.Findings(v.R.Context(), v.Person.Name, control.Search{Limit: 1000, Zone: v.Zone})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(f control.Finding) bool {
		return n.of[f.Record] == 0 && !slices.ContainsFunc(f.Cites, func(seq uint64) bool { return n.of[seq] > 0 })
	})
	return v.FindingGroups(list), nil
}

// forms offers the choices of the forms in the reader's language.
func (v visit) forms(form caseForm) caseForm {
	if form.Old == nil {
		form.Old = map[string]string{}
	}
	for _, c := range certainties() {
		form.Certainties = append(form.Certainties, option{c[0], v.T("certainty." + c[0]), form.Old["certainty"] == c[0]})
	}
	for _, kind := range []string{"event", "action", "notice", "finding"} {
		form.Kinds = append(form.Kinds, option{kind, v.T("kind." + kind), form.Old["kind"] == kind})
	}
	for _, id := range boards() {
		form.Boards = append(form.Boards, option{id, v.T("board." + id), form.Old["board"] == id})
	}
	return form
}

// posted reads a form of the case page; what is wrong with it is told on the
// page, with everything that was written still there.
type posted struct {
	v      visit
	form   caseForm
	failed bool
}

func (v visit) posted(which string) (*posted, error) {
	if err := v.R.ParseForm(); err != nil {
		return nil, site.Refusal(http.StatusBadRequest, "error.form", err)
	}
	p := &posted{v: v, form: caseForm{Which: which, Old: map[string]string{}}}
	for key := range v.R.PostForm {
		p.form.Old[key] = reading.Visible(v.R.PostForm.Get(key), 4000)
	}
	return p, nil
}

func (p *posted) text(key string) string { return strings.TrimSpace(p.v.R.PostForm.Get(key)) }

// wrong notes the first mistake.
func (p *posted) wrong(text string) {
	if !p.failed {
		p.form.Error, p.failed = text, true
	}
}

// needed is a text that must be there.
func (p *posted) needed(key string) event.Phrase {
	text := p.text(key)
	if text == "" {
		p.wrong(p.v.T("form.empty"))
	}
	return p.v.written(text)
}

// window reads the fields from and to.
func (p *posted) window() (w reading.Window) {
	for key, at := range map[string]*reading.Window{"from": &w, "to": &w} {
		text := p.text(key)
		if text == "" {
			continue
		}
		t, ok := reading.ParseTime(text, p.v.Zone)
		if !ok {
			p.wrong(p.v.T("error.time"))
		}
		if key == "from" {
			at.From = t
		} else {
			at.To = t
		}
	}
	return w
}

// cites reads record numbers, parted by anything that is not a digit.
func (p *posted) cites() []uint64 {
	text := width.Fold.String(p.text("cites"))
	text = strings.NewReplacer(",", "", "、", " ", "#", " ").Replace(strings.ReplaceAll(text, ", ", " "))
	var list []uint64
	for word := range strings.FieldsSeq(text) {
		seq, err := strconv.ParseUint(word, 10, 64)
		if err != nil || seq == 0 || len(list) == maxFormCites {
			p.wrong(p.v.T("form.cites"))
			return nil
		}
		list = append(list, seq)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// finish answers a posted form: back to where it was written, or the form
// again with what was wrong.
func (p *posted) finish(err error) error {
	_, unreadable := site.SyntaxOf(err)
	if unreadable || errors.Is(err, control.ErrInvalid) {
		p.wrong(reading.Visible(err.Error(), 400))
	} else if err != nil {
		return err
	}
	if p.failed {
		return p.v.showCase(http.StatusBadRequest, p.form)
	}
	back := site.CasePath(p.v.R.PathValue("id"))
	if to := p.text("back"); to != "" {
		back = reading.LocalPath(to)
	}
	return p.v.Redirect(site.WithDone(back, p.form.Which))
}

// addRow adds a row to the timeline.
func (v visit) addRow() error {
	p, err := v.posted("row")
	if err != nil {
		return err
	}
	row := control.Row{Text: p.needed("text"), Source: p.text("source"), Query: p.text("query"), Cites: p.cites(),
		What: cmp.Or(p.text("kind"), "event"), Precision: "exact"}
	if p.text("precision") == "about" {
		row.Precision = "about"
	}
	at, ok := reading.ParseTime(p.text("at"), v.Zone)
	if !ok {
		p.wrong(v.T("error.time"))
	}
	row.At = at
	if !p.failed {
		_, err = v.Ops.Put(v.R.Context(), v.Person.Name, v.R.PathValue("id"), &row, 0)
	}
	return p.finish(err)
}

// addStatement adds a statement.
func (v visit) addStatement() error {
	p, err := v.posted("statement")
	if err != nil {
		return err
	}
	w := p.window()
	st := control.Statement{Text: p.needed("text"), Query: p.text("query"), Cites: p.cites(), From: w.From, To: w.To}
	setWord(&st.Certainty, p.text("certainty"))
	if reason := p.text("reason"); reason != "" {
		st.Reason = v.written(reason)
	}
	if !p.failed {
		_, err = v.Ops.Put(v.R.Context(), v.Person.Name, v.R.PathValue("id"), &st, 0)
	}
	return p.finish(err)
}

// addQuestion asks a question of the case.
func (v visit) addQuestion() error {
	p, err := v.posted("question")
	if err != nil {
		return err
	}
	w := p.window()
	q := control.Question{Board: p.text("board"), Query: p.text("query"), Cites: p.cites(), From: w.From, To: w.To}
	if slices.Contains(boards(), q.Board) && p.text("text") == "" {
		q.Text = v.Both("board." + q.Board)
	} else {
		q.Text = p.needed("text")
	}
	if text := p.text("conclusion"); text != "" {
		q.Conclusion = v.written(text)
	}
	if !p.failed {
		_, err = v.Ops.Put(v.R.Context(), v.Person.Name, v.R.PathValue("id"), &q, 0)
	}
	return p.finish(err)
}

// setWord sets a field whose type belongs to a room below the ones this one
// may know; what is not one of its words is for control to refuse.
func setWord[T ~string](field *T, word string) { *field = T(word) }
