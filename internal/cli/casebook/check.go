package casebook

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

func checkWord() cli.Verb {
	return word("check ID [PART]", "run the checks of containments, conditions and measures now, and record what they found; exits 4 when one is not met or cannot be told",
		[]string{"konseki case check 2018-001", "konseki case check 2018-001 con1", "konseki case check 2018-001 --kind condition --json"},
		func(e *env, fs *flag.FlagSet) run {
			kind := fs.String("kind", "", "containment, condition or measure; default: all")
			return e.on(1, 2, func(ctx context.Context, s *server.Server, args []string) error {
				part := ""
				if len(args) > 1 {
					part = args[1]
				}
				found, err := s.Check(ctx, e.person(), args[0], investigate.Kind(*kind), part)
				if err != nil {
					return err
				}
				return e.printOutcomes(found)
			})
		})
}

// outcomeJSON is one line of `case check --json`.
type outcomeJSON struct {
	Kind    investigate.Kind  `json:"kind"`
	ID      string            `json:"id"`
	Text    event.Phrase      `json:"text"`
	State   investigate.State `json:"state"`
	Because event.Phrase      `json:"because,omitzero"`
	Count   int64             `json:"count"`
	Cites   []uint64          `json:"cites,omitempty"`
	Drift   bool              `json:"drift"`
	At      time.Time         `json:"at"`
	Verdict coverage.Verdict  `json:"verdict,omitempty"`
}

func (e *env) printOutcomes(list []casework.Outcome) error {
	met := true
	for i := range list {
		o := &list[i]
		r := &o.Result
		met = met && r.State == investigate.Met
		if e.JSON {
			out := outcomeJSON{o.Kind, o.ID, o.Text, r.State, r.Because, r.Count, r.Cites, o.Drift, r.At.In(e.zone), ""}
			if r.Answer != nil {
				out.Verdict = r.Answer.Verdict
			}
			if err := e.WriteJSON(out); err != nil {
				return err
			}
			continue
		}
		drift := ""
		if o.Drift {
			drift = e.Say("  【満たされていたのに崩れた】", "  [was met before]")
		}
		e.line("%s %-6s %s  %s%s", terminal.Pad(e.kindWord(o.Kind), 12), o.ID, terminal.Pad(e.stateWord(r.State), 8), o.Text.In(e.Lang), drift)
		e.line("    %s  %s", r.Because.In(e.Lang), cited(r.Cites))
	}
	if len(list) == 0 && !e.JSON {
		fmt.Fprintln(e.Stderr, e.Say("確認するものはない", "there is nothing to check"))
	}
	if !met {
		return cli.ErrPartial
	}
	return nil
}

func signWord() cli.Verb {
	return word("sign ID PART", "sign a condition or measure off, as a second person: not the one who wrote it or ran its check; under the same account that is said to be unverified",
		[]string{"konseki case sign 2018-001 c1 --as b.sato"},
		func(e *env, fs *flag.FlagSet) run {
			kind := fs.String("kind", "", "condition or measure, where both have that name")
			return e.on(2, 2, func(ctx context.Context, s *server.Server, args []string) error {
				k, err := e.promised(ctx, s, args[0], args[1], *kind)
				if err != nil {
					return err
				}
				return s.Sign(ctx, e.person(), args[0], k, args[1])
			})
		})
}

func overrideWord() cli.Verb {
	return word("override ID PART --reason TEXT", "let a condition count as dealt with though it is not met, and say why",
		[]string{"konseki case override 2018-001 c2 --reason '代替策として手作業で確認する'"},
		func(e *env, fs *flag.FlagSet) run {
			var reason phrase
			reason.register(fs, "reason", "why it counts as dealt with")
			kind := fs.String("kind", "", "condition or measure, where both have that name")
			return e.on(2, 2, func(ctx context.Context, s *server.Server, args []string) error {
				k, err := e.promised(ctx, s, args[0], args[1], *kind)
				if err != nil {
					return err
				}
				return s.Override(ctx, e.person(), args[0], k, args[1], reason.in(e.Lang))
			})
		})
}

// promised is the kind of the promise that has a name.
func (e *env) promised(ctx context.Context, s *server.Server, caseID, id, kind string) (investigate.Kind, error) {
	if kind != "" {
		return investigate.Kind(kind), nil
	}
	c, err := s.Case(ctx, caseID)
	if err != nil {
		return "", err
	}
	var found []investigate.Kind
	for i := range c.Conditions {
		if c.Conditions[i].ID == id {
			found = append(found, investigate.KindCondition)
		}
	}
	for i := range c.Measures {
		if c.Measures[i].ID == id {
			found = append(found, investigate.KindMeasure)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("case %s has no condition or measure %s; konseki case show %s lists them", caseID, id, caseID)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%w: both a condition and a measure are called %s; say which with --kind", cli.ErrUsage, id)
}
