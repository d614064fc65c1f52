package vault

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	flog "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"k8s.io/klog/v2"
)

const (
	checkpointEvery = 100 * time.Millisecond // the shortest that the tile log offers
	checkpointWait  = 30 * time.Second
	checkpointPoll  = 10 * time.Millisecond
	collectEvery    = time.Minute

	batchHead = "konseki batch v1"
	maxBatch  = 1 << 20 // records of a batch
)

var errEntry = errors.New("not a batch entry")

// batch is what one entry of the log states: the tree over count records from
// first on has this root.
type batch struct {
	first, count uint64
	root         tlog.Hash
	sealed       time.Time
}

func (b batch) end() uint64 { return b.first + b.count }

// encode gives the entry's text: five lines, each ended by a line feed.
func (b batch) encode() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%d\n%s\n%s\n", batchHead, b.first, b.count,
		base64.StdEncoding.EncodeToString(b.root[:]), b.sealed.UTC().Format(time.RFC3339Nano))
}

// parseBatch reads an entry; it accepts only what encode writes.
func parseBatch(entry []byte) (batch, error) {
	lines := strings.Split(string(entry), "\n")
	if len(lines) != 6 || lines[0] != batchHead {
		return batch{}, errEntry
	}
	var b batch
	var err [4]error
	b.first, err[0] = strconv.ParseUint(lines[1], 10, 63)
	b.count, err[1] = strconv.ParseUint(lines[2], 10, 31)
	b.root, err[2] = tlog.ParseHash(lines[3])
	b.sealed, err[3] = time.Parse(time.RFC3339Nano, lines[4])
	if e := errors.Join(err[:]...); e != nil || b.first == 0 || b.count == 0 || b.count > maxBatch {
		return batch{}, errEntry
	}
	if string(b.encode()) != string(entry) {
		return batch{}, errEntry
	}
	return b, nil
}

// checkpoint is a signed tree head (C2SP tlog-checkpoint).
type checkpoint struct {
	size uint64
	root tlog.Hash
	text string
}

// trust is the keys that may have signed the checkpoints of one log: the
// present one first, then those it had before.
type trust []note.Verifier

// parseTrust reads the text of key.pub: a note verifier key a line, all of the
// same name.
func parseTrust(text string) (trust, error) {
	var t trust
	for line := range strings.Lines(text) {
		v, err := note.NewVerifier(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		if len(t) > 0 && v.Name() != t[0].Name() {
			return nil, fmt.Errorf("keys are of two logs, %q and %q", t[0].Name(), v.Name())
		}
		t = append(t, v)
	}
	if len(t) == 0 {
		return nil, errors.New("there is no key")
	}
	return t, nil
}

// open reads a checkpoint that one of the keys signed.
func (t trust) open(text []byte) (cp checkpoint, err error) {
	for _, v := range t {
		if cp, err = openCheckpoint(text, v); err == nil {
			return cp, nil
		}
	}
	return checkpoint{}, err
}

func openCheckpoint(text []byte, v note.Verifier) (checkpoint, error) {
	cp, _, _, err := flog.ParseCheckpoint(text, v.Name(), v)
	if err != nil {
		return checkpoint{}, err
	}
	if len(cp.Hash) != tlog.HashSize || cp.Size >= 1<<62 {
		return checkpoint{}, errors.New("checkpoint is out of range")
	}
	return checkpoint{size: cp.Size, root: tlog.Hash(cp.Hash), text: string(text)}, nil
}

// sealLog is the tile log (C2SP tlog-tiles) whose entries are batches.
type sealLog struct {
	dir      string
	trusted  trust
	appender *tessera.Appender
	reader   tessera.LogReader
	shutdown func(context.Context) error
	cancel   context.CancelFunc
}

// silence keeps the tile log library from writing to standard error through
// klog: what matters comes back to us as errors, and goes where Options.Logger
// says.
func silence() {
	var flags flag.FlagSet
	klog.InitFlags(&flags)
	_ = flags.Set("logtostderr", "false") // known flags with good values
	_ = flags.Set("stderrthreshold", "FATAL")
	klog.SetOutput(io.Discard)
}

func openLog(dir string, signer note.Signer, trusted trust) (*sealLog, error) {
	silence()
	ctx, cancel := context.WithCancel(context.Background())
	l := &sealLog{dir: dir, trusted: trusted, cancel: cancel}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		cancel()
		return nil, err
	}
	// One entry is one batch and waits for nobody: no queueing, and no
	// de-duplication, because no two batches are alike.
	opts := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(1, time.Millisecond).
		WithCheckpointInterval(checkpointEvery).
		WithCheckpointRepublishInterval(0).
		WithGarbageCollectionInterval(collectEvery) // partial tiles that full ones replace
	if l.appender, l.shutdown, l.reader, err = tessera.NewAppender(ctx, driver, opts); err != nil {
		cancel()
		return nil, err
	}
	return l, nil
}

