package overlooked

import (
	"net/netip"
	"strings"

	"github.com/konseki/konseki/internal/query"
)

// demand is how much of what a query names a record has to hold.
type demand uint8

const (
	some  demand = iota // one of the names: of a record of unknown form
	every               // all of them
)

// naming turns a query about events into one about the text of records that were
// not understood: names become words of the text, what such a record cannot tell
// (its class, outcome, numbers) is left out. It is false where nothing remains.
func naming(n query.Node, d demand) (query.Node, bool) {
	switch n := n.(type) {
	case query.Text:
		return n, true
	case query.Match:
		if fact(n) {
			return n, true
		}
		return words(n)
	case query.Or:
		return oneOf(n, d)
	case query.And:
		return allOf(n, d)
	case query.Not:
		if inner, ok := naming(n.Node, d); ok && !literal(n.Node) {
			return query.Not{Node: inner}, true
		}
	}
	return nil, false
}

// oneOf holds nothing where one branch asks for nothing.
func oneOf(n query.Or, d demand) (query.Node, bool) {
	out := query.Or{}
	for _, c := range n.Nodes {
		inner, ok := naming(c, d)
		if !ok {
			return nil, false
		}
		out.Nodes = append(out.Nodes, inner)
	}
	return out, len(out.Nodes) > 0
}

// allOf keeps what holds of every record, and of the names as many as demanded.
func allOf(n query.And, d demand) (query.Node, bool) {
	var out query.And
	var names query.Or
	for _, c := range n.Nodes {
		inner, ok := naming(c, d)
		switch {
		case !ok:
		case d == some && literal(c):
			names.Nodes = append(names.Nodes, inner)
		default:
			out.Nodes = append(out.Nodes, inner)
		}
	}
	if len(names.Nodes) > 0 {
		out.Nodes = append(out.Nodes, names)
	}
	return out, len(out.Nodes) > 0
}

// literal reports whether a query names anything that a format has to find in a
// record.
func literal(n query.Node) bool {
	switch n := n.(type) {
	case query.Match:
		_, ok := words(n)
		return ok && !fact(n)
	case query.And:
		return anyLiteral(n.Nodes)
	case query.Or:
		return anyLiteral(n.Nodes)
	}
	return false
}

// namesOnly is what a query asks of the names in an event, without what it asks
// beside them; false where it names nothing.
func namesOnly(n query.Node) (query.Node, bool) {
	var list []query.Node
	switch n := n.(type) {
	case query.Match:
		return n, literal(n)
	case query.And:
		list = n.Nodes
	case query.Or:
		return n, literal(n)
	}
	var out query.And
	for _, c := range list {
		if inner, ok := namesOnly(c); ok {
			out.Nodes = append(out.Nodes, inner)
		}
	}
	return out, len(out.Nodes) > 0
}

func anyLiteral(list []query.Node) bool {
	for _, n := range list {
		if literal(n) {
			return true
		}
	}
	return false
}

// fact reports whether a match holds of a record whoever reads it.
func fact(m query.Match) bool {
	if m.Native {
		return false
	}
	switch m.Field {
	case "source", "format", "record", "time", "time_rx":
		return true
	}
	return false
}

// words are the texts in which a record would hold what a match asks for.
func words(m query.Match) (query.Node, bool) {
	switch m.Field {
	case "host", "class_uid", "activity_id", "status_id", "severity_id", "time_quality", "src_port", "dst_port", "bytes_out":
		if !m.Native {
			return nil, false
		}
	}
	switch {
	case m.Op == query.Within && m.Prefix.IsSingleIP():
		return address(m.Prefix.Addr()), true
	case m.Op == query.Like:
		return query.Text{Word: m.Value, Wild: true}, strings.Trim(m.Value, "*?") != ""
	case m.Op != query.Equal || m.Value == "":
		return nil, false
	}
	if a, err := netip.ParseAddr(m.Value); err == nil {
		return address(a), true
	}
	return written(m.Value), true
}

// address holds where a text has an address in one of its usual spellings, and
// not only a longer one that contains it.
func address(a netip.Addr) query.Node {
	a = a.Unmap().WithZone("")
	out := query.Or{}
	add := func(word string) {
		for _, w := range writings(word) {
			out.Nodes = append(out.Nodes, alone(w))
		}
	}
	add(a.String())
	if a.Is6() {
		full := a.StringExpanded()
		add(full)
		groups := strings.Split(full, ":")
		for i, g := range groups {
			if groups[i] = strings.TrimLeft(g, "0"); groups[i] == "" {
				groups[i] = "0"
			}
		}
		add(strings.Join(groups, ":"))
	}
	return out
}

// alone holds where a text has an address that no digit goes on with.
func alone(word string) query.Node {
	between := ""
	if strings.Contains(word, "\x00") {
		between = "\x00"
	}
	longer := query.Or{}
	for c := '0'; c <= '9'; c++ {
		longer.Nodes = append(longer.Nodes, query.Text{Word: word + between + string(c)}, query.Text{Word: string(c) + between + word})
	}
	return query.And{Nodes: []query.Node{query.Text{Word: word}, query.Not{Node: longer}}}
}

// widened lets accounts match with and without their domain; false where no
// account is asked for, or only by what is not so.
func widened(n query.Node) (query.Node, bool) {
	switch n := n.(type) {
	case query.And:
		list, changed := widenedAll(n.Nodes)
		return query.And{Nodes: list}, changed
	case query.Or:
		list, changed := widenedAll(n.Nodes)
		return query.Or{Nodes: list}, changed
	case query.Match:
		if (n.Field == "actor_user" || n.Field == "target_user") && !n.Native && n.Op == query.Equal && n.Value != "" {
			return spellings(n), true
		}
	}
	return n, false
}

func widenedAll(list []query.Node) ([]query.Node, bool) {
	out := make([]query.Node, len(list))
	changed := false
	for i, c := range list {
		var one bool
		out[i], one = widened(c)
		changed = changed || one
	}
	return out, changed
}

// spellings are the ways in which systems write one account: alone, with @ and
// its domain, with its domain and \ or /.
func spellings(m query.Match) query.Node {
	name := strings.TrimSpace(m.Value)
	if i := strings.LastIndexAny(name, `\/`); i >= 0 && i+1 < len(name) {
		name = name[i+1:]
	}
	if i := strings.IndexByte(name, '@'); i > 0 {
		name = name[:i]
	}
	guarded := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(name)
	out := query.Or{Nodes: []query.Node{m}}
	exact := m
	exact.Value = name
	out.Nodes = append(out.Nodes, exact)
	for _, pattern := range []string{guarded + "@*", `*\\` + guarded, `*/` + guarded} {
		like := m
		like.Op, like.Value = query.Like, pattern
		out.Nodes = append(out.Nodes, like)
	}
	return out
}
