package ondisk

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/vault/keyring"
	"github.com/konseki/konseki/internal/vault/pages"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// SegmentReader reads one segment. Errors of the Parquet reader, and its
// panics on hostile files, come back as errors.
type SegmentReader struct {
	file     File
	data     io.ReaderAt // what is in the file, decrypted
	first    uint64
	Groups   []format.RowGroup
	Starts   []int64 // first row of each group, and the number of rows at the end
	RawBytes int64
	Received time.Time
	Sources  []string
	Dropped  []Span
	scans    sync.Pool // of *rowScan
}

// Close lets the file go.
func (s *SegmentReader) Close() error { return s.file.Close() }

// OpenSegment opens a segment; an encrypted one needs its key in the ring.
func OpenSegment(d Disk, seg Segment, ring *keyring.Ring) (*SegmentReader, error) {
	f, err := d.Open(seg.Path)
	if err != nil {
		return nil, err
	}
	s, err := newSegmentReader(f, seg, ring)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func newSegmentReader(f File, seg Segment, ring *keyring.Ring) (s *SegmentReader, err error) {
	defer Guard(&err)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	s = &SegmentReader{file: f, data: f, first: seg.First, Starts: []int64{0}}
	if seg.Encrypted {
		if s.data, size, err = decrypt(f, size, seg, ring); err != nil {
			return nil, err
		}
	}
	pf, err := parquet.OpenFile(s.data, size, parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return nil, err
	}
	if err := checkSchema(pf.Schema()); err != nil {
		return nil, err
	}
	s.Groups = pf.Metadata().RowGroups
	for i := range s.Groups {
		g := &s.Groups[i]
		if g.NumRows < 1 || g.NumRows > groupRows || len(g.Columns) != colCount {
			return nil, fmt.Errorf("row group %d has %d rows", i, g.NumRows)
		}
		for _, c := range g.Columns {
			if claim := c.MetaData.TotalUncompressedSize; claim < 0 || claim > maxGroupBytes || c.MetaData.TotalCompressedSize > size {
				return nil, fmt.Errorf("row group %d claims %d bytes", i, claim)
			}
		}
		s.Starts = append(s.Starts, s.Starts[i]+g.NumRows)
	}
	text, _ := pf.Lookup(rawBytesKey)
	s.RawBytes, _ = strconv.ParseInt(text, 10, 64)
	text, _ = pf.Lookup(receivedKey)
	s.Received, _ = time.Parse(time.RFC3339Nano, text)
	text, _ = pf.Lookup(sourcesKey)
	_ = json.Unmarshal([]byte(text), &s.Sources) // says only for how long a copy is kept
	text, _ = pf.Lookup(DroppedKey)
	s.Dropped, err = ParseSpans(text, seg.First, seg.Last)
	return s, err
}

// decrypt gives the plain bytes of an encrypted segment, which is an age file.
func decrypt(f File, size int64, seg Segment, ring *keyring.Ring) (io.ReaderAt, int64, error) {
	if ring == nil {
		return nil, 0, keyring.ErrLocked
	}
	id, err := ring.Get(FileKey(seg.First, seg.Generation))
	if err != nil {
		return nil, 0, err
	}
	return age.DecryptReaderAt(f, size, id)
}

// Guard turns a panic of the Parquet reader into an error.
func Guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("unreadable: %v", r)
	}
}

