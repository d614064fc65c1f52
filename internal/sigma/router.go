package sigma

import "github.com/konseki/konseki/internal/event"

// rowSet is a set of rows of the logsource table.
type rowSet [2]uint64

func (s *rowSet) add(i int)              { s[i/64] |= 1 << (i % 64) }
func (s rowSet) and(t rowSet) rowSet     { return rowSet{s[0] & t[0], s[1] & t[1]} }
func (s rowSet) or(t rowSet) rowSet      { return rowSet{s[0] | t[0], s[1] | t[1]} }
func (s rowSet) without(t rowSet) rowSet { return rowSet{s[0] &^ t[0], s[1] &^ t[1]} }
func (s rowSet) empty() bool             { return s[0]|s[1] == 0 }

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

// A router tells for an event which rows of the logsource table it belongs
// to, of those that have rules.
type router struct {
	table     []row
	active    rowSet              // rows some rule asks for
	platforms [windows + 1]rowSet // rows of each platform, and of anywhere
	class     mark[int32]
	format    mark[string]
	program   mark[string]
	channel   mark[string]
	code      mark[string]
	markers   []marker
}

type marker struct {
	field string
	rows  rowSet
}

func newRouter() *router {
	table := rows()
	r := &router{
		table:   table,
		class:   newMark(table, func(r *row) []int32 { return r.classes }),
		format:  newMark(table, func(r *row) []string { return r.formats }),
		program: newMark(table, func(r *row) []string { return r.programs }),
		channel: newMark(table, func(r *row) []string { return r.channels }),
		code:    newMark(table, func(r *row) []string { return r.codes }),
	}
	for i := range table {
		for p := range r.platforms {
			if at := table[i].platform; at == anywhere || int(at) == p {
				r.platforms[p].add(i)
			}
		}
	}
	for i := range table {
		for _, f := range table[i].markers {
			var s rowSet
			s.add(i)
			r.markers = append(r.markers, marker{f, s})
		}
	}
	return r
}

// route gives the active rows an event belongs to.
func (r *router) route(ev *event.Event) rowSet {
	class := ev.ClassUID
	if class == event.ClassProcess && ev.ActivityID != event.ActivityProcessLaunch && ev.ActivityID != 0 {
		class = processEnded
	}
	s := r.active.and(r.class.of(class))
	if s.empty() {
		return s
	}
	if !s.without(r.platforms[anywhere]).empty() {
		if s = s.and(r.platforms[platformOf(ev)]); s.empty() {
			return s
		}
	}
	s = s.and(r.format.of(ev.Format))
	if !s.without(r.program.unasked).empty() {
		s = s.and(r.program.of(programOf(ev)))
	}
	if !s.without(r.channel.unasked).empty() {
		channel, _ := ev.Get("Channel")
		s = s.and(r.channel.of(channel))
	}
	if !s.without(r.code.unasked).empty() {
		s = s.and(r.code.of(ev.EventCode))
	}
	for i := range r.markers {
		m := &r.markers[i]
		if !s.and(m.rows).empty() {
			if _, ok := ev.Get(m.field); !ok {
				s = s.without(m.rows)
			}
		}
	}
	return s
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
