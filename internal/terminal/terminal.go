// Package terminal shows text to people on a terminal, safely, and how far long work has come.
package terminal

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// IsTerminal reports whether people watch the writer.
func IsTerminal(w io.Writer) bool { return Columns(w) > 0 }

// Columns is how wide the terminal is on which people watch the writer, 0 when
// nobody does. A writer that stands for a terminal elsewhere says it itself.
func Columns(w io.Writer) int {
	switch w := w.(type) {
	case interface{ Columns() int }:
		return w.Columns()
	case *os.File:
		if !term.IsTerminal(int(w.Fd())) {
			return 0
		}
		if n, _, err := term.GetSize(int(w.Fd())); err == nil && n > 0 {
			return n
		}
		return usualColumns
	}
	return 0
}

// usualColumns is the width of a terminal that does not tell its own.
const usualColumns = 80

// Plain makes text safe for a terminal: what would steer it is shown instead.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f:
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
