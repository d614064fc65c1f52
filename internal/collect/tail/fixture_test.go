package tail

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
)

// store is a vault in memory, which keeps what it has through kills.
type store struct {
	mu   sync.Mutex
	recs []event.Record
	full bool
	kill func() // called after the next append
}

var errFull = errors.New("the disk is full")

func (s *store) Append(_ context.Context, recs []event.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errFull
	}
	for _, r := range recs {
		r.Seq = uint64(len(s.recs)) + 1
		r.Raw = []byte(string(r.Raw))
		s.recs = append(s.recs, r)
	}
	if kill := s.kill; kill != nil {
		s.kill = nil
		kill()
	}
	return nil
}

func (s *store) Size() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.recs))
}

func (s *store) Records(_ context.Context, from uint64) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		for _, r := range s.recs[from-1:] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s *store) lines() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.recs {
		out = append(out, string(r.Raw))
	}
	return out
}

// bench follows the files of a folder with a clock of its own.
type bench struct {
	fatal  func(args ...any)
	dir    string
	log    string
	at     string // the checkpoint
	vault  *store
	tailer *Tailer
	clock  time.Time
	proofs []event.Attestation
	losses []event.Loss
	set    Set
	next   int // number of the last line
}

func newBench(dir string, fatal func(args ...any)) *bench {
	b := &bench{fatal: fatal, dir: filepath.Join(dir, "log"), at: filepath.Join(dir, "tail.json"), vault: &store{}, clock: time.Now()}
	b.log = filepath.Join(b.dir, "app.log")
	b.must(os.Mkdir(b.dir, 0o700))
	b.set = Set{Paths: []string{b.log}, Source: "app"}
	return b
}

func (b *bench) must(err error) {
	if err != nil {
		b.fatal(err)
	}
}

// start begins anew, as after a restart.
func (b *bench) start() {
	t, err := New([]Set{b.set}, Options{
		File: b.at, To: b.vault, Logger: discard(), Now: func() time.Time { return b.clock },
		Attest: func(_ context.Context, a event.Attestation) error { b.proofs = append(b.proofs, a); return nil },
		Loss:   func(l event.Loss) { b.losses = append(b.losses, l) },
	})
	b.must(err)
	t.put = func(c *checkpoint) error { // without waiting for the disk
		text, err := json.Marshal(c)
		return errors.Join(err, os.WriteFile(b.at, text, 0o600))
	}
	b.must(t.open(context.Background()))
	b.tailer = t
}

// poll looks until there is nothing more to read.
func (b *bench) poll() {
	for {
		b.clock = b.clock.Add(time.Second)
		more, err := b.tailer.round(context.Background())
		b.must(err)
		if !more {
			return
		}
	}
}

// kill drops all that was not made durable.
func (b *bench) kill() {
	b.tailer.close()
	b.tailer = nil
}

func (b *bench) write(text string) {
	f, err := os.OpenFile(b.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	b.must(err)
	_, err = f.WriteString(text)
	b.must(errors.Join(err, f.Close()))
}

func testBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t.TempDir(), func(args ...any) { t.Helper(); t.Fatal(args...) })
	b.start()
	t.Cleanup(func() {
		if b.tailer != nil {
			b.tailer.close()
		}
	})
	return b
}

func (b *bench) want(t *testing.T, lines ...string) {
	t.Helper()
	if got := strings.Join(b.vault.lines(), "|"); got != strings.Join(lines, "|") {
		t.Errorf("the vault has %q, want %q", got, lines)
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// pause lets the clock of a file system, a child or a bubble go on.
func pause(d time.Duration) { <-time.After(d) }
