package investigate

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
)

// Kind names the kinds of parts that a case is made of.
type Kind string

// The kinds.
const (
	KindRow         Kind = "row"
	KindStatement   Kind = "statement"
	KindQuestion    Kind = "question"
	KindSection     Kind = "section"
	KindEntity      Kind = "entity"
	KindScope       Kind = "scope"
	KindFact        Kind = "fact"
	KindClock       Kind = "clock"
	KindSubmission  Kind = "submission"
	KindTold        Kind = "told"
	KindTask        Kind = "task"
	KindDecision    Kind = "decision"
	KindContainment Kind = "containment"
	KindCondition   Kind = "condition"
	KindMeasure     Kind = "measure"
	KindVersion     Kind = "version"
)

// Kinds lists the kinds in the order a case holds them.
func Kinds() []Kind {
	return []Kind{KindRow, KindStatement, KindQuestion, KindSection, KindEntity, KindScope, KindFact, KindClock, KindSubmission,
		KindTold, KindTask, KindDecision, KindContainment, KindCondition, KindMeasure, KindVersion}
}

// Name is what people call parts of the kind; that of a strange kind is the kind.
func (k Kind) Name() event.Phrase {
	names := map[Kind]event.Phrase{
		KindRow: {JA: "行", EN: "row"}, KindStatement: {JA: "文", EN: "statement"}, KindQuestion: {JA: "問い", EN: "question"}, KindSection: {JA: "章", EN: "chapter"},
		KindEntity: {JA: "名前", EN: "name"}, KindScope: {JA: "数", EN: "number"}, KindFact: {JA: "事実", EN: "fact"}, KindClock: {JA: "期限", EN: "deadline"},
		KindSubmission: {JA: "提出", EN: "submission"}, KindTold: {JA: "連絡", EN: "recipient"}, KindTask: {JA: "やること", EN: "task"}, KindDecision: {JA: "決定", EN: "decision"},
		KindContainment: {JA: "封じ込め", EN: "containment"}, KindCondition: {JA: "再開条件", EN: "condition"}, KindMeasure: {JA: "再発防止策", EN: "measure"}, KindVersion: {JA: "版", EN: "version"},
	}
	if name, ok := names[k]; ok {
		return name
	}
	return event.Phrase{JA: string(k), EN: string(k)}
}

// Part is one thing that a case is made of: a row, a statement, a condition …
// What a Case holds are values; pointers to them are Parts.
type Part interface {
	Kind() Kind
	// Common returns what all parts have; it may be changed through it.
	Common() *Head
	// Says is the part in a few words, for histories and messages.
	Says() event.Phrase
	// validate reports what is wrong with the part, wrapping ErrInvalid.
	validate() error
}

// Head is what all parts have.
type Head struct {
	// ID names the part within its kind; empty for a new one, which gets a name.
	// Of a Section it is the chapter, of a Fact its key.
	ID       string `json:"id" yaml:"id"`
	By       string `json:"by" yaml:"-"`       // who said it last
	Recorded uint64 `json:"recorded" yaml:"-"` // Seq of the operation that did: the version of the part
}

// Common implements [Part].
func (h *Head) Common() *Head { return h }

// NewPart returns an empty part of a kind; an unknown kind wraps ErrInvalid.
func NewPart(k Kind) (Part, error) {
	switch k {
	case KindRow:
		return &Row{}, nil
	case KindStatement:
		return &Statement{}, nil
	case KindQuestion:
		return &Question{}, nil
	case KindSection:
		return &Section{}, nil
	case KindEntity:
		return &Entity{}, nil
	case KindScope:
		return &Scope{}, nil
	case KindFact:
		return &Fact{}, nil
	case KindClock:
		return &Clock{}, nil
	case KindSubmission:
		return &Submission{}, nil
	}
	return newPromise(k)
}

func newPromise(k Kind) (Part, error) {
	switch k {
	case KindTold:
		return &Told{}, nil
	case KindTask:
		return &Task{}, nil
	case KindDecision:
		return &Decision{}, nil
	case KindContainment:
		return &Containment{}, nil
	case KindCondition:
		return &Condition{}, nil
	case KindMeasure:
		return &Measure{}, nil
	case KindVersion:
		return &Version{}, nil
	}
	return nil, event.Refuse(ErrInvalid, "a case has no part of the kind %q; the kinds are %v", "事案に %q という種類はありません。種類は %v です", k, Kinds())
}

// DecodePart reads a part from JSON. Names that a part does not have are errors
// that wrap ErrInvalid.
func DecodePart(k Kind, text []byte) (Part, error) {
	p, err := NewPart(k)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, p, json.RejectUnknownMembers(true)); err != nil {
		return nil, event.Refuse(ErrInvalid, "a %s: %v", "%s: %v", k.Name(), err)
	}
	return p, nil
}

// ClonePart copies a part as deep as JSON goes.
func ClonePart(p Part) (Part, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("investigate: %s: %w", p.Kind(), err)
	}
	return DecodePart(p.Kind(), text)
}

// initial is the letter that names made for parts of a kind begin with.
func (k Kind) initial() string {
	switch k {
	case KindScope:
		return "sc"
	case KindSubmission:
		return "sub"
	case KindTold:
		return "told"
	case KindContainment:
		return "con"
	case KindClock:
		return "cl"
	case KindTask:
		return "t"
	case KindVersion:
		return "v"
	case KindCondition:
		return "c"
	}
	return string(k[:1])
}
