package pdf

import (
	"fmt"
	"strconv"
)

// cover is the title, what identifies the document, and what a reader must know
// first.
func (l *layout) cover() {
	l.turn()
	l.y = 150
	if l.doc.Letter {
		l.y = marginTop
	}
	l.page().fill(shu(), marginX, l.y, textWidth, 3)
	l.y += 22
	sub := style{size: 10.5, color: soft()}
	l.lines(wrap(l.glyphs(nil, l.doc.Subtitle, &sub), textWidth), 0, 18)
	title := style{size: 21, color: ink(), bold: true}
	l.lines(wrap(l.glyphs(nil, l.doc.Title, &title), textWidth), 0, 32)
	l.y += 14
	label, value := style{size: 9.4, color: soft()}, style{size: 9.4, color: ink()}
	for _, m := range l.doc.Meta {
		lines := wrap(l.glyphs(nil, m.Value, &value), textWidth-130)
		l.need(16)
		l.page().draw(l.glyphs(nil, m.Label, &label), marginX, l.y+11)
		l.lines(lines, 130, 16)
	}
	l.y += 24
	l.boxed()
}

// boxed is the notice with what contradicts itself, beside a bar.
func (l *layout) boxed() {
	st := style{size: 10, color: ink(), bold: true}
	var lines [][]glyph
	for _, n := range l.notice() {
		lines = append(lines, wrap(l.glyphs(nil, n, &st), textWidth-30)...)
	}
	plain := style{size: 9.4, color: ink()}
	for i, p := range l.doc.Problems {
		text := append(l.glyphs(nil, strconv.Itoa(i+1)+". ", &plain), l.inlines(p, plain, l.targets)...)
		lines = append(lines, wrap(text, textWidth-30)...)
	}
	for i, line := range lines {
		l.need(17)
		top, h := l.y, 17.0
		if i == 0 {
			top, h = top-6, h+6
		}
		if i == len(lines)-1 {
			h += 8
		}
		l.page().fill(sunk(), marginX, top, textWidth, h)
		l.page().fill(yamabuki(), marginX, top, 3.5, h)
		l.lines([][]glyph{line}, 16, 17)
	}
}

const contentsLine = 19.0

// contents lists the chapters with their pages.
func (l *layout) contents() {
	l.turn()
	st := style{size: 13.5, color: ink(), bold: true}
	l.lines([][]glyph{l.glyphs(nil, l.say("目次", "Contents"), &st)}, 0, 24)
	l.y += 8
	for _, s := range l.doc.Sections {
		row := style{size: 10, color: ink(), to: "s-" + s.ID}
		for _, line := range wrap(l.glyphs(nil, s.Title(), &row), textWidth-50) {
			l.need(contentsLine)
			l.page().draw(line, marginX, l.y+contentsLine*.72)
			l.y += contentsLine
		}
		l.page().pending = append(l.page().pending, pending{l.y - contentsLine*.28, "s-" + s.ID})
	}
}

// furniture writes what stands at the edges of pages, and page numbers.
func (l *layout) furniture(pages []*page) {
	at := map[*page]int{}
	for i, p := range pages {
		at[p] = i + 1
	}
	num := style{size: 10, color: ink()}
	small := style{size: 8, color: soft()}
	red := style{size: 8, color: shu(), bold: true}
	title := l.head(&small)
	for i, p := range pages {
		for _, w := range p.pending {
			n := l.glyphs(nil, strconv.Itoa(at[l.places[w.to].page]), &num)
			p.text(n, marginX+textWidth-measure(n), w.y)
		}
		foot := l.glyphs(nil, fmt.Sprintf("%d / %d", i+1, len(pages)), &small)
		p.text(foot, (pageWidth-measure(foot))/2, pageHeight-32)
		if i > 0 && len(title) > 0 {
			p.text(title, marginX, 40)
		}
		if l.doc.Stamp != "" {
			stamp := l.glyphs(nil, l.doc.Stamp, &red)
			p.text(stamp, marginX+textWidth-measure(stamp), 40)
		}
	}
}

// head is the title as it stands above pages, cut to fit.
func (l *layout) head(st *style) []glyph {
	line := l.glyphs(nil, l.doc.Title, st)
	if measure(line) <= textWidth*.75 {
		return line
	}
	for measure(line) > textWidth*.72 {
		line = line[:len(line)-1]
	}
	return l.glyphs(line, "…", st)
}
