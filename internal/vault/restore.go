package vault

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/go-json-experiment/json"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/konseki/konseki/internal/vault/keyring"
)

// RestoringName is a file that stands in a vault's folder until its
// restoration has finished; a folder with it is no vault yet.
const RestoringName = ondisk.RestoringName

// restoredRecords is about how many records a restored log file holds. Each
// becomes a segment once the vault is used again.
const restoredRecords = 65_536

// SeqLeaf is the leaf by which a record is sealed.
type SeqLeaf struct {
	Seq  uint64
	Leaf [32]byte
}

// WALLeaves gives the leaves of a write-ahead-log file in file order. A torn
// end is an error: the file is a copy, and nobody is writing it.
func WALLeaves(path string) iter.Seq2[SeqLeaf, error] {
	return func(yield func(SeqLeaf, error) bool) {
		err := readFrames(path, nil, func(_ []byte, p ondisk.Payload) (bool, error) {
			leaf, _ := p.Leaf(nil)
			return yield(SeqLeaf{p.Seq, leaf}, nil), nil
		})
		if err != nil {
			yield(SeqLeaf{}, fmt.Errorf("vault: %s: %w", filepath.Base(path), err))
		}
	}
}

// SegmentLeaves gives the leaves of a segment in file order.
func SegmentLeaves(path string) iter.Seq2[SeqLeaf, error] {
	return func(yield func(SeqLeaf, error) bool) {
		err := segmentRecords(path, nil, func(p *ondisk.Payload) error {
			leaf, _ := p.Leaf(nil)
			if !yield(SeqLeaf{p.Seq, leaf}, nil) {
				return ondisk.ErrEnough
			}
			return nil
		})
		if err != nil {
			yield(SeqLeaf{}, fmt.Errorf("vault: %s: %w", filepath.Base(path), err))
		}
	}
}

// readFrames gives the frames of a log file, each whole and as parsed, until
// yield says no. The first bytes that are no frame are errTorn.
func readFrames(path string, ring *keyring.Ring, yield func(frame []byte, p ondisk.Payload) (bool, error)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w, size, err := ondisk.OpenWAL(file, filepath.Base(path), ondisk.WALKeys(ring))
	if err != nil {
		return err
	}
	s := ondisk.NewWALScanner(file, w.Cipher, int64(ondisk.WALHead), size)
	for {
		p, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if going, err := yield(p.AppendFrame(nil, &ondisk.WALFile{}), p); err != nil || !going {
			return err
		}
	}
}

// segmentRecords gives the records of a segment until yield gives an error.
func segmentRecords(path string, ring *keyring.Ring, yield func(*ondisk.Payload) error) error {
	seg, ok := ondisk.ParseSegmentName(filepath.Base(path))
	if !ok {
		return fmt.Errorf("%s is not named as a segment", filepath.Base(path))
	}
	seg.Path = path
	r, err := ondisk.OpenSegment(ondisk.OSDisk{}, seg, ring)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // only read from
	if err := r.From(seg.First, yield); !errors.Is(err, ondisk.ErrEnough) {
		return err
	}
	return nil
}

// LogFiles names the files below the log's folder that a log of to entries
// needs and one of from entries did not have: full tiles and bundles once, and
// the partial ones at the end of a log of exactly to entries.
func LogFiles(from, to uint64) []string {
	const width = layout.TileWidth
	var out []string
	add := func(name func(index uint64, partial uint8) string, had, have uint64) {
		for i := had / width; i < have/width; i++ {
			out = append(out, name(i, 0))
		}
		if p := have % width; p > 0 {
			out = append(out, name(have/width, uint8(p)))
		}
	}
	add(layout.EntriesPath, from, to)
	for level := uint64(0); to>>(layout.TileHeight*level) > 0; level++ {
		shift := layout.TileHeight * level
		add(func(i uint64, p uint8) string { return layout.TilePath(level, i, p) }, from>>shift, to>>shift)
	}
	return out
}

// WholeName gives the name of the full tile or bundle that a partial one is
// the beginning of, and how many entries of it; ok is false for full ones.
func WholeName(name string) (whole string, entries int, ok bool) {
	whole, text, ok := strings.Cut(name, ".p/")
	if !ok {
		return "", 0, false
	}
	_, err := fmt.Sscanf(text, "%d", &entries)
	return whole, entries, err == nil && entries > 0 && entries < layout.TileWidth
}

