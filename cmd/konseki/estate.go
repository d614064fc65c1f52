package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/konseki/konseki/internal/control"
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
			tz := fs.String("tz", "", "IANA `zone` for times given and shown; default: the configured one")
			return func(ctx context.Context, args []string) error {
				return e.with(ctx, false, func(s *server.Server) error {
					loc, err := zone(*tz, s.Zone)
					if err != nil {
						return err
					}
					when, err := instant("at", *at, loc)
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
						return e.showEstate(args[1], *source, when, loc)
					case len(args) == 1 && args[0] == "list":
						return e.listEstate(loc)
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
		return e.writeJSON(struct {
			Kind    string    `json:"kind"`
			Version int       `json:"version"`
			File    string    `json:"file"`
			SHA256  string    `json:"sha256"`
			Rows    int       `json:"rows,omitzero"`
			At      time.Time `json:"at"`
			By      string    `json:"by"`
			Record  uint64    `json:"record"`
		}{ed.Kind, ed.Version, ed.File, ed.SHA256, rows, ed.At.In(loc), ed.By, ed.Record})
	}
	count := ""
	if rows > 0 {
		count = fmt.Sprintf("  %d %s", rows, e.say("行", "rows"))
	}
	_, err := fmt.Fprintln(e.stdout, plain(fmt.Sprintf("%-9s %s%d  %s%s  %s %s  #%d", ed.Kind, e.say("第", "version "), ed.Version, ed.File, count, stamp(ed.At, loc), ed.By, ed.Record)))
	return err
}

func (e *env) showEstate(what, source string, at time.Time, loc *time.Location) error {
	said := e.estate.Account(what, source, at)
	if _, err := netip.ParseAddr(what); err == nil {
		said = e.estate.Address(what, at, loc)
	}
	if e.json {
		return e.writeJSON(struct {
			Value string    `json:"value"`
			At    time.Time `json:"at"`
			Who   string    `json:"who"`
		}{what, at.In(loc), said.In(e.lang)})
	}
	if said == (event.Phrase{}) {
		said = event.Phrase{JA: "この時点のことは取り込まれていない", EN: "nothing imported tells of it at that time"}
	}
	_, err := fmt.Fprintln(e.stdout, plain(what+"  "+said.In(e.lang)))
	return err
}

// who says what is known of what a pivot is about, as of when it was last seen.
func (e *env) who(p *control.Pivot, loc *time.Location) string {
	return e.estate.About(p.Kind, p.Value, p.Last, loc).In(e.lang)
}

// eventJSON is an event as scripts read it, with whose it was.
func (e *env) eventJSON(ev *event.Event, loc *time.Location, clock *coverage.ClockState) wire.Event {
	out := wire.EventOf(ev, loc, clock)
	out.Who = e.estate.Line(ev, loc, e.lang)
	return out
}
