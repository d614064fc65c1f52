package sigma

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma/logsource"
	"github.com/konseki/konseki/internal/sigma/pattern"
)

// A Match is a rule that holds of an event, and because of which values.
type Match struct {
	Rule    *Rule
	Because []Reason
}

// A Matcher matches events against an Engine. It keeps scratch space between
// events and may be used by one goroutine at a time.
type Matcher struct {
	engine *Engine
	ev     *event.Event
	raw    []byte

	epoch  uint32
	slots  []slot
	values []value
	arena  []byte

	// Of the group at hand:
	group   *group
	sure    uint32 // the index decides its predicates below this number
	decided uint32 // and rules out those below this one
	holding bitset // its predicates that hold, or may hold
	asked   bitset // its predicates that were evaluated
	seen    []uint32
	found   []uint32 // candidate rules

	// Of the value at hand:
	tried bitset   // predicates met in it
	hits  []uint32 // predicates it satisfies

	because []Reason
	matched []uint32 // rules that hold of the event at hand, in order
	byRows  map[logsource.Rows][]*group
	texts   *logsource.Texts
	memo    *memo
}

// A slot holds the first and last value of a field in the event of its epoch.
type slot struct {
	epoch       uint32
	first, last int32
}

// Scratch space that a Matcher keeps between events.
const (
	maxArena  = 1 << 20 // bytes
	maxValues = 1 << 14
)

// NewMatcher returns a Matcher for one goroutine.
func (e *Engine) NewMatcher() *Matcher {
	return &Matcher{
		engine: e, slots: make([]slot, len(e.fields)), seen: make([]uint32, len(e.rules)),
		holding: newBitset(e.widest), asked: newBitset(e.widest), tried: newBitset(e.widest),
		byRows: make(map[logsource.Rows][]*group), texts: logsource.NewTexts(), memo: newMemo(e.remembered),
	}
}

// Match appends to dst the rules that hold of the event, in the order of the
// Engine's rules. raw is the record's bytes, for keywords; ev.Text is taken
// instead where it is set. Nothing is allocated when nothing matches.
func (m *Matcher) Match(ev *event.Event, raw []byte, dst []Match) []Match {
	groups := m.groupsOf(ev)
	if len(groups) == 0 {
		return dst
	}
	m.begin(ev, raw)
	for _, g := range groups {
		m.enter(g)
		m.sure, m.decided = g.sure, g.decided
		m.collect()
		dst = m.judge(dst)
	}
	m.ev, m.raw = nil, nil
	return dst
}

// FullScan is Match without the index: it evaluates every rule of the event's
// logsources. It is for checking the index and slow.
func (e *Engine) FullScan(ev *event.Event, raw []byte, dst []Match) []Match {
	return e.NewMatcher().fullScan(ev, raw, dst)
}

func (m *Matcher) fullScan(ev *event.Event, raw []byte, dst []Match) []Match {
	groups := m.groupsOf(ev)
	m.begin(ev, raw)
	for _, g := range groups {
		m.enter(g)
		m.sure, m.decided = 0, 0
		m.found = append(m.found, g.rules...)
		dst = m.judge(dst)
	}
	return dst
}

// enter turns to a group of rules.
func (m *Matcher) enter(g *group) {
	m.group = g
	words := (len(g.preds) + 63) / 64
	clear(m.holding[:words])
	clear(m.asked[:words])
	m.found = m.found[:0]
}

// judge evaluates the candidates and adds those that hold at their place.
func (m *Matcher) judge(dst []Match) []Match {
	for _, r := range m.found {
		if !m.eval(m.engine.roots[r]) {
			continue
		}
		at := len(m.matched)
		for at > 0 && m.matched[at-1] > r {
			at--
		}
		place := len(dst) - len(m.matched) + at
		dst = slices.Insert(dst, place, Match{m.engine.rules[r], m.reasons(r)})
		m.matched = slices.Insert(m.matched, at, r)
	}
	return dst
}

// groupsOf gives the groups of rules meant for the event.
func (m *Matcher) groupsOf(ev *event.Event) []*group {
	rows := m.engine.router.Route(ev)
	if rows.Empty() && !m.engine.always {
		return nil
	}
	groups, ok := m.byRows[rows]
	if ok {
		return groups
	}
	for _, g := range m.engine.groups {
		if g.need.Holds(rows) {
			groups = append(groups, g)
		}
	}
	m.byRows[rows] = groups
	return groups
}

