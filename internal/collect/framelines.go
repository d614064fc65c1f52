package collect

import (
	"bytes"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
)

// lines cuts at line feeds. A record keeps its carriage return and loses its
// line feed. Blank lines stay with the record before them, so that the records,
// each followed by a line feed, are the file again.
type lines struct {
	width     int // bytes of a code unit: 2 for UTF-16
	low       int // which byte of the unit holds an ASCII character
	limit     int
	part      int // pieces of the current overlong line handed out so far
	continues func(first, line []byte) bool
}

func newLines(shape event.Shape, limit int) *lines {
	l := &lines{width: 1, limit: limit, continues: shape.Continues}
	switch shape.Encoding {
	case "utf-16le":
		l.width = 2
	case "utf-16be":
		l.width, l.low = 2, 1
	}
	if l.width > 1 {
		l.limit, l.continues = limit&^1, nil
	}
	return l
}

func (f *lines) next(data []byte, eof bool) piece {
	end, next := f.line(data, 0, eof)
	switch {
	case next < 0:
		f.part++
		n := f.boundary(data)
		return piece{raw: data[:n], n: n, part: f.part}
	case next == 0:
		return piece{}
	}
	end, next = f.extend(data, end, next, eof)
	if next == 0 {
		return piece{}
	}
	p := piece{raw: data[:end], n: next}
	if f.part > 0 {
		p.part, f.part = f.part+1, 0
	}
	return p
}

// line finds the line that begins at from: where its text ends and where the
// next begins. next is 0 when more data is needed and -1 when the line is
// longer than the limit.
func (f *lines) line(data []byte, from int, eof bool) (end, next int) {
	rest := data[from:]
	near := rest[:min(len(rest), f.limit+f.width)]
	switch i := f.feed(near); {
	case i >= 0:
		return from + i, from + i + f.width
	case len(rest) > f.limit:
		return 0, -1
	case eof:
		return len(data), len(data)
	}
	return 0, 0
}

// extend takes in the lines that belong to the record of the first one: blank
// lines and those that Continues accepts, as long as the record stays within
// the limit.
func (f *lines) extend(data []byte, end, next int, eof bool) (int, int) {
	first := trimReturn(data[:end])
	for {
		if next == len(data) {
			if eof {
				return end, next
			}
			return 0, 0
		}
		if f.continues == nil && !f.mayBeBlank(data[next:]) {
			return end, next
		}
		e, n := f.line(data, next, eof)
		switch {
		case n == 0:
			return 0, 0
		case n < 0 || n > f.limit:
			return end, next
		}
		line := data[next:e]
		if !f.blank(line) && (f.continues == nil || !f.continues(first, trimReturn(line))) {
			return end, next
		}
		end, next = e, n
	}
}

// feed finds the first line feed, or -1.
func (f *lines) feed(b []byte) int {
	if f.width == 1 {
		return bytes.IndexByte(b, '\n')
	}
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i
		unit := at - f.low
		if unit >= 0 && unit%2 == 0 && unit+1 < len(b) && b[unit+1-f.low] == 0 {
			return unit
		}
	}
}

// mayBeBlank tells from the next bytes alone whether a blank line may follow.
func (f *lines) mayBeBlank(rest []byte) bool {
	return len(rest) <= f.low || rest[f.low] == '\n' || rest[f.low] == '\r'
}

func (f *lines) blank(line []byte) bool {
	return len(line) == 0 || len(line) == f.width && line[f.low] == '\r'
}

// boundary is where an overlong line is cut: at the limit, or a little before
// it where the limit falls inside a UTF-8 sequence.
func (f *lines) boundary(data []byte) int {
	for n := f.limit; f.width == 1 && n > f.limit-utf8.UTFMax; n-- {
		if utf8.RuneStart(data[n]) {
			return n
		}
	}
	return f.limit
}

func trimReturn(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\r")) }
