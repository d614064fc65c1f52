package casework

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/vault"
)

// answerNow computes the answers of a case's questions from what is known now,
// or lately.
func (s *Service) answerNow(ctx context.Context, c *investigate.Case) error {
	c.Questions = slices.Clone(c.Questions)
	for i := range c.Questions {
		q := &c.Questions[i]
		if q.Query == "" && len(q.Sources) == 0 {
			continue
		}
		var err error
		if q.Answer, err = s.answer(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// unanswerable is the answer to a question that no source is asked.
func unanswerable(q *investigate.Question) coverage.Answer {
	return coverage.Answer{
		Verdict: coverage.VerdictUnknown, From: q.From, To: q.To, Coverage: []coverage.SourceCoverage{},
		Because: []event.Phrase{{JA: "どのログ源にも記録がない", EN: "no source holds a record of it"}},
	}
}

// sightings remembers what is known of records that are cited: a record never
// changes, but it can be let go, which changes what the registry knows.
type sightings struct {
	mu      sync.Mutex
	of      map[uint64]*sighting
	version uint64
}

type sighting struct {
	received, at       time.Time
	source, host, item string
	quality            event.Quality
	gone               event.Gone
}

const maxSightings = 250_000

// known gives what is remembered of a record; nil where nothing is.
func (m *sightings) known(seq, version uint64) *sighting {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != version || len(m.of) >= maxSightings || m.of == nil {
		m.of, m.version = map[uint64]*sighting{}, version
	}
	return m.of[seq]
}

func (m *sightings) note(seq, version uint64, it *sighting) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version == version {
		m.of[seq] = it
	}
}

// sighting reads a record and its first event; of one that is no more only why.
func (s *Service) sighting(ctx context.Context, derive *normalise.Normaliser, seq uint64) (*sighting, error) {
	version := s.Changes()
	if known := s.seen.known(seq, version); known != nil {
		return known, nil
	}
	rec, err := s.Vault.Get(ctx, seq)
	it, err := sightingOf(derive, &rec, err)
	if err != nil {
		return nil, fmt.Errorf("casework: record %d: %w", seq, err)
	}
	s.seen.note(seq, version, it)
	return it, nil
}

// look reads records of which nothing is remembered in one pass. What cannot be
// read is told when it is asked for.
func (s *Service) look(ctx context.Context, derive *normalise.Normaliser, seqs []uint64) {
	version := s.Changes()
	var unknown []uint64
	for _, seq := range sorted(seqs) {
		if s.seen.known(seq, version) == nil {
			unknown = append(unknown, seq)
		}
	}
	for rec, err := range s.Vault.Pick(ctx, unknown) {
		if it, err := sightingOf(derive, &rec.Record, err); err == nil {
			s.seen.note(rec.Seq, version, it)
		}
	}
}

// sightingOf is what a record tells that was read with err.
func sightingOf(derive *normalise.Normaliser, rec *event.Record, err error) (*sighting, error) {
	if errors.Is(err, vault.ErrGone) {
		return &sighting{gone: max(rec.Gone, event.Expired)}, nil
	}
	if err != nil {
		return nil, err
	}
	ev := derive.Events(nil, rec)[0]
	if event.LiveKind(event.ParseTransport(rec.Transport).Kind) {
		ev.Quality.YearInferred = false // its receipt tells the year
	}
	return &sighting{received: rec.Received, at: ev.Time, source: ev.Source, host: ev.Host, item: ev.Object + ev.Statement, quality: ev.Quality}, nil
}

// markOrder says how certain the order of the timeline is, by the records that
// its rows cite. Of those that are no more nothing is known.
func (s *Service) markOrder(ctx context.Context, c *investigate.Case) error {
	l, err := s.Ledger(ctx)
	if err != nil {
		return err
	}
	c.Timeline = slices.Clone(c.Timeline)
	seen := make([]*investigate.Seen, len(c.Timeline))
	derive := normalise.New()
	var first []uint64
	for i := range c.Timeline {
		first = append(first, c.Timeline[i].Cites[:min(1, len(c.Timeline[i].Cites))]...)
	}
	s.look(ctx, derive, first)
	for i := range c.Timeline {
		if len(c.Timeline[i].Cites) == 0 {
			continue
		}
		if it, err := s.sighting(ctx, derive, c.Timeline[i].Cites[0]); err == nil && it.gone == event.Present {
			seen[i] = &investigate.Seen{Source: it.source, Host: it.host, Quality: it.quality, Clock: l.Clock(it.source, it.host, it.received)}
		}
	}
	investigate.MarkOrder(c.Timeline, seen)
	return nil
}
