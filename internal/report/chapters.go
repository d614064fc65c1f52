package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// introduction says what the document is, and what was reported before it.
func (c *composer) introduction() []Block {
	title := c.Case.Title.In(c.Lang)
	var out []Block
	add := func(ja, en string, args ...any) {
		out = append(out, Block{Paragraph: text(fmt.Sprintf(c.say(ja, en), args...))})
	}
	switch c.Kind {
	case Customer, Partner, First:
		add("このたびの事案（%s）により、関係する皆様にご迷惑とご心配をおかけしておりますことを、お詫び申し上げます。現時点で判明している事実と、まだ判明していない事実をお知らせします。",
			"We apologise to everyone concerned for the trouble this incident (%s) has caused. This is what we know now, and what we do not know yet.", title)
	default:
		add("本書は、事案「%s」について、封印された原記録から判明した事実と、判明しなかった事実およびその理由を記す。",
			"This report states what sealed raw records show of the case “%s”, what they cannot show, and why.", title)
	}
	switch c.Kind {
	case Customer:
		add("本書の記述は、変更できない形で保管した記録にもとづきます。捜査や調査が続いているため、内容が変わる場合があります。",
			"What is said here rests on records kept so that they cannot be changed. Investigations go on, so it may change.")
	default:
		add("本文の［番号］は%s の原記録を指し、誰でもオフラインで検証できる。名称は仮名で記す場合がある。調査や捜査の進展により内容を改めることがある。",
			"Numbers in brackets point to the raw records in %s, which anyone can verify offline. Names may be replaced by letters. What is said may change as investigations go on.", c.appendix("evidence"))
	}
	if c.Kind != Customer {
		out = append(out, c.issued()...)
	}
	return out
}

// issued lists the reports that were issued before.
func (c *composer) issued() []Block {
	var list [][]Inline
	for i := range c.Case.Versions {
		v := &c.Case.Versions[i]
		list = append(list, text(c.stamp(v.At)+c.say("　", "  ")+c.version(v)))
	}
	if len(list) == 0 {
		return nil
	}
	return []Block{{Heading: c.say("これまでの報告", "Reports issued before")}, {List: list}}
}

// version is a report that was issued, in words.
func (c *composer) version(v *investigate.Version) string {
	for _, k := range Kinds() {
		if string(k.Kind) == v.Report {
			return c.say(fmt.Sprintf("%s（第 %d 版）", k.Name.JA, v.Number), fmt.Sprintf("%s, version %d", k.Name.EN, v.Number))
		}
	}
	return v.Report
}

func (c *composer) cause() []Block {
	return slices.Concat(c.written("cause"), c.said("cause"), c.boarded("how_in", "who"))
}

func (c *composer) impact() []Block {
	blocks := slices.Concat(c.written("impact"), c.said("impact"), c.scopes())
	if c.Kind == Customer {
		return blocks
	}
	return append(blocks, c.boarded("touched", "still_in", "what_left")...)
}

// scopes are the numbers of the case, each with what it rests on.
func (c *composer) scopes() []Block {
	t := &Table{Header: []string{c.say("影響を受けたもの", "What was affected"), c.say("数", "Number"), c.say("根拠", "Basis")}}
	for i := range c.Case.Scopes {
		s := &c.Case.Scopes[i]
		basis := Cell{}
		if s.Number != nil && !s.Number.Basis.Empty() {
			basis = append(basis, Inline{Text: s.Number.Basis.In(c.Lang) + " "})
		}
		if s.Answer != nil && s.Answer.Verdict != coverage.Found {
			basis = append(basis, c.verdict(*s.Answer), Inline{Text: " " + c.because(s.Answer)})
		}
		t.Rows = append(t.Rows, []Cell{cell(s.Text.In(c.Lang)), cell(c.number(s.Number)), append(basis, c.cite(s.Cites)...)})
	}
	return tabled(t)
}

// number is how many, as reports write it: 「最大 n 件」 where only a bound is known.
func (c *composer) number(n *investigate.Number) string {
	if n == nil {
		return c.say("不明", "not known")
	}
	unit := c.unit(n.Unit)
	switch {
	case n.Min == nil:
		return c.say("最大 "+group(*n.Max)+unit, "at most "+group(*n.Max)+unit)
	case n.Max == nil:
		return c.say("少なくとも "+group(*n.Min)+unit, "at least "+group(*n.Min)+unit)
	case *n.Min == *n.Max:
		return group(*n.Min) + unit
	}
	return c.say(group(*n.Min)+"～"+group(*n.Max)+unit, group(*n.Min)+" to "+group(*n.Max)+unit)
}

