package ondisk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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
func (OSDisk) SyncDir(path string) error { return SyncDir(path) }

// ReadDir implements [Disk].
func (OSDisk) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

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

// ReplaceDurably writes a file beside its place and moves it there.
func ReplaceDurably(path string, b []byte, mode fs.FileMode) error {
	part := path + PartSuffix
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := WriteDurably(part, b, mode); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// WriteDurably writes a new file and makes it and its name durable.
func WriteDurably(path string, b []byte, mode fs.FileMode) error {
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
	return SyncDir(filepath.Dir(path))
}
