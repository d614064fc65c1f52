package anchor

import (
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// newVault makes a closed vault of so many batches.
func newVault(t testing.TB, batches int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "vault")
	grow(t, dir, batches, "first")
	return dir
}

// grow adds batches of one record each to the vault in dir.
func grow(t testing.TB, dir string, batches int, text string) {
	t.Helper()
	v, err := vault.OpenOrCreate(dir, vault.Options{BatchRecords: 1, BatchEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]event.Record, batches)
	for i := range recs {
		recs[i] = event.Record{Source: "vpn", Transport: "file", Raw: []byte(text)}
	}
	if err := v.Append(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

// copyOf copies a folder as somebody with access to the machine would.
func copyOf(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	keepPrivate(t, to)
	return to
}

// keepPrivate gives the secret keys the mode they had: CopyFS widens it.
func keepPrivate(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			return os.Chmod(path, 0o600)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// putBack puts an old copy of a vault in the place of the present one.
func putBack(t testing.TB, old, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	keepPrivate(t, dir)
}

func keyOf(t testing.TB, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func headOf(t testing.TB, dir string) Checkpoint {
	t.Helper()
	cp, err := Head(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return cp
}

// seat is a witness that serves on loopback and can be stopped and started.
type seat struct {
	t    testing.TB
	dir  string
	w    *Witness
	http *httptest.Server
	Peer
}

// newSeat starts a witness that knows the vaults.
func newSeat(t testing.TB, name string, vaults ...string) *seat {
	t.Helper()
	s := &seat{t: t, dir: filepath.Join(t.TempDir(), "witness")}
	key, err := InitWitness(s.dir, name)
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	for _, v := range vaults {
		if _, err := s.w.AddLog(keyOf(t, v)); err != nil {
			t.Fatal(err)
		}
	}
	s.Peer = Peer{Name: name, URL: s.http.URL, Key: key}
	t.Cleanup(s.stop)
	return s
}

func (s *seat) start() {
	s.t.Helper()
	w, err := OpenWitness(s.dir, discard())
	if err != nil {
		s.t.Fatal(err)
	}
	s.w, s.http = w, httptest.NewServer(w.Handler())
	s.URL = s.http.URL
}

func (s *seat) stop() {
	if s.w == nil {
		return
	}
	s.http.Close()
	if err := s.w.Close(); err != nil {
		s.t.Error(err)
	}
	s.w = nil
}

// keeper makes a keeper of the vault's anchors.
func keeper(t testing.TB, opts KeeperOptions) *Keeper {
	t.Helper()
	k, err := NewKeeper(opts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustAnchor(t testing.TB, k *Keeper) {
	t.Helper()
	if err := k.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func mustCheck(t testing.TB, dir string, opts CheckOptions) *Result {
	t.Helper()
	r, err := Check(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantOnly expects one anchor with the problem.
func wantOnly(t testing.TB, r *Result, why Problem) Anchor {
	t.Helper()
	if len(r.Anchors) != 1 {
		t.Fatalf("%d anchors, want one: %+v", len(r.Anchors), r.Anchors)
	}
	a := r.Anchors[0]
	if a.Why != why || a.Held != (why == "") || a.Reason.JA == "" || a.Reason.EN == "" {
		t.Fatalf("held %v, why %q (%s), want %q", a.Held, a.Why, a.Reason.EN, why)
	}
	if r.OK() == why.Alarming() {
		t.Fatalf("OK is %v with %q", r.OK(), why)
	}
	return a
}
