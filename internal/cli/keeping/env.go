// Package keeping keeps what a vault holds, on the command line: verify, witness, copies, keys, holds, expiry.
package keeping

import "github.com/konseki/konseki/internal/cli"

// env is the common one, with what this room says and prints.
type env struct{ *cli.Env }
