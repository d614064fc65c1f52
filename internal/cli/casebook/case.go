package casebook

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// caseFlags are what the operations on a case may be told.
type caseFlags struct {
	window               cli.Window
	title, text, reason  event.Phrase
	query, sources, at   string
	precision, certainty string
	board                string
}

func (f *caseFlags) register(fs *flag.FlagSet) {
	f.window.Register(fs)
	for name, p := range map[string]*event.Phrase{"title": &f.title, "text": &f.text, "reason": &f.reason} {
		fs.StringVar(&p.JA, name+"-ja", "", name+" in Japanese (`text`)")
		fs.StringVar(&p.EN, name+"-en", "", name+" in English (`text`)")
	}
	fs.StringVar(&f.query, "query", "", "`query` that finds the records to cite")
	fs.StringVar(&f.sources, "source", "", "`sources` that could answer, comma separated")
	fs.StringVar(&f.at, "at", "", "`time` of a timeline row")
	fs.StringVar(&f.precision, "precision", "exact", "exact or about (頃)")
	fs.StringVar(&f.certainty, "certainty", "confirmed", "confirmed established probable possible not_confirmed undetermined")
	fs.StringVar(&f.board, "board", "", "how_in who since_when touched still_in what_left")
}

// Case is the verb case: open a case and add timeline rows, statements and questions to it.
func Case() cli.Verb {
	return cli.Verb{
		Name: "case", Args: "list | open ID | show ID | row ID | state ID | ask ID", Does: "open a case and add timeline rows, statements and questions to it",
		Examples: []string{
			"konseki case open 2018-001 --title-ja 'VPN からの侵入' --title-en 'Intrusion by VPN'",
			"konseki case row 2018-001 --at 2018-01-07T09:58:00 --text-ja '初見の接続元からログイン' --query 'source:chat user:F ip:203.0.113.77'",
			"konseki case ask 2018-001 --text-ja '3月1日に VPN は使われたか' --source vpn --from 2018-03-01 --to 2018-03-02",
			"konseki case show 2018-001",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			var f caseFlags
			f.register(fs)
			return func(ctx context.Context, args []string) error {
				if len(args) == 1 && args[0] == "list" {
					return e.With(ctx, false, func(s *server.Server) error { return e.listCases(ctx, s) })
				}
				if len(args) != 2 {
					return fmt.Errorf("%w: case list, or case open|show|row|state|ask ID", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error { return e.onCase(ctx, s, args[0], args[1], &f) })
			}
		},
	}
}

func (e *env) onCase(ctx context.Context, s *server.Server, op, id string, f *caseFlags) error {
	from, to, loc, err := f.window.Parse(s.Zone)
	if err != nil {
		return err
	}
	at, err := cli.Instant("at", f.at, loc)
	if err != nil {
		return err
	}
	var sources []string
	if f.sources != "" {
		sources = strings.Split(f.sources, ",")
	}
	switch op {
	case "open":
		_, err = s.OpenCase(ctx, cli.Person(), id, f.title)
	case "row":
		_, err = s.Put(ctx, cli.Person(), id, &investigate.Row{At: at, Precision: f.precision, Text: f.text, Query: f.query}, 0)
	case "state":
		_, err = s.Put(ctx, cli.Person(), id, &investigate.Statement{
			Text: f.text, Certainty: investigate.Certainty(f.certainty), Query: f.query, Sources: sources, From: from, To: to, Reason: f.reason}, 0)
	case "ask":
		_, err = s.Put(ctx, cli.Person(), id, &investigate.Question{Text: f.text, Board: f.board, Query: f.query, Sources: sources, From: from, To: to}, 0)
	case "show":
		return e.showCase(ctx, s, id, loc)
	default:
		return fmt.Errorf("%w: case open, show, row, state or ask; not %q", cli.ErrUsage, op)
	}
	return cli.Pointed(err, f.query)
}

func (e *env) listCases(ctx context.Context, s *server.Server) error {
	cases, err := s.Cases(ctx)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if !e.JSON {
			fmt.Fprintf(e.Stdout, "%s  %s  %s  %s\n", c.ID, c.Status, cli.Stamp(c.Opened, s.Zone), terminal.Plain(c.Title.In(e.Lang)))
			continue
		}
		err := e.WriteJSON(struct {
			ID     string       `json:"id"`
			Title  event.Phrase `json:"title"`
			Status string       `json:"status"`
			Opened time.Time    `json:"opened"`
			By     string       `json:"opened_by"`
		}{c.ID, c.Title, c.Status, c.Opened.In(s.Zone), c.OpenedBy})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *env) showCase(ctx context.Context, s *server.Server, id string, loc *time.Location) error {
	c, err := s.Case(ctx, id)
	if err != nil {
		return err
	}
	if e.JSON {
		return e.WriteJSON(c)
	}
	fmt.Fprintf(e.Stdout, "%s  %s\n\n", c.ID, terminal.Plain(c.Title.In(e.Lang)))
	for _, r := range c.Timeline {
		about := ""
		if r.Precision == "about" {
			about = e.Say(" 頃", " (about)")
		}
		fmt.Fprintf(e.Stdout, "%s%s%s  %s  %v\n", cli.Stamp(r.At, loc), about, e.RowDoubt(&r), terminal.Plain(r.Text.In(e.Lang)), r.Cites)
	}
	for _, q := range c.Questions {
		fmt.Fprintf(e.Stdout, "\n%s\n", terminal.Plain(q.Text.In(e.Lang)))
		if !q.Conclusion.Empty() {
			fmt.Fprintln(e.Stdout, "  "+terminal.Plain(q.Conclusion.In(e.Lang)))
		}
		e.PrintAnswer(q.Answer, loc)
	}
	return nil
}

// Report is the verb report: write the case as an incident report: html or md, ja or en.
func Report() cli.Verb {
	return cli.Verb{
		Name: "report", Args: "CASE", Does: "write the case as an incident report: html or md, ja or en",
		Examples: []string{"konseki report 2018-001 --lang ja --format html -o report.html"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			format := fs.String("format", "md", "`form`: md or html")
			out := fs.String("o", "", "`file` to write; default: standard output")
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 {
					return fmt.Errorf("%w: name one case", cli.ErrUsage)
				}
				return e.With(ctx, false, func(s *server.Server) error {
					if err := s.Seal(ctx); err != nil {
						return err
					}
					if *out == "" {
						return s.Report(ctx, cli.Person(), args[0], e.Lang, *format, e.Stdout)
					}
					return cli.WriteFile(*out, func(f *os.File) error { return s.Report(ctx, cli.Person(), args[0], e.Lang, *format, f) })
				})
			}
		},
	}
}

// Export is the verb export: write the case's self-verifying bundle (zip).
func Export() cli.Verb {
	return cli.Verb{
		Name: "export", Args: "CASE", Does: "write the case's self-verifying bundle (zip)",
		Examples: []string{
			"konseki export 2018-001 -o bundle.zip && konseki verify bundle.zip",
			"konseki export 2018-001 --mask passwords --mask emails --mask 'customer=(\\d+)'",
		},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{c}
			out := fs.String("o", "", "`file` to write; default: CASE.zip")
			var masks []string
			fs.Func("mask", "`what` to hide in raw records: passwords, emails, or a regular expression; may be repeated", func(m string) error {
				masks = append(masks, m)
				return nil
			})
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 {
					return fmt.Errorf("%w: name one case", cli.ErrUsage)
				}
				name := *out
				if name == "" {
					name = args[0] + ".zip"
				}
				return e.With(ctx, false, func(s *server.Server) error {
					err := cli.WriteFile(name, func(f *os.File) error { return s.Export(ctx, cli.Person(), args[0], masks, f) })
					if err == nil {
						fmt.Fprintln(e.Stderr, e.Say("書き出した：", "written: ")+terminal.Plain(name))
					}
					return err
				})
			}
		},
	}
}
