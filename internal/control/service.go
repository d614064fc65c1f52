package control

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/query"
	"github.com/konseki/konseki/internal/vault"
)

// ErrNotFound marks a record or case that does not exist.
var ErrNotFound = errors.New("not found")

// ErrInvalid marks a request that cannot be carried out; the message says what
// to do.
var ErrInvalid = investigate.ErrInvalid

// Index is what the operations ask of an index.
type Index interface {
	Search(ctx context.Context, r index.Request) (index.Page, error)
	Count(ctx context.Context, r index.Request) (int64, error)
	Histogram(ctx context.Context, r index.Request, width time.Duration) ([]index.Bucket, error)
	Facet(ctx context.Context, r index.Request, column string, n int) ([]index.Value, error)
	Pivot(ctx context.Context, kind, value string, from, to time.Time) (index.Pivot, error)
	Around(ctx context.Context, r index.Request) (index.Pivot, error)
	Presence(ctx context.Context, from, to time.Time, width time.Duration) ([]index.Presence, error)
	Sequences(ctx context.Context) ([]sequence.Run, error)
	Offsets(ctx context.Context) ([]offset.Estimate, error)
	Stream(ctx context.Context, from, to time.Time) iter.Seq2[*event.Event, error]
	Last() uint64
}

// Flow is the way of records into the index.
type Flow interface {
	// Sync waits until every record that is durable now can be searched.
	Sync(ctx context.Context) error
	// Arrived is the last record from outside that can be searched; konseki's
	// own records do not move it.
	Arrived() uint64
	// Tally tells what became of the records of a file, by its id.
	Tally(file string) Tally
	// Correlate runs the baselines over all events in event time and seals
	// what they find; a finding made before is not made again.
	Correlate(ctx context.Context) error
	// Watched tells what correlations and baselines looked at.
	Watched() Watched
	// Renew derives again what the index holds of segments that the vault has
	// written again.
	Renew(ctx context.Context) error
}

// Tally counts what became of the records of one file.
type Tally struct {
	Records, Events, Unparsed int64
	First, Last               time.Time // event times
	Formats                   map[string]int64
	ZoneAssumed               bool // of an event at least
}

// Service carries out the operations on an open vault.
type Service struct {
	Deps
	mu       sync.Mutex
	registry *registry
	ledger   cachedLedger
	losses   *lossKeeper
	keeping  chan struct{} // full while records are let go
	bringing chan struct{} // full while files are imported
	// Known resolves the names that only the company knows; nil refuses them.
	Known   query.Resolver
	asked   map[string]time.Time // what was recorded as asked lately, by person and question
	matcher *coverage.Matcher    // of the registry at version matched
	matched uint64
}

// Deps is what the operations work on.
type Deps struct {
	Vault   *vault.Vault
	Dir     string // of the vault, for verifying it from the files alone
	Index   Index
	Flow    Flow
	Zone    *time.Location
	Keep    Policy // how long records are kept; the zero Policy keeps them for ever
	Budget  int    // stories a day that are shown; 0 for 20
	Version string
	Rules   int
	Logger  *slog.Logger
	Now     func() time.Time
	Outside func() []Outside // nil when nothing is asked outside
	Pulling coverage.Pulling // nil when no service is asked for its records
}

var _ Operations = (*Service)(nil)

// New returns the operations on what deps holds. [Service.Apply] must be fed
// every own record, those already in the vault first.
func New(deps Deps) *Service {
	return &Service{Deps: deps, registry: newRegistry(), losses: newLossKeeper(), keeping: make(chan struct{}, 1), bringing: make(chan struct{}, 1), asked: map[string]time.Time{}}
}

// seal appends one own record and waits until it can be searched. Views that
// are folded from records have seen it by then.
func (s *Service) seal(ctx context.Context, source string, body any) (event.Record, error) {
	rec, err := OwnRecord(source, body)
	if err != nil {
		return rec, err
	}
	recs := []event.Record{rec}
	if err := s.Vault.Append(ctx, recs); err != nil {
		return rec, fmt.Errorf("control: %w", err)
	}
	if err := s.Flow.Sync(ctx); err != nil {
		return recs[0], fmt.Errorf("control: %w", err)
	}
	return recs[0], nil
}

// OwnRecord makes a record of konseki's own: source is one of the event.Source
// names, body becomes its JSON. It is not appended.
func OwnRecord(source string, body any) (event.Record, error) {
	raw, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return event.Record{}, fmt.Errorf("control: encode %s: %w", source, err)
	}
	via := event.Transport{Kind: "konseki"}.With("format", "konseki")
	return event.Record{Source: source, Transport: via.String(), Raw: raw}, nil
}

// access is the record of somebody looking at evidence.
type access struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Op    string    `json:"op"`
	Query string    `json:"query,omitempty"`
	Peer  string    `json:"peer,omitempty"` // the address that somebody came in from
	From  time.Time `json:"from,omitzero"`
	To    time.Time `json:"to,omitzero"`
	Found int64     `json:"found,omitempty"`

	Known  []query.Meaning `json:"known,omitempty"`  // what the query's names were taken to mean
	Reason string          `json:"reason,omitempty"` // why masks were taken off
}

// sameQuestion is how long the same question of the same person is one access:
// a page asks for its rows, its histogram and its facets together.
const sameQuestion = time.Minute

