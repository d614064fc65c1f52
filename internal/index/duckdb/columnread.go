package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// extracts reads the rows of a window from a derived file, an extract of each row
// group that has some.
func (f *file) extracts(ctx context.Context, w window) (extracts []*extract, err error) {
	defer func() {
		if r := recover(); r != nil { // the reader panics on some damage
			err = fmt.Errorf("unreadable: %v", r)
		}
	}()
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	p, err := parquet.OpenFile(in, int64(f.size), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(256<<10))
	if err != nil {
		return nil, err
	}
	order, err := positions(p.Schema())
	if err != nil {
		return nil, err
	}
	if len(p.RowGroups()) != len(f.groups) {
		return nil, fmt.Errorf("%d row groups, the sidecar knows %d", len(p.RowGroups()), len(f.groups))
	}
	for i, g := range p.RowGroups() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f.groups[i].latest < w.from || f.groups[i].earliest >= w.to {
			continue
		}
		t, err := readExtract(g, order, w)
		if err != nil {
			return nil, err
		}
		extracts = append(extracts, t)
	}
	return extracts, nil
}

// readExtract reads the columns of a stream for the rows of a window, which stand
// together: files are sorted by time.
func readExtract(g parquet.RowGroup, order [columnCount]int, w window) (*extract, error) {
	t, chunks, all := &extract{}, g.ColumnChunks(), specs()
	times, err := readIntegers(chunks[order[colTime]], 0, int(g.NumRows()))
	if err != nil {
		return nil, err
	}
	first, end := between(times, w)
	t.numbers[colTime] = times[first:end]
	for _, col := range streamColumns() {
		switch chunk := chunks[order[col]]; {
		case col == colTime:
		case all[col].kept.text():
			t.texts[col], err = readStrings(chunk, first, end)
		default:
			t.numbers[col], err = readIntegers(chunk, first, end)
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", all[col].name, err)
		}
	}
	return t, nil
}

// readIntegers reads the rows first to end of a column of integers.
func readIntegers(chunk parquet.ColumnChunk, first, end int) ([]int64, error) {
	out := make([]int64, 0, end-first)
	err := eachPage(chunk, first, end, func(page parquet.Page, rows int) {
		values, dict := page.Data(), page.Dictionary()
		switch {
		case dict != nil:
			for _, i := range values.Int32()[:rows] {
				out = append(out, int64(dict.Index(i).Int32()))
			}
		case page.Type().Kind() == parquet.Int32:
			for _, n := range values.Int32()[:rows] {
				out = append(out, int64(n))
			}
		default:
			out = append(out, values.Int64()[:rows]...)
		}
	})
	return out, err
}

// readStrings reads the rows first to end of a column of text. A value of the
// dictionary becomes one string.
func readStrings(chunk parquet.ColumnChunk, first, end int) ([]string, error) {
	out := make([]string, 0, end-first)
	var words []string
	known := map[string]string{}
	err := eachPage(chunk, first, end, func(page parquet.Page, rows int) {
		values, dict := page.Data(), page.Dictionary()
		if dict == nil {
			data, ends := values.ByteArray()
			for i := range rows {
				out = append(out, intern(known, data[ends[i]:ends[i+1]]))
			}
			return
		}
		if words == nil {
			words = make([]string, dict.Len())
		}
		for _, i := range values.Int32()[:rows] {
			if words[i] == "" {
				words[i] = string(dict.Index(i).ByteArray())
			}
			out = append(out, words[i])
		}
	})
	return out, err
}

// eachPage calls f for the pages that hold rows first to end, with how many of
// each page's rows are wanted.
func eachPage(chunk parquet.ColumnChunk, first, end int, f func(page parquet.Page, rows int)) (err error) {
	pages := chunk.Pages()
	defer func() { err = errors.Join(err, pages.Close()) }()
	if first > 0 {
		if err := pages.SeekToRow(int64(first)); err != nil {
			return err
		}
	}
	for left := end - first; left > 0; {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		n := min(int(page.NumRows()), left)
		f(page, n)
		left -= n
		parquet.Release(page)
	}
	return nil
}
