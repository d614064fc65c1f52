package vault

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	segmentSuffix = ".parquet"
	partSuffix    = ".part" // a segment being written
	rawBytesKey   = "konseki.raw_bytes"

	groupRows     = 8192    // rows of a row group, at most
	groupRawBytes = 8 << 20 // raw bytes of a row group, but for one record
	pageBytes     = 1 << 20
	maxGroupBytes = 64 << 20 // a group that claims more is not ours
)

// Segment is a closed file of raw records, written once. First and Last are
// sequences, both included; Bytes is the size of the file, RawBytes that of
// the records in it.
type Segment struct {
	Name     string
	Path     string
	First    uint64
	Last     uint64
	Bytes    int64
	RawBytes int64
}

func segmentName(first, last uint64) string {
	return fmt.Sprintf("%012d-%012d%s", first, last, segmentSuffix)
}

func parseSegmentName(name string) (first, last uint64, ok bool) {
	base, found := strings.CutSuffix(name, segmentSuffix)
	a, b, dash := strings.Cut(base, "-")
	if !found || !dash {
		return 0, 0, false
	}
	first, errA := strconv.ParseUint(a, 10, 63)
	last, errB := strconv.ParseUint(b, 10, 63)
	ok = errA == nil && errB == nil && first > 0 && first <= last && segmentName(first, last) == name
	return first, last, ok
}

func lastOf(segments []Segment) uint64 {
	if len(segments) == 0 {
		return 0
	}
	return segments[len(segments)-1].Last
}

// listSegments gives the files that are named as segments, by first record,
// and the names that are not.
func listSegments(dir string) (segments []Segment, others []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		first, last, ok := parseSegmentName(e.Name())
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if !ok || !info.Mode().IsRegular() {
			others = append(others, e.Name())
			continue
		}
		segments = append(segments, Segment{
			Name: e.Name(), Path: filepath.Join(dir, e.Name()), First: first, Last: last, Bytes: info.Size(),
		})
	}
	slices.SortFunc(segments, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
	return segments, others, nil
}

// loadSegments lists the segments for use: no gap, no overlap, every footer
// readable. What an interrupted roll left is removed.
func loadSegments(dir string) ([]Segment, error) {
	segments, others, err := listSegments(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range others {
		if strings.HasSuffix(name, partSuffix) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return nil, err
			}
		}
	}
	next := uint64(1)
	for i := range segments {
		s := &segments[i]
		if s.First != next {
			return nil, fmt.Errorf("%w: segments/%s should begin with record %d: run konseki verify, and restore the segment before it from a copy",
				ErrIncomplete, s.Name, next)
		}
		next = s.Last + 1
		r, err := openSegment(s.Path)
		if err != nil {
			return nil, fmt.Errorf("%w: segments/%s: %w: run konseki verify, and restore it from a copy", ErrIncomplete, s.Name, err)
		}
		s.RawBytes = r.rawBytes
		if err := r.close(); err != nil {
			return nil, err
		}
	}
	return segments, nil
}

// segmentRow is the schema of a segment. Check is the first four bytes of the
// leaf, big-endian: not proof of anything, but when a batch does not match its
// root it tells which of its records was touched.
type segmentRow struct {
	Seq       int64  `parquet:"seq,delta"`
	Received  int64  `parquet:"received,delta,timestamp(nanosecond)"`
	Source    string `parquet:"source,dict"`
	Transport string `parquet:"transport,dict"`
	Raw       []byte `parquet:"raw"`
	Check     int32  `parquet:"check"`
}

// columns of a segment, in file order.
const (
	colSeq = iota
	colReceived
	colSource
	colTransport
	colRaw
	colCheck
	colCount
)

// segmentReader reads one segment. Errors of the Parquet reader, and its
// panics on hostile files, come back as errors.
type segmentReader struct {
	file     *os.File
	groups   []parquet.RowGroup
	meta     []format.RowGroup
	starts   []int64 // first row of each group, and the number of rows at the end
	rawBytes int64
}

func (s *segmentReader) close() error { return s.file.Close() }

func openSegment(path string) (*segmentReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := newSegmentReader(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func newSegmentReader(f *os.File) (s *segmentReader, err error) {
	defer guard(&err)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pf, err := parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return nil, err
	}
	if err := checkSchema(pf.Schema()); err != nil {
		return nil, err
	}
	s = &segmentReader{file: f, groups: pf.RowGroups(), meta: pf.Metadata().RowGroups, starts: []int64{0}}
	for i, g := range s.groups {
		n := g.NumRows()
		if n < 1 || n > groupRows {
			return nil, fmt.Errorf("row group %d has %d rows", i, n)
		}
		for _, c := range s.meta[i].Columns {
			if size := c.MetaData.TotalUncompressedSize; size < 0 || size > maxGroupBytes || c.MetaData.TotalCompressedSize > info.Size() {
				return nil, fmt.Errorf("row group %d claims %d bytes", i, size)
			}
		}
		s.starts = append(s.starts, s.starts[i]+n)
	}
	text, _ := pf.Lookup(rawBytesKey)
	s.rawBytes, _ = strconv.ParseInt(text, 10, 64)
	return s, nil
}

// guard turns a panic of the Parquet reader into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("unreadable: %v", r)
	}
}

