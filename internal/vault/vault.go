// Package vault appends Records durably, seals them, proves them, copies them away, keeps and expires them.
//
// A record is acknowledged once it is in the fsynced write-ahead log. Every few
// seconds the new records become a batch: an RFC 6962 tree whose root is an
// entry of a tile log with a signed checkpoint. Log files whose records are all
// sealed become segments, Parquet files that are written once. docs/format.md
// describes every byte.
package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/vault/keyring"
)

// Errors that callers decide on.
var (
	// ErrNoVault says that the folder is absent or empty.
	ErrNoVault = ondisk.ErrNoVault
	// ErrIncomplete says that a part of the vault is missing, unreadable, of a
	// newer format or open to others; the message names it and the remedy.
	ErrIncomplete = ondisk.ErrIncomplete
	// ErrNotFound says that there is no record of that sequence.
	ErrNotFound = ondisk.ErrNotFound
	// ErrTampered says that sealed evidence does not match its seal.
	ErrTampered = seal.ErrTampered
	// ErrExists says that the folder to create a vault in has something in it.
	ErrExists = errors.New("folder is not empty")
	// ErrTooLarge says that a record exceeds a limit: Raw 16 MiB, Source 1 KiB,
	// Transport 64 KiB.
	ErrTooLarge = errors.New("record is too large")
	// ErrInvalid says that a record cannot be written as it is.
	ErrInvalid = errors.New("record is invalid")
	// ErrUnsealed says that a record is durable but not yet under a checkpoint.
	ErrUnsealed = errors.New("record is not sealed yet")
	// ErrGone says that the raw bytes of a record can no longer be had: they
	// expired, or their key was destroyed or is not at hand.
	ErrGone = errors.New("record is gone")
	// ErrClosed says that the vault was closed.
	ErrClosed = errors.New("vault is closed")
)

// Segment is a closed file of raw records.
type Segment = ondisk.Segment

// LockedError says that another process has the vault open for writing.
type LockedError struct {
	PID int // 0 when the lock file does not say
}

// Error names the process that holds the vault.
func (e *LockedError) Error() string {
	return fmt.Sprintf("vault is in use by process %d: stop it, or ask it through its address", e.PID)
}

