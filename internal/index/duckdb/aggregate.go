package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/index"
)

// table stands in a statement for the rows of a request.
const table = "@rows"

// aggregate runs a statement over the columns of all rows of a request, which
// it names by table. args are the statement's parameters $1 and on.
func (x *Index) aggregate(ctx context.Context, req index.Request, columns []int, text string, args []any, f func(*sql.Rows) error) error {
	w := span(req.Plan, req.From, req.To)
	b := &builder{args: args, finder: x.newFinder(req.Plan)}
	b.files, b.hot = x.state.Load().narrow(w)
	if err := b.find(ctx, w); err != nil {
		return err
	}
	rows := b.from(columns, func() string {
		if req.Own {
			return b.conditions(w)
		}
		b.used[colSource] = true
		return b.conditions(w, own(true))
	})
	return x.each(ctx, b, strings.Replace(text, table, rows, 1), f)
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
		offset = nanos(from) % int64(width)
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
	err := x.aggregate(ctx, req, []int{colTime, colSource}, text, nil, func(rows *sql.Rows) error {
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
	if !promoted {
		col = colFields
	}
	expr, empty := facetColumn(col)
	text := "SELECT " + expr + " AS value, count(*) AS n FROM " + table + " WHERE value <> " + empty +
		fmt.Sprintf(" GROUP BY value ORDER BY n DESC, value LIMIT %d", n)
	var args []any
	if !promoted {
		args = []any{pointer(column)}
	}
	columns := []int{col}
	if col == colMessage {
		columns = append(columns, colFrom, colFields)
	}
	var values []index.Value
	err := x.aggregate(ctx, req, columns, text, args, func(rows *sql.Rows) error {
		var v index.Value
		if err := rows.Scan(&v.Value, &v.Count); err != nil {
			return err
		}
		values = append(values, v)
		return nil
	})
	return values, wrap("facet", err)
}

// facetColumn writes a column's value as text and what stands for "not stated".
func facetColumn(col int) (expr, empty string) {
	low, _ := bounds()
	switch {
	case col == colFields:
		return "coalesce(json_extract_string(nullif(fields, ''), $1), '')", "''"
	case col == colMessage:
		return messageText(), "''"
	case col == colTime || col == colTimeRx:
		return fmt.Sprintf("CASE WHEN %[1]s = %[2]d THEN '' ELSE strftime(make_timestamp_ns(%[1]s), '%%Y-%%m-%%dT%%H:%%M:%%S.%%nZ') END", specs()[col].name, low), "''"
	case specs()[col].kept.text():
		return specs()[col].name, "''"
	}
	return "CAST(" + specs()[col].name + " AS VARCHAR)", "'0'"
}

// Presence counts what each source delivered from each host per bucket of the
// width, aligned to from; width 0 makes one bucket. Own records are left out.
func (x *Index) Presence(ctx context.Context, from, to time.Time, width time.Duration) ([]index.Presence, error) {
	if width != 0 && (width < minWidth || width > maxWidth) {
		return nil, fmt.Errorf("index: presence: %w", index.ErrWidth)
	}
	start := fmt.Sprint(nanos(from))
	if width > 0 {
		start = alignment(from, width)
	}
	text := "SELECT " + start + " AS start, source, host, count(*), count_if(format = 'unparsed'), min(time), max(time) FROM " + table + " WHERE " +
		own(false) + " GROUP BY ALL ORDER BY start, source, host"
	var out []index.Presence
	columns := []int{colTime, colSource, colHost, colFormat}
	err := x.aggregate(ctx, index.Request{From: from, To: to, Own: true}, columns, text, nil, func(rows *sql.Rows) error {
		var p index.Presence
		var start, first, last int64
		if err := rows.Scan(&start, &p.Source, &p.Host, &p.Events, &p.Unparsed, &first, &last); err != nil {
			return err
		}
		if len(out) == maxBuckets {
			return index.ErrWidth
		}
		p.Start, p.First, p.Last = instant(start), instant(first), instant(last)
		out = append(out, p)
		return nil
	})
	return out, wrap("presence", err)
}
