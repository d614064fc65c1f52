package casebook

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// Report is the verb report: documents of a case, previewed or issued.
func Report() cli.Verb {
	v := word("report CASE", "write a case as a document; --issue seals it as a version that stays as it is, without it nothing is remembered",
		[]string{
			"konseki report 2018-001 --lang ja --format html --out report.html",
			"konseki report 2018-001 --kind first --issue --lang ja --out 第一報.docx",
			"konseki report list 2018-001",
			"konseki report diff 2018-001 v1 v2",
		}, prepareReport)
	v.Verbs = []cli.Verb{listVersionsWord(), issuedWord(), diffWord()}
	return v
}

// output is where a document goes and in which format.
type output struct{ file, format string }

func (o *output) register(fs *flag.FlagSet) {
	fs.StringVar(&o.format, "format", "", "`form`: "+strings.Join(casework.Formats(), ", ")+"; default: by the name of the file, else md")
	fs.StringVar(&o.file, "out", "", "`file` to write; default: standard output")
	fs.StringVar(&o.file, "o", "", "the same as --out (`file`)")
}

// settle chooses the format; a format that is no text is not written to people's
// terminals.
func (o *output) settle(e *env) error {
	if o.format == "" {
		o.format = strings.TrimPrefix(strings.ToLower(filepath.Ext(o.file)), ".")
		if !slices.Contains(casework.Formats(), o.format) {
			o.format = "md"
		}
	}
	if o.file == "" && (o.format == "docx" || o.format == "pdf") && terminal.IsTerminal(e.Stdout) {
		return fmt.Errorf("%w: %s is no text; name a file with --out", cli.ErrUsage, o.format)
	}
	return nil
}

// write writes to the file, whole or not at all, else to standard output.
func (o *output) write(e *env, do func(io.Writer) error) error {
	if o.file == "" {
		return do(e.Stdout)
	}
	if err := cli.WriteFile(e.Path(o.file), func(f *os.File) error { return do(f) }); err != nil {
		return err
	}
	e.written(o.file)
	return nil
}

func prepareReport(e *env, fs *flag.FlagSet) run {
	var to output
	d := casework.Document{}
	to.register(fs)
	fs.StringVar(&d.Kind, "kind", "final", "first, interim, final, regulator, customer or partner")
	fs.BoolVar(&d.Real, "real", false, "real names in the place of the public ones; never in what is issued")
	issue := fs.Bool("issue", false, "seal it, in both languages and all forms, as a version of the report")
	return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
		if err := to.settle(e); err != nil {
			return err
		}
		if *issue && d.Real {
			return fmt.Errorf("%w: what is issued has public names; --real is for previews", cli.ErrUsage)
		}
		if err := s.Seal(ctx); err != nil {
			return err
		}
		if *issue {
			return e.issue(ctx, s, args[0], d.Kind, &to)
		}
		d.Lang, d.Format = e.Lang, to.format
		return to.write(e, func(w io.Writer) error { return s.Report(ctx, e.person(), args[0], d, w) })
	})
}

// issue seals a version and writes the document of it that was asked for.
func (e *env) issue(ctx context.Context, s *server.Server, caseID, kind string, to *output) error {
	v, err := s.Issue(ctx, e.person(), caseID, kind)
	if err != nil {
		return err
	}
	if err := s.Seal(ctx); err != nil {
		return err
	}
	if to.file != "" {
		name := e.Lang + "." + to.format
		if err := to.write(e, func(w io.Writer) error { return s.Issued(ctx, e.person(), caseID, v.ID, name, w) }); err != nil {
			return err
		}
	}
	return e.printVersion(v)
}

func (e *env) printVersion(v *investigate.Version) error {
	if e.JSON {
		return e.WriteJSON(v)
	}
	e.line("%s", e.versionLine(v))
	for _, name := range slices.Sorted(maps.Keys(v.Files)) {
		e.line("     %-8s sha256:%s", name, v.Files[name])
	}
	return nil
}

// versionLine says which report was issued when and by whom.
func (e *env) versionLine(v *investigate.Version) string {
	text := fmt.Sprintf("%-4s %s  %s  %s", v.ID, cli.Stamp(v.At, e.zone), e.reportName(v.Report, v.Number), v.By)
	if v.Drafts > 0 {
		text += fmt.Sprintf(e.Say("  指摘 %d 件のまま発行", "  issued with %d contradictions"), v.Drafts)
	}
	return text
}

// reportName is a kind of report with its number, in words.
func (e *env) reportName(kind string, n int) string {
	ja, ok := map[string]string{
		"first": "第一報", "interim": "続報", "final": "最終報", "regulator": "当局への報告", "customer": "お客様への通知", "partner": "取引先への通知",
	}[kind]
	if !ok {
		ja = kind
	}
	return fmt.Sprintf(e.Say(ja+"（%d）", kind+" %d"), n)
}

func listVersionsWord() cli.Verb {
	return word("list CASE", "list the versions that were issued, with the SHA-256 of their documents", []string{"konseki report list 2018-001"},
		func(e *env, _ *flag.FlagSet) run {
			return e.on(1, 1, func(ctx context.Context, s *server.Server, args []string) error {
				c, err := s.Case(ctx, args[0])
				if err != nil {
					return err
				}
				for i := range c.Versions {
					if err := e.printVersion(&c.Versions[i]); err != nil {
						return err
					}
				}
				return nil
			})
		})
}

func issuedWord() cli.Verb {
	return word("issued CASE VERSION", "write a document of a version, byte by byte as it was issued",
		[]string{"konseki report issued 2018-001 v1 --lang ja --out 第一報.docx"},
		func(e *env, fs *flag.FlagSet) run {
			var to output
			to.register(fs)
			return e.on(2, 2, func(ctx context.Context, s *server.Server, args []string) error {
				if err := to.settle(e); err != nil {
					return err
				}
				name := e.Lang + "." + to.format
				return to.write(e, func(w io.Writer) error { return s.Issued(ctx, e.person(), args[0], args[1], name, w) })
			})
		})
}

func diffWord() cli.Verb {
	return word("diff CASE VERSION [VERSION]", "what changed in the case between two versions of its report, or since one: added (+), changed (~), withdrawn (-)",
		[]string{"konseki report diff 2018-001 v1 v2", "konseki report diff 2018-001 v2 --json"},
		func(e *env, _ *flag.FlagSet) run {
			return e.on(2, 3, func(ctx context.Context, s *server.Server, args []string) error {
				c, err := s.Case(ctx, args[0])
				if err != nil {
					return err
				}
				before, err := versionOf(c, args[1])
				if err != nil {
					return err
				}
				after := c
				if len(args) > 2 {
					if after, err = versionOf(c, args[2]); err != nil {
						return err
					}
				}
				return e.printDifference(difference(before, after))
			})
		})
}

// versionOf is the case as it was when a version of its report was issued.
func versionOf(c *investigate.Case, id string) (*investigate.Case, error) {
	for i := range c.Versions {
		if v := &c.Versions[i]; v.ID == id && v.Then != nil {
			return v.Then, nil
		}
	}
	return nil, fmt.Errorf("case %s has no version %s of its report; konseki report list %s lists them", c.ID, id, c.ID)
}
