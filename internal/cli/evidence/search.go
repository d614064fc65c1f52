package evidence

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/wire"
)

// Search is the verb search: find events, with coverage and verdict.
func Search() cli.Verb {
	return cli.Verb{
		Name: "search", Args: "QUERY", Does: "find events, with coverage and verdict",
		Examples: []string{
			"konseki search 'src_ip:203.0.113.77 status:failure'",
			"konseki search 'class:authentication AND (user:a.mori OR user:root)' --from 2018-03-01 --to 2018-03-02",
			"konseki search '\"Failed password\" src_ip:198.51.100.0/24 time:>-24h' --json",
			"konseki search 'パスワード source:chat'",
			"konseki search 'person:\"engineer K\" class:datastore'",
			"konseki search 'device:PC-114 network:outside' --from 2018-03-01",
			"konseki search 'item:personal*'",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var w cli.Window
			q := control.Search{}
			w.Register(fs)
			fs.IntVar(&q.Limit, "limit", 100, "at most this many events")
			fs.BoolVar(&q.Oldest, "oldest", false, "oldest first")
			fs.StringVar(&q.After, "after", "", "continue after this `cursor`, the next of an earlier answer")
			return func(ctx context.Context, args []string) error {
				q.Query = strings.Join(args, " ")
				return e.With(ctx, false, func(s *server.Server) error {
					var err error
					if q.From, q.To, q.Zone, err = w.Parse(s.Zone); err != nil {
						return err
					}
					r, err := s.Search(ctx, e.Person(), q)
					if err != nil {
						return e.Pointed(err, q.Query)
					}
					return e.printResult(r, q.Zone)
				})
			}
		},
	}
}

func (e *env) printResult(r *control.Result, zone *time.Location) error {
	for i := range r.Events {
		if e.JSON {
			if err := e.WriteJSON(e.eventJSON(&r.Events[i], zone, r.Answer.ClockOf(&r.Events[i]))); err != nil {
				return err
			}
			continue
		}
		e.PrintEvent(&r.Events[i], zone, r.Answer.ClockOf(&r.Events[i]))
	}
	if e.JSON {
		a := wire.AnswerOf(r.Answer, zone, e.Lang)
		a.Query, a.Next, a.Known = r.Query, r.Next, wire.MeaningsOf(r.Known, zone, e.Lang)
		return e.WriteJSON(a)
	}
	if int64(len(r.Events)) < r.Total {
		fmt.Fprintf(e.Stdout, e.Say("… 全 %d 件のうち %d 件を表示\n", "… %[2]d of %[1]d shown\n"), r.Total, len(r.Events))
	}
	e.PrintKnown(r.Known)
	e.PrintAnswer(r.Answer, zone)
	return nil
}

// Ask is the verb ask: answer a question with its verdict: login, access, transfer, tool, change.
func Ask() cli.Verb {
	return cli.Verb{
		Name: "ask", Args: "KIND", Does: "answer a question with its verdict: login, access, transfer, tool, change",
		Examples: []string{
			"konseki ask login --address 203.0.113.77 --source vpn --from 2018-03-01 --to 2018-03-02",
			"konseki ask access --object 'パスワード' --account D",
			"konseki ask login --person 'engineer K' --from 2018-03-01 --to 2018-03-02",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var w cli.Window
			var sources string
			q := control.Ask{}
			w.Register(fs)
			fs.StringVar(&q.Account, "account", "", "`account` that acted or was acted upon")
			fs.StringVar(&q.Address, "address", "", "`address`")
			fs.StringVar(&q.Host, "host", "", "`host`")
			fs.StringVar(&q.Person, "person", "", "`person`, by any of their accounts and devices; see konseki estate")
			fs.StringVar(&q.Device, "device", "", "`device`, by the addresses it had and its host name; see konseki estate")
			fs.StringVar(&q.Object, "object", "", "`text` in the file, document, table, command or statement")
			fs.StringVar(&sources, "source", "", "`sources` that could answer, comma separated; default: all whose kind can")
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 {
					return fmt.Errorf("%w: ask login, access, transfer, tool or change", cli.ErrUsage)
				}
				q.Kind = args[0]
				if sources != "" {
					q.Sources = strings.Split(sources, ",")
				}
				return e.With(ctx, false, func(s *server.Server) error {
					var err error
					var loc *time.Location
					if q.From, q.To, loc, err = w.Parse(s.Zone); err != nil {
						return err
					}
					q.Zone = loc
					r, err := s.Ask(ctx, e.Person(), q)
					if err != nil {
						return e.Worded(err)
					}
					return e.printResult(r, loc)
				})
			}
		},
	}
}