func checkSchema(schema *parquet.Schema) error {
	want := parquet.SchemaOf(SegmentRow{})
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

// sorts says of what physical type each column is and how many bytes its pages
// may unpack to.
func sorts(col int) (pages.Kind, int) {
	switch col {
	case ColSeq, ColReceived:
		return pages.Int64, 256 << 10
	case colForm, colCheck:
		return pages.Int32, 256 << 10
	case ColCommit:
		return pages.Bytes, 1 << 20
	case ColKey:
		return pages.Bytes, groupRows * (MaxKeyName + 8)
	case ColSource:
		return pages.Bytes, groupRows * (MaxSource + 8)
	}
	return pages.Bytes, maxGroupBytes
}

// RowScan goes through the rows of one row group. Its buffers are used again.
type RowScan struct {
	unpack *pages.Unpacker
	cols   [colCount]pages.Column
	at     [colCount]int // row of the page that comes next
	wanted []int
	left   int // rows
	header []byte
}

// NewRowScan makes a scan of the columns wanted.
func NewRowScan() (*RowScan, error) {
	u, err := pages.NewUnpacker()
	if err != nil {
		return nil, err
	}
	return &RowScan{unpack: u}, nil
}

// Open begins with row skip of group g. keep says that bytes given are the
// callee's to keep. ahead is how many bytes of a column are read at a time.
func (sc *RowScan) Open(s *SegmentReader, g int, skip int64, wanted []int, keep bool, ahead int) error {
	group := &s.Groups[g]
	sc.wanted, sc.left = wanted, int(group.NumRows-skip)
	for _, i := range wanted {
		m := &group.Columns[i].MetaData
		if m.Codec != format.Zstd && m.Codec != format.Uncompressed {
			return fmt.Errorf("column %d is compressed with %s", i, m.Codec)
		}
		chunk := pages.Chunk{
			Source: s.data, Offset: m.DataPageOffset, Size: m.TotalCompressedSize, Rows: int(group.NumRows),
			Zstd: m.Codec == format.Zstd, Ahead: ahead,
		}
		if m.DictionaryPageOffset != 0 {
			chunk.Offset = m.DictionaryPageOffset
		}
		chunk.Kind, chunk.MaxPage = sorts(i)
		if err := sc.cols[i].Open(sc.unpack, chunk, keep); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
		sc.at[i] = 0
		if skip > 0 {
			at, err := sc.cols[i].Skip(int(skip))
			if err != nil {
				return fmt.Errorf("column %d: %w", i, err)
			}
			sc.at[i] = at
		}
	}
	return nil
}

// Run reads on and says how many rows come whose values are all in pages that
// have been read; 0 is the end.
func (sc *RowScan) Run() (int, error) {
	n := sc.left
	for _, i := range sc.wanted {
		c := &sc.cols[i]
		if n > 0 && sc.at[i] == c.Rows {
			if err := c.Next(); err != nil {
				return 0, fmt.Errorf("column %d: %w", i, err)
			}
			sc.at[i] = 0
		}
		n = min(n, c.Rows-sc.at[i])
	}
	return n, nil
}

// Past moves behind n rows of a run.
func (sc *RowScan) Past(n int) {
	for _, i := range sc.wanted {
		sc.at[i] += n
	}
	sc.left -= n
}

// Long is a number of 64 bits.
func (sc *RowScan) Long(col, row int) int64 { return sc.cols[col].Longs[sc.at[col]+row] }

func (sc *RowScan) number(col, row int) int32 {
	c, i := &sc.cols[col], sc.at[col]+row
	if c.IDs != nil {
		return c.Numbers[c.IDs[i]]
	}
	return c.Ints[i]
}

// Bytes are good until the scan moves on.
func (sc *RowScan) Bytes(col, row int) []byte {
	c, i := &sc.cols[col], sc.at[col]+row
	if c.IDs != nil {
		return c.Words[c.IDs[i]]
	}
	from, to := c.Offsets[i], c.Offsets[i+1]
	return c.Data[from:to:to]
}

// Payload gives one row of a run. Its header is good until the next one.
func (sc *RowScan) Payload(row int) (Payload, error) {
	p := Payload{
		Seq: uint64(sc.Long(ColSeq, row)), Received: sc.Long(ColReceived, row),
		Source: sc.Bytes(ColSource, row), Transport: sc.Bytes(ColTransport, row),
		Form: formOf(sc.number(colForm, row)), Key: string(sc.Bytes(ColKey, row)),
		Commit: sc.Bytes(ColCommit, row), Body: sc.Bytes(ColRaw, row),
	}
	if !p.Form.valid() || len(p.Commit) != p.Form.commitLen() || len(p.Source) > MaxSource || len(p.Transport) > MaxTransport ||
		(p.Form == FormKeyed) != (p.Key != "") || p.Gone() && len(p.Body) > 0 {
		return p, fmt.Errorf("record %d is malformed", p.Seq)
	}
	b := binary.BigEndian.AppendUint64(sc.header[:0], p.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Received))
	sc.header = AppendNames(b, p.Source, p.Transport)
	p.Header = sc.header
	return p, nil
}

