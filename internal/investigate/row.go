package investigate

import (
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Row is one row of the timeline (経緯).
type Row struct {
	Head      `yaml:",inline"`
	At        time.Time    `json:"at,omitzero" yaml:"at"`
	Until     time.Time    `json:"until,omitzero" yaml:"until"` // its end, where it lasted
	Precision string       `json:"precision" yaml:"precision"`  // Exact, About, OnDay or UnknownTime
	What      string       `json:"kind" yaml:"kind"`            // event, action, notice, finding, interview, paper
	Text      event.Phrase `json:"text" yaml:"text"`
	Source    string       `json:"source,omitempty" yaml:"source"`
	Query     string       `json:"query,omitempty" yaml:"query"` // what the citations were found by
	Cites     []uint64     `json:"cites" yaml:"cites"`           // Seq of the cited Records
	Total     int64        `json:"total,omitempty" yaml:"-"`     // how many records the query found, when more than are cited
	Cause     string       `json:"cause,omitempty" yaml:"cause"` // id of the row that led to it
	About     string       `json:"about,omitempty" yaml:"about"` // see Statement.About
	Entities  []string     `json:"entities,omitempty" yaml:"entities"`
	Signer    string       `json:"signer,omitempty" yaml:"signer"` // who vouches for an interview or a paper
	// UncertaintyMS is how far its time can be off to either side, ClockOffsetMS
	// the measured offset of its record's clock (receive minus event), and
	// OrderUncertain says that it may as well have come before or after another
	// row. They are computed when the case is shown; see [MarkOrder].
	UncertaintyMS  int64 `json:"uncertainty_ms,omitzero" yaml:"-"`
	ClockOffsetMS  int64 `json:"clock_offset_ms,omitzero" yaml:"-"`
	OrderUncertain bool  `json:"order_uncertain,omitzero" yaml:"-"`
}

// Kind implements [Part].
func (r *Row) Kind() Kind { return KindRow }

// Says implements [Part].
func (r *Row) Says() event.Phrase { return r.Text }

func (r *Row) validate() error {
	if err := oneOf("precision", r.Precision, Exact, About, OnDay, UnknownTime); err != nil {
		return err
	}
	if r.At.IsZero() != (r.Precision == UnknownTime) {
		return event.Refuse(ErrInvalid, "a timeline row needs a time, or the precision %q where none is known", "経緯の行には時刻が必要です。分からないときは精度を %q にしてください", UnknownTime)
	}
	if !r.Until.IsZero() && r.Until.Before(r.At) {
		return event.Refuse(ErrInvalid, "a timeline row ends before it begins", "経緯の行の終わりが始まりより前です")
	}
	if err := oneOf("kind", r.What, "event", "action", "notice", "finding", "interview", "paper"); err != nil {
		return err
	}
	if (r.What == "interview" || r.What == "paper") && r.Signer == "" {
		return event.Refuse(ErrInvalid, "an interview or a paper needs a signer: who vouches for it", "聞き取りや書面には、保証する人が必要です")
	}
	return needText(r.Text, "text", "文")
}

// Entity is somebody or something that a case is about, with the name that the
// public reads in the place of the real one.
type Entity struct {
	Head      `yaml:",inline"`
	Type      string       `json:"type" yaml:"type"` // person, account, host, address, network, company, service, item, domain, url, file, hash
	Real      string       `json:"real" yaml:"real"`
	Aliases   []string     `json:"aliases,omitempty" yaml:"aliases"`     // other real names and accounts of the same
	Public    event.Phrase `json:"public" yaml:"public"`                 // A, 社員 A
	Role      string       `json:"role,omitempty" yaml:"role"`           // intruder, victim, staff, third_party, own
	Indicator bool         `json:"indicator,omitempty" yaml:"indicator"` // of the intrusion, to be shared with others
	Note      event.Phrase `json:"note,omitzero" yaml:"note"`
}

// Kind implements [Part].
func (e *Entity) Kind() Kind { return KindEntity }

// Says implements [Part]: the public name.
func (e *Entity) Says() event.Phrase { return e.Public }

func (e *Entity) validate() error {
	if err := oneOf("type", e.Type, "person", "account", "host", "address", "network", "company", "service", "item", "domain", "url", "file", "hash"); err != nil {
		return err
	}
	if err := oneOf("role", e.Role, "", "intruder", "victim", "staff", "third_party", "own"); err != nil {
		return err
	}
	if e.Real == "" {
		return event.Refuse(ErrInvalid, "an entity needs its real name", "名前には、実際の名前が必要です")
	}
	if e.Public.JA == e.Real || e.Public.EN == e.Real {
		return event.Refuse(ErrInvalid, "the public name of an entity must not be its real one", "公表する名前に実際の名前は使えません")
	}
	return needText(e.Public, "public name", "公表する名前")
}
