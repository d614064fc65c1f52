package report

import (
	"fmt"
	"strconv"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate/lint"
)

// Kind is what a document is for: the same facts, told to different readers.
type Kind string

// The kinds. An empty Kind has the chapters of Final and does not call itself so.
const (
	First     Kind = "first"     // 第一報
	Interim   Kind = "interim"   // 続報: what changed since the version issued last
	Final     Kind = "final"     // 最終報
	Regulator Kind = "regulator" // what authorities ask for, item by item
	Customer  Kind = "customer"  // a letter to the persons concerned
	Partner   Kind = "partner"   // a letter to business partners
)

// Kinds lists the kinds with their names.
func Kinds() []struct {
	Kind Kind
	Name event.Phrase
} {
	return []struct {
		Kind Kind
		Name event.Phrase
	}{
		{First, event.Phrase{JA: "第一報", EN: "First report"}},
		{Interim, event.Phrase{JA: "続報", EN: "Interim report"}},
		{Final, event.Phrase{JA: "最終報告書", EN: "Final report"}},
		{Regulator, event.Phrase{JA: "当局への報告事項", EN: "Items for authorities"}},
		{Customer, event.Phrase{JA: "お客様へのお知らせ", EN: "Notice to customers"}},
		{Partner, event.Phrase{JA: "お取引先へのお知らせ", EN: "Notice to business partners"}},
	}
}

// name is the kind in words, with its number where there were others before it.
func (c *composer) name() string {
	for _, k := range Kinds() {
		if k.Kind != c.Kind {
			continue
		}
		n := 1
		for i := range c.Case.Versions {
			if c.Case.Versions[i].Report == string(c.Kind) {
				n++
			}
		}
		if c.Kind == Interim {
			return c.say(fmt.Sprintf("%s（その %d）", k.Name.JA, n), fmt.Sprintf("%s %d", k.Name.EN, n))
		}
		if n > 1 {
			return c.say(fmt.Sprintf("%s（第 %d 版）", k.Name.JA, n), fmt.Sprintf("%s, version %d", k.Name.EN, n))
		}
		return k.Name.In(c.Lang)
	}
	return c.say("調査報告書", "Incident report")
}

// chapter is one chapter of a kind. One that has nothing to say and is not
// needed stays away.
type chapter struct {
	id, ja, en string
	blocks     func() []Block
	may        bool // it may stay away
}

// chapters are those of the document's kind, in the order in which Japanese
// reports have them.
func (c *composer) chapters() []chapter {
	summary := chapter{"summary", "概要", "Summary", c.summary, false}
	known := func() []Block { return append(c.summary(), c.said("results")...) }
	impact := chapter{"impact", "影響範囲と漏えいの有無", "Impact and leakage", c.impact, false}
	response := chapter{"response", "当社の対応", "What we did", c.response, false}
	unknown := chapter{"unknown", "判明していないこと", "What is not known", c.unknown, false}
	resumption := chapter{"resumption", "サービスの再開", "Resumption of services", c.resumption, false}
	prevention := chapter{"prevention", "再発防止策", "Prevention", c.prevention, false}
	plan := chapter{"plan", "今後の予定", "What comes next", c.plan, false}
	contact := chapter{"contact", "お問い合わせ窓口", "Contact", func() []Block { return c.section("contact") }, false}
	opening := chapter{"introduction", "はじめに", "Introduction", c.introduction, false}
	chronology := chapter{"chronology", "経緯", "Chronology", c.chronology, false}
	cause := chapter{"cause", "侵入経路と原因", "Way in and cause", c.cause, false}
	switch c.Kind {
	case First:
		summary.ja, summary.en, summary.blocks = "事象の概要", "What happened", known
		impact.ja, impact.en = "影響", "Impact"
		return []chapter{opening, summary, impact, response, unknown, plan, contact}
	case Interim:
		return []chapter{opening, {"changes", "前回の報告からの変更", "Changes since the last report", c.changes, false}, summary, chronology, impact, resumption,
			{"results", "調査の進捗", "Progress of the investigation", c.results, false}, response, plan, contact}
	case Regulator:
		return append([]chapter{{"deadlines", "報告の期限", "Deadlines", c.deadlines, false}}, append(c.forms(), contact)...)
	case Customer:
		summary.ja, summary.en, summary.blocks = "何が起きたか", "What happened", func() []Block { return c.section("summary") }
		impact.ja, impact.en = "影響を受けた可能性のある情報", "Information that may be affected"
		cause.ja, cause.en = "原因", "Cause"
		cause.blocks = func() []Block { return c.orUnwritten(append(c.written("cause"), c.said("cause")...)) }
		return []chapter{opening, summary, impact, cause, response, {"request", "お客様へのお願い", "What we ask of you", func() []Block { return c.written("request") }, true}, plan, contact}
	case Partner:
		summary.blocks = known
		return []chapter{opening, summary, chronology, impact, unknown, response, resumption, prevention, plan, contact}
	}
	return []chapter{opening, summary, chronology,
		{"method", "調査の方法と対象範囲", "Method and scope", c.method, false},
		{"results", "調査結果", "Results", c.results, false}, cause, impact, resumption, prevention,
		{"responsibility", "責任と処分", "Responsibility", func() []Block { return c.written("responsibility") }, true},
		{"plan", plan.ja, plan.en, func() []Block { return c.written("plan") }, true},
		{"contact", contact.ja, contact.en, func() []Block { return c.written("contact") }, true}}
}

