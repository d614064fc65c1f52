package tail

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// Vault is where records go, and where those are found again that were appended
// when konseki was killed.
type Vault interface {
	collect.Appender
	// Size is the sequence of the last durable record.
	Size() uint64
	// Records gives the records from a sequence on, in order.
	Records(ctx context.Context, from uint64) iter.Seq2[event.Record, error]
}

// Set is files of one source that are read alike.
type Set struct {
	Paths  []string // patterns with *, ?, [a-z] and ** for folders at any depth; they begin with /
	Source string   // of the records
	// Zone is the IANA zone for times that state none, and ZoneFrom says where it
	// is from: "configured" or "assumed".
	Zone, ZoneFrom string
	Host           string         // the machine, for records that do not say
	Format         string         // of normalise; "" to recognise it
	Begins         *regexp.Regexp // matches the first line of a record; nil to recognise it
}

// Options say how to follow.
type Options struct {
	File      string // the checkpoint
	To        Vault
	Attest    func(ctx context.Context, a event.Attestation) error // seals what is proven
	Loss      func(event.Loss)                                     // counts what is lost
	Recognise func(name string, head []byte) event.Shape           // normalise.Recognise
	Logger    *slog.Logger
	Limits    collect.Limits
	Poll      time.Duration    // between two looks. Default 1 s
	MaxOpen   int              // files open at once. Default 512
	Now       func() time.Time // default time.Now
}

// Tailer follows files.
type Tailer struct {
	sets     []Set
	opts     Options
	rotation rotation
	state    *checkpoint
	files    []*file // in the order in which they are read
	copies   map[identity]duplicate
	folders  map[origin]*folder
	known    map[origin]bool   // families that were there before
	troubles map[string]string // by path or pattern, what was last logged
	blind    map[string]bool   // sources of which a file could not be read in this round
	changed  bool              // the checkpoint on disk is older than what it must hold
	moved    bool              // the order of the files is to be found anew
	legacy   bool              // the checkpoint does not say which files are not to be read
	rounds   uint64
	idle     time.Time // since when nothing was appended
	recs     []event.Record
	bytes    int
	steps    []*step
	put      func(*checkpoint) error // makes a checkpoint durable
}

const (
	appendBytes   = 8 << 20
	appendRecords = 16_384
	certain       = 30 * time.Second // without an append, after which the checkpoint has no doubt
)

// New prepares to follow; nothing is read before Run.
func New(sets []Set, o Options) (*Tailer, error) {
	o.Poll, o.MaxOpen = cmp.Or(o.Poll, time.Second), cmp.Or(o.MaxOpen, 512)
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, s := range sets {
		if event.IsOwn(s.Source) || s.Source == "" {
			return nil, fmt.Errorf("tail: %q is no name for a source", s.Source)
		}
		for _, p := range s.Paths {
			if err := CheckPattern(p); err != nil {
				return nil, fmt.Errorf("tail: %w", err)
			}
		}
	}
	return &Tailer{
		sets: sets, opts: o, rotation: newRotation(), copies: map[identity]duplicate{}, known: map[origin]bool{},
		troubles: map[string]string{}, blind: map[string]bool{},
		put: func(c *checkpoint) error { return c.save(o.File) },
	}, nil
}

// Run follows until ctx ends. What goes wrong with a file is logged, and tried again.
func (t *Tailer) Run(ctx context.Context) error {
	if err := t.open(ctx); err != nil {
		return err
	}
	defer t.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return t.stop(context.WithoutCancel(ctx), context.Cause(ctx))
		case <-timer.C:
		}
		more, err := t.round(ctx)
		if ctx.Err() == nil {
			t.complain("", err)
		}
		wait := t.opts.Poll
		if more && err == nil {
			wait = 0
		}
		timer.Reset(wait)
	}
}

// stop attests what was read when the work ends.
func (t *Tailer) stop(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := t.prove(ctx, t.opts.Now(), true); err != nil {
		t.opts.Logger.Warn("what was read of the files could not be attested", "error", err)
	}
	if t.state.Doubt || t.changed {
		if err := t.save(false); err != nil {
			t.opts.Logger.Warn("how far the files are read could not be remembered", "error", err)
		}
	}
	return why
}

func (t *Tailer) close() {
	for _, f := range t.files {
		f.shut()
	}
}

// round looks at all files once and reads a part of each that has more.
func (t *Tailer) round(ctx context.Context) (more bool, err error) {
	t.rounds++
	clear(t.blind)
	start := t.opts.Now()
	t.look(t.find(), start)
	if more, err = t.readAll(ctx, start); err != nil {
		t.steps, t.recs, t.bytes = nil, nil, 0
		return false, err
	}
	if certainly := start.Sub(t.idle) >= certain; t.changed || t.state.Doubt && certainly {
		if err := t.save(t.state.Doubt && !certainly); err != nil {
			return false, err
		}
	}
	t.settle()
	return more, t.prove(ctx, start, false)
}

