package vault

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"golang.org/x/mod/sumdb/note"
)

// create writes the format file last: a folder without one was never a vault.
func create(dir string, opts Options) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	lock, err := acquire(filepath.Join(dir, ondisk.LockName))
	if err != nil {
		return err
	}
	defer lock.Close()
	origin := opts.Origin
	if origin == "" {
		var b [8]byte
		rand.Read(b[:]) // never fails
		origin = "konseki/" + hex.EncodeToString(b[:])
	}
	key, pub, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(key)
	if err != nil {
		return fmt.Errorf("%w: origin %q: use a name without spaces or plus signs", err, origin)
	}
	for _, name := range []string{ondisk.WALDir, ondisk.SegmentDir, ondisk.LogDir} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return err
		}
	}
	trusted, err := seal.ParseTrust(pub)
	if err != nil {
		return err
	}
	log, err := openLog(filepath.Join(dir, ondisk.LogDir), signer, trusted)
	if err != nil {
		return err
	}
	defer log.cancel()
	if err := durable.Create(filepath.Join(dir, ondisk.KeyName), []byte(key+"\n"), 0o600); err != nil {
		return err
	}
	if err := durable.Create(filepath.Join(dir, ondisk.PubName), []byte(pub+"\n"), 0o644); err != nil {
		return err
	}
	format := ondisk.FormatText + strconv.Itoa(ondisk.FormatVersion) + "\n"
	if err := durable.Create(filepath.Join(dir, ondisk.FormatName), []byte(format), 0o644); err != nil {
		return err
	}
	return errors.Join(log.close(context.Background()), durable.SyncDir(filepath.Dir(dir)))
}

// inspect refuses a folder in which a part of the vault is missing: starting
// anew beside it would fork the history.
func inspect(dir string) error {
	empty, err := ondisk.IsEmpty(dir)
	if err != nil {
		return err
	}
	if empty {
		return fmt.Errorf("%w: %s", ondisk.ErrNoVault, dir)
	}
	if err := ondisk.CheckRestored(dir); err != nil {
		return err
	}
	if err := ondisk.ReadFormat(dir); err != nil {
		return err
	}
	parts := []struct{ name, remedy string }{
		{ondisk.KeyName, "restore it from your backup; without it nothing more can be sealed"},
		{ondisk.PubName, "restore it from your backup or from a checkpoint's receiver"},
		{ondisk.WALDir, "restore the folder from a copy of the vault"},
		{ondisk.SegmentDir, "restore the folder from a copy of the vault"},
		{ondisk.LogDir + "/checkpoint", "restore the log folder from a copy of the vault"},
		{ondisk.LogDir + "/" + ondisk.TreeState, "restore the log folder from a copy of the vault"},
	}
	for _, p := range parts {
		if _, err := os.Stat(filepath.Join(dir, p.name)); err != nil {
			return fmt.Errorf("%w: %s: %w: %s", ondisk.ErrIncomplete, p.name, err, p.remedy)
		}
	}
	return nil
}

// readSigner reads the signing key and checks that it is nobody else's to read
// and that the public key is its own.
func readSigner(dir string) (note.Signer, seal.Trust, error) {
	path := filepath.Join(dir, ondisk.KeyName)
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, nil, fmt.Errorf("%w: %s can be read by others (mode %04o): run chmod 600 %s, and make a new vault if it was copied",
			ondisk.ErrIncomplete, ondisk.KeyName, info.Mode().Perm(), path)
	}
	b, err := ondisk.ReadSmall(path)
	if err != nil {
		return nil, nil, err
	}
	signer, err := note.NewSigner(strings.TrimSuffix(string(b), "\n"))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w: restore it from your backup", ondisk.ErrIncomplete, ondisk.KeyName, err)
	}
	trusted, err := ondisk.ReadTrust(dir)
	if err != nil {
		return nil, nil, err
	}
	if trusted[0].Name() != signer.Name() || trusted[0].KeyHash() != signer.KeyHash() {
		return nil, nil, fmt.Errorf("%w: %s and %s are not a pair: restore both from your backup", ondisk.ErrIncomplete, ondisk.KeyName, ondisk.PubName)
	}
	return signer, trusted, nil
}

// acquire locks the vault against a second writer and writes our process id.
// The lock goes with the process, whatever becomes of it.
func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, err
		}
		b, _ := io.ReadAll(io.LimitReader(f, 32))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
		return nil, &LockedError{PID: pid}
	}
	text := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		f.Close()
		return nil, err
	}
	if err := f.Truncate(int64(len(text))); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
