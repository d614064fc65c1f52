package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

// table stands in a statement for the rows of a request.
const table = "@rows"

// aggregate runs a statement over all rows of a request, which it names by table.
// args are the statement's parameters $1 and on; list tells a builder what the
// rows consist of.
func (x *Index) aggregate(ctx context.Context, req index.Request, list func(*builder) []string, text string, args []any, f func(*sql.Rows) error) error {
	state := x.acquire()
	defer x.release(state)
	w := span(req.Plan, req.From, req.To)
	b := &builder{args: args, finder: x.newFinder(req.Plan, state.files)}
	b.files, b.hot = state.narrow(w)
	if err := b.find(ctx, w); err != nil {
		return err
	}
	rows := b.from(func() []string { return list(b) }, func() string {
		if req.Own {
			return b.conditions(w)
		}
		b.used[derived.ColSource] = true
		return b.conditions(w, own(true))
	})
	return x.each(ctx, b, strings.Replace(text, table, rows, 1), f)
}

// of lists columns for aggregate.
func of(columns ...int) func(*builder) []string {
	return func(b *builder) []string { return b.columns(columns...)() }
}

// Widths of a histogram's buckets.
const (
	minWidth = time.Millisecond
	maxWidth = 3660 * 24 * time.Hour
	// maxBuckets bounds the buckets of one answer.
	maxBuckets = 1_000_000
)

// alignment writes the start of a row's bucket. Buckets are aligned to from
// where it is given and to 1970 otherwise.
func alignment(from time.Time, width time.Duration) string {
	offset := int64(0)
	if !from.IsZero() {
		offset = derived.Nanos(from) % int64(width)
	}
	return fmt.Sprintf("time - ((time - (%[1]d)) %% %[2]d + %[2]d) %% %[2]d", offset, int64(width))
}

// Histogram counts per bucket and source, in that order. Buckets are aligned to
// the request's From (or its plan's) where there is one, else to 1970 UTC.
func (x *Index) Histogram(ctx context.Context, req index.Request, width time.Duration) ([]index.Bucket, error) {
	if width < minWidth || width > maxWidth {
		return nil, fmt.Errorf("index: histogram: %w", index.ErrWidth)
	}
	from := req.From
	if req.Plan != nil {
		from = later(from, req.Plan.From)
	}
	text := "SELECT " + alignment(from, width) + " AS start, source, count(*) FROM " + table + " GROUP BY ALL ORDER BY start, source"
	var buckets []index.Bucket
	err := x.aggregate(ctx, req, of(derived.ColTime, derived.ColSource), text, nil, func(rows *sql.Rows) error {
		var start int64
		var b index.Bucket
		if err := rows.Scan(&start, &b.Source, &b.Count); err != nil {
			return err
		}
		if len(buckets) == maxBuckets {
			return index.ErrWidth
		}
		b.Start = time.Unix(0, start).UTC()
		buckets = append(buckets, b)
		return nil
	})
	return buckets, wrap("histogram", err)
}

// maxValues bounds Facet's n.
const maxValues = 10_000

// Facet gives the n most frequent values of a promoted column (also format and
// record) or of a native field among the events of a request, by count
// descending, then value. What is not stated is not counted.
func (x *Index) Facet(ctx context.Context, req index.Request, column string, n int) ([]index.Value, error) {
	if column == "" {
		return nil, fmt.Errorf("index: facet: %w", index.ErrColumn)
	}
	n = min(max(n, 1), maxValues)
	col, promoted := byName(column)
	it := derived.Item{Col: col}
	if !promoted {
		it = derived.Item{Col: derived.ColFields, Name: query.Clean(column)}
	}
	empty := "''"
	if promoted && !derived.Specs()[col].Kept.Text() && col != derived.ColTime && col != derived.ColTimeRx {
		empty = "'0'"
	}
	text := "SELECT value, count(*) AS n FROM " + table + " WHERE value <> " + empty +
		fmt.Sprintf(" GROUP BY value ORDER BY n DESC, value LIMIT %d", n)
	list := func(b *builder) []string { return []string{facetValue(b, it) + " AS value"} }
	var values []index.Value
	err := x.aggregate(ctx, req, list, text, nil, func(rows *sql.Rows) error {
		var v index.Value
		if err := rows.Scan(&v.Value, &v.Count); err != nil {
			return err
		}
		values = append(values, v)
		return nil
	})
	return values, wrap("facet", err)
}

// facetValue writes an item's value as text.
func facetValue(b *builder, it derived.Item) string {
	low, _ := derived.Bounds()
	switch {
	case it.Col == derived.ColFields || it.Col == derived.ColMessage || it.Col == derived.ColOriginal:
		return b.value(it)
	case it.Col == derived.ColTime || it.Col == derived.ColTimeRx:
		return fmt.Sprintf("CASE WHEN %[1]s = %[2]d THEN '' ELSE strftime(make_timestamp_ns(%[1]s), '%%Y-%%m-%%dT%%H:%%M:%%S.%%nZ') END", b.column(it.Col), low)
	case derived.Specs()[it.Col].Kept.Text():
		return b.column(it.Col)
	}
	return "CAST(" + b.column(it.Col) + " AS VARCHAR)"
}

// Presence counts what each source delivered from each host per bucket of the
// width, aligned to from; width 0 makes one bucket. Own records are left out.
func (x *Index) Presence(ctx context.Context, from, to time.Time, width time.Duration) ([]index.Presence, error) {
	if width != 0 && (width < minWidth || width > maxWidth) {
		return nil, fmt.Errorf("index: presence: %w", index.ErrWidth)
	}
	start := fmt.Sprint(derived.Nanos(from))
	if width > 0 {
		start = alignment(from, width)
	}
	text := "SELECT " + start + " AS start, source, host, count(*), count_if(format = 'unparsed'), min(time), max(time) FROM " + table + " WHERE " +
		own(false) + " GROUP BY ALL ORDER BY start, source, host"
	var out []index.Presence
	columns := of(derived.ColTime, derived.ColSource, derived.ColHost, derived.ColFormat)
	err := x.aggregate(ctx, index.Request{From: from, To: to, Own: true}, columns, text, nil, func(rows *sql.Rows) error {
		var p index.Presence
		var start, first, last int64
		if err := rows.Scan(&start, &p.Source, &p.Host, &p.Events, &p.Unparsed, &first, &last); err != nil {
			return err
		}
		if len(out) == maxBuckets {
			return index.ErrWidth
		}
		p.Start, p.First, p.Last = derived.Instant(start), derived.Instant(first), derived.Instant(last)
		out = append(out, p)
		return nil
	})
	return out, wrap("presence", err)
}
