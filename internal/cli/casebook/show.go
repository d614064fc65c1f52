package casebook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// show writes a case for people: every part, with its name and what it says.
func (e *env) show(c *investigate.Case) {
	e.line("%s  %s  (%s)", c.ID, c.Title.In(e.Lang), c.Status)
	e.showTimeline(c)
	e.showStatements(c)
	e.showQuestions(c)
	e.heading("事実", "facts", len(c.Facts))
	for _, f := range holding(c.Facts) {
		e.line("  %s = %s  %s", f.ID, f.Value, f.Note.In(e.Lang))
	}
	e.heading("関係するもの", "entities", len(c.Entities))
	for _, x := range c.Entities {
		e.line("  %-6s %s  %s  %s", x.ID, x.Public.In(e.Lang), x.Type, x.Role)
	}
	e.heading("範囲", "scope", len(c.Scopes))
	for i := range c.Scopes {
		e.line("  %-6s %s: %s", c.Scopes[i].ID, c.Scopes[i].Text.In(e.Lang), e.number(c.Scopes[i].Number))
	}
	e.showPromises(c)
	e.showPeople(c)
	e.heading("取り下げたもの", "withdrawn", len(c.Withdrawn))
	for i := range c.Withdrawn {
		w := &c.Withdrawn[i]
		e.line("  %s %s  %s – %s (%s)", e.kindWord(w.Kind), w.ID, w.Text.In(e.Lang), w.Reason.In(e.Lang), w.By)
	}
}

// heading opens a part of the page where there is something under it.
func (e *env) heading(ja, en string, n int) {
	if n > 0 {
		fmt.Fprintln(e.Stdout, e.Say("\n【"+ja+"】", "\n"+en))
	}
}

func (e *env) showTimeline(c *investigate.Case) {
	e.heading("経緯", "timeline", len(c.Timeline))
	for i := range c.Timeline {
		r := &c.Timeline[i]
		e.line("  %-6s %s%s  %s  %s", r.ID, e.rowTime(r), e.RowDoubt(r), r.Text.In(e.Lang), cites(r.Cites))
	}
}

// cites writes the numbers that are cited as a list, "[3 4]".
func cites(list []uint64) string {
	const shown = 12
	if len(list) <= shown {
		return fmt.Sprintf("%v", list)
	}
	return fmt.Sprintf("%v… (%d)", list[:shown], len(list))
}

// rowTime is the time of a row, as precise as it is known.
func (e *env) rowTime(r *investigate.Row) string {
	switch r.Precision {
	case investigate.UnknownTime:
		return e.Say("日時不明", "time unknown")
	case investigate.OnDay:
		return r.At.In(e.zone).Format("2006-01-02")
	case investigate.About:
		return cli.Stamp(r.At, e.zone) + e.Say(" 頃", " (about)")
	}
	return cli.Stamp(r.At, e.zone)
}

func (e *env) showStatements(c *investigate.Case) {
	e.heading("認定", "statements", len(c.Statements))
	for i := range c.Statements {
		st := &c.Statements[i]
		e.line("  %-6s %s  %s  %s", st.ID, e.certainty(st.Certainty), st.Text.In(e.Lang), cites(st.Cites))
		if !st.Reason.Empty() {
			e.line("         %s", st.Reason.In(e.Lang))
		}
		if st.Answer != nil && st.Certainty == investigate.NotConfirmed {
			e.PrintAnswer(*st.Answer, e.zone)
		}
	}
}

// certainty is how sure a statement is, in words.
func (e *env) certainty(c investigate.Certainty) string {
	for _, known := range investigate.Certainties() {
		if known.Certainty == c {
			return e.Say("〔", "[") + known.Label.In(e.Lang) + e.Say("〕", "]")
		}
	}
	return string(c)
}

func (e *env) showQuestions(c *investigate.Case) {
	e.heading("問い", "questions", len(c.Questions))
	for i := range c.Questions {
		q := &c.Questions[i]
		if i > 0 {
			fmt.Fprintln(e.Stdout)
		}
		e.line("  %-6s %s", q.ID, q.Text.In(e.Lang))
		if !q.Conclusion.Empty() {
			e.line("         %s", q.Conclusion.In(e.Lang))
		}
		e.PrintAnswer(q.Answer, e.zone)
	}
}

// showPromises writes what was done, what must hold and what was promised, with
// what their checks found.
func (e *env) showPromises(c *investigate.Case) {
	e.heading("封じ込め", "containment", len(c.Containments))
	for i := range c.Containments {
		p := &c.Containments[i]
		e.line("  %-6s %s  %s  %s", p.ID, e.stateWord(stateOf(&p.Checked)), cli.Stamp(p.At, e.zone), p.Text.In(e.Lang))
		e.showChecked(&p.Checked)
	}
	e.heading("再開条件", "conditions", len(c.Conditions))
	for i := range c.Conditions {
		p := &c.Conditions[i]
		e.line("  %-6s %s  %s  %s", p.ID, e.stateWord(p.State()), strings.Trim(p.Service+"/"+p.Platform, "/"), p.Text.In(e.Lang))
		e.showChecked(&p.Checked)
	}
	e.heading("再発防止策", "measures", len(c.Measures))
	for i := range c.Measures {
		p := &c.Measures[i]
		e.line("  %-6s %s  %s  %s  %s", p.ID, p.Status, p.Owner, e.until(p.Due), p.Text.In(e.Lang))
		e.showChecked(&p.Checked)
	}
}

