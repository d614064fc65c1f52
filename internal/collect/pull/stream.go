package pull

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/event"
)

const (
	overlap    = 2 * time.Second  // between windows: services cut times to seconds
	remember   = 10 * time.Second // beyond what is asked for again
	maxSlice   = 24 * time.Hour   // of one window, when catching up
	minSlice   = time.Minute
	sliceAim   = maxSeen / 8 // events in one window
	keepMargin = 5 * time.Minute
	maxRecord  = 16 << 20  // the vault's limit
	maxAppend  = 4096      // records in one append
	maxBytes   = 32 << 20  // and their bytes
	maxEmpty   = 1000      // pages without an event, one after another
	maxPages   = 1 << 20   // of one window
	restarts   = 3         // of a window in one round
	stale      = time.Hour // after which a window that was left is begun anew
)

// stream pulls one stream of a service. One goroutine works on it; Status may
// be asked by others.
type stream struct {
	Config
	api     string
	via     string
	traits  Traits
	path    string
	save    func() error
	to      Vault
	attest  func(context.Context, event.Attestation) error
	now     func() time.Time
	logger  *slog.Logger
	loaded  bool
	st      *state
	seen    *seen
	before  map[mark]bool // events of the page before: pages may overlap
	empty   int
	started int // restarts of the window in this round

	mu     sync.Mutex
	status Status
}

// round reads from where the last one ended to the present.
func (s *stream) round(ctx context.Context, each func(records int)) error {
	s.started = 0
	if err := s.open(ctx); err != nil {
		return err
	}
	if w := s.st.Window; w != nil && (w.Began.IsZero() || s.now().Sub(w.Began) > stale) {
		s.st.Window, s.st.Cursor = nil, "" // what of it is here is remembered
	}
	fresh := s.st.Window == nil
	for ; ; fresh = true {
		if s.st.Window == nil {
			if err := s.begin(ctx); err != nil {
				return err
			}
		}
		last := s.st.Window.Last
		if err := s.read(ctx, each); err != nil {
			return err
		}
		if err := s.finish(ctx); err != nil {
			return err
		}
		if last && fresh {
			return nil
		}
	}
}

// open loads the state once, and learns from the vault what was appended
// without being noted.
func (s *stream) open(ctx context.Context) error {
	if s.loaded {
		return nil
	}
	st, err := load(s.path, s.api, s.Source)
	if err != nil {
		return err
	}
	known := newSeen(maxSeen)
	if err := known.unpack(st.Seen); err != nil {
		return damaged(s.path, err)
	}
	st.Seen, known.full = nil, st.Full
	if st.Doubt && st.Window != nil {
		for rec, err := range s.to.Records(ctx, st.Pending+1) {
			if err != nil {
				return fmt.Errorf("look for what was appended last: %w", err)
			}
			if rec.Source != s.Source || event.ParseTransport(rec.Transport).Get("api") != s.api {
				continue
			}
			if m := markOf(s.Service.ID(rec.Raw), rec.Raw); !known.has(m) {
				known.add(m, st.Window.To)
				st.Records++
				st.New++
			}
		}
	}
	s.st, s.seen, s.loaded = st, known, true
	return nil
}

// begin chooses the next window.
func (s *stream) begin(ctx context.Context) error {
	now := s.now().UTC()
	st := s.st
	if st.Complete.IsZero() {
		since := s.Since
		if s.traits.Keeps > 0 {
			since = min(since, s.traits.Keeps-keepMargin)
		}
		st.Complete = now.Add(-since).Truncate(time.Second)
		st.Settled, st.Proven = st.Complete, st.Complete
	}
	if err := s.tooLate(ctx, now); err != nil {
		return err
	}
	slice := maxSlice
	if st.Slice > 0 {
		slice = time.Duration(st.Slice) * time.Second
	}
	w := &window{From: st.Settled.Add(-overlap), To: st.Complete.Add(slice)}
	if s.traits.Keeps > 0 {
		w.From = later(w.From, now.Add(-s.traits.Keeps+keepMargin/2))
	}
	if s.traits.Window > 0 {
		w.To = earlier(w.To, w.From.Add(s.traits.Window))
	}
	if !w.To.Before(now) {
		w.To, w.Last = later(now.Truncate(time.Second), w.From.Add(time.Second)), true
	}
	st.Window, st.Cursor = w, ""
	return nil
}

