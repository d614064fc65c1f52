// Package evidence brings evidence in on the command line and asks it: import, search, pivot, ask, coverage, source, estate.
package evidence

import "github.com/konseki/konseki/internal/cli"

// env is the common one, with what this room says and prints.
type env struct{ *cli.Env }
