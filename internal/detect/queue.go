package detect

import (
	"cmp"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// A queue holds events in the order (time, record, nth). Most come in that
// order, so it is a sorted slice and not a heap.
type queue struct {
	items  []event.Event // from the index first on
	start  int
	newest time.Time
}

func (q *queue) len() int            { return len(q.items) - q.start }
func (q *queue) first() *event.Event { return &q.items[q.start] }

// push puts a copy of the event in its place, without what is not read.
func (q *queue) push(ev *event.Event) {
	at := len(q.items)
	for at > q.start && before(ev, &q.items[at-1]) {
		at--
	}
	q.items = slices.Insert(q.items, at, *ev)
	kept := &q.items[at]
	kept.Fields, kept.Message, kept.Text = nil, "", ""
	if ev.Time.After(q.newest) {
		q.newest = ev.Time
	}
}

func (q *queue) pop() event.Event {
	ev := q.items[q.start]
	q.items[q.start] = event.Event{} // let go of its texts
	if q.start++; q.start > len(q.items)/2 {
		n := copy(q.items, q.items[q.start:])
		clear(q.items[n:])
		q.items, q.start = q.items[:n], 0
	}
	return ev
}

func before(a, b *event.Event) bool {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Nth, b.Nth)) < 0
}
