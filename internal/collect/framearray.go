package collect

import (
	"errors"
	"io"
	"slices"
)

// elements takes each element of one array as a record: of the top-level array
// or of the array under a listKey of the top-level object. An object without
// such an array is itself a record; what is not JSON is kept as [values] does.
// The members beside the array are no records.
type elements struct {
	*values
	where place
	outer place // where the array stands
}

// place is where in the file an elements framer stands.
type place uint8

const (
	outside place = iota
	inObject
	inArray
	inRuins // not the JSON expected: the rest is taken as values
)

var errNotMember = errors.New("not a member of an object")

func listKeys() []string {
	return []string{"items", "entries", "events", "records", "Records", "value"}
}

func (f *elements) next(data []byte, eof bool) piece {
	if f.where == inRuins || f.part > 0 || f.asLines > 0 {
		return f.values.next(data, eof)
	}
	n := space(data)
	if n == 0 && data[0] == ',' && f.where != outside {
		n = 1
	}
	if n > 0 {
		return piece{n: n}
	}
	switch {
	case f.where == outside && data[0] == '[':
		f.where, f.outer = inArray, outside
		return piece{n: 1}
	case f.where == outside && data[0] == '{':
		return f.open(data, eof)
	case f.where == inArray && data[0] == ']':
		f.where = f.outer
		return piece{n: 1}
	case f.where == inArray:
		return f.values.next(data, eof)
	case f.where == inObject && data[0] == '}':
		f.where = outside
		return piece{n: 1}
	case f.where == inObject && data[0] == '"':
		return f.skip(data, eof)
	}
	f.where = inRuins
	return f.values.next(data, eof)
}

// open looks for the list in the object that begins here, taking nothing until
// it is found, so that an object without one is still whole.
func (f *elements) open(all []byte, eof bool) piece {
	data := all[:min(len(all), f.max)]
	at := 1
	for {
		at += separators(data[at:])
		if at < len(data) && data[at] == '}' {
			return piece{raw: data[:at+1], n: at + 1}
		}
		key, value, err := f.key(data[at:])
		if err != nil {
			return f.giveUp(all, eof, err)
		}
		if value += at; data[value] == '[' && slices.Contains(listKeys(), key) {
			f.where, f.outer = inArray, inObject
			return piece{n: value + 1}
		}
		end, err := f.scan(data[value:])
		if err != nil {
			return f.giveUp(all, eof, err)
		}
		at = value + end
	}
}

// skip passes over a member after the list, unless it is another list.
func (f *elements) skip(all []byte, eof bool) piece {
	data := all[:min(len(all), f.max)]
	key, value, err := f.key(data)
	if err != nil {
		return f.giveUp(all, eof, err)
	}
	if data[value] == '[' && slices.Contains(listKeys(), key) {
		f.where, f.outer = inArray, inObject
		return piece{n: value + 1}
	}
	end, err := f.scan(data[value:])
	if err != nil {
		return f.giveUp(all, eof, err)
	}
	if value+end == len(data) && !eof && len(data) < f.max { // a number may go on
		return piece{}
	}
	return piece{n: value + end}
}

// key reads a member's name and says where its value begins. It fails with
// io.ErrUnexpectedEOF when the data ends before the value's first byte.
func (f *elements) key(data []byte) (string, int, error) {
	if len(data) == 0 {
		return "", 0, io.ErrUnexpectedEOF
	}
	if data[0] != '"' {
		return "", 0, errNotMember
	}
	end, err := f.scan(data)
	if err != nil {
		return "", 0, err
	}
	name := string(data[1 : end-1]) // no list key needs an escape
	end += space(data[end:])
	if end < len(data) && data[end] != ':' {
		return "", 0, errNotMember
	}
	end = min(end+1, len(data))
	end += space(data[end:])
	if end == len(data) {
		return "", 0, io.ErrUnexpectedEOF
	}
	return name, end, nil
}

// giveUp asks for more data where that can help; otherwise the rest is kept
// as values.
func (f *elements) giveUp(data []byte, eof bool, err error) piece {
	if !eof && len(data) < f.max && errors.Is(err, io.ErrUnexpectedEOF) {
		return piece{}
	}
	f.where = inRuins
	return f.values.next(data, eof)
}

// separators counts white space and commas.
func separators(data []byte) int {
	n := 0
	for n < len(data) {
		if data[n] == ',' {
			n++
			continue
		}
		s := space(data[n:])
		if s == 0 {
			return n
		}
		n += s
	}
	return n
}