// Options sets how a vault seals and rolls. The zero value is usable.
type Options struct {
	Logger         *slog.Logger     // nothing is logged when nil
	Origin         string           // name of the log, set at creation only; default "konseki/" and 16 random hex digits
	BatchEvery     time.Duration    // longest time a record waits for its batch; default 2 s
	BatchRecords   int              // records that make a batch at once; default 8,192, at most 1,048,576
	SegmentRecords int              // records of a segment; default 262,144
	SegmentBytes   int64            // raw bytes of a segment; default 128 MiB
	Now            func() time.Time // receive and sealing times; default time.Now

	// Protect says how records are kept, by source and raw bytes; nil keeps all
	// whole and in the clear. It is called by many goroutines.
	Protect func(source string, raw []byte) Protection
	// Encrypt encrypts new files, each under a key of its own in the keyring.
	Encrypt bool
	// Unlock opens the keyring. It is needed when the keyring is encrypted, and
	// says how a new one is kept.
	Unlock keyring.Unlock
	// Second, when set, is given every group of records once it is durable
	// here, as a write-ahead log file of its own, and must return nil before
	// they are acknowledged.
	Second func(ctx context.Context, first, last uint64, frames []byte) error

	disk ondisk.Disk // tests put failing ones here
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BatchEvery <= 0 {
		o.BatchEvery = 2 * time.Second
	}
	if o.BatchRecords <= 0 {
		o.BatchRecords = 8192
	}
	o.BatchRecords = min(o.BatchRecords, seal.MaxBatch)
	if o.SegmentRecords <= 0 {
		o.SegmentRecords = 262144
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 128 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.disk == nil {
		o.disk = ondisk.OSDisk{}
	}
	return o
}

// rollOnClose is how many records the log may keep over a restart; more are
// rolled into a segment, so that opening again is quick.
const rollOnClose = 20_000

// Vault is an open vault. Its methods may be called by many goroutines.
type Vault struct {
	dir  string
	opts Options
	disk ondisk.Disk
	ring *keyring.Ring
	log  *sealLog
	lock *os.File

	requests chan *request   // to the committer
	seals    chan chan error // to the sealer
	early    chan struct{}   // to the sealer: a batch or a file is full
	rolls    chan struct{}   // to the roller: something may be ready
	stop     chan struct{}   // closed by Close: no more appends
	quit     chan struct{}   // closed when the last batch is sealed
	commits  sync.WaitGroup
	workers  sync.WaitGroup
	closing  sync.Once
	closeErr error

	active *walWriter  // the committer's
	cut    atomic.Bool // asked by Cut

	rolling sync.Mutex // one roll at a time

	mu         sync.Mutex
	files      []*ondisk.WALFile // oldest first; only the last may be open
	segments   []ondisk.Segment
	nextNumber uint64
	size       uint64          // last durable sequence
	integrated uint64          // last sequence in a batch of the log
	sealed     uint64          // last sequence under a checkpoint
	entries    uint64          // batches in the log
	checkpoint seal.Checkpoint // latest signed
	lastSeal   time.Time       // when the latest batch was sealed
	clockBack  time.Duration   // the most that the clock went back between two batches
	tailSince  time.Time       // no unsealed record is older; zero if none
	trouble    string          // what last failed in the background
	changed    chan struct{}   // closed and replaced when size grows

	proofs proofCache
	opened segmentCache
	usage  diskUsage
}

// Create makes an empty vault with a new signing key in dir, the vault's own
// folder (vault/ in the data folder). It returns ErrExists when dir has
// anything in it.
func Create(dir string, opts Options) error {
	empty, err := ondisk.IsEmpty(dir)
	if err != nil {
		return fmt.Errorf("vault: create: %w", err)
	}
	if !empty {
		return fmt.Errorf("vault: create: %w: %s: name a new or empty folder", ErrExists, dir)
	}
	if err := create(dir, opts.withDefaults()); err != nil {
		return fmt.Errorf("vault: create: %w", err)
	}
	return nil
}

// Open opens an existing vault for appending and recovers what an interrupted
// process left: a torn tail of the log is cut and said in the log. Errors:
// ErrNoVault, *LockedError, ErrIncomplete, and ErrTampered when sealed records
// are missing or damaged in the log.
func Open(dir string, opts Options) (*Vault, error) {
	v, err := open(dir, opts.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("vault: open: %w", err)
	}
	return v, nil
}

// OpenOrCreate opens the vault in dir, or creates it first when dir is absent
// or empty.
func OpenOrCreate(dir string, opts Options) (*Vault, error) {
	v, err := Open(dir, opts)
	if !errors.Is(err, ondisk.ErrNoVault) {
		return v, err
	}
	if err := Create(dir, opts); err != nil {
		return nil, err
	}
	return Open(dir, opts)
}

func open(dir string, opts Options) (_ *Vault, err error) {
	if err := inspect(dir); err != nil {
		return nil, err
	}
	lock, err := acquire(filepath.Join(dir, ondisk.LockName))
	if err != nil {
		return nil, err
	}
	v := &Vault{
		dir: dir, opts: opts, disk: opts.disk, lock: lock,
		requests: make(chan *request), seals: make(chan chan error), early: make(chan struct{}, 1), rolls: make(chan struct{}, 1),
		stop: make(chan struct{}), quit: make(chan struct{}), changed: make(chan struct{}),
	}
	defer func() {
		if err != nil {
			v.release()
		}
	}()
	signer, verifier, err := readSigner(dir)
	if err != nil {
		return nil, err
	}
	if v.ring, err = keyring.Open(dir, opts.Unlock, opts.Now); err != nil {
		return nil, err
	}
	if v.log, err = openLog(filepath.Join(dir, ondisk.LogDir), signer, verifier); err != nil {
		return nil, err
	}
	if err := v.recover(context.Background()); err != nil {
		return nil, err
	}
	v.commits.Go(v.commitLoop)
	v.workers.Go(v.sealLoop)
	v.workers.Go(v.rollLoop)
	return v, nil
}

// Cut asks that the log, if it is large, is closed before the next append and
// becomes a segment once it is sealed: after much has come in at once, nothing
// more may come for long.
func (v *Vault) Cut() { v.cut.Store(true) }

// Close seals everything, rolls a large log into a segment and lets the folder
// go. Appends that are under way finish; later ones return ErrClosed.
func (v *Vault) Close() error {
	v.closing.Do(func() {
		close(v.stop)
		v.commits.Wait()
		close(v.quit)
		v.workers.Wait()
		v.closeErr = v.finish(context.Background())
		v.release()
	})
	return v.closeErr
}

func (v *Vault) finish(ctx context.Context) error {
	var errs []error
	if err := v.sealAll(ctx); err != nil {
		errs = append(errs, fmt.Errorf("vault: close: seal: %w", err))
	}
	v.mu.Lock()
	if n := len(v.files); n > 0 && v.files[n-1].Count > rollOnClose {
		v.files[n-1].Closed = true
	}
	v.mu.Unlock()
	if err := v.roll(); err != nil {
		errs = append(errs, fmt.Errorf("vault: close: roll: %w", err))
	}
	if err := v.log.close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("vault: close: log: %w", err))
	}
	return errors.Join(errs...)
}

// release gives up every handle; what was durable stays so.
func (v *Vault) release() {
	if v.log != nil {
		v.log.cancel()
		_ = v.log.ended() // a second wait, after close, says nothing new
	}
	if v.active != nil {
		_ = v.active.sink.Close() // synced after every group
	}
	v.opened.clear()
	_ = v.lock.Close() // closing gives the lock up
}
