package vault

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/keyring"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	segmentSuffix = ".parquet"
	ageSuffix     = ".age"  // an encrypted segment
	partSuffix    = ".part" // a segment being written
	rawBytesKey   = "konseki.raw_bytes"
	droppedKey    = "konseki.dropped"
	receivedKey   = "konseki.last_received"
	sourcesKey    = "konseki.sources"

	groupRows     = 8192    // rows of a row group, at most
	groupRawBytes = 8 << 20 // raw bytes of a row group, but for one record
	pageBytes     = 1 << 20
	maxGroupBytes = 64 << 20 // a group that claims more is not ours
)

// Segment is a closed file of raw records. First and Last are sequences, both
// included, that the file accounts for; Bytes is the size of the file, RawBytes
// that of the records in it. Generation is 0 for the file that the write-ahead
// log became, and counts how often it was written again.
type Segment struct {
	Name       string
	Path       string
	First      uint64
	Last       uint64
	Bytes      int64
	RawBytes   int64
	Generation int
	Encrypted  bool
	// LastReceived is the latest receive time in it, and Sources are those of
	// its records, nil when there are more than 256.
	LastReceived time.Time
	Sources      []string

	dropped  []span // records that were let go without a trace in the file
	shredded bool   // its key was destroyed
}

// why says why its dropped records are gone.
func (s *Segment) why() event.Gone {
	if s.shredded {
		return event.Shredded
	}
	return event.Expired
}

// Records counts the records that are in the file, whole or let go.
func (s *Segment) Records() uint64 { return s.Last - s.First + 1 - total(s.dropped) }

// span is a run of sequences, both ends included.
type span struct{ first, last uint64 }

func total(spans []span) (n uint64) {
	for _, s := range spans {
		n += s.last - s.first + 1
	}
	return n
}

// before counts the dropped records before seq.
func before(spans []span, seq uint64) (n uint64) {
	for _, s := range spans {
		if s.first >= seq {
			break
		}
		n += min(s.last, seq-1) - s.first + 1
	}
	return n
}

// spanOf finds the span that holds seq.
func spanOf(spans []span, seq uint64) (span, bool) {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].last >= seq })
	if i == len(spans) || spans[i].first > seq {
		return span{}, false
	}
	return spans[i], true
}

func spansText(spans []span) string {
	var b strings.Builder
	for i, s := range spans {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d-%d", s.first, s.last)
	}
	return b.String()
}

// parseSpans reads spans that are in order, apart and within first to last.
func parseSpans(text string, first, last uint64) ([]span, error) {
	if text == "" {
		return nil, nil
	}
	var out []span
	next := first
	for part := range strings.SplitSeq(text, ",") {
		a, b, _ := strings.Cut(part, "-")
		from, errA := strconv.ParseUint(a, 10, 63)
		to, errB := strconv.ParseUint(b, 10, 63)
		if errA != nil || errB != nil || from < next || to < from || to > last {
			return nil, fmt.Errorf("dropped records %q are not spans of %d to %d", part, first, last)
		}
		out = append(out, span{from, to})
		next = to + 2
	}
	return out, nil
}

func segmentName(first, last uint64) string { return segmentFile(first, last, 0, false) }

func segmentFile(first, last uint64, generation int, encrypted bool) string {
	name := fmt.Sprintf("%012d-%012d", first, last)
	if generation > 0 {
		name += fmt.Sprintf(".r%d", generation)
	}
	name += segmentSuffix
	if encrypted {
		name += ageSuffix
	}
	return name
}

func parseSegmentName(name string) (s Segment, ok bool) {
	base, encrypted := strings.CutSuffix(name, ageSuffix)
	base, found := strings.CutSuffix(base, segmentSuffix)
	base, gen, again := strings.Cut(base, ".r")
	a, b, dash := strings.Cut(base, "-")
	if !found || !dash {
		return s, false
	}
	var errG, errA, errB error
	s = Segment{Name: name, Encrypted: encrypted}
	if again {
		s.Generation, errG = strconv.Atoi(gen)
	}
	s.First, errA = strconv.ParseUint(a, 10, 63)
	s.Last, errB = strconv.ParseUint(b, 10, 63)
	ok = errA == nil && errB == nil && errG == nil && s.First > 0 && s.First <= s.Last && segmentFile(s.First, s.Last, s.Generation, encrypted) == name
	return s, ok
}

