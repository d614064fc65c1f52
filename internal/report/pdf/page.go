package pdf

import (
	"bytes"
	"fmt"
)

// Sizes of a page, in points: A4 with margins.
const (
	pageWidth  = 595.28
	pageHeight = 841.89
	marginX    = 56.0
	marginTop  = 64.0
	marginFoot = 62.0
	textWidth  = pageWidth - 2*marginX
	bottom     = pageHeight - marginFoot
)

// page is one page while it is drawn. Its y runs downwards from the top.
type page struct {
	content bytes.Buffer
	links   []link
	pending []pending
}

// pending is a page number that is known only when all pages are.
type pending struct {
	y  float64
	to string
}

// link is an area of a page that leads to a place.
type link struct {
	x, y, w, h float64
	to         string
}

// place is where a link or an outline entry leads.
type place struct {
	page *page
	y    float64
}

// color is red, green and blue from 0 to 1.
type color [3]float64

func ink() color      { return color{.11, .13, .15} }
func soft() color     { return color{.33, .36, .40} }
func rule() color     { return color{.84, .82, .78} }
func sunk() color     { return color{.957, .949, .925} }
func shu() color      { return color{.71, .20, .11} }
func matsu() color    { return color{.18, .42, .31} }
func ai() color       { return color{.14, .31, .55} }
func yamabuki() color { return color{.54, .34, 0} }

func (p *page) fill(c color, x, y, w, h float64) {
	fmt.Fprintf(&p.content, "%.3g %.3g %.3g rg %.2f %.2f %.2f %.2f re f\n", c[0], c[1], c[2], x, pageHeight-y-h, w, h)
}

func (p *page) frame(c color, x, y, w, h float64, dashed bool) {
	dash := "[]0 d"
	if dashed {
		dash = "[1.5 1.5]0 d"
	}
	fmt.Fprintf(&p.content, "%s .6 w %.3g %.3g %.3g RG %.2f %.2f %.2f %.2f re S\n", dash, c[0], c[1], c[2], x, pageHeight-y-h, w, h)
}

func (p *page) line(c color, x, y, w, thick float64) { p.fill(c, x, y, w, thick) }

// text writes a run of glyphs of one style from x on the baseline y.
func (p *page) text(run []glyph, x, y float64) {
	st := run[0].style
	c := st.color
	fmt.Fprintf(&p.content, "BT /F %.4g Tf %.3g %.3g %.3g rg ", st.size, c[0], c[1], c[2])
	if st.bold { // the one weight there is, with its edge drawn too
		fmt.Fprintf(&p.content, "2 Tr []0 d %.3g w %.3g %.3g %.3g RG ", st.size*.028, c[0], c[1], c[2])
	} else {
		p.content.WriteString("0 Tr ")
	}
	fmt.Fprintf(&p.content, "%.2f %.2f Td <", x, pageHeight-y)
	for _, g := range run {
		fmt.Fprintf(&p.content, "%04x", g.code)
	}
	p.content.WriteString("> Tj ET\n")
}
