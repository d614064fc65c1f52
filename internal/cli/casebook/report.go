package casebook

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Report is the verb report: write the case as an incident report: html or md, ja or en.
func Report() cli.Verb {
	return cli.Verb{
		Name: "report", Args: "CASE", Does: "write the case as an incident report: html or md, ja or en",
		Examples: []string{"konseki report 2018-001 --lang ja --format html -o report.html"},
		Prepare: func(c *cli.Env, fs *flag.FlagSet) func(context.Context, []string) error {
			e := &env{Env: c}
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
						return s.Report(ctx, cli.Person(), args[0], casework.Document{Lang: e.Lang, Format: *format}, e.Stdout)
					}
					return cli.WriteFile(*out, func(f *os.File) error {
						return s.Report(ctx, cli.Person(), args[0], casework.Document{Lang: e.Lang, Format: *format}, f)
					})
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
			e := &env{Env: c}
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
