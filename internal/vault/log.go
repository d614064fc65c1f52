package vault

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

const (
	checkpointEvery = 100 * time.Millisecond // the shortest that the tile log offers
	checkpointWait  = 30 * time.Second
	checkpointPoll  = 10 * time.Millisecond
	collectEvery    = time.Minute
	endWait         = 5 * time.Second // for the library's goroutines at closing
	endPoll         = 2 * time.Millisecond
)

// sealLog is the tile log (C2SP tlog-tiles) whose entries are batches.
type sealLog struct {
	dir      string
	trusted  seal.Trust
	appender *tessera.Appender
	reader   tessera.LogReader
	shutdown func(context.Context) error
	cancel   context.CancelFunc
	label    string // of the library's goroutines, as in their profile
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

func openLog(dir string, signer note.Signer, trusted seal.Trust) (*sealLog, error) {
	silence()
	ctx, cancel := context.WithCancel(context.Background())
	l := &sealLog{dir: dir, trusted: trusted, cancel: cancel}
	l.label = fmt.Sprintf("%p", l)
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
	pprof.Do(ctx, pprof.Labels("tile log", l.label), func(ctx context.Context) {
		l.appender, l.shutdown, l.reader, err = tessera.NewAppender(ctx, driver, opts)
	})
	if err != nil {
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
		return fmt.Errorf("batch came to stand at %d of the log instead of %d: %w", got.Index, index, seal.ErrTampered)
	}
	return nil
}

// await returns the first checkpoint that covers size entries.
func (l *sealLog) await(ctx context.Context, size uint64) (seal.Checkpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, checkpointWait)
	defer cancel()
	tick := time.NewTicker(checkpointPoll)
	defer tick.Stop()
	var cp seal.Checkpoint
	for {
		text, err := l.reader.ReadCheckpoint(ctx)
		if err != nil {
			return seal.Checkpoint{}, err
		}
		if string(text) != cp.Text { // a signature takes longer to check than to wait for
			if cp, err = l.trusted.Open(text); err != nil {
				return seal.Checkpoint{}, fmt.Errorf("checkpoint: %w: %w", err, seal.ErrTampered)
			}
		}
		if cp.Size >= size {
			return cp, nil
		}
		select {
		case <-ctx.Done():
			return seal.Checkpoint{}, fmt.Errorf("no checkpoint of %d entries: %w", size, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// close ends the log. Afterwards nothing of it touches the folder any more: it
// may be opened by another process, moved or removed.
func (l *sealLog) close(ctx context.Context) error {
	err := l.shutdown(ctx)
	l.cancel()
	return errors.Join(err, l.ended())
}

// ended waits for the library's goroutines. It offers no way to do so: its
// shutdown ends adding, and a checkpoint being published when the context is
// cancelled takes its lock file afterwards. They are known by their label.
func (l *sealLog) ended() error {
	end := time.After(endWait)
	again := time.NewTicker(endPoll)
	defer again.Stop()
	for l.running() {
		select {
		case <-end:
			return fmt.Errorf("the tile log in %s still works %v after it was closed", l.dir, endWait)
		case <-again.C:
		}
	}
	return nil
}

// running looks for the label in the text form of the profile of goroutines.
func (l *sealLog) running() bool {
	var text bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
		return false
	}
	return bytes.Contains(text.Bytes(), []byte(strconv.Quote(l.label)))
}
