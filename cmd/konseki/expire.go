package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
)

func expireVerb() verb {
	return verb{
		name: "expire", args: "", does: "let go what is older than its retention and not held; serve does so daily",
		examples: []string{"konseki expire --dry-run", "konseki expire"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			dry := fs.Bool("dry-run", false, "only tell what would be let go")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: expire takes no arguments; konseki.yaml and konseki source add say how long records are kept", errUsage)
				}
				return e.with(ctx, false, func(s *server.Server) error {
					x, err := s.Expire(ctx, person(), *dry)
					if err != nil {
						return err
					}
					if e.json {
						return e.writeJSON(x)
					}
					e.printExpiry(x, s.Zone)
					return nil
				})
			}
		},
	}
}

func compactVerb() verb {
	return verb{
		name: "compact", args: "", does: "put small segments together; proofs stay as they are; serve does so daily",
		examples: []string{"konseki compact"},
		prepare: func(e *env, _ *flag.FlagSet) func(context.Context, []string) error {
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: compact takes no arguments", errUsage)
				}
				return e.with(ctx, false, func(s *server.Server) error {
					fewer, err := s.Compact(ctx)
					if err != nil {
						return err
					}
					if e.json {
						return e.writeJSON(map[string]int{"fewer": fewer})
					}
					fmt.Fprintf(e.stdout, e.say("区画が %d 個減った\n", "%d segments fewer\n"), fewer)
					return nil
				})
			}
		},
	}
}

func (e *env) printExpiry(x *control.Expiry, loc *time.Location) {
	for _, l := range x.Lines {
		fmt.Fprintf(e.stdout, e.say("%s  %d 件  %s より前に受領  （%s、%s）\n", "%s  %d records  received before %s  (%s, %s)\n"),
			plain(l.Source), l.Records, stamp(l.Until, loc), l.Retention, plain(l.Rule.In(e.lang)))
		for _, w := range l.Windows {
			fmt.Fprintf(e.stdout, "    %s – %s\n", stamp(w.From, loc), stamp(w.To, loc))
		}
	}
	for _, h := range x.Held {
		if h.Hold == "" {
			fmt.Fprintf(e.stdout, e.say("%s  %d 件は事案 %s が引用しているため残した\n", "%s  %d records stay, cited by case %s\n"), plain(h.Source), h.Records, plain(h.Case))
			continue
		}
		fmt.Fprintf(e.stdout, e.say("%s  %d 件は保全 %s のため残した\n", "%s  %d records stay, held by %s\n"), plain(h.Source), h.Records, plain(h.Hold))
	}
	if len(x.Open) > 0 && len(x.Lines) > 0 {
		fmt.Fprintf(e.stderr, e.say("注意：保全のない対応中の事案がある：%s（konseki hold start 事案）\n", "warning: open cases that nothing is held for: %s (konseki hold start CASE)\n"), plain(strings.Join(x.Open, " ")))
	}
	if x.DryRun {
		fmt.Fprintf(e.stdout, e.say("試行：%d 件を手放すことになる\n", "dry run: %d records would be let go\n"), x.Records)
		return
	}
	fmt.Fprintf(e.stdout, e.say("%d 件、%d バイトを手放した\n", "%d records, %d bytes let go\n"), x.Records, x.Bytes)
}
