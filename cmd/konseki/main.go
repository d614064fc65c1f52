// Command konseki keeps the evidence of what happened on a company's systems,
// questions it, and writes the report.
//
// It reads konseki.yaml in the data folder (--data, else $KONSEKI_DATA, else
// ./konseki-data). Data goes to standard output, talk to standard error. Exit
// codes: 0 ok, 1 error, 2 usage, 3 verification failed, 4 partial, 130
// interrupted. `konseki help` lists the verbs.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/cli/advisory"
	"github.com/konseki/konseki/internal/cli/casebook"
	"github.com/konseki/konseki/internal/cli/detecting"
	"github.com/konseki/konseki/internal/cli/evidence"
	"github.com/konseki/konseki/internal/cli/keeping"
	"github.com/konseki/konseki/internal/cli/running"
)

// version is set when a release is built.
var version = "dev"

// gcPercent lets the heap grow by half before it is collected, not to twice its
// size: an import's peak is a third lower and its processor time nearly the same.
const gcPercent = 50

func main() { os.Exit(run()) }

func run() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.NewEnv(version, verbs(), os.Stdin, os.Stdout, os.Stderr).Main(ctx, os.Args[1:])
}

// verbs lists every verb in the order people need them.
func verbs() []cli.Verb {
	return []cli.Verb{
		running.Demo(), running.Serve(),
		evidence.Import(), evidence.Search(), evidence.Pivot(), evidence.Ask(), evidence.Record(),
		detecting.Stories(), detecting.Findings(), detecting.Mute(),
		evidence.Coverage(), evidence.Source(), keeping.Hold(),
		casebook.Case(), casebook.Report(), casebook.Export(),
		keeping.Verify(), keeping.Checkpoint(), keeping.Witness(), keeping.Key(), keeping.Shred(), keeping.Compact(),
		detecting.Detect(), detecting.Rules(),
		running.Replay(), running.Reindex(), evidence.Pull(), keeping.Copies(), keeping.Restore(),
		running.User(), running.Token(), running.Config(), running.Version(), keeping.Expire(), evidence.Estate(), advisory.Verb(),
	}
}
