package keyring

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func keyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if _, err := NewKeyFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func opened(t *testing.T, dir string, unlock Unlock) *Ring {
	t.Helper()
	r, err := Open(dir, unlock, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKeysSurviveReopeningHoweverTheRingIsKept(t *testing.T) {
	for name, unlock := range map[string]Unlock{
		"clear": {}, "key file": {KeyFile: keyFile(t)}, "passphrase": {PassphraseFile: file(t, "correct horse\n"), work: 5},
	} {
		dir := t.TempDir()
		made, err := opened(t, dir, unlock).Make("file 1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := opened(t, dir, unlock).Get("file 1")
		if err != nil || got.String() != made.String() {
			t.Errorf("%s: %v", name, err)
		}
		b, _ := os.ReadFile(filepath.Join(dir, FileName))
		if (name == "clear") != bytes.Contains(b, []byte("AGE-SECRET-KEY")) {
			t.Errorf("%s: the ring on disk: %.60q", name, b)
		}
	}
}

func TestADestroyedKeyIsGoneFromTheFileAndStaysKnown(t *testing.T) {
	dir := t.TempDir()
	r := opened(t, dir, Unlock{})
	gone, err := r.Make("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Make("b"); err != nil {
		t.Fatal(err)
	}
	if err := r.Destroy("a", "none"); !errors.Is(err, ErrNoKey) {
		t.Errorf("none: %v", err)
	}
	if _, err := r.Get("a"); err != nil {
		t.Errorf("a failed Destroy destroyed: %v", err)
	}
	if err := r.Destroy("a"); err != nil {
		t.Fatal(err)
	}
	r = opened(t, dir, Unlock{})
	if _, err := r.Get("a"); !errors.Is(err, ErrDestroyed) {
		t.Error(err)
	}
	if _, err := r.Make("a"); !errors.Is(err, ErrDestroyed) {
		t.Errorf("a destroyed key was made again: %v", err)
	}
	if _, err := r.Get("b"); err != nil {
		t.Error(err)
	}
	b, _ := os.ReadFile(filepath.Join(dir, FileName))
	if bytes.Contains(b, []byte(gone.String())) {
		t.Error("the secret is still in the file")
	}
}

func TestRewrapOpensWithTheNewKeyOnly(t *testing.T) {
	dir := t.TempDir()
	first, second, third := Unlock{PassphraseFile: file(t, "one"), work: 5}, Unlock{PassphraseFile: file(t, "two"), work: 5}, Unlock{KeyFile: keyFile(t)}
	r := opened(t, dir, first)
	if _, err := r.Make("a"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ old, next Unlock }{{first, second}, {second, third}} {
		if err := r.Rewrap(step.next); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, step.old, nil); !errors.Is(err, ErrWrongKey) {
			t.Errorf("the old one: %v", err)
		}
		r = opened(t, dir, step.next)
		if _, err := r.Get("a"); err != nil {
			t.Error(err)
		}
	}
}

func TestAnInterruptedRewrapOpensWithEitherPassphrase(t *testing.T) {
	dir := t.TempDir()
	first, second := Unlock{PassphraseFile: file(t, "one"), work: 5}, Unlock{PassphraseFile: file(t, "two"), work: 5}
	r := opened(t, dir, first)
	if _, err := r.Make("a"); err != nil {
		t.Fatal(err)
	}
	old, _ := os.ReadFile(filepath.Join(dir, IdentityName))
	if _, err := second.create(dir, nextIdentity); err != nil { // interrupted before the ring was written
		t.Fatal(err)
	}
	opened(t, dir, first)
	if err := r.Rewrap(second); err != nil {
		t.Fatal(err)
	}
	next, _ := os.ReadFile(filepath.Join(dir, IdentityName)) // interrupted after it
	for name, b := range map[string][]byte{IdentityName: old, nextIdentity: next} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opened(t, dir, second)
}

func TestARecoveryFileBringsTheKeysBack(t *testing.T) {
	dir, holder := t.TempDir(), keyFile(t)
	r := opened(t, dir, Unlock{KeyFile: keyFile(t)})
	made, err := r.Make("file 1")
	if err != nil {
		t.Fatal(err)
	}
	to, err := Recipient(holder)
	if err != nil {
		t.Fatal(err)
	}
	var exported bytes.Buffer
	if err := r.Export(&exported, to); err != nil {
		t.Fatal(err)
	}
	fresh, unlock := t.TempDir(), Unlock{PassphraseFile: file(t, "new"), work: 5}
	if err := Import(fresh, exported.Bytes(), keyFile(t), unlock); !errors.Is(err, ErrWrongKey) {
		t.Errorf("somebody else's key: %v", err)
	}
	if err := Import(fresh, exported.Bytes(), holder, unlock); err != nil {
		t.Fatal(err)
	}
	if got, err := opened(t, fresh, unlock).Get("file 1"); err != nil || got.String() != made.String() {
		t.Error(err)
	}
	if err := Import(fresh, exported.Bytes(), holder, unlock); !errors.Is(err, ErrExists) {
		t.Errorf("over a ring: %v", err)
	}
}

func TestWhatOthersCanReadIsRefused(t *testing.T) {
	dir, key := t.TempDir(), keyFile(t)
	if _, err := opened(t, dir, Unlock{KeyFile: key}).Make("a"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{key, filepath.Join(dir, FileName)} {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Unlock{KeyFile: key}, nil); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzRing reads rings in the clear; what is read writes the same again.
func FuzzRing(f *testing.F) {
	r := &Ring{keys: map[string]*Key{}}
	f.Add([]byte(plainHead + `{"name":"file 1","made":"2026-11-22T00:00:00Z","destroyed":"2026-11-23T00:00:00Z"}` + "\n"))
	f.Add(r.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &Ring{keys: map[string]*Key{}}
		if r.parse(b) != nil {
			return
		}
		again := &Ring{keys: map[string]*Key{}}
		if err := again.parse(r.encode()); err != nil || !bytes.Equal(again.encode(), r.encode()) {
			t.Fatalf("%q reads as %q: %v", b, r.encode(), err)
		}
	})
}