// Record is the verb record: show a raw record with its events and its proof.
func Record() cli.Verb {
	return cli.Verb{
		Name: "record", Args: "NUMBER", Does: "show a raw record with its events and its proof",
		Examples: []string{"konseki record 1482077", "konseki record 1482077 --unmask 'was the password of account D typed here?'"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			reason := fs.String("unmask", "", "show passwords and card numbers too; why is recorded (`reason`)")
			return func(ctx context.Context, args []string) error {
				var seq uint64
				if len(args) != 1 || !scanNumber(args[0], &seq) {
					return fmt.Errorf("%w: name one record by its number", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error { return e.showRecord(ctx, s, seq, *reason) })
			}
		},
	}
}

func scanNumber(s string, n *uint64) bool {
	_, err := fmt.Sscanf(strings.TrimPrefix(s, "#"), "%d", n)
	return err == nil && *n > 0
}

func (e *env) showRecord(ctx context.Context, s *server.Server, seq uint64, reason string) error {
	if err := s.Seal(ctx); err != nil {
		return err
	}
	r, err := s.Record(ctx, e.Person(), seq)
	if err == nil && reason != "" {
		r, err = s.Unmask(ctx, auth.Person{Name: e.Person(), Role: auth.RoleAdmin}, seq, reason)
	}
	if err != nil {
		return err
	}
	p, err := s.Prove(ctx, e.Person(), seq)
	if err != nil {
		return err
	}
	if e.JSON {
		out := struct {
			Record    uint64       `json:"record"`
			Received  time.Time    `json:"received"`
			Source    string       `json:"source"`
			Transport string       `json:"transport"`
			Raw       []byte       `json:"raw"`
			Masked    bool         `json:"masked,omitzero"`
			Events    []wire.Event `json:"events"`
			Verified  bool         `json:"verified"`
			Proof     rawJSON      `json:"proof"`
		}{r.Record.Seq, r.Record.Received.In(s.Zone), r.Record.Source, r.Record.Transport, r.Record.Raw, r.Masked, nil, p.OK, rawJSON(p.JSON)}
		for i := range r.Events {
			out.Events = append(out.Events, e.eventJSON(&r.Events[i], s.Zone, r.Clock))
		}
		return e.WriteJSON(out)
	}
	fmt.Fprintf(e.Stdout, "#%d  %s  %s  %s\n", seq, r.Record.Received.In(s.Zone).Format(time.RFC3339Nano), terminal.Plain(r.Record.Source), terminal.Plain(r.Record.Transport))
	for l := range strings.Lines(r.Text) {
		fmt.Fprintln(e.Stdout, "  "+terminal.Plain(strings.TrimRight(l, "\r\n")))
	}
	for i := range r.Events {
		e.PrintEvent(&r.Events[i], s.Zone, r.Clock)
	}
	if !p.OK {
		fmt.Fprintln(e.Stdout, terminal.Plain(p.Error))
		return cli.ErrTampered
	}
	fmt.Fprintf(e.Stdout, e.Say("封印済：批 %d、葉 %d、根 %s、%s\n", "sealed: batch %d, leaf %d, root %s, %s\n"), p.Batch, p.Position, p.Root, p.SealedAt.In(s.Zone).Format(time.RFC3339))
	return nil
}
