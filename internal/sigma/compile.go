package sigma

import (
	"cmp"
	"slices"
	"strconv"
)

// An Engine is a set of rules compiled for matching. It is immutable and may
// be shared; matching is done by Matchers.
type Engine struct {
	rules    []*Rule
	unrouted []*Rule
	router   *router

	preds  []compiledPredicate
	nodes  []node
	kids   []uint32
	roots  []uint32 // per rule
	groups []*group

	fields  []field
	byName  map[string]int32 // first field of a native name
	keyword int32            // the keyword pseudo field, or none
	columns map[string]column
	// anchored says that some keyword is an expression, for which a value may
	// not stand in for the record it is part of.
	anchored bool
	always   bool // some rules are for events of any logsource
}

// A field is a name that rules ask for, with the column that stands in.
type field struct {
	key   fieldKey
	reads []standIn
	next  int32 // another field of the same name, or none
}

type compiledPredicate struct {
	*predicate
	id, ref int32 // fields
}

// A node is an expr in the Engine's flat form.
type node struct {
	kind  exprKind
	first uint32 // predicate, or first of kids
	count uint32
}

// A group is the rules of one logsource with their index.
type group struct {
	number int
	source Logsource
	need   requirement
	rules  []uint32
	open   []uint32 // rules without a witness: always evaluated
	index  []fieldIndex
}

// A fieldIndex leads from a field's value to the rules it makes candidates.
type fieldIndex struct {
	field   int32
	present []uint32
	exact   map[string][]uint32
	parts   *automaton
}

