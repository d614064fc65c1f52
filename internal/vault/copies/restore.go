package copies

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/konseki/konseki/internal/vault/audit"

	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/keyring"
)

var (
	// ErrNoCopy says that a store holds nothing that a vault could be made of.
	ErrNoCopy = errors.New("there is no copy of a vault here")
	// ErrWhose says that the copy is not that of the vault that was asked for.
	ErrWhose = errors.New("the copy is that of another vault")
	// ErrOccupied says that the folder to restore into has something in it.
	ErrOccupied = errors.New("the folder is not empty")
)

// RestoreOptions says what a vault is restored with.
type RestoreOptions struct {
	Key       []byte // the signing key's file; nil leaves the vault to be read and verified only
	NewKey    bool   // make a new signing key of the same origin
	PublicKey string // the line of key.pub that the copy must be signed with; empty trusts the copy's own
	Keyring   []byte // the keyring's file; nil when there was none or it is lost
	Unlock    keyring.Unlock
	Logger    *slog.Logger
	// Progress, when set, is told the bytes brought back and those there are.
	Progress func(done, total int64, what string)
}

// Restoration is the outcome of Restore.
type Restoration struct {
	vault.Restored
	Batches  uint64        // entries of the log under the checkpoint that was taken
	Objects  int           // brought back, also by earlier attempts
	Bytes    int64         // of them
	PassedBy []string      // objects that were not taken, and why
	Report   *audit.Report // of verifying the restored vault
}

// vaultFolder is the vault's folder in a data folder.
const vaultFolder = "vault"

// Restore makes the data folder dir from a copy. It works in dir.part, which
// holds what was brought back when it is interrupted; called again it goes on
// there. dir itself appears only when its vault is whole, verified or not: what
// is wrong with it is in the Restoration.
func Restore(ctx context.Context, store Store, dir string, o RestoreOptions) (*Restoration, error) {
	r, err := restore(ctx, store, dir, o)
	if err != nil {
		return nil, fmt.Errorf("copies: restore from %s: %w", store, err)
	}
	return r, nil
}

