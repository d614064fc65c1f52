// Package ondisk is the files of a vault: its folder, the write-ahead log, the segments and the tiles of its log.
//
// Whoever writes a vault and whoever verifies one read its files through the
// same code, so that they cannot disagree about what is in them.
package ondisk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/vault/seal"
)

// Names in the vault's folder.
const (
	FormatName = "format"
	KeyName    = "key"
	PubName    = "key.pub"
	LockName   = "lock"
	WALDir     = "wal"
	SegmentDir = "segments"
	LogDir     = "log"
	TreeState  = ".state/treeState" // of the tile log

	FormatText    = "konseki vault "
	FormatVersion = 2
)

// IsEmpty says whether a folder has nothing in it or is not there.
func IsEmpty(dir string) (bool, error) {
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

// RestoringName is a file that stands in a vault's folder until its restoration
// has finished; a folder with it is no vault yet.
const RestoringName = "restoring"

// CheckRestored refuses a folder whose restoration has not finished.
func CheckRestored(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, RestoringName)); err == nil {
		return fmt.Errorf("%w: %s: restoring this vault has not finished: run konseki restore again with the same arguments", ErrIncomplete, dir)
	}
	return nil
}

// ReadFormat reads a vault's format and refuses any but this version's with
// ErrIncomplete.
func ReadFormat(dir string) error {
	b, err := ReadSmall(filepath.Join(dir, FormatName))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s has no file %q: its creation was interrupted, or it is another folder; empty it or name another one",
			ErrIncomplete, dir, FormatName)
	}
	if err != nil {
		return err
	}
	text, found := strings.CutPrefix(string(b), FormatText)
	version, err := strconv.Atoi(strings.TrimSuffix(text, "\n"))
	switch {
	case !found || err != nil || version < 1:
		return fmt.Errorf("%w: file %q is damaged: it should read %q", ErrIncomplete, FormatName, FormatText+strconv.Itoa(FormatVersion))
	case version > FormatVersion:
		return fmt.Errorf("%w: format %d is newer than this program's %d: use a newer konseki", ErrIncomplete, version, FormatVersion)
	case version < FormatVersion:
		return fmt.Errorf("%w: format %d is that of a preview and this program reads %d: import the evidence again, or verify it with the konseki that wrote it",
			ErrIncomplete, version, FormatVersion)
	}
	return nil
}

// ReadPublicKey reads the text of a vault's key.pub.
func ReadPublicKey(dir string) (string, error) {
	b, err := ReadSmall(filepath.Join(dir, PubName))
	return strings.TrimSuffix(string(b), "\n"), err
}

// ReadTrust reads the keys that a vault's key.pub lists.
func ReadTrust(dir string) (seal.Trust, error) {
	text, err := ReadPublicKey(dir)
	if err != nil {
		return nil, err
	}
	t, err := seal.ParseTrust(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w: restore it from your backup", ErrIncomplete, PubName, err)
	}
	return t, nil
}

// ReadSmall reads a file of at most 64 KiB.
func ReadSmall(path string) ([]byte, error) { return durable.Read(path, 64<<10) }
