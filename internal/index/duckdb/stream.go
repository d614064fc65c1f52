package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/konseki/konseki/internal/event"
)

// checkEvery is after how many events a stream looks whether it was cancelled.
const checkEvery = 1024

// Stream yields every event in [from,to), zero times being open, in the order
// (time, record, nth), with what correlations and baselines read: the promoted
// columns and the notes. Own records and findings are left out. It sees the index as it
// is when the loop begins and keeps some pages of each file that reaches into the same
// time in memory. After an error it ends. The event is valid until the next
// one; its strings stay.
func (x *Index) Stream(ctx context.Context, from, to time.Time) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		state := x.acquire()
		defer x.release(state)
		w := span(nil, from, to)
		files, hot := state.narrow(w)
		m := newMerge(w, files, hot)
		err := m.run(ctx, yield)
		if err != nil {
			err = x.explain(err, files)
		}
		if err = errors.Join(err, m.close()); err != nil && !m.left {
			yield(nil, fmt.Errorf("index: stream: %w", err))
		}
	}
}

// merge walks several cursors as one; they form a heap by their rows.
type merge struct {
	heap []cursor
	all  []cursor
	left bool // by the consumer
}

func newMerge(w window, files []*file, hot []*derived.Batch) *merge {
	m := &merge{}
	columns := streamColumns()
	for _, f := range files {
		m.all = append(m.all, &fileCursor{file: f, w: w, columns: columns, specs: derived.Specs()})
	}
	var places []derived.Place
	for _, p := range derived.Arrange(hot, 0, math.MaxUint64) {
		if at := p.Batch.Cols[derived.ColTime].Numbers[p.Row]; at >= w.from && at < w.to {
			places = append(places, p)
		}
	}
	m.all = append(m.all, &hotCursor{places: places, columns: columns, specs: derived.Specs()})
	return m
}

func (m *merge) run(ctx context.Context, yield func(*event.Event, error) bool) error {
	for _, c := range m.all {
		if err := c.next(); errors.Is(err, io.EOF) {
			continue
		} else if err != nil {
			return err
		}
		m.heap = append(m.heap, c)
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	var quality qualities
	var ev event.Event
	for n := 0; len(m.heap) > 0; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		c := m.heap[0]
		if f, ok := c.(*fileCursor); !ok && !c.row().isOwn() || ok && f.isReal() {
			c.row().fill(&ev, &quality)
			var err error
			if ev.Notes, err = parseFields(c.row().texts[derived.ColNotes]); err != nil {
				return err
			}
			if !yield(&ev, nil) {
				m.left = true
				return nil
			}
		}
		if err := m.move(); err != nil {
			return err
		}
	}
	return nil
}

// move lets the first cursor go on.
func (m *merge) move() error {
	c := m.heap[0]
	if err := c.next(); errors.Is(err, io.EOF) {
		last := len(m.heap) - 1
		m.heap[0] = m.heap[last]
		m.heap = m.heap[:last]
		if err := c.close(); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	m.sink(0)
	return nil
}

// sink restores the heap's order below i.
func (m *merge) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heap); child++ {
			if m.heap[child].row().compare(m.heap[least].row()) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

func (m *merge) close() error {
	var errs []error
	for _, c := range m.heap {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}