// record seals that somebody looked at evidence, once per question. Looking is
// refused when it cannot be recorded.
func (s *Service) record(ctx context.Context, a access) error {
	key := a.By + "\x00" + a.Op + "\x00" + a.Query + "\x00" + a.From.String() + a.To.String()
	for _, m := range a.Known {
		key += "\x00" + m.Said.EN // another version of the knowledge is another question
	}
	now := s.Now()
	s.mu.Lock()
	if at, ok := s.asked[key]; ok && now.Sub(at) < sameQuestion {
		s.mu.Unlock()
		return nil
	}
	for k, at := range s.asked {
		if now.Sub(at) >= sameQuestion {
			delete(s.asked, k)
		}
	}
	s.asked[key] = now
	s.mu.Unlock()
	err := s.sealAccess(ctx, a)
	if err != nil {
		s.mu.Lock()
		delete(s.asked, key) // asking again is not recorded either
		s.mu.Unlock()
	}
	return err
}

// sealAccess seals an access, each time.
func (s *Service) sealAccess(ctx context.Context, a access) error {
	a.At = s.Now()
	rec, err := OwnRecord(event.SourceAccess, a)
	if err == nil {
		err = s.Vault.Append(ctx, []event.Record{rec})
	}
	if err != nil {
		return fmt.Errorf("control: record the access: %w", err)
	}
	return nil
}

// cachedLedger is the coverage ledger of the index as it stood lately.
type cachedLedger struct {
	mu     sync.Mutex
	ledger *coverage.Ledger
	upTo   uint64
	lost   uint64 // losses counted
	at     time.Time
	took   time.Duration
	sealed uint64                     // registry version
	pulls  string                     // which services failed, and since when
	held   map[string]map[string]bool // by query: sources that had such an event when the ledger was made
}

// A ledger may be this old while records keep arriving: ledgerAge, or
// ledgerShare times as long as it took to make, so that most of the time goes
// into answers.
const (
	ledgerAge   = 2 * time.Second
	ledgerShare = 10
)

// coverageLedger returns the ledger over everything in the index.
func (s *Service) coverageLedger(ctx context.Context) (*coverage.Ledger, error) {
	c := &s.ledger
	c.mu.Lock()
	defer c.mu.Unlock()
	now, last, lost, version := s.Now(), s.Flow.Arrived(), s.losses.version(), s.registry.version()
	failing := s.Pulling.Failing()
	fresh := c.ledger != nil && c.sealed == version && c.pulls == failing && (c.upTo == last && c.lost == lost || now.Sub(c.at) < max(ledgerAge, ledgerShare*c.took))
	if fresh {
		return c.ledger, nil
	}
	began := time.Now()
	width, err := s.presenceWidth(ctx)
	if err != nil {
		return nil, err
	}
	facts, err := s.facts(ctx, width)
	if err != nil {
		return nil, err
	}
	c.ledger, c.held = coverage.New(facts), nil
	c.upTo, c.lost, c.at, c.sealed, c.pulls, c.took = last, lost, now, version, failing, time.Since(began)
	return c.ledger, nil
}

// presenceWidth is the bucket width of the ledger: an hour, wider for spans of
// years so that the ledger stays small.
func (s *Service) presenceWidth(ctx context.Context) (time.Duration, error) {
	spans, err := s.Index.Presence(ctx, time.Time{}, time.Time{}, 0)
	if err != nil {
		return 0, fmt.Errorf("control: coverage: %w", err)
	}
	var first, last time.Time
	for _, p := range spans {
		if first.IsZero() || p.First.Before(first) {
			first = p.First
		}
		if p.Last.After(last) {
			last = p.Last
		}
	}
	width := time.Hour
	for last.Sub(first) > 5000*width {
		width *= 2
	}
	return width, nil
}

// behind counts the acknowledged records that cannot be searched yet.
func (s *Service) behind() uint64 {
	size, last := s.Vault.Size(), s.Index.Last()
	if size <= last {
		return 0
	}
	return size - last
}

// syncFor is how long an answer waits for the index to read what was
// acknowledged before it says that it is behind.
const syncFor = 10 * time.Second

func (s *Service) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, syncFor)
	defer cancel()
	err := s.Flow.Sync(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // the answer says how far behind it is
	}
	return err
}

// Status implements [Operations].
func (s *Service) Status(ctx context.Context) (Status, error) {
	v := s.Vault.Status()
	st := Status{
		Version: s.Version, Records: v.Size, Sealed: v.Sealed, Indexed: s.Index.Last(), TailAge: v.TailAge,
		LastSeal: v.LastSeal, Checkpoint: v.Checkpoint, PublicKey: v.PublicKey, DiskBytes: v.DiskBytes,
		Rules: s.Rules, Zone: s.Zone.String(),
	}
	st.Pulls = s.Pulling.All()
	if s.Outside != nil {
		st.Outside = s.Outside()
	}
	for _, o := range st.Outside {
		if o.Kind == "witness" && o.Upto > 0 && o.Trouble == "" && !o.Alarm {
			st.Witnesses++
		}
	}
	l, err := s.coverageLedger(ctx)
	if err != nil {
		return st, err
	}
	st.First, st.Last = l.Bounds()
	st.Findings = s.registry.findings()
	return st, nil
}
