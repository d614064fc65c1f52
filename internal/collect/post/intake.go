package post

import (
	"errors"
	"io"
	"strconv"

	"github.com/konseki/konseki/internal/event"
)

// A framer cuts a stream into records, one at a time.
type framer interface {
	// next looks at the bytes not yet cut and says what stands at their start.
	// With eof there are no more to come.
	next(data []byte, eof bool) (piece, error)
}

// piece is what a framer found at the start of the data.
type piece struct {
	raw  []byte // nil when the bytes belong to no record
	n    int    // bytes dealt with; 0 asks for more data
	part int    // counts the pieces of a record that was cut, from 1; 0 otherwise
}

// Sizes of the buffer through which a stream is read, and how many records are
// stored at once.
const (
	smallBuffer  = 4 << 10
	largeBuffer  = 256 << 10
	batchRecords = 4096
)

// stream reads the body to its end and stores the records that the framer cuts,
// as they come. What was cut before an error is stored.
func (v *visit) stream(f framer) error {
	err := v.flow(f)
	v.recognise(err == nil)
	return err
}

func (v *visit) flow(f framer) error {
	r, err := v.body()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	in := &intake{v: v, framer: f, transport: v.transport()}
	if err := in.room(v.buffer()); err != nil {
		return err
	}
	for {
		n, err := r.Read(in.buf[in.to:])
		in.to += n
		eof := errors.Is(err, io.EOF)
		cutErr := in.cut(eof)
		if err == nil {
			err = cutErr
		}
		switch {
		case cutErr != nil && errors.Is(cutErr, errVault):
			return cutErr
		case err != nil:
			if storeErr := in.flush(); storeErr != nil {
				return storeErr
			}
			if eof {
				return cutErr
			}
			return err
		case in.to == len(in.buf):
			if err := in.space(); err != nil {
				return err
			}
		}
	}
}

// buffer is as large as a small request, so that one line costs little.
func (v *visit) buffer() int {
	if v.r.ContentLength < 0 || v.r.Header.Get("Content-Encoding") != "" {
		return largeBuffer
	}
	return int(min(max(v.r.ContentLength+1, smallBuffer), largeBuffer))
}

// intake is a stream being cut. The records' Raw lie in the buffer.
type intake struct {
	v         *visit
	framer    framer
	transport event.Transport
	buf       []byte
	from, to  int // the bytes read and not yet cut
	recs      []event.Record
	as        string // the transport as text
}

// cut takes the records that the unread bytes hold.
func (in *intake) cut(eof bool) error {
	for in.from < in.to || eof {
		p, err := in.framer.next(in.buf[in.from:in.to], eof)
		if err != nil {
			return err
		}
		if p.n == 0 {
			return nil
		}
		if p.raw != nil {
			in.recs = append(in.recs, in.v.record(in.kind(p.part), p.raw))
		}
		in.from += p.n
		if len(in.recs) >= batchRecords {
			if err := in.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// kind is the transport of a piece.
func (in *intake) kind(part int) string {
	if part > 0 {
		return in.transport.With("part", strconv.Itoa(part)).String()
	}
	if in.as == "" {
		in.as = in.transport.String()
	}
	return in.as
}

func (in *intake) flush() error {
	err := in.v.store(in.recs)
	clear(in.recs)
	in.recs = in.recs[:0]
	return err
}

// space makes room behind the bytes not yet cut.
func (in *intake) space() error {
	if err := in.flush(); err != nil {
		return err
	}
	if in.from == 0 {
		return in.room(len(in.buf))
	}
	in.to = copy(in.buf, in.buf[in.from:in.to])
	in.from = 0
	return nil
}

// room makes the buffer n bytes larger.
func (in *intake) room(n int) error {
	if err := in.v.claim(int64(n)); err != nil {
		return err
	}
	bigger := make([]byte, len(in.buf)+n)
	copy(bigger, in.buf[:in.to])
	in.buf = bigger
	return nil
}
