package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Sourcing is what a person may ask about sources beside registering them.
type Sourcing interface {
	// ConfirmSource registers a source as it was seen.
	ConfirmSource(ctx context.Context, by, id string) error
	// RequestEvidence takes down that another party was asked for records that it
	// holds, or what it answered. A refusal makes the records refused from then
	// on; what they were asked for must then have a begin and an end.
	RequestEvidence(ctx context.Context, by, id string, r coverage.Request) error
	// HostCoverage gives the coverage of each host of a source over a window.
	HostCoverage(ctx context.Context, by, source string, from, to time.Time) ([]SourceCoverage, error)
	// SealCoverage seals what is known of every source now, and returns the number
	// of the record.
	SealCoverage(ctx context.Context, by string) (uint64, error)
}

var _ Sourcing = (*Service)(nil)

// ConfirmSource implements [Sourcing].
func (s *Service) ConfirmSource(ctx context.Context, by, id string) error {
	src, ok := s.registry.source(id)
	if !ok {
		return fmt.Errorf("source %s: %w: nothing was ever seen of it; register it with konseki source add", id, ErrNotFound)
	}
	if src.Expected {
		return nil
	}
	return s.AddSource(ctx, by, src)
}

// ExpectSources registers the sources that the configuration names, each that
// is not registered so already.
func (s *Service) ExpectSources(ctx context.Context, list []Source) error {
	for _, src := range list {
		src.ID = strings.TrimSpace(src.ID)
		if known, ok := s.registry.source(src.ID); ok {
			src.Ack, src.Requests = known.Ack, known.Requests
			src.Absent = slices.Concat(src.Absent, without(known.Absent, src.Absent))
		}
		if s.registered(src) {
			continue
		}
		if err := s.AddSource(ctx, "konseki.yaml", src); err != nil {
			return fmt.Errorf("konseki.yaml: sources: %w", err)
		}
	}
	return nil
}

// without lists the absences that are not among others.
func without(list, others []coverage.Absence) []coverage.Absence {
	var out []coverage.Absence
	for _, a := range list {
		if !slices.ContainsFunc(others, a.Same) {
			out = append(out, a)
		}
	}
	return out
}

// Matcher finds the source of a live record by what is registered now.
func (s *Service) Matcher() *coverage.Matcher {
	version := s.registry.version()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.matcher == nil || s.matched != version {
		s.matcher, s.matched = coverage.NewMatcher(s.registry.sources()), version
	}
	return s.matcher
}

// RequestEvidence implements [Sourcing].
func (s *Service) RequestEvidence(ctx context.Context, by, id string, r coverage.Request) error {
	src, ok := s.registry.source(id)
	if !ok {
		return fmt.Errorf("source %s: %w; register it first: konseki source add %[1]s --held-by NAME", id, ErrNotFound)
	}
	if r.Of == "" {
		r.Of = src.HeldBy
	}
	switch {
	case r.Of == "":
		return event.Refuse(ErrInvalid, "who was asked? name them, or register the source with who holds its records", "誰に求めたかを書いてください。記録の持ち主をログ源に登録しても構いません")
	case r.State != coverage.Asked && r.State != coverage.Received && r.State != coverage.RequestRefused:
		return event.Refuse(ErrInvalid, "a request is asked, received or refused, not %q", "求めの状態は asked、received、refused のいずれかです（%q ではありません）", r.State)
	case r.State == coverage.RequestRefused && !r.From.Before(r.To):
		return event.Refuse(ErrInvalid, "which records were refused? give a begin and an end", "どの期間の記録を断られたのか、始まりと終わりを書いてください")
	}
	if r.At.IsZero() {
		r.At = s.Now()
	}
	r.By = by
	op := sourceOp{At: s.Now(), By: by, Op: opSourceRequest, Source: Source{ID: id}, Request: &r}
	_, err := s.seal(ctx, event.SourceRegistry, op)
	return err
}