// Compile prepares rules for matching. Rules of a logsource that no event
// belongs to are kept in Rules and listed by Unrouted.
func Compile(rules []*Rule) *Engine {
	c := &compiler{
		Engine: &Engine{
			rules: slices.Clone(rules), router: newRouter(), byName: make(map[string]int32),
			keyword: none, columns: columns(), roots: make([]uint32, len(rules)),
		},
		predOf: make(map[string]uint32), fieldOf: make(map[fieldKey]int32),
	}
	groups := make(map[Logsource]*group)
	for i, r := range c.rules {
		g, ok := groups[r.Logsource]
		if !ok {
			need, routed := c.router.require(r.Logsource)
			if routed {
				g = &group{number: len(c.groups), source: r.Logsource, need: need}
				c.always = c.always || len(need) == 0
				c.router.activate(need)
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

type compiler struct {
	*Engine
	predOf  map[string]uint32
	fieldOf map[fieldKey]int32
	aliases []aliases // of the group being compiled
}

func (c *compiler) compileGroup(g *group) {
	c.aliases = aliasesFor(g.source)
	shared := make(map[string]*predicate)
	uses := make(map[*predicate]int)
	conds := make([]*expr, len(g.rules))
	for i, r := range g.rules {
		conds[i] = share(c.rules[r].cond, shared)
		seen := make(map[*predicate]bool)
		conds[i].predicates(func(p *predicate) {
			if !seen[p] {
				seen[p] = true
				uses[p]++
			}
		})
		c.roots[r] = c.flatten(conds[i])
	}
	b := &indexBuilder{fields: make(map[int32]*fieldBuilder)}
	for i, r := range g.rules {
		set, ok := witnesses(conds[i], uses)
		if !ok || b.needles+len(set) > maxNeedles {
			g.open = append(g.open, r)
			continue
		}
		for _, w := range set {
			b.add(c.intern(w.pred.field), w.pred, r)
		}
	}
	g.index = b.build()
}

// share replaces equal predicates by one and sorts siblings, cheap ones first.
func share(e *expr, shared map[string]*predicate) *expr {
	if e.kind == exprPredicate {
		k := e.pred.key()
		if p, ok := shared[k]; ok {
			return leaf(p)
		}
		shared[k] = e.pred
		return e
	}
	out := &expr{kind: e.kind, kids: make([]*expr, len(e.kids))}
	costs := make(map[*expr]int, len(e.kids))
	for i, k := range e.kids {
		out.kids[i] = share(k, shared)
		costs[out.kids[i]] = k.cost()
	}
	slices.SortStableFunc(out.kids, func(a, b *expr) int { return cmp.Compare(costs[a], costs[b]) })
	return out
}

// flatten appends the tree to the engine's nodes and returns its root.
func (c *compiler) flatten(e *expr) uint32 {
	n := node{kind: e.kind}
	if e.kind == exprPredicate {
		n.first = c.predicate(e.pred)
	} else {
		kids := make([]uint32, len(e.kids))
		for i, k := range e.kids {
			kids[i] = c.flatten(k)
		}
		n.first, n.count = uint32(len(c.kids)), uint32(len(kids))
		c.kids = append(c.kids, kids...)
	}
	c.nodes = append(c.nodes, n)
	return uint32(len(c.nodes) - 1)
}

func (c *compiler) predicate(p *predicate) uint32 {
	out := compiledPredicate{p, c.intern(p.field), none}
	if p.op == opFieldRef {
		out.ref = c.intern(p.other)
	}
	key := strconv.Itoa(int(out.id)) + "\x00" + strconv.Itoa(int(out.ref)) + "\x00" + p.key()
	if id, ok := c.predOf[key]; ok {
		return id
	}
	id := uint32(len(c.preds))
	c.preds = append(c.preds, out)
	c.predOf[key] = id
	if p.field == keywordField && p.op == opRegexp {
		c.anchored = true
	}
	return id
}

// intern gives a field's number under the aliases of the current group.
func (c *compiler) intern(name string) int32 {
	key := fieldKey{name: name}
	if name != keywordField {
		key = resolveField(c.aliases, c.columns, name)
	}
	return c.field(key)
}

// field gives the number of a name together with what stands in for it.
func (c *compiler) field(key fieldKey) int32 {
	if id, ok := c.fieldOf[key]; ok {
		return id
	}
	id := int32(len(c.fields))
	f := field{key: key, next: none}
	if key.name == keywordField {
		c.keyword = id
	} else {
		if first, ok := c.byName[key.name]; ok {
			f.next = first
		}
		c.byName[key.name] = id
	}
	c.fields = append(c.fields, f)
	c.fieldOf[key] = id
	c.fields[id].reads = c.standIns(key)
	return id
}

// maxNeedles bounds the needles of one group; rules beyond it are evaluated
// for every event of their logsource.
const maxNeedles = 200_000

type indexBuilder struct {
	fields  map[int32]*fieldBuilder
	needles int
}

type fieldBuilder struct {
	present []uint32
	exact   map[string][]uint32
	parts   map[needleKey][]uint32
}

type needleKey struct {
	text  string
	where op
}

// add files a witness of a rule.
func (b *indexBuilder) add(id int32, p *predicate, rule uint32) {
	f, ok := b.fields[id]
	if !ok {
		f = &fieldBuilder{exact: make(map[string][]uint32), parts: make(map[needleKey][]uint32)}
		b.fields[id] = f
	}
	b.needles++
	if p.op == opEqual {
		k := fold(p.text)
		f.exact[k] = appendOnce(f.exact[k], rule)
		return
	}
	texts := indexTexts(p)
	if len(texts) == 0 {
		f.present = appendOnce(f.present, rule)
		return
	}
	where := opContains
	if p.op == opPrefix || p.op == opSuffix {
		where = p.op
	}
	for _, t := range texts {
		k := needleKey{clip(t, where), where}
		f.parts[k] = appendOnce(f.parts[k], rule)
	}
}

func appendOnce(list []uint32, rule uint32) []uint32 {
	if n := len(list); n > 0 && list[n-1] == rule {
		return list
	}
	return append(list, rule)
}

func (b *indexBuilder) build() []fieldIndex {
	out := make([]fieldIndex, 0, len(b.fields))
	for id, f := range b.fields {
		x := fieldIndex{field: id, present: f.present, exact: f.exact}
		needles := make([]needle, 0, len(f.parts))
		for k, rules := range f.parts {
			needles = append(needles, needle{k.text, output{where: k.where, rules: rules}})
		}
		slices.SortFunc(needles, func(a, b needle) int {
			return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.where, b.where))
		})
		if len(needles) > 0 {
			x.parts = newAutomaton(needles)
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b fieldIndex) int { return cmp.Compare(a.field, b.field) })
	return out
}
