package investigate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
)

// Operation is one change of a case, as sealed in the vault under
// event.SourceCase.
type Operation struct {
	Case   string         `json:"case"`
	Op     string         `json:"op"` // open, put, withdraw, result, sign, override, close, reopen
	By     string         `json:"by"`
	At     time.Time      `json:"at"`
	Title  event.Phrase   `json:"title,omitzero"`  // open
	Kind   Kind           `json:"kind,omitempty"`  // of the part: put, withdraw, result, sign, override
	ID     string         `json:"id,omitempty"`    // of the part
	Part   jsontext.Value `json:"part,omitempty"`  // put: the part whole
	Reason event.Phrase   `json:"reason,omitzero"` // withdraw, override, close
	Result *Result        `json:"result,omitempty"`
}

// ErrInvalid marks an operation that a case cannot take; the message says why.
var ErrInvalid = errors.New("not valid")

// validID reports whether a case, or a part of one, may be called so: 1 to 64
// letters, digits, dots, dashes or underscores, the first a letter or digit. It
// stands in addresses and file names.
func validID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		word := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !word && (i == 0 || c != '.' && c != '-' && c != '_') {
			return false
		}
	}
	return true
}

// Putting makes the operation that puts a part, after it was found valid.
func Putting(caseID, by string, at time.Time, p Part) (Operation, error) {
	op := Operation{Case: caseID, Op: "put", By: by, At: at, Kind: p.Kind(), ID: p.Common().ID}
	var err error
	if op.Part, err = json.Marshal(p, json.Deterministic(true)); err != nil {
		return op, fmt.Errorf("investigate: encode a %s: %w", op.Kind, err)
	}
	return op, op.Validate()
}

// Validate reports what is wrong with an operation, wrapping ErrInvalid.
func (o *Operation) Validate() error {
	if !validID(o.Case) {
		return event.Refuse(ErrInvalid, "a case id is 1 to 64 letters, digits, dots, dashes or underscores", "事案の ID は 1〜64 文字の英数字・点・ハイフン・下線です")
	}
	if o.ID != "" && !validID(o.ID) {
		return event.Refuse(ErrInvalid, "the id of a %s is 1 to 64 letters, digits, dots, dashes or underscores", "%sの ID は 1〜64 文字の英数字・点・ハイフン・下線です", o.Kind.Name())
	}
	switch o.Op {
	case "open":
		return needText(o.Title, "title", "題名")
	case "put":
		p, err := DecodePart(o.Kind, o.Part)
		if err != nil {
			return err
		}
		return p.validate()
	case "withdraw", "override":
		return needText(o.Reason, "reason", "理由")
	case "result":
		if o.Result == nil {
			return event.Refuse(ErrInvalid, "a result is missing", "結果がありません")
		}
		return oneOf("state", string(o.Result.State), string(Met), string(NotMet), string(Unknown))
	case "sign", "close", "reopen":
		return nil
	}
	return event.Refuse(ErrInvalid, "unknown operation %q", "%q という操作はありません", o.Op)
}

// needText makes sure that a part says something; what is missing is named.
func needText(p event.Phrase, en, ja string) error {
	if p.Empty() {
		return event.Refuse(ErrInvalid, "a %s is missing", "%sがありません", event.Phrase{JA: ja, EN: en})
	}
	return nil
}

func oneOf(what, have string, allowed ...string) error {
	if slices.Contains(allowed, have) {
		return nil
	}
	return event.Refuse(ErrInvalid, "%s is one of %s, not %q", "%s は %s のいずれかです（%q ではありません）", what, strings.TrimPrefix(strings.Join(allowed, ", "), ", "), have)
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
