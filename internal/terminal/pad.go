package terminal

import (
	"strings"

	"golang.org/x/text/width"
)

// Width is how many columns a text takes on a terminal: characters of East Asia
// take two.
func Width(s string) (n int) {
	for _, r := range s {
		n++
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n++
		}
	}
	return n
}

// Pad fills a text with blanks to n columns.
func Pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-Width(s))) }
