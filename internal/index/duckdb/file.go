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

// schema describes a derived file: required columns, no nesting. All columns
// share one codec: each one's encoders would hold megabytes.
func schema() *parquet.Schema {
	group, codec := parquet.Group{}, &zstd.Codec{Level: zstd.SpeedFastest}
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
func write(path string, places []place) (digest uint64, err error) {
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
	if err = encode(buffered, places); err != nil {
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
func encode(w io.Writer, places []place) error {
	pw := parquet.NewWriter(w, schema(),
		parquet.PageBufferSize(256<<10), parquet.DataPageStatistics(true), parquet.DictionaryMaxBytes(4<<20))
	order, err := positions(pw.Schema())
	if err != nil {
		return err
	}
	values := make([]parquet.Value, 0, 1024)
	for group := range slices.Chunk(places, rowGroupRows) {
		columns := pw.ColumnWriters()
		for col, s := range specs() {
			if err := encodeColumn(columns[order[col]], group, col, order[col], s.kept, values); err != nil {
				return fmt.Errorf("column %s: %w", s.name, err)
			}
		}
		if err := pw.Flush(); err != nil {
			return err
		}
	}
	return pw.Close()
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

func encodeColumn(w *parquet.ColumnWriter, places []place, col, at int, kept storage, values []parquet.Value) error {
	for chunk := range slices.Chunk(places, cap(values)) {
		values = values[:0]
		for _, p := range chunk {
			values = append(values, value(p, col, kept).Level(0, 0, at))
		}
		if _, err := w.WriteRowValues(values); err != nil {
			return err
		}
	}
	return nil
}

func value(p place, col int, kept storage) parquet.Value {
	c := &p.batch.cols[col]
	switch {
	case kept == number64:
		return parquet.Int64Value(c.numbers[p.row])
	case kept == number32:
		return parquet.Int32Value(int32(c.numbers[p.row]))
	case col == colText && p.batch.cols[colTextKind].numbers[p.row] == textIsRaw:
		return parquet.ByteArrayValue(nil)
	}
	return parquet.ByteArrayValue(c.text(p.row))
}

// fileName names the derived file of a range of records, with the normaliser
// version it came from.
func fileName(first, last uint64, version string) string {
	return fmt.Sprintf("%020d-%020d.%s%s", first, last, version, fileSuffix)
}

const (
	fileSuffix = ".parquet"
	skipSuffix = ".skip"
)

// parseName is the inverse of fileName.
func parseName(name string) (first, last uint64, version string, ok bool) {
	base, ok := strings.CutSuffix(name, fileSuffix)
	if !ok || len(base) < 43 {
		return 0, 0, "", false
	}
	if _, err := fmt.Sscanf(base[:41], "%020d-%020d", &first, &last); err != nil {
		return 0, 0, "", false
	}
	version = base[42:]
	return first, last, version, base == strings.TrimSuffix(fileName(first, last, version), fileSuffix)
}

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
