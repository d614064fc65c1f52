package casebook

import (
	"context"
	"flag"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

func entitiesWord() cli.Verb {
	return word("entities ID", "list who and what the case is about, by the names that the public reads; real names only with --real",
		[]string{"konseki case entities 2018-001", "konseki case put 2018-001 entity type=account real=a.mori public.ja='社員 A' role=victim"},
		func(e *env, fs *flag.FlagSet) run {
			names := fs.Bool("real", false, "show the real names too")
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				c, err := s.Case(ctx, args[0])
				if err != nil {
					return err
				}
				for _, x := range c.Entities {
					if !*names {
						x = public(x)
					}
					if err := e.printEntity(&x); err != nil {
						return err
					}
				}
				return nil
			})
		})
}

func (e *env) printEntity(x *investigate.Entity) error {
	if e.JSON {
		return e.WriteJSON(x)
	}
	more := ""
	if x.Real != "" {
		more = "  = " + strings.Join(append([]string{x.Real}, x.Aliases...), ", ")
	}
	if x.Indicator {
		more += e.Say("  侵害指標", "  indicator")
	}
	e.line("%-4s %s %s %s%s", x.ID, terminal.Pad(x.Public.In(e.Lang), 16), terminal.Pad(x.Type, 8), terminal.Pad(x.Role, 12), more)
	return nil
}

// public is an entity without its real names.
func public(x investigate.Entity) investigate.Entity {
	x.Real, x.Aliases = "", nil
	return x
}

// withoutNames is a case whose entities have no real names.
func withoutNames(c *investigate.Case) *investigate.Case {
	out := *c
	out.Entities = nil
	for _, x := range c.Entities {
		out.Entities = append(out.Entities, public(x))
	}
	return &out
}
