package evtx

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// Reader reads chunks, one after another. It keeps memory that it needs again,
// so it is worth keeping; it is not safe for concurrent use.
type Reader struct {
	chunk     []byte
	names     map[int]name
	templates map[int]template
	nested    int // templates being read within templates
	worked    int // bytes of the chunk read, some more than once
	events    int // what the events of the chunk expanded to
	event     int // what this one does

	values   []Value
	nodes    []*Node
	used     int // of nodes
	path     []*Node
	record   Record
	scratch  []byte
	interned map[string]string
	flat     flattener
	json     jsonWriter
}

// NewReader returns a Reader.
func NewReader() *Reader {
	return &Reader{
		names: map[int]name{}, templates: map[int]template{}, interned: map[string]string{}, json: jsonWriter{attrs: map[string]int{}},
	}
}

// Chunk gives the records of a chunk in the order they stand there, and each
// place that cannot be read: of the two, one is nil. A chunk of which nothing
// is used, all zeros, gives neither.
//
// Where the header of the chunk holds, the records are those up to the end it
// states, and after it those whose identifiers go on from its last: a log that
// was copied while Windows wrote it has some. Where it does not hold, records
// are found by their signature and marked [Record.Carved].
func (r *Reader) Chunk(data []byte) iter.Seq2[*Record, *Damage] {
	return func(yield func(*Record, *Damage) bool) {
		if allZero(data) {
			return
		}
		r.begin(data)
		h, err := parseChunkHeader(r.chunk)
		if err != nil && !yield(nil, &Damage{Err: err}) {
			return
		}
		w := walk{r: r, yield: yield, carved: !h.intact, at: min(chunkHeaderSize, len(r.chunk)), end: len(r.chunk), last: h.lastID}
		if h.sound {
			w.end = h.free
		}
		if w.records() && h.sound {
			w.leftovers()
		}
		r.chunk = nil
	}
}

func (r *Reader) begin(data []byte) {
	r.chunk = data[:min(len(data), ChunkSize)]
	clear(r.names)
	clear(r.templates)
	r.nested, r.worked, r.events = 0, 0, 0
}

func allZero(data []byte) bool {
	for len(data) >= 8 {
		if binary.LittleEndian.Uint64(data) != 0 {
			return false
		}
		data = data[8:]
	}
	return len(bytes.TrimLeft(data, "\x00")) == 0
}

// walk goes from record to record.
type walk struct {
	r       *Reader
	yield   func(*Record, *Damage) bool
	carved  bool
	at, end int
	last    uint64 // the highest identifier met or stated
}

// records reads the records up to the end and reports false when nobody wants more.
func (w *walk) records() bool {
	for w.at < w.end {
		if gap := w.gap(w.at); gap > 0 {
			from := w.at
			w.at += gap
			if !allZero(w.r.chunk[from:w.at]) && !w.yield(nil, &Damage{Offset: from, Size: gap, Err: ErrGap}) {
				return false
			}
			w.carved = true
			continue
		}
		rec, err := w.r.read(w.at, w.end)
		size := rec.Size
		if size == 0 { // not credible: up to the next signature
			size = min(len(recordSignature), w.end-w.at)
			size += w.gap(w.at + size)
			w.carved = true
		}
		if err != nil {
			d := &Damage{Offset: w.at, Size: size, Record: rec.ID, Err: err}
			w.at += size
			if w.r.exhausted() {
				d.Size, d.Err, w.at = w.end-d.Offset, ErrTooLarge, w.end
			}
			if !w.yield(nil, d) {
				return false
			}
			continue
		}
		w.at += size
		w.last = max(w.last, rec.ID)
		rec.Carved = w.carved
		if !w.yield(rec, nil) {
			return false
		}
	}
	return true
}

// gap counts the bytes from a place to the next signature of a record, or to
// the end.
func (w *walk) gap(from int) int {
	rest := w.r.chunk[from:w.end]
	if i := bytes.Index(rest, []byte(recordSignature)); i >= 0 {
		return i
	}
	return len(rest)
}

// leftovers reads what stands behind the records: those that go on from the
// last one. What else is there is older and was given up by the log.
func (w *walk) leftovers() {
	w.end = len(w.r.chunk)
	for {
		w.at += w.gap(w.at)
		if w.at >= w.end || w.r.exhausted() {
			return
		}
		rec, err := w.r.read(w.at, w.end)
		if err != nil || rec.ID != w.last+1 {
			w.at += len(recordSignature)
			continue
		}
		w.at += rec.Size
		w.last = rec.ID
		rec.Carved = true
		if !w.yield(rec, nil) {
			return
		}
	}
}

// exhausted reports whether the chunk has cost all it may.
func (r *Reader) exhausted() bool {
	return r.worked > maxWork || r.events > maxEvents-maxEvent
}

// read reads the record at an offset, where its signature stands. With an
// error the record holds what is known of it; its Size is 0 where the record
// does not state it credibly.
func (r *Reader) read(at, end int) (*Record, error) {
	r.record = Record{Offset: at, reader: r}
	rec := &r.record
	b := r.chunk[at:end]
	if len(b) < recordHeader+recordTrailer {
		return rec, ErrTruncated
	}
	le := binary.LittleEndian
	size := int(le.Uint32(b[4:]))
	if size < recordHeader+recordTrailer || size > len(b) || int(le.Uint32(b[size-recordTrailer:])) != size {
		return rec, ErrSize
	}
	rec.Size, rec.ID = size, le.Uint64(b[8:])
	rec.Written, _ = fileTime(le.Uint64(b[16:]))
	r.values, r.used, r.path, r.event = r.values[:0], 0, r.path[:0], 0
	document := r.node("")
	err := r.fragment(at+recordHeader, at+size-recordTrailer, document, 0, true)
	r.events += min(r.event, maxEvent)
	switch {
	case err != nil:
		return rec, err
	case len(document.Children) != 1:
		return rec, ErrToken
	}
	rec.Root = document.Children[0]
	return rec, nil
}
