package keeping

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Expire is the verb expire: let go what is older than its retention and not held; serve does so daily.
func Expire() cli.Verb {
	return cli.Verb{
		Name: "expire", Args: "", Does: "let go what is older than its retention and not held; serve does so daily",
		Examples: []string{"konseki expire --dry-run", "konseki expire"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			dry := fs.Bool("dry-run", false, "only tell what would be let go")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: expire takes no arguments; konseki.yaml and konseki source add say how long records are kept", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error {
					x, err := s.Expire(ctx, e.Person(), *dry)
					if err != nil {
						return err
					}
					if e.JSON {
						return e.WriteJSON(x)
					}
					e.printExpiry(x, s.Zone)
					return nil
				})
			}
		},
	}
}

// Compact is the verb compact: put small segments together; proofs stay as they are; serve does so daily.
func Compact() cli.Verb {
	return cli.Verb{
		Name: "compact", Args: "", Does: "put small segments together; proofs stay as they are; serve does so daily",
		Examples: []string{"konseki compact"},
		Prepare: func(c *cli.Env, _ *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("%w: compact takes no arguments", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error {
					fewer, err := s.Compact(ctx)
					if err != nil {
						return err
					}
					if e.JSON {
						return e.WriteJSON(map[string]int{"fewer": fewer})
					}
					fmt.Fprintf(e.Stdout, e.Say("区画が %d 個減った\n", "%d segments fewer\n"), fewer)
					return nil
				})
			}
		},
	}
}

func (e *env) printExpiry(x *control.Expiry, loc *time.Location) {
	for _, l := range x.Lines {
		fmt.Fprintf(e.Stdout, e.Say("%s  %d 件  %s より前に受領  （%s、%s）\n", "%s  %d records  received before %s  (%s, %s)\n"),
			terminal.Plain(l.Source), l.Records, cli.Stamp(l.Until, loc), l.Retention, terminal.Plain(l.Rule.In(e.Lang)))
		for _, w := range l.Windows {
			fmt.Fprintf(e.Stdout, "    %s – %s\n", cli.Stamp(w.From, loc), cli.Stamp(w.To, loc))
		}
	}
	for _, h := range x.Held {
		if h.Hold == "" {
			fmt.Fprintf(e.Stdout, e.Say("%s  %d 件は事案 %s が引用しているため残した\n", "%s  %d records stay, cited by case %s\n"), terminal.Plain(h.Source), h.Records, terminal.Plain(h.Case))
			continue
		}
		fmt.Fprintf(e.Stdout, e.Say("%s  %d 件は保全 %s のため残した\n", "%s  %d records stay, held by %s\n"), terminal.Plain(h.Source), h.Records, terminal.Plain(h.Hold))
	}
	if len(x.Open) > 0 && len(x.Lines) > 0 {
		fmt.Fprintf(e.Stderr, e.Say("注意：保全のない対応中の事案がある：%s（konseki hold start 事案）\n", "warning: open cases that nothing is held for: %s (konseki hold start CASE)\n"), terminal.Plain(strings.Join(x.Open, " ")))
	}
	if x.DryRun {
		fmt.Fprintf(e.Stdout, e.Say("試行：%d 件を手放すことになる\n", "dry run: %d records would be let go\n"), x.Records)
		return
	}
	fmt.Fprintf(e.Stdout, e.Say("%d 件、%d バイトを手放した\n", "%d records, %d bytes let go\n"), x.Records, x.Bytes)
}
