package investigate

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Told is somebody who was told something: what, when, in which version.
type Told struct {
	Head      `yaml:",inline"`
	Recipient event.Phrase `json:"recipient" yaml:"recipient"`
	Group     string       `json:"group" yaml:"group"` // authority, police, customers, partners, card_companies, public, staff, other
	At        time.Time    `json:"at" yaml:"at"`
	Precision string       `json:"precision,omitempty" yaml:"precision"`
	Channel   string       `json:"channel,omitempty" yaml:"channel"` // mail, telephone, web, form, letter, meeting …
	Version   string       `json:"version,omitempty" yaml:"version"` // id of the Version that they were given
	Text      event.Phrase `json:"text" yaml:"text"`                 // what they were told
	Cites     []uint64     `json:"cites,omitempty" yaml:"cites"`
}

// Kind implements [Part].
func (t *Told) Kind() Kind { return KindTold }

// Says implements [Part].
func (t *Told) Says() event.Phrase { return t.Recipient }

func (t *Told) validate() error {
	if err := oneOf("group", t.Group, "authority", "police", "customers", "partners", "card_companies", "public", "staff", "other"); err != nil {
		return err
	}
	if t.At.IsZero() {
		return event.Refuse(ErrInvalid, "when were they told?", "いつ伝えたかを書いてください")
	}
	if err := oneOf("precision", t.Precision, "", Exact, About, OnDay); err != nil {
		return err
	}
	if err := needText(t.Recipient, "recipient", "宛先"); err != nil {
		return err
	}
	return needText(t.Text, "text", "文")
}

// Task is something somebody has to do.
type Task struct {
	Head   `yaml:",inline"`
	Text   event.Phrase `json:"text" yaml:"text"`
	Owner  string       `json:"owner,omitempty" yaml:"owner"`
	Due    time.Time    `json:"due,omitzero" yaml:"due"`
	Status string       `json:"status" yaml:"status"` // open, done, dropped
}

// Kind implements [Part].
func (t *Task) Kind() Kind { return KindTask }

// Says implements [Part].
func (t *Task) Says() event.Phrase { return t.Text }

func (t *Task) validate() error {
	if err := oneOf("status", t.Status, "open", "done", "dropped"); err != nil {
		return err
	}
	return needText(t.Text, "text", "文")
}

// Decision is what was decided, by whom and on what grounds.
type Decision struct {
	Head    `yaml:",inline"`
	At      time.Time    `json:"at" yaml:"at"`
	Who     string       `json:"who" yaml:"who"`
	Text    event.Phrase `json:"text" yaml:"text"`
	Grounds event.Phrase `json:"grounds,omitzero" yaml:"grounds"`
	Cites   []uint64     `json:"cites,omitempty" yaml:"cites"`
}

// Kind implements [Part].
func (d *Decision) Kind() Kind { return KindDecision }

// Says implements [Part].
func (d *Decision) Says() event.Phrase { return d.Text }

func (d *Decision) validate() error {
	if d.At.IsZero() || d.Who == "" {
		return event.Refuse(ErrInvalid, "a decision needs its time and who decided", "決定には、時刻と決めた人が必要です")
	}
	return needText(d.Text, "text", "文")
}

// Version is a report that was issued.
type Version struct {
	Head    `yaml:",inline"`
	Report  string            `json:"report" yaml:"report"` // first, interim, final, regulator, customer, partner
	Number  int               `json:"number" yaml:"number"` // among those of its kind, from 1
	At      time.Time         `json:"at" yaml:"at"`
	Files   map[string]string `json:"files" yaml:"files"`               // "ja.docx" → SHA-256, hex
	Records map[string]uint64 `json:"records,omitempty" yaml:"records"` // "ja.docx" → Seq of the record that holds the document
	Drafts  int               `json:"drafts,omitempty" yaml:"drafts"`   // contradictions that it was issued with
	Then    *Case             `json:"-" yaml:"-"`                       // the case as it was
}

// Kind implements [Part].
func (v *Version) Kind() Kind { return KindVersion }

// Says implements [Part].
func (v *Version) Says() event.Phrase {
	return event.Phrase{EN: fmt.Sprintf("%s %d", v.Report, v.Number)}
}

func (v *Version) validate() error {
	if v.At.IsZero() || len(v.Files) == 0 {
		return event.Refuse(ErrInvalid, "a version needs its time and its files", "版には、時刻とファイルが必要です")
	}
	return oneOf("report", v.Report, "first", "interim", "final", "regulator", "customer", "partner")
}
