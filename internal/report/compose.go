package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// Compose writes the document of in.Kind about a case, in the order that Japanese
// incident reports have; see [Kinds]. What follows from the case is written by
// konseki, the rest by people as sections of the case: summary, method, cause,
// impact, resumption, prevention, plan, contact, request, responsibility.
//
// Secrets in what it shows are masked, and names are the public ones unless
// in.Real; the raw records of a bundle are as they were received.
func Compose(in Input) *Document {
	return compose(shown(in))
}

// compose is [Compose] for what [shown] gives.
func compose(in Input) *Document {
	c := &composer{Input: in, numbers: map[uint64]int{}}
	d := &Document{
		Lang:     c.Lang,
		Title:    c.Case.Title.In(c.Lang),
		Subtitle: c.name(),
		Meta: []Pair{
			{c.say("事案", "Case"), c.Case.ID},
			{c.say("作成日時", "Written"), c.stamp(c.Now)},
			{c.say("時刻の表記", "Times"), c.Zone.String()},
			{c.say("証跡保管庫", "Vault"), c.Origin},
		},
		Letter: c.Kind == Customer || c.Kind == Partner,
	}
	c.draft(d)
	d.Sections = c.compose()
	return d
}

type composer struct {
	Input
	numbers map[uint64]int // record → citation number
	order   []uint64       // citation number-1 → record
}

func (c *composer) say(ja, en string) string { return event.Phrase{JA: ja, EN: en}.In(c.Lang) }

func (c *composer) stamp(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(c.Zone).Format("2006-01-02 15:04:05 MST")
}

// when writes a time as reports do: 頃 where only about known, the day where only
// that is, and with sub-seconds where there are any.
func (c *composer) when(t time.Time, precision string) string {
	local := t.In(c.Zone)
	switch {
	case t.IsZero() || precision == investigate.UnknownTime:
		return c.say("日時不明", "time unknown")
	case precision == investigate.OnDay:
		return local.Format("2006-01-02")
	case precision == investigate.About:
		return c.say(local.Format("2006-01-02 15:04")+" 頃", "about "+local.Format("2006-01-02 15:04"))
	case t.Nanosecond() != 0:
		return local.Format("2006-01-02 15:04:05.000")
	}
	return local.Format("2006-01-02 15:04:05")
}

// maxCites bounds the citations shown after one sentence.
const maxCites = 8

// cite numbers records in the order they are first cited.
func (c *composer) cite(seqs []uint64) []Inline {
	var out []Inline
	if c.Kind == Customer {
		return nil // a letter; whoever asks is given another kind
	}
	for i, seq := range seqs {
		if i == maxCites {
			more := len(seqs) - maxCites
			return append(out, Inline{Text: c.say(fmt.Sprintf("ほか %d 件", more), fmt.Sprintf(" and %d more", more))})
		}
		n, ok := c.numbers[seq]
		if !ok {
			c.order = append(c.order, seq)
			n = len(c.order)
			c.numbers[seq] = n
		}
		out = append(out, Inline{Cite: n})
	}
	return out
}

func (c *composer) unsealed() string {
	missing := 0
	for _, seq := range c.Case.Cited(false) {
		if r, ok := c.Records[seq]; !ok || !r.Sealed {
			missing++
		}
	}
	if missing == 0 {
		return ""
	}
	return c.say(
		fmt.Sprintf("草稿：引用した記録のうち %d 件がまだ封印されていないか、読み出せない。", missing),
		fmt.Sprintf("Draft: %d of the cited records are not sealed yet or could not be read.", missing))
}

func (c *composer) summary() []Block {
	blocks := c.written("summary")
	var rows [][]Cell
	for _, b := range investigate.Board() {
		for _, q := range c.Case.Questions {
			if q.Board == b.ID {
				rows = append(rows, c.questionRow(b.Label.In(c.Lang), q))
			}
		}
	}
	if len(rows) > 0 {
		blocks = append(blocks, Block{Table: &Table{
			Header: []string{c.say("問い", "Question"), c.say("判定", "Verdict"), c.say("結論と根拠", "Conclusion and grounds")}, Rows: rows}})
	}
	return blocks
}

