package collect

import (
	"bytes"
	"encoding/binary"
)

// journalEntries takes each entry of the journal export format
// (systemd.io/JOURNAL_EXPORT_FORMATS) as a record, each field with its line
// feed; the empty lines between entries are in none. A field is a line
// NAME=text or, for values that may hold anything, a line NAME, the length of
// the value as 64 bits little-endian, the value, and a line feed: what stands in
// a value never ends an entry. An entry larger than max is cut between fields,
// and a field larger than that within.
type journalEntries struct {
	max  int
	part int    // pieces of the entry handed out so far
	left uint64 // bytes of the field that was cut still to come
	text bool   // the field that was cut goes on to its line feed
}

func (f *journalEntries) next(data []byte, eof bool) piece {
	switch {
	case f.left > 0:
		n := int(min(f.left, uint64(len(data)), uint64(f.max)))
		f.left -= uint64(n)
		return f.cut(data, n)
	case f.text:
		near := data[:min(len(data), f.max)]
		if i := bytes.IndexByte(near, '\n'); i >= 0 {
			f.text = false
			return f.cut(data, i+1)
		}
		return f.cut(data, len(near))
	case data[0] == '\n':
		f.part = 0
		return piece{n: 1}
	}
	at := 0
	for at < len(data) && at <= f.max {
		if data[at] == '\n' {
			return f.whole(data, at, at+1)
		}
		size, known := journalField(data[at:])
		if end := uint64(at) + size; !known || end > uint64(min(len(data), f.max)) {
			return f.beyond(data, at, size, known, eof)
		}
		at += int(size)
	}
	if eof {
		return f.whole(data, at, at)
	}
	return piece{}
}

// journalField gives the bytes of the field that data begin with; known is
// false when the data end before that can be told. Bytes that are no field are
// taken line by line.
func journalField(data []byte) (size uint64, known bool) {
	i := bytes.IndexByte(data, '\n')
	switch {
	case i < 0:
		return 0, false
	case bytes.IndexByte(data[:i], '=') >= 0:
		return uint64(i) + 1, true
	case len(data) < i+9:
		return 0, false
	}
	length := binary.LittleEndian.Uint64(data[i+1:])
	if length > 1<<40 {
		return uint64(i) + 1, true
	}
	return uint64(i) + 9 + length + 1, true
}

// beyond deals with a field at an offset that does not end within the data, or
// within what a record may hold.
func (f *journalEntries) beyond(data []byte, at int, size uint64, known, eof bool) piece {
	switch {
	case len(data) < f.max && !eof:
		return piece{}
	case len(data) <= f.max && eof:
		return f.whole(data, len(data), len(data))
	case at > 0:
		return f.cut(data, at)
	}
	n := min(len(data), f.max)
	if f.text = !known; known {
		f.left = size - uint64(n)
	}
	return f.cut(data, n)
}

// cut is a piece of an entry that is too large.
func (f *journalEntries) cut(data []byte, n int) piece {
	f.part++
	return piece{raw: data[:n], n: n, part: f.part}
}

// whole is an entry, or the last piece of one.
func (f *journalEntries) whole(data []byte, end, n int) piece {
	p := piece{raw: data[:end], n: n}
	if f.part > 0 {
		p.part = f.part + 1
	}
	f.part = 0
	return p
}