// readAll reads a part of each file that has more, the earlier files of a path
// before the later ones.
func (t *Tailer) readAll(ctx context.Context, now time.Time) (more bool, err error) {
	waiting := map[string]bool{} // families of which an earlier file has more
	for _, f := range t.files {
		if f.Old {
			continue
		}
		key := f.Source + "\x00" + f.from
		if waiting[key] {
			f.atEnd, more = false, true
			continue
		}
		s := t.readOne(f, now)
		if f.Lost || s != nil && !s.atEnd {
			waiting[key], more = true, true
		}
		if t.bytes >= appendBytes || len(t.recs) >= appendRecords {
			if err := t.flush(ctx); err != nil {
				return false, err
			}
		}
	}
	return more, t.flush(ctx)
}

// readOne takes the next part of a file into the batch; nil where there is none.
func (t *Tailer) readOne(f *file, now time.Time) *step {
	if f.Lost || !f.dirty || !t.ready(f) {
		return nil
	}
	f.used = t.rounds
	count, bytes := len(t.recs), t.bytes
	s, err := f.read(t, now, func(raw []byte, via string) {
		t.recs = append(t.recs, event.Record{Source: f.Source, Transport: via, Raw: raw})
		t.bytes += len(raw)
	})
	switch {
	case errors.Is(err, errTruncated):
		t.recs, t.bytes = t.recs[:count], bytes
		f.lose()
		return nil
	case err != nil:
		t.recs, t.bytes = t.recs[:count], bytes
		f.shut()
		t.blind[f.Source] = true
		t.complain(f.Now, err)
		return nil
	}
	t.steps = append(t.steps, s)
	return s
}

// flush appends the batch. Only then are its files further.
func (t *Tailer) flush(ctx context.Context) error {
	if len(t.recs) > 0 {
		if !t.state.Doubt || t.changed {
			if err := t.save(true); err != nil {
				return err
			}
		}
		received := t.opts.Now().UTC()
		for i := range t.recs {
			t.recs[i].Received = received
		}
		if err := t.opts.To.Append(ctx, t.recs); err != nil {
			return fmt.Errorf("tail: %w", err)
		}
		t.idle, t.changed = received, true
	}
	for i := range t.recs {
		p := t.state.Proven[t.recs[i].Source]
		p.Records++
		t.state.Proven[t.recs[i].Source] = p
	}
	for _, s := range t.steps {
		if s.saved.Offset != s.f.Offset || s.saved.Done != s.f.Done {
			t.changed = true
		}
		s.saved.Sure = t.opts.To.Size()
		s.commit()
	}
	appended := len(t.recs) > 0
	t.steps, t.recs, t.bytes = nil, nil, 0
	if appended {
		return t.save(true)
	}
	return nil
}

// ready opens a file that is to be read.
func (t *Tailer) ready(f *file) bool {
	if f.content != nil {
		return true
	}
	t.makeRoom()
	c, err := open(f.Now, f.Identity)
	if err != nil {
		t.blind[f.Source] = true
		t.complain(f.Now, err)
		return false
	}
	t.complain(f.Now, nil)
	f.content, f.Packed = c, c.packed
	return true
}

// makeRoom closes the file that was read longest ago where too many are open.
func (t *Tailer) makeRoom() {
	open, oldest := 0, (*file)(nil)
	for _, f := range t.files {
		if f.content == nil {
			continue
		}
		open++
		if !f.gone && (oldest == nil || f.used < oldest.used) {
			oldest = f
		}
	}
	if open >= t.opts.MaxOpen && oldest != nil {
		oldest.shut()
	}
}

// complain logs what is wrong with a path, once, and that it is well again.
func (t *Tailer) complain(path string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch {
	case text == t.troubles[path]:
	case text == "":
		delete(t.troubles, path)
		t.opts.Logger.Info("files are followed again", "path", path)
	case len(t.troubles) < maxFiles:
		t.troubles[path] = text
		t.opts.Logger.Warn("a file could not be followed; it is tried again", "path", path, "error", err)
	}
}

// save makes the checkpoint durable. doubt says that appends may follow before
// it is written again.
func (t *Tailer) save(doubt bool) error {
	next := *t.state
	next.Version, next.Doubt, next.Pending = checkpointVersion, doubt, t.opts.To.Size()
	next.Files = make([]saved, 0, len(t.files))
	for _, f := range t.files {
		next.Files = append(next.Files, f.saved)
		if len(f.replay) > 0 { // to be found again after the next restart, too
			next.Doubt, next.Pending = true, t.state.Pending
		}
	}
	if err := t.put(&next); err != nil {
		t.changed = true
		return fmt.Errorf("tail: remember how far it has come: %w", err)
	}
	t.state, t.changed = &next, false
	return nil
}

// newID names a file: by where and when it was first seen and by what the system
// knows it by.
func newID(path string, id identity, now time.Time, n uint64) string {
	text := filepath.Clean(path) + "\x00" + strconv.FormatUint(id.Dev, 16) + ":" + strconv.FormatUint(id.Inode, 16) +
		"\x00" + strconv.FormatInt(now.UnixNano(), 16) + ":" + strconv.FormatUint(n, 16)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
