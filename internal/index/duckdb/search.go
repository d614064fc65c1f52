package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/index/duckdb/derived"
	"github.com/konseki/konseki/internal/index/duckdb/skip"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
)

// Search returns the events of a request in order of (time, record, nth),
// newest first unless Oldest is asked for. It looks through growing stretches
// of time and stops when the page is full.
func (x *Index) Search(ctx context.Context, req index.Request) (index.Page, error) {
	limit := max(min(cmp.Or(req.Limit, index.DefaultLimit), index.MaxLimit), 1)
	state := x.acquire()
	defer x.release(state)
	s := &search{
		index: x, state: state, req: req, limit: limit, left: limit + 1, window: span(req.Plan, req.From, req.To),
		finder: x.newFinder(req.Plan, state.files),
	}
	var err error
	if s.after, err = parseCursor(req.After, req.Oldest); err != nil {
		return index.Page{}, fmt.Errorf("index: search: %w", err)
	}
	if err := s.run(ctx); err != nil {
		return index.Page{}, fmt.Errorf("index: search: %w", err)
	}
	page := index.Page{Events: s.found}
	if len(page.Events) > limit {
		page.Events = page.Events[:limit]
		page.Next = makeCursor(&page.Events[limit-1], req.Oldest)
	}
	return page, nil
}

// search is one Search under way.
type search struct {
	index  *Index
	state  *state
	req    index.Request
	window window
	after  *mark
	limit  int // of the page
	left   int // to be found; one more than the page holds, to tell whether others follow
	found  []event.Event
	finder *finder
}

// firstStretch is about how many rows the first stretch of time holds; each
// further one holds growth times as many as the one before.
const (
	firstStretch = 2 * derived.RowGroupRows
	growth       = 4
)