func (c *composer) questionRow(label string, q investigate.Question) []Cell {
	ground := Cell{}
	if !q.Conclusion.Empty() {
		ground = append(ground, Inline{Text: q.Conclusion.In(c.Lang) + " "})
	}
	if q.Answer.Verdict != coverage.Found && len(q.Answer.Because) > 0 {
		ground = append(ground, Inline{Text: c.say("理由：", "Because: ") + q.Answer.Because[0].In(c.Lang) + " "})
	}
	ground = append(ground, c.cite(q.Cites)...)
	return []Cell{cell(label), {c.verdict(q.Answer)}, ground}
}

func (c *composer) verdict(a coverage.Answer) Inline {
	switch a.Verdict {
	case coverage.Found:
		return Inline{Mark: "found", Text: c.say("判明", "found")}
	case coverage.NotFoundCovered:
		return Inline{Mark: "covered", Text: c.say("痕跡なし・網羅", "not found, covered")}
	}
	return Inline{Mark: "unknown", Text: c.say("不明", "unknown")}
}

func (c *composer) chronology() []Block {
	t := &Table{Header: []string{c.say("日時", "Time"), c.say("出所", "Source"), c.say("内容", "What happened")}}
	for _, r := range c.Case.Timeline {
		what := append(Cell{{Text: r.Text.In(c.Lang)}}, c.cite(r.Cites)...)
		source := c.sourceName(r.Source)
		if len(r.Cites) == 0 {
			what = append(what, Inline{Text: c.say("（記録によらない）", " (not from a record)")})
		}
		if source == "" {
			source = c.kind(r.What)
		}
		when := c.when(r.At, r.Precision)
		if r.OrderUncertain {
			when += c.say("（前後不確か）", " (order not certain)")
		}
		t.Rows = append(t.Rows, []Cell{cell(when), cell(source), what})
	}
	return []Block{{Table: t}}
}

func (c *composer) kind(kind string) string {
	switch kind {
	case "action":
		return c.say("対応", "response")
	case "notice":
		return c.say("通知", "notice")
	case "finding":
		return c.say("検知", "finding")
	}
	return c.say("推定", "inferred")
}

func (c *composer) method() []Block {
	blocks := append(c.orUnwritten(c.written("method")), c.said("method")...)
	items := [][]Inline{
		text(fmt.Sprintf(c.say("対象期間：%s から %s まで", "Window: %s to %s"), c.stamp(c.From), c.stamp(c.To))),
		text(fmt.Sprintf(c.say("対象ログ源：%d 件（付録 A）。保管庫の記録 %d 件を検索した。", "Sources: %d (appendix A). %d records of the vault were searched."), len(c.Coverage), c.Size)),
	}
	seen := map[string]bool{}
	for _, r := range c.Case.Timeline {
		if r.Query != "" && !seen[r.Query] {
			seen[r.Query] = true
		}
	}
	for _, q := range c.Case.Questions {
		if q.Query != "" {
			seen[q.Query] = true
		}
	}
	queries := make([]string, 0, len(seen))
	for q := range seen {
		queries = append(queries, q)
	}
	slices.Sort(queries)
	blocks = append(blocks, Block{List: items}, Block{Heading: c.say("実行した検索", "Searches made")})
	var list [][]Inline
	for _, q := range queries {
		list = append(list, []Inline{{Text: q, Code: true}})
	}
	return append(blocks, Block{List: list})
}

