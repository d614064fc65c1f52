package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Bar is a progress bar on standard error while people watch it, and nothing
// otherwise.
type Bar struct {
	w     io.Writer
	label string
	began time.Time
	last  time.Time
	on    bool
	drawn bool
}

// NewBar returns a bar that shows only while people watch w, and not when quiet.
func NewBar(w io.Writer, label string, quiet bool) *Bar {
	return &Bar{w: w, label: label, began: time.Now(), on: IsTerminal(w) && !quiet}
}

// Show draws the bar, at most ten times a second.
func (b *Bar) Show(done, total int64, note string) {
	if !b.on || time.Since(b.last) < 100*time.Millisecond {
		return
	}
	b.last, b.drawn = time.Now(), true
	const width = 28
	share := 0.0
	if total > 0 {
		share = min(1, float64(done)/float64(total))
	}
	filled := int(share * width)
	left := ""
	if el := time.Since(b.began); share > 0.02 && share < 1 {
		left = " " + (time.Duration(float64(el)/share) - el).Round(time.Second).String() + " left"
	}
	text := fmt.Sprintf("%s [%s%s] %3.0f%%%s %s", b.label, strings.Repeat("█", filled), strings.Repeat("·", width-filled), share*100, left, Plain(note))
	fmt.Fprint(b.w, "\r\x1b[K", Clip(text, max(Columns(b.w)-1, leastColumns)))
}

// leastColumns is how many are written to in any case.
const leastColumns = 20

// Clear removes the bar.
func (b *Bar) Clear() {
	if b.drawn {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.drawn = false
	}
}

// Clip cuts a text to n characters.
func Clip(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}