func (c *composer) unit(unit string) string {
	if c.Lang != "ja" {
		if unit == "" {
			return ""
		}
		return " " + unit
	}
	ja := map[string]string{"persons": " 名", "accounts": " アカウント", "hosts": " 台", "tables": " 表", "": " 件", "addresses": " 件", "items": " 件", "records": " 件", "files": " 件"}
	if u, ok := ja[unit]; ok {
		return u
	}
	return " " + unit
}

// group writes a number with commas.
func group(n int64) string {
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// response is what was done: rows of the timeline that are actions or notices,
// containments with what was seen afterwards, and who was told.
func (c *composer) response() []Block {
	rows := &Table{Header: []string{c.say("日時", "Time"), c.say("対応", "What was done")}}
	for i := range c.Case.Timeline {
		if r := &c.Case.Timeline[i]; r.What == "action" || r.What == "notice" {
			rows.Rows = append(rows.Rows, []Cell{cell(c.when(r.At, r.Precision)), append(Cell{{Text: r.Text.In(c.Lang)}}, c.cite(r.Cites)...)})
		}
	}
	blocks := append(c.written("response"), tabled(rows)...)
	if c.Kind == Customer {
		return append(blocks, c.measures()...)
	}
	contained := &Table{Header: []string{c.say("日時", "Time"), c.say("封じ込め", "Containment"), c.say("その後の記録", "Records afterwards")}}
	for i := range c.Case.Containments {
		k := &c.Case.Containments[i]
		contained.Rows = append(contained.Rows, []Cell{cell(c.when(k.At, "")), append(Cell{{Text: k.Text.In(c.Lang)}}, c.cite(k.Cites)...), c.checked(&k.Checked, investigate.Unknown)})
	}
	told := &Table{Header: []string{c.say("日時", "Time"), c.say("相手", "To whom"), c.say("伝えた内容", "What they were told")}}
	for i := range c.Case.Told {
		k := &c.Case.Told[i]
		told.Rows = append(told.Rows, []Cell{cell(c.when(k.At, k.Precision)), cell(k.Recipient.In(c.Lang)), append(Cell{{Text: k.Text.In(c.Lang)}}, c.cite(k.Cites)...)})
	}
	return slices.Concat(blocks, tabled(contained), tabled(told))
}

// unknown lists what is not known and why: questions without an answer and
// statements that are undetermined.
func (c *composer) unknown() []Block {
	t := &Table{Header: []string{c.say("判明していないこと", "What is not known"), c.say("理由", "Why")}}
	for _, q := range c.Case.Questions {
		if q.Answer.Verdict == coverage.VerdictUnknown {
			t.Rows = append(t.Rows, []Cell{cell(q.Text.In(c.Lang)), cell(c.because(&q.Answer))})
		}
	}
	for i := range c.Case.Statements {
		if s := &c.Case.Statements[i]; s.Certainty == investigate.Undetermined {
			t.Rows = append(t.Rows, []Cell{cell(s.Text.In(c.Lang)), cell(c.reason(s))})
		}
	}
	if len(t.Rows) == 0 {
		return []Block{{Paragraph: text(c.say("この報告で答えた問いのうち、判明していないものはない。", "Of the questions that this report answers, none is open."))}}
	}
	return tabled(t)
}

// because is the first reason of an answer that is not known.
func (c *composer) because(a *coverage.Answer) string {
	if a == nil || len(a.Because) == 0 {
		return c.say("まだ調べていない", "not looked into yet")
	}
	more := ""
	if n := len(a.Because) - 1; n > 0 {
		more = c.say(fmt.Sprintf("（ほか %d 件）", n), fmt.Sprintf(" (and %d more)", n))
	}
	return a.Because[0].In(c.Lang) + more
}

// resumption is the conditions under which services reopen, and how they stand.
func (c *composer) resumption() []Block {
	t := &Table{Header: []string{c.say("サービス", "Service"), c.say("再開の条件", "Condition"), c.say("状態", "State")}}
	for i := range c.Case.Conditions {
		k := &c.Case.Conditions[i]
		where := k.Service
		if k.Platform != "" {
			where += c.say("（", " (") + k.Platform + c.say("）", ")")
		}
		t.Rows = append(t.Rows, []Cell{cell(where), cell(k.Text.In(c.Lang)), c.checked(&k.Checked, k.State())})
	}
	return slices.Concat(c.written("resumption"), c.said("resumption"), tabled(t))
}

// prevention is the measures, what verifies each, and how it stands.
func (c *composer) prevention() []Block {
	return slices.Concat(c.written("prevention"), c.said("prevention"), c.measures())
}

func (c *composer) measures() []Block {
	t := &Table{Header: []string{c.say("再発防止策", "Measure"), c.say("進み", "Progress"), c.say("確認", "Verified")}}
	for i := range c.Case.Measures {
		m := &c.Case.Measures[i]
		if m.Status == "dropped" || c.Kind == Customer && m.Status != "done" {
			continue
		}
		progress := c.progress(m.Status)
		if m.Status != "done" && !m.Due.IsZero() {
			progress += c.say("（期日 ", " (due ") + m.Due.In(c.Zone).Format("2006-01-02") + c.say("）", ")")
		}
		verified := c.checked(&m.Checked, investigate.Unknown)
		if m.Check.By == "" {
			verified = cell(c.say("確認の方法なし", "nothing verifies it"))
		}
		t.Rows = append(t.Rows, []Cell{cell(m.Text.In(c.Lang)), cell(progress), verified})
	}
	if c.Kind == Customer {
		for i := range t.Rows {
			t.Rows[i] = t.Rows[i][:2]
		}
		t.Header = t.Header[:2]
	}
	return tabled(t)
}

func (c *composer) progress(status string) string {
	switch status {
	case "done":
		return c.say("実施済み", "done")
	case "ongoing":
		return c.say("実施中", "in progress")
	case "planned":
		return c.say("予定", "planned")
	}
	return status
}

// checked says how what a check verifies stands, and since when.
func (c *composer) checked(k *investigate.Checked, state investigate.State) Cell {
	last := k.Last()
	if last != nil {
		state = last.State
	}
	if k.Overridden != nil {
		return Cell{{Mark: "partial", Text: c.say("例外として承認", "overridden")}, {Text: " " + k.Overridden.Reason.In(c.Lang)}}
	}
	var out Cell
	switch state {
	case investigate.Met:
		out = Cell{{Mark: "covered", Text: c.say("確認済み", "met")}}
	case investigate.NotMet:
		out = Cell{{Mark: "found", Text: c.say("満たされていない", "not met")}}
	default:
		out = Cell{{Mark: "unknown", Text: c.say("未確認", "not verified")}}
	}
	switch {
	case last != nil:
		out = append(out, Inline{Text: " " + c.when(last.At, investigate.OnDay) + " " + last.Because.In(c.Lang) + c.caveat(k.Signed, "（", "）", " (", ")")})
		return append(out, c.cite(last.Cites)...)
	case k.Signed != nil:
		return append(out, Inline{Text: " " + c.when(k.Signed.At, investigate.OnDay) + c.signed(k.Signed)})
	}
	return out
}

// caveat is what is to be said of a signature: that the second person was only
// named, for one. The account behind it stays inside.
func (c *composer) caveat(s *investigate.Signed, ja, endJA, en, end string) string {
	if s == nil || s.Reason.Empty() {
		return ""
	}
	return c.say(ja+"承認者が別人であることは確認できていない"+endJA, en+"that another person signed is not verified"+end)
}

// signed says that somebody signed, and what is to be said of it.
func (c *composer) signed(s *investigate.Signed) string {
	return c.say("（承認による", " (signed off") + c.caveat(s, "、", "", "; ", "") + c.say("）", ")")
}

// plan is what people wrote of what comes next, and what is still to be done.
func (c *composer) plan() []Block {
	blocks := c.written("plan")
	if c.Kind == Customer {
		return blocks
	}
	var list [][]Inline
	for i := range c.Case.Tasks {
		if t := &c.Case.Tasks[i]; t.Status == "open" {
			line := t.Text.In(c.Lang)
			if !t.Due.IsZero() {
				line += c.say("（期日 ", " (due ") + t.Due.In(c.Zone).Format("2006-01-02") + c.say("）", ")")
			}
			list = append(list, text(line))
		}
	}
	if len(list) > 0 {
		blocks = append(blocks, Block{List: list})
	}
	return blocks
}

// joined writes phrases one after the other.
func (c *composer) joined(list []event.Phrase) string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.In(c.Lang)
	}
	return strings.Join(out, c.say("。", "; "))
}
