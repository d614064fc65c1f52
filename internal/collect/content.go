package collect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/event"
)

const (
	headBytes   = 64 << 10 // what Recognise sees
	prefixBytes = 1 << 20  // content up to this size is read once only
)

// content is something to import: a file, what a compressed file unpacks to,
// or an archive member. It can be read any number of times.
type content struct {
	path     string // as in File.Path
	name     string // for Recognise: without the suffix of a compression
	open     func() (io.ReadCloser, error)
	at       io.ReaderAt // random access, or nil
	size     int64       // known only where at is not nil
	depth    int         // archives around it
	unpacked bool        // what a compressed file unpacks to
	stream   *stream     // set for what is being unpacked
	budget   *budget
}

// survey is what a first reading tells of a content.
type survey struct {
	sha256 string
	bytes  int64
	prefix []byte // the first bytes, up to prefixBytes
	err    error  // why the content ended before its end
}

// whole reports whether the prefix is all there is.
func (s *survey) whole() bool { return s.bytes == int64(len(s.prefix)) }

// leaf imports a content that is no archive.
func (im *importer) leaf(c *content) error {
	s := im.survey(c)
	shape := im.recognise(c, &s)
	place := im.place(c.path, shape)
	file := &File{
		Path: c.path, Source: place.Source, Format: shape.Format,
		SHA256: s.sha256, ID: s.sha256[:16], Bytes: s.bytes,
	}
	switch {
	case place.Skip:
		return nil
	case errors.Is(s.err, ErrBomb):
		return im.fail(c.path, s.err)
	case !usableSource(place.Source):
		file.Error, file.Why = explain(ErrSource), why(ErrSource)
		return im.report(file)
	case s.bytes > 0 && !im.opts.Again && im.known(s.sha256):
		file.Duplicate = true
		return im.report(file)
	}
	readErr, fatal := im.cut(c, &s, shape, fileTransport(c.path, file.ID, shape, place), file)
	if fatal != nil {
		return fatal
	}
	if err := errors.Join(s.err, readErr); err != nil {
		file.Error, file.Why = explain(fmt.Errorf("only the first %d bytes could be read: %w", s.bytes, err)), why(err)
		im.opts.Logger.Warn("file imported in part", "path", c.path, "err", err)
	}
	if errors.Is(readErr, ErrChanged) {
		file.Error, file.Why = explain(ErrChanged), why(ErrChanged)
	}
	im.seen[s.sha256] = true
	return im.report(file)
}

func (im *importer) known(sum string) bool {
	return im.seen[sum] || im.opts.Known != nil && im.opts.Known(sum)
}

func (im *importer) recognise(c *content, s *survey) event.Shape {
	if im.opts.Recognise == nil || s.bytes == 0 {
		return event.Shape{}
	}
	head := s.prefix[:min(len(s.prefix), headBytes)]
	if len(head) < len(s.prefix) {
		if i := bytes.LastIndexByte(head, '\n'); i > 0 {
			head = head[:i+1]
		}
	}
	return im.opts.Recognise(c.name, bytes.Clone(head))
}

func (im *importer) place(path string, shape event.Shape) Place {
	if im.opts.Place == nil {
		return Place{Source: "import"}
	}
	return im.opts.Place(path, shape)
}

// survey reads a content to its end for its SHA-256 and size.
func (im *importer) survey(c *content) survey {
	sum := sha256.New()
	s := survey{prefix: im.prefix[:0]}
	r, err := c.open()
	if err != nil {
		s.err = err
	} else {
		defer r.Close()
		s.bytes, s.err = im.digest(sum, r, &s.prefix)
	}
	im.prefix = s.prefix
	s.sha256 = hex.EncodeToString(sum.Sum(nil))
	return s
}

// digest hashes a stream and keeps its first bytes.
func (im *importer) digest(sum hash.Hash, r io.Reader, prefix *[]byte) (int64, error) {
	total := int64(0)
	for {
		if im.pipe.ctx.Err() != nil {
			return total, im.pipe.ctx.Err()
		}
		buf := im.scratch()
		n, err := readSome(r, buf)
		sum.Write(buf[:n])
		total += int64(n)
		if room := prefixBytes - len(*prefix); room > 0 {
			*prefix = append(*prefix, buf[:min(n, room)]...)
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// scratch is a buffer for reading through a stream.
func (im *importer) scratch() []byte {
	if im.copying == nil {
		im.copying = make([]byte, 256<<10)
	}
	return im.copying
}

// cut takes the records of a surveyed content. The second error ends the import.
func (im *importer) cut(c *content, s *survey, shape event.Shape, transport string, file *File) (readErr, fatal error) {
	var r io.Reader = bytes.NewReader(s.prefix)
	sum := sha256.New()
	if !s.whole() {
		again, err := c.open()
		if err != nil {
			return err, nil
		}
		defer again.Close()
		r = io.TeeReader(io.LimitReader(again, s.bytes), sum)
	}
	limits := im.opts.Limits
	cut := &cutter{limits: limits, flush: im.pipe.flush, fill: true}
	im.window, readErr, fatal = cut.run(im.window, r, newFramer(shape, limits), func(w *window, p piece) {
		w.take(file, transport, p)
	})
	if fatal == nil && readErr == nil && !s.whole() && hex.EncodeToString(sum.Sum(nil)) != s.sha256 {
		readErr = ErrChanged
	}
	return readErr, fatal
}

// take adds a record of a file to the window.
func (w *window) take(file *File, transport string, p piece) {
	if p.part > 0 {
		transport += ";part=" + strconv.Itoa(p.part)
	}
	w.recs = append(w.recs, event.Record{Source: file.Source, Transport: transport, Raw: p.raw})
	if n := len(w.spans); n > 0 && w.spans[n-1].file == file {
		w.spans[n-1].n++
		return
	}
	w.spans = append(w.spans, span{file: file, n: 1})
}

// fileTransport writes the transport of a file's records.
func fileTransport(path, id string, shape event.Shape, place Place) string {
	reference := ""
	if !place.Reference.IsZero() {
		reference = place.Reference.UTC().Format(time.RFC3339)
	}
	return event.Transport{Kind: "file"}.
		With("id", id).With("path", path).With("format", shape.Format).
		With("columns", event.JoinColumns(shape.Columns)).With("enc", shape.Encoding).
		With("map", place.Map).With("tz", place.Zone).With("tzfrom", place.ZoneFrom).
		With("ref", reference).With("host", place.Host).String()
}
