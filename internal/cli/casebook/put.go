package casebook

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
)

// edit is a part as people put it: fields, or a file, upon a version.
type edit struct {
	id     string
	base   uint64
	file   string
	dry    bool
	preset investigate.Part // what a new part begins as; nil: empty
	fields []string         // FIELD=VALUE, in the order given
}

func (ed *edit) register(fs *flag.FlagSet) {
	fs.StringVar(&ed.id, "id", "", "`name` of the part; default: a new one gets the next number")
	fs.Uint64Var(&ed.base, "base", 0, "`version` that the change is made from; what is not given stays as it was")
	fs.BoolVar(&ed.dry, "dry-run", false, "show what would be recorded, with citations and coverage, and record nothing")
}

func putWord() cli.Verb {
	return word("put ID KIND [FIELD=VALUE...]", "add a part to a case, or change one; what its query finds is cited and its coverage computed",
		[]string{
			"konseki case put 2018-001 entity type=account real=a.mori public.ja='社員 A' public.en='employee A' role=victim",
			"konseki case put 2018-001 statement --id s1 --base 57 certainty=probable",
			"konseki case put 2018-001 measure --file measure.json",
			"konseki case put 2018-001 condition service=mail text='no sign-in from abroad for 14 days' check.by=query check.query='class:authentication NOT country:JP' check.days=14",
		},
		func(e *env, fs *flag.FlagSet) run {
			var ed edit
			ed.register(fs)
			fs.StringVar(&ed.file, "file", "", "JSON `file` with the fields of the part; - is standard input")
			return e.on(2, -1, func(ctx context.Context, s *server.Server, args []string) error {
				ed.fields = args[2:]
				return e.put(ctx, s, args[0], investigate.Kind(args[1]), &ed)
			})
		})
}

// put records an edit and says what was recorded.
func (e *env) put(ctx context.Context, s *server.Server, caseID string, k investigate.Kind, ed *edit) error {
	p, err := e.edited(ctx, s, caseID, k, ed)
	if err != nil {
		return err
	}
	var made investigate.Part
	if ed.dry {
		made, err = s.Weigh(ctx, caseID, p)
	} else {
		made, err = s.Put(ctx, e.person(), caseID, p, ed.base)
	}
	if err != nil {
		return e.explained(err, p)
	}
	if err := e.printPart(made); err != nil || !ed.dry {
		return err
	}
	return e.objections(ctx, s, caseID, made)
}

// objections tells what the linter would say of a part.
func (e *env) objections(ctx context.Context, s *server.Server, caseID string, p investigate.Part) error {
	found, err := s.LintPart(ctx, caseID, p)
	if err != nil {
		return err
	}
	for i := range found {
		if !e.JSON {
			e.printProblem(&found[i])
		} else if err := e.WriteJSON(&found[i]); err != nil {
			return err
		}
	}
	return nil
}