// appendix is one appendix of a kind.
type appendix struct {
	id, ja, en string
	blocks     func() []Block
}

func (c *composer) appendices() []appendix {
	evidence := appendix{"evidence", "証跡一覧", "Evidence", c.evidence}
	coverage := appendix{"coverage", "網羅性：何が分からないか", "Coverage: what cannot be known", c.coverage}
	verification := appendix{"verification", "検証の方法", "How to verify", c.verification}
	switch c.Kind {
	case First, Interim, Partner:
		return []appendix{{"evidence", "引用した原記録", "Records cited", c.evidenceInBrief}, verification}
	case Customer:
		return nil
	case Regulator:
		return []appendix{coverage, evidence, verification}
	}
	return []appendix{coverage, {"findings", "検知", "Findings", c.findings}, evidence, verification, {"glossary", "用語集", "Glossary", c.glossary}}
}

// appendix names the appendix with an id as the text refers to it, or "".
func (c *composer) appendix(id string) string {
	for i, a := range c.appendices() {
		if a.id == id {
			return c.say("付録 ", "Appendix ") + string(rune('A'+i))
		}
	}
	return ""
}

func (c *composer) compose() []Section {
	var out []Section
	for _, ch := range c.chapters() {
		blocks := ch.blocks()
		if len(blocks) == 0 && ch.may {
			continue
		}
		out = append(out, Section{ch.id, strconv.Itoa(len(out) + 1), c.say(ch.ja, ch.en), c.orUnwritten(blocks)})
	}
	for _, a := range c.appendices() {
		out = append(out, Section{a.id, c.appendix(a.id), c.say(a.ja, a.en), a.blocks()})
	}
	return out
}

// draft says what makes a draft of the document: contradictions that were found
// and records that cannot be shown as sealed.
func (c *composer) draft(d *Document) {
	wrong := 0
	for _, p := range c.Problems {
		if p.Severity == lint.Error {
			wrong++
		}
	}
	for _, severity := range []lint.Severity{lint.Error, lint.Warning} {
		for _, p := range c.Problems {
			if p.Severity == severity {
				d.Problems = append(d.Problems, c.problem(p))
			}
		}
	}
	notice := c.unsealed()
	switch {
	case wrong > 0:
		notice = c.say(fmt.Sprintf("草稿：矛盾 %d 件が残っている。", wrong), fmt.Sprintf("Draft: %d contradictions. ", wrong)) + notice
	case len(d.Problems) > 0:
		notice += c.say("次の点を確かめること。", "Look at these before it is issued.")
	}
	d.Notice = notice
	if wrong > 0 || c.unsealed() != "" {
		d.Stamp = c.say("草稿", "DRAFT")
	}
}

func (c *composer) problem(p lint.Problem) []Inline {
	out := []Inline{{Mark: "partial", Text: c.say("要確認", "check")}}
	if p.Severity == lint.Error {
		out[0] = Inline{Mark: "found", Text: c.say("矛盾", "contradiction")}
	}
	out = append(out, Inline{Text: " " + p.Text.In(c.Lang)})
	if !p.Hint.Empty() {
		out = append(out, Inline{Text: c.say("（", " (") + p.Hint.In(c.Lang) + c.say("）", ")")})
	}
	return out
}
