package evidence

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/wire"
)

// rawJSON is JSON text that stands in other JSON as it is.
type rawJSON = jsontext.Value

// Pivot is the verb pivot: first and last seen, counts per source, related accounts, addresses and hosts.
func Pivot() cli.Verb {
	return cli.Verb{
		Name: "pivot", Args: "ip=ADDRESS | user=ACCOUNT | host=NAME | person=NAME | device=NAME", Does: "first and last seen, counts per source, related accounts, addresses and hosts",
		Examples: []string{"konseki pivot ip=203.0.113.77", "konseki pivot user=D --from 2018-01-01", "konseki pivot person='engineer K'", "konseki pivot device=PC-114"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var w cli.Window
			w.Register(fs)
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 || !strings.Contains(args[0], "=") {
					return fmt.Errorf("%w: pivot on ip=ADDRESS, user=ACCOUNT, host=NAME, person=NAME or device=NAME", cli.ErrUsage)
				}
				kind, value, _ := strings.Cut(args[0], "=")
				return e.With(ctx, false, func(s *server.Server) error {
					from, to, loc, err := w.Parse(s.Zone)
					if err != nil {
						return err
					}
					p, err := s.Pivot(ctx, e.Person(), kind, value, from, to)
					if err != nil {
						return e.Worded(err)
					}
					return e.printPivot(p, loc)
				})
			}
		},
	}
}

func (e *env) printPivot(p *control.Pivot, loc *time.Location) error {
	who := e.Estate.About(p.Kind, p.Value, p.Last, loc).In(e.Lang)
	if e.JSON {
		out := wire.Pivot{
			Kind: p.Kind, Value: p.Value, Who: who, Count: p.Count, First: cli.InZone(p.First, loc), Last: cli.InZone(p.Last, loc),
			Sources: wire.RelatedOf(p.Sources, loc), Users: wire.RelatedOf(p.Users, loc), Addresses: wire.RelatedOf(p.Addresses, loc), Hosts: wire.RelatedOf(p.Hosts, loc),
			Findings: []wire.Finding{},
		}
		for i := range p.Findings {
			out.Findings = append(out.Findings, wire.FindingOf(&p.Findings[i], loc, e.Lang))
		}
		if err := e.WriteJSON(out); err != nil {
			return err
		}
		a := wire.AnswerOf(p.Answer, loc, e.Lang)
		a.Known = wire.MeaningsOf(p.Known, loc, e.Lang)
		return e.WriteJSON(a)
	}
	fmt.Fprintf(e.Stdout, "%s=%s  %d %s\n", p.Kind, terminal.Plain(p.Value), p.Count, e.Say("件", "events"))
	if who != "" {
		fmt.Fprintln(e.Stdout, terminal.Plain(who))
	}
	e.PrintKnown(p.Known)
	if p.Count > 0 {
		fmt.Fprintf(e.Stdout, e.Say("初見 %s  最終 %s\n", "first seen %s  last seen %s\n"), cli.Stamp(p.First, loc), cli.Stamp(p.Last, loc))
	}
	for _, part := range []struct {
		ja, en string
		list   []control.Related
	}{{"ログ源", "sources", p.Sources}, {"アカウント", "accounts", p.Users}, {"接続元", "addresses", p.Addresses}, {"機器", "hosts", p.Hosts}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintln(e.Stdout, "\n"+e.Say(part.ja, part.en))
		for _, r := range part.list {
			fmt.Fprintf(e.Stdout, "  %-24s %7d  %s – %s  %s\n", terminal.Plain(r.Value), r.Count, cli.Stamp(r.First, loc), cli.Stamp(r.Last, loc), terminal.Plain(strings.Join(r.Sources, " ")))
		}
	}
	for i := range p.Findings {
		e.PrintFinding(&p.Findings[i], loc)
	}
	e.PrintAnswer(p.Answer, loc)
	return nil
}
