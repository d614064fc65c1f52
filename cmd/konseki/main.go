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
	e := newEnv(os.Stdin, os.Stdout, os.Stderr)
	code := e.main(ctx, os.Args[1:])
	if ctx.Err() != nil && code == exitError {
		return exitInterrupted
	}
	return code
}