func (m *Matcher) begin(ev *event.Event, raw []byte) {
	if m.epoch++; m.epoch == 0 { // wrapped: old stamps would look new
		clear(m.slots)
		clear(m.seen)
		m.epoch = 1
	}
	m.ev, m.raw = ev, raw
	clear(m.values) // let go of the last event's strings
	m.values, m.matched, m.arena = m.values[:0], m.matched[:0], m.arena[:0]
	if cap(m.arena) > maxArena {
		m.arena = nil
	}
	if cap(m.values) > maxValues {
		m.values = nil
	}
	for i := range ev.Fields {
		f := &ev.Fields[i]
		id, ok := m.engine.byName[f.Name]
		for ok && id != none {
			m.add(id, value{text: f.Value, lo: notFolded, next: none})
			id = m.engine.fields[id].next
		}
	}
}

// add appends a value to a field.
func (m *Matcher) add(id int32, v value) {
	at := int32(len(m.values))
	m.values = append(m.values, v)
	s := &m.slots[id]
	if s.epoch != m.epoch || s.first == none {
		*s = slot{m.epoch, at, at}
		return
	}
	m.values[s.last].next = at
	s.last = at
}

// first returns a field's first value, or none. Columns stand in for native
// fields that are missing; keywords are gathered when first asked for.
func (m *Matcher) first(id int32) int32 {
	s := &m.slots[id]
	if s.epoch == m.epoch {
		return s.first
	}
	*s = slot{m.epoch, none, none}
	if id == m.engine.keyword {
		m.gatherKeywords()
		return s.first
	}
	m.standIn(id)
	return s.first
}

// Where a value is looked for in the record before it is searched on its own:
// if it has so many bytes, and so many bytes behind the last one found.
const (
	longText = 8
	nearby   = 256
)

// gatherKeywords makes the values that keywords are looked for in: the record,
// the message and the native values, without those that the record spells out.
func (m *Matcher) gatherKeywords() {
	id := m.engine.keyword
	rest := m.raw
	if m.ev.Text != "" {
		m.add(id, value{text: m.ev.Text, lo: notFolded, next: none})
		m.arena = append(m.arena, m.ev.Text...)
		rest = m.arena[len(m.arena)-len(m.ev.Text):]
	} else if len(m.raw) > 0 {
		m.add(id, value{raw: m.raw, lo: notFolded, next: none})
	}
	rest = m.addKeyword(id, m.ev.Message, rest)
	for i := range m.ev.Fields {
		rest = m.addKeyword(id, m.ev.Fields[i].Value, rest)
	}
}

// addKeyword adds a text unless it stands at the beginning of rest, which is
// what of the record follows on the last text found; then it returns what
// follows on this one.
func (m *Matcher) addKeyword(id int32, text string, rest []byte) []byte {
	if text == "" {
		return rest
	}
	// Only a text of whole characters folds to the same in another one.
	if len(text) >= longText && !m.engine.anchored && utf8.ValidString(text) {
		lo := len(m.arena)
		m.arena = append(m.arena, text...)
		at := bytes.Index(rest[:min(len(rest), len(text)+nearby)], m.arena[lo:])
		m.arena = m.arena[:lo]
		if at >= 0 {
			return rest[at+len(text):]
		}
	}
	m.add(id, value{text: text, lo: notFolded, next: none})
	return rest
}

// folded returns a value without its case. The slice is good until the next
// value is folded.
func (m *Matcher) folded(at int32) []byte {
	v := &m.values[at]
	if v.lo == notFolded {
		v.lo = int32(len(m.arena))
		if v.raw != nil {
			m.arena = pattern.AppendFold(m.arena, v.raw)
		} else {
			m.arena = pattern.AppendFold(m.arena, v.text)
		}
		v.hi = int32(len(m.arena))
		m.arena = slices.Grow(m.arena, padding)
	}
	return m.arena[v.lo:v.hi]
}

// collect decides what the index can decide and finds the candidates.
func (m *Matcher) collect() {
	m.candidates(m.group.open)
	for i := range m.group.index {
		x := &m.group.index[i]
		at := m.first(x.field)
		if at != none {
			m.candidates(x.present)
		}
		for ; at != none; at = m.values[at].next {
			m.recall(x, at)
		}
	}
}