// refusals are what the requests of a source make absent: what was refused and
// not received later.
func refusals(src Source) []coverage.Absence {
	var out []coverage.Absence
	for i, r := range src.Requests {
		if r.State != coverage.RequestRefused || receivedAfter(src.Requests[i+1:], r) {
			continue
		}
		reason := r.Note
		if reason.Empty() {
			reason = event.Phrase{JA: "「" + r.Of + "」が提供を拒否", EN: r.Of + " refused to hand them over"}
		}
		out = append(out, coverage.Absence{From: r.From, To: r.To, State: coverage.Refused, Reason: reason, Proof: "request"})
	}
	return out
}

func receivedAfter(later []coverage.Request, refused coverage.Request) bool {
	for _, r := range later {
		whole := r.From.IsZero() || !r.From.After(refused.From) && !r.To.Before(refused.To)
		if r.State == coverage.Received && r.Of == refused.Of && whole {
			return true
		}
	}
	return false
}

// HostCoverage implements [Sourcing].
func (s *Service) HostCoverage(ctx context.Context, by, source string, from, to time.Time) ([]SourceCoverage, error) {
	l, from, to, err := s.ledgerOver(ctx, from, to)
	if err != nil {
		return nil, err
	}
	out := []SourceCoverage{}
	for _, host := range l.Hosts(source) {
		out = append(out, l.HostCoverage(source, host, from, to))
	}
	return out, s.record(ctx, access{By: by, Op: "coverage", Query: "source:" + quote(source), From: from, To: to})
}

// ledgerOver is the ledger with a window; what is open of it reaches as far as
// anything is known.
func (s *Service) ledgerOver(ctx context.Context, from, to time.Time) (*coverage.Ledger, time.Time, time.Time, error) {
	if err := s.sync(ctx); err != nil {
		return nil, from, to, fmt.Errorf("control: coverage: %w", err)
	}
	l, err := s.coverageLedger(ctx)
	if err != nil {
		return nil, from, to, err
	}
	first, last := l.Reach()
	if from.IsZero() {
		from = first
	}
	if to.IsZero() {
		to = last.Add(1)
	}
	if !from.Before(to) {
		return nil, from, to, event.Refuse(ErrInvalid, "the window ends before it begins", "期間の終わりが始まりより前です")
	}
	return l, from, to, nil
}

// Coverage implements [Operations].
func (s *Service) Coverage(ctx context.Context, by string, from, to time.Time) ([]SourceCoverage, error) {
	l, from, to, err := s.ledgerOver(ctx, from, to)
	if err != nil {
		return nil, err
	}
	return l.All(from, to), s.record(ctx, access{By: by, Op: "coverage", From: from, To: to})
}

// ledgerOp is the own record of what was known of all sources at a time. The
// ledger itself is derived from records and never read from it: it tells later
// what could be known then, when records have been let go since.
type ledgerOp struct {
	At      time.Time        `json:"at"`
	By      string           `json:"by"`
	Op      string           `json:"op"` // "ledger"
	From    time.Time        `json:"from"`
	To      time.Time        `json:"to"`
	Sources []SourceCoverage `json:"sources"`
	// Cut is how many intervals are left out, over all sources.
	Cut int `json:"cut,omitzero"`
}

// maxSealedIntervals bounds the intervals of one source in a sealed ledger.
const maxSealedIntervals = 500

// SealCoverage implements [Sourcing].
func (s *Service) SealCoverage(ctx context.Context, by string) (uint64, error) {
	l, err := s.coverageLedger(ctx)
	if err != nil {
		return 0, err
	}
	op := ledgerOp{At: s.Now(), By: by, Op: "ledger"}
	first, last := l.Reach()
	op.From, op.To = first, last.Add(1)
	if !op.From.Before(op.To) {
		return 0, event.Refuse(ErrInvalid, "there are no records yet", "まだ記録がありません")
	}
	op.Sources = l.All(op.From, op.To)
	for i := range op.Sources {
		c := &op.Sources[i]
		if n := len(c.Intervals) - maxSealedIntervals; n > 0 {
			c.Intervals, op.Cut = c.Intervals[n:], op.Cut+n
		}
	}
	rec, err := s.seal(ctx, event.SourceCoverage, op)
	return rec.Seq, err
}
