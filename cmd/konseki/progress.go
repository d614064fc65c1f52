package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/term"
)

// bar is a progress bar on standard error while people watch it, and nothing
// otherwise.
type bar struct {
	w     io.Writer
	label string
	began time.Time
	last  time.Time
	on    bool
	drawn bool
}

func (e *env) bar(label string) *bar {
	return &bar{w: e.stderr, label: label, began: time.Now(), on: isTerminal(e.stderr) && !e.json}
}

// show draws the bar, at most ten times a second.
func (b *bar) show(done, total int64, note string) {
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
	text := fmt.Sprintf("%s [%s%s] %3.0f%%%s %s", b.label, strings.Repeat("█", filled), strings.Repeat("·", width-filled), share*100, left, plain(note))
	fmt.Fprint(b.w, "\r\x1b[K", clip(text, columns(b.w)))
}

// clear removes the bar.
func (b *bar) clear() {
	if b.drawn {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.drawn = false
	}
}

func columns(w io.Writer) int {
	if f, ok := w.(interface{ Fd() uintptr }); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 20 {
			return n - 1
		}
	}
	return 79
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}
