package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// streamRows is about how many rows Stream sorts at a time.
const streamRows = 4 * rowGroupRows

// errStopped ends a stream that its consumer left.
var errStopped = errors.New("stopped")

// Stream yields every event in [from,to), zero times being open, in the order
// (time, record, nth): promoted columns and message, without native fields and
// text. Own records and findings are left out. It sees the index as it was at
// the call and keeps one stretch of time in memory. After an error it ends. The
// event yielded is the consumer's to keep.
func (x *Index) Stream(ctx context.Context, from, to time.Time) iter.Seq2[*event.Event, error] {
	state := x.state.Load()
	return func(yield func(*event.Event, error) bool) {
		w := span(nil, from, to)
		all := stretches(state.narrow(w))
		for w.from < w.to {
			part := w
			part.to = firstUpTo(all, w, streamRows)
			w.from = part.to
			err := x.streamPart(ctx, state, part, yield)
			if errors.Is(err, errStopped) {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("index: stream: %w", err))
				return
			}
		}
	}
}

func (x *Index) streamPart(ctx context.Context, state *state, w window, yield func(*event.Event, error) bool) error {
	b := &builder{}
	b.files, b.hot = state.narrow(w)
	if len(b.files) == 0 && len(b.hot) == 0 {
		return nil
	}
	var columns []int
	for col := range columnCount {
		if col != colFields && col != colText && col != colTextKind {
			columns = append(columns, col)
		}
	}
	r := newReader(columns)
	text := "SELECT " + r.list() + " FROM " + b.from(columns, func() string { return b.conditions(w, own(false)) }) + " ORDER BY time, record, nth"
	return x.each(ctx, b, text, func(rows *sql.Rows) error {
		ev, err := r.read(rows)
		if err != nil {
			return err
		}
		if !yield(ev, nil) {
			return errStopped
		}
		return nil
	})
}
