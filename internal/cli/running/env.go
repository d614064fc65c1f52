// Package running runs konseki and sets it up, on the command line: serve, demo, replay, reindex, user, token, config.
package running

import "github.com/konseki/konseki/internal/cli"

// env is the common one, with what this room says and prints.
type env struct{ *cli.Env }
