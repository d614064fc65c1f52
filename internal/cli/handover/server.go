package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// Work is a call as the server runs it.
type Work struct {
	Call
	Person         string // the caller's account, as the kernel tells it
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// callWithin is how long a caller may take to say what it wants.
const callWithin = 10 * time.Second

// maxCalls is how many calls are run at a time; more wait.
const maxCalls = 16

// Listen opens the socket of a folder; who asks has the folder open for writing,
// so that what stands there is of a server that is gone.
func Listen(dir string) (net.Listener, error) {
	name := filepath.Join(dir, socket)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("a socket of an earlier server: %w", err)
	}
	var l *net.UnixListener
	err := at(dir, func(short string) (err error) {
		l, err = net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen for calls of the command line: %w", err)
	}
	l.SetUnlinkOnClose(false) // by a name that may not be its own any more
	if err := os.Chmod(name, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for calls of the command line: %w", err), l.Close())
	}
	return &listener{Listener: l, end: sync.OnceValue(func() error { return errors.Join(l.Close(), os.Remove(name)) })}, nil
}

// listener takes its socket away when it is closed, once: what stands there
// later is another server's.
type listener struct {
	net.Listener
	end func() error
}

// Close closes the socket and removes it.
func (l *listener) Close() error { return l.end() }

// Serve runs calls until the context ends, and then until those that run have
// ended. It closes the listener.
func Serve(ctx context.Context, l net.Listener, run func(context.Context, *Work) (code int), logger *slog.Logger) (err error) {
	var calls sync.WaitGroup
	defer calls.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() { err = errors.Join(err, l.Close()) }()
	context.AfterFunc(ctx, func() { _ = l.Close() }) // so that accepting ends
	room := make(chan struct{}, maxCalls)
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("calls of the command line: %w", err)
		}
		calls.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			if err := answer(ctx, &wire{Conn: conn}, run); err != nil {
				logger.Warn("a call of the command line failed", "error", err)
			}
		})
	}
}

// answer runs one call.
func answer(ctx context.Context, w *wire, run func(context.Context, *Work) int) error {
	defer func() { _ = w.Close() }()
	person, err := caller(w.Conn)
	if err != nil {
		return err
	}
	if err := w.SetReadDeadline(time.Now().Add(callWithin)); err != nil {
		return err
	}
	k, b, err := w.read()
	if err == nil && k != frameCall {
		err = fmt.Errorf("it opens with a frame %q", k)
	}
	work := &Work{Person: person, Stdout: &stream{w: w, kind: frameOut}, Stderr: &stream{w: w, kind: frameErr}}
	if err == nil {
		err = json.Unmarshal(b, &work.Call)
	}
	if err == nil {
		err = w.SetReadDeadline(time.Time{})
	}
	if err != nil {
		return fmt.Errorf("a call of %s that is none: %w", person, err)
	}
	work.Stdout, work.Stderr = watched(work.Stdout, work.Out), watched(work.Stderr, work.Err)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := &input{ctx: ctx, w: w, came: make(chan []byte, 1)}
	work.Stdin = in
	go w.listen(in.came, cancel)
	return w.send(frameExit, []byte(strconv.Itoa(run(ctx, work))))
}

// listen takes what the caller sends while its verb runs. A caller that is gone
// wants nothing any more.
func (w *wire) listen(input chan<- []byte, cancel context.CancelFunc) {
	defer cancel()
	for {
		k, b, err := w.read()
		if err != nil {
			return
		}
		switch k {
		case frameInput:
			select {
			case input <- b:
			default:
				return // more than was wanted
			}
		default:
			cancel()
		}
	}
}

// input is the caller's standard input, asked for as it is read.
type input struct {
	ctx  context.Context // of the call; a reader has no other way to learn of it
	w    *wire
	came chan []byte
	rest []byte
	end  bool
}

// Read asks for more where nothing is left.
func (r *input) Read(p []byte) (int, error) {
	for len(r.rest) == 0 && !r.end {
		if err := r.w.send(frameWant, nil); err != nil {
			return 0, err
		}
		select {
		case r.rest = <-r.came:
			r.end = len(r.rest) == 0
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// stream is the caller's standard output or standard error.
type stream struct {
	w    *wire
	kind kind
}

// Write sends what is written, in as many frames as it takes.
func (s *stream) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		part := p[n:min(len(p), n+maxFrame)]
		if err = s.w.send(s.kind, part); err == nil {
			n += len(part)
		}
	}
	return n, err
}

// screen is a stream that people watch.
type screen struct {
	io.Writer
	columns int
}

// Columns is how wide the terminal is.
func (s *screen) Columns() int { return s.columns }

func watched(w io.Writer, columns int) io.Writer {
	if columns <= 0 {
		return w
	}
	return &screen{Writer: w, columns: columns}
}
