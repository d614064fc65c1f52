package investigate

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Certainty is how sure a statement is, in the phrases of Japanese reports.
type Certainty string

// The certainties.
const (
	Confirmed    Certainty = "confirmed"     // 確認した
	Established  Certainty = "established"   // 断定
	Probable     Certainty = "probable"      // 蓋然性が高い
	Possible     Certainty = "possible"      // 可能性を否定できない
	NotConfirmed Certainty = "not_confirmed" // 確認されていない
	Undetermined Certainty = "undetermined"  // 判明しなかった
)

// Certainties lists the certainties with their phrases.
func Certainties() []struct {
	Certainty Certainty
	Label     event.Phrase
} {
	return []struct {
		Certainty Certainty
		Label     event.Phrase
	}{
		{Confirmed, event.Phrase{JA: "確認", EN: "confirmed"}},
		{Established, event.Phrase{JA: "断定", EN: "established"}},
		{Probable, event.Phrase{JA: "蓋然性が高い", EN: "highly probable"}},
		{Possible, event.Phrase{JA: "可能性を否定できない", EN: "cannot be ruled out"}},
		{NotConfirmed, event.Phrase{JA: "確認されていない", EN: "not confirmed"}},
		{Undetermined, event.Phrase{JA: "判明しなかった", EN: "undetermined"}},
	}
}

// Reasons lists why something can remain undetermined, by code.
func Reasons() []struct {
	Code  string
	Label event.Phrase
} {
	return []struct {
		Code  string
		Label event.Phrase
	}{
		{"expired", event.Phrase{JA: "保存期間を過ぎていた", EN: "retention had expired"}},
		{"deleted", event.Phrase{JA: "削除された", EN: "deleted"}},
		{"never_collected", event.Phrase{JA: "取得していなかった", EN: "never collected"}},
		{"refused", event.Phrase{JA: "提供を断られた", EN: "its holder refused"}},
		{"out_of_scope", event.Phrase{JA: "調査の対象外", EN: "out of scope"}},
		{"not_decrypted", event.Phrase{JA: "復号できなかった", EN: "not decrypted"}},
		{"silent", event.Phrase{JA: "ログ源が沈黙していた", EN: "the source was silent"}},
		{"other", event.Phrase{JA: "その他", EN: "other"}},
	}
}

// The precisions of a time that people state.
const (
	Exact       = "exact"
	About       = "about"   // 頃
	OnDay       = "day"     // only the day is known
	UnknownTime = "unknown" // no time at all
)

// Number is how many there are: an exact number has equal bounds, 「最大 n 件」
// only a Max. Basis says what it rests on.
type Number struct {
	Min   *int64       `json:"min,omitempty" yaml:"min"`
	Max   *int64       `json:"max,omitempty" yaml:"max"`
	Unit  string       `json:"unit,omitempty" yaml:"unit"` // persons, accounts, hosts, items, records, tables …
	Basis event.Phrase `json:"basis,omitzero" yaml:"basis"`
}

// Statement is one sentence of a case with its certainty, citations and, where
// it denies something, coverage.
type Statement struct {
	Head       `yaml:",inline"`
	Text       event.Phrase     `json:"text" yaml:"text"`
	Certainty  Certainty        `json:"certainty" yaml:"certainty"`
	Status     string           `json:"status,omitempty" yaml:"status"`   // draft (or empty), reviewed
	Chapter    string           `json:"chapter,omitempty" yaml:"chapter"` // of the report: results (or empty), cause, impact, method …
	Query      string           `json:"query,omitempty" yaml:"query"`
	Sources    []string         `json:"sources,omitempty" yaml:"sources"`
	From       time.Time        `json:"from,omitzero" yaml:"from"` // window of the query
	To         time.Time        `json:"to,omitzero" yaml:"to"`
	At         time.Time        `json:"at,omitzero" yaml:"at"` // the time that the sentence tells of, where it tells of one
	Until      time.Time        `json:"until,omitzero" yaml:"until"`
	Precision  string           `json:"precision,omitempty" yaml:"precision"` // of At
	Number     *Number          `json:"number,omitempty" yaml:"number"`       // what the sentence counts
	About      string           `json:"about,omitempty" yaml:"about"`         // names what it tells of: rows and statements with the same word tell of the same thing
	Entities   []string         `json:"entities,omitempty" yaml:"entities"`   // ids of the entities it names
	Cites      []uint64         `json:"cites" yaml:"cites"`
	Reason     event.Phrase     `json:"reason,omitzero" yaml:"reason"`
	ReasonCode string           `json:"reason_code,omitempty" yaml:"reason_code"` // see Reasons
	Answer     *coverage.Answer `json:"answer,omitempty" yaml:"-"`                // computed when made, for a statement with a query
}

// Kind implements [Part].
func (s *Statement) Kind() Kind { return KindStatement }

