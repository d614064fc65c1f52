package copies

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/vault/audit"

	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/keyring"
)

// shippedFolder ships a vault of 370 records, 360 of them sealed, 270 or more
// in segments, into a folder and closes it.
func shippedFolder(t *testing.T) (s *Folder, key []byte) {
	t.Helper()
	s = stores(t)["folder"](t).(*Folder)
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{})
	sh := newShipper(t, v, s)
	for i := range 4 {
		add(t, v, i*90, 90, 90) // in one append, so that it is one batch
		seal(t, v)
		round(t, sh)
	}
	waitSegments(t, v, 3)
	add(t, v, 360, 10, 10)
	round(t, sh)
	key = keyOf(t, v)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return s, key
}

// spoil changes a byte in the middle of a file of a copy.
func spoil(t *testing.T, s *Folder, name string) {
	t.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, s *Folder, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(s.dir, filepath.FromSlash(name))); err != nil {
		t.Fatal(err)
	}
}

func newestCheckpoint(t *testing.T, s Store) string {
	t.Helper()
	newest := ""
	for name := range list(t, s, checkPrefix) {
		newest = max(newest, name)
	}
	return newest
}

func TestDamagedCopyIsFoundOutAndTheRestComesBack(t *testing.T) {
	segments := func(t *testing.T, s *Folder) (names []string) {
		for name := range list(t, s, segmentPrefix) {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	for _, c := range []struct {
		what  string
		do    func(t *testing.T, s *Folder)
		check func(r *Restoration) bool
	}{
		{"newest checkpoint forged", func(t *testing.T, s *Folder) { spoil(t, s, newestCheckpoint(t, s)) },
			func(r *Restoration) bool {
				return r.Sealed == 270 && r.Records == 370 && len(r.PassedBy) == 1 && r.Report.OK()
			}},
		{"newest checkpoint removed", func(t *testing.T, s *Folder) { remove(t, s, newestCheckpoint(t, s)) },
			func(r *Restoration) bool { return r.Sealed == 270 && r.Records == 370 && r.Report.OK() }},
		{"checkpoint of a size that it does not sign", func(t *testing.T, s *Folder) {
			if err := s.Put(t.Context(), object(checkpointName(99), read(t, s, newestCheckpoint(t, s)))); err != nil {
				t.Fatal(err)
			}
		}, func(r *Restoration) bool { return r.Sealed == 360 && len(r.PassedBy) == 1 && r.Report.OK() }},
		{"partial tile removed", func(t *testing.T, s *Folder) { remove(t, s, "log/tile/entries/000.p/4") },
			func(r *Restoration) bool { return r.Sealed == 270 && r.Records == 370 && r.Report.OK() }},
		{"partial bundle damaged", func(t *testing.T, s *Folder) { spoil(t, s, "log/tile/entries/000.p/4") },
			func(r *Restoration) bool { return r.Sealed == 270 && r.Records == 370 && r.Report.OK() }},
		{"hash tile damaged", func(t *testing.T, s *Folder) { spoil(t, s, "log/tile/0/000.p/4") },
			func(r *Restoration) bool { return r.Records == 370 && !r.Report.OK() }},
		{"segment removed, its tails are there", func(t *testing.T, s *Folder) { remove(t, s, segments(t, s)[1]) },
			func(r *Restoration) bool { return r.Records == 370 && len(r.Missing) == 0 && r.Report.OK() }},
		{"segment cut short, its tails are there", func(t *testing.T, s *Folder) {
			path := filepath.Join(s.dir, segments(t, s)[0])
			if err := errors.Join(os.Chmod(path, 0o600), os.Truncate(path, 100)); err != nil {
				t.Fatal(err)
			}
		}, func(r *Restoration) bool { return r.Records == 370 && len(r.PassedBy) == 1 && r.Report.OK() }},
		{"segment and its tails removed", func(t *testing.T, s *Folder) {
			remove(t, s, segments(t, s)[1])
			for name := range list(t, s, tailPrefix) {
				if tl, _ := parseTail(name); tl.last > 90 && tl.first <= 180 {
					remove(t, s, name)
				}
			}
		}, func(r *Restoration) bool {
			return r.Records == 280 && len(r.Missing) == 1 && r.Missing[0] == vault.RecordRange{First: 91, Last: 180} && !r.Report.OK()
		}},
		{"last tail damaged", func(t *testing.T, s *Folder) { spoil(t, s, tail{first: 361, last: 370}.name()) },
			func(r *Restoration) bool {
				return r.Records < 370 && r.Records >= 360 && len(r.Trouble) > 0 && r.Report.OK()
			}},
		{"sealed tail removed", func(t *testing.T, s *Folder) {
			for name := range list(t, s, tailPrefix) {
				if tl, _ := parseTail(name); tl.last > 270 {
					remove(t, s, name)
				}
			}
		}, func(r *Restoration) bool {
			return len(r.Missing) == 1 && r.Missing[0] == vault.RecordRange{First: 271, Last: 360} && !r.Report.OK()
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s, key := shippedFolder(t)
			c.do(t, s)
			dir, r := restoreTo(t, s, RestoreOptions{Key: key})
			if !c.check(r) {
				t.Fatalf("restored %+v, passed by %v, trouble %v, problems %+v", r.Restored, r.PassedBy, r.Trouble, r.Report.Problems)
			}
			if r.Report.OK() && len(r.Missing) == 0 { // then it must go on
				v := openVault(t, filepath.Join(dir, "vault"), vault.Options{})
				add(t, v, int(r.Last), 200, 50)
				if err := v.Close(); err != nil {
					t.Fatal(err)
				}
				rep, err := audit.Verify(t.Context(), v.Dir(), audit.VerifyOptions{})
				if err != nil || !rep.OK() || rep.Sealed != r.Last+200 {
					t.Fatalf("after going on: %+v: %v", rep, err)
				}
			}
		})
	}
}

// breaking is a store whose answers break off after some bytes.
type breaking struct {
	Store
	left int64
}

var errBroken = errors.New("the line is broken")

type breakingReader struct {
	io.ReadCloser
	s *breaking
}

func (r breakingReader) Read(b []byte) (int, error) {
	if r.s.left <= 0 {
		return 0, errBroken
	}
	n, err := r.ReadCloser.Read(b[:min(int64(len(b)), r.s.left)])
	r.s.left -= int64(n)
	return n, err
}

func (b *breaking) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if b.left <= 0 {
		return nil, errBroken
	}
	r, err := b.Store.Get(ctx, name)
	return breakingReader{r, b}, err
}

// TestBrokenOffRestorationGoesOn breaks the line again and again; what was
// begun is never taken for a vault.
func TestBrokenOffRestorationGoesOn(t *testing.T) {
	s, key := shippedFolder(t)
	dir := filepath.Join(t.TempDir(), "restored")
	tries, enough := 0, int64(500)
	for _, size := range list(t, s, "") {
		enough = max(enough, size+500) // for one object at least
	}
	for ; ; tries++ {
		b := &breaking{s, enough}
		r, err := Restore(t.Context(), b, dir, RestoreOptions{Key: key})
		if err == nil {
			if !r.Report.OK() || r.Records != 370 {
				t.Fatalf("restored %+v", r)
			}
			break
		}
		if !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Fatal("the folder is there before it is whole")
		}
		if _, err := vault.Open(filepath.Join(dir+".part", "vault"), vault.Options{}); !errors.Is(err, vault.ErrIncomplete) || !strings.Contains(err.Error(), "konseki restore again") {
			t.Fatalf("what was begun opens with %v", err)
		}
		if tries > 100 {
			t.Fatal("it does not get on")
		}
	}
	if tries < 1 {
		t.Errorf("it broke off %d times", tries)
	}
	if _, err := os.Stat(dir + ".part"); err == nil {
		t.Error("the folder to work in is still there")
	}
}

