package detecting

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/wire"
)

// Findings is the verb findings: list what rules and baselines raised.
func Findings() cli.Verb {
	return cli.Verb{
		Name: "findings", Args: "[QUERY]", Does: "list what rules and baselines raised",
		Examples: []string{"konseki findings", "konseki findings 'level:high src_ip:203.0.113.77'"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var w cli.Window
			w.Register(fs)
			return func(ctx context.Context, args []string) error {
				return e.With(ctx, false, func(s *server.Server) error {
					from, to, loc, err := w.Parse(s.Zone)
					if err != nil {
						return err
					}
					q := control.Search{Query: strings.Join(args, " "), From: from, To: to, Zone: loc, Oldest: true, Limit: 10_000}
					found, err := s.Findings(ctx, e.Person(), q)
					if err != nil {
						return cli.Pointed(err, q.Query)
					}
					for i := range found {
						if !e.JSON {
							e.PrintFinding(&found[i], loc)
						} else if err := e.WriteJSON(wire.FindingOf(&found[i], loc, e.Lang)); err != nil {
							return err
						}
					}
					if !e.JSON {
						fmt.Fprintf(e.Stdout, "%d %s\n", len(found), e.Say("件の検知", "findings"))
					}
					return nil
				})
			}
		},
	}
}
