package copies

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/vault"
)

// Vault is what a Shipper needs of an open vault.
type Vault interface {
	Segments() []vault.Segment
	Status() vault.Status
	Dir() string
	// WriteFrames writes one write-ahead-log file that holds the records from
	// first to last.
	WriteFrames(ctx context.Context, w io.Writer, first, last uint64) error
}

// Options sets how a Shipper works. Journal is needed; the rest has defaults.
type Options struct {
	Every     time.Duration // between looks for new segments; default 10 s
	TailEvery time.Duration // between tails; default Every
	LogEvery  time.Duration // between checkpoints with their tiles; default 1 min
	// Until says how long an object must stay that holds records of the sources
	// up to the receive time last. Without sources it is asked for the log.
	// Default: 400 days after last.
	Until     func(sources []string, last time.Time) time.Time
	TailUntil time.Duration // how long tails and partial tiles must stay; default 30 days
	Journal   string        // file that remembers what was acknowledged
	Logger    *slog.Logger
	Alarm     func(Alarm) // may be nil
	Now       func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Every <= 0 {
		o.Every = 10 * time.Second
	}
	if o.TailEvery <= 0 {
		o.TailEvery = o.Every
	}
	if o.LogEvery <= 0 {
		o.LogEvery = time.Minute
	}
	if o.Until == nil {
		o.Until = func(_ []string, last time.Time) time.Time { return last.Add(DefaultRetention) }
	}
	if o.TailUntil <= 0 {
		o.TailUntil = 30 * 24 * time.Hour
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Alarm == nil {
		o.Alarm = func(Alarm) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Status is how far a copy is.
type Status struct {
	Store   string    `json:"store"`
	Copied  uint64    `json:"copied"`   // last record that is in the copy with all before it
	Size    uint64    `json:"size"`     // last record of the vault, as last seen
	Behind  uint64    `json:"behind"`   // records that would be lost with this machine now
	Batches uint64    `json:"batches"`  // entries under the last checkpoint in the copy
	Objects int64     `json:"objects"`  // acknowledged so far
	Bytes   int64     `json:"bytes"`    // of them
	LastPut time.Time `json:"last_put"` // when the copy last acknowledged; zero if never
	Trouble string    `json:"trouble"`  // what last failed and has not succeeded since
}

// Waiting times after a failure.
const (
	waitFirst = time.Second
	waitMost  = 5 * time.Minute
)

// Shipper copies one vault to one store: tails as they come, closed segments,
// the log's tiles and its checkpoints.
type Shipper struct {
	store   Store
	opts    Options
	journal *journal

	round   sync.Mutex // one round at a time
	logged  time.Time  // when the log was shipped
	anchors time.Time  // when the anchors were

	mu      sync.Mutex
	vault   Vault
	refused map[string]bool // objects whose names hold other content
}

// NewShipper opens the journal. v may be nil until Follow, for a vault that
// needs Second to be opened.
func NewShipper(v Vault, store Store, o Options) (*Shipper, error) {
	j, err := openJournal(o.Journal, store.String())
	if err != nil {
		return nil, fmt.Errorf("copies: %s: %w", store, err)
	}
	s := &Shipper{store: store, opts: o.withDefaults(), journal: j, refused: map[string]bool{}}
	if v != nil {
		if err := s.Follow(v); err != nil {
			return nil, errors.Join(err, j.close())
		}
	}
	return s, nil
}

// Follow names the vault to ship. It refuses one that has fewer records than
// the journal knows to be in the copy: that is an older state put back, or
// another vault.
func (s *Shipper) Follow(v Vault) error {
	size, known := v.Status().Size, uint64(0)
	s.journal.look(func(state *shipped) { known = max(state.tailTo, state.acked()) })
	if known > size {
		return fmt.Errorf("copies: %s: %w: record %d is in the copy and the vault ends at %d; restore it from the copy, or remove %s to ship it as it is",
			s.store, ErrAhead, known, size, s.opts.Journal)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vault = v
	return nil
}

func (s *Shipper) source() Vault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.vault
}

// Close gives the journal up. Run has ended by then.
func (s *Shipper) Close() error { return s.journal.close() }

// Status returns the present state.
func (s *Shipper) Status() Status {
	var out Status
	s.journal.look(func(state *shipped) { out = state.status() })
	if v := s.source(); v != nil {
		out.Size = v.Status().Size
	}
	out.Behind = out.Size - min(out.Size, out.Copied)
	return out
}

func (s *shipped) status() Status {
	return Status{
		Store: s.store, Copied: s.acked(), Size: s.size, Batches: s.logSize, Objects: s.objects, Bytes: s.bytes, LastPut: s.at, Trouble: s.trouble,
	}
}

// ReadStatus reads the state of a copy from its journal, also while a Shipper
// works. Size is then what the Shipper saw last.
func ReadStatus(journal string) (Status, error) {
	state, err := readJournal(journal)
	if err != nil {
		return Status{}, fmt.Errorf("copies: %w", err)
	}
	out := state.status()
	out.Behind = out.Size - min(out.Size, out.Copied)
	return out, nil
}

// Run ships until ctx ends. Failures are logged, shown in Status and tried
// again after a while that grows to five minutes.
func (s *Shipper) Run(ctx context.Context) error {
	wait, checked := waitFirst, false
	full := time.Time{}
	for {
		var err error
		if c, ok := s.store.(checker); ok && !checked {
			err = c.Check(ctx)
		}
		if err == nil {
			checked = true
			if now := s.opts.Now(); now.Sub(full) >= s.opts.Every {
				full = now
				err = s.Round(ctx)
			} else {
				err = s.lockedTails(ctx)
			}
		}
		pause := min(s.opts.TailEvery, s.opts.Every)
		if ctx.Err() == nil {
			pause, wait = s.judge(err, pause, wait)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// judge says how long to pause after an attempt and how long after the next
// failure.
func (s *Shipper) judge(err error, pause, wait time.Duration) (now, next time.Duration) {
	if err == nil {
		s.trouble("")
		return pause, waitFirst
	}
	s.trouble(err.Error())
	s.opts.Logger.Error("copying failed, trying again", "store", s.store.String(), "in", wait.String(), "error", err)
	return wait + rand.N(wait/4+1), min(2*wait, waitMost)
}

// trouble keeps what failed, over a restart too.
func (s *Shipper) trouble(text string) {
	s.mu.Lock()
	if text == "" && len(s.refused) > 0 {
		text = fmt.Sprintf("%d objects hold other content in the copy; their records are not in it", len(s.refused))
	}
	s.mu.Unlock()
	var before string
	s.journal.look(func(state *shipped) { before = state.trouble })
	if before == text {
		return
	}
	if text == "" {
		s.opts.Logger.Info("copying works again", "store", s.store.String(), "copied", s.Status().Copied)
	}
	if err := s.journal.add(false, "trouble "+fmt.Sprintf("%q", text)); err != nil {
		s.opts.Logger.Error("journal of copies not written", "error", err)
	}
}

// Round ships everything that is new now, in the order that loses least: the
// tail, closed segments, then the log with its checkpoint last.
func (s *Shipper) Round(ctx context.Context) error {
	s.round.Lock()
	defer s.round.Unlock()
	v := s.source()
	if v == nil {
		return nil
	}
	if err := s.journal.add(false, fmt.Sprintf("size %d", v.Status().Size)); err != nil {
		return err
	}
	// The checkpoint of before the tail: every record that it seals is shipped
	// before it is.
	checkpoint := v.Status().Checkpoint
	for _, step := range []func(context.Context, Vault) error{s.identity, s.tails, s.segments} {
		if err := step(ctx, v); err != nil {
			return err
		}
	}
	if err := s.log(ctx, v, checkpoint); err != nil {
		return err
	}
	return s.anchorFiles(ctx, v)
}

// Last is a Round before stopping: it ships the present checkpoint however
// young the one before is.
func (s *Shipper) Last(ctx context.Context) error {
	s.round.Lock()
	s.logged = time.Time{}
	s.round.Unlock()
	return s.Round(ctx)
}

func (s *Shipper) lockedTails(ctx context.Context) error {
	s.round.Lock()
	defer s.round.Unlock()
	if v := s.source(); v != nil {
		return s.tails(ctx, v)
	}
	return nil
}

// put ships one object and writes lines into the journal once it is there.
// skipped says that the name holds other content: the object is given up,
// loudly, and nothing else is.
func (s *Shipper) put(ctx context.Context, o Object, lines ...string) (skipped bool, err error) {
	s.mu.Lock()
	skipped = s.refused[o.Name]
	s.mu.Unlock()
	if skipped {
		return true, nil
	}
	ours := s.journal.begun(o)
	if !ours {
		// The attempt is remembered first: where the store cannot be read, a
		// name that is taken later is then known to be taken by us.
		if err := s.journal.add(false, "begin "+hex.EncodeToString(o.SHA256[:])+" "+o.Name); err != nil {
			return false, err
		}
	}
	err = s.store.Put(ctx, o)
	if errors.Is(err, ErrTaken) && ours {
		err = nil
	}
	if errors.Is(err, ErrDiffers) || errors.Is(err, ErrTaken) {
		s.mu.Lock()
		s.refused[o.Name] = true
		s.mu.Unlock()
		s.opts.Logger.Error("the copy holds other content under a name of ours", "store", s.store.String(), "name", o.Name, "error", err)
		s.opts.Alarm(Alarm{Store: s.store.String(), Name: o.Name, What: err.Error()})
		return true, s.journal.add(false, "end "+o.Name)
	}
	if err != nil {
		return false, err
	}
	var objects, sum int64
	s.journal.look(func(state *shipped) { objects, sum = state.objects+1, state.bytes+o.Size })
	lines = append(lines, "end "+o.Name, fmt.Sprintf("sum %d %d %d", objects, sum, s.opts.Now().UnixNano()))
	return false, s.journal.add(true, lines...)
}

// Second puts the records first to last, one write-ahead-log file, and returns
// when the store has them. It is for a vault that acknowledges only what is in
// two places. Calls do not overlap.
func (s *Shipper) Second(ctx context.Context, first, last uint64, file []byte) error {
	var again uint64
	s.journal.look(func(state *shipped) { again = state.again })
	t := tail{first: first, last: last, again: stampNow(s.opts.Now(), again)}
	o := bytesObject(t.name(), file)
	o.Until = s.opts.Now().Add(s.opts.TailUntil)
	err := s.journal.add(false, fmt.Sprintf("again %d", t.again))
	if err == nil {
		err = s.store.Put(ctx, o)
	}
	if err != nil {
		s.trouble(err.Error())
		return fmt.Errorf("copies: the second place does not have the records: %w", err)
	}
	var objects, sum int64
	s.journal.look(func(state *shipped) { objects, sum = state.objects+1, state.bytes+o.Size })
	err = s.journal.add(false, fmt.Sprintf("records %d %d", first, last), fmt.Sprintf("tail %d", last),
		fmt.Sprintf("sum %d %d %d", objects, sum, s.opts.Now().UnixNano()))
	if err != nil { // it is in the copy all the same
		s.opts.Logger.Error("journal of copies not written", "error", err)
	}
	return nil
}

func bytesObject(name string, content []byte) Object {
	return Object{
		Name: name, Size: int64(len(content)), SHA256: sha256.Sum256(content),
		Open: func() (io.ReadCloser, error) { return readBytes{bytes.NewReader(content)}, nil },
	}
}

// readBytes can seek, so that a client may send it again.
type readBytes struct{ *bytes.Reader }

func (readBytes) Close() error { return nil }

// fileObject reads a file once for its size and sum.
func fileObject(name, path string) (Object, error) {
	f, err := os.Open(path)
	if err != nil {
		return Object{}, err
	}
	defer f.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		return Object{}, err
	}
	return Object{
		Name: name, Size: size, SHA256: [32]byte(sum.Sum(nil)),
		Open: func() (io.ReadCloser, error) { return os.Open(path) },
	}, nil
}

// spool gives a file for a tail on its way; the caller removes it.
func (s *Shipper) spool() (*os.File, error) {
	return os.CreateTemp(filepath.Dir(s.opts.Journal), "tail-*.part")
}
