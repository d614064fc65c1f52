// Package audit hashes a whole vault again, compares it with its signed checkpoint and names what does not match.
package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/vault/keyring"
	"golang.org/x/mod/sumdb/tlog"
)

// VerifyOptions sets what Verify reports and trusts.
type VerifyOptions struct {
	// Progress, when set, is called with the sealed records checked so far and
	// those there are. It is called from one goroutine.
	Progress func(done, total int64)
	// Read, when set, is called before Progress with the raw bytes read so far.
	Read func(raw int64)
	// PublicKey, when set, is the key the checkpoint must be signed with, in
	// the form of key.pub; otherwise key.pub itself is taken, which shows
	// changes but not that the vault is the one you think of.
	PublicKey string
	// Unlock opens the keyring of a vault with encrypted files.
	Unlock keyring.Unlock
	// State, when set, is a file outside the vault's folder in which the run
	// leaves how far it came when it is interrupted; one that ends removes it.
	State string
	// Resume goes on from what State holds, if there is such a file. Segments
	// that the interrupted run verified and that have not changed in size and
	// time since are not read again.
	Resume bool
	Now    func() time.Time // default time.Now
}

// Report is the outcome of Verify.
type Report struct {
	Records    uint64    `json:"records"`   // found and read
	Sealed     uint64    `json:"sealed"`    // last record under the checkpoint
	Unsealed   uint64    `json:"unsealed"`  // readable records after it
	RawBytes   int64     `json:"raw_bytes"` // of the records read
	Segments   int       `json:"segments"`
	Batches    int       `json:"batches"`
	Origin     string    `json:"origin"`
	Checkpoint string    `json:"checkpoint"`         // signed note
	SealedAt   time.Time `json:"sealed_at"`          // of the last batch; zero if none
	Expired    uint64    `json:"expired,omitempty"`  // let go, and a sealed record says so
	Shredded   uint64    `json:"shredded,omitempty"` // their key was destroyed, and a sealed record says so
	Locked     uint64    `json:"locked,omitempty"`   // sealed as they stand, but their key is not at hand
	Problems   []Problem `json:"problems"`

	Declarations []LetGo   `json:"declarations,omitempty"` // the sealed records that say what was let go
	Resumed      *Resumed  `json:"resumed,omitempty"`      // nil when everything was read
	StateError   string    `json:"state_error,omitempty"`  // why an interrupted run could not be resumed
	TailSince    time.Time `json:"tail_since,omitzero"`    // receive time of the first unsealed record
}