// CutTile gives the first entries of a hash tile or, by its name, of an entry
// bundle, as the smaller log's file of that name holds them.
func CutTile(name string, content []byte, entries int) ([]byte, error) {
	if !strings.HasPrefix(name, "tile/entries/") {
		if len(content) < entries*tlog.HashSize {
			return nil, fmt.Errorf("vault: %s: %d bytes are too few for %d hashes", name, len(content), entries)
		}
		return content[:entries*tlog.HashSize], nil
	}
	at := 0
	for range entries {
		if len(content)-at < 2 {
			return nil, fmt.Errorf("vault: %s: fewer than %d entries", name, entries)
		}
		if at += 2 + int(binary.BigEndian.Uint16(content[at:])); at > len(content) {
			return nil, fmt.Errorf("vault: %s: an entry is cut", name)
		}
	}
	return content[:at], nil
}

// CheckpointSize verifies a checkpoint with the text of key.pub and gives the
// number of entries it signs.
func CheckpointSize(text []byte, keys string) (uint64, error) {
	cp, err := anyCheckpoint(text, keys)
	if err != nil {
		return 0, fmt.Errorf("vault: checkpoint: %w", err)
	}
	return cp.Size, nil
}

// anyCheckpoint opens a checkpoint that one of the keys, a line each, signed.
func anyCheckpoint(text []byte, keys string) (seal.Checkpoint, error) {
	trusted, err := seal.ParseTrust(strings.TrimSpace(keys))
	if err != nil {
		return seal.Checkpoint{}, fmt.Errorf("public key: %w", err)
	}
	return trusted.Open(text)
}

// RestoreLog checks that the entries below dir/log are those that the
// checkpoint signs, and gives the last record sealed under it. dir is a vault's
// folder that holds key.pub and the files that LogFiles names.
func RestoreLog(ctx context.Context, dir string, text []byte) (sealed uint64, err error) {
	keys, err := ondisk.ReadPublicKey(dir)
	if err != nil {
		return 0, fmt.Errorf("vault: restore: %w", err)
	}
	ends, err := restoreLog(ctx, dir, keys, text)
	if err != nil {
		return 0, fmt.Errorf("vault: restore: log: %w", err)
	}
	return lastEnd(ends), nil
}

func lastEnd(ends []uint64) uint64 {
	if len(ends) == 0 {
		return 0
	}
	return ends[len(ends)-1]
}

// restoreLog gives the last record of every batch.
func restoreLog(ctx context.Context, dir, keys string, text []byte) (ends []uint64, err error) {
	cp, err := anyCheckpoint(text, keys)
	if err != nil {
		return nil, err
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	for index := uint64(0); index < cp.Size; {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		entries, err := ondisk.ReadBundle(ctx, filepath.Join(dir, ondisk.LogDir), index/layout.EntryBundleWidth, cp.Size)
		if err != nil {
			return nil, err
		}
		want := min(cp.Size-index, layout.EntryBundleWidth)
		if uint64(len(entries)) != want {
			return nil, fmt.Errorf("%w: bundle %d has %d entries instead of %d", seal.ErrTampered, index/layout.EntryBundleWidth, len(entries), want)
		}
		for _, entry := range entries {
			b, err := seal.ParseBatch(entry)
			if err != nil || b.First != lastEnd(ends)+1 {
				return nil, fmt.Errorf("%w: entry %d is not the next batch", seal.ErrTampered, index)
			}
			ends = append(ends, b.End()-1)
			if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(entry), nil); err != nil {
				return nil, err
			}
			index++
		}
	}
	root := rfc6962.DefaultHasher.EmptyRoot()
	if cp.Size > 0 {
		if root, err = tree.GetRootHash(nil); err != nil {
			return nil, err
		}
	}
	if !bytes.Equal(root, cp.Root[:]) {
		return nil, fmt.Errorf("%w: its entries do not have the root that the checkpoint signs", seal.ErrTampered)
	}
	return ends, nil
}

// RestoreFile is a file that records can be restored from: a segment in
// dir/segments or a write-ahead-log file anywhere.
type RestoreFile struct {
	Path    string
	Segment bool
	First   uint64
	Last    uint64
}

// RestoreOptions says what is put together into a vault.
type RestoreOptions struct {
	Format     []byte        // content of the file format
	Checkpoint []byte        // signed note; its log has been checked by RestoreLog
	Rest       []RestoreFile // where records after the segments in dir/segments are, the better one first
	Key        []byte        // content of the signing key's file; nil leaves the vault without one
	NewKey     bool          // make a new signing key of the same origin, keeping the old public key as second line
	Keyring    []byte        // content of the keyring's file; nil when there was none or it is lost
	Unlock     keyring.Unlock
}

