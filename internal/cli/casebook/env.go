// Package casebook works on cases on the command line: case, report, export.
package casebook

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// env is the common one, with what every verb on a case may be told.
type env struct {
	*cli.Env
	as, tz string
	create bool           // the data folder, where there is none yet
	zone   *time.Location // of times given and shown, once the folder is open
}

// run is what a verb does with its arguments.
type run = func(ctx context.Context, args []string) error

// word makes a verb of its usage, "put ID KIND [FIELD=VALUE...]".
func word(usage, does string, examples []string, prepare func(e *env, fs *flag.FlagSet) run) cli.Verb {
	name, args, _ := strings.Cut(usage, " ")
	return cli.Verb{Name: name, Args: args, Does: does, Examples: examples, Prepare: func(c *cli.Env, fs *flag.FlagSet) run {
		e := &env{Env: c}
		fs.StringVar(&e.as, "as", "", "`name` of who works, recorded together with that of this account")
		fs.StringVar(&e.tz, "tz", "", "IANA `zone` for times given and shown; default: the configured one")
		return prepare(e, fs)
	}}
}

// person is who works: this account, and who sits at it where that is said.
// Nobody can take another's name, as the account always stands beside it.
func (e *env) person() string {
	if e.as == "" {
		return e.Person()
	}
	return e.as + " (" + e.Person() + ")"
}

// on opens the data folder for work on a case that takes from least to most
// arguments.
func (e *env) on(least, most int, work func(ctx context.Context, s *server.Server, args []string) error) run {
	return func(ctx context.Context, args []string) error {
		if len(args) < least {
			return fmt.Errorf("%w: an argument is missing; --help shows how", cli.ErrUsage)
		}
		if most >= 0 && len(args) > most {
			return fmt.Errorf("%w: %q is one argument too many; --help shows how", cli.ErrUsage, args[most])
		}
		return e.With(ctx, e.create, func(s *server.Server) error {
			var err error
			if e.zone, err = cli.Zone(e.tz, s.Zone); err != nil {
				return err
			}
			return e.hinted(work(ctx, s, args), args)
		})
	}
}

// hinted says where to look for what was not found.
func (e *env) hinted(err error, args []string) error {
	switch {
	case err == nil || !errors.Is(err, control.ErrNotFound):
		return err
	case strings.HasPrefix(err.Error(), "case "):
		return cli.Hinted(err, e.Say("事案の一覧: konseki case list", "the cases there are: konseki case list"))
	case len(args) > 0:
		return cli.Hinted(err, e.Say("事案の中身: konseki case show ", "what the case holds: konseki case show ")+args[0])
	}
	return err
}

// line writes one line of text to standard output, harmless on a terminal.
func (e *env) line(format string, args ...any) {
	fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf(format, args...)))
}

// listed parses a list with commas; nothing is no list.
func listed(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