func lastOf(segments []Segment) uint64 {
	if len(segments) == 0 {
		return 0
	}
	return segments[len(segments)-1].Last
}

// listSegments gives the files that are named as segments, by first record,
// those that a later generation stands for, and the names that are neither.
func listSegments(d disk, dir string) (segments, replaced []Segment, others []string, err error) {
	entries, err := d.readDir(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, e := range entries {
		s, ok := parseSegmentName(e.Name())
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, nil, err
		}
		if !ok || !info.Mode().IsRegular() {
			others = append(others, e.Name())
			continue
		}
		s.Path, s.Bytes = filepath.Join(dir, e.Name()), info.Size()
		segments = append(segments, s)
	}
	slices.SortFunc(segments, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.First, b.First), -cmp.Compare(a.Generation, b.Generation), -cmp.Compare(a.Last, b.Last))
	})
	// A file written again stands for those it covers: an interrupted rewrite
	// leaves both. It was whole before it got its name.
	kept := segments[:0:0]
	for _, s := range segments {
		covered := slices.ContainsFunc(segments, func(o Segment) bool {
			return o.Generation > s.Generation && o.First <= s.First && o.Last >= s.Last
		})
		if covered {
			replaced = append(replaced, s)
			continue
		}
		kept = append(kept, s)
	}
	return kept, replaced, others, nil
}