// RecordRange is a run of records, both ends included.
type RecordRange struct{ First, Last uint64 }

// Restored is what Restore put together.
type Restored struct {
	Records uint64        // now in the vault
	Sealed  uint64        // last record under the checkpoint
	Last    uint64        // last record
	Missing []RecordRange // runs of records that no file had, up to Last or Sealed
	Trouble []string      // files that could not be read to their end, and why
}

// Restore makes an openable vault of what was brought back into dir: key.pub,
// log/tile, and in segments/ those that are wholly sealed and follow each
// other. Records after them are written to the write-ahead log. The file format
// is written last. It may be called again after an interruption.
func Restore(ctx context.Context, dir string, o RestoreOptions) (*Restored, error) {
	r, err := restore(ctx, dir, o)
	if err != nil {
		return nil, fmt.Errorf("vault: restore: %w", err)
	}
	return r, nil
}

func restore(ctx context.Context, dir string, o RestoreOptions) (*Restored, error) {
	keys, err := ondisk.ReadPublicKey(dir)
	if err != nil {
		return nil, err
	}
	ends, err := restoreLog(ctx, dir, keys, o.Checkpoint)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{ondisk.WALDir, ondisk.SegmentDir} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	segments, _, _, err := ondisk.ListSegments(ondisk.OSDisk{}, filepath.Join(dir, ondisk.SegmentDir))
	if err != nil {
		return nil, err
	}
	out := &Restored{Sealed: lastEnd(ends)}
	next := uint64(1)
	for _, s := range segments {
		out.missing(next, s.First-1)
		out.Records += s.Last - s.First + 1
		next = s.Last + 1
	}
	ring, err := restoreRing(dir, o)
	if err != nil {
		return nil, err
	}
	w := walRestorer{dir: filepath.Join(dir, ondisk.WALDir), ends: ends, out: out, ring: ring}
	if err := w.restore(ctx, next, o.Rest); err != nil {
		return nil, err
	}
	out.missing(out.Last+1, out.Sealed)
	if err := restoreState(dir, keys, o); err != nil {
		return nil, err
	}
	if err := restoreKey(dir, keys, o); err != nil {
		return nil, err
	}
	if err := durable.Replace(filepath.Join(dir, ondisk.FormatName), o.Format, 0o644); err != nil {
		return nil, err
	}
	return out, ondisk.ReadFormat(dir)
}

func (r *Restored) missing(first, last uint64) {
	if first <= last {
		r.Missing = append(r.Missing, RecordRange{first, last})
	}
}

// walRestorer writes records into log files that end where batches do.
type walRestorer struct {
	dir  string
	ends []uint64
	out  *Restored
	ring *keyring.Ring // nil when it is not at hand

	number uint64
	file   *os.File
	buf    *bufio.Writer
	count  uint64
	bytes  int64
	next   uint64 // the record that may follow in the file
}