func TestRestorationBegunFromElsewhereIsRefused(t *testing.T) {
	s, _ := shippedFolder(t)
	dir := filepath.Join(t.TempDir(), "restored")
	if _, err := Restore(t.Context(), &breaking{s, 3000}, dir, RestoreOptions{}); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	other, _ := shippedFolder(t)
	if _, err := Restore(t.Context(), other, dir, RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "was begun from") {
		t.Errorf("it gives %v", err)
	}
}

func TestRestoreWritesOverNothing(t *testing.T) {
	s, _ := shippedFolder(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), s, dir, RestoreOptions{}); !errors.Is(err, ErrOccupied) {
		t.Errorf("it gives %v", err)
	}
}

func TestCopyUnderAnotherKeyIsRefused(t *testing.T) {
	s, _ := shippedFolder(t)
	_, otherKey := shippedFolder(t)
	pinned := RestoreOptions{PublicKey: "konseki/0000000000000000+00000000+AAAA"}
	if _, err := Restore(t.Context(), s, filepath.Join(t.TempDir(), "r"), pinned); !errors.Is(err, ErrWhose) {
		t.Errorf("a pinned key gives %v", err)
	}
	if _, err := Restore(t.Context(), s, filepath.Join(t.TempDir(), "r"), RestoreOptions{Key: otherKey}); err == nil || !strings.Contains(err.Error(), "was signed with") {
		t.Errorf("the signing key of another vault gives %v", err)
	}
	empty := stores(t)["folder"](t)
	if _, err := Restore(t.Context(), empty, filepath.Join(t.TempDir(), "r"), RestoreOptions{}); !errors.Is(err, ErrNoCopy) {
		t.Errorf("an empty store gives %v", err)
	}
}

