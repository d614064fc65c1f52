package report

import (
	"fmt"
	"reflect"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// changes tells what is different from the report that was issued last: what was
// added, changed and withdrawn, and numbers with what they were.
func (c *composer) changes() []Block {
	last := c.before()
	if last == nil {
		return []Block{{Paragraph: text(c.say("これより前に発行した報告はない。", "No report was issued before this one."))}}
	}
	t := &Table{Header: []string{c.say("区分", "Change"), c.say("今回", "Now"), c.say("前回", "Before")}}
	c.changedStatements(t, last.Then)
	c.changedNumbers(t, last.Then)
	c.changedRows(t, last.Then)
	c.withdrawn(t, last)
	intro := fmt.Sprintf(c.say("前回の報告（%s、%s）との違いを示す。", "What is different from the last report (%s, %s)."), c.version(last), c.stamp(last.At))
	out := []Block{{Paragraph: text(intro)}}
	if len(t.Rows) == 0 {
		return append(out, Block{Paragraph: text(c.say("記述と数値に変更はない。", "No statement and no number has changed."))})
	}
	return append(out, Block{Table: t})
}

// before is the report issued last of which the case is known as it was.
func (c *composer) before() *investigate.Version {
	for i := len(c.Case.Versions) - 1; i >= 0; i-- {
		if v := &c.Case.Versions[i]; v.Then != nil {
			return v
		}
	}
	return nil
}

func (c *composer) change(t *Table, ja, en, mark string, now, before Cell) {
	t.Rows = append(t.Rows, []Cell{{{Mark: mark, Text: c.say(ja, en)}}, now, before})
}

func (c *composer) changedStatements(t *Table, then *investigate.Case) {
	old := map[string]*investigate.Statement{}
	for i := range then.Statements {
		old[then.Statements[i].ID] = &then.Statements[i]
	}
	for i := range c.Case.Statements {
		s := &c.Case.Statements[i]
		was := old[s.ID]
		switch {
		case was == nil:
			c.change(t, "追加", "added", "covered", c.sentence(s), nil)
		case was.Text != s.Text || was.Certainty != s.Certainty || was.Reason != s.Reason || was.ReasonCode != s.ReasonCode:
			c.change(t, "変更", "changed", "partial", c.sentence(s), c.sentence(was))
		}
	}
}

// sentence is a statement with its certainty and citations.
func (c *composer) sentence(s *investigate.Statement) Cell {
	out := Cell{{Text: c.certainty(s.Certainty) + c.say("：", ": ") + s.Text.In(c.Lang)}}
	if why := c.reason(s); why != "" {
		out = append(out, Inline{Text: c.say("（理由：", " (because ") + why + c.say("）", ")")})
	}
	return append(out, c.cite(s.Cites)...)
}

// numbered is a number that a part of a case gives.
type numbered struct {
	text   event.Phrase
	number *investigate.Number
}

// numbers gives the numbers of a case by part, and the parts in their order.
func numbers(k *investigate.Case) (order []string, by map[string]numbered) {
	by = map[string]numbered{}
	add := func(id string, text event.Phrase, n *investigate.Number) {
		if n != nil {
			order = append(order, id)
			by[id] = numbered{text, n}
		}
	}
	for i := range k.Scopes {
		add("scope "+k.Scopes[i].ID, k.Scopes[i].Text, k.Scopes[i].Number)
	}
	for i := range k.Statements {
		add("statement "+k.Statements[i].ID, k.Statements[i].Text, k.Statements[i].Number)
	}
	return order, by
}

func (c *composer) changedNumbers(t *Table, then *investigate.Case) {
	order, now := numbers(c.Case)
	_, before := numbers(then)
	for _, id := range order {
		n, was := now[id], before[id]
		switch {
		case was.number == nil:
			c.change(t, "数値の追加", "number added", "covered", cell(n.text.In(c.Lang)+c.say("：", ": ")+c.number(n.number)), nil)
		case !reflect.DeepEqual(was.number, n.number):
			c.change(t, "数値の変更", "number changed", "partial", cell(n.text.In(c.Lang)+c.say("：", ": ")+c.number(n.number)), cell(c.number(was.number)))
		}
	}
}

func (c *composer) changedRows(t *Table, then *investigate.Case) {
	old := map[string]*investigate.Row{}
	for i := range then.Timeline {
		old[then.Timeline[i].ID] = &then.Timeline[i]
	}
	say := func(r *investigate.Row) Cell {
		return append(Cell{{Text: c.when(r.At, r.Precision) + c.say("　", "  ") + r.Text.In(c.Lang)}}, c.cite(r.Cites)...)
	}
	for i := range c.Case.Timeline {
		r := &c.Case.Timeline[i]
		was := old[r.ID]
		switch {
		case was == nil:
			c.change(t, "経緯の追加", "chronology: added", "covered", say(r), nil)
		case was.Text != r.Text || !was.At.Equal(r.At) || was.Precision != r.Precision:
			c.change(t, "経緯の訂正", "chronology: corrected", "partial", say(r), say(was))
		}
	}
}

// withdrawn lists what the last report said and what is no longer upheld.
func (c *composer) withdrawn(t *Table, last *investigate.Version) {
	for i := range c.Case.Withdrawn {
		w := &c.Case.Withdrawn[i]
		if w.Recorded <= last.Recorded {
			continue
		}
		c.change(t, "撤回", "withdrawn", "found", cell(c.say("理由：", "Because: ")+w.Reason.In(c.Lang)), cell(w.Text.In(c.Lang)))
	}
}