// Says implements [Part].
func (s *Statement) Says() event.Phrase { return s.Text }

func (s *Statement) validate() error {
	known := false
	for _, c := range Certainties() {
		known = known || c.Certainty == s.Certainty
	}
	if !known {
		return event.Refuse(ErrInvalid, "unknown certainty %q", "%q という確度はありません", s.Certainty)
	}
	if (s.Certainty == Confirmed || s.Certainty == Established) && len(s.Cites) == 0 {
		return event.Refuse(ErrInvalid, "a statement that is %s must cite at least one record; give a query that finds it, or another certainty", "「確認」「断定」と書くには、原記録を一つ以上引用してください（確度: %s）。それを見つける検索を書くか、確度を下げてください", s.Certainty)
	}
	if s.Certainty == NotConfirmed && s.Answer == nil {
		return event.Refuse(ErrInvalid, "a negative statement needs a query, so that its coverage can be told", "「確認されていない」と書くには検索が要ります。検索がないと、どこまで調べたか（網羅性）を示せません")
	}
	if s.Certainty == NotConfirmed && s.Answer.Verdict == coverage.Found {
		return event.Refuse(ErrInvalid, "its query finds %d events%s, so it cannot be said that nothing was found; narrow the query or the window, or choose another certainty", "検索が %d 件を見つけるので%s、「確認されていない」とは書けません。検索や期間を絞るか、確度を変えてください", s.Answer.Found, firstOf(s.Cites))
	}
	if s.Certainty == Undetermined && s.Reason.Empty() && s.ReasonCode == "" && s.Answer == nil {
		return event.Refuse(ErrInvalid, "an undetermined statement needs a reason", "「判明しなかった」と書くには、理由が要ります")
	}
	if err := oneOf("status", s.Status, "", "draft", "reviewed"); err != nil {
		return err
	}
	if err := oneOf("precision", s.Precision, "", Exact, About, OnDay); err != nil {
		return err
	}
	if err := s.Number.validate(); err != nil {
		return err
	}
	return needText(s.Text, "text", "文")
}

func (n *Number) validate() error {
	switch {
	case n == nil:
		return nil
	case n.Min == nil && n.Max == nil:
		return event.Refuse(ErrInvalid, "a number needs a minimum or a maximum", "数には下限か上限が必要です")
	case n.Min != nil && *n.Min < 0 || n.Max != nil && *n.Max < 0:
		return event.Refuse(ErrInvalid, "a number is not less than 0", "数は 0 以上です")
	case n.Min != nil && n.Max != nil && *n.Min > *n.Max:
		return event.Refuse(ErrInvalid, "the minimum %d is more than the maximum %d", "下限 %d が上限 %d より大きくなっています", *n.Min, *n.Max)
	}
	return nil
}

// firstOf names the first of some records.
func firstOf(cites []uint64) event.Phrase {
	if len(cites) == 0 {
		return event.Phrase{}
	}
	return event.Phrase{JA: fmt.Sprintf("（最初は #%d）", cites[0]), EN: fmt.Sprintf(" (the first is record #%d)", cites[0])}
}

// Question is one question of the case with the verdict that konseki computes
// and what people conclude from it.
type Question struct {
	Head       `yaml:",inline"`
	Board      string          `json:"board,omitempty" yaml:"board"` // how_in, who, since_when, touched, still_in, what_left
	Text       event.Phrase    `json:"text" yaml:"text"`
	Query      string          `json:"query,omitempty" yaml:"query"`
	Sources    []string        `json:"sources,omitempty" yaml:"sources"` // who could answer; empty: all whose kind can
	From       time.Time       `json:"from,omitzero" yaml:"from"`
	To         time.Time       `json:"to,omitzero" yaml:"to"`
	Conclusion event.Phrase    `json:"conclusion,omitzero" yaml:"conclusion"`
	Answer     coverage.Answer `json:"answer" yaml:"-"` // computed
	Cites      []uint64        `json:"cites" yaml:"cites"`
}

// Kind implements [Part].
func (q *Question) Kind() Kind { return KindQuestion }

// Says implements [Part].
func (q *Question) Says() event.Phrase { return q.Text }

func (q *Question) validate() error { return needText(q.Text, "text", "文") }

// Section is a chapter of the report that people write; its ID is the chapter.
type Section struct {
	Head `yaml:",inline"`
	Text event.Phrase `json:"text" yaml:"text"`
}

// Kind implements [Part].
func (s *Section) Kind() Kind { return KindSection }

// Says implements [Part].
func (s *Section) Says() event.Phrase { return event.Phrase{JA: s.ID, EN: s.ID} }

func (s *Section) validate() error {
	if s.ID == "" {
		return event.Refuse(ErrInvalid, "a section needs a name", "章には名前が必要です")
	}
	return nil
}