// stateOf is what the last check of something found.
func stateOf(c *investigate.Checked) investigate.State {
	if last := c.Last(); last != nil {
		return last.State
	}
	return investigate.Unknown
}

func (e *env) showChecked(c *investigate.Checked) {
	if last := c.Last(); last != nil {
		e.line("         %s  %s  %s", cli.Stamp(last.At, e.zone), last.Because.In(e.Lang), cited(last.Cites))
	}
	if c.Drift() {
		e.line("         %s", e.Say("満たされていたのに崩れた", "it was met before"))
	}
	if c.Signed != nil {
		e.line(e.Say("         %s が確認済みとした（%s）", "         signed off by %s (%s)"), c.Signed.By, cli.Stamp(c.Signed.At, e.zone))
		if note := c.Signed.Reason.In(e.Lang); note != "" {
			e.line("         %s", note)
		}
	}
	if c.Overridden != nil {
		e.line(e.Say("         %s が例外を認めた：%s", "         overridden by %s: %s"), c.Overridden.By, c.Overridden.Reason.In(e.Lang))
	}
}

// showPeople writes who was told, who has to do what, and what was decided and
// handed in.
func (e *env) showPeople(c *investigate.Case) {
	e.heading("連絡", "told", len(c.Told))
	for i := range c.Told {
		e.line("  %s", e.toldLine(&c.Told[i]))
	}
	e.heading("提出", "submissions", len(c.Submissions))
	for i := range c.Submissions {
		s := &c.Submissions[i]
		e.line("  %-6s %s  %s  %s  %s", s.ID, cli.Stamp(s.At, e.zone), s.Clock, s.Proof.In(e.Lang), s.Late.In(e.Lang))
	}
	e.heading("決定", "decisions", len(c.Decisions))
	for i := range c.Decisions {
		d := &c.Decisions[i]
		e.line("  %-6s %s  %s  %s – %s", d.ID, cli.Stamp(d.At, e.zone), d.Who, d.Text.In(e.Lang), d.Grounds.In(e.Lang))
	}
	e.heading("作業", "tasks", len(c.Tasks))
	for i := range c.Tasks {
		t := &c.Tasks[i]
		e.line("  %-6s %s  %s  %s  %s", t.ID, t.Status, t.Owner, e.until(t.Due), t.Text.In(e.Lang))
	}
	e.heading("出した報告書", "reports issued", len(c.Versions))
	for i := range c.Versions {
		e.line("  %s", e.versionLine(&c.Versions[i]))
	}
}

// until is a due time, or nothing.
func (e *env) until(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return cli.Stamp(t, e.zone)
}

// holding are the facts that hold: the last version of each.
func holding(facts []investigate.Fact) (out []investigate.Fact) {
	for _, f := range facts {
		i := slices.IndexFunc(out, func(old investigate.Fact) bool { return old.ID == f.ID })
		if i < 0 {
			out = append(out, f)
		} else {
			out[i] = f
		}
	}
	return out
}

// number says how many there are, as far as that is known.
func (e *env) number(n *investigate.Number) string {
	switch {
	case n == nil:
		return "-"
	case n.Min != nil && n.Max != nil && *n.Min == *n.Max:
		return fmt.Sprintf("%d %s", *n.Min, n.Unit)
	case n.Min != nil && n.Max != nil:
		return fmt.Sprintf(e.Say("%d〜%d %s", "%d to %d %s"), *n.Min, *n.Max, n.Unit)
	case n.Max != nil:
		return fmt.Sprintf(e.Say("最大 %d %s", "at most %d %s"), *n.Max, n.Unit)
	}
	return fmt.Sprintf(e.Say("%d %s 以上", "at least %d %s"), *n.Min, n.Unit)
}

// kindWord is a kind of part in words.
func (e *env) kindWord(k investigate.Kind) string {
	if ja, ok := map[investigate.Kind]string{
		investigate.KindRow: "経緯", investigate.KindStatement: "認定", investigate.KindQuestion: "問い", investigate.KindSection: "章",
		investigate.KindEntity: "関係するもの", investigate.KindScope: "範囲", investigate.KindFact: "事実", investigate.KindClock: "期限",
		investigate.KindSubmission: "提出", investigate.KindTold: "連絡", investigate.KindTask: "作業", investigate.KindDecision: "決定",
		investigate.KindContainment: "封じ込め", investigate.KindCondition: "再開条件", investigate.KindMeasure: "再発防止策", investigate.KindVersion: "報告書",
	}[k]; ok {
		return e.Say(ja, string(k))
	}
	return string(k)
}

// stateWord is what a check found, in words.
func (e *env) stateWord(s investigate.State) string {
	return map[investigate.State]event.Phrase{
		investigate.Met:     {JA: "満たす", EN: "met"},
		investigate.NotMet:  {JA: "満たさない", EN: "not met"},
		investigate.Unknown: {JA: "不明", EN: "unknown"},
	}[s].In(e.Lang)
}
