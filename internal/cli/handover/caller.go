package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strconv"
	"syscall"

	"github.com/go-json-experiment/json"
)

// Do has the server that has the folder open run a verb and gives its exit code.
// A context that ends makes the server give the verb up, which then says how it
// ended. ErrNobody when no server answers.
func Do(ctx context.Context, dir string, c Call, stdin io.Reader, stdout, stderr io.Writer) (code int, err error) {
	w, err := dial(dir)
	if err != nil {
		return 0, err
	}
	defer func() { _ = w.Close() }()
	b, err := json.Marshal(c)
	if err == nil && len(b) > maxFrame {
		err = fmt.Errorf("the arguments are longer than %d bytes: put them into a file", maxFrame)
	}
	if err == nil {
		err = w.send(frameCall, b)
	}
	if err != nil {
		return 0, fmt.Errorf("hand over to the running server: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = w.send(frameCancel, nil) })
	defer stop()
	return w.follow(stdin, stdout, stderr)
}

func dial(dir string) (*wire, error) {
	var conn net.Conn
	err := at(dir, func(name string) (err error) {
		conn, err = (&net.Dialer{}).Dial("unix", name)
		return err
	})
	switch {
	case err == nil:
		return &wire{Conn: conn}, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, ErrNobody
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the running server takes calls of its own account and of root only: %w", err)
	}
	return nil, fmt.Errorf("reach the running server: %w", err)
}

// follow does what the server's frames say until the last of them.
func (w *wire) follow(stdin io.Reader, stdout, stderr io.Writer) (code int, err error) {
	for {
		k, b, err := w.read()
		if err != nil {
			return 0, fmt.Errorf("the running server broke off; whether the work was done is not known: %w", err)
		}
		switch k {
		case frameOut:
			_, err = stdout.Write(b)
		case frameErr:
			_, err = stderr.Write(b)
		case frameWant:
			go w.feed(stdin) // a terminal may give nothing for long
		case frameExit:
			return strconv.Atoi(string(b))
		default:
			err = fmt.Errorf("the running server sent a frame %q, which is unknown: is it of another version?", k)
		}
		if err != nil {
			return 0, err
		}
	}
}

// feed sends the next of standard input, nothing at its end. An error of the
// connection is met again where frames are read.
func (w *wire) feed(stdin io.Reader) {
	b := make([]byte, maxFrame)
	n, err := stdin.Read(b)
	for n == 0 && err == nil {
		n, err = stdin.Read(b)
	}
	_ = w.send(frameInput, b[:n])
}
