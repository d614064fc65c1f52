// Package casebook works on cases on the command line: case, report, export.
package casebook

import "github.com/konseki/konseki/internal/cli"

// env is the common one, with what this room says and prints.
type env struct{ *cli.Env }
