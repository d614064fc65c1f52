package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/wire"
)

func estateVerb() verb {
	return verb{
		name: "estate", args: "import KIND FILE | show ADDRESS|ACCOUNT | list", does: "what the company knows of itself: people, networks, devices, items",
		examples: []string{
			"konseki estate import people accounts.csv", "konseki estate import devices /var/lib/dhcp/dhcpd.leases",
			"konseki estate show 192.0.2.14 --at 2026-04-01T09:30", "konseki estate show a.tanaka", "konseki estate list",
		},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			at := fs.String("at", "", "as of this `time`; default: now")
			source := fs.String("source", "", "`source` of the account")
			return func(ctx context.Context, args []string) error {
				return e.with(ctx, false, func(s *server.Server) error {
					when, err := instant("at", *at, s.Zone)
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
					return fmt.Errorf("%w: estate import KIND FILE, estate show ADDRESS or ACCOUNT, estate list", errUsage)
				})
			}
		},
	}
}

func (e *env) importEstate(ctx context.Context, s *server.Server, kind, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("estate: %w", err)
	}
	ed, err := s.ImportEstate(ctx, person(), kind, filepath.Base(path), content)
	if err != nil {
		return err
	}
	return e.printEdition(ed, s.Zone, ed.Rows())
}

func (e *env) listEstate(loc *time.Location) error {
	list := e.estate.Editions()
	if len(list) == 0 && !e.json {
		fmt.Fprintln(e.stderr, e.say("まだ取り込んでいない。konseki estate --help で書き方を示す。", "nothing is imported yet; konseki estate --help shows how"))
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
	if e.json {
		return e.writeJSON(wire.EditionOf(ed, loc, rows))
	}
	_, err := fmt.Fprintln(e.stdout, plain(ed.Line(e.lang, loc, rows)))
	return err
}

func (e *env) showEstate(what, source string, at time.Time, loc *time.Location) error {
	said, known := e.estate.Show(what, source, at, loc)
	if e.json {
		return e.writeJSON(wire.Known{Value: what, At: at.In(loc), Known: known, Who: said.In(e.lang)})
	}
	_, err := fmt.Fprintln(e.stdout, plain(what+"  "+said.In(e.lang)))
	return err
}

// eventJSON is an event as scripts read it, with whose it was.
func (e *env) eventJSON(ev *event.Event, loc *time.Location, clock *coverage.ClockState) wire.Event {
	out := wire.EventOf(ev, loc, clock)
	out.Who = e.estate.Line(ev, loc, e.lang)
	return out
}
