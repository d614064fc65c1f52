package duckdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go"

	"github.com/konseki/konseki/internal/index"
)

// segments knows where raw records lie.
type segments struct {
	mu   sync.Mutex
	list []index.Segment // by first record
}

func compareFirst(s index.Segment, first uint64) int { return cmp.Compare(s.First, first) }

// note takes a segment in.
func (k *segments) note(seg index.Segment) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i, found := slices.BinarySearchFunc(k.list, seg.First, compareFirst)
	if found {
		k.list[i] = seg
		return
	}
	k.list = slices.Insert(k.list, i, seg)
}

// within lists the segments that hold some of the records first to last.
func (k *segments) within(first, last uint64) (out []index.Segment) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.list {
		if s.Last >= first && s.First <= last {
			out = append(out, s)
		}
	}
	return out
}

// covers fails when there is a record among first to last that no segment holds.
func (k *segments) covers(first, last uint64) error {
	for _, s := range k.within(first, last) {
		if s.First > first {
			break
		}
		first = s.Last + 1
	}
	if first <= last {
		return fmt.Errorf("%w: records %d to %d", errNoSegment, first, last)
	}
	return nil
}

// errNoSegment means that raw text cannot be searched where it lies.
var errNoSegment = errors.New("the vault segment of a derived file is not known; call Has for each segment after opening")

// maxChunkBytes bounds what one column of a row group may claim to hold.
const maxChunkBytes = 4 << 30

// rawPage is a run of texts of consecutive rows of a segment.
type rawPage struct {
	records []int64
	data    []byte
	offsets []uint32 // one more than records
}

// readRaw gives the raw texts of the wanted records of a segment, in pages that
// hold others as well; it reads no page without a wanted record. Pages are the
// callee's during the call. Panics of the Parquet reader on broken files come
// back as errors.
func readRaw(ctx context.Context, path string, wanted func(record uint64) bool, visit func(rawPage)) (err error) {
	defer guardParquet(&err)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	pf, err := parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(256<<10))
	if err != nil {
		return err
	}
	seq, ok := pf.Schema().Lookup("seq")
	raw, known := pf.Schema().Lookup("raw")
	if !ok || !known {
		return errors.New("not a segment of the vault")
	}
	for i, g := range pf.RowGroups() {
		if size := pf.Metadata().RowGroups[i].Columns[raw.ColumnIndex].MetaData.TotalUncompressedSize; size < 0 || size > maxChunkBytes {
			return fmt.Errorf("row group %d claims %d bytes", i, size)
		}
		if err := cmp.Or(ctx.Err(), readGroup(g, seq.ColumnIndex, raw.ColumnIndex, wanted, visit)); err != nil {
			return err
		}
	}
	return nil
}

func guardParquet(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("unreadable: %v", r)
	}
}

func readGroup(g parquet.RowGroup, seq, raw int, wanted func(record uint64) bool, visit func(rawPage)) (err error) {
	chunks := g.ColumnChunks()
	records, err := readNumbers(chunks[seq], int(g.NumRows()))
	if err != nil {
		return err
	}
	next := func(row int) int { // the first wanted row from row on
		for row < len(records) && !wanted(uint64(records[row])) {
			row++
		}
		return row
	}
	row := next(0)
	if row == len(records) {
		return nil
	}
	pages := chunks[raw].Pages()
	defer func() { err = cmp.Or(err, pages.Close()) }()
	at := 0 // row at which the next page begins
	for row < len(records) {
		if row > at {
			if err := pages.SeekToRow(int64(row)); err != nil {
				return err
			}
			at = row
		}
		page, err := pages.ReadPage()
		if err != nil {
			return unexpected(err)
		}
		n := int(page.NumRows())
		values := page.Data()
		data, offsets := values.ByteArray()
		if n == 0 || len(offsets) != n+1 || at+n > len(records) {
			return errors.New("a page of raw text does not hold its rows")
		}
		visit(rawPage{records[at : at+n], data, offsets})
		parquet.Release(page)
		at += n
		row = next(at)
	}
	return nil
}

// unexpected makes the end of a file where more was promised an error.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readNumbers reads a column of 64-bit integers.
func readNumbers(c parquet.ColumnChunk, rows int) (numbers []int64, err error) {
	pages := c.Pages()
	defer func() { err = cmp.Or(err, pages.Close()) }()
	numbers = make([]int64, 0, rows)
	for len(numbers) < rows {
		page, err := pages.ReadPage()
		if err != nil {
			return nil, unexpected(err)
		}
		data := page.Data()
		values := data.Int64()
		if len(values) == 0 || len(numbers)+len(values) > rows {
			return nil, errors.New("a page of record numbers does not hold its rows")
		}
		numbers = append(numbers, values...)
		parquet.Release(page)
	}
	return numbers, nil
}