func (s *search) run(ctx context.Context) error {
	w := s.window
	if s.after != nil && s.req.Oldest {
		w.from = max(w.from, s.after.time)
	} else if s.after != nil {
		w.to = min(w.to, s.after.time+1)
	}
	files, hot := s.state.narrow(w)
	all := stretches(files, hot)
	rows := firstStretch
	if s.finder != nil {
		s.finder.discount(all, files)
	}
	for ; w.from < w.to && s.left > 0; rows *= growth {
		part := w
		if s.req.Oldest {
			part.to = firstUpTo(all, w, rows)
			w.from = part.to
		} else {
			part.from = lastDownTo(all, w, rows)
			w.to = part.from
		}
		if part.from >= part.to {
			continue
		}
		if err := s.look(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// stretches lists the time ranges of what a search may have to read.
func stretches(files []*file, hot []*derived.Batch) []skip.Group {
	var all []skip.Group
	for _, f := range files {
		all = append(all, f.Groups...)
	}
	for _, b := range hot {
		all = append(all, skip.Group{Earliest: b.Earliest, Latest: b.Latest, Rows: b.Rows})
	}
	return all
}

// lastDownTo finds a time after which the window holds few more than the wanted
// number of rows.
func lastDownTo(all []skip.Group, w window, rows int) int64 {
	slices.SortFunc(all, func(a, b skip.Group) int { return cmp.Compare(b.Latest, a.Latest) })
	for _, g := range all {
		if g.Earliest >= w.to {
			continue
		}
		if rows <= 0 && g.Latest+1 < w.to {
			return max(g.Latest+1, w.from)
		}
		rows -= g.Rows
	}
	return w.from
}

// firstUpTo finds a time before which the window holds few more than the wanted
// number of rows.
func firstUpTo(all []skip.Group, w window, rows int) int64 {
	slices.SortFunc(all, func(a, b skip.Group) int { return cmp.Compare(a.Earliest, b.Earliest) })
	for _, g := range all {
		if g.Latest < w.from {
			continue
		}
		if rows <= 0 && g.Earliest > w.from {
			return min(g.Earliest, w.to)
		}
		rows -= g.Rows
	}
	return w.to
}

// look adds the events of one stretch of time.
func (s *search) look(ctx context.Context, w window) error {
	b := &builder{finder: s.finder}
	b.files, b.hot = s.state.narrow(w)
	if err := b.find(ctx, w); err != nil {
		return err
	}
	if len(b.files) == 0 && len(b.hot) == 0 {
		return nil
	}
	where := func() string {
		var more []string
		if !s.req.Own {
			more = append(more, own(true))
			b.used[derived.ColSource] = true
		}
		if s.after != nil {
			more = append(more, s.after.beyond(b, s.req.Oldest))
		}
		return b.conditions(w, more...)
	}
	order := "DESC"
	if s.req.Oldest {
		order = "ASC"
	}
	r := newReader(b)
	rows := b.from(func() []string { return r.list(b) }, where)
	text := fmt.Sprintf("SELECT %s FROM %s ORDER BY time %s, record %s, nth %s LIMIT %d", r.selected(), rows, order, order, order, s.left)
	if err := s.index.each(ctx, b, text, r.read); err != nil {
		return err
	}
	if err := r.fetch(ctx, s.index, s.limit-len(s.found)); err != nil {
		return err
	}
	s.found = append(s.found, r.found...)
	s.left -= len(r.found)
	return nil
}

// each runs a statement and calls f for every row, until it fails.
func (x *Index) each(ctx context.Context, b *builder, text string, f func(*sql.Rows) error) error {
	rows, err := x.db.QueryContext(withHot(ctx, b.scan()), text, b.args...)
	if err != nil {
		return x.explain(err, b.files)
	}
	for rows.Next() {
		if err = f(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return x.explain(err, b.files)
	}
	return nil
}

// mark is a place in the order (time, record, nth).
type mark struct{ time, record, nth int64 }

// beyond writes that a row comes after the mark.
func (m *mark) beyond(b *builder, oldest bool) string {
	sign := "<"
	if oldest {
		sign = ">"
	}
	b.used[derived.ColRecord], b.used[derived.ColNth] = true, true
	time, record, nth := b.arg(m.time), b.arg(m.record), b.arg(m.nth)
	return fmt.Sprintf("(time %[1]s %[2]s OR (time = %[2]s AND (record %[1]s %[3]s OR (record = %[3]s AND nth %[1]s %[4]s))))",
		sign, time, record, nth)
}

func makeCursor(ev *event.Event, oldest bool) index.Cursor {
	direction := "n"
	if oldest {
		direction = "o"
	}
	return index.Cursor(fmt.Sprintf("%s.%d.%d.%d", direction, derived.Nanos(ev.Time), ev.Record, ev.Nth))
}

func parseCursor(c index.Cursor, oldest bool) (*mark, error) {
	if c == "" {
		return nil, nil
	}
	parts := strings.Split(string(c), ".")
	if len(parts) != 4 || (parts[0] == "o") != oldest || parts[0] != "o" && parts[0] != "n" {
		return nil, index.ErrCursor
	}
	var numbers [3]int64
	for i, p := range parts[1:] {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return nil, index.ErrCursor
		}
		numbers[i] = n
	}
	low, high := derived.Bounds()
	if numbers[0] < low || numbers[0] > high || numbers[2] < 0 || numbers[2] > math.MaxUint16 {
		return nil, index.ErrCursor
	}
	return &mark{numbers[0], numbers[1], numbers[2]}, nil
}

// Bounds gives the first and last event time of a request; both are zero when
// it selects nothing.
func (x *Index) Bounds(ctx context.Context, req index.Request) (first, last time.Time, err error) {
	var low, high sql.NullInt64
	err = x.aggregate(ctx, req, of(derived.ColTime), "SELECT min(time), max(time) FROM "+table, nil, func(rows *sql.Rows) error {
		return rows.Scan(&low, &high)
	})
	if err != nil || !low.Valid {
		return time.Time{}, time.Time{}, wrap("bounds", err)
	}
	return derived.Instant(low.Int64), derived.Instant(high.Int64), nil
}

// Count counts the events of a request.
func (x *Index) Count(ctx context.Context, req index.Request) (int64, error) {
	var n int64
	err := x.aggregate(ctx, req, of(derived.ColTime), "SELECT count(*) FROM "+table, nil, func(rows *sql.Rows) error {
		return rows.Scan(&n)
	})
	return n, wrap("count", err)
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("index: %s: %w", what, err)
	}
	return nil
}
