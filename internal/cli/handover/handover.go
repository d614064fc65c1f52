// Package handover hands a verb of the command line to the server that has the data folder open.
//
// A data folder has one process that writes. While `konseki serve` is that
// process, other calls of konseki reach it through a socket in the folder: the
// caller says which verb with which arguments, the server runs it and gives back
// what it writes. The socket is for the account that the server runs as, and for
// root; who calls is told by the kernel and stands in the records.
//
// Both sides send frames: one byte that says what it is, four bytes of length,
// big endian, and at most 64 KiB. The caller opens with a Call within ten
// seconds. Standard input is sent only as far as the verb reads it.
package handover

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// socket is the name of the socket in a data folder.
const socket = "konseki.sock"

// ErrNobody says that no server answers for the data folder.
var ErrNobody = errors.New("no running server answers for this data folder")

// Call is a verb as it was typed, and what the server cannot see of the caller.
type Call struct {
	Version string   `json:"version"`
	Args    []string `json:"args"`
	Folder  string   `json:"folder"` // absolute; where relative names of files begin
	Lang    string   `json:"lang"`   // the caller's language, ja or en, where no flag says one
	// Columns of the terminals that people watch; 0 for a file or a pipe.
	Out int `json:"out,omitzero"`
	Err int `json:"err,omitzero"`
}

// kind is what a frame is.
type kind byte

// The frames. Want and Input go back and forth: one Input for each Want, an empty
// one at the end of standard input.
const (
	frameCall   kind = 'c' // caller: a Call in JSON
	frameInput  kind = 'i' // caller: of standard input
	frameCancel kind = 'k' // caller: give up what you do
	frameWant   kind = 'w' // server: more of standard input
	frameOut    kind = 'o' // server: for standard output
	frameErr    kind = 'e' // server: for standard error
	frameExit   kind = 'x' // server: the exit code in decimal digits, the last frame
)

// maxFrame bounds a frame, bytes.
const maxFrame = 64 << 10

// wire sends and reads frames; it may be sent on from several goroutines.
type wire struct {
	net.Conn
	sending sync.Mutex
}

// send sends a frame of up to maxFrame bytes.
func (w *wire) send(k kind, b []byte) error {
	head := make([]byte, 5, 5+len(b))
	head[0] = byte(k)
	binary.BigEndian.PutUint32(head[1:], uint32(len(b)))
	w.sending.Lock()
	defer w.sending.Unlock()
	_, err := w.Write(append(head, b...))
	return err
}

// read reads the next frame.
func (w *wire) read() (kind, []byte, error) { return readFrame(w.Conn) }

func readFrame(r io.Reader) (kind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes, of which %d are allowed", n, maxFrame)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, nil, fmt.Errorf("a torn frame: %w", err)
	}
	return kind(head[0]), b, nil
}

// at calls back with a name of the folder's socket that is short enough for an
// address: those of Unix sockets end at some hundred bytes, folders need not.
func at(dir string, work func(name string) error) error {
	name := filepath.Join(dir, socket)
	if len(name) < 100 {
		return work(name)
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return work("/proc/self/fd/" + strconv.Itoa(int(d.Fd())) + "/" + socket)
}
