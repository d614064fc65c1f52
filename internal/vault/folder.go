package vault

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"
)

// Names in the vault's folder.
const (
	formatName = "format"
	keyName    = "key"
	pubName    = "key.pub"
	lockName   = "lock"
	walDir     = "wal"
	segmentDir = "segments"
	logDir     = "log"
	treeState  = ".state/treeState" // of the tile log

	formatText    = "konseki vault "
	formatVersion = 2
)

func isEmpty(dir string) (bool, error) {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if _, err := f.Readdirnames(1); errors.Is(err, io.EOF) {
		return true, nil
	} else if err != nil {
		return false, err
	}
	return false, nil
}

// create writes the format file last: a folder without one was never a vault.
func create(dir string, opts Options) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	lock, err := acquire(filepath.Join(dir, lockName))
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
	for _, name := range []string{walDir, segmentDir, logDir} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return err
		}
	}
	trusted, err := parseTrust(pub)
	if err != nil {
		return err
	}
	log, err := openLog(filepath.Join(dir, logDir), signer, trusted)
	if err != nil {
		return err
	}
	defer log.cancel()
	if err := writeDurably(filepath.Join(dir, keyName), []byte(key+"\n"), 0o600); err != nil {
		return err
	}
	if err := writeDurably(filepath.Join(dir, pubName), []byte(pub+"\n"), 0o644); err != nil {
		return err
	}
	format := formatText + strconv.Itoa(formatVersion) + "\n"
	if err := writeDurably(filepath.Join(dir, formatName), []byte(format), 0o644); err != nil {
		return err
	}
	return errors.Join(log.close(context.Background()), syncDir(filepath.Dir(dir)))
}

// inspect refuses a folder in which a part of the vault is missing: starting
// anew beside it would fork the history.
func inspect(dir string) error {
	empty, err := isEmpty(dir)
	if err != nil {
		return err
	}
	if empty {
		return fmt.Errorf("%w: %s", ErrNoVault, dir)
	}
	if _, err := os.Stat(filepath.Join(dir, RestoringName)); err == nil {
		return fmt.Errorf("%w: %s: restoring this vault has not finished: run konseki restore again with the same arguments", ErrIncomplete, dir)
	}
	if err := readFormat(dir); err != nil {
		return err
	}
	parts := []struct{ name, remedy string }{
		{keyName, "restore it from your backup; without it nothing more can be sealed"},
		{pubName, "restore it from your backup or from a checkpoint's receiver"},
		{walDir, "restore the folder from a copy of the vault"},
		{segmentDir, "restore the folder from a copy of the vault"},
		{logDir + "/checkpoint", "restore the log folder from a copy of the vault"},
		{logDir + "/" + treeState, "restore the log folder from a copy of the vault"},
	}
	for _, p := range parts {
		if _, err := os.Stat(filepath.Join(dir, p.name)); err != nil {
			return fmt.Errorf("%w: %s: %w: %s", ErrIncomplete, p.name, err, p.remedy)
		}
	}
	return nil
}

func readFormat(dir string) error {
	b, err := readSmall(filepath.Join(dir, formatName))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s has no file %q: its creation was interrupted, or it is another folder; empty it or name another one",
			ErrIncomplete, dir, formatName)
	}
	if err != nil {
		return err
	}
	text, found := strings.CutPrefix(string(b), formatText)
	version, err := strconv.Atoi(strings.TrimSuffix(text, "\n"))
	switch {
	case !found || err != nil || version < 1:
		return fmt.Errorf("%w: file %q is damaged: it should read %q", ErrIncomplete, formatName, formatText+strconv.Itoa(formatVersion))
	case version > formatVersion:
		return fmt.Errorf("%w: format %d is newer than this program's %d: use a newer konseki", ErrIncomplete, version, formatVersion)
	case version < formatVersion:
		return fmt.Errorf("%w: format %d is that of a preview and this program reads %d: import the evidence again, or verify it with the konseki that wrote it",
			ErrIncomplete, version, formatVersion)
	}
	return nil
}

// readSigner reads the signing key and checks that it is nobody else's to read
// and that the public key is its own.
func readSigner(dir string) (note.Signer, trust, error) {
	path := filepath.Join(dir, keyName)
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, nil, fmt.Errorf("%w: %s can be read by others (mode %04o): run chmod 600 %s, and make a new vault if it was copied",
			ErrIncomplete, keyName, info.Mode().Perm(), path)
	}
	b, err := readSmall(path)
	if err != nil {
		return nil, nil, err
	}
	signer, err := note.NewSigner(strings.TrimSuffix(string(b), "\n"))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w: restore it from your backup", ErrIncomplete, keyName, err)
	}
	trusted, err := readTrust(dir)
	if err != nil {
		return nil, nil, err
	}
	if trusted[0].Name() != signer.Name() || trusted[0].KeyHash() != signer.KeyHash() {
		return nil, nil, fmt.Errorf("%w: %s and %s are not a pair: restore both from your backup", ErrIncomplete, keyName, pubName)
	}
	return signer, trusted, nil
}

func readPublicKey(dir string) (string, error) {
	b, err := readSmall(filepath.Join(dir, pubName))
	return strings.TrimSuffix(string(b), "\n"), err
}

func readTrust(dir string) (trust, error) {
	text, err := readPublicKey(dir)
	if err != nil {
		return nil, err
	}
	t, err := parseTrust(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w: restore it from your backup", ErrIncomplete, pubName, err)
	}
	return t, nil
}

// readSmall reads a file of at most 64 KiB.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const limit = 64 << 10
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("%s is longer than %d bytes", filepath.Base(path), limit)
	}
	return b, err
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

// writeDurably writes a new file and makes it and its name durable.
func writeDurably(path string, b []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
