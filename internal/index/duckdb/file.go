package duckdb

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/index"
)

// place is one row of a batch.
type place struct {
	batch *batch
	row   int
}

// arrange lists the rows of the batches whose record lies in [first,last], in
// the order (time, record, nth).
func arrange(batches []*batch, first, last uint64) []place {
	total := 0
	for _, b := range batches {
		total += b.rows
	}
	places := make([]place, 0, total)
	for _, b := range batches {
		if b.topRecord < first || b.lowRecord > last {
			continue
		}
		for row, n := range b.cols[colRecord].numbers {
			if uint64(n) >= first && uint64(n) <= last {
				places = append(places, place{b, row})
			}
		}
	}
	slices.SortStableFunc(places, func(a, b place) int {
		for _, col := range [...]int{colTime, colRecord, colNth} {
			if c := cmp.Compare(a.batch.cols[col].numbers[a.row], b.batch.cols[col].numbers[b.row]); c != 0 {
				return c
			}
		}
		return 0
	})
	return places
}

// rowGroupRows is small enough for time ranges to skip most of a file and large
// enough to compress well.
const rowGroupRows = 32_768

// shapeColumn holds the id of a row's shape, or shapeless.
const shapeColumn = "shape"

// slotName names the column of a slot.
func slotName(slot int) string { return fmt.Sprintf("v%02d", slot) }

// schema describes a derived file with so many slots: required columns, no
// nesting. All columns share one codec: each one's encoders would hold megabytes.
func schema(slots int) *parquet.Schema {
	group, codec := parquet.Group{}, &zstd.Codec{Level: zstd.SpeedFastest}
	repeating := func(n parquet.Node) parquet.Node {
		return parquet.Compressed(parquet.Encoded(n, &parquet.RLEDictionary), codec)
	}
	group[shapeColumn] = repeating(parquet.Int(64))
	for slot := range slots {
		group[slotName(slot)] = repeating(parquet.String())
	}
	for i, s := range specs() {
		var node parquet.Node
		switch s.kept {
		case number64:
			node = parquet.Int(64)
			if i == colTime || i == colRecord || i == colTimeRx {
				node = parquet.Encoded(node, &parquet.DeltaBinaryPacked)
			}
		case number32:
			node = parquet.Encoded(parquet.Int(32), &parquet.RLEDictionary)
		case dictionary:
			node = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
		case plain:
			node = parquet.String()
		}
		group[s.name] = parquet.Compressed(node, codec)
	}
	return parquet.NewSchema("events", group)
}

// write stores the rows as a Parquet file, under its name only when it is whole
// and on the disk.
func write(path string, places []place, l *layout) (digest uint64, err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "new-*"+tempSuffix)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = temp.Close() // the first error is the one to tell
			_ = os.Remove(temp.Name())
		}
	}()
	sum := xxh3.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(temp, sum), 1<<20)
	if err = encode(buffered, places, l); err != nil {
		return 0, err
	}
	if err = buffered.Flush(); err != nil {
		return 0, err
	}
	if err = temp.Sync(); err != nil {
		return 0, err
	}
	if err = temp.Close(); err != nil {
		return 0, err
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return 0, err
	}
	return sum.Sum64(), syncFolder(filepath.Dir(path))
}

const tempSuffix = ".part"

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return cmp.Or(err, d.Close())
}

// encode writes row group by row group and, inside, column by column.
func encode(w io.Writer, places []place, l *layout) error {
	pw := parquet.NewWriter(w, schema(len(l.slots)),
		parquet.PageBufferSize(256<<10), parquet.DataPageStatistics(true), parquet.DictionaryMaxBytes(4<<20))
	e := &encoder{layout: l, places: places, values: make([]parquet.Value, 0, 1024)}
	for from := 0; from < len(places); from += rowGroupRows {
		e.columns, e.from, e.to = pw.ColumnWriters(), from, min(from+rowGroupRows, len(places))
		if err := e.group(pw.Schema()); err != nil {
			return err
		}
		if err := pw.Flush(); err != nil {
			return err
		}
	}
	return pw.Close()
}

