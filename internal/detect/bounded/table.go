// Package bounded remembers within a limit: what is unused longest is forgotten, and counted.
package bounded

// A Table is a map that forgets the entry unused longest when it is full, so
// that hostile input cannot make it grow. What it forgets is counted.
type Table[K comparable, V any] struct {
	entries    map[K]*entry[K, V]
	head, tail *entry[K, V] // head is the entry used last
	limit      int
	evicted    *uint64
	onForget   func(K, *V)
}

type entry[K comparable, V any] struct {
	key        K
	value      V
	prev, next *entry[K, V]
}

// NewTable makes a table of at most limit entries (at least one); evicted counts
// what it forgets.
func NewTable[K comparable, V any](limit int, evicted *uint64) *Table[K, V] {
	return &Table[K, V]{entries: make(map[K]*entry[K, V]), limit: max(limit, 1), evicted: evicted}
}

// Find returns the value of a key without counting as use, or nil.
func (t *Table[K, V]) Find(key K) *V {
	if e, ok := t.entries[key]; ok {
		return &e.value
	}
	return nil
}

// Get returns the value of a key, a zero one made at need, and whether it was
// there. The pointer is good until the entry is forgotten.
func (t *Table[K, V]) Get(key K) (v *V, found bool) {
	if e, ok := t.entries[key]; ok {
		if t.head != e {
			t.unlink(e)
			t.push(e)
		}
		return &e.value, true
	}
	if len(t.entries) >= t.limit {
		t.Forget()
	}
	e := &entry[K, V]{key: key}
	t.entries[key] = e
	t.push(e)
	return &e.value, false
}

// Forget forgets the entry unused longest, if there is one, and counts it.
func (t *Table[K, V]) Forget() {
	last := t.tail
	if last == nil {
		return
	}
	t.unlink(last)
	delete(t.entries, last.key)
	*t.evicted++
	if t.onForget != nil {
		t.onForget(last.key, &last.value)
	}
}

// OnForget has f called with every entry that is forgotten, but for dropped ones.
func (t *Table[K, V]) OnForget(f func(K, *V)) { t.onForget = f }

// Drop forgets a key; that is not counted.
func (t *Table[K, V]) Drop(key K) {
	if e, ok := t.entries[key]; ok {
		t.unlink(e)
		delete(t.entries, key)
	}
}

func (t *Table[K, V]) push(e *entry[K, V]) {
	e.prev, e.next = nil, t.head
	if t.head != nil {
		t.head.prev = e
	}
	t.head = e
	if t.tail == nil {
		t.tail = e
	}
}

func (t *Table[K, V]) unlink(e *entry[K, V]) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		t.head = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		t.tail = e.prev
	}
}

// All calls yield for every entry, the one used last first.
func (t *Table[K, V]) All(yield func(K, *V) bool) {
	for e := t.head; e != nil; e = e.next {
		if !yield(e.key, &e.value) {
			return
		}
	}
}

// Len is the number of entries.
func (t *Table[K, V]) Len() int { return len(t.entries) }
