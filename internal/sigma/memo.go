package sigma

import (
	"encoding/binary"
	"hash/maphash"
)

// A memo remembers which predicates an index found in which value, and whether
// an expression matched it. Paths,
// users and programs repeat so much in real streams that most values need not
// be searched again; for fields in which they do not, it rests for a while.
// It is a hash table without chains over a ring of bytes, which new values
// take from the oldest: its size is fixed and nothing is allocated.
type memo struct {
	seed    maphash.Seed
	entries []memoEntry
	ring    []byte
	written uint64    // bytes ever written to the ring
	use     []memoUse // per index or expression
}

// A memoEntry says where in the ring a value lies: its text, then four bytes
// for each predicate.
type memoEntry struct {
	hash  uint64
	at    uint64 // of written
	user  uint32
	text  uint16
	preds uint16
}

// memoUse is how useful a memo is to one of them.
type memoUse struct {
	asked, found uint32
	rest         uint32 // values that are not to be looked for
}

const (
	memoEntries = 1 << 14
	memoRing    = 1 << 22
	memoText    = 512     // bytes of a value that is remembered at most
	memoPreds   = 512     // predicates at most
	memoTrial   = 1 << 12 // lookups after which a memo must have paid,
	memoRest    = 1 << 16 // or is not asked so many times
)

func newMemo(users int) *memo {
	return &memo{
		seed: maphash.MakeSeed(), entries: make([]memoEntry, memoEntries), ring: make([]byte, memoRing),
		written: memoRing, use: make([]memoUse, users), // no entry is at 0
	}
}

// find returns the entry that a text belongs in and whether it holds it, in
// which case found lists the predicates, four bytes each. It returns nil for a
// text that is not to be remembered.
func (m *memo) find(user int, text string) (e *memoEntry, found []byte) {
	u := &m.use[user]
	if u.rest > 0 {
		u.rest--
		return nil, nil
	}
	if len(text) > memoText {
		return nil, nil
	}
	if u.asked++; u.asked == memoTrial {
		if u.found < memoTrial/4 {
			u.rest = memoRest
		}
		u.asked, u.found = 0, 0
	}
	hash := maphash.String(m.seed, text) + uint64(user)*gramHash
	e = &m.entries[hash%memoEntries]
	if e.hash == hash && e.user == uint32(user) && e.at+memoRing > m.written {
		data := m.ring[e.at%memoRing:][:int(e.text)+4*int(e.preds)]
		if string(data[:e.text]) == text {
			u.found++
			return e, data[e.text:]
		}
	}
	e.hash, e.user = hash, uint32(user)
	e.at = 0
	return e, nil
}

// keep stores what was found in a text for which find returned an entry.
func (m *memo) keep(e *memoEntry, text string, preds []uint32) {
	if len(preds) > memoPreds {
		return
	}
	size := uint64(len(text) + 4*len(preds))
	if m.written%memoRing+size > memoRing {
		m.written += memoRing - m.written%memoRing // no value goes round the end
	}
	e.at, e.text, e.preds = m.written, uint16(len(text)), uint16(len(preds))
	data := append(m.ring[:m.written%memoRing], text...)
	for _, p := range preds {
		data = binary.LittleEndian.AppendUint32(data, p)
	}
	m.written += size
}
