package collect

import (
	"errors"
	"io"

	"github.com/konseki/konseki/internal/event"
)

const (
	batchRecords = 4096    // records handed on at once
	windowBytes  = 4 << 20 // bytes handed on at once, unless one record is larger
)

// window is a buffer of bytes read, with the records cut from it so far. The
// records' Raw lie in the buffer: nothing is copied but the unread rest.
type window struct {
	buf      []byte
	from, to int // the bytes read and not yet cut
	recs     []event.Record
	spans    []span
}

func newWindow(size int) *window {
	const perRecord = 128 // bytes, at a guess
	return &window{buf: make([]byte, size), recs: make([]event.Record, 0, min(batchRecords, size/perRecord))}
}

func (w *window) unread() []byte { return w.buf[w.from:w.to] }

// full reports whether the window should be handed on before more is cut.
func (w *window) full() bool { return len(w.recs) >= batchRecords }

// moveTo leaves the unread bytes at the start of an empty window, which may be
// w itself once its records are no longer needed.
func (w *window) moveTo(next *window) {
	if len(next.buf) < len(w.buf) {
		next.buf = make([]byte, len(w.buf))
	}
	next.from, next.to = 0, copy(next.buf, w.unread())
	clear(next.recs)
	next.recs, next.spans = next.recs[:0], next.spans[:0]
}

// cutter reads a stream through windows and cuts it into records.
type cutter struct {
	limits Limits
	// fill reads until a window is full before cutting, for streams that do
	// not pause.
	fill bool
	// flush hands on the records of a window and returns the window to go on
	// with, which holds the unread bytes.
	flush func(*window) (*window, error)
}

// run cuts everything that r gives. take is called for each record and adds it
// to the window. The two errors are that of reading, after which all that was
// read has been cut, and that of flush, after which nothing more can be done.
// Records may remain in the window returned.
func (c *cutter) run(w *window, r io.Reader, f framer, take func(*window, piece)) (last *window, readErr, flushErr error) {
	var eof bool
	for {
		for more := true; more && !eof && w.to < len(w.buf); more = c.fill {
			var n int
			n, readErr = readSome(r, w.buf[w.to:])
			w.to += n
			eof = readErr != nil
		}
		if errors.Is(readErr, io.EOF) {
			readErr = nil
		}
		stuck := w.to-w.from >= c.hardest() // no framer may ask for this much
		if w, flushErr = c.cut(w, f, eof || stuck, take); flushErr != nil {
			return w, readErr, flushErr
		}
		if eof && w.from == w.to {
			return w, readErr, nil
		}
		if w.to == len(w.buf) {
			if w, flushErr = c.room(w); flushErr != nil {
				return w, readErr, flushErr
			}
		}
	}
}

// cut takes all the records that the unread bytes hold.
func (c *cutter) cut(w *window, f framer, eof bool, take func(*window, piece)) (*window, error) {
	for w.from < w.to {
		p := f.next(w.unread(), eof)
		if p.n == 0 {
			break
		}
		if p.raw != nil {
			take(w, p)
		}
		w.from += p.n
		if w.full() {
			var err error
			if w, err = c.flush(w); err != nil {
				return w, err
			}
		}
	}
	return w, nil
}

// room makes space behind the unread bytes.
func (c *cutter) room(w *window) (*window, error) {
	w, err := c.flush(w)
	if err != nil {
		return w, err
	}
	if w.to < len(w.buf) {
		return w, nil
	}
	bigger := &window{buf: make([]byte, 2*len(w.buf)), recs: w.recs, spans: w.spans}
	w.moveTo(bigger)
	return bigger, nil
}

// hardest is how many bytes a framer may need to see before it must decide.
func (c *cutter) hardest() int { return max(2*c.limits.MaxLine, c.limits.MaxRecord) + 4096 }

// readSome reads at least one byte or returns an error.
func readSome(r io.Reader, buf []byte) (int, error) {
	for range 100 {
		if n, err := r.Read(buf); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}
