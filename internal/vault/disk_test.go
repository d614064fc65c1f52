package vault

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/konseki/konseki/internal/vault/ondisk"
)

// faultyDisk is a disk that fills up, fails, and loses power. It knows what
// was synced: when power goes, of what was not each sector may be there or
// not, and of the names made, changed or removed since their folder was synced
// only the first so many are.
type faultyDisk struct {
	mu     sync.Mutex
	rng    *rand.Rand
	space  int64 // bytes that may still be written
	fsyncs int   // how many more fsyncs fail
	reads  int   // how many more reads fail
	fuse   int   // operations until the power goes; negative: never
	dead   bool
	synced map[string][]byte  // what of a file's bytes is durable, by path
	writes map[string][]write // since then
	names  []naming           // not durable, oldest first
}

type write struct {
	off  int64
	data []byte // nil: cut to off bytes
}

// naming undoes a change of names.
type naming struct {
	dir  string
	undo func()
}

var errPower = errors.New("the power is gone")

const noFuse = -1

func newFaultyDisk(seed uint64) *faultyDisk {
	return &faultyDisk{
		rng: rand.New(rand.NewPCG(seed, 1)), space: 1 << 40, fuse: noFuse,
		synced: map[string][]byte{}, writes: map[string][]write{},
	}
}

// op counts an operation that changes the disk.
func (d *faultyDisk) op() error {
	if d.dead {
		return errPower
	}
	if d.fuse == 0 {
		d.dead = true
		return errPower
	}
	if d.fuse > 0 {
		d.fuse--
	}
	return nil
}

func (d *faultyDisk) set(change func(*faultyDisk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *faultyDisk) Open(path string) (ondisk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return nil, errPower
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{f, d, path}, nil
}

func (d *faultyDisk) Edit(path string) (ondisk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return nil, err
	}
	old, err := os.ReadFile(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if fresh {
		d.names = append(d.names, naming{filepath.Dir(path), func() { os.Remove(path) }})
		d.synced[path] = nil
	} else if _, known := d.synced[path]; !known {
		d.synced[path] = old
	}
	return &faultyFile{f, d, path}, nil
}

func (d *faultyDisk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	d.synced[to], d.writes[to] = d.synced[from], d.writes[from]
	delete(d.synced, from)
	delete(d.writes, from)
	d.names = append(d.names, naming{filepath.Dir(to), func() {
		os.Rename(to, from)
		d.synced[from], d.writes[from] = d.synced[to], d.writes[to]
		delete(d.synced, to)
		delete(d.writes, to)
	}})
	return nil
}

func (d *faultyDisk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	d.names = append(d.names, naming{filepath.Dir(path), func() { os.WriteFile(path, b, 0o600) }})
	return nil
}

func (d *faultyDisk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return err
	}
	d.names = slices.DeleteFunc(d.names, func(n naming) bool { return n.dir == filepath.Clean(dir) })
	return nil
}

func (d *faultyDisk) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

// cut brings the folder into a state that it could be in after the power went.
func (d *faultyDisk) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
	kept := 0
	if n := len(d.names); n > 0 {
		kept = d.rng.IntN(n + 1)
	}
	for i := len(d.names) - 1; i >= kept; i-- {
		d.names[i].undo()
	}
	for path, writes := range d.writes {
		if _, err := os.Stat(path); err != nil || len(writes) == 0 {
			continue
		}
		b := bytes.Clone(d.synced[path])
		for _, w := range writes {
			b = d.tear(b, w)
		}
		os.WriteFile(path, b, 0o600)
	}
}

// tear applies some sectors of a write.
func (d *faultyDisk) tear(b []byte, w write) []byte {
	if w.data == nil {
		if d.rng.IntN(2) == 0 && w.off < int64(len(b)) {
			b = b[:w.off]
		}
		return b
	}
	const sector = 512
	for at := 0; at < len(w.data); at += sector {
		if d.rng.IntN(3) == 0 {
			continue
		}
		end := min(at+sector, len(w.data))
		from, to := int(w.off)+at, int(w.off)+end
		if to > len(b) {
			b = append(b, make([]byte, to-len(b))...)
		}
		copy(b[from:to], w.data[at:end])
	}
	return b
}

type faultyFile struct {
	*os.File
	d    *faultyDisk
	path string
}

func (f *faultyFile) ReadAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.dead {
		return 0, errPower
	}
	if f.d.reads > 0 {
		f.d.reads--
		return 0, &os.PathError{Op: "read", Path: f.path, Err: syscall.EIO}
	}
	return f.File.ReadAt(b, off)
}

func (f *faultyFile) WriteAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	n := len(b)
	var failed error
	if err := f.d.op(); err != nil {
		n, failed = f.d.rng.IntN(n+1), err // cut in the middle of the write
	} else if f.d.space < int64(n) {
		n = int(f.d.space) // a short write, as the kernel does it
		failed = &os.PathError{Op: "write", Path: f.path, Err: syscall.ENOSPC}
	}
	if f.d.dead && !errors.Is(failed, errPower) {
		return 0, errPower
	}
	f.d.space -= int64(n)
	f.d.writes[f.path] = append(f.d.writes[f.path], write{off, bytes.Clone(b[:n])})
	if _, err := f.File.WriteAt(b[:n], off); err != nil {
		return 0, err
	}
	return n, failed
}

func (f *faultyFile) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.op(); err != nil {
		return err
	}
	f.d.writes[f.path] = append(f.d.writes[f.path], write{size, nil})
	return f.File.Truncate(size)
}

func (f *faultyFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.op(); err != nil {
		return err
	}
	if f.d.fsyncs > 0 {
		f.d.fsyncs--
		return &os.PathError{Op: "fsync", Path: f.path, Err: syscall.EIO}
	}
	b, err := os.ReadFile(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.d.synced[f.path] = b
	delete(f.d.writes, f.path)
	return nil
}

func openFaulty(t testing.TB, dir string, opts Options, seed uint64) (*Vault, *faultyDisk) {
	t.Helper()
	d := newFaultyDisk(seed)
	opts.disk = d
	v, err := OpenOrCreate(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return v, d
}
