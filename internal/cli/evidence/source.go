package evidence

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/collect/pull"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// sourceFlags are what may be said of a source.
type sourceFlags struct {
	window                         cli.Window
	src                            control.Source
	keep                           retentionFlags
	absent, reasonJA, reasonEN     string
	from, programs, hosts, senders string
	rhythm, heartbeat, of, state   string
}

func (f *sourceFlags) register(fs *flag.FlagSet) {
	f.window.Register(fs)
	f.keep.register(fs)
	fs.StringVar(&f.src.Kind, "kind", "", "`kind`: vpn auth firewall network groupware chat web_service web server database monitoring other")
	fs.StringVar(&f.src.Name.JA, "name-ja", "", "Japanese `name`")
	fs.StringVar(&f.src.Name.EN, "name-en", "", "English `name`")
	fs.StringVar(&f.src.Owner, "owner", "", "`who` looks after it")
	fs.StringVar(&f.src.Host, "host", "", "`machine` it runs on")
	fs.StringVar(&f.src.Zone, "zone", "", "IANA `zone` of its times")
	fs.BoolVar(&f.src.Critical, "critical", false, "its silence is serious")
	fs.StringVar(&f.src.HeldBy, "held-by", "", "`who` else holds its records: a hosting firm, a data centre, a service")
	fs.StringVar(&f.src.Sequence, "sequence", "", "`chain` that it numbers its records by: eventrecord, audit, journal, cisco, rfc5424 …")
	fs.StringVar(&f.rhythm, "rhythm", "", "longest ordinary quiet, a `time` such as 15m or 2d; default: learned")
	fs.StringVar(&f.heartbeat, "heartbeat", "", "how often it gives a sign of life, a `time` such as 20m")
	fs.StringVar(&f.from, "match-from", "", "live records of these `addresses` or networks are its, comma separated")
	fs.StringVar(&f.hosts, "match-host", "", "live records of these `hosts` are its (* is any text)")
	fs.StringVar(&f.programs, "match-program", "", "live records of these `programs` are its (* is any text)")
	fs.StringVar(&f.senders, "match-sender", "", "live records of these tokens or certificates are its (`names`)")
	fs.StringVar(&f.absent, "absent", "", "its records in --from … --to are `state`: expired, deleted, refused, never_collected")
	fs.StringVar(&f.reasonJA, "reason-ja", "", "why they are absent, or what was answered, Japanese (`text`)")
	fs.StringVar(&f.reasonEN, "reason-en", "", "why they are absent, or what was answered, English (`text`)")
	fs.StringVar(&f.of, "of", "", "`who` was asked for records; default: who holds them")
	fs.StringVar(&f.state, "state", "asked", "`state` of a request: asked, received, refused")
}

// Source is the verb source: register a source that is expected, confirm one that was seen, note what others who hold its records answer, or list them.
func Source() cli.Verb {
	return cli.Verb{
		Name: "source", Args: "add ID | confirm ID | request ID | tracer ID | list",
		Does: "register a source that is expected, confirm one that was seen, note what others who hold its records answer, or list them",
		Examples: []string{
			"konseki source add vpn --kind vpn --name-ja 'VPN 装置' --name-en 'VPN appliance' --owner infra --match-from 192.0.2.1 --retention 400d --origin-retention 7d",
			"konseki source add dc-network --kind network --held-by 'データセンター'",
			"konseki source request dc-network --state refused --from 2018-01-01 --to 2018-03-05 --reason-ja 機密情報に当たるため --reason-en 'confidential'",
			"konseki source tracer vpn",
			"konseki source list",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			f := &sourceFlags{}
			f.register(fs)
			return func(ctx context.Context, args []string) error {
				if len(args) == 1 && args[0] == "list" {
					return e.With(ctx, false, func(s *server.Server) error { return e.listSources(ctx, s) })
				}
				if len(args) != 2 {
					return fmt.Errorf("%w: source add, confirm, request or tracer ID, or source list", cli.ErrUsage)
				}
				f.src.ID = args[1]
				switch args[0] {
				case "add":
					return e.With(ctx, true, func(s *server.Server) error { return f.add(ctx, s, e.Person()) })
				case "confirm":
					return e.With(ctx, true, func(s *server.Server) error { return s.ConfirmSource(ctx, e.Person(), f.src.ID) })
				case "request":
					return e.With(ctx, true, func(s *server.Server) error { return f.request(ctx, s, e.Person()) })
				case "tracer":
					return e.tracer(f.src.ID)
				}
				return fmt.Errorf("%w: source add, confirm, request, tracer or list; not %q", cli.ErrUsage, args[0])
			}
		},
	}
}