// recall takes what is known of a value or else what a search finds.
func (m *Matcher) recall(x *fieldIndex, at int32) {
	if x.long == nil && x.short == nil || x.field == m.engine.keyword {
		m.search(x, at) // quickly done, or of a record, which is like no other
		m.take(m.hits)
		return
	}
	text := m.values[at].text
	entry, known := m.memo.find(x.memo, text)
	if known != nil {
		for ; len(known) > 0; known = known[4:] {
			m.hold(binary.LittleEndian.Uint32(known))
		}
		return
	}
	m.search(x, at)
	m.take(m.hits)
	if entry != nil {
		m.memo.keep(entry, text, m.hits)
	}
}

// search finds the predicates of an index that a value satisfies.
func (m *Matcher) search(x *fieldIndex, at int32) {
	m.hits = m.hits[:0]
	if m.values[at].size() < x.least {
		return
	}
	s := m.folded(at)
	if len(x.exact) > 0 {
		m.hits = append(m.hits, x.exact[string(s)]...)
	}
	if x.long != nil {
		m.hits = x.long.scan(s, m.tried, m.hits)
	}
	if x.short != nil {
		m.hits = x.short.scan(s, m.tried, m.hits)
	}
	for _, p := range m.hits {
		m.tried.drop(p)
	}
}

func (m *Matcher) take(preds []uint32) {
	for _, p := range preds {
		m.hold(p)
	}
}

// hold notes that a predicate holds, and the rules that makes candidates.
func (m *Matcher) hold(p uint32) {
	m.holding.add(p)
	m.candidates(m.group.leads.of(p))
}

func (m *Matcher) candidates(rules []uint32) {
	for _, r := range rules {
		if m.seen[r] != m.epoch {
			m.seen[r] = m.epoch
			m.found = append(m.found, r)
		}
	}
}

func (m *Matcher) eval(at uint32) bool {
	n := &m.engine.nodes[at]
	switch n.kind {
	case exprPredicate:
		return m.holds(n.first)
	case exprNot:
		return !m.eval(m.engine.kids[n.first])
	}
	stop := n.kind == exprOr
	for _, k := range m.engine.kids[n.first : n.first+n.count] {
		if m.eval(k) == stop {
			return stop
		}
	}
	return !stop
}

// holds tells whether a predicate of the group holds. What the index does not
// decide is evaluated once per event, and only if the index does not rule it out.
func (m *Matcher) holds(p uint32) bool {
	if p < m.sure || m.asked.has(p) {
		return m.holding.has(p)
	}
	if p < m.decided && !m.holding.has(p) {
		return false
	}
	m.asked.add(p)
	holds := m.witness(&m.group.preds[p]) != none
	if holds {
		m.holding.add(p)
	} else {
		m.holding.drop(p)
	}
	return holds
}

// absent is what witness gives for a predicate that holds without a value.
const absent = -2

// witness returns the first value that satisfies a predicate, absent when it
// holds because there is no value, or none when it does not hold.
func (m *Matcher) witness(p *compiledPredicate) int32 {
	at := m.first(p.id)
	switch p.op {
	case opNull:
		if at == none {
			return absent
		}
		return none
	case opExists:
		return at
	case opFieldRef:
		return m.refers(p, at)
	}
	for ; at != none; at = m.values[at].next {
		if p.op == opRegexp {
			if m.expression(p, at) {
				return at
			}
		} else if s := m.folded(at); p.matches(&m.values[at], s) {
			return at
		}
	}
	return none
}

func (m *Matcher) refers(p *compiledPredicate, at int32) int32 {
	for ; at != none; at = m.values[at].next {
		for other := m.first(p.ref); other != none; other = m.values[other].next {
			if p.cased {
				if compareFields(p.how, []byte(m.values[at].string()), []byte(m.values[other].string())) {
					return at
				}
				continue
			}
			m.folded(at)
			t := m.folded(other)
			if compareFields(p.how, m.folded(at), t) {
				return at
			}
		}
	}
	return none
}

// expression tells whether a regular expression matches a value. Expressions
// are slow: they are run only on values that hold what they need, and once on
// values that come again.
func (m *Matcher) expression(p *compiledPredicate, at int32) bool {
	s, v := m.folded(at), &m.values[at]
	if matches, sure := p.re.Glance(v.text, v.raw, s); sure {
		return matches
	}
	if v.raw != nil {
		return p.re.Match("", v.raw)
	}
	entry, known := m.memo.find(p.memo, v.text)
	if known != nil {
		return len(known) > 0
	}
	matches := p.re.Match(v.text, nil)
	if entry != nil {
		m.hits = m.hits[:0]
		if matches {
			m.hits = append(m.hits, 1)
		}
		m.memo.keep(entry, v.text, m.hits)
	}
	return matches
}