// add appends an entry that must come to stand at index, and returns once it
// is integrated. After an error the entry may be there all the same: look
// before trying again.
func (l *sealLog) add(ctx context.Context, index uint64, entry []byte) error {
	got, err := l.appender.Add(ctx, tessera.NewEntry(entry))()
	if err != nil {
		return err
	}
	if got.Index != index {
		return fmt.Errorf("batch came to stand at %d of the log instead of %d: %w", got.Index, index, ErrTampered)
	}
	return nil
}

// await returns the first checkpoint that covers size entries.
func (l *sealLog) await(ctx context.Context, size uint64) (checkpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, checkpointWait)
	defer cancel()
	tick := time.NewTicker(checkpointPoll)
	defer tick.Stop()
	var cp checkpoint
	for {
		text, err := l.reader.ReadCheckpoint(ctx)
		if err != nil {
			return checkpoint{}, err
		}
		if string(text) != cp.text { // a signature takes longer to check than to wait for
			if cp, err = l.trusted.open(text); err != nil {
				return checkpoint{}, fmt.Errorf("checkpoint: %w: %w", err, ErrTampered)
			}
		}
		if cp.size >= size {
			return cp, nil
		}
		select {
		case <-ctx.Done():
			return checkpoint{}, fmt.Errorf("no checkpoint of %d entries: %w", size, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

func (l *sealLog) close(ctx context.Context) error {
	err := l.shutdown(ctx)
	l.cancel()
	return err
}

// readEntry reads one entry of a log of size entries.
func readEntry(ctx context.Context, dir string, index, size uint64) ([]byte, error) {
	bundle, err := readBundle(ctx, dir, index/layout.EntryBundleWidth, size)
	if err != nil {
		return nil, err
	}
	i := index % layout.EntryBundleWidth
	if i >= uint64(len(bundle)) {
		return nil, fmt.Errorf("log entry %d is missing", index)
	}
	return bundle[i], nil
}

// readBundle reads the entries of one bundle, as many as a log of size entries
// has in it or more.
func readBundle(ctx context.Context, dir string, bundle, size uint64) ([][]byte, error) {
	fetch := client.FileFetcher{Root: dir}
	b, err := fetch.ReadEntryBundle(ctx, bundle, layout.PartialTileSize(0, bundle, size))
	if err != nil {
		return nil, fmt.Errorf("log bundle %d: %w", bundle, err)
	}
	var entries api.EntryBundle
	if err := entries.UnmarshalText(b); err != nil {
		return nil, fmt.Errorf("log bundle %d: %w", bundle, err)
	}
	return entries.Entries, nil
}

// readBatch reads the batch at index of a log of size entries.
func readBatch(ctx context.Context, dir string, index, size uint64) (batch, error) {
	entry, err := readEntry(ctx, dir, index, size)
	if err != nil {
		return batch{}, err
	}
	b, err := parseBatch(entry)
	if err != nil {
		return batch{}, fmt.Errorf("log entry %d: %w", index, err)
	}
	return b, nil
}

// findBatch returns the batch that holds seq, and its index. Batches follow
// each other without gaps, so that halving finds it.
func findBatch(ctx context.Context, dir string, seq, size uint64) (b batch, index uint64, err error) {
	lo, hi := uint64(0), size
	for lo < hi {
		mid := lo + (hi-lo)/2
		if b, err = readBatch(ctx, dir, mid, size); err != nil {
			return batch{}, 0, err
		}
		switch {
		case seq < b.first:
			hi = mid
		case seq >= b.end():
			lo = mid + 1
		default:
			return b, mid, nil
		}
	}
	return batch{}, 0, ErrNotFound
}

func readCheckpointFile(dir string) ([]byte, error) {
	b, err := readSmall(filepath.Join(dir, logDir, layout.CheckpointPath))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s/%s: %w: restore the log folder from a copy of the vault", ErrIncomplete, logDir, layout.CheckpointPath, err)
	}
	return b, err
}