// LetGo is a sealed record that says that others were let go.
type LetGo struct {
	Record  uint64    `json:"record"`            // its sequence
	Source  string    `json:"source"`            // konseki.expiry or konseki.shred
	Records string    `json:"records,omitempty"` // spans that expired
	Keys    []string  `json:"keys,omitempty"`    // that were destroyed
	By      string    `json:"by,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// OK says that nothing was found wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

// Problem is one thing found wrong. Record is 0 where none can be named.
type Problem struct {
	Kind    string `json:"kind"`    // one of the Kind… constants
	Segment string `json:"segment"` // file within the vault's folder
	Record  uint64 `json:"record"`
	Detail  string `json:"detail"`
}

// Kinds of problems.
const (
	KindChanged    = "changed"    // a record is not the one that was sealed
	KindRemoved    = "removed"    // sealed records are gone
	KindSwapped    = "swapped"    // records stand in each other's place
	KindInserted   = "inserted"   // a record stands twice or where none was sealed
	KindCut        = "cut"        // a file ends before its sealed records do
	KindForeign    = "foreign"    // a file or key that is not the vault's
	KindUnreadable = "unreadable" // a file or part of it cannot be read
	KindCheckpoint = "checkpoint" // the checkpoint is missing, unsigned or too old
	KindLog        = "log"        // the tile log does not match its checkpoint
)

// maxProblems bounds a report; the last problem then says how many more.
const maxProblems = 1000

// audit is one run of Verify.
type audit struct {
	ctx      context.Context
	dir      string
	opts     VerifyOptions
	report   *Report
	unlisted int // problems beyond maxProblems

	ring      *keyring.Ring
	sealed    uint64
	logSize   uint64
	dropped   []ondisk.Span // records that files say were let go without a trace
	let       letGo
	nextBatch func() (seal.Batch, error, bool)
	current   *openBatch
	done      int64

	progress *progress // nil when nothing is left for another run

	hashers sync.Pool     // of *hasher
	roots   []rootJob     // whole batches, in order
	spare   [][]tlog.Hash // leaves that are not in use
	bad     []*openBatch  // whole batches without their root

	shift   int64 // by how much the records of file shifted were found renumbered
	shifted string
}

func (a *audit) problem(kind, file string, record uint64, format string, args ...any) {
	if len(a.report.Problems) >= maxProblems {
		a.unlisted++
		return
	}
	a.report.Problems = append(a.report.Problems, Problem{Kind: kind, Segment: file, Record: record, Detail: fmt.Sprintf(format, args...)})
}

// Verify reads a vault without changing it, hashes every record again and
// compares with the signed checkpoint. It needs no private key and works while
// another process has the vault open; then it covers what was sealed when it
// began. What is wrong with the evidence is in the report; an error means that
// it could not be looked at: ErrNoVault, ErrIncomplete, or the end of ctx.
func Verify(ctx context.Context, dir string, opts VerifyOptions) (*Report, error) {
	a := &audit{ctx: ctx, dir: dir, opts: opts, report: &Report{Problems: []Problem{}}}
	err := a.run()
	a.leave(err)
	if err != nil {
		return nil, fmt.Errorf("vault: verify: %w", err)
	}
	if a.unlisted > 0 {
		last := &a.report.Problems[maxProblems-1]
		last.Detail += fmt.Sprintf("; and %d more problems that are not listed", a.unlisted)
	}
	return a.report, nil
}

func (a *audit) run() error {
	empty, err := ondisk.IsEmpty(a.dir)
	if err != nil {
		return err
	}
	if empty {
		return fmt.Errorf("%w: %s", ondisk.ErrNoVault, a.dir)
	}
	if err := ondisk.CheckRestored(a.dir); err != nil {
		return err
	}
	if err := ondisk.ReadFormat(a.dir); err != nil {
		return err
	}
	trusted, err := a.trusted()
	if err != nil {
		return err
	}
	a.ring, err = keyring.Open(a.dir, a.opts.Unlock, nil)
	if err != nil && !errors.Is(err, keyring.ErrLocked) { // then what is in the clear is checked
		return err
	}
	a.report.Origin = trusted[0].Name()
	// Files first, checkpoint second: a running vault makes segments only of
	// records that a checkpoint covers already.
	files, err := a.listFiles()
	if err != nil {
		return err
	}
	text, err := ondisk.ReadCheckpointFile(a.dir)
	if err != nil && !errors.Is(err, ondisk.ErrIncomplete) {
		return err
	}
	cp, err := trusted.Open(text)
	if err != nil {
		a.problem(KindCheckpoint, ondisk.LogDir+"/checkpoint", 0, "the checkpoint is not a note signed by %s: %v", trusted[0].Name(), err)
		return a.ctx.Err()
	}
	a.report.Checkpoint, a.report.Batches, a.logSize = cp.Text, int(cp.Size), cp.Size
	if err := a.checkLog(cp); err != nil {
		return err
	}
	if err := a.resume(cp); err != nil {
		return err
	}
	next, stop := iter.Pull2(a.batches())
	defer stop()
	a.nextBatch = next
	return a.checkFiles(files)
}

// trusted gives the keys to trust: the pinned ones, or those in the folder.
func (a *audit) trusted() (seal.Trust, error) {
	if a.opts.PublicKey == "" {
		t, err := ondisk.ReadTrust(a.dir)
		if err != nil && !errors.Is(err, ondisk.ErrIncomplete) {
			return nil, fmt.Errorf("%w: %w: give the public key", ondisk.ErrIncomplete, err)
		}
		return t, err
	}
	t, err := seal.ParseTrust(a.opts.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("public key: %w: give the content of key.pub", err)
	}
	if own, err := ondisk.ReadPublicKey(a.dir); err != nil || own != strings.TrimSuffix(a.opts.PublicKey, "\n") {
		a.problem(KindForeign, ondisk.PubName, 0, "the public key in the folder is not the one given")
	}
	return t, nil
}

// files are the files of a vault that hold records.
type files struct {
	segments []ondisk.Segment
	wals     []string
}

func (a *audit) listFiles() (files, error) {
	// The log first: a file that goes in between is in a segment by then.
	wals, err := ondisk.ListWAL(ondisk.OSDisk{}, filepath.Join(a.dir, ondisk.WALDir))
	if err != nil {
		return files{}, fmt.Errorf("%w: %w", ondisk.ErrIncomplete, err)
	}
	segments, _, others, err := ondisk.ListSegments(ondisk.OSDisk{}, filepath.Join(a.dir, ondisk.SegmentDir))
	if err != nil {
		return files{}, fmt.Errorf("%w: %w", ondisk.ErrIncomplete, err)
	}
	for _, name := range others {
		if filepath.Ext(name) != ondisk.PartSuffix { // a segment being written is nobody's evidence yet
			a.problem(KindForeign, ondisk.SegmentDir+"/"+name, 0, "the file is not named as a segment")
		}
	}
	a.report.Segments = len(segments)
	return files{segments, wals}, nil
}

// checkFiles goes through the records in order: segments, then the log.
func (a *audit) checkFiles(f files) error {
	next := uint64(1)
	for _, s := range f.segments {
		name := ondisk.SegmentDir + "/" + s.Name
		switch {
		case s.First > a.sealed:
			a.problem(KindCheckpoint, name, s.First, "the checkpoint covers only %d records: it is older than the segment", a.sealed)
			continue
		case s.Last < next || s.First < next:
			a.problem(KindInserted, name, s.First, "records up to %d were read before: the file repeats them", next-1)
			continue
		case s.First > next:
			a.gap(next, s.First-1, KindRemoved, ondisk.SegmentDir+"/"+ondisk.SegmentName(next, s.First-1), "the segment is missing")
		}
		if s.Last > a.sealed {
			a.problem(KindCheckpoint, name, a.sealed+1, "the checkpoint covers only %d records: it is older than the segment", a.sealed)
		}
		next = s.Last + 1
		if done, err := a.skip(s); err != nil {
			return err
		} else if done {
			continue
		}
		a.begin()
		if err := a.checkSegment(s); err != nil {
			return err
		}
		if err := a.end(s); err != nil {
			return err
		}
	}
	next, err := a.checkWALs(f.wals, next)
	if err != nil {
		return err
	}
	if next <= a.sealed {
		a.gap(next, a.sealed, KindCut, ondisk.WALDir, "the write-ahead log ends before its sealed records do")
	}
	if err := a.finishBatch(); err != nil {
		return err
	}
	if err := a.settleRoots(len(a.roots)); err != nil {
		return err
	}
	a.checkLetGo()
	return nil
}

// gap names sealed records that are gone.
func (a *audit) gap(first, last uint64, kind, file, why string) {
	last = min(last, a.sealed)
	if first > last {
		return
	}
	if first == last {
		a.problem(kind, file, first, "record %d is gone: %s", first, why)
		return
	}
	a.problem(kind, file, first, "records %d to %d are gone: %s", first, last, why)
}

// tell reports progress after n more sealed records.
func (a *audit) tell(n int) {
	a.done = min(a.done+int64(n), int64(a.sealed))
	if a.opts.Read != nil {
		a.opts.Read(a.report.RawBytes)
	}
	if a.opts.Progress != nil {
		a.opts.Progress(a.done, int64(a.sealed))
	}
}
