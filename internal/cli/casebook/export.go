package casebook

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/report/exchange"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Export is the verb export: a case in one file for others: its self-verifying
// bundle, or what other programs read.
func Export() cli.Verb {
	return word("export CASE", "write a case for others: its self-verifying bundle (zip), or what other programs read",
		[]string{
			"konseki export 2018-001 -o bundle.zip && konseki verify bundle.zip",
			"konseki export 2018-001 --mask passwords --mask emails --mask 'customer=(\\d+)'",
			"konseki export 2018-001 --format csv --lang ja --out events.csv",
			"konseki export 2018-001 --format stix --marking green --out indicators.json",
		}, prepareExport)
}

// bundle is the format that holds the case with its evidence and proofs; the
// others are those of the room exchange.
const bundle = "bundle"

func prepareExport(e *env, fs *flag.FlagSet) run {
	x := casework.Exchange{}
	var out string
	var masks []string
	fs.StringVar(&x.Format, "format", bundle, "`form`: "+formats())
	fs.StringVar(&out, "out", "", "`file` to write; default: CASE.zip for a bundle, else standard output")
	fs.StringVar(&out, "o", "", "the same as --out (`file`)")
	fs.StringVar(&x.Marking, "marking", "", "TLP of indicators: clear, green, amber, amber+strict or red; default: amber")
	fs.StringVar(&x.Unmask, "unmask", "", "real names and secrets too, but in a bundle; why is recorded (`reason`)")
	fs.Func("mask", "`what` to hide in the raw records of a bundle: passwords, emails, or a regular expression; may be repeated", func(m string) error {
		masks = append(masks, m)
		return nil
	})
	return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
		if x.Format == bundle {
			return e.exportBundle(ctx, s, args[0], masks, &output{file: cmp.Or(out, args[0]+".zip")}, x)
		}
		if len(masks) > 0 {
			return fmt.Errorf("%w: --mask is for bundles; %s is masked unless --unmask says why not", cli.ErrUsage, x.Format)
		}
		x.Lang = e.Lang
		return e.exchange(ctx, s, args[0], x, &output{file: out})
	})
}

// formats lists what a case can be exported as.
func formats() string {
	names := []string{bundle}
	for _, f := range exchange.Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

func (e *env) exportBundle(ctx context.Context, s *server.Server, caseID string, masks []string, to *output, x casework.Exchange) error {
	if x.Unmask != "" || x.Marking != "" {
		return fmt.Errorf("%w: --unmask and --marking are not for bundles", cli.ErrUsage)
	}
	return to.write(e, func(w io.Writer) error { return s.Export(ctx, e.person(), caseID, masks, w) })
}

// exchange writes what other programs read, and says how much of it there is.
func (e *env) exchange(ctx context.Context, s *server.Server, caseID string, x casework.Exchange, to *output) error {
	if err := s.Seal(ctx); err != nil {
		return err
	}
	var n exchange.Count
	err := to.write(e, func(w io.Writer) (err error) {
		n, err = s.Exchange(ctx, auth.Person{Name: e.person(), Role: auth.RoleAdmin}, caseID, x, w)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stderr, e.Say("%d 件を書き出した\n", "%d lines\n"), n.Lines)
	if n.Left > 0 {
		fmt.Fprintf(e.Stderr, e.Say("%d 件はこの形式に入らず省いた\n", "%d left out: the format cannot hold them\n"), n.Left)
	}
	return nil
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
