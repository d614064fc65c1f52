// Package logsource knows which events belong to which Sigma logsource, and under which names its rules find their fields.
//
// A Router tells for an event which rows of one table it belongs to; a rule's
// logsource becomes the Requirement that these rows must fulfil. Names tell
// what stands in for a field that an event does not carry, Readers read it.
// docs/logsources.md is written from the tables.
package logsource

// Logsource says which events a rule is meant for. An empty component matches
// any event.
type Logsource struct{ Product, Category, Service string }

// String gives "product/category/service" with "*" for what is not stated.
func (l Logsource) String() string {
	star := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	return star(l.Product) + "/" + star(l.Category) + "/" + star(l.Service)
}

// Contains reports whether other states every component that l states.
func (l Logsource) Contains(other Logsource) bool {
	fits := func(stated, has string) bool { return stated == "" || stated == has }
	return fits(l.Product, other.Product) && fits(l.Category, other.Category) && fits(l.Service, other.Service)
}

// Info tells which events a logsource has.
type Info struct {
	Logsource
	// Belongs says in words which events belong, one sentence for each kind;
	// empty when none do.
	Belongs []string
	// Why says why no event belongs; empty when some do.
	Why string
}

// List lists every logsource that konseki has decided on: those that
// have events first, then those that have none yet. A rule may combine a
// category and a service of one product.
func List() []Info {
	var out []Info
	at := make(map[Logsource]int)
	table := rows()
	for i := range table {
		r := &table[i]
		n, ok := at[r.Logsource]
		if !ok {
			n = len(out)
			at[r.Logsource] = n
			out = append(out, Info{Logsource: r.Logsource})
		}
		out[n].Belongs = append(out[n].Belongs, r.words())
	}
	return append(out, withoutSource()...)
}

// withoutSource lists the public logsources that no event konseki can derive
// belongs to, and why.
func withoutSource() []Info {
	return []Info{
		{Logsource: Logsource{"paloalto", "appliance", "globalprotect"}, Why: "asks for gpsvc.log, a debug file inside the appliance that PAN-OS does not send"},
		{Logsource: Logsource{"paloalto", "file_event", "globalprotect"}, Why: "asks for files created inside the appliance; PAN-OS logs none"},
	}
}
