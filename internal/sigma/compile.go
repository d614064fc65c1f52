package sigma

import (
	"cmp"
	"slices"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma/logsource"
)

// An Engine is a set of rules compiled for matching. It is immutable and may
// be shared; matching is done by Matchers.
type Engine struct {
	rules    []*Rule
	unrouted []*Rule
	router   *logsource.Router

	nodes      []node
	kids       []uint32
	roots      []uint32 // per rule
	groups     []*group
	remembered int // indexes and expressions of all groups
	widest     int // predicates of the largest group

	fields  []field
	byName  map[string]int32 // first field of a native name
	keyword int32            // the keyword pseudo field, or none
	// anchored says that some keyword is an expression, for which a value may
	// not stand in for the record it is part of.
	anchored bool
	always   bool // some rules are for events of any logsource
}

// A field is a name that rules ask for, with the column that stands in.
type field struct {
	reads []standIn
	all   bool  // all of them count and not the first that has a value
	next  int32 // another field of the same name, or none
}

type compiledPredicate struct {
	*predicate
	id, ref int32 // fields
	memo    int   // of opRegexp: its number for the memo
}

// A node is an expr in the Engine's flat form.
type node struct {
	kind  exprKind
	first uint32 // predicate of the group, or first of kids
	count uint32
}

// A group is the rules of one logsource with their predicates and their index.
type group struct {
	source Logsource
	need   logsource.Requirement
	rules  []uint32
	open   []uint32 // rules without a witness: always evaluated

	// preds are the predicates of all rules, each once: first those that the
	// index finds in a value, then those that it finds and a look at the value
	// confirms, then those that are only evaluated when a rule asks.
	preds   []compiledPredicate
	sure    uint32 // predicates of the first kind
	decided uint32 // predicates of the first two kinds
	index   []fieldIndex
	leads   leads
}

// Compile prepares rules for matching. Rules of a logsource that no event
// belongs to are kept in Rules and listed by Unrouted.
func Compile(rules []*Rule) *Engine {
	c := &compiler{
		Engine: &Engine{
			rules: slices.Clone(rules), router: logsource.NewRouter(), byName: make(map[string]int32),
			keyword: none, roots: make([]uint32, len(rules)),
		},
		fieldOf: make(map[logsource.Field]int32), long: everydayGrams(longNeedle), short: everydayGrams(shortNeedle),
	}
	groups := make(map[Logsource]*group)
	for i, r := range c.rules {
		g, ok := groups[r.Logsource]
		if !ok {
			need, routed := c.router.Require(r.Logsource)
			if routed {
				g = &group{source: r.Logsource, need: need}
				c.always = c.always || len(need) == 0
				c.router.Activate(need)
				c.groups = append(c.groups, g)
			}
			groups[r.Logsource] = g
		}
		if g == nil {
			c.unrouted = append(c.unrouted, r)
			continue
		}
		g.rules = append(g.rules, uint32(i))
	}
	for _, g := range c.groups {
		c.compileGroup(g)
	}
	return c.Engine
}

// Rules returns every rule of the engine in the order given to Compile.
func (e *Engine) Rules() []*Rule { return slices.Clone(e.rules) }

// Unrouted returns the rules whose logsource no event belongs to.
func (e *Engine) Unrouted() []*Rule { return slices.Clone(e.unrouted) }

// Sees lists the logsources that an event belongs to, whether rules of the
// engine ask for them or not.
func (e *Engine) Sees(ev *event.Event) []Logsource { return e.router.Sees(ev) }

type compiler struct {
	*Engine
	fieldOf map[logsource.Field]int32
	names   *logsource.Names // of the group being compiled

	long, short grams // for scanners
}

func (c *compiler) compileGroup(g *group) {
	c.names = logsource.NewNames(g.source)
	shared := sharing{byKey: make(map[string]*predicate), clues: make(map[*predicate]*clue), leading: make(map[string]bool)}
	conds := make([]*expr, len(g.rules))
	for i, r := range g.rules {
		conds[i] = shared.share(c.rules[r].cond)
		shared.count(conds[i])
	}
	sets := make([][]witness, len(g.rules))
	for i, r := range g.rules {
		set, ok := witnesses(conds[i], shared.clues)
		if !ok {
			g.open = append(g.open, r)
			continue
		}
		sets[i] = set
		for _, w := range set {
			shared.clues[w.pred].witness = true
			shared.leading[w.pred.field] = true
		}
	}
	number := c.number(g, &shared)
	for i, r := range g.rules {
		c.roots[r] = c.flatten(conds[i], number)
	}
	c.buildIndex(g, sets, number, shared.clues)
	c.widest = max(c.widest, len(g.preds))
}

