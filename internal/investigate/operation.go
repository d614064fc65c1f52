package investigate

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Operation is one change of a case, as sealed in the vault under
// event.SourceCase. Exactly one of its parts is set besides the common ones.
type Operation struct {
	Case      string       `json:"case"`
	Op        string       `json:"op"` // open, row, statement, question, section, close
	By        string       `json:"by"`
	At        time.Time    `json:"at"`
	Title     event.Phrase `json:"title,omitzero"`
	Row       *Row         `json:"row,omitzero"`
	Statement *Statement   `json:"statement,omitzero"`
	Question  *Question    `json:"question,omitzero"`
	Section   string       `json:"section,omitempty"`
	Text      event.Phrase `json:"text,omitzero"`
}

// ErrInvalid marks an operation that a case cannot take; the message says why.
var ErrInvalid = errors.New("not valid")

// idPattern is what a case may be called: it stands in addresses and file names.
const idPattern = `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`

// Validate reports what is wrong with an operation, wrapping ErrInvalid.
func (o *Operation) Validate() error {
	if ok, _ := regexp.MatchString(idPattern, o.Case); !ok {
		return fmt.Errorf("%w: a case id is 1 to 64 letters, digits, dots, dashes or underscores", ErrInvalid)
	}
	switch o.Op {
	case "open":
		return needText(o.Title, "title")
	case "row":
		if o.Row == nil || o.Row.At.IsZero() {
			return fmt.Errorf("%w: a timeline row needs a time", ErrInvalid)
		}
		if o.Row.Precision != "exact" && o.Row.Precision != "about" {
			return fmt.Errorf("%w: precision is exact or about (頃)", ErrInvalid)
		}
		return needText(o.Row.Text, "text")
	case "statement":
		return o.validateStatement()
	case "question":
		if o.Question == nil {
			return fmt.Errorf("%w: a question is missing", ErrInvalid)
		}
		return needText(o.Question.Text, "text")
	case "section":
		if o.Section == "" {
			return fmt.Errorf("%w: a section needs a name", ErrInvalid)
		}
		return nil
	case "close":
		return nil
	}
	return fmt.Errorf("%w: unknown operation %q", ErrInvalid, o.Op)
}

func (o *Operation) validateStatement() error {
	s := o.Statement
	if s == nil {
		return fmt.Errorf("%w: a statement is missing", ErrInvalid)
	}
	known := false
	for _, c := range Certainties() {
		known = known || c.Certainty == s.Certainty
	}
	if !known {
		return fmt.Errorf("%w: unknown certainty %q", ErrInvalid, s.Certainty)
	}
	if (s.Certainty == Confirmed || s.Certainty == Established) && len(s.Cites) == 0 {
		return fmt.Errorf("%w: a statement that is %s must cite at least one record; give a query that finds it, or another certainty", ErrInvalid, s.Certainty)
	}
	if s.Certainty == NotConfirmed && s.Answer == nil {
		return fmt.Errorf("%w: a negative statement needs a query, so that its coverage can be told", ErrInvalid)
	}
	if s.Certainty == NotConfirmed && s.Answer.Verdict == coverage.Found {
		return fmt.Errorf("%w: its query finds %d events%s, so it cannot be said that nothing was found; narrow the query or the window, or choose another certainty", ErrInvalid, s.Answer.Found, firstOf(s.Cites))
	}
	if s.Certainty == Undetermined && s.Reason.Empty() && s.Answer == nil {
		return fmt.Errorf("%w: an undetermined statement needs a reason", ErrInvalid)
	}
	return needText(s.Text, "text")
}

// firstOf names the first of some records.
func firstOf(cites []uint64) string {
	if len(cites) == 0 {
		return ""
	}
	return fmt.Sprintf(" (the first is record #%d)", cites[0])
}

func needText(p event.Phrase, what string) error {
	if p.Empty() {
		return fmt.Errorf("%w: a %s is missing", ErrInvalid, what)
	}
	return nil
}

// Encode gives the JSON that is sealed.
func (o *Operation) Encode() ([]byte, error) {
	b, err := json.Marshal(o, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("investigate: encode %s: %w", o.Op, err)
	}
	return b, nil
}

// Decode reads an operation back from its record.
func Decode(rec event.Record) (*Operation, error) {
	var o Operation
	if err := json.Unmarshal(rec.Raw, &o); err != nil {
		return nil, fmt.Errorf("investigate: record %d: %w", rec.Seq, err)
	}
	return &o, nil
}