// loadSegments lists the segments for use: no gap, no overlap, every footer
// readable. What an interrupted roll or rewrite left is removed.
func (v *Vault) loadSegments() ([]Segment, error) {
	dir := filepath.Join(v.dir, segmentDir)
	segments, replaced, others, err := listSegments(v.disk, dir)
	if err != nil {
		return nil, err
	}
	for _, name := range others {
		if strings.HasSuffix(name, partSuffix) {
			if err := v.disk.remove(filepath.Join(dir, name)); err != nil {
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
		r, err := openSegment(v.disk, *s, v.ring)
		if errors.Is(err, keyring.ErrDestroyed) {
			s.dropped, s.shredded = []span{{s.First, s.Last}}, true
			continue // as shredded: nothing in it can be read
		}
		if err != nil {
			return nil, fmt.Errorf("%w: segments/%s: %w: run konseki verify, and restore it from a copy", ErrIncomplete, s.Name, err)
		}
		s.RawBytes, s.dropped, s.LastReceived, s.Sources = r.rawBytes, r.dropped, r.received, r.sources
		if err := r.close(); err != nil {
			return nil, err
		}
	}
	for _, s := range replaced {
		if err := v.disk.remove(s.Path); err != nil {
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
	Form      int32  `parquet:"form,dict"`
	Key       string `parquet:"key,dict"`
	Commit    []byte `parquet:"commit"`
	Raw       []byte `parquet:"raw"`
	Check     int32  `parquet:"check"`
}

// columns of a segment, in file order.
const (
	colSeq = iota
	colReceived
	colSource
	colTransport
	colForm
	colKey
	colCommit
	colRaw
	colCheck
	colCount
)

// segmentReader reads one segment. Errors of the Parquet reader, and its
// panics on hostile files, come back as errors.
type segmentReader struct {
	file     file
	data     io.ReaderAt // what is in the file, decrypted
	first    uint64
	groups   []parquet.RowGroup
	meta     []format.RowGroup
	starts   []int64 // first row of each group, and the number of rows at the end
	rawBytes int64
	received time.Time
	sources  []string
	dropped  []span
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
	s.groups, s.meta = pf.RowGroups(), pf.Metadata().RowGroups
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

// group gives the rows of one row group from row skip on, as records in the
// form in which they are kept, with their check. The header of a payload is
// good until the next one; the rest is the callee's to keep.
func (s *segmentReader) group(g int, skip int64, yield func(*payload, int32) bool) (err error) {
	defer guard(&err)
	for i := range s.meta[g].Columns {
		if err := checkPages(s.data, &s.meta[g].Columns[i].MetaData); err != nil {
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
	var header []byte
	for range s.groups[g].NumRows() - skip {
		for i := range cols {
			if err := cols[i].next(); err != nil {
				return err
			}
		}
		p := payload{
			seq: uint64(cols[colSeq].long()), received: cols[colReceived].long(),
			source: cols[colSource].word(), transport: cols[colTransport].word(),
			form: form(cols[colForm].number()), key: string(cols[colKey].word()),
			commit: cols[colCommit].bytes(), body: cols[colRaw].bytes(),
		}
		if !p.form.valid() || len(p.commit) != p.form.commitLen() || len(p.source) > maxSource || len(p.transport) > maxTransport {
			return fmt.Errorf("record %d is malformed", p.seq)
		}
		header = appendHeader(header[:0], p.seq, p.received, string(p.source), string(p.transport))
		p.header = header
		if !yield(&p, cols[colCheck].int32()) {
			return nil
		}
	}
	return nil
}

// heads gives of every row what is known without its bytes: sequence, receive
// time, source and form.
func (s *segmentReader) heads(yield func(*payload) bool) (err error) {
	defer guard(&err)
	wanted := []int{colSeq, colReceived, colSource, colForm}
	for g := range s.groups {
		going, err := s.headsOf(g, wanted, yield)
		if err != nil || !going {
			return err
		}
	}
	return nil
}

func (s *segmentReader) headsOf(g int, wanted []int, yield func(*payload) bool) (going bool, err error) {
	var cols [colCount]column
	defer func() {
		for i := range cols {
			cols[i].close()
		}
	}()
	chunks := s.groups[g].ColumnChunks()
	for _, i := range wanted {
		if err := checkPages(s.data, &s.meta[g].Columns[i].MetaData); err != nil {
			return false, err
		}
		cols[i].pages = chunks[i].Pages()
	}
	for range s.groups[g].NumRows() {
		for _, i := range wanted {
			if err := cols[i].next(); err != nil {
				return false, err
			}
		}
		p := payload{
			seq: uint64(cols[colSeq].long()), received: cols[colReceived].long(),
			source: cols[colSource].word(), form: form(cols[colForm].number()),
		}
		if !yield(&p) {
			return false, nil
		}
	}
	return true, nil
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
	row   int // of the page; the value is that of row-1
	rows  int

	longs   []int64
	ints    []int32
	data    []byte
	offsets []uint32
	dict    [][]byte // of byte arrays
	numbers []int32  // of a dictionary of numbers
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
	c.row, c.rows = 0, int(page.NumRows())
	values := page.Data()
	if d := page.Dictionary(); d != nil {
		c.ints = values.Int32()
		if c.dict == nil && c.numbers == nil {
			c.learn(d)
		}
		c.rows = min(c.rows, len(c.ints))
		return
	}
	c.dict, c.numbers = nil, nil
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

// learn copies a dictionary.
func (c *column) learn(d parquet.Dictionary) {
	if d.Type().Kind() == parquet.Int32 {
		c.numbers = make([]int32, d.Len())
		for i := range c.numbers {
			c.numbers[i] = d.Index(int32(i)).Int32()
		}
		return
	}
	c.dict = make([][]byte, d.Len())
	for i := range c.dict {
		c.dict[i] = slices.Clone(d.Index(int32(i)).ByteArray())
	}
}

func (c *column) long() int64  { return c.longs[c.row-1] }
func (c *column) int32() int32 { return c.ints[c.row-1] }

// number is a value of a column of numbers with a dictionary or without.
func (c *column) number() int32 {
	if c.numbers != nil {
		return c.numbers[c.ints[c.row-1]]
	}
	return c.int32()
}

func (c *column) bytes() []byte {
	i, j := c.offsets[c.row-1], c.offsets[c.row]
	return c.data[i:j:j]
}

// word is a value of a column of byte arrays with a dictionary or without.
func (c *column) word() []byte {
	if c.dict != nil {
		return c.dict[c.ints[c.row-1]]
	}
	return c.bytes()
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
