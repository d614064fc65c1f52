package pull

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
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

// Config is one stream that is pulled. A zero duration means what the service's
// traits say.
type Config struct {
	Name    string // of the service, such as "okta"
	Stream  string // such as "system"
	Source  string // of the records
	Service Service
	Every   time.Duration // how often it is asked. Default: the service's
	Lag     time.Duration // by when an event can be had; completeness is attested up to now less this
	Reread  time.Duration // how far back late events are looked for
	Since   time.Duration // how far back the first pull reaches. Default: all that the service keeps, else 30 days
}

// Options say how to pull.
type Options struct {
	Dir    string // folder of the state files
	To     Vault
	Attest func(ctx context.Context, a event.Attestation) error // seals what is proven
	Logger *slog.Logger
	Now    func() time.Time // default time.Now
}

// Status is how far one stream is.
type Status struct {
	API         string        `json:"api"` // service/stream
	Source      string        `json:"source"`
	Asked       time.Time     `json:"asked,omitzero"` // when it was last asked
	LastSuccess time.Time     `json:"last_success,omitzero"`
	Failing     time.Time     `json:"failing,omitzero"`  // since when every attempt failed
	Complete    time.Time     `json:"complete,omitzero"` // read to the end up to here
	Proven      time.Time     `json:"proven,omitzero"`   // completeness is attested up to here
	Lag         time.Duration `json:"-"`                 // that completeness is attested behind the present
	Every       time.Duration `json:"-"`                 // how often it is asked
	Records     uint64        `json:"records"`           // appended ever
	Failures    int           `json:"failures,omitzero"` // since the last success
	Error       string        `json:"error,omitempty"`   // of the last attempt
	Refused     bool          `json:"refused,omitzero"`  // the last attempt failed because the credentials were refused
	Next        time.Time     `json:"next,omitzero"`     // when it is asked again
	// Wrong is what was last found missing or changed.
	Wrong *event.Attestation `json:"wrong,omitempty"`
}

// Puller pulls many streams, each on its own.
type Puller struct {
	streams []*stream
	now     func() time.Time
	logger  *slog.Logger
	busy    sync.Mutex // Run and Once do not work at once
}

const defaultSince = 30 * 24 * time.Hour

// New prepares pulling; nothing is asked before Run or Once.
func New(configs []Config, o Options) (*Puller, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("pull: %w", err)
	}
	p := &Puller{now: o.Now, logger: o.Logger}
	sources := map[string]bool{}
	for _, c := range configs {
		if event.IsOwn(c.Source) || c.Source == "" || sources[c.Source] {
			return nil, fmt.Errorf("%w: source %q of %s/%s: each stream needs a source of its own, and none that begins with %s", ErrSetting, c.Source, c.Name, c.Stream, event.OwnPrefix)
		}
		sources[c.Source] = true
		s, err := newStream(c, o)
		if err != nil {
			return nil, err
		}
		p.streams = append(p.streams, s)
	}
	return p, nil
}

func newStream(c Config, o Options) (*stream, error) {
	t := c.Service.Traits()
	c.Every, c.Lag, c.Reread = cmp.Or(c.Every, t.Every), cmp.Or(c.Lag, t.Lag), cmp.Or(c.Reread, t.Reread)
	c.Since = cmp.Or(c.Since, t.Keeps, defaultSince)
	api := c.Name + "/" + c.Stream
	if t.Window > 0 && c.Reread > t.Window/2 {
		return nil, fmt.Errorf("%w: %s: reread: at most %s, half of what the service gives at once", ErrSetting, api, t.Window/2)
	}
	if c.Reread > 7*24*time.Hour {
		return nil, fmt.Errorf("%w: %s: reread: at most 168h", ErrSetting, api)
	}
	s := &stream{
		Config: c, api: api, traits: t, path: file(o.Dir, api, c.Source), to: o.To, attest: o.Attest, now: o.Now, logger: o.Logger,
		via:    event.Transport{Kind: "pull"}.With("api", api).String(),
		status: Status{API: api, Source: c.Source, Lag: c.Lag, Every: c.Every},
	}
	s.save = func() error { return s.st.save(s.path) }
	if st, err := load(s.path, api, c.Source); err == nil {
		s.status.Complete, s.status.Proven, s.status.LastSuccess, s.status.Records = st.Complete, st.Proven, st.LastSuccess, st.Records
	}
	return s, nil
}

// Status tells how far each stream is, in the order of the configuration.
func (p *Puller) Status() []Status {
	out := make([]Status, len(p.streams))
	for i, s := range p.streams {
		s.mu.Lock()
		out[i] = s.status
		s.mu.Unlock()
	}
	return out
}

