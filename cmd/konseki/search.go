package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/query"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/wire"
)

// windowFlags are the flags of every verb that asks about a window of time.
type windowFlags struct{ from, to, tz string }

func (w *windowFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&w.from, "from", "", "begin of the window, such as 2018-03-01 or 2018-03-01T12:00 (`time`)")
	fs.StringVar(&w.to, "to", "", "end of the window, not included (`time`)")
	fs.StringVar(&w.tz, "tz", "", "IANA `zone` for times given and shown; default: the configured one")
}

func (w *windowFlags) parse(otherwise *time.Location) (from, to time.Time, loc *time.Location, err error) {
	if loc, err = zone(w.tz, otherwise); err != nil {
		return
	}
	if from, err = instant("from", w.from, loc); err != nil {
		return
	}
	to, err = instant("to", w.to, loc)
	return
}

func searchVerb() verb {
	return verb{
		name: "search", args: "QUERY", does: "find events, with coverage and verdict",
		examples: []string{
			"konseki search 'src_ip:203.0.113.77 status:failure'",
			"konseki search 'class:authentication AND (user:a.mori OR user:root)' --from 2018-03-01 --to 2018-03-02",
			"konseki search '\"Failed password\" src_ip:198.51.100.0/24 time:>-24h' --json",
			"konseki search 'パスワード source:chat'",
		},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			var w windowFlags
			q := control.Search{}
			w.register(fs)
			fs.IntVar(&q.Limit, "limit", 100, "at most this many events")
			fs.BoolVar(&q.Oldest, "oldest", false, "oldest first")
			fs.StringVar(&q.After, "after", "", "continue after this `cursor`, the next of an earlier answer")
			return func(ctx context.Context, args []string) error {
				q.Query = strings.Join(args, " ")
				return e.with(ctx, false, func(s *server.Server) error {
					var err error
					if q.From, q.To, q.Zone, err = w.parse(s.Zone); err != nil {
						return err
					}
					r, err := s.Search(ctx, person(), q)
					if err != nil {
						return pointed(err, q.Query)
					}
					return e.printResult(r, q.Zone)
				})
			}
		},
	}
}

// pointedError is a syntax error with the query it was made in.
type pointedError struct {
	error
	query  string
	column int // in characters, from 1
}

// Unwrap gives the syntax error.
func (e *pointedError) Unwrap() error { return e.error }

// pointer is the query with a mark under the place of the error. Blanks before
// the mark are as wide as the characters above them.
func (e *pointedError) pointer() string {
	var blank strings.Builder
	for i, r := range []rune(e.query) {
		if i == e.column-1 {
			break
		}
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			blank.WriteRune('\u3000')
		default:
			blank.WriteByte(' ')
		}
	}
	return "  " + plain(e.query) + "\n  " + blank.String() + "^"
}

// pointed adds the query to a syntax error, so that its place can be shown.
func pointed(err error, text string) error {
	if syntax, ok := errors.AsType[*query.SyntaxError](err); ok {
		return &pointedError{err, text, syntax.Pos}
	}
	return err
}

func (e *env) printResult(r *control.Result, zone *time.Location) error {
	for i := range r.Events {
		if e.json {
			if err := e.writeJSON(e.eventJSON(&r.Events[i], zone, r.Answer.ClockOf(&r.Events[i]))); err != nil {
				return err
			}
			continue
		}
		e.printEvent(&r.Events[i], zone, r.Answer.ClockOf(&r.Events[i]))
	}
	if e.json {
		a := wire.AnswerOf(r.Answer, zone, e.lang)
		a.Query, a.Next = r.Query, r.Next
		return e.writeJSON(a)
	}
	if int64(len(r.Events)) < r.Total {
		fmt.Fprintf(e.stdout, e.say("… 全 %d 件のうち %d 件を表示\n", "… %[2]d of %[1]d shown\n"), r.Total, len(r.Events))
	}
	e.printAnswer(r.Answer, zone)
	return nil
}

func askVerb() verb {
	return verb{
		name: "ask", args: "KIND", does: "answer a question with its verdict: login, access, transfer, tool, change",
		examples: []string{
			"konseki ask login --address 203.0.113.77 --source vpn --from 2018-03-01 --to 2018-03-02",
			"konseki ask access --object 'パスワード' --account D",
		},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			var w windowFlags
			var sources string
			q := control.Ask{}
			w.register(fs)
			fs.StringVar(&q.Account, "account", "", "`account` that acted or was acted upon")
			fs.StringVar(&q.Address, "address", "", "`address`")
			fs.StringVar(&q.Host, "host", "", "`host`")
			fs.StringVar(&q.Object, "object", "", "`text` in the file, document, table, command or statement")
			fs.StringVar(&sources, "source", "", "`sources` that could answer, comma separated; default: all whose kind can")
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 {
					return fmt.Errorf("%w: ask login, access, transfer, tool or change", errUsage)
				}
				q.Kind = args[0]
				if sources != "" {
					q.Sources = strings.Split(sources, ",")
				}
				return e.with(ctx, false, func(s *server.Server) error {
					var err error
					var loc *time.Location
					if q.From, q.To, loc, err = w.parse(s.Zone); err != nil {
						return err
					}
					q.Zone = loc
					r, err := s.Ask(ctx, person(), q)
					if err != nil {
						return err
					}
					return e.printResult(r, loc)
				})
			}
		},
	}
}

func recordVerb() verb {
	return verb{
		name: "record", args: "NUMBER", does: "show a raw record with its events and its proof",
		examples: []string{"konseki record 1482077", "konseki record 1482077 --unmask 'was the password of account D typed here?'"},
		prepare: func(e *env, fs *flag.FlagSet) func(context.Context, []string) error {
			reason := fs.String("unmask", "", "show passwords and card numbers too; why is recorded (`reason`)")
			return func(ctx context.Context, args []string) error {
				var seq uint64
				if len(args) != 1 || !scanNumber(args[0], &seq) {
					return fmt.Errorf("%w: name one record by its number", errUsage)
				}
				return e.with(ctx, false, func(s *server.Server) error { return e.showRecord(ctx, s, seq, *reason) })
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
	r, err := s.Record(ctx, person(), seq)
	if err == nil && reason != "" {
		r, err = s.Unmask(ctx, auth.Person{Name: person(), Role: auth.RoleAdmin}, seq, reason)
	}
	if err != nil {
		return err
	}
	p, err := s.Prove(ctx, person(), seq)
	if err != nil {
		return err
	}
	if e.json {
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
		return e.writeJSON(out)
	}
	fmt.Fprintf(e.stdout, "#%d  %s  %s  %s\n", seq, r.Record.Received.In(s.Zone).Format(time.RFC3339Nano), plain(r.Record.Source), plain(r.Record.Transport))
	for l := range strings.Lines(r.Text) {
		fmt.Fprintln(e.stdout, "  "+plain(strings.TrimRight(l, "\r\n")))
	}
	for i := range r.Events {
		e.printEvent(&r.Events[i], s.Zone, r.Clock)
	}
	if !p.OK {
		fmt.Fprintln(e.stdout, plain(p.Error))
		return errTampered
	}
	fmt.Fprintf(e.stdout, e.say("封印済：批 %d、葉 %d、根 %s、%s\n", "sealed: batch %d, leaf %d, root %s, %s\n"), p.Batch, p.Position, p.Root, p.SealedAt.In(s.Zone).Format(time.RFC3339))
	return nil
}
