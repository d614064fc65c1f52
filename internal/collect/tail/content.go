package tail

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/konseki/konseki/internal/collect"
)

// markBytes is how many bytes a mark covers at most.
const markBytes = 1024

// mark recognises content: the SHA-256 of up to 1 KiB before an offset.
type mark struct {
	At  int64  `json:"at"`
	Sum string `json:"sum"`
}

func markOf(at int64, before []byte) mark {
	sum := sha256.Sum256(before)
	return mark{at, hex.EncodeToString(sum[:])}
}

// from is where the bytes that a mark covers begin.
func (m mark) from() int64 { return max(0, m.At-markBytes) }

// identity is what the system knows a file by.
type identity struct {
	Dev   uint64 `json:"dev"`
	Inode uint64 `json:"inode"`
}

func identityOf(info fs.FileInfo) identity {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return identity{s.Dev, s.Ino}
	}
	return identity{}
}

// stamp is what changes when anything is done to a file.
type stamp struct {
	identity
	size, modified, changed int64
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{identity: identityOf(info), size: info.Size(), modified: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.changed = sys.Ctim.Nano()
	}
	return s
}

// A packed file is refused that unpacks to more than this many bytes and this many
// times its size: a log compresses well, but not that well.
const (
	bombFrom  = 64 << 20
	bombRatio = 1000
)

// content is what a file holds, unpacked where it is compressed.
type content struct {
	f      *os.File
	packed bool
	// Of a packed one: what unpacks it, where that stands, and the bytes before
	// that which may be asked for again.
	r    io.ReadCloser
	at   int64
	kept []byte
}

var errReplaced = errors.New("another file stands there now")

// open opens a regular file that was seen at a path, without waiting should it
// be a pipe by now.
func open(path string, want identity) (*content, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ELOOP) { // the link that a pattern spells out
		f, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || identityOf(info) != want) {
		err = errReplaced
	}
	c := &content{f: f}
	if err == nil {
		err = c.rewind()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, nil
}

// rewind looks whether the file is packed and begins unpacking.
func (c *content) rewind() error {
	if c.r != nil {
		_ = c.r.Close() // reads only
	}
	c.r, c.at, c.kept = nil, 0, nil
	head := make([]byte, 512)
	n, err := c.f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.r, c.packed, err = collect.Unpack(head[:n], io.NewSectionReader(c.f, 0, 1<<62))
	return err
}

func (c *content) close() {
	if c.r != nil {
		_ = c.r.Close() // reads only
	}
	_ = c.f.Close() // reads only
}

// read fills p with the content from an offset; fewer bytes mean that it ends there.
func (c *content) read(p []byte, at int64) (int, error) {
	if !c.packed {
		n, err := c.f.ReadAt(p, at)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return n, err
	}
	start := c.at - int64(len(c.kept))
	if at < start {
		if err := c.rewind(); err != nil {
			return 0, err
		}
		start = 0
	}
	n := 0
	if at < c.at {
		n = copy(p, c.kept[at-start:])
	} else if _, err := io.CopyN(io.Discard, c.r, at-c.at); err != nil {
		c.at, c.kept = 1<<62, nil // begins anew next time
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		return 0, err
	} else {
		c.at = at
	}
	if c.at > bombFrom && c.at/bombRatio > c.size() {
		return 0, collect.ErrBomb
	}
	err := error(nil)
	for more := 0; n < len(p) && err == nil; n += more {
		more, err = c.r.Read(p[n:])
		c.at += int64(more)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	c.kept = append(c.kept[:0], p[:n]...)
	return n, err
}

func (c *content) size() int64 {
	info, err := c.f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// peek is read for comparing: a packed file that is being written ends where it
// breaks off.
func (c *content) peek(p []byte, at int64) (int, error) {
	n, err := c.read(p, at)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

// holds reports whether the content is that of a mark.
func (c *content) holds(m mark) (bool, error) {
	p := make([]byte, m.At-m.from())
	n, err := c.peek(p, m.from())
	return n == len(p) && markOf(m.At, p) == m, err
}

// end marks where a content ends that is known to reach up to from.
func (c *content) end(from int64) (mark, error) {
	if !c.packed {
		from = max(from, c.size())
	}
	at := max(0, from-markBytes)
	buf := make([]byte, markBytes+64<<10)
	for {
		n, err := c.peek(buf, at)
		if err != nil {
			return mark{}, err
		}
		if n < len(buf) {
			return markOf(at+int64(n), buf[max(0, n-markBytes):n]), nil
		}
		at += int64(n) - markBytes
	}
}

// head marks the first bytes.
func (c *content) head() (mark, error) {
	p := make([]byte, markBytes)
	n, err := c.peek(p, 0)
	return markOf(int64(n), p[:n]), err
}
