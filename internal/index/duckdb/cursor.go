package duckdb

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/parquet-go/parquet-go"

	"github.com/konseki/konseki/internal/event"
)

// cursor walks rows in the order (time, record, nth).
type cursor interface {
	// next moves to the next row; io.EOF tells that there is none.
	next() error
	// row is the row moved to; it holds until the next move.
	row() *values
	close() error
}

// values are one row's columns, as they are kept.
type values struct {
	numbers [derived.ColumnCount]int64
	texts   [derived.ColumnCount]string
}

func (v *values) compare(w *values) int {
	return cmp.Or(
		cmp.Compare(v.numbers[derived.ColTime], w.numbers[derived.ColTime]),
		cmp.Compare(v.numbers[derived.ColRecord], w.numbers[derived.ColRecord]),
		cmp.Compare(v.numbers[derived.ColNth], w.numbers[derived.ColNth]))
}

// isOwn reports whether the row is of konseki's own records.
func (v *values) isOwn() bool { return event.IsOwn(v.texts[derived.ColSource]) }

// streamColumns are what a stream carries: the promoted columns and the notes,
// which is all that correlations and baselines read.
func streamColumns() []int {
	var out []int
	for col := range derived.ColumnCount {
		switch col {
		case derived.ColOriginal, derived.ColMessage, derived.ColFields, derived.ColTextKind, derived.ColText:
		default:
			out = append(out, col)
		}
	}
	return out
}

// hotCursor walks arranged rows of batches.
type hotCursor struct {
	places  []derived.Place
	columns []int
	specs   [derived.ColumnCount]derived.Spec
	values  values
}

func (c *hotCursor) next() error {
	if len(c.places) == 0 {
		return io.EOF
	}
	p := c.places[0]
	c.places = c.places[1:]
	for _, col := range c.columns {
		if c.specs[col].Kept.Text() {
			c.values.texts[col] = string(p.Batch.Cols[col].Text(p.Row))
		} else {
			c.values.numbers[col] = p.Batch.Cols[col].Numbers[p.Row]
		}
	}
	return nil
}

func (c *hotCursor) row() *values { return &c.values }

func (c *hotCursor) close() error { return nil }

// fileCursor walks the rows of a derived file, whose row groups follow each
// other in time. It opens the file at the second move: the first one gives a
// row that comes before all others, so that few files are open at a time.
type fileCursor struct {
	file    *file
	w       window
	columns []int
	specs   [derived.ColumnCount]derived.Spec
	begun   bool
	values  values

	open   *os.File
	groups []parquet.RowGroup
	order  [derived.ColumnCount]int
	group  int // the next one
	left   int // rows of the current one
	cols   [derived.ColumnCount]pages
}

func (c *fileCursor) row() *values { return &c.values }

// isReal reports whether the row is one of the file.
func (c *fileCursor) isReal() bool { return c.open != nil }

func (c *fileCursor) next() (err error) {
	defer guardParquet(&err)
	if !c.begun {
		c.begun = true
		c.values.numbers[derived.ColTime], c.values.numbers[derived.ColRecord] = max(c.file.earliest(), c.w.from), math.MinInt64
		return nil
	}
	if c.open == nil {
		if err := c.start(); err != nil {
			return err
		}
	}
	for {
		for c.left == 0 {
			if err := c.enter(); err != nil {
				return err
			}
		}
		c.left--
		if err := c.load(); err != nil {
			return err
		}
		switch at := c.values.numbers[derived.ColTime]; {
		case at >= c.w.to:
			return io.EOF
		case at >= c.w.from && !c.values.isOwn():
			return nil
		}
	}
}

// start opens the file.
func (c *fileCursor) start() error {
	var err error
	if c.open, err = os.Open(c.file.path); err != nil {
		return err
	}
	pf, err := parquet.OpenFile(c.open, int64(c.file.Size), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(32<<10))
	if err != nil {
		return err
	}
	c.groups = pf.RowGroups()
	if len(c.groups) != len(c.file.Groups) {
		return errors.New("row groups are missing")
	}
	c.order, err = derived.Positions(pf.Schema())
	return err
}

