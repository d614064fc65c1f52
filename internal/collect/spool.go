package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// budget is what may be unpacked from one file, all archives in it together.
type budget struct {
	limits   Limits
	packed   int64 // the file's own size
	unpacked int64
	members  int
	blown    bool // the whole has unpacked to too much
}

// stream is one thing being unpacked. It may be read several times and counts
// once.
type stream struct {
	seen int64 // the furthest any reading came
	free bool  // a tar: its members are counted instead
}

// meter bounds the reading of a stream; closing it closes what it reads from.
func (b *budget) meter(s *stream, r io.Reader, closers ...io.Closer) io.ReadCloser {
	return &metered{budget: b, stream: s, r: r, closers: closers}
}

type metered struct {
	budget  *budget
	stream  *stream
	r       io.Reader
	closers []io.Closer
	out     int64
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.out += int64(n)
	b := m.budget
	if ahead := m.out - m.stream.seen; ahead > 0 {
		m.stream.seen = m.out
		if !m.stream.free {
			b.unpacked += ahead
		}
	}
	if tooMuch := max(b.unpacked, m.out); tooMuch > b.limits.RatioFrom && tooMuch/b.limits.MaxRatio > b.packed {
		b.blown = true
		return n, ErrBomb
	}
	if m.out > b.limits.MaxUnpacked && !m.stream.free {
		return n, ErrBomb
	}
	return n, err
}

func (m *metered) Close() error {
	var errs []error
	for _, c := range m.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// bounded fails once more than left bytes have been read; -1 lifts the bound.
type bounded struct {
	at   io.ReaderAt
	left int64
}

func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	if b.left >= 0 {
		if b.left -= int64(len(p)); b.left < 0 {
			b.left = 0
			return 0, ErrMembers
		}
	}
	return b.at.ReadAt(p, off)
}

// spoolMemory is how much of a member is kept in memory before a temporary
// file is used.
const spoolMemory = 4 << 20

// spool reads a content that can be read only once, or only from its start,
// into memory or a temporary file. What could be read before an error is kept
// and the error comes again at its end; only an exceeded limit or a full disk
// keeps nothing.
func (im *importer) spool(c *content) (*content, func(), error) {
	r, err := c.open()
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	kept := *c
	kept.stream = nil
	var memory bytes.Buffer
	_, err = io.CopyN(&memory, r, spoolMemory)
	if err == nil {
		return im.spoolFile(&kept, io.MultiReader(&memory, r))
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if errors.Is(err, ErrBomb) {
		return nil, nil, err
	}
	kept.readFrom(bytes.NewReader(memory.Bytes()), int64(memory.Len()), err)
	return &kept, func() {}, nil
}

func (im *importer) spoolFile(kept *content, r io.Reader) (*content, func(), error) {
	f, err := os.CreateTemp(im.opts.TempDir, "konseki-member-*")
	if err != nil {
		return nil, nil, err
	}
	cleanup := func() {
		f.Close()
		os.Remove(f.Name())
	}
	source := &remembering{ctx: im.pipe.ctx, r: r}
	n, err := io.Copy(f, source)
	switch {
	case errors.Is(source.err, ErrBomb) || im.pipe.ctx.Err() != nil:
		err = source.err
	case err != nil && source.err == nil:
		err = fmt.Errorf("no room to unpack it to in %s (set TMPDIR to another folder): %w", im.opts.TempDir, err)
	default:
		err = nil
	}
	if err != nil {
		cleanup()
		return nil, nil, err
	}
	kept.readFrom(f, n, source.err)
	return kept, cleanup, nil
}

// readFrom makes the content read from a copy that ends with an error, if any.
func (c *content) readFrom(at io.ReaderAt, size int64, end error) {
	c.at, c.size = at, size
	c.open = func() (io.ReadCloser, error) {
		r := io.Reader(io.NewSectionReader(at, 0, size))
		if end != nil {
			r = io.MultiReader(r, failing{end})
		}
		return io.NopCloser(r), nil
	}
}

// remembering keeps the error that ended a stream, to tell it from one of
// writing the stream elsewhere.
type remembering struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *remembering) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err == nil {
		err = s.ctx.Err()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
