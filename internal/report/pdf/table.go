package pdf

import (
	"github.com/konseki/konseki/internal/report"
)

// Sizes of tables, in points.
const (
	cellSize = 8.6
	cellLine = 13.4
	cellPad  = 5.0
	rowPad   = 3.6
)

// table lays out a table. Its header stands again on every page; a row that is
// higher than what is left goes on over the page only where it is a high one.
func (l *layout) table(t *report.Table) {
	widths := t.Widths(textWidth / (cellSize * .5))
	x := make([]float64, len(widths)+1)
	for i, w := range widths {
		x[i+1] = x[i] + w*textWidth
	}
	head := style{size: cellSize, color: soft(), bold: true}
	header := make([][][]glyph, len(t.Header))
	for i, h := range t.Header {
		header[i] = wrap(l.glyphs(nil, h, &head), x[i+1]-x[i]-2*cellPad)
	}
	for n, row := range t.Rows {
		cells := make([][][]glyph, len(row))
		for i, c := range row {
			if i+1 < len(x) {
				cells[i] = wrap(l.inlines(c, style{size: cellSize, color: ink()}, l.targets), x[i+1]-x[i]-2*cellPad)
			}
		}
		if n == 0 { // the header does not stand alone at the foot of a page
			l.need(float64(height(header)+min(height(cells), 12))*cellLine + 4*rowPad)
			l.header(header, x)
		}
		l.row(t, row, cells, x, header)
	}
	if len(t.Rows) == 0 {
		l.need(float64(height(header))*cellLine + 2*rowPad)
		l.header(header, x)
	}
	l.y += 12
}

func height(cells [][][]glyph) (n int) {
	for _, c := range cells {
		n = max(n, len(c))
	}
	return n
}

func (l *layout) header(header [][][]glyph, x []float64) {
	l.cells(header, x, 0, height(header))
	l.page().line(soft(), marginX, l.y, textWidth, .8)
}

// cells writes the lines from to to of each cell and moves below them.
func (l *layout) cells(cells [][][]glyph, x []float64, from, to int) {
	l.y += rowPad
	for i, c := range cells {
		for n := from; n < min(to, len(c)); n++ {
			if len(c[n]) > 0 {
				l.page().draw(c[n], marginX+x[i]+cellPad, l.y+float64(n-from)*cellLine+cellLine*.72)
			}
		}
	}
	l.y += float64(to-from)*cellLine + rowPad
}

func (l *layout) row(t *report.Table, row []report.Cell, cells [][][]glyph, x []float64, header [][][]glyph) {
	n := height(cells)
	high := float64(n)*cellLine + 2*rowPad
	if l.y+high > bottom && (high < (bottom-marginTop)/3 || l.y+3*cellLine+2*rowPad > bottom) {
		l.turn()
		l.header(header, x)
	}
	if t.Evidence {
		if c := report.CitationOf(row); c > 0 {
			l.places[citation(c)] = place{l.page(), l.y - 2}
		}
	}
	for from := 0; ; {
		fit := int((bottom - l.y - 2*rowPad) / cellLine)
		to := min(n, from+max(fit, 1))
		l.cells(cells, x, from, to)
		if to == n {
			l.page().line(rule(), marginX, l.y, textWidth, .5)
			return
		}
		from = to
		l.turn()
		l.header(header, x)
	}
}
