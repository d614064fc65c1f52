package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/wire"
)

// rawJSON is JSON text that stands in other JSON as it is.
type rawJSON = jsontext.Value

func pivotVerb() verb {
	return verb{
		name: "pivot", args: "ip=ADDRESS | user=ACCOUNT | host=NAME", does: "first and last seen, counts per source, related accounts, addresses and hosts",
		examples: []string{"konseki pivot ip=203.0.113.77", "konseki pivot user=D --from 2018-01-01"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			var w windowFlags
			w.register(fs)
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 || !strings.Contains(args[0], "=") {
					return fmt.Errorf("%w: pivot on ip=ADDRESS, user=ACCOUNT or host=NAME", errUsage)
				}
				kind, value, _ := strings.Cut(args[0], "=")
				return e.with(ctx, false, func(s *server.Server) error {
					from, to, loc, err := w.parse(s.Zone)
					if err != nil {
						return err
					}
					p, err := s.Pivot(ctx, person(), kind, value, from, to)
					if err != nil {
						return err
					}
					return e.printPivot(p, loc)
				})
			}
		},
	}
}

func (e *env) printPivot(p *control.Pivot, loc *time.Location) error {
	who := e.estate.About(p.Kind, p.Value, p.Last, loc).In(e.lang)
	if e.json {
		out := wire.Pivot{
			Kind: p.Kind, Value: p.Value, Who: who, Count: p.Count, First: inZone(p.First, loc), Last: inZone(p.Last, loc),
			Sources: wire.RelatedOf(p.Sources, loc), Users: wire.RelatedOf(p.Users, loc), Addresses: wire.RelatedOf(p.Addresses, loc), Hosts: wire.RelatedOf(p.Hosts, loc),
			Findings: []wire.Finding{},
		}
		for i := range p.Findings {
			out.Findings = append(out.Findings, wire.FindingOf(&p.Findings[i], loc, e.lang))
		}
		if err := e.writeJSON(out); err != nil {
			return err
		}
		return e.writeJSON(wire.AnswerOf(p.Answer, loc, e.lang))
	}
	fmt.Fprintf(e.stdout, "%s=%s  %d %s\n", p.Kind, plain(p.Value), p.Count, e.say("件", "events"))
	if who != "" {
		fmt.Fprintln(e.stdout, plain(who))
	}
	if p.Count > 0 {
		fmt.Fprintf(e.stdout, e.say("初見 %s  最終 %s\n", "first seen %s  last seen %s\n"), stamp(p.First, loc), stamp(p.Last, loc))
	}
	for _, part := range []struct {
		ja, en string
		list   []control.Related
	}{{"ログ源", "sources", p.Sources}, {"アカウント", "accounts", p.Users}, {"接続元", "addresses", p.Addresses}, {"機器", "hosts", p.Hosts}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintln(e.stdout, "\n"+e.say(part.ja, part.en))
		for _, r := range part.list {
			fmt.Fprintf(e.stdout, "  %-24s %7d  %s – %s  %s\n", plain(r.Value), r.Count, stamp(r.First, loc), stamp(r.Last, loc), plain(strings.Join(r.Sources, " ")))
		}
	}
	for i := range p.Findings {
		e.printFinding(&p.Findings[i], loc)
	}
	e.printAnswer(p.Answer, loc)
	return nil
}

func inZone(t time.Time, loc *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(loc)
}

func stamp(t time.Time, loc *time.Location) string { return t.In(loc).Format("2006-01-02 15:04:05") }
