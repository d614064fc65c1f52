package stream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// relpFrame is the head of a RELP frame: TXNR SP COMMAND SP DATALEN [SP DATA] LF
// as the protocol of librelp has it.
type relpFrame struct {
	txnr    string // its number, 1 to 9 digits, as the sender wrote it
	command string
	size    int // bytes of data
}

const (
	maxTxnr    = 9
	maxCommand = 32
	maxDatalen = 9
)

var errRELP = errors.New("not a RELP frame")

// relpReader reads RELP frames. The data of a head is read before the next.
type relpReader struct{ r *bufio.Reader }

// head reads up to the data. io.EOF means that the connection ended between
// frames.
func (r relpReader) head() (relpFrame, error) {
	// Some senders end a frame with more than one line feed.
	for {
		c, err := r.r.ReadByte()
		if err != nil {
			return relpFrame{}, err
		}
		if c != '\n' {
			_ = r.r.UnreadByte()
			break
		}
	}
	txnr, _, err := r.word(maxTxnr, digit, " ")
	if err != nil {
		return relpFrame{}, err
	}
	command, _, err := r.word(maxCommand, letter, " ")
	if err != nil {
		return relpFrame{}, err
	}
	size, end, err := r.word(maxDatalen, digit, " \n")
	if err != nil {
		return relpFrame{}, err
	}
	f := relpFrame{txnr: txnr, command: command}
	for _, c := range size {
		f.size = f.size*10 + int(c-'0')
	}
	switch {
	case end == '\n' && f.size > 0:
		return relpFrame{}, fmt.Errorf("%w: no data where %d bytes are announced", errRELP, f.size)
	case end == '\n':
		_ = r.r.UnreadByte() // it is the trailer
	}
	return f, nil
}

// word reads a word of 1 to n bytes and what ends it.
func (r relpReader) word(n int, of func(byte) bool, ends string) (string, byte, error) {
	var word []byte
	for {
		c, err := r.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return "", 0, io.ErrUnexpectedEOF
		case err != nil:
			return "", 0, err
		case of(c) && len(word) < n:
			word = append(word, c)
		case len(word) > 0 && (c == ends[0] || len(ends) > 1 && c == ends[1]):
			return string(word), c, nil
		default:
			return "", 0, fmt.Errorf("%w: byte %q after %q", errRELP, c, word)
		}
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digit(c) || c == '_' }

// data reads the data of a frame of n bytes and the trailer, in parts of at
// most limit bytes, numbered from 1 where there are several. part is valid
// until the next. last is told of the last one, after the trailer was seen.
func (r relpReader) data(n, limit int, buf []byte, take func(part []byte, number int, last bool) error) ([]byte, error) {
	number := 0
	for n > limit {
		number++
		var err error
		if buf, err = r.some(buf, limit); err != nil {
			return buf, err
		}
		if err := take(buf, number, false); err != nil {
			return buf, err
		}
		n -= limit
	}
	if number > 0 {
		number++
	}
	buf, err := r.some(buf, n)
	if err != nil {
		return buf, err
	}
	c, err := r.r.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return buf, io.ErrUnexpectedEOF
	case err != nil:
		return buf, err
	case c != '\n':
		return buf, fmt.Errorf("%w: byte %q where the frame should end", errRELP, c)
	}
	return buf, take(buf, number, true)
}

// some reads exactly n bytes into buf, which grows as they come, not as they
// are announced.
func (r relpReader) some(buf []byte, n int) ([]byte, error) {
	buf = buf[:0]
	for len(buf) < n {
		got, err := r.r.Peek(min(n-len(buf), max(1, r.r.Buffered())))
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return buf, err
		}
		buf = append(buf, got...)
		if _, err := r.r.Discard(len(got)); err != nil {
			return buf, err
		}
	}
	return buf, nil
}
