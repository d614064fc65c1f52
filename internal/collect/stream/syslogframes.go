package stream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxCount is how many digits an octet count may have.
const maxCount = 9

// frames reads the frames of one connection.
type frames struct {
	r     *bufio.Reader
	limit int
	take  func(raw []byte, part int) bool
	cut   func(part []byte) // told what there is of a frame that was cut off
	buf   []byte
}

// run reads until the connection or the receiver ends. A connection that
// begins with a count, a space and "<" counts octets (RFC 6587 §3.4.1) as long
// as its counts are in order; anything else is lines (§3.4.2).
func (f *frames) run() error {
	counted, err := f.count()
	for counted > 0 && err == nil {
		if err = f.octets(counted); err == nil {
			counted, err = f.count()
		}
	}
	for err == nil {
		err = f.line()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// count reads the count that begins an octet-counted frame. It takes nothing
// and returns 0 where there is none.
func (f *frames) count() (int, error) {
	if err := f.skipFeeds(); err != nil {
		return 0, err
	}
	n := 0
	for i := range maxCount + 1 {
		head, _ := f.r.Peek(i + 1)
		if len(head) <= i { // digits and the end: a line
			return 0, nil
		}
		switch c := head[i]; {
		case c >= '1' && c <= '9', c == '0' && i > 0:
			n = n*10 + int(c-'0')
		case c == ' ' && i > 0:
			if next, _ := f.r.Peek(i + 2); len(next) < i+2 || next[i+1] != '<' {
				return 0, nil
			}
			_, err := f.r.Discard(i + 1)
			return n, err
		default:
			return 0, nil
		}
	}
	return 0, nil
}

// skipFeeds passes over line feeds: some senders end counted frames with one.
func (f *frames) skipFeeds() error {
	for {
		head, err := f.r.Peek(1)
		if err != nil || head[0] != '\n' {
			return err
		}
		if _, err := f.r.Discard(1); err != nil {
			return err
		}
	}
}

// octets reads a frame of n bytes, in parts if it is longer than the limit.
func (f *frames) octets(n int) error {
	part := 0
	for n > f.limit {
		part++
		if err := f.some(f.limit, part); err != nil {
			return err
		}
		n -= f.limit
	}
	if part > 0 {
		part++
	}
	return f.some(n, part)
}

// some takes exactly n bytes as a record, or what there is of them.
func (f *frames) some(n, part int) error {
	f.buf = f.buf[:0]
	for len(f.buf) < n {
		want := min(n-len(f.buf), f.r.Size())
		got, err := f.r.Peek(min(want, max(1, f.r.Buffered())))
		f.buf = append(f.buf, got...)
		if _, derr := f.r.Discard(len(got)); derr != nil {
			return derr
		}
		if err != nil {
			f.cut(f.buf)
			return errors.Join(err, f.give(part))
		}
	}
	return f.give(part)
}

// line takes one line, in parts if it is longer than the limit.
func (f *frames) line() error {
	f.buf = f.buf[:0]
	for part := 0; ; {
		got, err := f.r.ReadSlice('\n')
		text := bytes.TrimSuffix(got, []byte("\n"))
		for len(f.buf)+len(text) > f.limit {
			room := f.limit - len(f.buf)
			f.buf, text = append(f.buf, text[:room]...), text[room:]
			part++
			if err := f.give(part); err != nil {
				return err
			}
			f.buf = f.buf[:0]
		}
		f.buf = append(f.buf, text...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if part > 0 {
			part++
		}
		return errors.Join(f.give(part), err)
	}
}

// give hands on the bytes gathered; an empty frame is none.
func (f *frames) give(part int) error {
	if len(bytes.TrimRight(f.buf, "\r\x00")) == 0 && part == 0 {
		return nil
	}
	if !f.take(f.buf, part) {
		return errClosed
	}
	return nil
}
