package collect

import (
	"io"

	"github.com/konseki/konseki/internal/event"
)

// Framer cuts what is still growing, such as a file that is followed, into the
// records that [Import] would cut it into. It remembers nothing but [Framer.Part].
type Framer struct {
	lines *lines
	next  framer
}

// Piece is what stands at the start of the data given to a Framer.
type Piece struct {
	Raw  []byte // the record; nil when the bytes belong to none
	Size int    // bytes of the data dealt with; 0 asks for more of them
	Part int    // counts the pieces of a record that was cut, from 1; 0 otherwise
}

// NewFramer returns a framer for lines, CSV and JSON values; other framings are
// taken line by line. part is what Part told when an earlier framer of the same
// file was left.
func NewFramer(shape event.Shape, limits Limits, part int) *Framer {
	limits = limits.orDefault()
	l := newLines(shape, limits.MaxLine)
	l.part = part
	f := &Framer{lines: l, next: l}
	switch {
	case shape.Framing == event.FrameCSV:
		l.continues = nil
		f.next = &csvRecords{lines: l}
	case shape.Framing == event.FrameJSON && l.width == 1:
		f.next = newValues(l, limits.MaxRecord)
	}
	return f
}

// Next says what stands at the start of data, which is not empty. With eof there
// are no more bytes to come, and at least one is taken.
func (f *Framer) Next(data []byte, eof bool) Piece {
	p := f.next.next(data, eof)
	return Piece{Raw: p.raw, Size: p.n, Part: p.part}
}

// Part tells how many pieces of an overlong record were handed out whose end was
// not seen yet.
func (f *Framer) Part() int { return f.lines.part }

// Unpack reads what a file compressed with gzip, zstd or bzip2 holds; packed is
// false, and the reader nil, where its first bytes, at most 512, say that it is
// none of these.
func Unpack(head []byte, r io.Reader) (content io.ReadCloser, packed bool, err error) {
	kind := sniff(head)
	if kind != gzipped && kind != zstdPacked && kind != bzipped {
		return nil, false, nil
	}
	content, err = decompress(r, kind)
	return content, true, err
}
