package detect

// A table is a map that forgets the entry unused longest when it is full, so
// that hostile input cannot make it grow. What it forgets is counted.
type table[K comparable, V any] struct {
	entries    map[K]*entry[K, V]
	head, tail *entry[K, V] // head is the entry used last
	limit      int
	evicted    *uint64
}

type entry[K comparable, V any] struct {
	key        K
	value      V
	prev, next *entry[K, V]
}

func newTable[K comparable, V any](limit int, evicted *uint64) *table[K, V] {
	return &table[K, V]{entries: make(map[K]*entry[K, V]), limit: max(limit, 1), evicted: evicted}
}

// find returns the value of a key without counting as use, or nil.
func (t *table[K, V]) find(key K) *V {
	if e, ok := t.entries[key]; ok {
		return &e.value
	}
	return nil
}

// get returns the value of a key, a zero one made at need, and whether it was
// there. The pointer is good until the entry is forgotten.
func (t *table[K, V]) get(key K) (v *V, found bool) {
	if e, ok := t.entries[key]; ok {
		if t.head != e {
			t.unlink(e)
			t.push(e)
		}
		return &e.value, true
	}
	if len(t.entries) >= t.limit {
		last := t.tail
		t.unlink(last)
		delete(t.entries, last.key)
		*t.evicted++
	}
	e := &entry[K, V]{key: key}
	t.entries[key] = e
	t.push(e)
	return &e.value, false
}

func (t *table[K, V]) drop(key K) {
	if e, ok := t.entries[key]; ok {
		t.unlink(e)
		delete(t.entries, key)
	}
}

func (t *table[K, V]) push(e *entry[K, V]) {
	e.prev, e.next = nil, t.head
	if t.head != nil {
		t.head.prev = e
	}
	t.head = e
	if t.tail == nil {
		t.tail = e
	}
}

func (t *table[K, V]) unlink(e *entry[K, V]) {
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

// all calls yield for every entry, the one used last first.
func (t *table[K, V]) all(yield func(K, *V) bool) {
	for e := t.head; e != nil; e = e.next {
		if !yield(e.key, &e.value) {
			return
		}
	}
}
