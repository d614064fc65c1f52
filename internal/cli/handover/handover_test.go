package handover_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/cli/handover"
	"github.com/konseki/konseki/internal/terminal"
)

type verb = func(context.Context, *handover.Work) int

// serving runs a server on a folder until the test ends, and tells what it warned of.
func serving(t *testing.T, dir string, run verb) *bytes.Buffer {
	t.Helper()
	l, err := handover.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	warned := &bytes.Buffer{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- handover.Serve(ctx, l, run, slog.New(slog.NewTextHandler(warned, nil))) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "konseki.sock")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is left: %v", err)
		}
	})
	return warned
}

// do calls and gives what the verb wrote.
func do(t *testing.T, dir string, c handover.Call, in io.Reader) (code int, out, talk string) {
	t.Helper()
	var o, e bytes.Buffer
	code, err := handover.Do(t.Context(), dir, c, in, &o, &e)
	if err != nil {
		t.Fatal(err)
	}
	return code, o.String(), e.String()
}

func TestTheServerRunsTheVerbAndGivesBackWhatItWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := strings.Repeat("証拠", 100_000)
	serving(t, dir, func(_ context.Context, w *handover.Work) int {
		fmt.Fprint(w.Stdout, long)
		fmt.Fprintf(w.Stderr, "%s in %s, %d and %d columns, %t", strings.Join(w.Args, "|"), w.Folder, terminal.Columns(w.Stdout), terminal.Columns(w.Stderr), w.Person != "")
		return 4
	})
	code, out, talk := do(t, dir, handover.Call{Args: []string{"search", "パスワード OR x"}, Folder: "/somewhere", Err: 132}, strings.NewReader(""))
	if code != 4 || out != long || talk != "search|パスワード OR x in /somewhere, 0 and 132 columns, true" {
		t.Errorf("code %d, %d bytes, %q", code, len(out), talk)
	}
}

func TestStandardInputIsReadOnlyAsFarAsTheVerbReadsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, dir, func(_ context.Context, w *handover.Work) int {
		if w.Args[0] == "reads" {
			if _, err := io.Copy(w.Stdout, w.Stdin); err != nil {
				return 1
			}
		}
		return 0
	})
	text := strings.Repeat("a case in a file\n", 50_000)
	if code, out, _ := do(t, dir, handover.Call{Args: []string{"reads"}}, strings.NewReader(text)); code != 0 || out != text {
		t.Errorf("code %d, %d of %d bytes came back", code, len(out), len(text))
	}
	loop := strings.NewReader("the next names of a shell's loop")
	if do(t, dir, handover.Call{Args: []string{"does not"}}, loop); loop.Len() != int(loop.Size()) {
		t.Errorf("%d bytes were taken that nobody asked for", int(loop.Size())-loop.Len())
	}
}

func TestAnInterruptedCallEndsItsVerb(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	started := make(chan struct{})
	serving(t, dir, func(ctx context.Context, w *handover.Work) int {
		close(started)
		if _, err := w.Stdin.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) { // nobody types anything
			return 1
		}
		<-ctx.Done()
		return 130
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()
	quiet, hand := io.Pipe()
	defer func() { _ = hand.Close() }()
	code, err := handover.Do(ctx, dir, handover.Call{}, quiet, io.Discard, io.Discard)
	if code != 130 || err != nil {
		t.Errorf("code %d, %v", code, err)
	}
}

func TestACallerThatIsGoneEndsItsVerb(t *testing.T) {
	t.Parallel()
	dir, ended := t.TempDir(), make(chan struct{})
	serving(t, dir, func(ctx context.Context, _ *handover.Work) int {
		<-ctx.Done()
		close(ended)
		return 0
	})
	conn := dial(t, dir)
	if _, err := conn.Write([]byte("c\x00\x00\x00\x02{}")); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended
}

func TestAServerThatStopsEndsTheVerbsFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := handover.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	finished := false
	ended := make(chan error)
	go func() {
		ended <- handover.Serve(ctx, l, func(ctx context.Context, w *handover.Work) int {
			stop()
			<-ctx.Done()
			fmt.Fprint(w.Stdout, "what was done")
			finished = true
			return 130
		}, slog.New(slog.DiscardHandler))
	}()
	code, out, _ := do(t, dir, handover.Call{}, strings.NewReader(""))
	if err := <-ended; err != nil || !finished || code != 130 || out != "what was done" {
		t.Errorf("%v, finished %t, code %d, %q", err, finished, code, out)
	}
}

func TestWithoutAServerNobodyAnswers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	call := func() error {
		_, err := handover.Do(t.Context(), dir, handover.Call{}, strings.NewReader(""), io.Discard, io.Discard)
		return err
	}
	if err := call(); !errors.Is(err, handover.ErrNobody) {
		t.Errorf("an empty folder: %v", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "konseki.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false) // as after kill -9
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := call(); !errors.Is(err, handover.ErrNobody) {
		t.Errorf("a socket that was left: %v", err)
	}
	serving(t, dir, func(context.Context, *handover.Work) int { return 0 })
	if err := call(); err != nil {
		t.Errorf("a server after one that was killed: %v", err)
	}
}

func TestFoldersMayHaveLongNames(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("長い", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	serving(t, dir, func(context.Context, *handover.Work) int { return 3 })
	if code, _, _ := do(t, dir, handover.Call{}, strings.NewReader("")); code != 3 {
		t.Errorf("code %d", code)
	}
}

func TestOnlyTheOwnAccountMayOpenTheSocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, dir, func(context.Context, *handover.Work) int { return 0 })
	st, err := os.Stat(filepath.Join(dir, "konseki.sock"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
}

func TestCallsThatAreNoneAreRefusedAndHarmNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ran := false
	warned := serving(t, dir, func(_ context.Context, w *handover.Work) int {
		ran = len(w.Args) == 0 || ran
		return 0
	})
	for _, hello := range []string{
		"GET / HTTP/1.1\r\n\r\n", "c\xff\xff\xff\xff", "c\x00\x00\x00\x05{", "c\x00\x00\x00\x02[]", "c\x00\x00\x00\x0c{\"args\":\"x\"}", "i\x00\x00\x00\x02{}", "",
	} {
		conn := dial(t, dir)
		if _, err := conn.Write([]byte(hello)); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(conn); len(b) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q is answered with %q, %v", hello, b, err)
		}
	}
	if code, _, _ := do(t, dir, handover.Call{Args: []string{"version"}}, strings.NewReader("")); code != 0 || ran {
		t.Errorf("code %d; something else ran: %t; %s", code, ran, warned)
	}
}

func dial(t *testing.T, dir string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", filepath.Join(dir, "konseki.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
