package query

import (
	"errors"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// The fields that stand for what the company knows of itself and not for what a
// record says.
const (
	FieldPerson  = "person"
	FieldDevice  = "device"
	FieldNetwork = "network"
	FieldItem    = "item"
)

// Known asks for a person, device, network or sensitive item by a name that the
// company gave it. No event holds such names: a [Resolver] puts what an event
// can hold in its place.
type Known struct {
	Field string // one of the constants
	// Value is folded; with Wild it is a folded pattern, see [Pattern].
	Value string
	Wild  bool
}

// Fits reports whether a name is the one asked for, whatever its case.
func (n Known) Fits(name string) bool {
	if n.Wild {
		return likes(Fold(name), Pattern(n.Value))
	}
	return Fold(name) == n.Value
}

// String writes the term as it would stand in a query.
func (n Known) String() string {
	var b strings.Builder
	n.write(&b, false)
	return b.String()
}

func (n Known) write(b *strings.Builder, _ bool) {
	b.WriteString(n.Field)
	b.WriteByte(':')
	writeValue(b, n.Value, n.Wild)
}

// Resolver puts comparisons of events in the place of a term, as they hold
// within [from,to), zero being open, and says what it took the term to mean.
// What it gives holds no Known. A *SyntaxError that it returns is pointed at
// the term.
type Resolver func(term Known, from, to time.Time) (Node, Meaning, error)

// Meaning is what a term of a query was taken to mean. The lists are for people
// and programs to read and may be cut; Said counts all.
type Meaning struct {
	Term      string         `json:"term"` // as it stands in the query
	Said      event.Phrase   `json:"said"`
	Versions  map[string]int `json:"versions,omitempty"` // of the company's knowledge, by its kind
	People    []string       `json:"people,omitempty"`
	Devices   []string       `json:"devices,omitempty"`
	Accounts  []string       `json:"accounts,omitempty"`
	Addresses []string       `json:"addresses,omitempty"`
	Hosts     []string       `json:"hosts,omitempty"`
	Networks  []string       `json:"networks,omitempty"`
	Patterns  []string       `json:"patterns,omitempty"`
	// Unknown is where the company's knowledge has a hole: an event may be the
	// device's and nothing tells.
	Unknown []Hole `json:"unknown,omitempty"`
}

// Hole is a stretch of time, [From,To), in which the address of a device is not
// known; zero is open.
type Hole struct {
	Device string    `json:"device"`
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
}

// maxResolved bounds the comparisons of a plan once its terms are resolved.
const maxResolved = 2048

// knownField is the field that a name stands for, or "".
func knownField(name string) string {
	switch Fold(name) {
	case FieldPerson, "人", "氏名":
		return FieldPerson
	case FieldDevice, "機器", "機器名":
		return FieldDevice
	case FieldNetwork, "ネットワーク":
		return FieldNetwork
	case FieldItem, "要注意", "区分":
		return FieldItem
	}
	return ""
}

// known builds a term that is to be resolved.
func (p *parser) known(f field, v parts, at int) (Node, error) {
	if op, _ := v.sign(); op != Equal {
		return nil, p.fail(at, f.known+": takes a name, it cannot be compared", `write `+f.known+`:"the name"`)
	}
	value, wild := joinPattern(v.pieces())
	if value == "" {
		return nil, p.fail(at, f.known+": takes a name", `write `+f.known+`:"the name"`)
	}
	if p.opts.Known == nil {
		return nil, p.fail(at, f.known+": stands for what the company knows of itself, which is not at hand here", `search for accounts and addresses, or write "`+f.known+`":… for a field of that name in the records`)
	}
	p.places = append(p.places, at)
	return Known{Field: f.known, Value: value, Wild: wild}, nil
}

// resolve fills in what the terms of a plan mean. The tree still holds them in
// the order in which they were read, so that places tells where each stands.
func (p *parser) resolve(plan *Plan) error {
	if len(p.places) == 0 {
		return nil
	}
	plan.Asked = plan.Root
	next := 0
	root, err := replace(plan.Root, func(term Known) (Node, error) {
		at := p.places[next]
		next++
		n, meaning, err := p.opts.Known(term, plan.From, plan.To)
		if wrong, ok := errors.AsType[*SyntaxError](err); ok {
			pointed := *wrong
			pointed.Pos = at + 1
			return nil, &pointed
		}
		if err != nil {
			return nil, err
		}
		meaning.Term = term.String()
		plan.Known = append(plan.Known, meaning)
		return n, nil
	})
	if err != nil {
		return err
	}
	if leaves(root) > maxResolved {
		return p.fail(p.places[0], "what this stands for is too much for one search", "give a narrower window, or fewer names")
	}
	plan.Root = root
	return nil
}

// replace puts a node in the place of each term of a tree.
func replace(n Node, by func(Known) (Node, error)) (Node, error) {
	switch n := n.(type) {
	case Known:
		return by(n)
	case Not:
		inner, err := replace(n.Node, by)
		return Not{inner}, err
	case And:
		nodes, err := replaceAll(n.Nodes, by)
		return joinAnd(nodes), err
	case Or:
		nodes, err := replaceAll(n.Nodes, by)
		return joinOr(nodes), err
	}
	return n, nil
}

func replaceAll(nodes []Node, by func(Known) (Node, error)) ([]Node, error) {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], err = replace(n, by); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// leaves counts the comparisons of a tree.
func leaves(n Node) int {
	all := 0
	switch n := n.(type) {
	case And:
		for _, c := range n.Nodes {
			all += leaves(c)
		}
	case Or:
		for _, c := range n.Nodes {
			all += leaves(c)
		}
	case Not:
		all = leaves(n.Node)
	default:
		all = 1
	}
	return all
}
