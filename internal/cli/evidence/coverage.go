package evidence

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// coverageFlags are what the coverage verb is told.
type coverageFlags struct {
	window cli.Window
	source string
	hosts  bool
	seal   bool
}

// Coverage is the verb coverage: show which sources were complete when, by which proof, and why not, and what was lost.
func Coverage() cli.Verb {
	return cli.Verb{
		Name: "coverage", Args: "", Does: "show which sources were complete when, by which proof, and why not, and what was lost",
		Examples: []string{
			"konseki coverage --from 2018-03-01 --to 2018-03-04",
			"konseki coverage --source server --hosts",
			"konseki coverage --seal",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var f coverageFlags
			f.window.Register(fs)
			fs.StringVar(&f.source, "source", "", "of this `source` alone")
			fs.BoolVar(&f.hosts, "hosts", false, "of each host of --source")
			fs.BoolVar(&f.seal, "seal", false, "seal what is known now, as a record that can be cited")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 || f.hosts && f.source == "" {
					return fmt.Errorf("%w: coverage, with --hosts for one --source", cli.ErrUsage)
				}
				return e.With(ctx, f.seal, func(s *server.Server) error { return e.coverage(ctx, s, f) })
			}
		},
	}
}

func (e *env) coverage(ctx context.Context, s *server.Server, f coverageFlags) error {
	from, to, loc, err := f.window.Parse(s.Zone)
	if err != nil {
		return err
	}
	if f.seal {
		seq, err := s.SealCoverage(ctx, e.Person())
		if err == nil {
			fmt.Fprintf(e.Stderr, e.Say("網羅性を記録 #%d に封印した\n", "coverage sealed as record #%d\n"), seq)
		}
		return err
	}
	rows, err := s.Coverage(ctx, e.Person(), from, to)
	if f.hosts && err == nil {
		if rows, err = s.HostCoverage(ctx, e.Person(), f.source, from, to); err == nil && len(rows) == 0 {
			fmt.Fprintln(e.Stderr, e.Say("その記録に機器名はない", "its records name no host"))
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
			return fmt.Errorf("source %s: %w: see konseki source list", terminal.Plain(f.source), control.ErrNotFound)
		}
		return nil
	}
	return e.lossesOfNobody(ctx, s, from, to)
}

// printCoverage writes one source, or one host of it, with its intervals.
func (e *env) printCoverage(c control.SourceCoverage, loc *time.Location) error {
	if e.JSON {
		return e.WriteJSON(c)
	}
	name := terminal.Plain(cmp.Or(c.Host, c.Name.In(e.Lang)))
	fmt.Fprintf(e.Stdout, "%s  %s  %d %s\n", terminal.Plain(c.Source), name, c.Events, e.Say("件", "events"))
	e.printLosses(c.Lost)
	for _, iv := range c.Intervals {
		state := coverage.StateLabel(iv.State).In(e.Lang)
		if iv.Missing > 0 {
			state += fmt.Sprintf(" (%d)", iv.Missing)
		}
		fmt.Fprintf(e.Stdout, "  %s – %s  %-16s %s\n", cli.Stamp(iv.From, loc), cli.Stamp(iv.To, loc), state, terminal.Plain(e.rests(iv)))
	}
	if words := c.Clock.Words(); !words.Empty() {
		fmt.Fprintln(e.Stdout, "  "+terminal.Plain(words.In(e.Lang)))
	}
	if !c.Advice.Empty() {
		fmt.Fprintln(e.Stdout, "  → "+terminal.Plain(c.Advice.In(e.Lang)))
	}
	return nil
}

// rests says what the state of an interval rests on.
func (e *env) rests(iv control.Interval) string {
	proof, reason := coverage.ProofLabel(iv.Proof).In(e.Lang), iv.Reason.In(e.Lang)
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
			parts = append(parts, fmt.Sprintf("%s %d", kind.Label().In(e.Lang), n))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintf(e.Stdout, "  %s  %s\n", e.Say("損失", "losses"), strings.Join(parts, "  "))
	}
}

// lossesOfNobody writes what doors lost without anybody knowing of which
// source it was.
func (e *env) lossesOfNobody(ctx context.Context, s *server.Server, from, to time.Time) error {
	list, err := s.Losses(ctx, e.Person(), "", from, to)
	if err != nil || len(list) == 0 {
		return err
	}
	sums := coverage.SumLosses(list)
	if e.JSON {
		return e.WriteJSON(struct {
			Source string            `json:"source"`
			Lost   coverage.LossSums `json:"lost"`
			Losses []control.Loss    `json:"losses"`
		}{"", sums, list})
	}
	fmt.Fprintln(e.Stdout, e.Say("ログ源不明", "of no known source"))
	e.printLosses(sums)
	for _, l := range list {
		fmt.Fprintf(e.Stdout, "  %-10s %-8d %s  %s\n", terminal.Plain(l.Door), l.Records, l.Why().In(e.Lang), terminal.Plain(cmp.Or(l.Path, l.Host)))
	}
	return nil
}
