package ondisk

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/konseki/konseki/internal/durable"
)

// Disk is what the vault needs of a file system; tests put failing ones here.
type Disk interface {
	Open(path string) (File, error) // to read
	Edit(path string) (File, error) // to read and write, made if absent
	Rename(from, to string) error   // over what is there
	Remove(path string) error       //
	SyncDir(path string) error      // makes the names in a folder durable
	ReadDir(path string) ([]fs.DirEntry, error)
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
}

// OSDisk is the real one.
type OSDisk struct{}

// Open implements [Disk].
func (OSDisk) Open(path string) (File, error) { return os.Open(path) }

// Edit implements [Disk].
func (OSDisk) Edit(path string) (File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

// Rename implements [Disk].
func (OSDisk) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements [Disk].
func (OSDisk) Remove(path string) error { return os.Remove(path) }

// SyncDir implements [Disk].
func (OSDisk) SyncDir(path string) error { return durable.SyncDir(path) }

// ReadDir implements [Disk].
func (OSDisk) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

// appending writes a file from its start.
type appending struct {
	file File
	off  int64
}

func (a *appending) Write(b []byte) (int, error) {
	n, err := a.file.WriteAt(b, a.off)
	a.off += int64(n)
	return n, err
}

// IsGone says that a file went away between looking and opening.
func IsGone(err error) bool { return errors.Is(err, os.ErrNotExist) }
