package duckdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// streamRows is about how many rows Stream sorts at a time.
const streamRows = 4 * rowGroupRows

// errStopped ends a stream that its consumer left.
var errStopped = errors.New("stopped")

// streamColumns are what a stream carries: who did what where and when, which
// is all that baselines read.
func streamColumns() []int {
	return []int{
		colTime, colRecord, colNth, colTimeRx, colQuality, colSource, colFormat, colClass, colActivity, colStatus,
		colActor, colSrcIP, colHost, colObject, colClient,
	}
}

// Stream yields every event in [from,to), zero times being open, in the order
// (time, record, nth), with the columns that baselines read: times, quality,
// source, format, class, activity, status, actor, source address, host, object
// and client. Own records and findings are left out. It sees the index as it
// was at the call and keeps one stretch of time in memory. After an error it
// ends. The event is valid until the next one; its strings stay.
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

// streamPart yields one stretch. It reads the files without DuckDB, whose
// detour by way of SQL costs several times what the columns themselves do.
func (x *Index) streamPart(ctx context.Context, state *state, w window, yield func(*event.Event, error) bool) error {
	files, hot := state.narrow(w)
	var rows []streamRow
	for _, f := range files {
		extracts, err := f.extracts(ctx, w)
		if err != nil {
			return x.explain(err, []*file{f})
		}
		for _, t := range extracts {
			rows = t.within(w, rows)
		}
	}
	for _, b := range hot {
		rows = extractOf(b).within(w, rows)
	}
	slices.SortFunc(rows, func(a, b streamRow) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.number(colRecord), b.number(colRecord)), cmp.Compare(a.number(colNth), b.number(colNth)))
	})
	var ev event.Event
	for i := range rows {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		rows[i].fill(&ev)
		if !yield(&ev, nil) {
			return errStopped
		}
	}
	return nil
}

// extract is a run of rows with the columns of a stream. Texts that repeat are
// one string.
type extract struct {
	numbers [columnCount][]int64
	texts   [columnCount][]string
}

// extractOf reads a hot batch.
func extractOf(b *batch) *extract {
	t := &extract{}
	all := specs()
	for _, col := range streamColumns() {
		if !all[col].kept.text() {
			t.numbers[col] = b.cols[col].numbers
			continue
		}
		known := map[string]string{}
		t.texts[col] = make([]string, b.rows)
		for row := range b.rows {
			t.texts[col][row] = intern(known, b.cols[col].text(row))
		}
	}
	return t
}

func intern(known map[string]string, b []byte) string {
	if s, ok := known[string(b)]; ok {
		return s
	}
	s := string(b)
	known[s] = s
	return s
}

// streamRow is one row of an extract.
type streamRow struct {
	*extract
	time int64
	row  int
}

// within appends the rows of a window that came from outside.
func (t *extract) within(w window, rows []streamRow) []streamRow {
	for row, at := range t.numbers[colTime] {
		if at >= w.from && at < w.to && !strings.HasPrefix(t.texts[colSource][row], event.OwnPrefix) {
			rows = append(rows, streamRow{t, at, row})
		}
	}
	return rows
}

func (r *streamRow) number(col int) int64 { return r.numbers[col][r.row] }

func (r *streamRow) text(col int) string { return r.texts[col][r.row] }

// fill writes the row over an event.
func (r *streamRow) fill(ev *event.Event) {
	*ev = event.Event{
		Record: uint64(r.number(colRecord)), Nth: uint16(r.number(colNth)),
		Time: instant(r.time), TimeRx: instant(r.number(colTimeRx)), Quality: event.ParseQuality(r.text(colQuality)),
		Source: r.text(colSource), Format: r.text(colFormat),
		ClassUID: int32(r.number(colClass)), ActivityID: int32(r.number(colActivity)), StatusID: int32(r.number(colStatus)),
		ActorUser: r.text(colActor), SrcIP: r.text(colSrcIP), Host: r.text(colHost), Object: r.text(colObject), ClientApp: r.text(colClient),
	}
}

// between gives the rows of a sorted column that lie in a window.
func between(times []int64, w window) (first, end int) {
	first = sort.Search(len(times), func(i int) bool { return times[i] >= w.from })
	return first, first + sort.Search(len(times)-first, func(i int) bool { return times[first+i] >= w.to })
}