// restore writes every record from next on that a file has.
func (w *walRestorer) restore(ctx context.Context, next uint64, rest []RestoreFile) error {
	old, err := ondisk.ListWAL(ondisk.OSDisk{}, w.dir)
	if err != nil {
		return err
	}
	for _, path := range old { // of an earlier attempt
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	w.out.Last = next - 1
	for {
		began := next
		for _, f := range rest {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if f.First > next || f.Last < next {
				continue
			}
			if err := w.take(f, &next); err != nil {
				return err
			}
		}
		if next != began {
			continue
		}
		// Nothing has this record: go on after the gap.
		after := uint64(0)
		for _, f := range rest {
			if f.First > next && (after == 0 || f.First < after) {
				after = f.First
			}
		}
		if after == 0 {
			return w.close()
		}
		w.out.missing(next, after-1)
		next = after
	}
}

// take writes the records of a file from *next on. A file that cannot be read
// any further is left there: another may have the same records.
func (w *walRestorer) take(f RestoreFile, next *uint64) error {
	var failed error
	put := func(frame []byte, seq uint64) bool {
		if seq < *next {
			return true
		}
		if seq != *next || seq > f.Last {
			return false
		}
		if failed = w.write(frame, seq); failed != nil {
			return false
		}
		*next++
		return true
	}
	var err error
	if f.Segment {
		err = segmentRecords(f.Path, w.ring, func(p *ondisk.Payload) error {
			if !put(p.AppendFrame(nil, &ondisk.WALFile{}), p.Seq) {
				return ondisk.ErrEnough
			}
			return nil
		})
	} else {
		err = readFrames(f.Path, w.ring, func(frame []byte, p ondisk.Payload) (bool, error) { return put(frame, p.Seq), nil })
	}
	if err != nil {
		w.out.Trouble = append(w.out.Trouble, fmt.Sprintf("%s: %v", filepath.Base(f.Path), err))
	}
	return failed
}

func (w *walRestorer) write(frame []byte, seq uint64) error {
	_, atEnd := slices.BinarySearch(w.ends, seq-1)
	full := (w.count >= restoredRecords || w.bytes >= 128<<20) && (atEnd || seq > lastEnd(w.ends))
	if w.file == nil || seq != w.next || full {
		if err := w.start(seq); err != nil {
			return err
		}
	}
	if _, err := w.buf.Write(frame); err != nil {
		return err
	}
	w.count++
	w.bytes += int64(len(frame))
	w.next = seq + 1
	w.out.Records++
	w.out.Last = seq
	return nil
}

func (w *walRestorer) start(first uint64) error {
	if err := w.close(); err != nil {
		return err
	}
	w.number++
	file, err := os.OpenFile(filepath.Join(w.dir, ondisk.WALName(w.number)), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w.file, w.buf, w.count, w.bytes = file, bufio.NewWriterSize(file, 1<<20), 0, 0
	_, err = w.buf.Write(ondisk.WALHeader(&ondisk.WALFile{First: first}))
	return err
}

func (w *walRestorer) close() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.buf.Flush(), w.file.Sync(), w.file.Close(), durable.SyncDir(w.dir))
	w.file = nil
	return err
}

// restoreState writes the checkpoint and the tile log's own note of its size.
func restoreState(dir, keys string, o RestoreOptions) error {
	cp, err := anyCheckpoint(o.Checkpoint, keys)
	if err != nil {
		return err
	}
	state, err := json.Marshal(struct {
		Size uint64 `json:"size"`
		Root []byte `json:"root"`
	}{cp.Size, cp.Root[:]})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, ondisk.LogDir, ondisk.TreeState)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := durable.Replace(path, state, 0o600); err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, ondisk.LogDir, layout.CheckpointPath), o.Checkpoint, 0o644)
}

// restoreKey puts the signing key in its place, or makes a new one.
func restoreKey(dir, keys string, o RestoreOptions) error {
	old, _, _ := strings.Cut(keys, "\n")
	verifier, err := note.NewVerifier(old)
	if err != nil {
		return fmt.Errorf("%s: %w", ondisk.PubName, err)
	}
	path := filepath.Join(dir, ondisk.KeyName)
	switch {
	case len(o.Key) > 0:
		signer, err := note.NewSigner(strings.TrimSpace(string(o.Key)))
		if err != nil {
			return fmt.Errorf("signing key: %w", err)
		}
		if signer.Name() != verifier.Name() || signer.KeyHash() != verifier.KeyHash() {
			return fmt.Errorf("%w: the signing key is %s+%08x, the copy was signed with %s+%08x", ondisk.ErrIncomplete,
				signer.Name(), signer.KeyHash(), verifier.Name(), verifier.KeyHash())
		}
		return durable.Replace(path, fmt.Appendf(nil, "%s\n", strings.TrimSpace(string(o.Key))), 0o600)
	case o.NewKey:
		if _, err := os.Stat(path); err == nil {
			return nil // made by an attempt that was interrupted
		}
		key, pub, err := note.GenerateKey(rand.Reader, verifier.Name())
		if err != nil {
			return err
		}
		if err := durable.Replace(filepath.Join(dir, ondisk.PubName), fmt.Appendf(nil, "%s\n%s\n", pub, keys), 0o644); err != nil {
			return err
		}
		return durable.Replace(path, []byte(key+"\n"), 0o600)
	}
	return nil
}

// restoreRing puts the keyring in its place and opens it. Without one, or
// locked, what is under its keys stays as it is.
func restoreRing(dir string, o RestoreOptions) (*keyring.Ring, error) {
	path := filepath.Join(dir, keyring.FileName)
	if o.Keyring != nil {
		if err := durable.Replace(path, o.Keyring, 0o600); err != nil {
			return nil, err
		}
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	ring, err := keyring.Open(dir, o.Unlock, nil)
	if errors.Is(err, keyring.ErrLocked) {
		return nil, nil
	}
	return ring, err
}
