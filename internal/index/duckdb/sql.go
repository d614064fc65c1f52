package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/konseki/konseki/internal/index"
)

// SQL runs one SELECT statement of an expert over the view "events": the
// promoted columns with record, nth, format, message and time_original; times
// are TIMESTAMP_NS in UTC, native fields are JSON in "fields"; own records but
// findings are left out. The statement runs in a database of its own that can
// read nothing but the index and write nothing. When the answer reaches
// index.MaxSQLRows or MaxSQLBytes, the last element is index.ErrCut.
func (x *Index) SQL(ctx context.Context, text string) (columns []string, rows iter.Seq2[[]any, error], err error) {
	ctx, cancel := context.WithTimeout(ctx, index.MaxSQLTime)
	defer cancel()
	state := x.acquire()
	defer x.release(state)
	b := &builder{}
	b.files, b.hot = state.narrow(span(nil, time.Time{}, time.Time{}))
	known := newHomes(b.files)
	ctx = context.WithValue(ctx, homesKey{}, known)
	view := eventsView(b, known)
	db, err := x.enclosed(withHot(ctx, b.scan()), view)
	if err != nil {
		return nil, nil, fmt.Errorf("index: sql: %w", err)
	}
	columns, values, err := answer(withHot(ctx, b.scan()), db, text)
	cut := errors.Is(err, index.ErrCut)
	if err != nil && !cut {
		return nil, nil, fmt.Errorf("index: sql: %w", errors.Join(x.explain(err, b.files), db.Close()))
	}
	if err := db.Close(); err != nil {
		return nil, nil, fmt.Errorf("index: sql: %w", err)
	}
	return columns, func(yield func([]any, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
		if cut {
			yield(nil, index.ErrCut)
		}
	}, nil
}

// eventsView writes the view that experts query. What has to be put together or
// cut out of records is so only for the statements that name it.
func eventsView(b *builder, known *homes) string {
	list := func() (shown []string) {
		for col, s := range derived.Specs() {
			switch col {
			case derived.ColText, derived.ColTextKind, derived.ColNotes:
			case derived.ColMessage, derived.ColOriginal:
				shown = append(shown, b.value(derived.Item{Col: col})+" AS "+s.Name)
			case derived.ColTime, derived.ColTimeRx:
				shown = append(shown, fmt.Sprintf("make_timestamp_ns(%s) AS %s", b.column(col), s.Name))
			case derived.ColFields:
				fields := "nullif(" + b.column(col) + ", '')"
				if len(b.group) > 0 {
					fields = fmt.Sprintf("CASE WHEN %s = %d THEN %s ELSE nullif(%s, '{}') END", derived.ShapeColumn, derived.Shapeless, fields, known.call(b))
				}
				shown = append(shown, fields+"::JSON AS fields")
			default:
				shown = append(shown, b.column(col))
			}
		}
		return shown
	}
	return "CREATE VIEW events AS SELECT * FROM " + b.from(list, func() string {
		b.used[derived.ColSource] = true
		return own(true)
	})
}

// enclosed starts a database in which the view is all there is: no other files,
// no settings to change.
func (x *Index) enclosed(ctx context.Context, view string) (*sql.DB, error) {
	db, err := x.connect(max(x.opts.MemoryMB/2, 64))
	if err != nil {
		return nil, err
	}
	for _, s := range []string{
		"SET allowed_directories = [" + quote(x.dir) + "]",
		view,
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// answer checks that text is one SELECT, by DuckDB's own parser, and runs it.
func answer(ctx context.Context, db *sql.DB, text string) (columns []string, values [][]any, err error) {
	var failed bool
	var statements int
	const check = "SELECT (p->>'error')::BOOLEAN, coalesce(json_array_length(p->'statements'), 0) FROM (SELECT json_serialize_sql($1::VARCHAR)::JSON AS p)"
	if err := db.QueryRowContext(ctx, check, text).Scan(&failed, &statements); err != nil {
		return nil, nil, err
	}
	if !failed && statements != 1 {
		return nil, nil, index.ErrStatement
	}
	if failed {
		return nil, nil, syntax(ctx, db, text)
	}
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return nil, nil, err
	}
	columns, err = rows.Columns()
	if err == nil {
		values, err = collect(rows, len(columns))
	}
	return columns, values, errors.Join(err, rows.Close())
}

// syntax tells why a text is not one SELECT.
func syntax(ctx context.Context, db *sql.DB, text string) error {
	var reason sql.NullString
	err := db.QueryRowContext(ctx, "SELECT json_serialize_sql($1::VARCHAR)->>'error_message'", text).Scan(&reason)
	return errors.Join(fmt.Errorf("%w: %s", index.ErrStatement, reason.String), err)
}

// collect reads rows up to the bounds; index.ErrCut tells that there are more.
func collect(rows *sql.Rows, columns int) ([][]any, error) {
	var all [][]any
	size := 0
	for rows.Next() {
		if len(all) == index.MaxSQLRows || size > index.MaxSQLBytes {
			return all, index.ErrCut
		}
		row := make([]any, columns)
		targets := make([]any, columns)
		for i := range row {
			targets[i] = &row[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		for _, v := range row {
			switch v := v.(type) {
			case string:
				size += len(v)
			case []byte:
				size += len(v)
			}
			size += 16
		}
		all = append(all, row)
	}
	return all, rows.Err()
}