// add registers the source. Said again it adds to what is known, and takes
// nothing back.
func (f *sourceFlags) add(ctx context.Context, s *server.Server, by string) error {
	from, to, _, err := f.window.Parse(s.Zone)
	if err != nil {
		return err
	}
	if f.absent != "" {
		f.src.Absent = append(f.src.Absent, coverage.Absence{From: from, To: to, State: coverage.State(f.absent), Reason: event.Phrase{JA: f.reasonJA, EN: f.reasonEN}})
	}
	for text, into := range map[string]*coverage.Span{f.rhythm: &f.src.Rhythm, f.heartbeat: &f.src.Heartbeat} {
		if *into, err = coverage.ParseSpan(text); err != nil {
			return fmt.Errorf("%w: %w", cli.ErrUsage, err)
		}
	}
	f.src.Match = coverage.Match{Addresses: listed(f.from), Hosts: listed(f.hosts), Programs: listed(f.programs), Senders: listed(f.senders)}
	known, err := s.Sources(ctx)
	if err != nil {
		return err
	}
	return s.AddSource(ctx, by, f.keep.told(f.src, known))
}

// listed splits a list at its commas.
func listed(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func (f *sourceFlags) request(ctx context.Context, s *server.Server, by string) error {
	from, to, _, err := f.window.Parse(s.Zone)
	if err != nil {
		return err
	}
	return s.RequestEvidence(ctx, by, f.src.ID, coverage.Request{
		Of: f.of, State: coverage.RequestState(f.state), From: from, To: to, Note: event.Phrase{JA: f.reasonJA, EN: f.reasonEN},
	})
}

// tracer prints what makes a quiet source give a sign of life.
func (e *env) tracer(id string) error {
	const every = 20
	_, err := io.WriteString(e.Stdout, coverage.Tracer(terminal.Plain(id), every).In(e.Lang))
	return err
}

func (e *env) listSources(ctx context.Context, s *server.Server) error {
	list, err := s.Sources(ctx)
	if err != nil {
		return err
	}
	pulls := map[string]pull.Status{}
	for _, p := range s.Pulls() {
		pulls[p.Source] = p
	}
	for _, src := range list {
		if e.JSON {
			if err := e.WriteJSON(src); err != nil {
				return err
			}
			continue
		}
		expected := e.Say("登録", "registered")
		if !src.Expected {
			expected = e.Say("受信のみ（source confirm で登録）", "only seen (source confirm registers it)")
		}
		fmt.Fprintf(e.Stdout, "%-16s %-11s %-8s %s%s\n", terminal.Plain(src.ID), src.Kind, expected, terminal.Plain(src.Name.In(e.Lang)), e.kept(src))
		if p, ok := pulls[src.ID]; ok {
			e.pulled(p, s.Zone)
		}
		for _, r := range src.Requests {
			fmt.Fprintf(e.Stdout, "    %s  %s  %s  %s  %s\n", r.At.In(s.Zone).Format(time.DateOnly), terminal.Plain(r.Of), r.Label().In(e.Lang), terminal.Plain(r.By), terminal.Plain(r.Note.In(e.Lang)))
		}
	}
	return nil
}

// pulled tells how far a source is that the running server asks for its records.
func (e *env) pulled(p pull.Status, zone *time.Location) {
	never := e.Say("まだ", "not yet")
	at := func(t time.Time) string {
		if t.IsZero() {
			return never
		}
		return cli.Stamp(t, zone)
	}
	fmt.Fprintf(e.Stdout, e.Say("    取得 %s  最後の問い合わせ %s、最後の成功 %s、漏れなしの証明 %s まで\n", "    pulled %s  last asked %s, last answered %s, proven complete up to %s\n"),
		terminal.Plain(p.API), at(p.Asked), at(p.LastSuccess), at(p.Proven))
	if p.Error != "" {
		fmt.Fprintf(e.Stdout, e.Say("    ! %s から %d 回続けて失敗：%s\n", "    ! failing since %s, %d times: %s\n"), at(p.Failing), p.Failures, terminal.Plain(p.Error))
	}
}

// orOld keeps what was said before where nothing new is said.
func orOld[T any](now, old []T) []T {
	if len(now) > 0 {
		return now
	}
	return slices.Clone(old)
}
