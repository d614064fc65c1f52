package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/control"
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
// silent. Correlations are not run.
func (s *Server) Backtest(ctx context.Context, by string, rules *sigma.Collection, from, to time.Time, progress func(done, total uint64)) ([]Backtested, error) {
	b := newBacktest(rules)
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
			if ev := &evs[i]; (from.IsZero() || !ev.Time.Before(from)) && (to.IsZero() || ev.Time.Before(to)) {
				b.look(ev, rec.Raw)
			}
		}
	}
	out := make([]Backtested, 0, len(b.rules))
	for _, r := range b.rules {
		a, err := s.QualifyFor(ctx, by, "rule "+r.rule.ID, control.Scope{From: from, To: to, Classes: r.classes(), Found: r.Matches, Held: r.held})
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
	engine  *sigma.Engine
	matcher *sigma.Matcher
	rules   []*tested
	byRule  map[*sigma.Rule]*tested
	matches []sigma.Match
}

type tested struct {
	Backtested
	rule *sigma.Rule
	held map[string]int64 // events that it can read, by source
	seen map[int32]bool   // their classes
}

func newBacktest(c *sigma.Collection) *backtest {
	b := &backtest{engine: sigma.Compile(c.Rules), byRule: map[*sigma.Rule]*tested{}}
	b.matcher = b.engine.NewMatcher()
	for _, r := range b.engine.Rules() {
		t := &tested{Backtested: Backtested{RuleID: r.ID, Title: r.Title, Level: r.Level}, rule: r, held: map[string]int64{}, seen: map[int32]bool{}}
		b.rules, b.byRule[r] = append(b.rules, t), t
	}
	return b
}

func (b *backtest) look(ev *event.Event, raw []byte) {
	sees := b.engine.Sees(ev)
	for _, t := range b.rules {
		if slices.Contains(sees, t.rule.Logsource) {
			t.held[ev.Source]++
			t.seen[ev.ClassUID] = true
		}
	}
	b.matches = b.matcher.Match(ev, raw, b.matches[:0])
	for _, m := range b.matches {
		t := b.byRule[m.Rule]
		if t == nil {
			continue
		}
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
}

func (t *tested) classes() []int32 {
	out := []int32{}
	for c := range t.seen {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}