// enter goes to the next row group that reaches into the window.
func (c *fileCursor) enter() error {
	for c.group < len(c.groups) && c.file.Groups[c.group].Latest < c.w.from {
		c.group++
	}
	if c.group == len(c.groups) || c.file.Groups[c.group].Earliest >= c.w.to {
		return io.EOF
	}
	g := c.groups[c.group]
	c.group++
	c.left = int(g.NumRows())
	chunks := g.ColumnChunks()
	for _, col := range c.columns {
		if err := c.cols[col].start(chunks[c.order[col]]); err != nil {
			return err
		}
	}
	return nil
}

// load reads the next row.
func (c *fileCursor) load() error {
	for _, col := range c.columns {
		p := &c.cols[col]
		if p.at == p.rows {
			if err := p.read(c.specs[col].Kept); err != nil {
				return fmt.Errorf("column %s: %w", c.specs[col].Name, err)
			}
		}
		switch {
		case p.dict != nil && p.indexed:
			c.values.texts[col] = p.text()
		case p.longs != nil:
			c.values.numbers[col] = p.longs[p.at]
		case p.ints != nil:
			c.values.numbers[col] = int64(p.ints[p.at])
		default:
			c.values.texts[col] = string(p.data[p.offsets[p.at]:p.offsets[p.at+1]])
		}
		p.at++
	}
	return nil
}

func (c *fileCursor) close() error {
	var errs []error
	for i := range c.cols {
		errs = append(errs, c.cols[i].close())
	}
	if c.open != nil {
		errs = append(errs, c.open.Close())
	}
	return errors.Join(errs...)
}

// pages walks one column of a row group.
type pages struct {
	pages    parquet.Pages
	page     parquet.Page
	at, rows int // within the page
	indexed  bool
	dict     []string // made as they are met

	longs   []int64
	ints    []int32
	data    []byte
	offsets []uint32
}

func (p *pages) start(chunk parquet.ColumnChunk) error {
	err := p.close()
	*p = pages{pages: chunk.Pages()}
	return err
}

func (p *pages) close() error {
	if p.page != nil {
		parquet.Release(p.page)
		p.page = nil
	}
	if p.pages == nil {
		return nil
	}
	defer func() { p.pages = nil }()
	return p.pages.Close()
}

// read goes to the next page.
func (p *pages) read(kept derived.Storage) error {
	if p.page != nil {
		parquet.Release(p.page)
		p.page = nil
	}
	page, err := p.pages.ReadPage()
	if err != nil {
		return unexpected(err)
	}
	p.page, p.at, p.rows = page, 0, int(page.NumRows())
	p.longs, p.ints, p.data, p.offsets, p.indexed = nil, nil, nil, nil, false
	data := page.Data()
	held := 0
	switch d := page.Dictionary(); {
	case d != nil && kept.Text():
		p.indexed, p.ints = true, data.Int32()
		if p.dict == nil {
			p.dict = make([]string, d.Len())
		}
		held = len(p.ints)
	case d != nil:
		for _, i := range data.Int32() {
			p.longs = append(p.longs, int64(d.Index(i).Int32()))
		}
		held = len(p.longs)
	case kept == derived.Number64:
		p.longs = data.Int64()
		held = len(p.longs)
	case kept == derived.Number32:
		p.ints = data.Int32()
		held = len(p.ints)
	default:
		p.data, p.offsets = data.ByteArray()
		held = len(p.offsets) - 1
	}
	if p.rows == 0 || held != p.rows {
		return errors.New("a page does not hold its rows")
	}
	return nil
}

// text gives the current value by the dictionary.
func (p *pages) text() string {
	i := p.ints[p.at]
	if p.dict[i] == "" {
		p.dict[i] = string(p.page.Dictionary().Index(i).ByteArray())
	}
	return p.dict[i]
}