// edited is the part as it is to be put.
func (e *env) edited(ctx context.Context, s *server.Server, caseID string, k investigate.Kind, ed *edit) (investigate.Part, error) {
	p, err := e.start(ctx, s, caseID, k, ed)
	if errors.Is(err, investigate.ErrInvalid) {
		return nil, fmt.Errorf("%w: %w", cli.ErrUsage, err)
	} else if err != nil {
		return nil, err
	}
	w := writer{e.zone, e.Lang}
	for _, f := range ed.fields {
		if err := w.set(p, f); err != nil {
			return nil, err
		}
	}
	if ed.id != "" {
		p.Common().ID = ed.id
	}
	if ed.asksAnew() {
		if err := w.set(p, "cites="); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// asksAnew reports whether a change gives another query and no records: what the
// query found before is not cited for it.
func (ed *edit) asksAnew() bool {
	return ed.base != 0 && ed.file == "" && !ed.sets("cites") && (ed.sets("query") || ed.sets("from") || ed.sets("to") || ed.sets("sources"))
}

func (ed *edit) sets(field string) bool {
	return slices.ContainsFunc(ed.fields, func(f string) bool { return strings.HasPrefix(f, field+"=") })
}

// start is what the fields are written upon: a file, the version that a change
// is made from, or an empty part.
func (e *env) start(ctx context.Context, s *server.Server, caseID string, k investigate.Kind, ed *edit) (investigate.Part, error) {
	switch {
	case ed.preset != nil:
		return ed.preset, nil
	case ed.file != "":
		text, err := e.readAll(ed.file)
		if err != nil {
			return nil, err
		}
		p, err := investigate.DecodePart(k, text)
		if err == nil && ed.id == "" {
			ed.id = p.Common().ID
		}
		return p, err
	case ed.base != 0 && ed.id == "":
		return nil, fmt.Errorf("%w: --base is a version of a part; name the part with --id", cli.ErrUsage)
	case ed.base != 0:
		// As it was sealed: a masked copy, put back, would take the place of the words.
		return s.Service.Service.Part(ctx, caseID, k, ed.id, ed.base)
	}
	return investigate.NewPart(k)
}

// maxPart bounds a file that holds one part, bytes.
const maxPart = 1 << 20

func (e *env) readAll(name string) ([]byte, error) {
	in := e.Stdin
	if name != "-" {
		f, err := os.Open(e.Path(name))
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPart+1))
	if err == nil && len(text) > maxPart {
		err = fmt.Errorf("%s: a part is at most %d bytes; several are applied with: konseki case apply", name, maxPart)
	}
	return text, err
}

// printPart says what a part is, under which name and version, and what its
// query found.
func (e *env) printPart(p investigate.Part) error {
	if e.JSON {
		return e.WriteJSON(p)
	}
	h := p.Common()
	says := p.Says().In(e.Lang)
	if h.Recorded == 0 {
		e.line(e.Say("（記録していない）%s: %s", "(not recorded) %s: %s"), e.kindWord(p.Kind()), says)
	} else {
		e.line(e.Say("%s %s（版 %d）: %s", "%s %s, version %d: %s"), e.kindWord(p.Kind()), h.ID, h.Recorded, says)
	}
	e.printFound(p)
	return nil
}

// printFound tells what the query of a part found.
func (e *env) printFound(p investigate.Part) {
	switch p := p.(type) {
	case *investigate.Row:
		e.printCites(p.Cites)
	case *investigate.Statement:
		e.printCites(p.Cites)
		if p.Answer != nil {
			e.PrintAnswer(*p.Answer, e.zone)
		}
	case *investigate.Question:
		e.printCites(p.Cites)
		e.PrintAnswer(p.Answer, e.zone)
	case *investigate.Scope:
		e.printScope(p)
	}
}

func (e *env) printCites(cites []uint64) {
	if len(cites) > 0 {
		e.line("  %s", cited(cites))
	}
}

// cited writes the numbers of records, "#12 #13 … (20)".
func cited(list []uint64) string {
	const shown = 10
	parts := make([]string, 0, min(len(list), shown))
	for _, n := range list[:min(len(list), shown)] {
		parts = append(parts, fmt.Sprintf("#%d", n))
	}
	if len(list) > shown {
		parts = append(parts, fmt.Sprintf("… (%d)", len(list)))
	}
	return strings.Join(parts, " ")
}

func partWord() cli.Verb {
	return word("part ID KIND PART", "show one part of a case as it stands, or as it was in a version",
		[]string{"konseki case part 2018-001 statement s1 --json", "konseki case part 2018-001 statement s1 --version 57"},
		func(e *env, fs *flag.FlagSet) run {
			version := fs.Uint64("version", 0, "`version` to show; default: the newest")
			names := fs.Bool("real", false, "show the real names of an entity")
			return e.on(3, 3, func(ctx context.Context, s *server.Server, args []string) error {
				p, err := s.Part(ctx, args[0], investigate.Kind(args[1]), args[2], *version)
				if err != nil {
					return err
				}
				if x, ok := p.(*investigate.Entity); ok && !*names {
					*x = public(*x)
				}
				return e.printPart(p)
			})
		})
}

func withdrawWord() cli.Verb {
	return word("withdraw ID KIND PART --reason TEXT", "say that a part is no longer upheld, and why; nothing is deleted",
		[]string{"konseki case withdraw 2018-001 statement s1 --reason 'the address is that of our own scanner'"},
		func(e *env, fs *flag.FlagSet) run {
			var reason phrase
			reason.register(fs, "reason", "why it is no longer upheld")
			return e.on(3, 3, func(ctx context.Context, s *server.Server, args []string) error {
				return s.Withdraw(ctx, e.person(), args[0], investigate.Kind(args[1]), args[2], reason.in(e.Lang))
			})
		})
}

// phrase is a text given in one language or in both.
type phrase struct {
	event.Phrase
	plain string // in the language of --lang
}

func (p *phrase) register(fs *flag.FlagSet, name, what string) {
	fs.StringVar(&p.plain, name, "", what+", in the language of --lang (`text`)")
	fs.StringVar(&p.JA, name+"-ja", "", what+", in Japanese (`text`)")
	fs.StringVar(&p.EN, name+"-en", "", what+", in English (`text`)")
}

func (p *phrase) in(lang string) event.Phrase {
	out := p.Phrase
	if p.plain != "" && lang == "ja" {
		out.JA = p.plain
	} else if p.plain != "" {
		out.EN = p.plain
	}
	return out
}

func fieldsWord() cli.Verb {
	return word("fields [KIND]", "list the kinds of parts, each with the fields that case put takes; text.ja and text.en are the two languages of a text",
		[]string{"konseki case fields statement"},
		func(e *env, _ *flag.FlagSet) run {
			return func(_ context.Context, args []string) error {
				kinds := investigate.Kinds()
				if len(args) > 0 {
					kinds = []investigate.Kind{investigate.Kind(args[0])}
				}
				for _, k := range kinds {
					p, err := investigate.NewPart(k)
					if err != nil {
						return fmt.Errorf("%w: %w", cli.ErrUsage, err)
					}
					if k == investigate.KindVersion {
						continue // made by issuing a report
					}
					if err := e.printFields(p); err != nil {
						return err
					}
				}
				return nil
			}
		})
}

func (e *env) printFields(p investigate.Part) error {
	if e.JSON {
		return e.WriteJSON(struct {
			Kind   investigate.Kind `json:"kind"`
			Fields []string         `json:"fields"`
		}{p.Kind(), fieldNames(p)})
	}
	e.line("%s  %s", terminal.Pad(string(p.Kind()), 12), strings.Join(fieldNames(p), " "))
	return nil
}
