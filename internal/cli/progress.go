package cli

import "github.com/konseki/konseki/internal/terminal"

// Bar is a progress bar on standard error while people watch it.
func (e *Env) Bar(label string) *terminal.Bar { return terminal.NewBar(e.Stderr, label, e.JSON) }