// encoder writes the columns of a row group, rows from to to.
type encoder struct {
	layout   *layout
	places   []place
	columns  []*parquet.ColumnWriter
	from, to int
	values   []parquet.Value
}

func (e *encoder) group(schema *parquet.Schema) error {
	for col, s := range specs() {
		if err := e.column(schema, s.name, func(row int) parquet.Value { return e.value(row, col, s.kept) }); err != nil {
			return err
		}
	}
	for slot := range e.layout.slots {
		c := &e.layout.slots[slot]
		if err := e.column(schema, slotName(slot), func(row int) parquet.Value { return parquet.ByteArrayValue(c.text(row)) }); err != nil {
			return err
		}
	}
	return e.column(schema, shapeColumn, func(row int) parquet.Value {
		if s := e.layout.rows[row]; s != nil {
			return parquet.Int64Value(s.id)
		}
		return parquet.Int64Value(shapeless)
	})
}

func (e *encoder) column(schema *parquet.Schema, name string, value func(row int) parquet.Value) error {
	leaf, ok := schema.Lookup(name)
	if !ok {
		return fmt.Errorf("schema lacks %s", name)
	}
	for row := e.from; row < e.to; {
		e.values = e.values[:0]
		for ; row < e.to && len(e.values) < cap(e.values); row++ {
			e.values = append(e.values, value(row).Level(0, 0, leaf.ColumnIndex))
		}
		if _, err := e.columns[leaf.ColumnIndex].WriteRowValues(e.values); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	return nil
}

// value is what a column of the file holds: nothing where the text is the raw
// bytes or the row's shape gives the value another home.
func (e *encoder) value(row, col int, kept storage) parquet.Value {
	p, s := e.places[row], e.layout.rows[row]
	c := &p.batch.cols[col]
	switch {
	case kept == number64:
		return parquet.Int64Value(c.numbers[p.row])
	case kept == number32:
		return parquet.Int32Value(int32(c.numbers[p.row]))
	case col == colText && p.batch.cols[colTextKind].numbers[p.row] == textIsRaw,
		col == colFields && s != nil,
		col == colMessage && s != nil && s.message != home{inColumn, colMessage},
		col == colOriginal && s != nil && s.original != home{inColumn, colOriginal}:
		return parquet.ByteArrayValue(nil)
	}
	return parquet.ByteArrayValue(c.text(p.row))
}

// positions gives the place of each column in the file, which orders them by name.
func positions(s *parquet.Schema) ([columnCount]int, error) {
	var order [columnCount]int
	for col, sp := range specs() {
		leaf, ok := s.Lookup(sp.name)
		if !ok {
			return order, fmt.Errorf("schema lacks %s", sp.name)
		}
		order[col] = leaf.ColumnIndex
	}
	return order, nil
}

// layoutVersion is part of the name of derived files: what is not laid out as
// this version does it is derived again.
const layoutVersion = "2"

// fileName names the derived file of a segment after the range of records, the
// version of layout and normaliser it came from, and the segment's name, so
// that a segment that was rewritten has another file.
func fileName(seg index.Segment, version string) string {
	return fmt.Sprintf("%020d-%020d.%s.%08x%s", seg.First, seg.Last, version, uint32(xxh3.HashString(seg.Name)), fileSuffix)
}

const (
	fileSuffix = ".parquet"
	skipSuffix = ".skip"
)

// safeVersion turns a normaliser version into a part of a file name.
func safeVersion(v string) string {
	for _, r := range v {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", r) {
			return fmt.Sprintf("x%016x", xxh3.HashString(v))
		}
	}
	if v == "" || len(v) > 64 {
		return fmt.Sprintf("x%016x", xxh3.HashString(v))
	}
	return v
}
