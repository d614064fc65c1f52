package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/wire"
)

func findingsVerb() verb {
	return verb{
		name: "findings", args: "[QUERY]", does: "list what rules and baselines raised",
		examples: []string{"konseki findings", "konseki findings 'level:high src_ip:203.0.113.77'"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			var w windowFlags
			w.register(fs)
			return func(ctx context.Context, args []string) error {
				return e.with(ctx, false, func(s *server.Server) error {
					from, to, loc, err := w.parse(s.Zone)
					if err != nil {
						return err
					}
					q := control.Search{Query: strings.Join(args, " "), From: from, To: to, Zone: loc, Oldest: true, Limit: 10_000}
					found, err := s.Findings(ctx, person(), q)
					if err != nil {
						return pointed(err, q.Query)
					}
					for i := range found {
						if !e.json {
							e.printFinding(&found[i], loc)
						} else if err := e.writeJSON(wire.FindingOf(&found[i], loc, e.lang)); err != nil {
							return err
						}
					}
					if !e.json {
						fmt.Fprintf(e.stdout, "%d %s\n", len(found), e.say("件の検知", "findings"))
					}
					return nil
				})
			}
		},
	}
}

func (e *env) printFinding(f *control.Finding, loc *time.Location) {
	text := fmt.Sprintf("%s  %-13s %s", f.Time.In(loc).Format("2006-01-02 15:04:05 MST"), f.Level, f.Title.In(e.lang))
	if why := f.Why.In(e.lang); why != "" {
		text += " – " + why
	}
	fmt.Fprintln(e.stdout, plain(fmt.Sprintf("%s  #%d", text, f.Record)))
}
