package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/konseki/konseki/internal/durable"
)

// maxDocument bounds what is read back, bytes.
const maxDocument = 64 << 20

// document is a JSON file that several processes may read and change. It is
// only ever replaced whole.
type document[T any] struct {
	dir, name string
	value     T
	seen      fs.FileInfo // of the file that value was read from
}

func newDocument[T any](dir, name string) *document[T] { return &document[T]{dir: dir, name: name} }

func (d *document[T]) path() string { return filepath.Join(d.dir, d.name) }

// load reads the file again if it is not the one read before. An absent file
// is the zero value.
func (d *document[T]) load() error {
	info, err := os.Stat(d.path())
	if errors.Is(err, fs.ErrNotExist) {
		var none T
		d.value, d.seen = none, nil
		return nil
	}
	if err != nil {
		return err
	}
	if d.seen != nil && os.SameFile(info, d.seen) && info.ModTime().Equal(d.seen.ModTime()) && info.Size() == d.seen.Size() {
		return nil
	}
	if err := private(d.path()); err != nil {
		return err
	}
	value, err := d.parse()
	if err != nil {
		return fmt.Errorf("%s: %w", d.path(), err)
	}
	d.value, d.seen = value, info
	return nil
}

func (d *document[T]) parse() (value T, err error) {
	f, err := os.Open(d.path())
	if err != nil {
		return value, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxDocument))
	if err != nil {
		return value, err
	}
	return value, json.Unmarshal(text, &value, json.RejectUnknownMembers(true))
}

// change reads the file, lets edit change its value and replaces the file; the
// change is durable when it returns nil, and not made when it returns an error.
func (d *document[T]) change(edit func(*T) error) error {
	unlock, err := lock(filepath.Join(d.dir, "lock"))
	if err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	defer unlock()
	if err := d.load(); err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	if err := edit(&d.value); err != nil {
		d.seen = nil // whatever edit did is read over
		return err
	}
	if err := d.store(); err != nil {
		d.seen = nil
		return fmt.Errorf("auth: %w", err)
	}
	return d.load()
}

// store replaces the file: written beside it, synced, renamed, folder synced.
func (d *document[T]) store() error {
	var text bytes.Buffer
	if err := json.MarshalWrite(&text, &d.value, jsontext.WithIndent("  ")); err != nil {
		return err
	}
	text.WriteByte('\n')
	f, err := os.CreateTemp(d.dir, d.name+".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once renamed
	_, err = f.Write(text.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), d.path()); err != nil {
		return err
	}
	d.seen = nil
	return durable.SyncDir(d.dir)
}

// lockPatience is how long to wait for another process.
const lockPatience = 5 * time.Second
