// Package investigate assembles cases, statements, timelines, entities, contradictions, clocks, conditions.
//
// A case is a view of the case operations in the vault: it is never stored,
// only folded from records, so who wrote what and when needs no code of its own.
package investigate

import (
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Case (事案) is what people work on. Its lists hold what is upheld, in the
// order it was first said; what was withdrawn stands in Withdrawn.
type Case struct {
	ID           string        `json:"id"`
	Title        event.Phrase  `json:"title"`
	Status       string        `json:"status"` // "open" or "closed"
	Opened       time.Time     `json:"opened"`
	OpenedBy     string        `json:"opened_by"`
	Timeline     []Row         `json:"timeline"` // by time; rows of unknown time last
	Statements   []Statement   `json:"statements"`
	Questions    []Question    `json:"questions"`
	Sections     []Section     `json:"sections,omitempty"`
	Entities     []Entity      `json:"entities,omitempty"`
	Scopes       []Scope       `json:"scopes,omitempty"`
	Facts        []Fact        `json:"facts,omitempty"` // every version, in the order recorded: the last of a key holds
	Clocks       []Clock       `json:"clocks,omitempty"`
	Submissions  []Submission  `json:"submissions,omitempty"`
	Told         []Told        `json:"told,omitempty"`
	Tasks        []Task        `json:"tasks,omitempty"`
	Decisions    []Decision    `json:"decisions,omitempty"`
	Containments []Containment `json:"containments,omitempty"`
	Conditions   []Condition   `json:"conditions,omitempty"`
	Measures     []Measure     `json:"measures,omitempty"`
	Versions     []Version     `json:"versions,omitempty"` // reports issued, oldest first
	Withdrawn    []Withdrawn   `json:"withdrawn,omitempty"`
	History      []Entry       `json:"history"` // every operation, oldest first
}

// Section returns the text that people wrote for a chapter of the report:
// summary, method, cause, impact, resumption, prevention, contact, plan.
func (c *Case) Section(name string) event.Phrase {
	for i := range c.Sections {
		if c.Sections[i].ID == name {
			return c.Sections[i].Text
		}
	}
	return event.Phrase{}
}

// Fact returns the version of a fact that holds, or nil.
func (c *Case) Fact(key string) *Fact {
	for i := len(c.Facts) - 1; i >= 0; i-- {
		if c.Facts[i].ID == key {
			return &c.Facts[i]
		}
	}
	return nil
}

// Withdrawn is a part that is no longer upheld, and why.
type Withdrawn struct {
	Kind     Kind         `json:"kind"`
	ID       string       `json:"id"`
	Text     event.Phrase `json:"text,omitzero"` // what it said
	Reason   event.Phrase `json:"reason"`
	By       string       `json:"by"`
	At       time.Time    `json:"at"`
	Recorded uint64       `json:"recorded"`
}

// Entry is one line of a case's history.
type Entry struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Op     string    `json:"op"` // see Operation; where a part was put, its kind
	Target string    `json:"target,omitempty"`
	Record uint64    `json:"record"`
}

// Board lists the questions every incident asks, in the order people ask them.
func Board() []struct {
	ID    string
	Label event.Phrase
} {
	return []struct {
		ID    string
		Label event.Phrase
	}{
		{"how_in", event.Phrase{JA: "どこから入ったか", EN: "How did they get in?"}},
		{"who", event.Phrase{JA: "誰が", EN: "Who?"}},
		{"since_when", event.Phrase{JA: "いつから", EN: "Since when?"}},
		{"touched", event.Phrase{JA: "何に触れたか", EN: "What was touched?"}},
		{"still_in", event.Phrase{JA: "まだ居るか", EN: "Are they still in?"}},
		{"what_left", event.Phrase{JA: "何が出たか", EN: "What left?"}},
	}
}
