package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/investigate/duty"
)

// duties are the deadlines as the facts of the case have them.
func (c *composer) duties() []duty.Duty {
	book, err := clock.Open()
	if err != nil {
		return nil // its rules are part of the program and tested
	}
	list, err := duty.Of(c.Case, book, c.Now, c.Zone)
	if err != nil {
		return nil // a deadline that cannot be computed cannot be recorded
	}
	return list
}

func applies(k *clock.Clock) bool { return k.State != clock.NotApplicable }

// deadlines lists what has to be reported to whom by when, and how each rule was
// verified.
func (c *composer) deadlines() []Block {
	t := &Table{Header: []string{c.say("報告", "Report"), c.say("相手", "To whom"), c.say("期限", "Due"), c.say("状態", "State")}}
	for _, k := range c.duties() {
		if !applies(&k.Clock) {
			continue
		}
		state := Cell{{Mark: clockMark(k.State), Text: label(k.State).In(c.Lang)}}
		if why := c.joined(k.Because); why != "" {
			state = append(state, Inline{Text: " " + why})
		}
		t.Rows = append(t.Rows, []Cell{cell(k.Rule.Name.In(c.Lang)), cell(k.Rule.Recipient.In(c.Lang)), cell(c.due(k.Due)), append(state, Inline{Text: " " + k.Verified.In(c.Lang)})})
	}
	if len(t.Rows) == 0 {
		return []Block{{Paragraph: text(c.say("記録された事実からは、報告の期限は生じていない。", "From the facts recorded no deadline follows."))}}
	}
	return []Block{{Table: t}, {Paragraph: text(clock.Counsel().In(c.Lang))}}
}

func label(s clock.State) event.Phrase {
	for _, x := range clock.States() {
		if x.State == s {
			return x.Label
		}
	}
	return event.Phrase{EN: string(s)}
}

func clockMark(s clock.State) string {
	switch s {
	case clock.Late:
		return "found"
	case clock.InTime:
		return "covered"
	case clock.Running, clock.DueSoon:
		return "partial"
	}
	return "unknown"
}

func (c *composer) due(d clock.Due) string {
	switch {
	case d.Promptly:
		return c.say("速やかに", "without delay")
	case d.Latest.IsZero():
		return c.say("起点が未定", "no start is known")
	case d.Earliest.Equal(d.Latest):
		return c.stamp(d.Latest)
	}
	return c.stamp(d.Earliest) + " – " + c.stamp(d.Latest)
}

// nineItems is the rule whose items a document for authorities always has.
const nineItems = "appi-final"

// forms are the chapters of a document for authorities: the items of each rule
// that applies, and always those of the Japanese privacy law.
func (c *composer) forms() []chapter {
	var out []chapter
	var seen [][]clock.Item
	for _, k := range c.duties() {
		if k.Rule.ID != nineItems && (!applies(&k.Clock) || k.State == clock.Possible) || len(k.Rule.Items) == 0 || slices.ContainsFunc(seen, func(items []clock.Item) bool { return sameItems(items, k.Rule.Items) }) {
			continue
		}
		seen = append(seen, k.Rule.Items)
		name := k.Rule.Name
		if k.Rule.Regime == "appi" && len(k.Rule.Items) == 9 {
			name = event.Phrase{JA: "個人情報保護法の報告事項（9 項目）", EN: "Items under the Japanese privacy law (nine)"}
		}
		out = append(out, chapter{k.Rule.ID, name.JA, name.EN, func() []Block { return c.form(k.Rule.Items) }, false})
	}
	return out
}

func sameItems(a, b []clock.Item) bool {
	return slices.EqualFunc(a, b, func(x, y clock.Item) bool { return x.Text == y.Text })
}

// form is a table of items: what the case says of each, what is open, and why.
func (c *composer) form(items []clock.Item) []Block {
	t := &Table{Header: []string{c.say("事項", "Item"), c.say("判明している内容", "What is known"), c.say("未確定の事項とその理由", "What is open, and why")}}
	for i, it := range items {
		var says, open Cell
		for _, from := range it.From {
			s, o := c.fill(from)
			says, open = append(says, apart(says, s)...), append(open, apart(open, o)...)
		}
		if len(says) == 0 {
			says = Cell{{Mark: "unknown", Text: c.say("未記載", "nothing yet")}}
			if len(open) == 0 {
				open = cell(c.say("事案にまだ記録がない", "the case has nothing on it yet"))
			}
		}
		t.Rows = append(t.Rows, []Cell{cell(fmt.Sprintf("%d. ", i+1) + it.Text.In(c.Lang)), says, open})
	}
	return []Block{{Table: t}}
}

// apart puts a mark between what is there and what comes.
func apart(have, more Cell) Cell {
	if len(have) == 0 || len(more) == 0 {
		return more
	}
	return append(Cell{{Text: " ／ "}}, more...)
}

