package vault

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// disk is what the vault needs of a file system; tests put failing ones here.
type disk interface {
	open(path string) (file, error) // to read
	edit(path string) (file, error) // to read and write, made if absent
	rename(from, to string) error   // over what is there
	remove(path string) error       //
	syncDir(path string) error      // makes the names in a folder durable
	readDir(path string) ([]fs.DirEntry, error)
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) open(path string) (file, error) { return os.Open(path) }
func (osDisk) edit(path string) (file, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}
func (osDisk) rename(from, to string) error               { return os.Rename(from, to) }
func (osDisk) remove(path string) error                   { return os.Remove(path) }
func (osDisk) syncDir(path string) error                  { return syncDir(path) }
func (osDisk) readDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// appending writes a file from its start.
type appending struct {
	file file
	off  int64
}

func (a *appending) Write(b []byte) (int, error) {
	n, err := a.file.WriteAt(b, a.off)
	a.off += int64(n)
	return n, err
}
