// Package duckdb keeps Events queryable inside one process: DuckDB over derived Parquet files, one per vault segment, and rows in memory that are not yet in a file.
//
// Everything in the index's folder is derived from the vault and may be
// deleted. A derived file is named after the records it covers and the versions
// of its layout and of the normaliser that made it; beside it lies a sidecar
// with its size, digests, time ranges, shapes and filters that let queries pass
// over it, and with what the rows say of their sources' numbers and clocks. Queries work on a snapshot, so that each row is seen once while rows
// move into files.
//
// # Layout of a derived file
//
// A row is an event, in the order (time, record, nth). Its columns are the
// promoted ones; then shape, the slots v00 to v63 as far as they are used, and
// message, time_original, fields and text, which are mostly empty. What an event
// says is kept once:
//
//   - A native field, a message or an original time that repeats a promoted
//     column is not kept. The row's shape says which column it is.
//   - One that is long and mostly unlike others, like a message, a time or a
//     request's number, stays in the vault: a slot holds a cut, which says where
//     in the record's raw bytes it stands. "+9 27" is 27 bytes from offset 9,
//     "-2 153" those 153 that end 2 bytes before the record does; a quote after
//     it says that they are the inside of a JSON string.
//   - All others lie in slots. A native name has a slot of its own as long as
//     there are any, so that a slot repeats itself; then names that do not
//     occur together share one.
//   - Raw text is not kept: free words search the vault's segments. text holds
//     the decoded or unescaped text of records whose bytes are not to be searched.
//
// The sidecar lists the shapes of the file, at most 256: the native names in the
// order read, each with its home (a column, a slot, a cut in a slot), and the
// homes of message and original time. A shape's id is the begin of its SHA-256,
// so that one statement can read many files: a query for a native field becomes,
// per home that the field has in the files at hand, "shape IN (…) AND home = …".
// Rows that fit no shape have shape 0 and keep their fields as JSON text. Where a
// field is cut, the raw text is searched first for what it has to contain
// (found.go), and only records that do are cut. The same rows always give the
// same bytes.
package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/konseki/konseki/internal/index/duckdb/derived"
	"github.com/konseki/konseki/internal/index/duckdb/skip"

	driver "github.com/duckdb/duckdb-go/v2"
	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
)

// Options tune an Index; the zero value is usable.
type Options struct {
	Logger   *slog.Logger
	MemoryMB int    // what DuckDB may use; 0 is 512
	Threads  int    // of one query; 0 leaves it to DuckDB
	Version  string // of normalise; files of other versions are removed
	// Records reads the vault's records from a sequence on, as vault.Records
	// does. It is asked for those that are not in a segment as they were received:
	// encrypted or under a key. Nil takes all segments to be in the clear.
	Records func(ctx context.Context, from uint64) iter.Seq2[event.Record, error]
}

// Index is an index in one folder. It is safe for concurrent use.
type Index struct {
	db      *sql.DB
	dir     string
	opts    Options
	version string
	log     *slog.Logger

	cover sync.Mutex // held while a file is written
	write sync.Mutex // held while state is replaced
	state atomic.Pointer[state]
	pin   sync.Mutex // held while file.uses is counted
	raw   segments
	cache recordCache
}

// state is one consistent view; it never changes.
type state struct {
	files []*file
	hot   []*derived.Batch
}

// file is a derived file.
type file struct {
	path        string
	first, last uint64
	skip.Sidecar
	cuts map[derived.Item]bool // what is kept in records by some shape
	// Guarded by Index.pin: the queries that may read it, and, once it is
	// dropped, what is closed when it is gone.
	uses    int
	dropped chan struct{}
}

func (f *file) earliest() int64 {
	return slices.MinFunc(f.Groups, func(a, b skip.Group) int { return cmp.Compare(a.Earliest, b.Earliest) }).Earliest
}

func (f *file) latest() int64 {
	return slices.MaxFunc(f.Groups, func(a, b skip.Group) int { return cmp.Compare(a.Latest, b.Latest) }).Latest
}

// Open opens the index in dir, which is made if it does not exist. Files that
// are broken or of another version are removed; Has reports them missing.
func Open(dir string, opts Options) (*Index, error) {
	opts.MemoryMB = cmp.Or(opts.MemoryMB, 512)
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("index: open: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("index: open: %w", err)
	}
	x := &Index{dir: dir, opts: opts, version: layoutVersion + "." + safeVersion(opts.Version), log: opts.Logger}
	files, err := x.load()
	if err != nil {
		return nil, fmt.Errorf("index: open %s: %w", dir, err)
	}
	x.state.Store(&state{files: files})
	if x.db, err = x.connect(opts.MemoryMB); err != nil {
		return nil, fmt.Errorf("index: start duckdb: %w", err)
	}
	return x, nil
}

