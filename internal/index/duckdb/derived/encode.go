package derived

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// RowGroupRows is how many rows a row group has, but the last: small enough for time ranges to skip most of a file and large
// enough to compress well.
const RowGroupRows = 32_768

// ShapeColumn holds the id of a row's shape, or Shapeless.
const ShapeColumn = "shape"

// SlotName names the column of a slot.
func SlotName(slot int) string { return fmt.Sprintf("v%02d", slot) }

// schema describes a derived file with so many slots: required columns, no
// nesting. All columns share one codec: each one's encoders would hold megabytes.
func schema(slots int) *parquet.Schema {
	group, codec := parquet.Group{}, &zstd.Codec{Level: zstd.SpeedFastest}
	repeating := func(n parquet.Node) parquet.Node {
		return parquet.Compressed(parquet.Encoded(n, &parquet.RLEDictionary), codec)
	}
	group[ShapeColumn] = repeating(parquet.Int(64))
	for slot := range slots {
		group[SlotName(slot)] = repeating(parquet.String())
	}
	for i, s := range Specs() {
		var node parquet.Node
		switch s.Kept {
		case Number64:
			node = parquet.Int(64)
			if i == ColTime || i == ColRecord || i == ColTimeRx {
				node = parquet.Encoded(node, &parquet.DeltaBinaryPacked)
			}
		case Number32:
			node = parquet.Encoded(parquet.Int(32), &parquet.RLEDictionary)
		case dictionary:
			node = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
		case plain:
			node = parquet.String()
		}
		group[s.Name] = parquet.Compressed(node, codec)
	}
	return parquet.NewSchema("events", group)
}

// Encode writes arranged rows as a Parquet file, row group by row group and,
// inside, column by column.
func Encode(w io.Writer, places []Place, l *Folded) error {
	pw := parquet.NewWriter(w, schema(len(l.Slots)),
		parquet.PageBufferSize(256<<10), parquet.DataPageStatistics(true), parquet.DictionaryMaxBytes(4<<20))
	e := &encoder{layout: l, places: places, values: make([]parquet.Value, 0, 1024)}
	for from := 0; from < len(places); from += RowGroupRows {
		e.columns, e.from, e.to = pw.ColumnWriters(), from, min(from+RowGroupRows, len(places))
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
	layout   *Folded
	places   []Place
	columns  []*parquet.ColumnWriter
	from, to int
	values   []parquet.Value
}

func (e *encoder) group(schema *parquet.Schema) error {
	for col, s := range Specs() {
		if err := e.column(schema, s.Name, func(row int) parquet.Value { return e.value(row, col, s.Kept) }); err != nil {
			return err
		}
	}
	for slot := range e.layout.Slots {
		c := &e.layout.Slots[slot]
		if err := e.column(schema, SlotName(slot), func(row int) parquet.Value { return parquet.ByteArrayValue(c.Text(row)) }); err != nil {
			return err
		}
	}
	return e.column(schema, ShapeColumn, func(row int) parquet.Value {
		if s := e.layout.rows[row]; s != nil {
			return parquet.Int64Value(s.ID)
		}
		return parquet.Int64Value(Shapeless)
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
func (e *encoder) value(row, col int, kept Storage) parquet.Value {
	p, s := e.places[row], e.layout.rows[row]
	c := &p.Batch.Cols[col]
	switch {
	case kept == Number64:
		return parquet.Int64Value(c.Numbers[p.Row])
	case kept == Number32:
		return parquet.Int32Value(int32(c.Numbers[p.Row]))
	case col == ColText && p.Batch.Cols[ColTextKind].Numbers[p.Row] == TextIsRaw,
		col == ColFields && s != nil,
		col == ColMessage && s != nil && s.Message != Home{InColumn, ColMessage},
		col == ColOriginal && s != nil && s.Original != Home{InColumn, ColOriginal}:
		return parquet.ByteArrayValue(nil)
	}
	return parquet.ByteArrayValue(c.Text(p.Row))
}

// Positions gives the place of each column in a file, which orders them by name.
func Positions(s *parquet.Schema) ([ColumnCount]int, error) {
	var order [ColumnCount]int
	for col, sp := range Specs() {
		leaf, ok := s.Lookup(sp.Name)
		if !ok {
			return order, fmt.Errorf("schema lacks %s", sp.Name)
		}
		order[col] = leaf.ColumnIndex
	}
	return order, nil
}
