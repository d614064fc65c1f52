package logsource

import (
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// A mark is one column of the table turned round: from value to rows. Rows
// that do not state the mark are in every set.
type mark[K comparable] struct {
	sets    map[K]Rows
	unasked Rows // rows that do not state it
}

func (m *mark[K]) of(key K) Rows {
	if s, ok := m.sets[key]; ok {
		return s
	}
	return m.unasked
}

func newMark[K comparable](table []row, values func(*row) []K) mark[K] {
	m := mark[K]{sets: make(map[K]Rows)}
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
	sets    map[int32]*[maxActivity + 1]Rows // the last for all further activities
	unasked Rows
}

func newClassMark(table []row) classMark {
	m := classMark{sets: make(map[int32]*[maxActivity + 1]Rows)}
	class := newMark(table, func(r *row) []int32 { return r.classes })
	activity := newMark(table, func(r *row) []int32 { return r.activities })
	for c, rows := range class.sets {
		m.sets[c] = new([maxActivity + 1]Rows)
		for a := range m.sets[c] {
			m.sets[c][a] = rows.and(activity.of(int32(a)))
		}
	}
	m.unasked = class.unasked
	return m
}

func (m *classMark) of(ev *event.Event) Rows {
	sets, ok := m.sets[ev.ClassUID]
	if !ok {
		return m.unasked
	}
	return sets[min(uint32(ev.ActivityID), maxActivity)]
}

// A Router tells for an event which rows of the logsource table it belongs
// to, of those that are active. It may be shared once nothing is activated any
// more.
type Router struct {
	table     []row
	all       Rows
	active    Rows            // rows some rule asks for
	platforms [macos + 1]Rows // rows of each platform, and of anywhere
	class     classMark
	format    mark[string]
	program   mark[string]
	origin    mark[string]
	code      mark[string]
	markers   markers
}

// NewRouter returns a Router without active rows.
func NewRouter() *Router {
	table := rows()
	r := &Router{
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

// Route gives the active rows an event belongs to.
func (r *Router) Route(ev *event.Event) Rows { return r.among(ev, r.active) }

// among gives those of some rows that an event belongs to.
func (r *Router) among(ev *event.Event, s Rows) Rows {
	if s = s.and(r.class.of(ev)).and(r.format.of(ev.Format)); s.Empty() {
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
func (r *Router) mustLook(s Rows, p platform) bool {
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

// Require resolves a logsource. It returns false when no event konseki can
// derive will ever belong to it.
func (r *Router) Require(l Logsource) (Requirement, bool) {
	var product, category, service Rows
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
	var need Requirement
	for _, part := range []struct {
		stated string
		rows   Rows
	}{{l.Product, product}, {l.Category, category}, {l.Service, service}} {
		if part.stated == "" {
			continue
		}
		if part.rows.Empty() {
			return nil, false
		}
		need = append(need, part.rows)
	}
	return need, true
}

// Activate makes Route look for the rows of a requirement.
func (r *Router) Activate(n Requirement) {
	for _, rows := range n {
		r.active = r.active.or(rows)
	}
}

// Sees lists the logsources of the table that an event belongs to, active or
// not.
func (r *Router) Sees(ev *event.Event) []Logsource {
	var out []Logsource
	seen := make(map[Logsource]bool)
	set := r.among(ev, r.all)
	for i := range r.table {
		if l := r.table[i].Logsource; set.has(i) && !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
	}
	return out
}