// connect starts an in-memory DuckDB with the functions that queries use.
func (x *Index) connect(memoryMB int) (*sql.DB, error) {
	connector, err := driver.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	ctx := context.Background()
	settings := []string{
		fmt.Sprintf("SET memory_limit = '%dMB'", memoryMB),
		"SET temp_directory = " + quote(filepath.Join(x.dir, "spill")),
		"SET parquet_metadata_cache = true",
		"SET preserve_insertion_order = false",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
	}
	if x.opts.Threads > 0 {
		settings = append(settings, fmt.Sprintf("SET threads = %d", x.opts.Threads))
	}
	for _, s := range settings {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", s, err), db.Close())
		}
	}
	if err := errors.Join(registerHot(ctx, db), registerFound(ctx, db), registerNetwork(ctx, db), x.registerRecords(ctx, db)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// quote writes an SQL string.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Close ends the index. Hot rows are forgotten: the vault still has their records.
func (x *Index) Close() error {
	if err := x.db.Close(); err != nil {
		return fmt.Errorf("index: close: %w", err)
	}
	return nil
}

// load takes stock of the folder.
func (x *Index) load() ([]*file, error) {
	entries, err := os.ReadDir(x.dir)
	if err != nil {
		return nil, err
	}
	var files []*file
	for _, e := range entries {
		name := e.Name()
		path := filepath.Join(x.dir, name)
		switch {
		case strings.HasSuffix(name, fileSuffix):
			f, broken := x.openFile(path)
			if broken == nil {
				files = append(files, f)
				continue
			}
			x.log.Warn("index: removing a file; it will be built again", "file", name, "reason", broken)
			err = remove(path)
		case strings.HasSuffix(name, tempSuffix):
			err = os.Remove(path)
		}
		if err != nil {
			return nil, err
		}
	}
	return x.apart(files)
}

// apart removes files of the same records: of a segment that was rewritten one
// is old, and both are built again.
func (x *Index) apart(files []*file) (kept []*file, err error) {
	slices.SortFunc(files, func(a, b *file) int { return cmp.Compare(a.first, b.first) })
	for i, f := range files {
		if i > 0 && files[i-1].last >= f.first || i+1 < len(files) && files[i+1].first <= f.last {
			x.log.Warn("index: removing a file of records that another has as well", "file", f.path)
			err = errors.Join(err, remove(f.path))
			continue
		}
		kept = append(kept, f)
	}
	return kept, err
}

func remove(path string) error {
	err := os.Remove(path)
	if side := os.Remove(path + skipSuffix); side != nil && !errors.Is(side, os.ErrNotExist) {
		err = errors.Join(err, side)
	}
	return err
}

const tailBytes = 64 << 10

// openFile checks a derived file against its name and sidecar: versions, size
// and footer.
func (x *Index) openFile(path string) (*file, error) {
	b, err := os.ReadFile(path + skipSuffix)
	if err != nil {
		return nil, err
	}
	side, err := skip.UnmarshalSidecar(b)
	if err != nil {
		return nil, err
	}
	if err := checkContinuity(side); err != nil {
		return nil, err
	}
	side.SidePath = path + skipSuffix
	if filepath.Base(path) != fileName(segmentOf(side), x.version) {
		return nil, errors.New("of another version")
	}
	size, tail, err := digestTail(path)
	if err != nil {
		return nil, err
	}
	if size != side.Size || tail != side.Tail {
		return nil, errors.New("size or footer differ from the sidecar")
	}
	return newFile(path, side), nil
}

// newFile takes over a sidecar.
func newFile(path string, side *skip.Sidecar) *file {
	f := &file{path: path, first: side.Records[0], last: side.Records[1], Sidecar: *side, cuts: map[derived.Item]bool{}}
	for _, s := range side.Shapes {
		f.note(derived.Item{Col: derived.ColMessage}, s.Message)
		f.note(derived.Item{Col: derived.ColOriginal}, s.Original)
		for _, field := range s.Fields {
			f.note(derived.Item{Col: derived.ColFields, Name: field.Name}, field.Home)
		}
	}
	return f
}

func (f *file) note(it derived.Item, h derived.Home) {
	if h.Kind == derived.InRecord {
		f.cuts[it] = true
	}
}

// segmentOf is the segment that the sidecar's file is of; its path is not known.
func segmentOf(s *skip.Sidecar) index.Segment {
	return index.Segment{Name: s.Segment, First: s.Records[0], Last: s.Records[1]}
}

func digestTail(path string) (size, digest uint64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, 0, err
	}
	tail := make([]byte, min(end, tailBytes))
	if _, err := f.ReadAt(tail, end-int64(len(tail))); err != nil {
		return 0, 0, err
	}
	return uint64(end), xxh3.Hash(tail), nil
}

// Has reports whether a derived file of this version is of the segment, also by
// name: a segment that was rewritten is another. It notes where the segment lies, which searches of raw text need.
func (x *Index) Has(seg index.Segment) bool {
	x.raw.note(seg)
	for _, f := range x.state.Load().files {
		if f.first == seg.First && f.last == seg.Last && f.Segment == seg.Name {
			return true
		}
	}
	return false
}

