package anchor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/durable"
)

const (
	defaultEvery          = time.Minute
	defaultTimestampEvery = time.Hour
	longestWait           = time.Hour // between attempts that fail

	conflictPrefix = "conflict-" // of a checkpoint that contradicts the vault
)

// KeeperOptions say where anchors are got and kept.
type KeeperOptions struct {
	Dir       string // the vault's folder; anchors are kept in Dir/anchors
	PublicKey string // pinned verifier key of the vault; the folder's own when ""
	Witnesses []Peer
	Every     time.Duration // between looks whether the checkpoint grew; default 1 min
	Timestamp *Authority    // nil: no timestamps
	Logger    *slog.Logger
	Now       func() time.Time // default time.Now
	// Alarm, when set, is called once for each new contradiction between an
	// anchor and the vault, from a goroutine of the keeper. It must not block.
	Alarm func(*Alarm)
}

// Keeper sends a vault's checkpoints to witnesses and to a time-stamping
// authority, each as often as it should and independently of the others, and
// keeps what they answer.
type Keeper struct {
	opts   KeeperOptions
	folder string
	client *http.Client
	tasks  []*task
}

// Status is what is known of one anchor's keeper.
type Status struct {
	Kind    Kind      // Witness or Timestamp
	Name    string    // of the witness, or the authority's address
	Size    uint64    // entries of the checkpoint it holds; 0 when it holds none
	Time    time.Time // when, as it states; zero when it holds none
	Tried   time.Time // when it was last asked
	Trouble string    // why the last attempt failed; "" when it did not
	Alarm   *Alarm    // the contradiction found last, until an attempt succeeds
}

// task keeps one anchor.
type task struct {
	attempt  func(ctx context.Context, t *task) error
	every    time.Duration
	file     string // of what a witness holds
	failures int
	sure     bool      // the anchor answered since we started
	last     time.Time // by our clock, of the last timestamp

	mu     sync.Mutex
	status Status
}

// NewKeeper checks the options and reads what is kept already. Run does the
// work.
func NewKeeper(opts KeeperOptions) (*Keeper, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Every <= 0 {
		opts.Every = defaultEvery
	}
	k := &Keeper{opts: opts, folder: filepath.Join(opts.Dir, Folder), client: newClient()}
	if err := os.Mkdir(k.folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("anchor: keeper: %w", err)
	}
	if err := durable.SyncDir(opts.Dir); err != nil {
		return nil, fmt.Errorf("anchor: keeper: %w", err)
	}
	files := map[string]string{}
	for _, w := range opts.Witnesses {
		p, err := newPeer(w)
		if err != nil {
			return nil, fmt.Errorf("anchor: keeper: %w", err)
		}
		if other, ok := files[p.file()]; ok {
			return nil, fmt.Errorf("anchor: keeper: witnesses %q and %q have the same key", other, p.name)
		}
		files[p.file()] = p.name
		if err := k.addWitness(p); err != nil {
			return nil, fmt.Errorf("anchor: keeper: %w", err)
		}
	}
	if opts.Timestamp != nil {
		if err := k.addTimestamp(*opts.Timestamp); err != nil {
			return nil, fmt.Errorf("anchor: keeper: %w", err)
		}
	}
	return k, nil
}

func (k *Keeper) addWitness(p peer) error {
	t := &task{every: k.opts.Every, file: p.file(), status: Status{Kind: WitnessKind, Name: p.name}}
	t.attempt = func(ctx context.Context, t *task) error { return k.witness(ctx, t, p) }
	held, at, err := k.stored(p)
	if err != nil {
		// A damaged copy is no reason not to ask: the witness knows better.
		k.opts.Logger.Warn("a kept anchor cannot be read", "witness", p.name, "error", err)
	} else if held.Size > 0 {
		t.status.Size, t.status.Time = held.Size, at
	}
	k.tasks = append(k.tasks, t)
	return nil
}

// Run keeps the anchors until the context ends. It returns nil then.
func (k *Keeper) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, t := range k.tasks {
		wg.Go(func() { k.keep(ctx, t) })
	}
	wg.Wait()
	return nil
}