// results gives, for each question, what was found or why it cannot be known.
func (c *composer) results() []Block {
	var known, unknown [][]Cell
	for _, q := range c.Case.Questions {
		row := c.questionRow(q.Text.In(c.Lang), q)
		if q.Answer.Verdict == coverage.VerdictUnknown {
			unknown = append(unknown, row)
		} else {
			known = append(known, row)
		}
	}
	header := []string{c.say("問い", "Question"), c.say("判定", "Verdict"), c.say("結論と根拠", "Conclusion and grounds")}
	blocks := c.said("results")
	if len(known) > 0 {
		blocks = append(blocks, Block{Heading: c.say("答えられた問い", "Questions answered")}, Block{Table: &Table{Header: header, Rows: known}})
	}
	if len(unknown) > 0 {
		blocks = append(blocks, Block{Heading: c.say("判明しなかったこととその理由", "What could not be determined, and why")}, Block{Table: &Table{Header: header, Rows: unknown}})
	}
	return blocks
}

// said are the statements of a chapter; those of none that has a place for them
// stand in the results.
func (c *composer) said(chapter string) []Block {
	t := &Table{Header: []string{c.say("確度", "Certainty"), c.say("記述", "Statement")}}
	for i := range c.Case.Statements {
		s := &c.Case.Statements[i]
		at := s.Chapter
		switch at {
		case "cause", "impact", "method", "resumption", "prevention":
		default:
			at = "results"
		}
		if at == chapter {
			t.Rows = append(t.Rows, []Cell{cell(c.certainty(s.Certainty)), c.statement(s)})
		}
	}
	return tabled(t)
}

// tabled is a table as blocks, or none where it has no row.
func tabled(t *Table) []Block {
	if len(t.Rows) == 0 {
		return nil
	}
	return []Block{{Table: t}}
}

// statement is a sentence with its citations, and why it is not known where it is not.
func (c *composer) statement(s *investigate.Statement) Cell {
	what := append(Cell{{Text: s.Text.In(c.Lang)}}, c.cite(s.Cites)...)
	if s.Number != nil {
		what = append(what, Inline{Text: c.say("（", " (") + c.number(s.Number) + c.say("）", ")")})
	}
	if why := c.reason(s); why != "" {
		what = append(what, Inline{Text: c.say("（理由：", " (because ") + why + c.say("）", ")")})
	}
	if s.Answer != nil && s.Answer.Verdict != coverage.Found {
		what = append(what, Inline{Text: " "}, c.verdict(*s.Answer))
	}
	return what
}

// reason is why a statement is not known, in people's words or by its code.
func (c *composer) reason(s *investigate.Statement) string {
	if !s.Reason.Empty() {
		return s.Reason.In(c.Lang)
	}
	for _, r := range investigate.Reasons() {
		if r.Code == s.ReasonCode {
			return r.Label.In(c.Lang)
		}
	}
	return ""
}

func (c *composer) certainty(want investigate.Certainty) string {
	for _, x := range investigate.Certainties() {
		if x.Certainty == want {
			return x.Label.In(c.Lang)
		}
	}
	return string(want)
}

// boarded repeats the verdicts of some board questions where a chapter needs them.
func (c *composer) boarded(ids ...string) []Block {
	var rows [][]Cell
	for _, q := range c.Case.Questions {
		if slices.Contains(ids, q.Board) {
			rows = append(rows, c.questionRow(q.Text.In(c.Lang), q))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return []Block{{Table: &Table{Header: []string{c.say("問い", "Question"), c.say("判定", "Verdict"), c.say("結論と根拠", "Conclusion and grounds")}, Rows: rows}}}
}

// written is what people wrote for a chapter.
func (c *composer) written(name string) []Block {
	p := c.Case.Section(name)
	if p.Empty() {
		return nil
	}
	return paragraphs(p.In(c.Lang))
}

func (c *composer) section(name string) []Block { return c.orUnwritten(c.written(name)) }

// orUnwritten says of a chapter without anything that it is not written yet.
func (c *composer) orUnwritten(blocks []Block) []Block {
	if len(blocks) == 0 {
		return []Block{{Paragraph: text(c.say("（この章はまだ書かれていない。）", "(This chapter has not been written yet.)"))}}
	}
	return blocks
}
