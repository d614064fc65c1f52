package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/overlooked"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/sigma"
)

// Backtested is what one rule would have found in what the vault holds, and what
// that is worth.
type Backtested struct {
	RuleID, Title, Level string
	Matches              int64
	First, Last          time.Time
	Records              []uint64 // the first that match
	Answer               control.Answer
}

// maxBacktested bounds the records that are listed for a rule.
const maxBacktested = 20

// Backtest runs the rules of a collection over all events in [from, to), read
// from their records anew; a zero time is open. Each answer rests on the sources
// whose events the rule can read, and on those of the same kinds that were
// silent; nothing found is covered only where nothing was overlooked. Correlations
// are not run.
func (s *Server) Backtest(ctx context.Context, by string, rules *sigma.Collection, from, to time.Time, progress func(done, total uint64)) ([]Backtested, error) {
	ledger, err := s.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("server: back-test: %w", err)
	}
	b := newBacktest(rules)
	b.ledger, b.from, b.to = ledger, from, to
	n, total := normalise.New(), s.vault.Size()
	var evs []event.Event
	for rec, err := range s.vault.Records(ctx, 1) {
		if err != nil {
			return nil, fmt.Errorf("server: back-test: %w", err)
		}
		if rec.Seq%1024 == 0 {
			progress(rec.Seq, total)
		}
		if event.IsOwn(rec.Source) {
			continue
		}
		evs = n.Events(evs[:0], &rec)
		for i := range evs {
			b.look(&evs[i], &rec)
		}
	}
	out := make([]Backtested, 0, len(b.rules))
	for _, r := range b.rules {
		r.beside.Missing = b.absent(r)
		a, err := s.QualifyFor(ctx, by, "rule "+r.rule.ID, control.Scope{From: from, To: to, Classes: r.classes(), Found: r.Matches, Held: r.held, Beside: r.beside})
		if err != nil {
			return nil, err
		}
		r.Answer = a
		out = append(out, r.Backtested)
	}
	return out, nil
}

// backtest looks at events with rules and counts what each could read.
type backtest struct {
	ledger   *coverage.Ledger
	from, to time.Time

	engine  *sigma.Engine
	matcher *sigma.Matcher
	rules   []*tested
	byRule  map[*sigma.Rule]*tested
	matches []sigma.Match

	looked int            // events in the window
	sought *sigma.Matcher // holds of events that have a field of needed
	needed map[need]*sigma.Rule
}

// need is a field that rules of a logsource look for.
type need struct {
	logsource sigma.Logsource
	field     string
}

type tested struct {
	Backtested
	rule   *sigma.Rule
	held   map[string]int64 // events that it can read, by source
	seen   map[int32]bool   // their classes
	beside overlooked.Beside
}

func newBacktest(c *sigma.Collection) *backtest {
	b := &backtest{engine: sigma.Compile(c.Rules), byRule: map[*sigma.Rule]*tested{}, needed: map[need]*sigma.Rule{}}
	b.matcher = b.engine.NewMatcher()
	for _, r := range b.engine.Rules() {
		t := &tested{Backtested: Backtested{RuleID: r.ID, Title: r.Title, Level: r.Level}, rule: r, held: map[string]int64{}, seen: map[int32]bool{}}
		b.rules, b.byRule[r] = append(b.rules, t), t
		for _, n := range r.Needs() {
			b.needed[need{n.Logsource, n.Title}] = n
		}
	}
	return b
}

// look takes an event in: those outside of the window too, since their time may
// not be certain.
func (b *backtest) look(ev *event.Event, rec *event.Record) {
	within := (b.from.IsZero() || !ev.Time.Before(b.from)) && (b.to.IsZero() || ev.Time.Before(b.to))
	if within {
		b.reads(ev)
	}
	b.matches = b.matcher.Match(ev, rec.Raw, b.matches[:0])
	for _, m := range b.matches {
		t := b.byRule[m.Rule]
		switch {
		case t == nil:
		case within:
			t.found(ev)
		default:
			t.beside.See(b.ledger, ev, event.ParseTransport(rec.Transport).Kind == "file", b.from, b.to)
		}
	}
}

// reads notes which rules can read an event, and which fields it has that they
// look for.
func (b *backtest) reads(ev *event.Event) {
	sees := b.engine.Sees(ev)
	for _, t := range b.rules {
		if slices.Contains(sees, t.rule.Logsource) {
			t.held[ev.Source]++
			t.seen[ev.ClassUID] = true
		}
	}
	if b.looked&(b.looked-1) == 0 { // ever less often: what is found is looked for no more
		b.seek()
	}
	b.looked++
	if len(b.needed) == 0 {
		return
	}
	b.matches = b.sought.Match(ev, nil, b.matches[:0])
	for _, m := range b.matches {
		delete(b.needed, need{m.Rule.Logsource, m.Rule.Title})
	}
}

// seek makes a matcher of the fields that no event has had yet.
func (b *backtest) seek() {
	rules := make([]*sigma.Rule, 0, len(b.needed))
	for _, r := range b.needed {
		rules = append(rules, r)
	}
	b.sought = sigma.Compile(rules).NewMatcher()
}

// absent are the fields that a rule looks for and that no event in the window had.
func (b *backtest) absent(t *tested) (out []string) {
	for _, n := range t.rule.Needs() {
		if b.needed[need{n.Logsource, n.Title}] != nil {
			out = append(out, n.Title)
		}
	}
	return out
}

// found takes in an event in the window that matches.
func (t *tested) found(ev *event.Event) {
	t.Matches++
	if t.First.IsZero() || ev.Time.Before(t.First) {
		t.First = ev.Time
	}
	if ev.Time.After(t.Last) {
		t.Last = ev.Time
	}
	if len(t.Records) < maxBacktested {
		t.Records = append(t.Records, ev.Record)
	}
}

func (t *tested) classes() []int32 {
	out := []int32{}
	for c := range t.seen {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}
