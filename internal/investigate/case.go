// Package investigate assembles cases, statements, timelines, entities, contradictions, clocks, conditions.
//
// A case is a view of the case operations in the vault: it is never stored,
// only folded from records, so who wrote what and when needs no code of its own.
package investigate

import (
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Case (事案) is what people work on.
type Case struct {
	ID         string                  `json:"id"`
	Title      event.Phrase            `json:"title"`
	Status     string                  `json:"status"` // "open" or "closed"
	Opened     time.Time               `json:"opened"`
	OpenedBy   string                  `json:"opened_by"`
	Timeline   []Row                   `json:"timeline"`           // by time
	Statements []Statement             `json:"statements"`         // in the order made
	Questions  []Question              `json:"questions"`          // in the order asked
	Sections   map[string]event.Phrase `json:"sections,omitempty"` // report chapters written by people, by name
	History    []Entry                 `json:"history"`            // every operation, oldest first
}

// Row is one row of the timeline (経緯).
type Row struct {
	ID        string       `json:"id"`
	At        time.Time    `json:"at"`
	Precision string       `json:"precision"` // "exact" or "about" (頃)
	Kind      string       `json:"kind"`      // event, action, notice, finding
	Text      event.Phrase `json:"text"`
	Source    string       `json:"source,omitempty"`
	Query     string       `json:"query,omitempty"` // what the citations were found by
	Cites     []uint64     `json:"cites"`           // Seq of the cited Records
	Total     int64        `json:"total,omitempty"` // how many records the query found, when more than are cited
	By        string       `json:"by"`
	Recorded  uint64       `json:"recorded"` // Seq of the operation's own Record
	// UncertaintyMS is how far its time can be off to either side, ClockOffsetMS
	// the measured offset of its record's clock (receive minus event), and
	// OrderUncertain says that it may as well have come before or after another
	// row. They are computed when the case is shown; see [MarkOrder].
	UncertaintyMS  int64 `json:"uncertainty_ms,omitzero"`
	ClockOffsetMS  int64 `json:"clock_offset_ms,omitzero"`
	OrderUncertain bool  `json:"order_uncertain,omitzero"`
}

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

// Statement is one sentence of a case with its certainty, citations and, for a
// negative one, coverage.
type Statement struct {
	ID        string           `json:"id"`
	Text      event.Phrase     `json:"text"`
	Certainty Certainty        `json:"certainty"`
	Query     string           `json:"query,omitempty"`
	Sources   []string         `json:"sources,omitempty"`
	From      time.Time        `json:"from,omitzero"`
	To        time.Time        `json:"to,omitzero"`
	Cites     []uint64         `json:"cites"`
	Reason    event.Phrase     `json:"reason,omitzero"`
	Answer    *coverage.Answer `json:"answer,omitempty"` // computed when made, for a statement with a query
	By        string           `json:"by"`
	Recorded  uint64           `json:"recorded"`
}

// Question is one question of the case with the verdict that konseki computes
// and what people conclude from it.
type Question struct {
	ID         string          `json:"id"`
	Board      string          `json:"board,omitempty"` // how_in, who, since_when, touched, still_in, what_left
	Text       event.Phrase    `json:"text"`
	Query      string          `json:"query,omitempty"`
	Sources    []string        `json:"sources,omitempty"` // who could answer; empty: all whose kind can
	From       time.Time       `json:"from,omitzero"`
	To         time.Time       `json:"to,omitzero"`
	Conclusion event.Phrase    `json:"conclusion,omitzero"`
	Answer     coverage.Answer `json:"answer"` // computed
	Cites      []uint64        `json:"cites"`
	By         string          `json:"by"`
	Recorded   uint64          `json:"recorded"`
}

// Entry is one line of a case's history.
type Entry struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Op     string    `json:"op"` // see Operation
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
