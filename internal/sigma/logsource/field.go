package logsource

import "strings"

// A Field is a name that rules ask for and what stands in for it where an
// event does not carry it. Equal Fields read the same values.
type Field struct {
	Name     string // of native fields
	standIns string // as an alias says
}

// All reports whether all that stands in counts and not the first that has a
// value.
func (f Field) All() bool { return strings.HasPrefix(f.standIns, allOf) }

// A StandIn is one of the things that stand in for a missing field: the one of
// Field, Prefix and Column that is set.
type StandIn struct {
	Field  Field  // another field; none when its Name is empty
	Prefix string // all native fields whose names begin so
	Column Column
}

// Names resolves the field names of rules for one logsource. It may be shared.
type Names struct {
	tables  []aliases
	columns map[string]Column
}

// NewNames returns the names of a logsource.
func NewNames(l Logsource) *Names { return &Names{aliasesFor(l), columns()} }

// Field finds what stands in for a name of the Sigma taxonomy, of a native
// field or of a promoted column. A promoted column is always its own alias.
func (n *Names) Field(name string) Field {
	if _, ok := n.columns[name]; ok {
		return Field{name, name}
	}
	for i := range n.tables {
		standIns := n.tables[i].of(name)
		switch {
		case strings.HasPrefix(standIns, allOf):
			return Field{allOf + name, standIns} // no event has a field of this name
		case standIns != "":
			return Field{name, standIns}
		}
	}
	return Field{Name: name}
}

// StandIns lists what stands in for a field, best first.
func (n *Names) StandIns(f Field) []StandIn {
	var out []StandIn
	for name := range strings.SplitSeq(strings.TrimPrefix(f.standIns, allOf), "|") {
		column, promoted := n.columns[name]
		prefix, many := strings.CutSuffix(name, "*")
		switch {
		case name == "":
		case promoted:
			out = append(out, StandIn{Column: column})
		case many:
			out = append(out, StandIn{Prefix: prefix})
		case strings.HasPrefix(name, aliased):
			out = append(out, StandIn{Field: n.Field(name[len(aliased):])})
		default:
			out = append(out, StandIn{Field: Field{Name: name}})
		}
	}
	return out
}
