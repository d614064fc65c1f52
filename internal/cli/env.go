// Package cli is what the verbs of the command line share: flags, windows, the words and JSON of answers, exit codes.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/query"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault"
)

// Exit codes; `konseki help` prints them.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitTampered    = 3
	exitPartial     = 4
	exitInterrupted = 130
)

// ErrUsage marks a call that cannot be understood.
var ErrUsage = errors.New("usage")

// ErrTampered marks a verification that found damage.
var ErrTampered = errors.New("verification failed")

// ErrPartial marks work of which a part could not be done.
var ErrPartial = errors.New("only a part could be done")

// Env is what a verb works with: where it reads and writes, and the flags that
// every verb takes.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Dir            string
	JSON           bool
	Lang           string
	verbose        bool
	Logger         *slog.Logger
	Version        string
	verbs          []Verb
	Estate         *estate.Estate // what the company knows of itself, once the folder is open
	args           []string       // as typed
	host           *host          // nil unless a running server runs the verb for somebody else
}

// NewEnv returns the env of a program of this version that offers the verbs.
func NewEnv(version string, verbs []Verb, in io.Reader, out, err io.Writer) *Env {
	return &Env{Version: version, verbs: verbs, Stdin: in, Stdout: out, Stderr: err}
}

// Main finds the verb, runs it and turns its error into an exit code.
func (e *Env) Main(ctx context.Context, args []string) int {
	e.args = args
	err := e.dispatch(ctx, args)
	if handed, ok := errors.AsType[*handedOver](err); ok {
		return handed.code // the server has said what there was to say
	}
	code := e.fail(err)
	if ctx.Err() != nil && code == exitError {
		return exitInterrupted
	}
	return code
}

func (e *Env) dispatch(ctx context.Context, args []string) error {
	// Flags of every verb may stand before the verb too.
	early := flag.NewFlagSet("konseki", flag.ContinueOnError)
	early.SetOutput(io.Discard)
	e.commonFlags(early)
	if err := early.Parse(args); err != nil && !errors.Is(err, flag.ErrHelp) {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	rest := early.Args()
	if len(rest) == 0 || rest[0] == "help" {
		return e.help(rest)
	}
	v := e.findVerb(rest[0])
	if v == nil {
		return fmt.Errorf("%w: there is no verb %q; konseki help lists them", ErrUsage, rest[0])
	}
	return e.runVerb(ctx, v, rest[1:])
}

func (e *Env) commonFlags(fs *flag.FlagSet) {
	dir := e.Dir
	if dir == "" {
		dir = os.Getenv("KONSEKI_DATA")
	}
	if dir == "" {
		dir = "konseki-data"
	}
	lang := e.Lang
	if lang == "" {
		lang = config.Default().Language
	}
	fs.StringVar(&e.Dir, "data", dir, "data `folder`")
	fs.BoolVar(&e.JSON, "json", e.JSON, "write JSON, one object per line")
	fs.StringVar(&e.Lang, "lang", lang, "language of what is said: ja or en")
	fs.BoolVar(&e.verbose, "v", e.verbose, "say more on standard error")
}

// runVerb parses the verb's flags, which may stand among its arguments.
func (e *Env) runVerb(ctx context.Context, v *Verb, args []string) error {
	v, args, err := e.follow(v, args)
	if err != nil {
		return err
	}
	fs := flag.NewFlagSet(v.Name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	e.commonFlags(fs)
	do := func(context.Context, []string) error { return nil }
	if v.Prepare != nil {
		do = v.Prepare(e, fs)
	}
	var rest []string
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return e.helpVerb(v, fs)
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w; konseki %s --help shows how", ErrUsage, v.Name, err, v.Name)
		}
		if fs.NArg() == 0 {
			break
		}
		done := len(args) - fs.NArg()
		if done > 0 && args[done-1] == "--" {
			rest = append(rest, fs.Args()...)
			break
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
	if e.host != nil {
		e.Dir = e.host.Dir // and not where --data leads from here
	}
	if e.Lang != "ja" && e.Lang != "en" {
		return fmt.Errorf("%w: --lang is ja or en", ErrUsage)
	}
	level := slog.LevelWarn
	if e.verbose {
		level = slog.LevelInfo
	}
	e.Logger = slog.New(slog.NewTextHandler(e.Stderr, &slog.HandlerOptions{Level: level}))
	return do(ctx, rest)
}

// fail prints an error with its hint and gives the exit code.
func (e *Env) fail(err error) int {
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, ErrPartial) || err.Error() != ErrPartial.Error() {
		fmt.Fprintln(e.Stderr, "konseki: "+terminal.Plain(err.Error()))
		if at, ok := errors.AsType[*pointedError](err); ok {
			fmt.Fprintln(e.Stderr, at.pointer())
		}
	}
	if hint := hintFor(err, e.Dir); hint != "" {
		fmt.Fprintln(e.Stderr, "  hint: "+hint)
	}
	var syntax *query.SyntaxError
	switch {
	case errors.Is(err, ErrUsage), errors.As(err, &syntax):
		return exitUsage
	case errors.Is(err, ErrTampered), errors.Is(err, vault.ErrTampered):
		return exitTampered
	case errors.Is(err, ErrPartial):
		return exitPartial
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitError
}

// hintedError is an error that says how to go on.
type hintedError struct {
	error
	hint string
}

// Unwrap gives the error itself.
func (e *hintedError) Unwrap() error { return e.error }

// Hinted adds to an error how to go on, which is said after it.
func Hinted(err error, hint string) error { return &hintedError{err, hint} }

func hintFor(err error, dir string) string {
	if hinted, ok := errors.AsType[*hintedError](err); ok {
		return hinted.hint
	}
	var locked *vault.LockedError
	switch {
	case errors.As(err, &locked):
		return "another konseki works on this folder: wait until it has ended, or stop it"
	case errors.Is(err, vault.ErrNoVault):
		return fmt.Sprintf("bring logs in with: konseki --data %s import PATH, or see it work with: konseki demo", dir)
	}
	return ""
}

// OpenWith opens the data folder with more than its configuration says.
func (e *Env) OpenWith(ctx context.Context, opts server.Options) (*server.Server, error) {
	if e.host != nil {
		return nil, &vault.LockedError{PID: os.Getpid()}
	}
	cfg, err := config.Load(filepath.Join(e.Dir, "konseki.yaml"))
	if err != nil {
		return nil, err
	}
	bar := e.Bar("index")
	opts.Version, opts.Logger, opts.Config = e.Version, e.Logger, cfg
	opts.Progress = func(done, total uint64) { bar.Show(int64(done), int64(total), "") }
	s, err := server.Open(ctx, e.Dir, opts)
	bar.Clear()
	return s, err
}

// With opens the data folder, works and closes it again. create is for verbs that
// bring evidence in. Where a server has the folder open, that server does the
// verb's work and With returns how it ended.
func (e *Env) With(ctx context.Context, create bool, work func(*server.Server) error) error {
	if e.host != nil {
		e.Estate = e.host.Estate()
		return work(e.host.Server)
	}
	s, err := e.OpenWith(ctx, server.Options{Create: create})
	if locked, ok := errors.AsType[*vault.LockedError](err); ok {
		return e.handOver(ctx, locked)
	}
	if err != nil {
		return err
	}
	e.Estate = s.Estate()
	return errors.Join(work(s), s.Close())
}
