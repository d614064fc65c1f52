package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/detect"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/duckdb"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/vault"
)

// flow carries records from the vault through normalise and detect into the
// index, in Seq order. It keeps no state of its own that a crash could lose:
// it begins again where the index ends.
type flow struct {
	vault  *vault.Vault
	index  *duckdb.Index
	pack   *detect.Pack
	own    ownRecords
	advise func(ctx context.Context, until time.Time) error // matches advisories, up to an instant
	logger *slog.Logger

	mu      sync.Mutex
	moved   chan struct{} // closed and renewed whenever done grows or the flow stops
	done    uint64        // every record up to here can be searched
	arrived uint64        // the last of them that came from outside
	stopped error
	tallies map[string]*control.Tally // by transport
	files   map[string]*control.Tally // by the transport's file id

	raising  sync.Mutex     // one finding is sealed once
	covering sync.Mutex     // one segment is covered at a time
	covers   chan struct{}  // to the coverer: something may be ready
	counted  uint64         // up to here it is known what deriving lost
	late     time.Duration  // difference of times that makes a live record late
	live     *liveDetection // nil unless serving
	watched  detect.Stats   // of the last run over everything
}

// ownRecords is what control folds from konseki's own records.
type ownRecords interface {
	Apply(rec event.Record)
	Raised(findingID string) bool
	Seen(ctx context.Context, id, kind, ack string) error
	Derived(last, outside uint64, found []event.Loss)
	SealCounted(ctx context.Context) error
}

func newFlow(v *vault.Vault, x *duckdb.Index, pack *detect.Pack, logger *slog.Logger) *flow {
	return &flow{
		vault: v, index: x, pack: pack, logger: logger, moved: make(chan struct{}), covers: make(chan struct{}, 1),
		tallies: map[string]*control.Tally{}, files: map[string]*control.Tally{},
	}
}

// batchRecords is how many rows are derived and indexed at a time, batchBytes
// about how much of text.
const (
	batchRecords = 8192
	batchBytes   = 64 << 20
)

// batch is a stretch of records on its way into the index.
type batch struct {
	rows     []index.Row
	bytes    int // of records and decoded texts
	last     uint64
	outside  uint64 // the last record that is not konseki's own
	findings []finding.Finding
	own      []event.Record
	seen     []seenSource
	losses   *coverage.Losses // nil while there are none
}

func (b *batch) full() bool { return len(b.rows) >= batchRecords || b.bytes >= batchBytes }

type seenSource struct{ id, kind, ack string }

// run moves records until the context ends. Reading and deriving the next
// batch overlaps with indexing the last one.
func (f *flow) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	derived := make(chan *batch, 1)
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(derived)
		failed = f.derive(ctx, derived)
	})
	var uncovered error
	wg.Go(func() {
		if uncovered = f.coverLoop(ctx); uncovered != nil {
			cancel()
		}
	})
	var err error
	for b := range derived {
		if err = f.store(ctx, b); err != nil {
			break
		}
	}
	cancel()
	for range derived { // let derive end
	}
	wg.Wait()
	err = cmp.Or(uncovered, err, failed)
	f.stop(err)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// derive reads records in Seq order and derives their events and findings.
func (f *flow) derive(ctx context.Context, out chan<- *batch) error {
	d := newDeriver(f.pack)
	last := f.reached()
	for {
		if err := f.vault.Wait(ctx, last); err != nil {
			return err
		}
		b := &batch{}
		for rec, err := range f.vault.Records(ctx, last+1) {
			if err != nil {
				return fmt.Errorf("server: read record %d: %w", last+1, err)
			}
			evs := d.record(b, rec)
			f.count(rec, evs)
			if rec.Seq > f.counted && !event.IsOwn(rec.Source) && rec.Gone == event.Present {
				f.lossOf(b, rec, evs)
			}
			last = rec.Seq
			if b.full() {
				if err := send(ctx, out, b); err != nil {
					return err
				}
				b = &batch{}
			}
		}
		if b.last > 0 {
			if err := send(ctx, out, b); err != nil {
				return err
			}
		}
	}
}

