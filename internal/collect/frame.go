package collect

import "github.com/konseki/konseki/internal/event"

// A framer cuts a stream of bytes into records, one at a time.
type framer interface {
	// next looks at the unread bytes, of which there is at least one, and
	// says what stands at their start. With eof there are no more to come and
	// the piece takes at least one byte.
	next(data []byte, eof bool) piece
}

// piece is what a framer found at the start of the data.
type piece struct {
	// raw is the record, or nil when the bytes belong to none (white space
	// between JSON values).
	raw []byte
	// n is how many bytes of the data are dealt with; 0 asks for more data.
	n int
	// part counts the pieces of a record that was cut, from 1; 0 otherwise.
	part int
}

// newFramer returns the framer of a shape.
func newFramer(shape event.Shape, limits Limits) framer {
	l := newLines(shape, limits.MaxLine)
	switch shape.Framing {
	case event.FrameCSV:
		l.continues = nil
		return &csvRecords{lines: l}
	case event.FrameJSON, event.FrameJSONArray:
		if l.width > 1 { // JSON proper is UTF-8 (RFC 8259 §8.1)
			return l
		}
		v := newValues(l, limits.MaxRecord)
		if shape.Framing == event.FrameJSON {
			return v
		}
		return &elements{values: v}
	case event.FrameJournal:
		return &journalEntries{max: limits.MaxRecord}
	case event.FrameEVTX:
		return &chunks{}
	case event.FrameBinary:
		return &blocks{size: limits.MaxLine}
	default:
		return l
	}
}

// blocks cuts a file of no known structure into pieces of one size.
type blocks struct{ size, part int }

func (f *blocks) next(data []byte, eof bool) piece {
	if len(data) < f.size && !eof {
		return piece{}
	}
	f.part++
	n := min(len(data), f.size)
	return piece{raw: data[:n], n: n, part: f.part}
}