// number puts a group's predicates in their order.
func (c *compiler) number(g *group, shared *sharing) map[*predicate]uint32 {
	number := make(map[*predicate]uint32, len(shared.list))
	byKind := [3][]*predicate{}
	for _, p := range shared.list {
		k := asked
		if shared.leading[p.field] {
			k = kindOf(p, shared.clues[p])
		}
		byKind[k] = append(byKind[k], p)
	}
	for _, same := range byKind {
		for _, p := range same {
			number[p] = uint32(len(g.preds))
			out := compiledPredicate{predicate: p, id: c.intern(p.field), ref: none}
			switch p.op {
			case opFieldRef:
				out.ref = c.intern(p.other)
			case opRegexp:
				out.memo = c.remembered
				c.remembered++
				c.anchored = c.anchored || p.field == keywordField
			}
			g.preds = append(g.preds, out)
		}
	}
	g.sure = uint32(len(byKind[indexed]))
	g.decided = g.sure + uint32(len(byKind[confirmed]))
	return number
}

// A sharing makes equal predicates of a group one.
type sharing struct {
	byKey map[string]*predicate
	list  []*predicate // in the order met
	clues map[*predicate]*clue
	// leading are the fields with a witness. Only they are worth an index.
	leading map[string]bool
}

// share replaces equal predicates by one and sorts siblings, cheap ones first.
func (s *sharing) share(e *expr) *expr {
	if e.kind == exprPredicate {
		k := e.pred.key()
		if p, ok := s.byKey[k]; ok {
			return leaf(p)
		}
		s.byKey[k] = e.pred
		s.list = append(s.list, e.pred)
		s.clues[e.pred] = newClue(e.pred)
		return e
	}
	out := &expr{kind: e.kind, kids: make([]*expr, len(e.kids))}
	costs := make(map[*expr]int, len(e.kids))
	for i, k := range e.kids {
		out.kids[i] = s.share(k)
		costs[out.kids[i]] = k.cost()
	}
	slices.SortStableFunc(out.kids, func(a, b *expr) int { return cmp.Compare(costs[a], costs[b]) })
	return out
}

// count notes which predicates a rule uses.
func (s *sharing) count(e *expr) {
	seen := make(map[*predicate]bool)
	e.predicates(func(p *predicate) {
		if !seen[p] {
			seen[p] = true
			s.clues[p].uses++
		}
	})
}

// flatten appends the tree to the engine's nodes and returns its root.
func (c *compiler) flatten(e *expr, number map[*predicate]uint32) uint32 {
	n := node{kind: e.kind}
	if e.kind == exprPredicate {
		n.first = number[e.pred]
	} else {
		kids := make([]uint32, len(e.kids))
		for i, k := range e.kids {
			kids[i] = c.flatten(k, number)
		}
		n.first, n.count = uint32(len(c.kids)), uint32(len(kids))
		c.kids = append(c.kids, kids...)
	}
	c.nodes = append(c.nodes, n)
	return uint32(len(c.nodes) - 1)
}

// intern gives a field's number under the aliases of the current group.
func (c *compiler) intern(name string) int32 {
	f := logsource.Field{Name: name}
	if name != keywordField {
		f = c.names.Field(name)
	}
	return c.field(f)
}

// field gives the number of a name together with what stands in for it.
func (c *compiler) field(key logsource.Field) int32 {
	if id, ok := c.fieldOf[key]; ok {
		return id
	}
	id := int32(len(c.fields))
	f := field{all: key.All(), next: none}
	if key.Name == keywordField {
		c.keyword = id
	} else {
		if first, ok := c.byName[key.Name]; ok {
			f.next = first
		}
		c.byName[key.Name] = id
	}
	c.fields = append(c.fields, f)
	c.fieldOf[key] = id
	c.fields[id].reads = c.standIns(key)
	return id
}