func send(ctx context.Context, out chan<- *batch, b *batch) error {
	select {
	case out <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// deriver turns records into rows and findings.
type deriver struct {
	normaliser *normalise.Normaliser
	detector   *detect.Detector
	sources    map[string]bool
	again      bool // the findings of these records were raised before

	transport string // of the last record, and what it says of its arrival
	live      bool
	peer      string
}

func newDeriver(pack *detect.Pack) *deriver {
	return &deriver{normaliser: normalise.New(), detector: detect.NewDetector(pack), sources: map[string]bool{}}
}

// record derives one record's events into the batch and returns them.
func (d *deriver) record(b *batch, rec event.Record) []event.Event {
	if rec.Gone != event.Present {
		b.last = max(b.last, rec.Seq)
		return nil // nothing can be derived from bytes that are gone
	}
	evs := d.normaliser.Events(nil, &rec)
	own := event.IsOwn(rec.Source)
	live, peer := d.arrival(rec.Transport)
	b.bytes += len(rec.Raw)
	for i := range evs {
		evs[i].Live, evs[i].Peer = live && !own, peer
		b.bytes += 2 * len(evs[i].Text)
		b.rows = append(b.rows, index.Row{Event: &evs[i], Raw: rec.Raw})
		switch {
		case own:
		case d.again:
			d.detector.Note(&evs[i], rec.Raw)
		default:
			b.findings = d.detector.Look(&evs[i], rec.Raw, b.findings)
		}
	}
	b.last = rec.Seq
	if !own {
		b.outside = rec.Seq
	}
	switch {
	case own:
		b.own = append(b.own, rec)
	case !d.sources[rec.Source]:
		d.sources[rec.Source] = true
		b.seen = append(b.seen, seenSource{rec.Source, kindOf(evs[0].Format), coverage.AckOf(event.ParseTransport(rec.Transport).Kind)})
	}
	return evs
}

// store indexes a batch, lets the views see their own records and seals the
// findings that were not made before.
func (f *flow) store(ctx context.Context, b *batch) error {
	if err := f.index.Add(ctx, b.rows); err != nil {
		return fmt.Errorf("server: index: %w", err)
	}
	for _, rec := range b.own {
		f.own.Apply(rec)
	}
	for _, s := range b.seen {
		if err := f.persist(ctx, func() error { return f.own.Seen(ctx, s.id, s.kind, s.ack) }); err != nil {
			return err
		}
	}
	found := b.findings
	if f.live != nil {
		found = append(found, f.live.observe(b.rows)...)
	}
	if err := f.persist(ctx, func() error { return f.raise(ctx, found) }); err != nil {
		return err
	}
	if b.last > f.counted {
		f.own.Derived(b.last, b.outside, b.lost())
	}
	f.reach(b.last, b.outside)
	select {
	case f.covers <- struct{}{}:
	default: // it knows already
	}
	return nil
}

// coverLoop writes derived files beside the indexing of what comes next. The
// vault closes a segment some time after its last record, so it looks again.
func (f *flow) coverLoop(ctx context.Context) error {
	again := time.NewTicker(coverEvery)
	defer again.Stop()
	for {
		select {
		case <-f.covers:
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
		err := f.persist(ctx, func() error { return f.cover(ctx) })
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// coverEvery is how often new segments are looked for while nothing arrives.
const coverEvery = 2 * time.Second

// persistEvery is how long a server waits before it tries again what needs
// room on the disk.
const persistEvery = 2 * time.Second

// persist does what writes. A server tries again until there is room: senders
// are held back meanwhile by the vault itself. A command gives up at once.
func (f *flow) persist(ctx context.Context, write func() error) error {
	for {
		err := write()
		if err == nil || f.live == nil || ctx.Err() != nil {
			return err
		}
		f.logger.Error("cannot go on yet; trying again", "error", err)
		select {
		case <-time.After(persistEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// raise seals findings, each once.
func (f *flow) raise(ctx context.Context, found []finding.Finding) error {
	if len(found) == 0 {
		return nil
	}
	f.raising.Lock()
	defer f.raising.Unlock()
	var recs []event.Record
	fresh := map[string]bool{}
	for _, x := range found {
		if fresh[x.ID] || f.own.Raised(x.ID) {
			continue
		}
		fresh[x.ID] = true
		rec, err := control.OwnRecord(event.SourceFinding, x)
		if err != nil {
			return fmt.Errorf("server: finding %s: %w", x.RuleID, err)
		}
		recs = append(recs, rec)
	}
	if len(recs) == 0 {
		return nil
	}
	if err := f.vault.Append(ctx, recs); err != nil {
		return fmt.Errorf("server: seal findings: %w", err)
	}
	for _, rec := range recs {
		f.own.Apply(rec)
	}
	return nil
}

// cover moves the rows of every newly closed segment into its derived file.
func (f *flow) cover(ctx context.Context) error {
	f.covering.Lock()
	defer f.covering.Unlock()
	reached := f.reached()
	for _, s := range f.vault.Segments() {
		seg := segmentOf(s)
		if s.Last > reached || f.index.Has(seg) {
			continue
		}
		if err := f.countedUpTo(ctx); err != nil {
			return err
		}
		err := duckdb.ErrRewritten // of what has not come into a file yet, some may be gone
		if s.Generation == 0 {
			err = f.index.Cover(ctx, seg)
		}
		if errors.Is(err, duckdb.ErrRewritten) {
			err = f.index.Replace(ctx, seg, f.rowsOf(ctx, seg))
		}
		if err != nil {
			return fmt.Errorf("server: index segment %s: %w", s.Name, err)
		}
	}
	return f.dropGone(ctx)
}

// rowsOf derives the rows of a segment again; findings were raised before.
func (f *flow) rowsOf(ctx context.Context, seg index.Segment) iter.Seq2[index.Row, error] {
	return func(yield func(index.Row, error) bool) {
		d := newDeriver(f.pack)
		d.again = true
		for rec, err := range f.vault.Records(ctx, seg.First) {
			if err != nil {
				yield(index.Row{}, err)
				return
			}
			if rec.Seq > seg.Last {
				return
			}
			b := &batch{}
			d.record(b, rec)
			for _, r := range b.rows {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// dropGone has the index forget the segments that the vault no longer has.
func (f *flow) dropGone(ctx context.Context) error {
	names := map[string]bool{}
	for _, s := range f.vault.Segments() {
		names[s.Name] = true
	}
	var gone []string
	for _, s := range f.index.Segments() {
		if !names[s.Name] {
			gone = append(gone, s.Name)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if err := f.index.Drop(ctx, gone...); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

func segmentOf(s vault.Segment) index.Segment {
	return index.Segment{Name: s.Name, Path: s.Path, First: s.First, Last: s.Last}
}

// rebuild derives the events of closed segments that have no derived file,
// oldest first, and returns what the rules find in them: nearly all of it was
// raised before, but not what konseki had no time for when it was stopped.
func (f *flow) rebuild(ctx context.Context, progress func(done, total uint64)) ([]finding.Finding, error) {
	if err := f.dropGone(ctx); err != nil {
		return nil, err
	}
	d := newDeriver(f.pack)
	size := f.vault.Size()
	var found []finding.Finding
	known := map[string]bool{}
	for _, s := range f.vault.Segments() {
		seg := segmentOf(s)
		if f.index.Has(seg) {
			f.reach(s.Last, s.Last)
			continue
		}
		b := &batch{}
		for rec, err := range f.vault.Records(ctx, s.First) {
			if err != nil {
				return nil, fmt.Errorf("server: reindex: %w", err)
			}
			if rec.Seq > s.Last {
				break
			}
			d.record(b, rec)
			if b.full() {
				if err := f.index.Add(ctx, b.rows); err != nil {
					return nil, fmt.Errorf("server: reindex: %w", err)
				}
				b.rows, b.bytes = b.rows[:0], 0
				progress(rec.Seq, size)
			}
		}
		if err := f.index.Add(ctx, b.rows); err != nil {
			return nil, fmt.Errorf("server: reindex: %w", err)
		}
		if err := f.index.Cover(ctx, seg); err != nil {
			return nil, fmt.Errorf("server: reindex %s: %w", s.Name, err)
		}
		for _, x := range b.findings {
			if !known[x.ID] {
				known[x.ID] = true
				found = append(found, x)
			}
		}
		f.reach(s.Last, s.Last)
		progress(s.Last, size)
	}
	return found, nil
}

// Sync implements [control.Flow].
func (f *flow) Sync(ctx context.Context) error { return f.await(ctx, f.vault.Size()) }

// await waits until every record up to seq can be searched.
func (f *flow) await(ctx context.Context, seq uint64) error {
	for {
		f.mu.Lock()
		done, moved, stopped := f.done, f.moved, f.stopped
		f.mu.Unlock()
		switch {
		case done >= seq:
			return nil
		case stopped != nil:
			return fmt.Errorf("server: the index stands still: %w", stopped)
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *flow) reached() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// Arrived implements [control.Flow].
func (f *flow) Arrived() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.arrived
}

func (f *flow) reach(seq, outside uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.arrived = max(f.arrived, outside)
	if seq > f.done {
		f.done = seq
		close(f.moved)
		f.moved = make(chan struct{})
	}
}

func (f *flow) stop(err error) {
	if err == nil {
		err = context.Canceled
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = err
	close(f.moved)
	f.moved = make(chan struct{})
}

// Correlate implements [control.Flow]: the baselines over everything, in event
// time, as if it had been watched from the beginning.
func (f *flow) Correlate(ctx context.Context) error {
	if err := f.Sync(ctx); err != nil {
		return err
	}
	w, err := detect.NewWatch(f.pack)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	var last time.Time
	for ev, err := range f.index.Stream(ctx, time.Time{}, time.Time{}) {
		if err != nil {
			return fmt.Errorf("server: correlate: %w", err)
		}
		if ev.Format == event.Unparsed || ev.Quality.Zone == event.ZoneReceived {
			continue // its time says when it was received, not when it happened
		}
		last = later(last, ev.Time)
		if err := f.raise(ctx, w.Observe(ev)); err != nil {
			return err
		}
	}
	if err := f.raise(ctx, w.End(last)); err != nil {
		return err
	}
	if err := f.advise(ctx, last); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	f.mu.Lock()
	f.watched = w.Stats()
	f.mu.Unlock()
	return f.Sync(ctx)
}

// Watched implements [control.Flow].
func (f *flow) Watched() control.Watched {
	f.mu.Lock()
	s := f.watched
	f.mu.Unlock()
	if f.live != nil {
		s = f.live.stats()
	}
	return control.Watched{
		Observed: s.Observed, Late: s.Late, Crowded: s.Crowded, Evicted: s.Baselines.Evicted + s.Correlations.Evicted,
		Clipped: s.Correlations.Clipped + s.Correlations.Late,
	}
}

var _ control.Flow = (*flow)(nil)
