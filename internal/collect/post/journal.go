package post

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/http"
)

// journalUpload takes what systemd-journal-upload sends, POST /upload: entries in
// the journal export format (systemd.io/JOURNAL_EXPORT_FORMATS). One entry is one
// record, byte for byte with all its fields, each with its line feed; the empty
// line between entries is in none. An entry longer than a record may be is cut
// into records with the hint part. The answer is 202 once all are durable; only
// then does the sender move its cursor on.
func journalUpload() *protocol {
	return &protocol{
		kind: "journal", methods: http.MethodPost, media: []string{"application/vnd.fdo.journal"},
		take: func(v *visit) error {
			if err := v.stream(&entries{limit: v.door.opts.Limits.MaxRecord}); err != nil {
				return err
			}
			v.answer(http.StatusAccepted, "text/plain", []byte("OK.\n"))
			return nil
		},
		deny: func(v *visit, r *refusal) { v.answer(r.status, "text/plain; charset=utf-8", []byte(r.text+"\n")) },
	}
}

// maxFieldName is the longest name of a field, bytes; journald's own limit is 64.
const maxFieldName = 256

var errEntry = errors.New("the body is no journal in export format")

// entries cuts the journal export format. A field is a line NAME=text, or, for
// values with line feeds or control characters, a line NAME, the length of the
// value as 64 bits little-endian, the value, and a line feed.
type entries struct {
	limit int
	at    int    // bytes of the entry looked at
	text  bool   // at is inside a text field
	left  uint64 // bytes of a binary value still to come, with its line feed
	part  int    // pieces of the entry handed out so far
}

func (f *entries) next(data []byte, eof bool) (piece, error) {
	for {
		if f.at > f.limit {
			f.part++
			f.at -= f.limit
			return piece{raw: data[:f.limit], n: f.limit, part: f.part}, nil
		}
		done, err := f.field(data)
		switch {
		case err != nil:
			return piece{}, err
		case done == fieldEnd:
			return f.entry(data, f.at+1), nil
		case done == fieldMore && f.at > f.limit:
		case done == fieldMore && !eof:
			return piece{}, nil
		case done == fieldMore && (f.text || f.left > 0 || f.at < len(data)):
			return piece{}, errEntry // it ends inside a field
		case done == fieldMore:
			return f.entry(data, f.at), nil
		}
	}
}

// entry is the entry that ends at f.at; n bytes are dealt with.
func (f *entries) entry(data []byte, n int) piece {
	p := piece{raw: data[:f.at], n: n}
	if f.part > 0 {
		p.part = f.part + 1
	}
	if f.at == 0 {
		p.raw = nil
	}
	*f = entries{limit: f.limit}
	return p
}

// What field found.
const (
	fieldWhole = iota // a field, or more of one
	fieldEnd          // the empty line after an entry, at f.at
	fieldMore         // more data is needed
)

// field moves on over the next field, or as much of it as there is.
func (f *entries) field(data []byte) (int, error) {
	if f.left > 0 {
		return f.value(data)
	}
	rest := data[f.at:]
	i := bytes.IndexByte(rest, '\n')
	switch {
	case f.text && i < 0 || i < 0 && bytes.IndexByte(rest[:min(len(rest), maxFieldName)], '=') > 0:
		f.text, f.at = true, len(data)
		return fieldMore, nil
	case f.text:
		f.text = false
		f.at += i + 1
		return fieldWhole, nil
	case i < 0 && len(rest) > maxFieldName:
		return 0, errEntry
	case i < 0:
		return fieldMore, nil
	case i == 0:
		return fieldEnd, nil
	}
	switch e := bytes.IndexByte(rest[:min(i, maxFieldName+1)], '='); {
	case e == 0 || e < 0 && i > maxFieldName:
		return 0, errEntry
	case e > 0:
		f.at += i + 1
		return fieldWhole, nil
	case len(rest) < i+9:
		return fieldMore, nil
	}
	size := binary.LittleEndian.Uint64(rest[i+1:])
	if size > 1<<40 {
		return 0, errEntry
	}
	f.at += i + 9
	f.left = size + 1
	return fieldWhole, nil
}

// value moves on over the bytes of a binary value.
func (f *entries) value(data []byte) (int, error) {
	n := min(f.left, uint64(len(data)-f.at))
	if n == 0 {
		return fieldMore, nil
	}
	f.at += int(n)
	f.left -= n
	if f.left == 0 && data[f.at-1] != '\n' {
		return 0, errEntry
	}
	return fieldWhole, nil
}
