package evidence

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/wire"
)

// Estate is the verb estate: what the company knows of itself: people, networks, devices, items, software.
func Estate() cli.Verb {
	return cli.Verb{
		Name: "estate", Args: "import KIND FILE | show ADDRESS|ACCOUNT | list", Does: "what the company knows of itself: people, networks, devices, items, software",
		Examples: []string{
			"konseki estate import people accounts.csv", "konseki estate import software software.csv", "konseki estate import devices /var/lib/dhcp/dhcpd.leases",
			"konseki estate show 192.0.2.14 --at 2026-04-01T09:30", "konseki estate show a.tanaka", "konseki estate list",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			at := fs.String("at", "", "as of this `time`; default: now")
			source := fs.String("source", "", "`source` of the account")
			return func(ctx context.Context, args []string) error {
				return e.With(ctx, false, func(s *server.Server) error {
					when, err := cli.Instant("at", *at, s.Zone)
					if err != nil {
						return err
					}
					if when.IsZero() {
						when = time.Now()
					}
					switch {
					case len(args) == 3 && args[0] == "import":
						return e.importEstate(ctx, s, args[1], args[2])
					case len(args) == 2 && args[0] == "show":
						return e.showEstate(args[1], *source, when, s.Zone)
					case len(args) == 1 && args[0] == "list":
						return e.listEstate(s.Zone)
					}
					return fmt.Errorf("%w: estate import KIND FILE, estate show ADDRESS or ACCOUNT, estate list", cli.ErrUsage)
				})
			}
		},
	}
}

func (e *env) importEstate(ctx context.Context, s *server.Server, kind, path string) error {
	content, err := os.ReadFile(e.Path(path))
	if err != nil {
		return fmt.Errorf("estate: %w", err)
	}
	ed, err := s.ImportEstate(ctx, e.Person(), kind, filepath.Base(path), content)
	if err != nil {
		return err
	}
	return e.printEdition(ed, s.Zone, ed.Rows())
}

func (e *env) listEstate(loc *time.Location) error {
	list := e.Estate.Editions()
	if len(list) == 0 && !e.JSON {
		fmt.Fprintln(e.Stderr, e.Say("まだ取り込んでいない。konseki estate --help で書き方を示す。", "nothing is imported yet; konseki estate --help shows how"))
	}
	for i := range list {
		if err := e.printEdition(&list[i], loc, 0); err != nil {
			return err
		}
	}
	return nil
}

// printEdition writes one imported file; rows is 0 where they are not at hand.
func (e *env) printEdition(ed *estate.Edition, loc *time.Location, rows int) error {
	if e.JSON {
		return e.WriteJSON(wire.EditionOf(ed, loc, rows))
	}
	_, err := fmt.Fprintln(e.Stdout, terminal.Plain(ed.Line(e.Lang, loc, rows)))
	return err
}

func (e *env) showEstate(what, source string, at time.Time, loc *time.Location) error {
	said, known := e.Estate.Show(what, source, at, loc)
	if e.JSON {
		return e.WriteJSON(wire.Known{Value: what, At: at.In(loc), Known: known, Who: said.In(e.Lang)})
	}
	_, err := fmt.Fprintln(e.Stdout, terminal.Plain(what+"  "+said.In(e.Lang)))
	return err
}

// eventJSON is an event as scripts read it, with whose it was.
func (e *env) eventJSON(ev *event.Event, loc *time.Location, clock *coverage.ClockState) wire.Event {
	out := wire.EventOf(ev, loc, clock)
	out.Who = e.Estate.Line(ev, loc, e.Lang)
	return out
}