func restore(ctx context.Context, store Store, dir string, o RestoreOptions) (*Restoration, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64, string) {}
	}
	dir = filepath.Clean(dir)
	if left, err := os.ReadDir(dir); err == nil && len(left) > 0 {
		return nil, fmt.Errorf("%w: %s: name a new one", ErrOccupied, dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r := &restoring{store: store, opts: o, part: dir + ".part", dir: filepath.Join(dir+".part", vaultFolder), out: &Restoration{}}
	lock, err := r.begin()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := r.run(ctx); err != nil {
		return nil, fmt.Errorf("%w (what was brought back is kept in %s: the same command goes on from there)", err, r.part)
	}
	if err := r.finish(dir); err != nil {
		return nil, err
	}
	r.out.Report, err = audit.Verify(ctx, filepath.Join(dir, vaultFolder), audit.VerifyOptions{
		PublicKey: o.PublicKey, Unlock: o.Unlock, Progress: func(done, total int64) { o.Progress(done, total, "verify") },
	})
	if errors.Is(err, keyring.ErrLocked) || errors.Is(err, keyring.ErrNoKey) { // what came back is there, only nobody can look at it
		r.out.Report = &audit.Report{Problems: []audit.Problem{{Kind: audit.KindUnreadable, Segment: keyring.FileName, Detail: err.Error()}}}
		return r.out, nil
	}
	return r.out, err
}

// restoring is one run of Restore.
type restoring struct {
	store     Store
	opts      RestoreOptions
	part, dir string
	out       *Restoration

	objects map[string]Info
	total   int64
	text    []byte // the checkpoint
	size    uint64 // of the log under it
	sealed  uint64
	format  []byte
}

// begin makes the folder to work in, marked so that nothing opens it as a
// vault, and keeps a second run out.
func (r *restoring) begin() (*os.File, error) {
	for _, d := range []string{r.dir, filepath.Join(r.part, "rest")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	mark := filepath.Join(r.dir, vault.RestoringName)
	f, err := os.OpenFile(mark, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is being restored by another process: %w", r.part, err), f.Close())
	}
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	switch from := strings.TrimSpace(string(b)); from {
	case r.store.String():
		return f, nil
	case "":
		_, err = f.WriteAt([]byte(r.store.String()+"\n"), 0)
		if err = errors.Join(err, f.Sync()); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	default:
		return nil, errors.Join(fmt.Errorf("%s was begun from %q: go on from there, or remove it", r.part, clip(from)), f.Close())
	}
}

func (r *restoring) run(ctx context.Context) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	if err := r.identity(ctx); err != nil {
		return err
	}
	if err := r.log(ctx); err != nil {
		return err
	}
	rest, err := r.records(ctx)
	if err != nil {
		return err
	}
	if err := r.anchors(ctx); err != nil {
		return err
	}
	done, err := vault.Restore(ctx, r.dir, vault.RestoreOptions{
		Format: r.format, Checkpoint: r.text, Rest: rest, Key: r.opts.Key, NewKey: r.opts.NewKey, Keyring: r.opts.Keyring, Unlock: r.opts.Unlock,
	})
	if err != nil {
		return err
	}
	r.out.Restored, r.out.Batches = *done, r.size
	return nil
}

// look lists what the copy has.
func (r *restoring) look(ctx context.Context) error {
	r.objects = map[string]Info{}
	for info, err := range r.store.List(ctx, "") {
		if err != nil {
			return err
		}
		r.objects[info.Name] = info
		r.total += info.Size
	}
	for _, name := range []string{formatName, pubName} {
		if _, ok := r.objects[name]; !ok {
			return fmt.Errorf("%w: it has no %s among %d objects: look at the prefix, or the sender's name", ErrNoCopy, name, len(r.objects))
		}
	}
	return nil
}

func (r *restoring) identity(ctx context.Context) error {
	var err error
	if r.format, err = r.small(ctx, formatName); err != nil {
		return err
	}
	keys, err := r.small(ctx, pubName)
	if err != nil {
		return err
	}
	if first, _, _ := strings.Cut(string(keys), "\n"); r.opts.PublicKey != "" && first != strings.TrimSpace(r.opts.PublicKey) {
		return fmt.Errorf("%w: its public key is %q", ErrWhose, clip(first))
	}
	path := filepath.Join(r.dir, pubName)
	if _, err := os.Stat(path); err == nil {
		return nil // of an earlier attempt, which may have put a new key before it
	}
	return os.WriteFile(path, keys, 0o644)
}

// small reads a small object whole.
func (r *restoring) small(ctx context.Context, name string) ([]byte, error) {
	in, err := r.store.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, maxSmallObject+1))
	if err == nil && len(b) > maxSmallObject {
		err = fmt.Errorf("%w: %s is longer than %d bytes", errContent, name, maxSmallObject)
	}
	return b, err
}