// Last is the highest record contained in files or hot rows; 0 when empty.
func (x *Index) Last() uint64 {
	var last uint64
	s := x.state.Load()
	for _, f := range s.files {
		last = max(last, f.last)
	}
	for _, b := range s.hot {
		last = max(last, b.TopRecord)
	}
	return last
}

// Add makes rows visible to the next query. Rows of records that a derived file
// covers are left out: the file has them. Rows are copied.
func (x *Index) Add(ctx context.Context, rows []index.Row) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("index: add: %w", err)
	}
	x.write.Lock()
	defer x.write.Unlock()
	s := x.state.Load()
	hot := slices.Clone(s.hot)
	var tail *derived.Batch
	for _, r := range rows {
		if s.covers(r.Event.Record) {
			continue
		}
		if tail == nil || tail.Full() {
			hot, tail = grow(hot)
		}
		tail.Add(r.Event, r.Raw)
	}
	x.state.Store(&state{files: s.files, hot: hot})
	return nil
}

// grow makes the last batch a version of its own that can be appended to, or
// begins a new one.
func grow(hot []*derived.Batch) ([]*derived.Batch, *derived.Batch) {
	if len(hot) == 0 {
		tail := derived.NewBatch()
		return append(hot, tail), tail
	}
	last := hot[len(hot)-1]
	if last.Full() {
		tail := last.Sibling()
		return append(hot, tail), tail
	}
	tail := new(*last)
	hot[len(hot)-1] = tail
	return hot, tail
}

func (s *state) covers(record uint64) bool {
	for _, f := range s.files {
		if record >= f.first && record <= f.last {
			return true
		}
	}
	return false
}

// Cover moves the hot rows of the segment's records into one derived file. All
// of the segment's rows must have been added before. It does nothing when the
// file is there already, and fails with ErrRewritten when another one is.
func (x *Index) Cover(ctx context.Context, seg index.Segment) error {
	x.cover.Lock()
	defer x.cover.Unlock()
	if x.Has(seg) {
		return nil
	}
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("index: cover %s: %w", seg.Name, err)
		}
		s := x.state.Load()
		if len(s.rewritten(seg)) > 0 {
			return fmt.Errorf("index: cover %s: %w", seg.Name, ErrRewritten)
		}
		hot := s.hot
		places := derived.Arrange(hot, seg.First, seg.Last)
		f, err := x.derive(seg, hot, places)
		if err != nil {
			return fmt.Errorf("index: cover %s: %w", seg.Name, err)
		}
		if x.install(f, len(places)) {
			return nil
		}
	}
}

// derive writes the derived file and its sidecar.
func (x *Index) derive(seg index.Segment, hot []*derived.Batch, places []derived.Place) (*file, error) {
	x.raw.note(seg)
	path := filepath.Join(x.dir, fileName(seg, x.version))
	l := derived.Fold(places)
	side := &skip.Sidecar{
		Segment: seg.Name, Records: [2]uint64{seg.First, seg.Last}, Slots: len(l.Slots), Shapes: l.Shapes, SidePath: path + skipSuffix,
	}
	var err error
	if side.Digest, err = write(path, places, l); err != nil {
		return nil, err
	}
	if side.Size, side.Tail, err = digestTail(path); err != nil {
		return nil, err
	}
	side.Sequences = sequence.Marshal(sequencesOf(places))
	side.Offsets = offset.Marshal(offsetsOf(places))
	b := side.Describe(hot, places)
	return newFile(path, side), writeSidecar(side.SidePath, b)
}

// writeSidecar writes a small file whole or not at all.
func writeSidecar(path string, b []byte) error {
	if err := os.WriteFile(path+tempSuffix, b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+tempSuffix, path)
}

// install replaces the hot rows by the file in one step. It reports false when
// rows of the segment were added since they were counted.
func (x *Index) install(f *file, rows int) bool {
	x.write.Lock()
	defer x.write.Unlock()
	s := x.state.Load()
	hot, moved := without(s.hot, f.first, f.last)
	if moved != rows {
		return false
	}
	x.state.Store(&state{files: append(slices.Clip(slices.Clone(s.files)), f), hot: hot})
	return true
}

// without drops the rows of records first to last, and counts them.
func without(batches []*derived.Batch, first, last uint64) (rest []*derived.Batch, dropped int) {
	for _, b := range batches {
		if b.TopRecord < first || b.LowRecord > last {
			rest = append(rest, b)
			continue
		}
		keep := b.CopyIf(func(record uint64) bool { return record < first || record > last })
		dropped += b.Rows - keep.Rows
		if keep.Rows > 0 {
			rest = append(rest, keep)
		}
	}
	return rest, dropped
}

// own is the condition that leaves out konseki's own records: all but findings
// for searches, all for counts of what came from outside.
func own(findings bool) string {
	s := "NOT starts_with(source, " + quote(event.OwnPrefix) + ")"
	if findings {
		s = "(" + s + " OR source = " + quote(event.SourceFinding) + ")"
	}
	return s
}
