package logsource

// Rows is a set of rows of the table of logsources, the zero value the empty
// one. It is comparable. A struct stays in registers where an array would not.
type Rows struct{ a, b, c, d uint64 }

func (s *Rows) add(i int) {
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
		panic("logsource: more rows of logsources than Rows can hold; make it wider")
	}
}

func (s Rows) has(i int) bool {
	var one Rows
	one.add(i)
	return !s.and(one).Empty()
}

func (s Rows) and(t Rows) Rows { return Rows{s.a & t.a, s.b & t.b, s.c & t.c, s.d & t.d} }
func (s Rows) or(t Rows) Rows  { return Rows{s.a | t.a, s.b | t.b, s.c | t.c, s.d | t.d} }
func (s Rows) without(t Rows) Rows {
	return Rows{s.a &^ t.a, s.b &^ t.b, s.c &^ t.c, s.d &^ t.d}
}

// Empty reports whether no row is in the set.
func (s Rows) Empty() bool { return s.a|s.b|s.c|s.d == 0 }

// beyond reports whether s has rows outside of t.
func (s Rows) beyond(t Rows) bool { return !s.without(t).Empty() }

// A Requirement is what an event's rows must fulfil for a logsource: one row
// of each set.
type Requirement []Rows

// Holds reports whether the rows of an event fulfil the requirement.
func (n Requirement) Holds(s Rows) bool {
	for _, rows := range n {
		if rows.and(s).Empty() {
			return false
		}
	}
	return true
}
