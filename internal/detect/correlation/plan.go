// Package correlation runs Sigma correlations over the matches of rules, in event time.
//
// Which events a rule matches is found out when an event is derived, and taken
// down as a Note: the values that correlations group and count by. An Engine
// reads the Notes in the order of event time. It implements the Sigma
// correlation rules specification 2.1; docs/correlations.md tells what the
// specification leaves open.
package correlation

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/sigma/logsource"
)

// A Plan says which fields of which rules' matches correlations need. It is
// immutable and may be shared.
type Plan struct {
	list   []*sigma.Correlation // inputs before those that use them
	inputs map[*sigma.Rule]*input
	byID   map[string]*input
	uses   map[*sigma.Correlation][]use // of a correlation's results
}

// An input is a rule whose matches are needed.
type input struct {
	fields  []string // sorted; the note's values are in this order
	readers []*logsource.Reader
	uses    []use
}

// A use is one correlation that takes an input, and as which of its inputs.
type use struct {
	correlation int // in Plan.list
	nth         int // of its inputs
	group       []int
	fields      []int // places of the group-by and condition fields in the values
}

// NewPlan prepares correlations; inputs must stand before those that use them.
func NewPlan(list []*sigma.Correlation) *Plan {
	p := &Plan{
		list: list, inputs: make(map[*sigma.Rule]*input), byID: make(map[string]*input), uses: make(map[*sigma.Correlation][]use),
	}
	for _, c := range list {
		for i := range c.Inputs {
			if r := c.Inputs[i].Rule; r != nil {
				p.want(r, c, &c.Inputs[i])
			}
		}
	}
	for at, c := range list {
		for nth := range c.Inputs {
			p.place(at, nth, c, &c.Inputs[nth])
		}
	}
	return p
}

// named gives the field that a name in group-by or condition means in an input.
func named(in *sigma.Input, name string) string {
	if field, ok := in.Aliases[name]; ok {
		return field
	}
	return name
}

// want adds the fields that a correlation needs of a rule.
func (p *Plan) want(r *sigma.Rule, c *sigma.Correlation, in *sigma.Input) {
	x := p.inputs[r]
	if x == nil {
		x = &input{}
		p.inputs[r], p.byID[r.ID] = x, x
	}
	for _, name := range slices.Concat(c.GroupBy, c.Fields) {
		field := named(in, name)
		if at, found := slices.BinarySearch(x.fields, field); !found {
			x.fields = slices.Insert(x.fields, at, field)
			x.readers = slices.Insert(x.readers, at, logsource.NewReader(r.Logsource, field))
		}
	}
}

// place notes where a correlation finds its values in an input's.
func (p *Plan) place(at, nth int, c *sigma.Correlation, in *sigma.Input) {
	var fields []string
	switch {
	case in.Rule != nil:
		fields = p.inputs[in.Rule].fields
	default:
		fields = in.Correlation.GroupBy
	}
	u := use{correlation: at, nth: nth}
	for _, name := range c.GroupBy {
		u.group = append(u.group, slices.Index(fields, named(in, name)))
	}
	for _, name := range c.Fields {
		u.fields = append(u.fields, slices.Index(fields, named(in, name)))
	}
	if in.Rule != nil {
		p.inputs[in.Rule].uses = append(p.inputs[in.Rule].uses, u)
		return
	}
	p.uses[in.Correlation] = append(p.uses[in.Correlation], u)
}

// notePrefix begins the names of notes that tell of a match; the rule's id follows.
const notePrefix = "match:"

// maxValue bounds a value in a note; of longer ones the beginning and a hash
// are kept, so that different values stay different.
const maxValue = 256

// Note appends a note of the match, if some correlation needs it. Of a field
// with several values the first one counts.
func (p *Plan) Note(ev *event.Event, rule *sigma.Rule, dst []event.Field) []event.Field {
	x := p.inputs[rule]
	if x == nil {
		return dst
	}
	text := []byte{'['}
	for i, r := range x.readers {
		if i > 0 {
			text = append(text, ',')
		}
		values := r.Append(nil, ev)
		if len(values) == 0 || values[0] == "" {
			text = append(text, "null"...)
			continue
		}
		text, _ = jsontext.AppendQuote(text, clip(strings.ToValidUTF8(values[0], "\uFFFD"))) // valid text cannot fail
	}
	return append(dst, event.Field{Name: notePrefix + rule.ID, Value: string(append(text, ']'))})
}

func clip(s string) string {
	if len(s) <= maxValue {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	cut := maxValue
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…" + hex.EncodeToString(sum[:8])
}

// values reads a note back; a missing value is nil.
func (x *input) values(text string) ([]*string, bool) {
	var out []*string
	if err := json.Unmarshal([]byte(text), &out); err != nil || len(out) != len(x.fields) {
		return nil, false
	}
	return out, true
}

// Digest changes whenever Notes of the same events would be others: with the
// rules that are inputs, and the fields that are needed of them.
func (p *Plan) Digest() string {
	if len(p.byID) == 0 {
		return ""
	}
	h := sha256.New()
	for _, c := range p.list {
		for i := range c.Inputs {
			if r := c.Inputs[i].Rule; r != nil {
				h.Write([]byte(r.ID + "\x00" + r.Digest() + "\x00" + strings.Join(p.inputs[r].fields, "\x00") + "\n"))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
