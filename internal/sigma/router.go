package sigma

import (
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// rowSet is a set of rows of the logsource table. A struct stays in registers
// where an array would not.
type rowSet struct{ a, b, c, d uint64 }

// maxRows is how many rows a rowSet can hold.
const maxRows = 256

func (s *rowSet) add(i int) {
	bit := uint64(1) << (i % 64)
	switch i / 64 {
	case 0:
		s.a |= bit
	case 1:
		s.b |= bit
	case 2:
		s.c |= bit
	case 3:
		s.d |= bit
	default:
		panic("sigma: more rows of logsources than a rowSet holds; make it wider")
	}
}

func (s rowSet) has(i int) bool {
	var one rowSet
	one.add(i)
	return !s.and(one).empty()
}

func (s rowSet) and(t rowSet) rowSet { return rowSet{s.a & t.a, s.b & t.b, s.c & t.c, s.d & t.d} }
func (s rowSet) or(t rowSet) rowSet  { return rowSet{s.a | t.a, s.b | t.b, s.c | t.c, s.d | t.d} }
func (s rowSet) without(t rowSet) rowSet {
	return rowSet{s.a &^ t.a, s.b &^ t.b, s.c &^ t.c, s.d &^ t.d}
}
func (s rowSet) empty() bool { return s.a|s.b|s.c|s.d == 0 }

// beyond reports whether s has rows outside of t.
func (s rowSet) beyond(t rowSet) bool { return !s.without(t).empty() }

// A mark is one column of the table turned round: from value to rows. Rows
// that do not state the mark are in every set.
type mark[K comparable] struct {
	sets    map[K]rowSet
	unasked rowSet // rows that do not state it
}

func (m *mark[K]) of(key K) rowSet {
	if s, ok := m.sets[key]; ok {
		return s
	}
	return m.unasked
}

func newMark[K comparable](table []row, values func(*row) []K) mark[K] {
	m := mark[K]{sets: make(map[K]rowSet)}
	for i := range table {
		list := values(&table[i])
		if len(list) == 0 {
			m.unasked.add(i)
		}
		for _, v := range list {
			s := m.sets[v]
			s.add(i)
			m.sets[v] = s
		}
	}
	for k, s := range m.sets {
		m.sets[k] = s.or(m.unasked)
	}
	return m
}

// maxActivity bounds the activities that rows may state.
const maxActivity = 16

// A classMark is mark for the class with its activities: one look-up for both.
type classMark struct {
	sets    map[int32]*[maxActivity + 1]rowSet // the last for all further activities
	unasked rowSet
}

func newClassMark(table []row) classMark {
	m := classMark{sets: make(map[int32]*[maxActivity + 1]rowSet)}
	class := newMark(table, func(r *row) []int32 { return r.classes })
	activity := newMark(table, func(r *row) []int32 { return r.activities })
	for c, rows := range class.sets {
		m.sets[c] = new([maxActivity + 1]rowSet)
		for a := range m.sets[c] {
			m.sets[c][a] = rows.and(activity.of(int32(a)))
		}
	}
	m.unasked = class.unasked
	return m
}

func (m *classMark) of(ev *event.Event) rowSet {
	sets, ok := m.sets[ev.ClassUID]
	if !ok {
		return m.unasked
	}
	return sets[min(uint32(ev.ActivityID), maxActivity)]
}

// A router tells for an event which rows of the logsource table it belongs
// to, of those that have rules.
type router struct {
	table     []row
	all       rowSet
	active    rowSet            // rows some rule asks for
	platforms [macos + 1]rowSet // rows of each platform, and of anywhere
	class     classMark
	format    mark[string]
	program   mark[string]
	origin    mark[string]
	code      mark[string]
	markers   markers
}

func newRouter() *router {
	table := rows()
	r := &router{
		table:   table,
		class:   newClassMark(table),
		format:  newMark(table, func(r *row) []string { return r.formats }),
		program: newMark(table, func(r *row) []string { return r.programs }),
		origin:  newMark(table, func(r *row) []string { return withProviders(r.origins) }),
		code:    newMark(table, func(r *row) []string { return r.codes }),
		markers: newMarkers(table),
	}
	for i := range table {
		r.all.add(i)
		for p := range r.platforms {
			if at := table[i].platform; at == anywhere || int(at) == p {
				r.platforms[p].add(i)
			}
		}
	}
	return r
}

// withProviders adds to channels the providers that write to them, for
// exports that name only these: mostly the channel's folder.
func withProviders(channels []string) []string {
	out := slices.Clone(channels)
	for _, c := range channels {
		if folder, _, ok := strings.Cut(c, "/"); ok {
			out = append(out, folder)
		}
		switch c {
		case securityChannel:
			out = append(out, "Microsoft-Windows-Security-Auditing")
		case "System":
			out = append(out, "Service Control Manager", "Microsoft-Windows-DistributedCOM")
		case psClassic:
			out = append(out, "PowerShell")
		}
	}
	return out
}

// route gives the active rows an event belongs to.
func (r *router) route(ev *event.Event) rowSet { return r.among(ev, r.active) }

// among gives those of some rows that an event belongs to.
func (r *router) among(ev *event.Event, s rowSet) rowSet {
	if s = s.and(r.class.of(ev)).and(r.format.of(ev.Format)); s.empty() {
		return s
	}
	var l look
	platform := platformOfFormat(ev.Format)
	if r.mustLook(s, platform) {
		r.markers.look(ev, &l)
		if ev.ClassUID == event.ClassBase && (ev.Format == "syslog" || ev.Format == event.Unparsed) {
			r.markers.lookDevice(ev, &l)
		}
	}
	if s.beyond(r.platforms[anywhere]) {
		if platform == undecided || l.device != "" {
			platform = l.platformOf(ev)
		}
		s = s.and(r.platforms[platform])
	}
	if s.beyond(r.program.unasked) {
		s = s.and(r.program.of(l.program))
	}
	if s.beyond(r.origin.unasked) {
		s = s.and(r.origin.of(l.origin()))
	}
	if s.beyond(r.code.unasked) {
		s = s.and(r.code.of(ev.EventCode))
	}
	return r.markers.decide(s, l.held)
}

// mustLook reports whether the fields of an event are needed to decide on s.
func (r *router) mustLook(s rowSet, p platform) bool {
	switch p {
	case undecided:
		if s.beyond(r.platforms[anywhere]) || s.beyond(r.origin.unasked) {
			return true
		}
	case windows:
		if s.beyond(r.origin.unasked) {
			return true
		}
	}
	return s.beyond(r.program.unasked) || s.beyond(r.markers.unasked)
}

// A requirement is what an event's rows must fulfil for a logsource: one row
// of each set.
type requirement []rowSet

// require resolves a logsource. It returns false when no event konseki can
// derive will ever belong to it.
func (r *router) require(l Logsource) (requirement, bool) {
	var product, category, service rowSet
	for i := range r.table {
		t := &r.table[i]
		if t.Product == l.Product {
			product.add(i)
		}
		if t.Product != l.Product && t.Product != "" && l.Product != "" {
			continue
		}
		if t.Category == l.Category {
			category.add(i)
		}
		if t.Service == l.Service {
			service.add(i)
		}
	}
	var need requirement
	for _, part := range []struct {
		stated string
		rows   rowSet
	}{{l.Product, product}, {l.Category, category}, {l.Service, service}} {
		if part.stated == "" {
			continue
		}
		if part.rows.empty() {
			return nil, false
		}
		need = append(need, part.rows)
	}
	return need, true
}

func (n requirement) holds(s rowSet) bool {
	for _, rows := range n {
		if rows.and(s).empty() {
			return false
		}
	}
	return true
}

// activate makes route look for the rows of a requirement.
func (r *router) activate(n requirement) {
	for _, rows := range n {
		r.active = r.active.or(rows)
	}
}
