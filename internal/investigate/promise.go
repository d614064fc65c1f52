package investigate

import (
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Check is how a promise is verified.
type Check struct {
	By      string    `json:"by,omitempty" yaml:"by"`             // query, findings, coverage, evidence, sign_off; empty: nothing verifies it
	Query   string    `json:"query,omitempty" yaml:"query"`       // of findings: the rule that must not have fired, as baseline-clock-*
	Expect  string    `json:"expect,omitempty" yaml:"expect"`     // of a query: none (default) or found
	AtLeast int64     `json:"at_least,omitempty" yaml:"at_least"` // events that must be found; 0 for 1
	Sources []string  `json:"sources,omitempty" yaml:"sources"`   // that must be complete; of a query, empty: all whose kind can tell
	From    time.Time `json:"from,omitzero" yaml:"from"`          // a fixed window …
	To      time.Time `json:"to,omitzero" yaml:"to"`
	Days    int       `json:"days,omitempty" yaml:"days"`   // … or the days before it is checked
	Every   int       `json:"every,omitempty" yaml:"every"` // days after which it has to be checked again; 0: once
	Cites   []uint64  `json:"cites,omitempty" yaml:"cites"` // of evidence: the records that show it
}

func (c *Check) validate() error {
	if err := oneOf("check", c.By, "", "query", "findings", "coverage", "evidence", "sign_off"); err != nil {
		return err
	}
	if err := oneOf("expect", c.Expect, "", "none", "found"); err != nil {
		return err
	}
	if (c.By == "query" || c.By == "findings") && c.Query == "" {
		return event.Refuse(ErrInvalid, "a check by %s needs a query", "%s による確認には検索が必要です", c.By)
	}
	if (c.By == "coverage" || c.By == "findings") && len(c.Sources) == 0 {
		return event.Refuse(ErrInvalid, "a check of %s needs the sources that must be complete", "%s の確認には、欠けなく揃うべきログ源が必要です", c.By)
	}
	if c.Days < 0 || c.Every < 0 || c.AtLeast < 0 {
		return event.Refuse(ErrInvalid, "a check counts days and events from 0", "確認の日数と件数は 0 以上です")
	}
	return nil
}

// State is what a check found: met, not met or unknown, which it is with every
// reason that an answer has for being unknown.
type State string

// The states.
const (
	Met     State = "met"
	NotMet  State = "not_met"
	Unknown State = "unknown"
)

// Result is what one run of a check found.
type Result struct {
	At       time.Time        `json:"at"`
	By       string           `json:"by"`
	State    State            `json:"state"`
	Because  event.Phrase     `json:"because,omitzero"`
	Answer   *coverage.Answer `json:"answer,omitempty"`
	Count    int64            `json:"count,omitempty"` // events found
	Cites    []uint64         `json:"cites,omitempty"`
	Recorded uint64           `json:"recorded"`
}

// Signed is who signed something off, or overrode it, when and why.
type Signed struct {
	By       string       `json:"by"`
	At       time.Time    `json:"at"`
	Reason   event.Phrase `json:"reason,omitzero"`
	Recorded uint64       `json:"recorded"`
}

// Checked is what parts have whose check is run. It is folded from operations of
// their own: putting the part again does not change it.
type Checked struct {
	Results    []Result `json:"results,omitempty" yaml:"-"` // oldest first
	Signed     *Signed  `json:"signed,omitempty" yaml:"-"`
	Overridden *Signed  `json:"overridden,omitempty" yaml:"-"`
}

// Last is the newest result, or nil.
func (c *Checked) Last() *Result {
	if len(c.Results) == 0 {
		return nil
	}
	return &c.Results[len(c.Results)-1]
}

// Drift reports that what was met once is no longer: the promise was broken
// since, or can no longer be seen to be kept.
func (c *Checked) Drift() bool {
	last := c.Last()
	if last == nil || last.State == Met {
		return false
	}
	for i := range c.Results {
		if c.Results[i].State == Met {
			return true
		}
	}
	return false
}

func (c *Checked) checked() *Checked { return c }

// Condition (再開条件) is what must hold before a service reopens on a platform.
type Condition struct {
	Head     `yaml:",inline"`
	Service  string       `json:"service" yaml:"service"`
	Platform string       `json:"platform,omitempty" yaml:"platform"`
	Text     event.Phrase `json:"text" yaml:"text"`
	Check    Check        `json:"check" yaml:"check"`
	Checked  `yaml:"-"`
}

// Kind implements [Part].
func (c *Condition) Kind() Kind { return KindCondition }

// Says implements [Part].
func (c *Condition) Says() event.Phrase { return c.Text }

func (c *Condition) validate() error {
	if c.Service == "" {
		return event.Refuse(ErrInvalid, "a condition needs the service that it is for", "再開条件には、対象のサービスが必要です")
	}
	if c.Check.By == "" {
		return event.Refuse(ErrInvalid, "a condition needs a check: query, coverage, evidence or sign_off", "再開条件には確認が必要です: query、coverage、evidence、sign_off のいずれか")
	}
	if err := c.Check.validate(); err != nil {
		return err
	}
	return needText(c.Text, "text", "文")
}

// State is how the condition stands: overridden ones count as they are, not as met.
func (c *Condition) State() State {
	if c.Check.By == "sign_off" {
		if c.Signed != nil {
			return Met
		}
		return NotMet
	}
	if last := c.Last(); last != nil {
		return last.State
	}
	return Unknown
}

// Measure (再発防止策) is a promise with the check that verifies it.
type Measure struct {
	Head     `yaml:",inline"`
	Text     event.Phrase `json:"text" yaml:"text"`
	Status   string       `json:"status" yaml:"status"`       // done, ongoing, planned, dropped
	Term     string       `json:"term,omitempty" yaml:"term"` // short, long
	Area     string       `json:"area,omitempty" yaml:"area"` // technical, organisation, rules
	Owner    string       `json:"owner,omitempty" yaml:"owner"`
	Due      time.Time    `json:"due,omitzero" yaml:"due"`
	Check    Check        `json:"check" yaml:"check"`
	Controls []string     `json:"controls,omitempty" yaml:"controls"` // "CIS 8.10", "PCI DSS 10.5.1" …; see the room measure
	Checked  `yaml:"-"`
}

// Kind implements [Part].
func (m *Measure) Kind() Kind { return KindMeasure }

// Says implements [Part].
func (m *Measure) Says() event.Phrase { return m.Text }

func (m *Measure) validate() error {
	if err := oneOf("status", m.Status, "done", "ongoing", "planned", "dropped"); err != nil {
		return err
	}
	if err := oneOf("term", m.Term, "", "short", "long"); err != nil {
		return err
	}
	if err := oneOf("area", m.Area, "", "technical", "organisation", "rules"); err != nil {
		return err
	}
	if err := m.Check.validate(); err != nil {
		return err
	}
	return needText(m.Text, "text", "文")
}

// Containment is what was done to stop the intruder; whether it worked is seen
// from what the records have of its target afterwards.
type Containment struct {
	Head    `yaml:",inline"`
	At      time.Time    `json:"at" yaml:"at"`
	Until   time.Time    `json:"until,omitzero" yaml:"until"` // when it was lifted
	Action  string       `json:"action" yaml:"action"`        // disable_account, block_address, isolate_host, stop_service, rotate_secret, other
	Target  string       `json:"target" yaml:"target"`        // the account, address, host …
	Text    event.Phrase `json:"text" yaml:"text"`
	Query   string       `json:"query,omitempty" yaml:"query"` // what must not be seen afterwards; empty: activity of Target
	Sources []string     `json:"sources,omitempty" yaml:"sources"`
	Cites   []uint64     `json:"cites,omitempty" yaml:"cites"` // records that show that it was done
	Checked `yaml:"-"`
}

// Kind implements [Part].
func (c *Containment) Kind() Kind { return KindContainment }

// Says implements [Part].
func (c *Containment) Says() event.Phrase { return c.Text }

func (c *Containment) validate() error {
	if err := oneOf("action", c.Action, "disable_account", "block_address", "isolate_host", "stop_service", "rotate_secret", "other"); err != nil {
		return err
	}
	if c.At.IsZero() || c.Target == "" {
		return event.Refuse(ErrInvalid, "a containment needs its time and its target", "封じ込めには、時刻と対象が必要です")
	}
	if c.Query == "" && (c.Action == "rotate_secret" || c.Action == "other" || c.Action == "stop_service") {
		return event.Refuse(ErrInvalid, "a containment by %s needs a query for what must not be seen afterwards", "%s による封じ込めには、以後あってはならないものを探す検索が必要です", c.Action)
	}
	return needText(c.Text, "text", "文")
}
