package collect

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// values takes each JSON value as a record, without the white space around it.
// Text that is not JSON is kept line by line up to where JSON begins again.
type values struct {
	*lines
	max     int                // largest value in one record
	options []jsontext.Options // lenient in everything that does not change where a value ends
	decoder *jsontext.Decoder
	buffer  bytes.Buffer
	asLines int // bytes still to be taken line by line
}

func newValues(l *lines, limit int) *values {
	l.continues = nil
	v := &values{lines: l, max: limit}
	v.options = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	v.decoder = jsontext.NewDecoder(&v.buffer, v.options...)
	return v
}

func (f *values) next(data []byte, eof bool) piece {
	if f.part > 0 || f.asLines > 0 {
		return f.oneLine(data, eof)
	}
	if n := space(data); n > 0 {
		return piece{n: n}
	}
	if p := f.wholeLine(data); p.n > 0 {
		return p
	}
	all := eof
	near := data[:min(len(data), f.max)]
	eof = eof && len(near) == len(data)
	end, err := f.scan(near)
	switch bad, isSyntax := errors.AsType[*jsontext.SyntacticError](err); {
	case err == nil && (end < len(near) || eof || closed(data[end-1])):
		return piece{raw: data[:end], n: end}
	case err == nil || errors.Is(err, io.ErrUnexpectedEOF):
		switch {
		case eof:
			return piece{raw: bytes.TrimRight(data, "\r\n"), n: len(data)}
		case len(near) < f.max:
			return piece{}
		}
		f.asLines = f.max
		return f.oneLine(data, all)
	case isSyntax:
		return f.broken(data, int(bad.ByteOffset), all)
	default: // io.EOF cannot be: the data holds more than space
		return f.broken(data, 0, all)
	}
}

// wholeLine is the quick way for JSON lines: a line that is one value.
func (f *values) wholeLine(data []byte) piece {
	i := bytes.IndexByte(data, '\n')
	if i < 0 || i > f.max {
		return piece{}
	}
	line := bytes.TrimRight(data[:i], " \t\r")
	if len(line) < 2 || data[0] == '{' && line[len(line)-1] != '}' || !jsontext.Value(line).IsValid(f.options...) {
		return piece{}
	}
	return piece{raw: line, n: i + 1}
}

// scan finds where the value at the start of the data ends.
func (f *values) scan(data []byte) (int, error) {
	f.buffer = *bytes.NewBuffer(data)
	f.decoder.Reset(&f.buffer, f.options...)
	_, err := f.decoder.ReadValue()
	return int(f.decoder.InputOffset()), err
}

// broken keeps what turned out not to be JSON at an offset: everything before
// the line of the error in one record or, if that is nothing, the line itself.
func (f *values) broken(data []byte, at int, eof bool) piece {
	at = min(max(at, 0), len(data))
	if before := bytes.LastIndexByte(data[:at], '\n'); before > 0 {
		return piece{raw: bytes.TrimRight(data[:before], "\r"), n: before + 1}
	}
	return f.oneLine(data, eof)
}

// oneLine takes one line as it stands.
func (f *values) oneLine(data []byte, eof bool) piece {
	p := f.lines.next(data, eof)
	f.asLines = max(0, f.asLines-p.n)
	return p
}

// space counts the bytes between values at the start of the data: white space,
// a byte order mark, the separator of RFC 7464.
func space(data []byte) int {
	for n := 0; n < len(data); {
		switch c := data[n]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0x1e:
			n++
		case c == 0xef && bytes.HasPrefix(data[n:], []byte("\xef\xbb\xbf")):
			n += 3
		default:
			return n
		}
	}
	return len(data)
}

// closed reports whether a value that ends in c cannot go on.
func closed(c byte) bool { return c == '}' || c == ']' || c == '"' }
