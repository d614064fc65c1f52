package post

import (
	"bufio"
	"errors"
	"hash"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// body is the request's body, decompressed and bounded.
func (v *visit) body() (io.ReadCloser, error) {
	var open func(io.Reader) (io.ReadCloser, error)
	switch encoding := strings.ToLower(v.r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return io.NopCloser(v.wire), nil
	case "gzip", "x-gzip":
		open = func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }
	case "deflate":
		open = openDeflate
	case "zstd":
		open = openZstd
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, event.WhyForm, "Content-Encoding %q is not known; use gzip, zstd, deflate or none", encoding)
	}
	unpacked, err := open(v.wire)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, event.WhyDamaged, "the body is not what Content-Encoding says: %v", err)
	}
	return &inflating{ReadCloser: unpacked, wire: v.wire, limits: v.door.opts.Limits}, nil
}

// openZstd reads zstd with the window that RFC 9659 §3 allows in HTTP.
func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// openDeflate reads "deflate", which is zlib (RFC 9110 §8.4.1.2), and also the
// bare deflate that some senders call so.
func openDeflate(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// whole reads a body that must be seen whole, of most bytes at the utmost.
func (v *visit) whole(most int64) ([]byte, error) {
	v.most = most
	v.wire.until = time.Now().Add(v.door.opts.Whole)
	r, err := v.body()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	size := int64(16 << 10)
	if v.r.ContentLength >= 0 && v.r.Header.Get("Content-Encoding") == "" {
		size = min(v.r.ContentLength, most) + 1 // the end is seen without growing
	}
	if err := v.claim(size); err != nil {
		return nil, err
	}
	buf := make([]byte, 0, size)
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > most:
			return nil, errBody
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		}
		if len(buf) == cap(buf) {
			if buf, err = v.grow(buf); err != nil {
				return nil, err
			}
		}
	}
}

// grow gives a buffer twice the room.
func (v *visit) grow(buf []byte) ([]byte, error) {
	if err := v.claim(int64(cap(buf))); err != nil {
		return nil, err
	}
	bigger := make([]byte, len(buf), 2*cap(buf))
	copy(bigger, buf)
	return bigger, nil
}

// steady moves the read deadline on with each read, until what is set, and
// counts and hashes what came.
type steady struct {
	r       io.Reader
	control *http.ResponseController
	idle    time.Duration
	until   time.Time // zero for as long as it takes
	n       int64
	sum     hash.Hash
}

// Read implements io.Reader.
func (s *steady) Read(p []byte) (int, error) {
	deadline := time.Now().Add(s.idle)
	if !s.until.IsZero() && s.until.Before(deadline) {
		deadline = s.until
	}
	// A connection without deadlines (a test's recorder) is read without.
	if err := s.control.SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := s.r.Read(p)
	s.n += int64(n)
	s.sum.Write(p[:n])
	return n, err
}

// inflating stops a body that unpacks to too much.
type inflating struct {
	io.ReadCloser
	wire   *steady
	limits collect.Limits
	n      int64
}

// Read implements io.Reader.
func (i *inflating) Read(p []byte) (int, error) {
	n, err := i.ReadCloser.Read(p)
	i.n += int64(n)
	if i.n > i.limits.MaxUnpacked || i.n > i.limits.RatioFrom && i.n/i.limits.MaxRatio > i.wire.n {
		return n, collect.ErrBomb
	}
	return n, err
}