// AppendNames appends what follows the times in a header.
func AppendNames(b, source, transport []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(source)))
	b = append(b, source...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(transport)))
	return append(b, transport...)
}

// formOf is no valid form for a number that is none.
func formOf(n int32) Form {
	if n < 0 || n > math.MaxUint8 {
		return 0
	}
	return Form(n)
}

// readAhead is how much of a column is read at a time when all of it may not
// be needed.
const readAhead = 64 << 10

// Group gives the rows of one row group from row skip on, as records in the
// form in which they are kept, with their check. The header of a payload is
// good until the next one; the rest is the callee's to keep.
func (s *SegmentReader) Group(g int, skip int64, yield func(*Payload, int32) bool) (err error) {
	defer Guard(&err)
	sc, err := s.scan()
	if err != nil {
		return err
	}
	defer s.scans.Put(sc)
	return sc.payloads(s, g, skip, true, yield)
}

// payloads gives the rows of one row group from row skip on.
func (sc *RowScan) payloads(s *SegmentReader, g int, skip int64, keep bool, yield func(*Payload, int32) bool) error {
	if err := sc.Open(s, g, skip, AllColumns(), keep, readAhead); err != nil {
		return err
	}
	for {
		n, err := sc.Run()
		if err != nil || n == 0 {
			return err
		}
		for i := range n {
			p, err := sc.Payload(i)
			if err != nil {
				return err
			}
			if !yield(&p, sc.number(colCheck, i)) {
				return nil
			}
		}
		sc.Past(n)
	}
}

// AllColumns lists the columns of a segment in file order.
func AllColumns() []int {
	return []int{ColSeq, ColReceived, ColSource, ColTransport, colForm, ColKey, ColCommit, ColRaw, colCheck}
}

// scan gives a rowScan that is not in use.
func (s *SegmentReader) scan() (*RowScan, error) {
	if sc, ok := s.scans.Get().(*RowScan); ok {
		return sc, nil
	}
	return NewRowScan()
}

// Heads gives of every row what is known without its bytes: sequence, receive
// time, source and form.
func (s *SegmentReader) Heads(yield func(*Payload) bool) (err error) {
	defer Guard(&err)
	sc, err := s.scan()
	if err != nil {
		return err
	}
	defer s.scans.Put(sc)
	for g := range s.Groups {
		going, err := sc.heads(s, g, yield)
		if err != nil || !going {
			return err
		}
	}
	return nil
}

func (sc *RowScan) heads(s *SegmentReader, g int, yield func(*Payload) bool) (going bool, err error) {
	if err := sc.Open(s, g, 0, []int{ColSeq, ColReceived, ColSource, colForm}, true, readAhead); err != nil {
		return false, err
	}
	for {
		n, err := sc.Run()
		if err != nil || n == 0 {
			return n == 0, err
		}
		for i := range n {
			p := Payload{
				Seq: uint64(sc.Long(ColSeq, i)), Received: sc.Long(ColReceived, i),
				Source: sc.Bytes(ColSource, i), Form: formOf(sc.number(colForm, i)),
			}
			if !yield(&p) {
				return false, nil
			}
		}
		sc.Past(n)
	}
}

// From gives the records from sequence seq on.
func (s *SegmentReader) From(seq uint64, yield func(*Payload) error) error {
	row := int64(seq - s.first - Before(s.Dropped, seq))
	var failed error
	for g := range s.Groups {
		if s.Starts[g+1] <= row {
			continue
		}
		err := s.Group(g, max(0, row-s.Starts[g]), func(p *Payload, _ int32) bool {
			failed = yield(p)
			return failed == nil
		})
		if failed != nil || err != nil {
			return cmp.Or(failed, err)
		}
	}
	return nil
}

// RowSeq is the sequence of a row, by what the file says it holds.
func (s *SegmentReader) RowSeq(row int64) uint64 {
	seq := s.first + uint64(row)
	for _, d := range s.Dropped {
		if d.First > seq {
			break
		}
		seq += d.Last - d.First + 1
	}
	return seq
}

// Whole says whether the row is a record kept whole and in the clear.
func (sc *RowScan) Whole(row int) bool { return sc.number(colForm, row) == int32(FormWhole) }

// WholeChunk is how much of a column is read at a time when all of it is.
const WholeChunk = math.MaxInt32
