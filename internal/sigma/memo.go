package sigma

import "hash/maphash"

// A memo remembers for the values of one field which rules the index makes
// candidates. Paths, users and programs repeat so much in real streams that
// most values need not be searched again; where they do not, it gives up.
type memo struct {
	seed    maphash.Seed
	entries []memoEntry
	asked   uint32
	found   uint32
	off     bool
}

type memoEntry struct {
	text  []byte
	rules []uint32
	set   bool
}

const (
	memoEntries = 1 << 11
	memoText    = 512  // longer values are not remembered
	memoTrial   = 8192 // lookups after which a memo must have paid
)

func newMemo() *memo {
	return &memo{seed: maphash.MakeSeed(), entries: make([]memoEntry, memoEntries)}
}

// find returns the entry a text belongs in, and whether it holds it. It
// returns nil for a text that is not to be remembered.
func (m *memo) find(text string) (e *memoEntry, found bool) {
	if m.off || len(text) > memoText {
		return nil, false
	}
	e = &m.entries[maphash.String(m.seed, text)%memoEntries]
	if m.asked++; m.asked == memoTrial {
		m.off = m.found < memoTrial/4
		m.asked, m.found = 0, 0
		if m.off {
			m.entries = nil
			return nil, false
		}
	}
	if e.set && string(e.text) == text {
		m.found++
		return e, true
	}
	return e, false
}

// keep stores what a text leads to, in the space of what stood there.
func (e *memoEntry) keep(text string, rules []uint32) {
	e.text, e.rules, e.set = append(e.text[:0], text...), append(e.rules[:0], rules...), true
}
