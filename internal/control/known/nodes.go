package known

import (
	"net/netip"
	"strings"

	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/query"
)

// anyOf holds when one of nodes does; of none, never.
func anyOf(nodes []query.Node) query.Node {
	var flat []query.Node
	for _, n := range nodes {
		switch n := n.(type) {
		case query.Or:
			flat = append(flat, n.Nodes...)
		case query.And:
			if len(n.Nodes) == 0 {
				return n // always
			}
			flat = append(flat, n)
		default:
			flat = append(flat, n)
		}
	}
	switch len(flat) {
	case 0:
		return query.Not{Node: query.And{}}
	case 1:
		return flat[0]
	}
	return query.Or{Nodes: flat}
}

// allOf holds when all of nodes do.
func allOf(nodes ...query.Node) query.Node {
	var flat []query.Node
	for _, n := range nodes {
		if and, ok := n.(query.And); ok {
			flat = append(flat, and.Nodes...)
			continue
		}
		flat = append(flat, n)
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return query.And{Nodes: flat}
}

// either holds when the condition does for one of some columns.
func either(columns []string, is func(column string) query.Node) query.Node {
	nodes := make([]query.Node, len(columns))
	for i, c := range columns {
		nodes[i] = is(c)
	}
	return anyOf(nodes)
}

// during is that an event happened while an entry held.
func during(v estate.Validity) query.Node {
	var nodes []query.Node
	if !v.From.IsZero() {
		nodes = append(nodes, query.Match{Field: "time", Op: query.GreaterEq, Time: v.From.UTC()})
	}
	if !v.To.IsZero() {
		nodes = append(nodes, query.Match{Field: "time", Op: query.Less, Time: v.To.UTC()})
	}
	return allOf(nodes...)
}

func equal(column, value string) query.Node {
	return query.Match{Field: column, Op: query.Equal, Value: query.Fold(value)}
}

// like compares with a pattern, of which literal makes the parts that are not
// wild.
func like(column string, pattern ...string) query.Node {
	return query.Match{Field: column, Op: query.Like, Value: strings.Join(pattern, "")}
}

// literal is text in a pattern, with nothing wild in it.
func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`).Replace(query.Fold(s))
}

func within(prefix netip.Prefix) func(column string) query.Node {
	return func(column string) query.Node {
		return query.Match{Field: column, Op: query.Within, Prefix: prefix}
	}
}

// everywhere is that a column holds an address at all.
func everywhere(column string) query.Node {
	return anyOf([]query.Node{within(netip.MustParsePrefix("0.0.0.0/0"))(column), within(netip.MustParsePrefix("::/0"))(column)})
}

func addressIs(addr netip.Addr) func(column string) query.Node {
	return func(column string) query.Node { return equal(column, addr.String()) }
}

// claimed is that somebody acted by an account of a person, or was acted upon:
// in its sources, while it was theirs, and not where it was another's.
func claimed(c estate.Claim) query.Node {
	return either([]string{"actor_user", "target_user"}, func(column string) query.Node {
		nodes := []query.Node{account(column, c.Account), of(c.Person)}
		for _, x := range c.Except {
			nodes = append(nodes, query.Not{Node: allOf(exactly(column, c.Account, x.Account), of(x))})
		}
		return allOf(nodes...)
	})
}

// of is that an event is of a row's source and time.
func of(p estate.Person) query.Node {
	when := during(p.Validity)
	if p.Source == "" {
		return when
	}
	return allOf(equal("source", p.Source), when)
}

// account is that a column holds an account, alone or with a domain.
func account(column, name string) query.Node {
	whole := equal(column, name)
	if estate.Bare(name) != strings.ToLower(name) {
		return whole // it names its domain
	}
	n := literal(name)
	return anyOf([]query.Node{whole, like(column, `*\\`, n), like(column, n, "@*"), like(column, `*\\`, n, "@*")})
}

// exactly is what an account of another goes before: all of it where it is the
// same account, else that with the domain.
func exactly(column, mine, other string) query.Node {
	if strings.EqualFold(mine, other) {
		return query.And{}
	}
	return equal(column, other)
}
