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

	"github.com/konseki/konseki/internal/index/duckdb/skip"

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
// may hold others as well; it reads no page without a wanted record. Pages are
// the callee's during the call. What is encrypted or kept under a key comes
// through Options.Records. Panics of the Parquet reader on broken files come back
// as errors.
func (x *Index) readRaw(ctx context.Context, seg index.Segment, wanted func(record uint64) bool, visit func(rawPage)) (err error) {
	defer guardParquet(&err)
	f, err := os.Open(seg.Path)
	if errors.Is(err, os.ErrNotExist) && x.opts.Records != nil { // written again as another file meanwhile
		return x.readRecords(ctx, seg.First, seg.Last, wanted, visit)
	}
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	if x.opts.Records != nil && !isParquet(f) {
		return x.readRecords(ctx, seg.First, seg.Last, wanted, visit)
	}
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
		if err := ctx.Err(); err != nil {
			return err
		}
		records, err := readNumbers(g.ColumnChunks()[seq.ColumnIndex], int(g.NumRows()))
		if err != nil {
			return err
		}
		rows := rawRows{records: records, raw: g.ColumnChunks()[raw.ColumnIndex], wanted: wanted}
		if first := rows.next(0); first == len(records) {
			continue
		}
		if form, ok := pf.Schema().Lookup("form"); ok && x.opts.Records != nil {
			if whole, err := isWhole(g.ColumnChunks()[form.ColumnIndex]); err != nil {
				return err
			} else if !whole {
				err := x.readRecords(ctx, uint64(records[0]), uint64(records[len(records)-1]), wanted, visit)
				if err != nil {
					return err
				}
				continue
			}
		}
		if err := rows.read(visit); err != nil {
			return err
		}
	}
	return nil
}

func isParquet(r io.ReaderAt) bool {
	var magic [4]byte
	n, err := r.ReadAt(magic[:], 0)
	return n < len(magic) || err != nil || string(magic[:]) == "PAR1"
}

// maxWhole is the highest form of a record whose body is the bytes as received
// (docs/format.md, Record).
const maxWhole = 2

// isWhole reports whether all bodies of a row group are the bytes as received.
func isWhole(forms parquet.ColumnChunk) (whole bool, err error) {
	pages := forms.Pages()
	defer func() { err = cmp.Or(err, pages.Close()) }()
	page, err := pages.ReadPage()
	if err != nil {
		return false, unexpected(err)
	}
	defer parquet.Release(page)
	dict := page.Dictionary()
	if dict == nil {
		return false, nil
	}
	for i := range dict.Len() {
		if dict.Index(int32(i)).Int32() > maxWhole {
			return false, nil
		}
	}
	return true, nil
}

// recordsPage is about how many bytes of records readRecords puts into a page.
const recordsPage = 1 << 20

// readRecords is readRaw for the records first to last by way of the vault.
func (x *Index) readRecords(ctx context.Context, first, last uint64, wanted func(record uint64) bool, visit func(rawPage)) error {
	var p rawPage
	flush := func() {
		if len(p.records) > 0 {
			visit(p)
		}
		p = rawPage{p.records[:0], p.data[:0], append(p.offsets[:0], 0)}
	}
	flush()
	for seq := first; seq <= last; {
		if !wanted(seq) {
			seq++
			continue
		}
		from := seq
		for rec, err := range x.opts.Records(ctx, from) {
			if err != nil {
				return err
			}
			seq = rec.Seq + 1
			if rec.Seq > last || rec.Seq > from+skip.ChunkRecords && !wanted(rec.Seq) {
				break // perhaps there is much to pass over
			}
			if wanted(rec.Seq) {
				p.records, p.data = append(p.records, int64(rec.Seq)), append(p.data, rec.Raw...)
				p.offsets = append(p.offsets, uint32(len(p.data)))
			}
			if len(p.data) > recordsPage {
				flush()
			}
		}
		if seq == from { // none from here on
			break
		}
	}
	flush()
	return nil
}

func guardParquet(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("unreadable: %v", r)
	}
}

// rawRows is the raw texts of a row group.
type rawRows struct {
	records []int64
	raw     parquet.ColumnChunk
	wanted  func(record uint64) bool
}

// next is the first wanted row from row on.
func (r *rawRows) next(row int) int {
	for row < len(r.records) && !r.wanted(uint64(r.records[row])) {
		row++
	}
	return row
}

func (r *rawRows) read(visit func(rawPage)) (err error) {
	row, records := r.next(0), r.records
	pages := r.raw.Pages()
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
		row = r.next(at)
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