func (k *Keeper) keep(ctx context.Context, t *task) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(k.round(ctx, t))
	}
}

// Once tries every anchor that is due, one after the other, and joins what
// failed. It is Run for those who do not stay.
func (k *Keeper) Once(ctx context.Context) error {
	var errs []error
	for _, t := range k.tasks {
		k.round(ctx, t)
		if s := t.get(); s.Trouble != "" {
			errs = append(errs, fmt.Errorf("anchor: %s %s: %s", s.Kind, s.Name, s.Trouble))
		}
	}
	return errors.Join(errs...)
}

// round makes one attempt and says how long to wait for the next.
func (k *Keeper) round(ctx context.Context, t *task) time.Duration {
	err := t.attempt(ctx, t)
	if ctx.Err() != nil {
		return t.every
	}
	if err == nil {
		t.failures, t.sure = 0, true
		t.set(func(s *Status) { s.Trouble, s.Alarm = "", nil })
		return t.every
	}
	t.failures++
	wait := backOff(t.every, t.failures)
	name := t.get().Name
	var alarm *Alarm
	if errors.As(err, &alarm) {
		k.alarm(t, alarm)
	} else {
		k.opts.Logger.Warn("no anchor", "anchor", name, "error", err, "failures", t.failures, "again_in", wait.Round(time.Second))
	}
	t.set(func(s *Status) { s.Trouble = err.Error() })
	return wait
}

// alarm is loud every time, and calls the hook once for each new contradiction.
func (k *Keeper) alarm(t *task, a *Alarm) {
	k.opts.Logger.Error("an anchor contradicts the vault", "kind", a.Kind, "witness", a.Witness,
		"ours", a.Ours, "theirs", a.Theirs, "confirmed", a.Confirmed, "what", a.Phrase().EN)
	if a.Evidence != nil {
		name := fmt.Sprintf(conflictPrefix+"%d-%s", a.Theirs, t.file)
		if err := durable.Replace(filepath.Join(k.folder, name), a.Evidence, 0o600); err != nil {
			k.opts.Logger.Error("evidence of a conflict could not be kept", "file", name, "error", err)
		}
	}
	last := t.get().Alarm
	t.set(func(s *Status) { s.Alarm = a })
	if k.opts.Alarm != nil && (last == nil || last.Kind != a.Kind || last.Theirs != a.Theirs || last.Confirmed != a.Confirmed) {
		k.opts.Alarm(a)
	}
}

// backOff doubles the wait with every failure up to an hour, and spreads it a
// little so that many vaults do not come back together.
func backOff(every time.Duration, failures int) time.Duration {
	wait := every
	for i := 1; i < failures && wait < longestWait; i++ {
		wait *= 2
	}
	wait = min(wait, max(every, longestWait))
	return wait + rand.N(wait/10+1)
}

// Status gives what is known of each anchor: witnesses in the order of the
// options, then the time-stamping authority.
func (k *Keeper) Status() []Status {
	out := make([]Status, len(k.tasks))
	for i, t := range k.tasks {
		out[i] = t.get()
	}
	return out
}

func (t *task) get() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

func (t *task) set(change func(*Status)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.status)
}

// witness has the checkpoint cosigned when it grew, and once after the start in
// any case: a vault that was put back may not grow for long.
func (k *Keeper) witness(ctx context.Context, t *task, p peer) error {
	cp, _, err := head(k.opts.Dir, k.opts.PublicKey)
	if err != nil {
		return err
	}
	s := t.get()
	if t.sure && s.Size == cp.Size && s.Trouble == "" {
		return nil
	}
	t.set(func(s *Status) { s.Tried = k.opts.Now() })
	got, at, err := k.submit(ctx, p, s.Size)
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(k.folder, p.file()), got.Note, 0o600); err != nil {
		return fmt.Errorf("keep the cosigned checkpoint: %w", err)
	}
	k.opts.Logger.Info("checkpoint cosigned", "witness", p.name, "size", got.Size)
	t.set(func(s *Status) { s.Size, s.Time = got.Size, at })
	return nil
}

func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