// TestVaultWithoutItsKeyIsReadAndNotWritten also shows that a new key is made
// only when asked for, and seals on under the same name.
func TestVaultWithoutItsKeyIsReadAndNotWritten(t *testing.T) {
	s, _ := shippedFolder(t)
	dir, r := restoreTo(t, s, RestoreOptions{})
	if !r.Report.OK() {
		t.Fatalf("verified %+v", r.Report)
	}
	if _, err := vault.Open(filepath.Join(dir, "vault"), vault.Options{}); !errors.Is(err, vault.ErrIncomplete) {
		t.Errorf("without its key it opens: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "vault", "key")); err == nil {
		t.Error("a key was made silently")
	}
	dir, r = restoreTo(t, s, RestoreOptions{NewKey: true})
	if !r.Report.OK() {
		t.Fatalf("with a new key verified %+v", r.Report)
	}
	v := openVault(t, filepath.Join(dir, "vault"), vault.Options{})
	add(t, v, 370, 20, 20)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	pub, err := os.ReadFile(filepath.Join(dir, "vault", "key.pub"))
	if err != nil || len(strings.Fields(string(pub))) != 2 || !strings.Contains(string(pub), strings.TrimSpace(read(t, s, "key.pub"))) {
		t.Errorf("key.pub holds %q: %v", pub, err)
	}
	rep, err := audit.Verify(t.Context(), v.Dir(), audit.VerifyOptions{})
	if err != nil || !rep.OK() || rep.Sealed != 390 {
		t.Errorf("verified %+v: %v", rep, err)
	}
}

// TestEncryptedVaultComesBackWithItsKeyring: the keyring is not in the copy.
func TestEncryptedVaultComesBackWithItsKeyring(t *testing.T) {
	s := stores(t)["folder"](t)
	holder := filepath.Join(t.TempDir(), "holder")
	if _, err := keyring.NewKeyFile(holder); err != nil {
		t.Fatal(err)
	}
	o := vault.Options{Encrypt: true, Unlock: keyring.Unlock{KeyFile: holder}}
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), o)
	sh := newShipper(t, v, s)
	for i := range 3 {
		add(t, v, i*90, 90, 30)
		seal(t, v)
		round(t, sh)
	}
	waitSegments(t, v, 2)
	add(t, v, 270, 20, 10)
	round(t, sh)
	want, key := all(t, v), keyOf(t, v)
	ring, err := os.ReadFile(filepath.Join(v.Dir(), keyring.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for name := range list(t, s, "") {
		if text := read(t, s, name); strings.Contains(text, "198.51.100.") || strings.Contains(text, "AGE-SECRET-KEY") {
			t.Errorf("%s is in the clear", name)
		}
	}
	dir, r := restoreTo(t, s, RestoreOptions{Key: key, Keyring: ring, Unlock: o.Unlock})
	if r.Records != 290 || len(r.Trouble) > 0 {
		t.Fatalf("restored %+v, problems %+v", r, r.Report.Problems)
	}
	again := openVault(t, filepath.Join(dir, "vault"), o)
	if got := all(t, again); !slices.Equal(got, want) {
		t.Errorf("%d records differ from %d", len(got), len(want))
	}
	_, r = restoreTo(t, s, RestoreOptions{})
	if len(r.Trouble) == 0 || len(r.Missing) == 0 {
		t.Errorf("without the keyring: %+v", r)
	}
}

func TestFullerTileStandsInForAPartialOne(t *testing.T) {
	s := stores(t)["folder"](t)
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{SegmentRecords: 100_000})
	sh := newShipper(t, v, s)
	for i := range 300 { // more than one tile of batches
		add(t, v, i, 1, 1)
		seal(t, v)
		if i == 200 || i == 299 {
			round(t, sh)
		}
	}
	f := s.(*Folder)
	remove(t, f, newestCheckpoint(t, s))
	remove(t, f, "log/tile/entries/000.p/201")
	remove(t, f, "log/tile/0/000.p/201")
	dir, r := restoreTo(t, s, RestoreOptions{Key: keyOf(t, v)})
	if r.Batches != 201 || r.Sealed != 201 || r.Records != 300 || !r.Report.OK() {
		t.Fatalf("restored %+v", r)
	}
	again := openVault(t, filepath.Join(dir, "vault"), vault.Options{})
	add(t, again, 300, 5, 5)
	seal(t, again)
	if rep, err := audit.Verify(t.Context(), again.Dir(), audit.VerifyOptions{}); err != nil || !rep.OK() || rep.Sealed != 305 {
		t.Errorf("verified %+v: %v", rep, err)
	}
}
