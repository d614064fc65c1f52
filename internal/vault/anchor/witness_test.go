package anchor

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// request makes the body that shows that the vault's tree of old entries became
// its present one.
func request(t testing.TB, dir string, old uint64) []byte {
	t.Helper()
	cp := headOf(t, dir)
	path, err := ondisk.Consistency(t.Context(), dir, min(old, cp.Size), cp.Size)
	if err != nil {
		t.Fatal(err)
	}
	return addCheckpoint{old: old, proof: path, note: cp.Note}.encode()
}

// post sends a body to a witness.
func (s *seat) post(body []byte) (status int, kind, text string) {
	s.t.Helper()
	resp, err := http.Post(s.URL+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

func (s *seat) want(body []byte, status int) string {
	s.t.Helper()
	got, kind, text := s.post(body)
	if got != status {
		s.t.Fatalf("status %d (%s), want %d", got, text, status)
	}
	if status == http.StatusConflict && kind != "text/x.tlog.size" {
		s.t.Fatalf("content type %q", kind)
	}
	return text
}

// forks lists the evidence that a witness kept.
func (s *seat) forks() []string {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir, "forks"))
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWitnessCosignsWhatGrew(t *testing.T) {
	dir := newVault(t, 3)
	s := newSeat(t, "witness.example/w1", dir)
	key, err := ParseLogKey(keyOf(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	witness, err := ParseWitnessKey(s.Key)
	if err != nil {
		t.Fatal(err)
	}
	check := func(line string) {
		t.Helper()
		cp, at, err := openCosigned(append(headOf(t, dir).Note, line...), key, witness)
		if err != nil || at.IsZero() || cp.Size != headOf(t, dir).Size {
			t.Fatalf("size %d at %v: %v", cp.Size, at, err)
		}
	}
	check(s.want(request(t, dir, 0), http.StatusOK))
	check(s.want(request(t, dir, 3), http.StatusOK)) // the same again
	grow(t, dir, 4, "more")
	if got := s.want(request(t, dir, 0), http.StatusConflict); got != "3\n" {
		t.Fatalf("it holds %q", got)
	}
	check(s.want(request(t, dir, 3), http.StatusOK))
	if len(s.forks()) != 0 {
		t.Errorf("evidence of nothing: %v", s.forks())
	}
}

func TestWitnessRefusesAFork(t *testing.T) {
	dir := newVault(t, 2)
	other := copyOf(t, dir)
	grow(t, dir, 2, "what happened")
	s := newSeat(t, "w", dir)
	s.want(request(t, dir, 0), http.StatusOK)

	grow(t, other, 2, "what did not") // the same size, another tree, the same key
	if got := s.want(request(t, other, 4), http.StatusConflict); got != "4\n" {
		t.Errorf("it holds %q", got)
	}
	grow(t, other, 1, "what did not")
	s.want(request(t, other, 4), http.StatusUnprocessableEntity)
	if got := s.forks(); len(got) != 2 || !strings.Contains(got[0], "-fork-4-4-") || !strings.Contains(got[1], "-unproven-4-5-") {
		t.Fatalf("evidence %v", got)
	}
	// Each pair is signed by the log's own key, for anyone to see.
	key, _ := ParseLogKey(keyOf(t, dir))
	pair := filepath.Join(s.dir, "forks", s.forks()[0])
	var roots []tlog.Hash
	for _, name := range []string{"held", "offered"} {
		b, err := os.ReadFile(filepath.Join(pair, name))
		if err != nil {
			t.Fatal(err)
		}
		cp, err := OpenCheckpoint(b, key)
		if err != nil || cp.Size != 4 {
			t.Fatalf("%s: size %d, %v", name, cp.Size, err)
		}
		roots = append(roots, cp.Root)
	}
	if roots[0] == roots[1] {
		t.Error("the evidence shows no conflict")
	}
	s.want(request(t, dir, 4), http.StatusOK) // the true log goes on
}

func TestWitnessRefusesARollback(t *testing.T) {
	dir := newVault(t, 2)
	old := copyOf(t, dir)
	grow(t, dir, 1, "more")
	s := newSeat(t, "w", dir)
	s.want(request(t, dir, 0), http.StatusOK)
	for _, size := range []uint64{0, 2} {
		if got := s.want(request(t, old, size), http.StatusConflict); got != "3\n" {
			t.Errorf("it holds %q", got)
		}
	}
	if got := s.forks(); len(got) != 1 || !strings.Contains(got[0], "-rollback-3-2-") {
		t.Errorf("evidence %v", got)
	}
	s.stop()
	s.start() // it remembers
	if got := s.want(request(t, old, 0), http.StatusConflict); got != "3\n" {
		t.Errorf("after a restart it holds %q", got)
	}
}

func TestWitnessRefusesWhatIsNotALogsCheckpoint(t *testing.T) {
	dir, stranger := newVault(t, 2), newVault(t, 1)
	s := newSeat(t, "w", dir)
	cp := headOf(t, dir)
	skey, _, err := note.GenerateKey(rand.Reader, cp.Origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := note.Sign(&note.Note{Text: cp.Body}, signer)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(cp.Note, []byte("\n2\n"), []byte("\n3\n"), 1)
	bad := func(body string) []byte { return []byte(body) }
	for name, c := range map[string]struct {
		body   []byte
		status int
	}{
		"empty":             {nil, http.StatusBadRequest},
		"no old":            {append([]byte("new 0\n\n"), cp.Note...), http.StatusBadRequest},
		"leading zero":      {append([]byte("old 00\n\n"), cp.Note...), http.StatusBadRequest},
		"sign":              {append([]byte("old +0\n\n"), cp.Note...), http.StatusBadRequest},
		"huge":              {append([]byte("old 99999999999999999999\n\n"), cp.Note...), http.StatusBadRequest},
		"not base64":        {append([]byte("old 0\n???\n\n"), cp.Note...), http.StatusBadRequest},
		"64 lines of proof": {append(append([]byte("old 0\n"), strings.Repeat(strings.Repeat("A", 43)+"=\n", 64)...), append([]byte("\n"), cp.Note...)...), http.StatusBadRequest},
		"old is larger":     {request(t, dir, 3), http.StatusBadRequest},
		"too long":          {bytes.Repeat([]byte("old 0\n"), 20_000), http.StatusRequestEntityTooLarge},
		"no checkpoint":     {bad("old 0\n\n"), http.StatusNotFound},
		"unknown log":       {request(t, stranger, 0), http.StatusNotFound},
		"unsigned":          {append([]byte("old 0\n\n"), cp.Body...), http.StatusForbidden},
		"changed":           {append([]byte("old 0\n\n"), changed...), http.StatusForbidden},
		"another key":       {append([]byte("old 0\n\n"), forged...), http.StatusForbidden},
		"proof of nothing":  {addCheckpoint{old: 0, proof: []tlog.Hash{{}}, note: cp.Note}.encode(), http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.want(c.body, c.status)
		})
	}
	s.t = t
	if got := s.w.Logs(); got[cp.Origin] != 0 || len(s.forks()) != 0 {
		t.Errorf("something was taken: %v, %v", got, s.forks())
	}
}

// TestWitnessNeverCosignsTwoTrees lets two histories race for the same witness.
func TestWitnessNeverCosignsTwoTrees(t *testing.T) {
	dir := newVault(t, 1)
	other := copyOf(t, dir)
	grow(t, dir, 1, "one")
	grow(t, other, 1, "the other")
	s := newSeat(t, "w", dir)
	bodies := [][]byte{request(t, dir, 0), request(t, other, 0)}
	var ok [2]int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			if _, err := s.w.add(bodies[i%2]); err == nil {
				mu.Lock()
				ok[i%2]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if ok[0]+ok[1] != 1 {
		t.Errorf("%d and %d were cosigned; only the first request had the old size right", ok[0], ok[1])
	}
}

// TestWitnessDoesNotForget damages each file of its state: it refuses to start
// rather than to cosign from nothing.
func TestWitnessDoesNotForget(t *testing.T) {
	dir := newVault(t, 2)
	s := newSeat(t, "w", dir)
	s.want(request(t, dir, 0), http.StatusOK)
	s.stop()
	id := logID(headOf(t, dir).Origin)
	for name, spoil := range map[string]func(path string) error{
		"checkpoints/" + id: func(p string) error { return os.Truncate(p, 30) },
		"checkpoints/" + id + " ": func(p string) error { // the log's own, which we never cosigned
			return os.WriteFile(strings.TrimSpace(p), headOf(t, dir).Note, 0o600)
		},
		"logs/" + id: func(p string) error { return os.Truncate(p, 0) },
		"key":        func(p string) error { return os.Chmod(p, 0o644) },
		"key.pub":    func(p string) error { return os.WriteFile(p, []byte("w+00000000+AAAA\n"), 0o600) },
		"format":     os.Remove,
	} {
		spoilt := copyOf(t, s.dir)
		if err := spoil(filepath.Join(spoilt, name)); err != nil {
			t.Fatal(err)
		}
		if w, err := OpenWitness(spoilt, discard()); err == nil {
			_ = w.Close()
			t.Errorf("%s was damaged and nobody said so", name)
		}
	}
	// What was half written when the power went is nothing, and the state before it holds.
	for _, name := range []string{"checkpoints/" + id + ".part", "logs/" + id + ".part"} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte("konse"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.start()
	if got := s.w.Logs()[headOf(t, dir).Origin]; got != 2 {
		t.Errorf("it holds %d", got)
	}
}

func TestWitnessDoesNotCosignWhatItCannotKeep(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("running as root: the folder is replaced by a file instead of write-protected")
	}
	dir := newVault(t, 2)
	s := newSeat(t, "w", dir)
	folder := filepath.Join(s.dir, "checkpoints")
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if text := s.want(request(t, dir, 0), http.StatusInternalServerError); strings.Contains(text, "\u2014") {
		t.Error("a cosignature was given away")
	}
	if got := s.w.Logs()[headOf(t, dir).Origin]; got != 0 {
		t.Errorf("it thinks that it holds %d", got)
	}
}

func TestWitnessHasOneWriter(t *testing.T) {
	s := newSeat(t, "w")
	if _, err := OpenWitness(s.dir, discard()); err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("a second one: %v", err)
	}
	if _, err := InitWitness(s.dir, "w"); err == nil {
		t.Error("a witness was made over another")
	}
	if _, err := InitWitness(filepath.Join(t.TempDir(), "x"), "two words"); err == nil {
		t.Error("a name that no key can have")
	}
}

func TestWitnessKeyCopiedWronglyIsRefused(t *testing.T) {
	s := newSeat(t, "w")
	name, rest, _ := strings.Cut(s.Key, "+")
	for _, bad := range []string{"", "x" + s.Key, name + "+00000000" + rest[8:], s.Key[:len(s.Key)-4] + "AAA=", keyOf(t, newVault(t, 1))[:20]} {
		if _, err := ParseWitnessKey(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestWitnessKeepsBoundedEvidence(t *testing.T) {
	dir := newVault(t, 1)
	s := newSeat(t, "w", dir)
	s.want(request(t, dir, 0), http.StatusOK)
	l := s.w.log(headOf(t, dir).Origin)
	for i := range maxForks + 20 {
		cp := headOf(t, dir)
		cp.Size = uint64(i) + 5
		if _, err := s.w.keepFork(l, cp, "unproven"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.forks()); n != maxForks {
		t.Errorf("%d pairs were kept, want %d", n, maxForks)
	}
}

func FuzzAddCheckpoint(f *testing.F) {
	f.Add([]byte("old 0\n\norigin\n1\nAAAA\n\n\u2014 origin AAAA\n"))
	f.Add([]byte("old 12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parseAddCheckpoint(body)
		if err != nil {
			return
		}
		if got := a.encode(); !bytes.Equal(got, body) {
			t.Errorf("%q was read as %q", body, got)
		}
		_, _ = parseBody(string(a.note))
	})
}
