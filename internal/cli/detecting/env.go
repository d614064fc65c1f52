// Package detecting runs rules and shows what they raised, on the command line: detect, rules, stories, findings, mute.
package detecting

import "github.com/konseki/konseki/internal/cli"

// env is the common one, with what this room says and prints.
type env struct{ *cli.Env }