// fill gives what a part of the case says for an item, and what of it is open.
func (c *composer) fill(from string) (says, open Cell) {
	kind, id, _ := strings.Cut(from, ":")
	switch kind {
	case "section":
		if p := c.Case.Section(id); !p.Empty() {
			says = cell(joinLines(p.In(c.Lang)))
		}
	case "fact":
		return c.fillFact(id)
	case "question":
		return c.fillQuestion(id)
	case "scope":
		return c.fillScope(id)
	case "timeline":
		says = c.fillTimeline()
	case "told":
		says = c.fillTold(id)
	case "measure":
		says = c.fillMeasures()
	case "containment":
		for i := range c.Case.Containments {
			k := &c.Case.Containments[i]
			says = append(says, apart(says, append(Cell{{Text: c.when(k.At, "") + " " + k.Text.In(c.Lang)}}, c.cite(k.Cites)...))...)
		}
	case "task":
		for i := range c.Case.Tasks {
			if t := &c.Case.Tasks[i]; t.Status == "open" {
				open = append(open, apart(open, cell(t.Text.In(c.Lang)))...)
			}
		}
	case "version":
		for i := range c.Case.Versions {
			v := &c.Case.Versions[i]
			if k := Kind(v.Report); k != First && k != Interim && k != Final {
				continue // not for the public
			}
			says = append(says, apart(says, cell(c.stamp(v.At)+" "+c.version(v)))...)
		}
	case "entity":
		for i := range c.Case.Entities {
			if e := &c.Case.Entities[i]; e.Indicator {
				says = append(says, apart(says, cell(e.Public.In(c.Lang)))...)
			}
		}
	}
	return says, open
}

func (c *composer) fillFact(key string) (says, open Cell) {
	f := c.Case.Fact(key)
	name, value := key, ""
	if f != nil {
		value = f.Value
	}
	keys, err := clock.Keys()
	if err != nil {
		keys = nil // as of clocks
	}
	for _, k := range keys {
		if k.Key != key {
			continue
		}
		name = k.Label.In(c.Lang)
		for _, choice := range k.Choices {
			if choice.Value == value {
				value = choice.Label.In(c.Lang)
			}
		}
	}
	switch {
	case f == nil:
		return nil, cell(name + c.say("：まだ記録していない", ": not recorded yet"))
	case f.Value == "unknown":
		open = cell(name + c.say("：未確定 ", ": not known yet ") + f.Note.In(c.Lang))
		return nil, open
	}
	return append(cell(name+c.say("：", ": ")+value+" "+f.Note.In(c.Lang)), c.cite(f.Cites)...), nil
}

func (c *composer) fillQuestion(board string) (says, open Cell) {
	for _, q := range c.Case.Questions {
		if q.Board != board {
			continue
		}
		switch {
		case !q.Conclusion.Empty():
			says = append(says, apart(says, append(Cell{{Text: q.Conclusion.In(c.Lang) + " "}, c.verdict(q.Answer)}, c.cite(q.Cites)...))...)
		case q.Answer.Verdict != coverage.VerdictUnknown:
			says = append(says, apart(says, append(Cell{{Text: q.Text.In(c.Lang) + " "}, c.verdict(q.Answer)}, c.cite(q.Cites)...))...)
		}
		if q.Answer.Verdict == coverage.VerdictUnknown {
			open = append(open, apart(open, cell(q.Text.In(c.Lang)+c.say("：", ": ")+c.because(&q.Answer)))...)
		}
	}
	return says, open
}

func (c *composer) fillScope(of string) (says, open Cell) {
	for i := range c.Case.Scopes {
		s := &c.Case.Scopes[i]
		if s.Of != of {
			continue
		}
		line := s.Text.In(c.Lang) + c.say("：", ": ") + c.number(s.Number)
		if s.Number != nil && !s.Number.Basis.Empty() {
			line += c.say("（", " (") + s.Number.Basis.In(c.Lang) + c.say("）", ")")
		}
		says = append(says, apart(says, append(cell(line), c.cite(s.Cites)...))...)
		if s.Answer != nil && s.Answer.Verdict == coverage.VerdictUnknown {
			open = append(open, apart(open, cell(s.Text.In(c.Lang)+c.say("：", ": ")+c.because(s.Answer)))...)
		}
	}
	return says, open
}

// fillTimeline is the first and the last row of the timeline.
func (c *composer) fillTimeline() Cell {
	rows := c.Case.Timeline
	if len(rows) == 0 {
		return nil
	}
	one := func(r *investigate.Row) Cell {
		return append(cell(c.when(r.At, r.Precision)+" "+r.Text.In(c.Lang)), c.cite(r.Cites)...)
	}
	out := one(&rows[0])
	if len(rows) > 1 {
		out = append(append(out, Inline{Text: c.say(fmt.Sprintf(" ～（全 %d 件）～ ", len(rows)), fmt.Sprintf(" … (%d in all) … ", len(rows)))}), one(&rows[len(rows)-1])...)
	}
	return out
}

func (c *composer) fillTold(group string) (says Cell) {
	for i := range c.Case.Told {
		if k := &c.Case.Told[i]; k.Group == group {
			says = append(says, apart(says, append(cell(c.when(k.At, k.Precision)+" "+k.Recipient.In(c.Lang)+c.say("：", ": ")+k.Text.In(c.Lang)), c.cite(k.Cites)...))...)
		}
	}
	return says
}

func (c *composer) fillMeasures() (says Cell) {
	for i := range c.Case.Measures {
		if m := &c.Case.Measures[i]; m.Status != "dropped" {
			says = append(says, apart(says, cell(m.Text.In(c.Lang)+c.say("（", " (")+c.progress(m.Status)+c.say("）", ")")))...)
		}
	}
	return says
}
