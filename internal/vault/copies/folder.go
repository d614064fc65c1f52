package copies

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
)

// spareBytes is what a store on a disk leaves free.
const spareBytes = 32 << 20

// Folder keeps objects as files of one folder: a mounted disk, or what a
// Receiver has of one sender. It writes no file twice; that nobody else does
// is up to the disk.
type Folder struct {
	dir   string
	names names

	mu   sync.Mutex
	root *os.Root // once it was there

	// free gives the bytes left on the disk; tests make them few.
	free func(dir string) (int64, error)
}

// OpenFolder opens the folder dir, which must exist: a disk that is not
// mounted must not be mistaken for an empty one.
func OpenFolder(dir string) (*Folder, error) {
	f := NewFolder(dir)
	if err := f.ready(); err != nil {
		return nil, fmt.Errorf("copies: %w", err)
	}
	return f, nil
}

// NewFolder names a folder that may not be there yet: until it is, every
// operation fails.
func NewFolder(dir string) *Folder { return &Folder{dir: dir, names: newNames(), free: freeBytes} }

func (f *Folder) ready() (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root != nil {
		return nil
	}
	if f.root, err = os.OpenRoot(f.dir); err != nil {
		return fmt.Errorf("%w: make the folder, or mount the disk that has it", err)
	}
	return nil
}

// Close gives the folder's handle up.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root == nil {
		return nil
	}
	return f.root.Close()
}

// String gives the folder as a URL.
func (f *Folder) String() string { return "file://" + f.dir }

func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// Put writes the object under another name, syncs it and links it to its own,
// which fails when that exists; then it syncs the folders.
func (f *Folder) Put(ctx context.Context, o Object) error {
	if err := f.put(ctx, o); err != nil {
		return fmt.Errorf("copies: %s: put %s: %w", f, clip(o.Name), err)
	}
	return nil
}

func (f *Folder) put(ctx context.Context, o Object) error {
	if err := f.names.check(o.Name); err != nil {
		return err
	}
	if err := f.ready(); err != nil {
		return err
	}
	if o.Size < 0 || o.Size > limit(o.Name) {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrRefused, o.Size, limit(o.Name))
	}
	if done, err := f.compare(o); done || err != nil {
		return err
	}
	if left, err := f.free(f.dir); err == nil && left < o.Size+spareBytes {
		return fmt.Errorf("%w: %d bytes are left on its disk", ErrFull, left)
	}
	dir := path.Dir(o.Name)
	if err := f.makeDirs(dir); err != nil {
		return full(err)
	}
	var b [8]byte
	rand.Read(b[:]) // never fails
	part := path.Join(dir, ".put-"+hex.EncodeToString(b[:]))
	defer func() { _ = f.root.Remove(part) }()
	if err := f.write(ctx, part, o); err != nil {
		return full(err)
	}
	if err := f.root.Link(part, o.Name); errors.Is(err, fs.ErrExist) {
		_, err = f.compare(o) // another put was quicker
		return err
	} else if err != nil {
		return full(err)
	}
	return f.syncDir(dir)
}

// compare says whether the name holds this content already, and ErrDiffers
// when it holds other content.
func (f *Folder) compare(o Object) (same bool, err error) {
	file, err := f.root.Open(o.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() || info.Size() != o.Size {
		return false, ErrDiffers
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return false, err
	}
	if [32]byte(sum.Sum(nil)) != o.SHA256 {
		return false, ErrDiffers
	}
	return true, nil
}

func (f *Folder) write(ctx context.Context, part string, o Object) error {
	in, err := o.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := f.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, newChecked(ctx, in, o.Size, o.SHA256))
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// makeDirs makes the folders of a name and makes them durable.
func (f *Folder) makeDirs(dir string) error {
	if _, err := f.root.Stat(dir); err == nil || dir == "." {
		return nil
	}
	if err := f.makeDirs(path.Dir(dir)); err != nil {
		return err
	}
	if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.syncDir(path.Dir(dir))
}

func (f *Folder) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// List walks the folder. Files that are no objects are passed over.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := f.ready(); err != nil {
			yield(Info{}, fmt.Errorf("copies: list: %w", err))
			return
		}
		start := path.Dir(prefix + "x")
		if _, err := f.root.Stat(start); errors.Is(err, fs.ErrNotExist) {
			return
		}
		err := fs.WalkDir(f.root.FS(), start, func(name string, e fs.DirEntry, err error) error {
			if cerr := ctx.Err(); cerr != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				return err
			}
			if !e.Type().IsRegular() || !strings.HasPrefix(name, prefix) || f.names.check(name) != nil {
				return nil
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(Info{Name: name, Size: info.Size(), Time: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Info{}, fmt.Errorf("copies: %s: list %q: %w", f, clip(prefix), err))
		}
	}
}

// Get opens the file.
func (f *Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, fmt.Errorf("copies: %s: get %s: %w", f, clip(name), err)
	}
	return file, nil
}

func (f *Folder) open(name string) (*os.File, error) {
	if err := f.names.check(name); err != nil {
		return nil, err
	}
	if err := f.ready(); err != nil {
		return nil, err
	}
	file, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(ErrNotFound, err, file.Close())
	}
	return file, nil
}

// remove takes an object away. Only a Receiver does that, and only with a tail
// whose records it has in a segment.
func (f *Folder) remove(name string) error {
	if err := f.root.Remove(name); err != nil {
		return err
	}
	return f.syncDir(path.Dir(name))
}

// checked reads exactly size bytes whose sum must be sum, until ctx ends.
type checked struct {
	ctx  context.Context
	r    io.Reader
	left int64
	sum  [32]byte
	hash hash.Hash
}

func newChecked(ctx context.Context, r io.Reader, size int64, sum [32]byte) *checked {
	return &checked{ctx: ctx, r: r, left: size, sum: sum, hash: sha256.New()}
}

// errContent says that content is not what was announced.
var errContent = errors.New("the content is not what was announced")

func (c *checked) Read(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(b)
	c.left -= int64(n)
	c.hash.Write(b[:n])
	switch {
	case c.left < 0:
		return n, fmt.Errorf("%w: it is longer", errContent)
	case errors.Is(err, io.EOF) && c.left > 0:
		return n, fmt.Errorf("%w: %d bytes are missing", errContent, c.left)
	case errors.Is(err, io.EOF) && c.sum != [32]byte{} && [32]byte(c.hash.Sum(nil)) != c.sum:
		return n, fmt.Errorf("%w: its SHA-256 differs", errContent)
	}
	return n, err
}
