package sigma

import (
	"bytes"
	"slices"

	"github.com/konseki/konseki/internal/event"
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
	truth  []truth // per predicate
	seen   []uint32
	found  []uint32 // candidate rules of the event at hand

	byRows map[rowSet][]*group
	texts  *texts
	memos  [][]*memo // per group and field of its index; nil for keywords
	led    []uint32  // rules the value at hand leads to
}

// A slot holds the first and last value of a field in the event of its epoch.
type slot struct {
	epoch       uint32
	first, last int32
}

// A truth is what is known of a predicate in the event of its epoch.
type truth struct {
	epoch uint32
	holds bool
}

// maxArena is how much scratch space a Matcher keeps between events.
const maxArena = 1 << 20

// NewMatcher returns a Matcher for one goroutine.
func (e *Engine) NewMatcher() *Matcher {
	m := &Matcher{
		engine: e, memos: make([][]*memo, len(e.groups)), slots: make([]slot, len(e.fields)), truth: make([]truth, len(e.preds)),
		seen: make([]uint32, len(e.rules)), byRows: make(map[rowSet][]*group), texts: newTexts(),
	}
	for i, g := range e.groups {
		m.memos[i] = make([]*memo, len(g.index))
	}
	return m
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
		m.collect(g)
	}
	slices.Sort(m.found)
	for _, r := range m.found {
		if m.eval(m.engine.roots[r]) {
			dst = append(dst, Match{m.engine.rules[r], m.reasons(r)})
		}
	}
	m.ev, m.raw = nil, nil
	return dst
}

// FullScan is Match without the index: it evaluates every rule of the event's
// logsources. It is for checking the index and slow.
func (e *Engine) FullScan(ev *event.Event, raw []byte, dst []Match) []Match {
	m := e.NewMatcher()
	groups := m.groupsOf(ev)
	m.begin(ev, raw)
	for _, g := range groups {
		m.found = append(m.found, g.rules...)
	}
	slices.Sort(m.found)
	for _, r := range m.found {
		if m.eval(e.roots[r]) {
			dst = append(dst, Match{e.rules[r], m.reasons(r)})
		}
	}
	return dst
}

// groupsOf gives the groups of rules meant for the event.
func (m *Matcher) groupsOf(ev *event.Event) []*group {
	rows := m.engine.router.route(ev)
	if rows.empty() && !m.engine.always {
		return nil
	}
	groups, ok := m.byRows[rows]
	if ok {
		return groups
	}
	for _, g := range m.engine.groups {
		if g.need.holds(rows) {
			groups = append(groups, g)
		}
	}
	m.byRows[rows] = groups
	return groups
}

func (m *Matcher) begin(ev *event.Event, raw []byte) {
	if m.epoch++; m.epoch == 0 { // wrapped: old stamps would look new
		clear(m.slots)
		clear(m.truth)
		clear(m.seen)
		m.epoch = 1
	}
	m.ev, m.raw = ev, raw
	clear(m.values) // let go of the last event's strings
	m.values, m.found, m.arena = m.values[:0], m.found[:0], m.arena[:0]
	if cap(m.arena) > maxArena {
		m.arena = nil
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

// longText is the size from which a value is worth looking for in the record
// before it is searched on its own.
const longText = 32

// gatherKeywords makes the values that keywords are looked for in: the record,
// the message and the native values, without those that the record spells out.
func (m *Matcher) gatherKeywords() {
	id := m.engine.keyword
	raw := value{raw: m.raw, lo: notFolded, next: none}
	if m.ev.Text != "" {
		raw = value{text: m.ev.Text, lo: notFolded, next: none}
	}
	if m.ev.Text != "" || len(m.raw) > 0 {
		m.add(id, raw)
	}
	m.addKeyword(id, m.ev.Message)
	for i := range m.ev.Fields {
		m.addKeyword(id, m.ev.Fields[i].Value)
	}
}

func (m *Matcher) addKeyword(id int32, text string) {
	if text == "" {
		return
	}
	first := m.slots[id].first
	if first == none || len(text) < longText || m.engine.anchored {
		m.add(id, value{text: text, lo: notFolded, next: none})
		return
	}
	whole := m.folded(first)
	lo := len(m.arena)
	m.arena = appendFold(m.arena, text)
	if bytes.Contains(whole, m.arena[lo:]) {
		m.arena = m.arena[:lo]
		return
	}
	m.add(id, value{text: text, lo: int32(lo), hi: int32(len(m.arena)), next: none})
}

// folded returns a value without its case. The slice is good until the next
// value is folded.
func (m *Matcher) folded(at int32) []byte {
	v := &m.values[at]
	if v.lo == notFolded {
		v.lo = int32(len(m.arena))
		if v.raw != nil {
			m.arena = appendFold(m.arena, v.raw)
		} else {
			m.arena = appendFold(m.arena, v.text)
		}
		v.hi = int32(len(m.arena))
	}
	return m.arena[v.lo:v.hi]
}

// collect finds the candidates of a group.
func (m *Matcher) collect(g *group) {
	m.candidates(g.open)
	for i := range g.index {
		x := &g.index[i]
		at := m.first(x.field)
		if at != none {
			m.candidates(x.present)
		}
		for ; at != none; at = m.values[at].next {
			if x.parts == nil {
				m.candidates(x.exact[string(m.folded(at))])
				continue
			}
			if x.field == m.engine.keyword {
				m.lead(x, at)
			} else {
				m.recall(g, i, at)
			}
			m.candidates(m.led)
		}
	}
}

// lead searches a value: led is then what the index says of it.
func (m *Matcher) lead(x *fieldIndex, at int32) {
	s := m.folded(at)
	m.led = append(m.led[:0], x.exact[string(s)]...)
	m.led = x.parts.scan(s, m.led)
}

// recall is lead for values that may have been searched before.
func (m *Matcher) recall(g *group, i int, at int32) {
	known := &m.memos[g.number][i]
	if *known == nil {
		*known = newMemo()
	}
	text := m.values[at].text
	e, found := (*known).find(text)
	if found {
		m.led = append(m.led[:0], e.rules...)
		return
	}
	m.lead(&g.index[i], at)
	if e != nil {
		slices.Sort(m.led)
		m.led = slices.Compact(m.led)
		e.keep(text, m.led)
	}
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

// holds evaluates a predicate once per event.
func (m *Matcher) holds(id uint32) bool {
	t := &m.truth[id]
	if t.epoch != m.epoch {
		t.epoch, t.holds = m.epoch, m.witness(&m.engine.preds[id]) != none
	}
	return t.holds
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
		s := m.folded(at)
		if p.matches(&m.values[at], s) {
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
