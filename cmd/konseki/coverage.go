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

func coverageVerb() verb {
	return verb{
		name: "coverage", args: "", does: "show which sources were complete when, and why not, and what was lost",
		examples: []string{"konseki coverage --from 2018-03-01 --to 2018-03-04"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			var w windowFlags
			w.register(fs)
			return func(ctx context.Context, _ []string) error {
				return e.with(ctx, false, func(s *server.Server) error {
					from, to, loc, err := w.parse(s.Zone)
					if err != nil {
						return err
					}
					all, err := s.Coverage(ctx, person(), from, to)
					if err != nil {
						return err
					}
					for _, c := range all {
						if e.json {
							if err := e.writeJSON(c); err != nil {
								return err
							}
							continue
						}
						fmt.Fprintf(e.stdout, "%s  %s  %d %s\n", plain(c.Source), plain(c.Name.In(e.lang)), c.Events, e.say("件", "events"))
						e.printLosses(c.Lost)
						for _, iv := range c.Intervals {
							fmt.Fprintf(e.stdout, "  %s – %s  %-16s %s\n", stamp(iv.From, loc), stamp(iv.To, loc),
								coverage.StateLabel(iv.State).In(e.lang), plain(iv.Reason.In(e.lang)))
						}
					}
					return e.lossesOfNobody(ctx, s, from, to)
				})
			}
		},
	}
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

func sourceVerb() verb {
	return verb{
		name: "source", args: "add ID | list", does: "register a source that is expected, or list them",
		examples: []string{
			"konseki source add vpn --kind vpn --name-ja 'VPN 装置' --name-en 'VPN appliance' --owner infra --retention 400d --origin-retention 7d",
			"konseki source add dc-network --kind network --absent refused --from 2018-01-01 --to 2018-03-05 --reason-ja 提供されず --reason-en 'not handed over'",
			"konseki source list",
		},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			var w windowFlags
			var src control.Source
			var absence coverage.Absence
			var state string
			var keep retentionFlags
			w.register(fs)
			keep.register(fs)
			fs.StringVar(&src.Kind, "kind", "", "`kind`: vpn auth firewall network groupware chat web_service web server database monitoring other")
			fs.StringVar(&src.Name.JA, "name-ja", "", "Japanese `name`")
			fs.StringVar(&src.Name.EN, "name-en", "", "English `name`")
			fs.StringVar(&src.Owner, "owner", "", "`who` looks after it")
			fs.StringVar(&src.Zone, "zone", "", "IANA `zone` of its times")
			fs.BoolVar(&src.Critical, "critical", false, "its silence is serious")
			fs.StringVar(&state, "absent", "", "its records in --from … --to are `state`: expired, deleted, refused, never_collected")
			fs.StringVar(&absence.Reason.JA, "reason-ja", "", "why they are absent, Japanese (`text`)")
			fs.StringVar(&absence.Reason.EN, "reason-en", "", "why they are absent, English (`text`)")
			return func(ctx context.Context, args []string) error {
				switch {
				case len(args) == 1 && args[0] == "list":
					return e.with(ctx, false, func(s *server.Server) error { return e.listSources(ctx, s) })
				case len(args) == 2 && args[0] == "add":
					src.ID = args[1]
					return e.with(ctx, true, func(s *server.Server) error {
						from, to, _, err := w.parse(s.Zone)
						if err != nil {
							return err
						}
						if state != "" {
							absence.From, absence.To, absence.State = from, to, coverage.State(state)
							src.Absent = append(src.Absent, absence)
						}
						known, err := s.Sources(ctx)
						if err != nil {
							return err
						}
						return s.AddSource(ctx, person(), keep.told(src, known))
					})
				}
				return fmt.Errorf("%w: source add ID, or source list", errUsage)
			}
		},
	}
}

func (e *env) listSources(ctx context.Context, s *server.Server) error {
	list, err := s.Sources(ctx)
	if err != nil {
		return err
	}
	for _, src := range list {
		if e.json {
			if err := e.writeJSON(src); err != nil {
				return err
			}
			continue
		}
		expected := e.say("登録", "registered")
		if !src.Expected {
			expected = e.say("受信のみ", "only seen")
		}
		fmt.Fprintf(e.stdout, "%-16s %-11s %-8s %s%s\n", plain(src.ID), src.Kind, expected, plain(src.Name.In(e.lang)), e.kept(src))
	}
	return nil
}