// tooLate attests what a service no longer keeps and was never read.
func (s *stream) tooLate(ctx context.Context, now time.Time) error {
	if s.traits.Keeps == 0 {
		return nil
	}
	first := now.Add(-s.traits.Keeps + keepMargin)
	if !s.st.Complete.Before(now.Add(-s.traits.Keeps + keepMargin/2)) {
		return nil
	}
	days := int(s.traits.Keeps / (24 * time.Hour))
	s.prove(event.Attestation{
		From: s.st.Proven, To: first, Proof: event.ProofCursor, Missing: -1,
		Reason: event.Phrase{
			JA: fmt.Sprintf("提供元が記録を残す%d日を過ぎてから取りに行ったため、この間の記録は得られない", days),
			EN: fmt.Sprintf("asked after the %d days for which the service keeps records: those of this time can no longer be had", days),
		},
	})
	s.st.Complete, s.st.Settled, s.st.Proven, s.st.New = first, first, first, 0
	return s.sealProofs(ctx, now)
}

// read reads the window's pages. A cursor that the service no longer knows
// makes it begin the window again; what is here already is recognised.
func (s *stream) read(ctx context.Context, each func(int)) error {
	for more := true; more; {
		var err error
		more, err = s.page(ctx, each)
		if errors.Is(err, ErrCursor) && s.st.Cursor != "" && s.started < restarts {
			s.started++
			s.logger.Info("the service no longer knows the page; the window is read again", "api", s.api, "error", err)
			s.st.Cursor, s.st.Window.Pages, more, err = "", 0, true, nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// page asks for one page and takes it in.
func (s *stream) page(ctx context.Context, each func(int)) (more bool, err error) {
	st, w := s.st, s.st.Window
	asked := s.now().UTC()
	p, err := s.Service.Page(ctx, Query{From: w.From, To: w.To, Cursor: st.Cursor, Memory: st.Memory})
	if err != nil {
		return false, err
	}
	if w.Began.IsZero() {
		w.Began = asked
		if !p.Now.IsZero() {
			w.Began = earlier(asked, p.Now.UTC())
		}
	}
	if err := s.checkProgress(p); err != nil {
		return false, err
	}
	n, err := s.take(ctx, p)
	if err != nil {
		return false, err
	}
	st.Cursor = p.Next
	if p.Memory != nil {
		st.Memory = p.Memory
	}
	w.Pages++
	for _, a := range p.Proofs {
		s.prove(a)
	}
	if p.Next != "" || n > 0 || len(p.Proofs) > 0 {
		if err := s.write(true); err != nil {
			return false, err
		}
	}
	if each != nil {
		each(n)
	}
	return p.Next != "", s.sealProofs(ctx, s.now())
}

// checkProgress ends a service that gives pages for ever.
func (s *stream) checkProgress(p Page) error {
	s.empty++
	if len(p.Events) > 0 || p.Memory != nil {
		s.empty = 0
	}
	if p.Next != "" && (p.Next == s.st.Cursor || s.empty > maxEmpty || s.st.Window.Pages > maxPages) {
		return fmt.Errorf("%w: its pages do not end", ErrPage)
	}
	return nil
}

// take appends the events of a page that are not here yet.
func (s *stream) take(ctx context.Context, p Page) (n int, err error) {
	via := event.ParseTransport(s.via).With("path", p.Path).String()
	var recs []event.Record
	var marks []mark
	size := 0
	here := map[mark]bool{}
	flush := func() error {
		if err := s.append(ctx, recs, marks); err != nil {
			return err
		}
		n += len(recs)
		recs, marks, size = recs[:0], marks[:0], 0
		return nil
	}
	for _, raw := range p.Events {
		m := markOf(s.Service.ID(raw), raw)
		if s.seen.has(m) {
			s.seen.add(m, s.st.Window.To)
			continue
		}
		known := here[m] || s.before[m]
		here[m] = true
		if known {
			continue
		}
		if len(raw) > maxRecord || len(raw) == 0 {
			s.prove(s.oversize(len(raw)))
			continue
		}
		recs, marks = append(recs, event.Record{Source: s.Source, Transport: via, Raw: raw}), append(marks, m)
		if size += len(raw); len(recs) == maxAppend || size > maxBytes {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	if err := flush(); err != nil {
		return n, err
	}
	s.before = here
	return n, nil
}

func (s *stream) oversize(n int) event.Attestation {
	w := s.st.Window
	return event.Attestation{
		From: w.From, To: w.To, Proof: event.ProofCursor, Missing: 1,
		Reason: event.Phrase{
			JA: fmt.Sprintf("%d バイトのイベントは一件の原記録として保存できない", n),
			EN: fmt.Sprintf("an event of %d bytes cannot be kept as one record", n),
		},
	}
}

// append puts records into the vault. Before the first of a window the state
// notes where to look for them after a kill.
func (s *stream) append(ctx context.Context, recs []event.Record, marks []mark) error {
	if len(recs) == 0 {
		return nil
	}
	if !s.st.Doubt {
		if err := s.write(true); err != nil {
			return err
		}
	}
	if err := s.to.Append(ctx, recs); err != nil {
		return err
	}
	for _, m := range marks {
		s.seen.add(m, s.st.Window.To)
	}
	s.st.Records += uint64(len(recs))
	s.st.New += int64(len(recs))
	s.st.Window.Read += len(recs)
	return nil
}

// write makes the state durable. doubt says that appends may follow before it
// is written again.
func (s *stream) write(doubt bool) error {
	s.st.Doubt, s.st.Pending = doubt, s.to.Size()
	s.st.Full, s.st.Seen = s.seen.full, s.seen.pack()
	err := s.save()
	s.st.Seen = nil
	if err != nil {
		s.st.Doubt = false // so that no append happens before it could be written
		return fmt.Errorf("remember how far it has come: %w", err)
	}
	s.show()
	return nil
}

// finish closes a window that was read to its last page.
func (s *stream) finish(ctx context.Context) error {
	st, w := s.st, s.st.Window
	end := earlier(w.To, w.Began)
	st.Complete = later(st.Complete, end)
	st.Settled = later(st.Settled, earlier(end, w.Began.Add(-s.Reread)))
	proven := earlier(end, w.Began.Add(-s.Lag))
	if s.seen.full {
		s.crowded(w, proven)
	} else {
		s.reach(proven)
	}
	s.seen.forget(st.Settled.Add(-remember))
	st.Slice = nextSlice(st.Slice, w.Read)
	st.Window, st.Cursor, st.LastSuccess = nil, "", s.now().UTC()
	if err := s.write(false); err != nil {
		return err
	}
	return s.sealProofs(ctx, s.now())
}

// crowded ends a window with more events than can be remembered: it is not read
// again, so that nothing comes twice, and that late ones may be missing is said.
func (s *stream) crowded(w *window, proven time.Time) {
	s.st.Settled = s.st.Complete.Add(overlap) // so that the next window begins where this one ended
	s.seen.forget(s.st.Settled.Add(2 * maxSlice))
	s.seen.full = false
	if proven.After(s.st.Proven) {
		s.prove(event.Attestation{
			From: s.st.Proven, To: proven, Proof: event.ProofCursor, Records: s.st.New, Missing: -1,
			Reason: event.Phrase{
				JA: fmt.Sprintf("一度に %d 件を超え、遅れて届くイベントを見分けられないため、後からの分が欠けている可能性がある", maxSeen),
				EN: fmt.Sprintf("more than %d events at once: late ones could not be told from those that are here, and may be missing", maxSeen),
			},
		})
		s.st.Proven, s.st.New = proven, 0
	}
}

// nextSlice adapts the length of windows to how many events they held, so that
// those of one window can be remembered.
func nextSlice(now int64, read int) int64 {
	slice := maxSlice
	if now > 0 {
		slice = time.Duration(now) * time.Second
	}
	switch {
	case read > sliceAim:
		slice /= 2
	case read < sliceAim/4:
		slice *= 2
	}
	return int64(min(max(slice, minSlice), maxSlice) / time.Second)
}

func earlier(a, b time.Time) time.Time { return slices.MinFunc([]time.Time{a, b}, time.Time.Compare) }
func later(a, b time.Time) time.Time   { return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare) }