// Run pulls until ctx ends. A stream that fails is tried again, later and later.
func (p *Puller) Run(ctx context.Context) error {
	p.busy.Lock()
	defer p.busy.Unlock()
	var wg sync.WaitGroup
	for _, s := range p.streams {
		wg.Go(func() { s.run(ctx) })
	}
	wg.Wait()
	return context.Cause(ctx)
}

// run pulls one stream again and again.
func (s *stream) run(ctx context.Context) {
	for {
		err := s.try(ctx, nil)
		if ctx.Err() != nil {
			return
		}
		wait := s.Every
		if err != nil {
			wait = s.backOff(err)
			s.logger.Warn("a service could not be pulled", "api", s.api, "source", s.Source, "again_in", wait.Round(time.Second), "error", err)
		}
		if !s.wait(ctx, wait) {
			return
		}
	}
}

// wait lets time pass; false when ctx ended first.
func (s *stream) wait(ctx context.Context, d time.Duration) bool {
	s.mu.Lock()
	s.status.Next = s.now().Add(d).UTC()
	s.mu.Unlock()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// try makes one round and notes how it went.
func (s *stream) try(ctx context.Context, each func(int)) error {
	asked := s.now().UTC()
	s.mu.Lock()
	s.status.Asked = asked
	s.mu.Unlock()
	err := s.round(ctx, each)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.status.Failures == 0 {
			s.status.Failing = asked
		}
		s.status.Failures++
		s.status.Error, s.status.Refused = clip(err.Error()), errors.Is(err, ErrRefused)
		return err
	}
	s.status.Failures, s.status.Error, s.status.Failing, s.status.Refused = 0, "", time.Time{}, false
	return nil
}

const (
	firstWait   = 10 * time.Second
	longestBack = 15 * time.Minute
)

// backOff is how long to wait after a failure: as long as the service asks,
// else doubling. Both are spread, so that many do not come back at once.
func (s *stream) backOff(err error) time.Duration {
	if r, ok := errors.AsType[*refusal](err); ok && r.after > 0 {
		return r.after + rand.N(r.after/10+time.Second)
	}
	s.mu.Lock()
	n := s.status.Failures
	s.mu.Unlock()
	d := min(firstWait<<min(max(n-1, 0), 10), longestBack)
	return d/2 + rand.N(d/2+1)
}

// show takes what the pages show from the state.
func (s *stream) show() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Complete, s.status.Proven, s.status.LastSuccess, s.status.Records = s.st.Complete, s.st.Proven, s.st.LastSuccess, s.st.Records
}

func (s *stream) trouble(a event.Attestation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Wrong = &a
}

// Progress is what one pull has brought so far.
type Progress struct {
	API      string
	Source   string
	Records  int
	Complete time.Time // read to the end up to here
}

// Result is what one pull of a stream brought.
type Result struct {
	Status
	New int   `json:"new"` // records that were not here
	Err error `json:"-"`
}

const (
	onceTries = 5
	onceWait  = time.Minute // longest wait of Once for a service
)

// Once pulls the streams whose service, service/stream or source is named, or
// all, to the present, one after another, and gives what came. It waits a few times
// for a service that asks for a little patience.
func (p *Puller) Once(ctx context.Context, names []string, each func(Progress)) ([]Result, error) {
	p.busy.Lock()
	defer p.busy.Unlock()
	for _, n := range names {
		if !slices.ContainsFunc(p.streams, func(s *stream) bool { return s.named(n) }) {
			return nil, fmt.Errorf("%w: nothing that is pulled is called %q", ErrSetting, n)
		}
	}
	var out []Result
	for _, s := range p.streams {
		if len(names) > 0 && !slices.ContainsFunc(names, s.named) {
			continue
		}
		r := Result{}
		r.Err = s.once(ctx, func(n int) {
			r.New += n
			if each != nil {
				each(Progress{API: s.api, Source: s.Source, Records: r.New, Complete: s.st.Complete})
			}
		})
		s.mu.Lock()
		r.Status = s.status
		s.mu.Unlock()
		out = append(out, r)
		if err := context.Cause(ctx); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (s *stream) named(n string) bool { return n == s.Name || n == s.api || n == s.Source }

func (s *stream) once(ctx context.Context, each func(int)) error {
	for tries := 1; ; tries++ {
		err := s.try(ctx, each)
		if !errors.Is(err, ErrThrottled) || tries == onceTries {
			return err
		}
		if wait := s.backOff(err); wait > onceWait || !s.wait(ctx, wait) {
			return err
		}
	}
}
