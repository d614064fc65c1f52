// Package secret finds credentials and card numbers in what people write and what systems log.
//
// Card numbers, magnetic-stripe data and security codes are looked for in the
// text of every event; passwords, keys and tokens only where people or
// applications put text, see Classes. A hit never holds what was found: cards
// keep their first six and last four digits (PCI DSS 3.4), everything else
// only a class of length.
package secret

import (
	"slices"

	"github.com/konseki/konseki/internal/event"
)

// The kinds of hit.
const (
	KindCard         = "card"
	KindTrack        = "track"
	KindSecurityCode = "security_code"
	KindPassword     = "password"
	KindCode         = "code"
	KindPreshared    = "preshared_key"
	KindConnection   = "connection_string"
	KindPrivateKey   = "private_key"
	KindBasic        = "basic_auth"
	KindToken        = "token"
)

// A Hit is one kind of secret found in one field of an event. All of its texts
// come from konseki or its rules, none from the event.
type Hit struct {
	RuleID  string // "secret." and the kind; tokens add the id of their rule
	Title   string
	TitleJA string
	Level   string // as in Sigma
	Field   string // promoted column or known native field; "raw" for the record
	Masked  string // what may be shown of the first value
	Kind    string
	Count   int // values of this rule in this field, at least 1
}

// maxText bounds how much of one field is searched for credentials, in bytes.
// Cards are searched for in all of it.
const maxText = 64 << 10

// A Scanner finds secrets. It may be used by several goroutines at once.
type Scanner struct {
	written []writtenRule
	tokens  *tokenRules
	code    securityCode
	marks   [256]mark
}

// New compiles the rules.
func New() (*Scanner, error) {
	tokens, err := newTokenRules()
	if err != nil {
		return nil, err
	}
	return &Scanner{written: writtenRules(), tokens: tokens, code: newSecurityCode(), marks: newMarks()}, nil
}

// Scan finds the secrets of an event derived from the record raw, in a fixed
// order and at most one for each rule and field. Where a record gives several
// events, its text counts for the first of them.
func (s *Scanner) Scan(ev *event.Event, raw []byte) []Hit {
	var found hits
	text, field := ev.Text, "text"
	if text == "" && ev.Nth == 0 {
		text, field = string(raw), "raw"
	}
	s.cards(text, field, &found)
	if len(found.list) > 0 && field == "raw" {
		found.list = s.placed(ev, found.list)
	}
	if Classes(ev.ClassUID) {
		for _, t := range texts(ev) {
			s.credentials(ev, t, &found)
		}
	}
	return found.list
}

// placed names the column or field that holds what was found in the record.
// The object comes before the others: whoever shows it must know.
func (s *Scanner) placed(ev *event.Event, of []Hit) []Hit {
	for _, t := range texts(ev) {
		var found hits
		s.cards(t.text, t.field, &found)
		for i := range of {
			if of[i].Field != "raw" && t.field != "object" {
				continue
			}
			if j := slices.IndexFunc(found.list, func(h Hit) bool { return h.RuleID == of[i].RuleID && h.Masked == of[i].Masked }); j >= 0 {
				of[i].Field = t.field
			}
		}
	}
	return of
}

// hits gathers what was found, one for each rule and field.
type hits struct{ list []Hit }

func (h *hits) add(hit Hit) {
	for i := range h.list {
		if h.list[i].RuleID == hit.RuleID && h.list[i].Field == hit.Field {
			h.list[i].Count++
			return
		}
	}
	hit.Count = 1
	h.list = append(h.list, hit)
}
