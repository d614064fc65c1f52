package vault

import (
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

// segmentReader reads one segment. Errors of the Parquet reader, and its
// panics on hostile files, come back as errors.
type segmentReader struct {
	file     file
	data     io.ReaderAt // what is in the file, decrypted
	first    uint64
	groups   []format.RowGroup
	starts   []int64 // first row of each group, and the number of rows at the end
	rawBytes int64
	received time.Time
	sources  []string
	dropped  []span
	scans    sync.Pool // of *rowScan
}

func (s *segmentReader) close() error { return s.file.Close() }

// openSegment opens a segment; an encrypted one needs its key in the ring.
func openSegment(d disk, seg Segment, ring *keyring.Ring) (*segmentReader, error) {
	f, err := d.open(seg.Path)
	if err != nil {
		return nil, err
	}
	s, err := newSegmentReader(f, seg, ring)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func newSegmentReader(f file, seg Segment, ring *keyring.Ring) (s *segmentReader, err error) {
	defer guard(&err)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	s = &segmentReader{file: f, data: f, first: seg.First, starts: []int64{0}}
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
	s.groups = pf.Metadata().RowGroups
	for i := range s.groups {
		g := &s.groups[i]
		if g.NumRows < 1 || g.NumRows > groupRows || len(g.Columns) != colCount {
			return nil, fmt.Errorf("row group %d has %d rows", i, g.NumRows)
		}
		for _, c := range g.Columns {
			if claim := c.MetaData.TotalUncompressedSize; claim < 0 || claim > maxGroupBytes || c.MetaData.TotalCompressedSize > size {
				return nil, fmt.Errorf("row group %d claims %d bytes", i, claim)
			}
		}
		s.starts = append(s.starts, s.starts[i]+g.NumRows)
	}
	text, _ := pf.Lookup(rawBytesKey)
	s.rawBytes, _ = strconv.ParseInt(text, 10, 64)
	text, _ = pf.Lookup(receivedKey)
	s.received, _ = time.Parse(time.RFC3339Nano, text)
	text, _ = pf.Lookup(sourcesKey)
	_ = json.Unmarshal([]byte(text), &s.sources) // says only for how long a copy is kept
	text, _ = pf.Lookup(droppedKey)
	s.dropped, err = parseSpans(text, seg.First, seg.Last)
	return s, err
}

// decrypt gives the plain bytes of an encrypted segment, which is an age file.
func decrypt(f file, size int64, seg Segment, ring *keyring.Ring) (io.ReaderAt, int64, error) {
	if ring == nil {
		return nil, 0, keyring.ErrLocked
	}
	id, err := ring.Get(fileKey(seg.First, seg.Generation))
	if err != nil {
		return nil, 0, err
	}
	return age.DecryptReaderAt(f, size, id)
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

// sorts says of what physical type each column is and how many bytes its pages
// may unpack to.
func sorts(col int) (pages.Kind, int) {
	switch col {
	case colSeq, colReceived:
		return pages.Int64, 256 << 10
	case colForm, colCheck:
		return pages.Int32, 256 << 10
	case colCommit:
		return pages.Bytes, 1 << 20
	case colKey:
		return pages.Bytes, groupRows * (maxKeyName + 8)
	case colSource:
		return pages.Bytes, groupRows * (maxSource + 8)
	}
	return pages.Bytes, maxGroupBytes
}

// rowScan goes through the rows of one row group. Its buffers are used again.
type rowScan struct {
	unpack *pages.Unpacker
	cols   [colCount]pages.Column
	at     [colCount]int // row of the page that comes next
	wanted []int
	left   int // rows
	header []byte
}

func newRowScan() (*rowScan, error) {
	u, err := pages.NewUnpacker()
	if err != nil {
		return nil, err
	}
	return &rowScan{unpack: u}, nil
}

// open begins with row skip of group g. keep says that bytes given are the
// callee's to keep. ahead is how many bytes of a column are read at a time.
func (sc *rowScan) open(s *segmentReader, g int, skip int64, wanted []int, keep bool, ahead int) error {
	group := &s.groups[g]
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

// run reads on and says how many rows come whose values are all in pages that
// have been read; 0 is the end.
func (sc *rowScan) run() (int, error) {
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

// past moves behind n rows of a run.
func (sc *rowScan) past(n int) {
	for _, i := range sc.wanted {
		sc.at[i] += n
	}
	sc.left -= n
}

func (sc *rowScan) long(col, row int) int64 { return sc.cols[col].Longs[sc.at[col]+row] }

func (sc *rowScan) number(col, row int) int32 {
	c, i := &sc.cols[col], sc.at[col]+row
	if c.IDs != nil {
		return c.Numbers[c.IDs[i]]
	}
	return c.Ints[i]
}

func (sc *rowScan) bytes(col, row int) []byte {
	c, i := &sc.cols[col], sc.at[col]+row
	if c.IDs != nil {
		return c.Words[c.IDs[i]]
	}
	from, to := c.Offsets[i], c.Offsets[i+1]
	return c.Data[from:to:to]
}

// payload gives one row of a run. Its header is good until the next one.
func (sc *rowScan) payload(row int) (payload, error) {
	p := payload{
		seq: uint64(sc.long(colSeq, row)), received: sc.long(colReceived, row),
		source: sc.bytes(colSource, row), transport: sc.bytes(colTransport, row),
		form: formOf(sc.number(colForm, row)), key: string(sc.bytes(colKey, row)),
		commit: sc.bytes(colCommit, row), body: sc.bytes(colRaw, row),
	}
	if !p.form.valid() || len(p.commit) != p.form.commitLen() || len(p.source) > maxSource || len(p.transport) > maxTransport ||
		(p.form == formKeyed) != (p.key != "") || p.gone() && len(p.body) > 0 {
		return p, fmt.Errorf("record %d is malformed", p.seq)
	}
	b := binary.BigEndian.AppendUint64(sc.header[:0], p.seq)
	b = binary.BigEndian.AppendUint64(b, uint64(p.received))
	sc.header = appendNames(b, p.source, p.transport)
	p.header = sc.header
	return p, nil
}

// appendNames appends what follows the times in a header.
func appendNames(b, source, transport []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(source)))
	b = append(b, source...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(transport)))
	return append(b, transport...)
}

// formOf is no valid form for a number that is none.
func formOf(n int32) form {
	if n < 0 || n > math.MaxUint8 {
		return 0
	}
	return form(n)
}

// readAhead is how much of a column is read at a time when all of it may not
// be needed.
const readAhead = 64 << 10

// group gives the rows of one row group from row skip on, as records in the
// form in which they are kept, with their check. The header of a payload is
// good until the next one; the rest is the callee's to keep.
func (s *segmentReader) group(g int, skip int64, yield func(*payload, int32) bool) (err error) {
	defer guard(&err)
	sc, err := s.scan()
	if err != nil {
		return err
	}
	defer s.scans.Put(sc)
	return sc.payloads(s, g, skip, true, yield)
}

// payloads gives the rows of one row group from row skip on.
func (sc *rowScan) payloads(s *segmentReader, g int, skip int64, keep bool, yield func(*payload, int32) bool) error {
	if err := sc.open(s, g, skip, allColumns(), keep, readAhead); err != nil {
		return err
	}
	for {
		n, err := sc.run()
		if err != nil || n == 0 {
			return err
		}
		for i := range n {
			p, err := sc.payload(i)
			if err != nil {
				return err
			}
			if !yield(&p, sc.number(colCheck, i)) {
				return nil
			}
		}
		sc.past(n)
	}
}

func allColumns() []int {
	return []int{colSeq, colReceived, colSource, colTransport, colForm, colKey, colCommit, colRaw, colCheck}
}

// scan gives a rowScan that is not in use.
func (s *segmentReader) scan() (*rowScan, error) {
	if sc, ok := s.scans.Get().(*rowScan); ok {
		return sc, nil
	}
	return newRowScan()
}

// heads gives of every row what is known without its bytes: sequence, receive
// time, source and form.
func (s *segmentReader) heads(yield func(*payload) bool) (err error) {
	defer guard(&err)
	sc, err := s.scan()
	if err != nil {
		return err
	}
	defer s.scans.Put(sc)
	for g := range s.groups {
		going, err := sc.heads(s, g, yield)
		if err != nil || !going {
			return err
		}
	}
	return nil
}

func (sc *rowScan) heads(s *segmentReader, g int, yield func(*payload) bool) (going bool, err error) {
	if err := sc.open(s, g, 0, []int{colSeq, colReceived, colSource, colForm}, true, readAhead); err != nil {
		return false, err
	}
	for {
		n, err := sc.run()
		if err != nil || n == 0 {
			return n == 0, err
		}
		for i := range n {
			p := payload{
				seq: uint64(sc.long(colSeq, i)), received: sc.long(colReceived, i),
				source: sc.bytes(colSource, i), form: formOf(sc.number(colForm, i)),
			}
			if !yield(&p) {
				return false, nil
			}
		}
		sc.past(n)
	}
}
