package sigma

// An automaton finds all of a set of needles in one pass (Aho and Corasick,
// "Efficient string matching", 1975). Its rows are dense over the classes of
// bytes that the needles tell apart, so that shallow states share cache lines.
type automaton struct {
	class   [256]uint8
	width   int
	next    []uint32 // state × width; states are premultiplied by width; see emits
	outputs [][]output
}

// emits marks a transition into a state that has outputs.
const emits = 1 << 31

// An output is one needle found: its length, where it must stand and the
// rules that become candidates.
type output struct {
	length int32
	where  op // opContains, opPrefix or opSuffix
	rules  []uint32
}

// A needle is a text to find.
type needle struct {
	text string
	output
}

// newAutomaton builds the automaton of the needles, whose texts are not empty.
func newAutomaton(needles []needle) *automaton {
	a := &automaton{width: 1}
	for _, n := range needles {
		for i := range len(n.text) {
			if c := n.text[i]; a.class[c] == 0 && a.width < 256 {
				a.class[c] = uint8(a.width)
				a.width++
			}
		}
	}
	a.insert(needles)
	a.link()
	return a
}

// insert builds the trie; state numbers are not yet multiplied.
func (a *automaton) insert(needles []needle) {
	a.next = make([]uint32, a.width)
	a.outputs = make([][]output, 1)
	for _, n := range needles {
		s := 0
		for i := range len(n.text) {
			slot := s*a.width + int(a.class[n.text[i]])
			if a.next[slot] == 0 {
				a.next[slot] = uint32(len(a.outputs))
				a.next = append(a.next, make([]uint32, a.width)...)
				a.outputs = append(a.outputs, nil)
			}
			s = int(a.next[slot])
		}
		n.length = int32(len(n.text))
		a.outputs[s] = append(a.outputs[s], n.output)
	}
}

// link turns the trie into an automaton breadth first and renumbers its states
// in that order, the shallow ones together.
func (a *automaton) link() {
	fail := make([]uint32, len(a.outputs))
	order := make([]uint32, 1, len(a.outputs))
	for i := 0; i < len(order); i++ {
		s := order[i]
		row := a.next[int(s)*a.width:][:a.width]
		back := a.next[int(fail[s])*a.width:][:a.width]
		for c, t := range row {
			if t == 0 {
				row[c] = back[c]
				continue
			}
			if s != 0 {
				fail[t] = back[c]
			}
			order = append(order, t)
		}
		if s != 0 && len(a.outputs[fail[s]]) > 0 {
			a.outputs[s] = append(a.outputs[s], a.outputs[fail[s]]...)
		}
	}
	place := make([]uint32, len(order))
	for i, s := range order {
		place[s] = uint32(i)
	}
	next := make([]uint32, len(a.next))
	outputs := make([][]output, len(order))
	for i, s := range order {
		outputs[i] = a.outputs[s]
		for c, t := range a.next[int(s)*a.width:][:a.width] {
			to := place[t] * uint32(a.width)
			if len(a.outputs[t]) > 0 {
				to |= emits
			}
			next[i*a.width+c] = to
		}
	}
	a.next, a.outputs = next, outputs
}

// scan appends the rules of every needle that stands in s as it must.
func (a *automaton) scan(s []byte, rules []uint32) []uint32 {
	state := uint32(0)
	for i, b := range s {
		state = a.next[state+uint32(a.class[b])]
		if state&emits == 0 {
			continue
		}
		state &^= emits
		for _, o := range a.outputs[state/uint32(a.width)] {
			if o.where == opPrefix && i+1 != int(o.length) || o.where == opSuffix && i+1 != len(s) {
				continue
			}
			rules = append(rules, o.rules...)
		}
	}
	return rules
}