// log brings back the largest checkpoint that is signed and whose log is whole.
func (r *restoring) log(ctx context.Context) error {
	keys, err := os.ReadFile(filepath.Join(r.dir, pubName))
	if err != nil {
		return err
	}
	var sizes []uint64
	for name := range r.objects {
		if size, ok := parseCheckpoint(name); ok {
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	for _, size := range slices.Backward(sizes) {
		err := r.tryLog(ctx, size, string(keys))
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !given(err) {
			return err
		}
		r.passBy(checkpointName(size), err)
	}
	return fmt.Errorf("%w: none of its %d checkpoints is signed by its key and has its log", ErrNoCopy, len(sizes))
}

// given says whether an error is about what the copy holds, not about
// reaching it.
func given(err error) bool {
	return errors.Is(err, errUnfit) || errors.Is(err, ErrNotFound) || errors.Is(err, errContent) || errors.Is(err, vault.ErrTampered)
}

// errUnfit says that an object cannot be used.
var errUnfit = errors.New("unfit")

func (r *restoring) passBy(name string, err error) {
	r.opts.Logger.Warn("object of the copy passed by", "name", name, "error", err)
	r.out.PassedBy = append(r.out.PassedBy, name+": "+err.Error())
}

func (r *restoring) tryLog(ctx context.Context, size uint64, keys string) error {
	text, err := r.small(ctx, checkpointName(size))
	if err != nil {
		return err
	}
	signed, err := vault.CheckpointSize(text, keys)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	if signed != size {
		return fmt.Errorf("%w: it signs %d entries", errUnfit, signed)
	}
	for _, name := range vault.LogFiles(0, size) {
		if err := r.tile(ctx, name); err != nil {
			return err
		}
	}
	r.sealed, err = vault.RestoreLog(ctx, r.dir, text)
	if err != nil {
		// What was brought back may be damaged: nothing of it is kept.
		return errors.Join(fmt.Errorf("%w: %w", errUnfit, err), os.RemoveAll(filepath.Join(r.dir, "log")))
	}
	r.text, r.size = text, size
	return nil
}

// tile brings back one file of the log, cut from a fuller one where the copy
// has only that.
func (r *restoring) tile(ctx context.Context, name string) error {
	if _, ok := r.objects["log/"+name]; ok {
		return r.fetch(ctx, "log/"+name, filepath.Join(r.dir, "log", filepath.FromSlash(name)))
	}
	whole, entries, partial := vault.WholeName(name)
	if !partial {
		return fmt.Errorf("%w: log/%s", ErrNotFound, name)
	}
	b, err := r.small(ctx, "log/"+whole)
	if err != nil {
		return err
	}
	if b, err = vault.CutTile(name, b, entries); err != nil {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	path := filepath.Join(r.dir, "log", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// records brings back the segments that are used as they are, and what else
// may hold records after them.
func (r *restoring) records(ctx context.Context) (rest []vault.RestoreFile, err error) {
	var names []string
	var tails []tail
	for name := range r.objects {
		if _, _, ok := parseSegment(name); ok {
			names = append(names, path.Base(name))
		}
		if t, ok := parseTail(name); ok {
			tails = append(tails, t)
		}
	}
	var runs []vault.RecordRange
	for _, t := range tails {
		runs = append(runs, vault.RecordRange{First: t.first, Last: t.last})
	}
	keep, others := vault.PlanRestore(names, runs, r.sealed)
	for i := 0; i < len(keep); i++ {
		err := r.segment(ctx, keep[i])
		if err == nil {
			continue
		}
		if ctx.Err() != nil || !given(err) {
			return nil, err
		}
		// Another generation may have its records, or tails.
		r.passBy(segmentPrefix+keep[i], err)
		bad := keep[i]
		names = slices.DeleteFunc(names, func(n string) bool { return n == bad })
		keep, others = vault.PlanRestore(names, runs, r.sealed)
		i = -1
	}
	if err := r.dropStrays(keep); err != nil {
		return nil, err
	}
	last := uint64(0)
	if len(keep) > 0 {
		_, last, _ = parseSegment(segmentPrefix + keep[len(keep)-1])
	}
	return r.rest(ctx, others, afterwards(tails), last)
}

// segment brings back one segment and looks whether it can be read.
func (r *restoring) segment(ctx context.Context, name string) error {
	path := filepath.Join(r.dir, "segments", name)
	if err := r.fetch(ctx, segmentPrefix+name, path); err != nil {
		return err
	}
	if err := vault.CheckSegment(path); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", errUnfit, err), os.Remove(path))
	}
	return nil
}

// dropStrays removes segments of an earlier attempt that are not kept now.
func (r *restoring) dropStrays(keep []string) error {
	dir := filepath.Join(r.dir, "segments")
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		if !slices.Contains(keep, e.Name()) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// tailFile is a tail as far as its records are to be believed.
type tailFile struct {
	tail
	name string
}

// afterwards gives the tails in the order in which they are to be believed:
// those of durable records first, then those whose sequences may have been
// given twice, of which a later one ends an earlier one where it begins, as the
// vault itself did.
func afterwards(tails []tail) []tailFile {
	slices.SortFunc(tails, func(a, b tail) int { return cmp.Or(-cmp.Compare(a.again, b.again), cmp.Compare(a.first, b.first)) })
	var out []tailFile
	begun := ^uint64(0) // where the later ones begin
	for _, t := range tails {
		f := tailFile{t, t.name()}
		if t.again > 0 {
			if t.first >= begun {
				continue // overtaken as a whole
			}
			f.last = min(t.last, begun-1)
			begun = t.first
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b tailFile) int {
		return cmp.Or(cmp.Compare(min(a.again, 1), min(b.again, 1)), cmp.Compare(a.first, b.first))
	})
	return out
}

// rest brings back the files whose records go into the write-ahead log: those
// that hold records after last or in a hole.
func (r *restoring) rest(ctx context.Context, segments []string, tails []tailFile, last uint64) (files []vault.RestoreFile, err error) {
	want := func(name string, f vault.RestoreFile) error {
		f.Path = filepath.Join(r.part, "rest", path.Base(name))
		err := r.fetch(ctx, name, f.Path)
		if err != nil && ctx.Err() == nil && given(err) {
			r.passBy(name, err)
			return nil
		}
		if err == nil {
			files = append(files, f)
		}
		return err
	}
	for _, name := range segments {
		first, end, _ := parseSegment(segmentPrefix + name)
		if end > last {
			if err := want(segmentPrefix+name, vault.RestoreFile{Segment: true, First: first, Last: end}); err != nil {
				return nil, err
			}
		}
	}
	for _, t := range tails {
		if t.last > last {
			if err := want(t.name, vault.RestoreFile{First: t.first, Last: t.last}); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// anchors brings back the newest content of every anchor.
func (r *restoring) anchors(ctx context.Context) error {
	newest := map[string]Info{}
	for name, info := range r.objects {
		text, ok := strings.CutPrefix(name, anchorPrefix)
		cut := len(text) - 17
		if !ok || cut < 1 || text[cut] != '-' {
			continue
		}
		if _, err := hex.DecodeString(text[cut+1:]); err != nil {
			continue
		}
		if had, ok := newest[text[:cut]]; !ok || info.Time.After(had.Time) {
			newest[text[:cut]] = info
		}
	}
	for name, info := range newest {
		err := r.fetch(ctx, info.Name, filepath.Join(r.dir, "anchors", name))
		if err != nil && (ctx.Err() != nil || !given(err)) {
			return err
		}
		if err != nil {
			r.passBy(info.Name, err)
		}
	}
	return nil
}

// fetch brings one object back, unless an earlier attempt did.
func (r *restoring) fetch(ctx context.Context, name, path string) error {
	info, ok := r.objects[name]
	if !ok {
		return fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	defer func() { r.opts.Progress(r.out.Bytes, r.total, name) }()
	r.out.Objects++
	if st, err := os.Stat(path); err == nil && st.Size() == info.Size {
		r.out.Bytes += info.Size
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	in, err := r.store.Get(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	part := path + ".part"
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, newChecked(ctx, in, info.Size, info.SHA256))
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", name, err), os.Remove(part))
	}
	r.out.Bytes += n
	return os.Rename(part, path)
}

// finish takes the mark away and moves the folder to its place, in this order:
// a crash between leaves a folder that another run finds whole.
func (r *restoring) finish(dir string) error {
	if err := os.RemoveAll(filepath.Join(r.part, "rest")); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(r.dir, vault.RestoringName)); err != nil {
		return err
	}
	err := filepath.WalkDir(r.part, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		d, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(d.Sync(), d.Close())
	})
	if err != nil {
		return err
	}
	if err := os.Rename(r.part, dir); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
