package tail

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
)

// diskStore is a vault in a file, one record a line, that outlives a kill.
type diskStore struct {
	path string
	n    uint64
}

func (s *diskStore) Append(_ context.Context, recs []event.Record) error {
	f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	var all []byte
	for _, r := range recs {
		s.n++
		r.Seq = s.n
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		all = append(append(all, b...), '\n')
	}
	if _, err = f.Write(all); err != nil { // a kill leaves a part of it at most
		return err
	}
	return f.Close()
}

func (s *diskStore) Size() uint64 { return s.n }

func (s *diskStore) Records(_ context.Context, from uint64) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		f, err := os.Open(s.path)
		if err != nil {
			return
		}
		defer f.Close()
		for lines := bufio.NewReader(f); ; {
			line, err := lines.ReadBytes('\n')
			if err != nil { // what is without its end is being written
				return
			}
			var r event.Record
			if err := json.Unmarshal(line, &r); r.Seq >= from && !yield(r, err) {
				return
			}
		}
	}
}

// heal cuts what a kill left without its end.
func (s *diskStore) heal() error {
	b, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, os.Truncate(s.path, int64(bytes.LastIndexByte(b, '\n')+1)))
}

// TestFollowUntilKilled is what the next test starts and kills.
func TestFollowUntilKilled(t *testing.T) {
	dir := os.Getenv("KONSEKI_TEST_TAIL")
	if dir == "" {
		t.Skip("only runs as a child of TestEachLineComesOnceThroughKillNine")
	}
	s := &diskStore{path: filepath.Join(dir, "vault")}
	if err := s.heal(); err != nil {
		t.Fatal(err)
	}
	for range s.Records(t.Context(), 1) {
		s.n++
	}
	tailer, err := New([]Set{{Paths: []string{filepath.Join(dir, "app.log")}, Source: "app"}}, Options{
		File: filepath.Join(dir, "tail.json"), To: s, Logger: discard(), Poll: time.Millisecond,
		Attest: func(context.Context, event.Attestation) error { return nil }, Loss: func(event.Loss) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = tailer.Run(t.Context())
}

func TestEachLineComesOnceThroughKillNine(t *testing.T) {
	dir := t.TempDir()
	b := &bench{fatal: t.Fatal, dir: dir, log: filepath.Join(dir, "app.log")}
	child := func() *exec.Cmd {
		c := exec.Command(os.Args[0], "-test.run=^TestFollowUntilKilled$")
		c.Env = append(os.Environ(), "KONSEKI_TEST_TAIL="+dir)
		b.must(c.Start())
		return c
	}
	b.write("0\n")
	count := func() (n int) {
		for r, err := range (&diskStore{path: filepath.Join(dir, "vault")}).Records(t.Context(), 1) {
			if err != nil || string(r.Raw) != strconv.Itoa(n) {
				t.Fatalf("record %d is %q, %v", n, r.Raw, err)
			}
			n++
		}
		return n
	}
	last := 1
	for round := range 8 {
		c := child()
		for end := time.Now().Add(time.Minute); count() == 0 && time.Now().Before(end); {
			pause(10 * time.Millisecond)
		}
		stop := time.Now().Add(time.Duration(100+rand.IntN(200)) * time.Millisecond)
		for ; time.Now().Before(stop); last++ {
			b.write(strconv.Itoa(last) + "\n")
			if last%500 == 0 && round%2 == 1 {
				b.must(os.Rename(b.log, b.log+"."+strconv.Itoa(last)))
				b.write("")
				pause(20 * time.Millisecond)
			}
		}
		b.must(c.Process.Kill())
		_ = c.Wait()
	}
	c := child()
	for end := time.Now().Add(time.Minute); count() < last && time.Now().Before(end); {
		pause(20 * time.Millisecond)
	}
	b.must(c.Process.Kill())
	_ = c.Wait()
	if n := count(); n != last {
		t.Errorf("%d lines came of %d", n, last)
	}
}

func TestFilesAreLookedAtOnceASecond(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(dir, t.Fatal)
		b.start()
		b.tailer.opts.Now = time.Now
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = b.tailer.Run(ctx) }()
		pause(10 * time.Millisecond)
		b.write("one\n")
		pause(900 * time.Millisecond)
		if n := b.vault.Size(); n != 0 {
			t.Errorf("%d records came before the second was over", n)
		}
		pause(100 * time.Millisecond)
		b.want(t, "one")
		pause(16 * time.Minute)
		cancel()
		synctest.Wait()
		if len(b.proofs) != 2 {
			t.Errorf("proofs are %+v", b.proofs)
		}
	})
}
