package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
)

// coverageFlags are what the coverage verb is told.
type coverageFlags struct {
	window windowFlags
	source string
	hosts  bool
	seal   bool
}

func coverageVerb() verb {
	return verb{
		name: "coverage", args: "", does: "show which sources were complete when, by which proof, and why not, and what was lost",
		examples: []string{
			"konseki coverage --from 2018-03-01 --to 2018-03-04",
			"konseki coverage --source server --hosts",
			"konseki coverage --seal",
		},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			var f coverageFlags
			f.window.register(fs)
			fs.StringVar(&f.source, "source", "", "of this `source` alone")
			fs.BoolVar(&f.hosts, "hosts", false, "of each host of --source")
			fs.BoolVar(&f.seal, "seal", false, "seal what is known now, as a record that can be cited")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 || f.hosts && f.source == "" {
					return fmt.Errorf("%w: coverage, with --hosts for one --source", errUsage)
				}
				return e.with(ctx, f.seal, func(s *server.Server) error { return e.coverage(ctx, s, f) })
			}
		},
	}
}

func (e *env) coverage(ctx context.Context, s *server.Server, f coverageFlags) error {
	from, to, loc, err := f.window.parse(s.Zone)
	if err != nil {
		return err
	}
	if f.seal {
		seq, err := s.SealCoverage(ctx, person())
		if err == nil {
			fmt.Fprintf(e.stderr, e.say("網羅性を記録 #%d に封印した\n", "coverage sealed as record #%d\n"), seq)
		}
		return err
	}
	rows, err := s.Coverage(ctx, person(), from, to)
	if f.hosts && err == nil {
		if rows, err = s.HostCoverage(ctx, person(), f.source, from, to); err == nil && len(rows) == 0 {
			fmt.Fprintln(e.stderr, e.say("その記録に機器名はない", "its records name no host"))
			return nil
		}
	}
	if err != nil {
		return err
	}
	shown := 0
	for _, c := range rows {
		if f.source != "" && c.Source != f.source {
			continue
		}
		shown++
		if err := e.printCoverage(c, loc); err != nil {
			return err
		}
	}
	if f.source != "" {
		if shown == 0 {
			return fmt.Errorf("source %s: %w: see konseki source list", plain(f.source), control.ErrNotFound)
		}
		return nil
	}
	return e.lossesOfNobody(ctx, s, from, to)
}

// printCoverage writes one source, or one host of it, with its intervals.
func (e *env) printCoverage(c control.SourceCoverage, loc *time.Location) error {
	if e.json {
		return e.writeJSON(c)
	}
	name := plain(cmp.Or(c.Host, c.Name.In(e.lang)))
	fmt.Fprintf(e.stdout, "%s  %s  %d %s\n", plain(c.Source), name, c.Events, e.say("件", "events"))
	e.printLosses(c.Lost)
	for _, iv := range c.Intervals {
		state := coverage.StateLabel(iv.State).In(e.lang)
		if iv.Missing > 0 {
			state += fmt.Sprintf(" (%d)", iv.Missing)
		}
		fmt.Fprintf(e.stdout, "  %s – %s  %-16s %s\n", stamp(iv.From, loc), stamp(iv.To, loc), state, plain(e.rests(iv)))
	}
	if words := c.Clock.Words(); !words.Empty() {
		fmt.Fprintln(e.stdout, "  "+plain(words.In(e.lang)))
	}
	if !c.Advice.Empty() {
		fmt.Fprintln(e.stdout, "  → "+plain(c.Advice.In(e.lang)))
	}
	return nil
}

// rests says what the state of an interval rests on.
func (e *env) rests(iv control.Interval) string {
	proof, reason := coverage.ProofLabel(iv.Proof).In(e.lang), iv.Reason.In(e.lang)
	switch {
	case reason == "":
		return proof
	case proof == "":
		return reason
	}
	return reason + " [" + proof + "]"
}

// printLosses writes the sums of what was lost of a source, nothing where
// nothing was.
func (e *env) printLosses(sums coverage.LossSums) {
	var parts []string
	for _, kind := range event.LossKinds() {
		if n := sums.Of(kind); n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", kind.Label().In(e.lang), n))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintf(e.stdout, "  %s  %s\n", e.say("損失", "losses"), strings.Join(parts, "  "))
	}
}

// lossesOfNobody writes what doors lost without anybody knowing of which
// source it was.
func (e *env) lossesOfNobody(ctx context.Context, s *server.Server, from, to time.Time) error {
	list, err := s.Losses(ctx, person(), "", from, to)
	if err != nil || len(list) == 0 {
		return err
	}
	sums := coverage.SumLosses(list)
	if e.json {
		return e.writeJSON(struct {
			Source string            `json:"source"`
			Lost   coverage.LossSums `json:"lost"`
			Losses []control.Loss    `json:"losses"`
		}{"", sums, list})
	}
	fmt.Fprintln(e.stdout, e.say("ログ源不明", "of no known source"))
	e.printLosses(sums)
	for _, l := range list {
		fmt.Fprintf(e.stdout, "  %-10s %-8d %s  %s\n", plain(l.Door), l.Records, l.Why().In(e.lang), plain(cmp.Or(l.Path, l.Host)))
	}
	return nil
}
