package casebook

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Export is the verb export: a case in one file for others: its self-verifying
// bundle, or what other programs read.
func Export() cli.Verb {
	return word("export CASE", "write the case's self-verifying bundle (zip)",
		[]string{
			"konseki export 2018-001 -o bundle.zip && konseki verify bundle.zip",
			"konseki export 2018-001 --mask passwords --mask emails --mask 'customer=(\\d+)'",
		}, prepareExport)
}

func prepareExport(e *env, fs *flag.FlagSet) run {
	var out string
	fs.StringVar(&out, "out", "", "`file` to write; default: CASE.zip")
	fs.StringVar(&out, "o", "", "the same as --out (`file`)")
	var masks []string
	fs.Func("mask", "`what` to hide in raw records: passwords, emails, or a regular expression; may be repeated", func(m string) error {
		masks = append(masks, m)
		return nil
	})
	return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
		if out == "" {
			out = args[0] + ".zip"
		}
		err := cli.WriteFile(out, func(f *os.File) error { return s.Export(ctx, e.person(), args[0], masks, f) })
		if err == nil {
			e.written(out)
		}
		return err
	})
}

// written says where something was written.
func (e *env) written(name string) {
	fmt.Fprintln(e.Stderr, e.Say("書き出した：", "written: ")+terminal.Plain(name))
}

func handoverWord() cli.Verb {
	return word("handover ID SCOPE", "list what a scope counts, record by record as CSV, to hand to those whom it concerns; secrets and card numbers are masked",
		[]string{"konseki case handover 2018-001 sc1 --out possibly-leaked.csv"},
		func(e *env, fs *flag.FlagSet) run {
			var to output
			fs.StringVar(&to.file, "out", "", "`file` to write; default: standard output")
			unmask := fs.String("unmask", "", "show passwords and card numbers too; why is recorded (`reason`)")
			return e.on(2, 2, func(ctx context.Context, s *server.Server, args []string) error {
				by := auth.Person{Name: e.person(), Role: auth.RoleAdmin}
				var n int64
				err := to.write(e, func(w io.Writer) (err error) {
					n, err = s.HandOver(ctx, by, args[0], args[1], *unmask, w)
					return err
				})
				if err == nil {
					fmt.Fprintf(e.Stderr, e.Say("%d 行\n", "%d lines\n"), n)
				}
				return err
			})
		})
}
