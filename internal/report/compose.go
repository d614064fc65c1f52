package report

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// Compose writes the report of a case in the order of a Japanese final
// incident report: introduction, summary, chronology, method and scope,
// results, cause, impact, resumption, prevention; then coverage, evidence and
// how to verify as appendices.
//
// Secrets in what it shows are masked; the raw records of a bundle are not.
func Compose(in Input) *Document {
	in = withMasks(in)
	c := &composer{Input: in, numbers: map[uint64]int{}}
	d := &Document{
		Lang:     in.Lang,
		Title:    in.Case.Title.In(in.Lang),
		Subtitle: c.say("調査報告書", "Incident report"),
		Meta: []Pair{
			{c.say("事案", "Case"), in.Case.ID},
			{c.say("作成日時", "Written"), c.stamp(in.Now)},
			{c.say("時刻の表記", "Times"), in.Zone.String()},
			{c.say("証跡保管庫", "Vault"), in.Origin},
		},
		Notice: c.notice(),
	}
	chapters := []struct {
		id, ja, en string
		blocks     func() []Block
	}{
		{"introduction", "はじめに", "Introduction", c.introduction},
		{"summary", "概要", "Summary", c.summary},
		{"chronology", "経緯", "Chronology", c.chronology},
		{"method", "調査の方法と対象範囲", "Method and scope", c.method},
		{"results", "調査結果", "Results", c.results},
		{"cause", "侵入経路と原因", "Way in and cause", c.cause},
		{"impact", "影響範囲と漏えいの有無", "Impact and leakage", c.impact},
		{"resumption", "サービスの再開", "Resumption of services", func() []Block { return c.section("resumption") }},
		{"prevention", "再発防止策", "Prevention", func() []Block { return c.section("prevention") }},
	}
	for i, ch := range chapters {
		d.Sections = append(d.Sections, Section{ch.id, strconv.Itoa(i + 1), c.say(ch.ja, ch.en), ch.blocks()})
	}
	d.Sections = append(d.Sections,
		Section{"coverage", c.say("付録 A", "Appendix A"), c.say("網羅性：何が分からないか", "Coverage: what cannot be known"), c.coverage()},
		Section{"findings", c.say("付録 B", "Appendix B"), c.say("検知", "Findings"), c.findings()},
	)
	evidence := Section{"evidence", c.say("付録 C", "Appendix C"), c.say("証跡一覧", "Evidence"), c.evidence()}
	d.Sections = append(d.Sections, evidence,
		Section{"verification", c.say("付録 D", "Appendix D"), c.say("検証の方法", "How to verify"), c.verification()},
		Section{"glossary", c.say("付録 E", "Appendix E"), c.say("用語集", "Glossary"), c.glossary()})
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

// when writes a row's time as reports do: 頃 where only about known, and with
// sub-seconds where there are any.
func (c *composer) when(t time.Time, about bool) string {
	if about {
		if c.Lang == "ja" {
			return t.In(c.Zone).Format("2006-01-02 15:04") + " 頃"
		}
		return "about " + t.In(c.Zone).Format("2006-01-02 15:04")
	}
	if t.Nanosecond() != 0 {
		return t.In(c.Zone).Format("2006-01-02 15:04:05.000")
	}
	return t.In(c.Zone).Format("2006-01-02 15:04:05")
}

// maxCites bounds the citations shown after one sentence.
const maxCites = 8

// cite numbers records in the order they are first cited.
func (c *composer) cite(seqs []uint64) []Inline {
	var out []Inline
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

func (c *composer) notice() string {
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

func (c *composer) introduction() []Block {
	p := c.say(
		"本書は、事案「%s」について、封印された原記録から判明した事実と、判明しなかった事実およびその理由を記す。本文の［番号］は付録 C の原記録を指し、誰でもオフラインで検証できる。名称は仮名で記す場合がある。",
		"This report states what sealed raw records show of the case “%s”, what they cannot show, and why. Numbers in brackets point to the raw records in appendix C, which anyone can verify offline. Names may be replaced by letters.")
	return []Block{{Paragraph: text(fmt.Sprintf(p, c.Case.Title.In(c.Lang)))}}
}

func (c *composer) summary() []Block {
	blocks := c.section("summary")
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
		when := c.when(r.At, r.Precision == "about")
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
	blocks := c.section("method")
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
	blocks := c.statements()
	if len(known) > 0 {
		blocks = append(blocks, Block{Heading: c.say("答えられた問い", "Questions answered")}, Block{Table: &Table{Header: header, Rows: known}})
	}
	if len(unknown) > 0 {
		blocks = append(blocks, Block{Heading: c.say("判明しなかったこととその理由", "What could not be determined, and why")}, Block{Table: &Table{Header: header, Rows: unknown}})
	}
	return blocks
}

func (c *composer) statements() []Block {
	if len(c.Case.Statements) == 0 {
		return nil
	}
	t := &Table{Header: []string{c.say("確度", "Certainty"), c.say("記述", "Statement")}}
	for _, s := range c.Case.Statements {
		what := append(Cell{{Text: s.Text.In(c.Lang)}}, c.cite(s.Cites)...)
		if !s.Reason.Empty() {
			what = append(what, Inline{Text: c.say("（理由：", " (because ") + s.Reason.In(c.Lang) + c.say("）", ")")})
		}
		if s.Answer != nil && s.Answer.Verdict != coverage.Found {
			what = append(what, Inline{Text: " "}, c.verdict(*s.Answer))
		}
		t.Rows = append(t.Rows, []Cell{cell(c.certainty(s.Certainty)), what})
	}
	return []Block{{Table: t}}
}

func (c *composer) certainty(want investigate.Certainty) string {
	for _, x := range investigate.Certainties() {
		if x.Certainty == want {
			return x.Label.In(c.Lang)
		}
	}
	return string(want)
}

func (c *composer) cause() []Block { return append(c.section("cause"), c.boarded("how_in", "who")...) }

func (c *composer) impact() []Block {
	return append(c.section("impact"), c.boarded("touched", "still_in", "what_left")...)
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

func (c *composer) section(name string) []Block {
	p := c.Case.Section(name)
	if p.Empty() {
		return []Block{{Paragraph: text(c.say("（この章はまだ書かれていない。）", "(This chapter has not been written yet.)"))}}
	}
	return paragraphs(p.In(c.Lang))
}
