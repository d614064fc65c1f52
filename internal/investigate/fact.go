package investigate

import (
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Fact is something about the case that deadlines follow from: when the company
// became aware, what the cause is, how many persons there are. Its ID is its key;
// which keys there are, and what their values mean, the room clock says. A fact
// that changes is recorded again: its history is kept.
type Fact struct {
	Head  `yaml:",inline"`
	Value string       `json:"value" yaml:"value"`
	Known time.Time    `json:"known,omitzero" yaml:"known"` // since when it has been known; zero: since it was recorded
	Note  event.Phrase `json:"note,omitzero" yaml:"note"`
	Cites []uint64     `json:"cites,omitempty" yaml:"cites"`
	At    time.Time    `json:"at,omitzero" yaml:"-"` // when it was recorded
}

// Kind implements [Part].
func (f *Fact) Kind() Kind { return KindFact }

// Says implements [Part].
func (f *Fact) Says() event.Phrase { return event.Phrase{EN: f.ID + " = " + f.Value} }

func (f *Fact) validate() error {
	if f.ID == "" || f.Value == "" {
		return event.Refuse(ErrInvalid, "a fact needs a key and a value", "事実には項目と値が必要です")
	}
	return nil
}

// Clock (期限) is a deadline that people add beside those of the law: of a
// contract, say.
type Clock struct {
	Head      `yaml:",inline"`
	Name      event.Phrase   `json:"name" yaml:"name"`
	Start     string         `json:"start" yaml:"start"`                 // key of the fact that it runs from
	Within    string         `json:"within" yaml:"within"`               // 72h, 30d, or 4bd: hours, days or business days
	Calendar  string         `json:"calendar,omitempty" yaml:"calendar"` // jp (default) or us: of business days
	Recipient event.Phrase   `json:"recipient" yaml:"recipient"`
	Items     []event.Phrase `json:"items,omitempty" yaml:"items"` // what has to be told
	Basis     event.Phrase   `json:"basis,omitzero" yaml:"basis"`  // clause of the contract
}

// Kind implements [Part].
func (c *Clock) Kind() Kind { return KindClock }

// Says implements [Part].
func (c *Clock) Says() event.Phrase { return c.Name }

func (c *Clock) validate() error {
	if c.Start == "" || c.Within == "" {
		return event.Refuse(ErrInvalid, "a clock needs the fact that it runs from and how long: 72h, 30d or 4bd", "期限には、起点となる事実と長さ（72h、30d、4bd など）が必要です")
	}
	if err := needText(c.Recipient, "recipient", "宛先"); err != nil {
		return err
	}
	return needText(c.Name, "name", "名前")
}

// Submission is what was handed in for a deadline, with its proof.
type Submission struct {
	Head    `yaml:",inline"`
	Clock   string       `json:"clock" yaml:"clock"` // id of a Clock or of a rule
	At      time.Time    `json:"at" yaml:"at"`
	Version string       `json:"version,omitempty" yaml:"version"` // id of the Version that was handed in
	Proof   event.Phrase `json:"proof,omitzero" yaml:"proof"`      // receipt number, mail, registered letter …
	Cites   []uint64     `json:"cites,omitempty" yaml:"cites"`
	Late    event.Phrase `json:"late,omitzero" yaml:"late"` // the reason, where it was late
}

// Kind implements [Part].
func (s *Submission) Kind() Kind { return KindSubmission }

// Says implements [Part].
func (s *Submission) Says() event.Phrase { return event.Phrase{EN: s.Clock} }

func (s *Submission) validate() error {
	if s.Clock == "" || s.At.IsZero() {
		return event.Refuse(ErrInvalid, "a submission needs the deadline it is for and the time it was made", "提出には、対象の期限と提出した時刻が必要です")
	}
	if s.Proof.Empty() && len(s.Cites) == 0 {
		return event.Refuse(ErrInvalid, "a submission needs a proof: what shows that it was made", "提出したことを示すもの（受付番号など）を書いてください")
	}
	return nil
}

// Scope is how much was affected, by a query over a window.
type Scope struct {
	Head   `yaml:",inline"`
	Text   event.Phrase     `json:"text" yaml:"text"`
	Of     string           `json:"of" yaml:"of"` // accounts, hosts, addresses, items, tables, records, persons
	Query  string           `json:"query,omitempty" yaml:"query"`
	From   time.Time        `json:"from,omitzero" yaml:"from"`
	To     time.Time        `json:"to,omitzero" yaml:"to"`
	Field  string           `json:"field,omitempty" yaml:"field"`   // column or native field whose values are counted; empty: the usual one of Of
	Weeks  int              `json:"weeks,omitempty" yaml:"weeks"`   // compare with as many weeks before the window, value by value
	Number *Number          `json:"number,omitempty" yaml:"number"` // computed from Query; of a scope without one, what people know
	Rows   []Compared       `json:"rows,omitempty" yaml:"-"`        // computed, where Weeks is set: the values that changed most
	Answer *coverage.Answer `json:"answer,omitempty" yaml:"-"`
	Cites  []uint64         `json:"cites,omitempty" yaml:"cites"`
}

// Compared is how often a value occurred in the window and in the weeks before.
type Compared struct {
	Value  string    `json:"value"`
	Count  int64     `json:"count"`
	Before []float64 `json:"before"` // in spans as long as the window, one of each week before, the nearest first
}

// Kind implements [Part].
func (s *Scope) Kind() Kind { return KindScope }

// Says implements [Part].
func (s *Scope) Says() event.Phrase { return s.Text }

func (s *Scope) validate() error {
	if err := oneOf("of", s.Of, "accounts", "hosts", "addresses", "items", "tables", "records", "persons"); err != nil {
		return err
	}
	if s.Query == "" && s.Number == nil {
		return event.Refuse(ErrInvalid, "a scope needs a query to count by, or a number with its basis", "数には、数えるための検索か、根拠を添えた数値が必要です")
	}
	if s.Query == "" && s.Number.Basis.Empty() {
		return event.Refuse(ErrInvalid, "a number that no query counts needs a basis: what it rests on", "検索で数えない数には根拠が必要です。何に基づくかを書いてください")
	}
	if s.Weeks < 0 || s.Weeks > 52 {
		return event.Refuse(ErrInvalid, "compare with 0 to 52 weeks before", "比べられるのは 0 週から 52 週前までです")
	}
	if err := s.Number.validate(); err != nil {
		return err
	}
	return needText(s.Text, "text", "文")
}