func checkSchema(schema *parquet.Schema) error {
	want := parquet.SchemaOf(segmentRow{})
	names := func(s *parquet.Schema) (out []string) {
		for _, p := range s.Columns() {
			name := strings.Join(p, ".")
			if leaf, ok := s.Lookup(p...); ok {
				name += fmt.Sprint(" ", leaf.Node.Type().Kind(), leaf.MaxRepetitionLevel, leaf.MaxDefinitionLevel)
			}
			out = append(out, name)
		}
		return out
	}
	if got := names(schema); !slices.Equal(got, names(want)) {
		return fmt.Errorf("columns are %q", got)
	}
	return nil
}

// group gives the rows of one row group from row skip on, as records with
// their check. Raw is the callee's to keep.
func (s *segmentReader) group(g int, skip int64, yield func(event.Record, int32) bool) (err error) {
	defer guard(&err)
	for i := range s.meta[g].Columns {
		if err := checkPages(s.file, &s.meta[g].Columns[i].MetaData); err != nil {
			return err
		}
	}
	var cols [colCount]column
	defer func() {
		for i := range cols {
			cols[i].close()
		}
	}()
	for i, chunk := range s.groups[g].ColumnChunks() {
		cols[i].pages = chunk.Pages()
		if skip > 0 {
			if err := cols[i].pages.SeekToRow(skip); err != nil {
				return err
			}
		}
	}
	for range s.groups[g].NumRows() - skip {
		for i := range cols {
			if err := cols[i].next(); err != nil {
				return err
			}
		}
		rec := event.Record{
			Seq:       uint64(cols[colSeq].int()),
			Received:  time.Unix(0, cols[colReceived].int()).UTC(),
			Source:    cols[colSource].text(),
			Transport: cols[colTransport].text(),
			Raw:       cols[colRaw].bytes(),
		}
		if !yield(rec, cols[colCheck].int32()) {
			return nil
		}
	}
	return nil
}

// checkPages walks the page headers of a column chunk and refuses sizes that
// the chunk cannot have, before anything is allocated by them.
func checkPages(r io.ReaderAt, c *format.ColumnMetaData) error {
	off := c.DataPageOffset
	if c.DictionaryPageOffset != 0 {
		off = c.DictionaryPageOffset
	}
	end := off + c.TotalCompressedSize
	var protocol thrift.CompactProtocol
	for off < end {
		section := io.NewSectionReader(r, off, end-off)
		buffered := bufio.NewReaderSize(section, 256)
		var h format.PageHeader
		if err := thrift.NewDecoder(protocol.NewReader(buffered)).Decode(&h); err != nil {
			return err
		}
		read, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		off += read - int64(buffered.Buffered())
		if h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > end-off || h.UncompressedPageSize < 0 || h.UncompressedPageSize > maxGroupBytes {
			return fmt.Errorf("a page claims %d bytes", h.UncompressedPageSize)
		}
		off += int64(h.CompressedPageSize)
	}
	return nil
}

// column walks the values of one column chunk, page by page.
type column struct {
	pages parquet.Pages
	page  parquet.Page
	row   int // of the page; the value is that of row-1
	rows  int

	longs   []int64
	ints    []int32
	data    []byte
	offsets []uint32
	dict    []string
}

// next moves to the next value, reading a page when there is need. Pages are
// left to the garbage collector: their bytes are handed out.
func (c *column) next() error {
	for c.row == c.rows {
		page, err := c.pages.ReadPage()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		c.take(page)
	}
	c.row++
	return nil
}

func (c *column) take(page parquet.Page) {
	c.page, c.row, c.rows = page, 0, int(page.NumRows())
	values := page.Data()
	if d := page.Dictionary(); d != nil {
		c.ints = values.Int32()
		if c.dict == nil {
			c.dict = make([]string, d.Len())
			for i := range c.dict {
				c.dict[i] = string(d.Index(int32(i)).ByteArray())
			}
		}
		c.rows = min(c.rows, len(c.ints))
		return
	}
	switch page.Type().Kind() {
	case parquet.Int64:
		c.longs = values.Int64()
		c.rows = min(c.rows, len(c.longs))
	case parquet.Int32:
		c.ints = values.Int32()
		c.rows = min(c.rows, len(c.ints))
	default:
		c.data, c.offsets = values.ByteArray()
		c.rows = min(c.rows, len(c.offsets)-1)
	}
}

func (c *column) int() int64   { return c.longs[c.row-1] }
func (c *column) int32() int32 { return c.ints[c.row-1] }

func (c *column) bytes() []byte {
	i, j := c.offsets[c.row-1], c.offsets[c.row]
	return c.data[i:j:j]
}

func (c *column) text() string {
	if c.dict != nil {
		return c.dict[c.ints[c.row-1]]
	}
	return string(c.bytes())
}

func (c *column) close() {
	if c.pages != nil {
		_ = c.pages.Close() // reading is over either way
	}
}

// checkOf is the check column's value for a leaf.
func checkOf(leaf tlog.Hash) int32 {
	return int32(uint32(leaf[0])<<24 | uint32(leaf[1])<<16 | uint32(leaf[2])<<8 | uint32(leaf[3]))
}
