package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/query"
	"github.com/konseki/konseki/internal/server"
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

// errUsage marks a call that cannot be understood.
var errUsage = errors.New("usage")

// errTampered marks a verification that found damage.
var errTampered = errors.New("verification failed")

// errPartial marks work of which a part could not be done.
var errPartial = errors.New("only a part could be done")

// env is what a verb works with: where it reads and writes, and the flags that
// every verb takes.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	dir            string
	json           bool
	lang           string
	verbose        bool
	logger         *slog.Logger
	estate         *estate.Estate // what the company knows of itself, once the folder is open
}

func newEnv(in io.Reader, out, err io.Writer) *env {
	return &env{stdin: in, stdout: out, stderr: err}
}

// main finds the verb, runs it and turns its error into an exit code.
func (e *env) main(ctx context.Context, args []string) int {
	// Flags of every verb may stand before the verb too.
	early := flag.NewFlagSet("konseki", flag.ContinueOnError)
	early.SetOutput(io.Discard)
	e.commonFlags(early)
	if err := early.Parse(args); err != nil && !errors.Is(err, flag.ErrHelp) {
		return e.fail(fmt.Errorf("%w: %w", errUsage, err))
	}
	rest := early.Args()
	if len(rest) == 0 || rest[0] == "help" {
		return e.fail(e.help(rest))
	}
	v := findVerb(rest[0])
	if v == nil {
		return e.fail(fmt.Errorf("%w: there is no verb %q; konseki help lists them", errUsage, rest[0]))
	}
	return e.fail(e.runVerb(ctx, v, rest[1:]))
}

func (e *env) commonFlags(fs *flag.FlagSet) {
	dir := e.dir
	if dir == "" {
		dir = os.Getenv("KONSEKI_DATA")
	}
	if dir == "" {
		dir = "konseki-data"
	}
	lang := e.lang
	if lang == "" {
		lang = config.Default().Language
	}
	fs.StringVar(&e.dir, "data", dir, "data `folder`")
	fs.BoolVar(&e.json, "json", e.json, "write JSON, one object per line")
	fs.StringVar(&e.lang, "lang", lang, "language of what is said: ja or en")
	fs.BoolVar(&e.verbose, "v", e.verbose, "say more on standard error")
}

// runVerb parses the verb's flags, which may stand among its arguments.
func (e *env) runVerb(ctx context.Context, v *verb, args []string) error {
	fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	e.commonFlags(fs)
	do := v.prepare(e, fs)
	var rest []string
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return e.helpVerb(v, fs)
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w; konseki %s --help shows how", errUsage, v.name, err, v.name)
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
	if e.lang != "ja" && e.lang != "en" {
		return fmt.Errorf("%w: --lang is ja or en", errUsage)
	}
	level := slog.LevelWarn
	if e.verbose {
		level = slog.LevelInfo
	}
	e.logger = slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: level}))
	return do(ctx, rest)
}

// fail prints an error with its hint and gives the exit code.
func (e *env) fail(err error) int {
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errPartial) || err.Error() != errPartial.Error() {
		fmt.Fprintln(e.stderr, "konseki: "+plain(err.Error()))
		if at, ok := errors.AsType[*pointedError](err); ok {
			fmt.Fprintln(e.stderr, at.pointer())
		}
	}
	if hint := hintFor(err, e.dir); hint != "" {
		fmt.Fprintln(e.stderr, "  hint: "+hint)
	}
	var syntax *query.SyntaxError
	switch {
	case errors.Is(err, errUsage), errors.As(err, &syntax):
		return exitUsage
	case errors.Is(err, errTampered), errors.Is(err, vault.ErrTampered):
		return exitTampered
	case errors.Is(err, errPartial):
		return exitPartial
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitError
}

func hintFor(err error, dir string) string {
	var locked *vault.LockedError
	switch {
	case errors.As(err, &locked):
		return "stop that process first, or work with it through its pages"
	case errors.Is(err, vault.ErrNoVault):
		return fmt.Sprintf("bring logs in with: konseki --data %s import PATH, or see it work with: konseki demo", dir)
	}
	return ""
}

// open opens the data folder. create is for verbs that bring evidence in.
func (e *env) open(ctx context.Context, create bool) (*server.Server, error) {
	return e.openWith(ctx, server.Options{Create: create})
}

func (e *env) openWith(ctx context.Context, opts server.Options) (*server.Server, error) {
	cfg, err := config.Load(filepath.Join(e.dir, "konseki.yaml"))
	if err != nil {
		return nil, err
	}
	bar := e.bar("index")
	opts.Version, opts.Logger, opts.Config = version, e.logger, cfg
	opts.Progress = func(done, total uint64) { bar.Show(int64(done), int64(total), "") }
	s, err := server.Open(ctx, e.dir, opts)
	bar.Clear()
	return s, err
}

// with opens the data folder, works and closes it again.
func (e *env) with(ctx context.Context, create bool, work func(*server.Server) error) error {
	s, err := e.open(ctx, create)
	if err != nil {
		return err
	}
	e.estate = s.Estate()
	return errors.Join(work(s), s.Close())
}

// person is who works at this command line.
func person() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// zone parses a --tz flag; empty means the default.
func zone(name string, otherwise *time.Location) (*time.Location, error) {
	if name == "" {
		return otherwise, nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%w: --tz: %q is not an IANA zone such as Asia/Tokyo", errUsage, name)
	}
	return l, nil
}

// instant parses a --from or --to flag in the zone.
func instant(name, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02", "2006-01"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: --%s: %q is not a time such as 2018-03-01 or 2018-03-01T12:00:00+09:00", errUsage, name, text)
}
