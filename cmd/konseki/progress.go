package main

import "github.com/konseki/konseki/internal/terminal"

// bar is a progress bar on standard error while people watch it.
func (e *env) bar(label string) *terminal.Bar { return terminal.NewBar(e.stderr, label, e.json) }

func plain(s string) string { return terminal.Plain(s) }

func clip(s string, n int) string { return terminal.Clip(s, n) }
