// Package pdf writes a document as a PDF with an embedded font, bookmarks and links.
package pdf

import (
	"fmt"
	"io"
	"strings"

	"github.com/konseki/konseki/internal/report"
)

// Write writes the document as PDF 1.7: A4, real text in one embedded font that
// has Japanese, a cover, contents, bookmarks, page numbers, citations that lead
// to the evidence, tables that go on over pages with their header repeated. The
// same document gives the same bytes. Characters that the font lacks are written
// as their code points, <U+1F600>, and the cover says how many there are.
func Write(w io.Writer, d *report.Document) error {
	face, err := loadFont()
	if err != nil {
		return err
	}
	l := newLayout(face, d)
	l.sections()
	if d.Letter { // its head stands on the first page: now it is known what the head has to say
		missing := l.missing
		l = newLayout(face, d)
		l.missing = missing
		l.cover()
		l.missing = map[rune]int{}
		l.sections()
		return l.assemble(w, l.pages)
	}
	body := l.pages
	l.pages = nil
	l.cover()
	l.contents()
	return l.assemble(w, append(l.pages, body...))
}

func (l *layout) sections() {
	for _, s := range l.doc.Sections {
		l.section(s)
	}
}

// layout places the parts of a document on pages.
type layout struct {
	writer
	doc     *report.Document
	pages   []*page
	y       float64 // where the next line goes
	places  map[string]place
	outline []entry
	targets map[int]bool // citations that lead somewhere
}

// entry is a line of the bookmarks.
type entry struct {
	title string
	deep  bool
	to    place
}

func newLayout(face *typeface, d *report.Document) *layout {
	return &layout{writer: writer{font: newUsed(face), missing: map[rune]int{}}, doc: d, places: map[string]place{}, targets: d.Targets()}
}

func (l *layout) page() *page { return l.pages[len(l.pages)-1] }

func (l *layout) turn() {
	l.pages = append(l.pages, &page{})
	l.y = marginTop
}

// need turns the page when less than h is left on it.
func (l *layout) need(h float64) {
	if len(l.pages) == 0 || l.y+h > bottom {
		l.turn()
	}
}

func (l *layout) gap(h float64) {
	if len(l.pages) > 0 && l.y > marginTop {
		l.y += h
	}
}

// lines writes lines at the margin plus indent, turning pages between them.
func (l *layout) lines(lines [][]glyph, indent, height float64) {
	for _, line := range lines {
		l.need(height)
		if len(line) > 0 {
			l.page().draw(line, marginX+indent, l.y+height*.72)
		}
		l.y += height
	}
}

func (l *layout) paragraph(list []report.Inline, st style, indent, height float64) {
	l.lines(wrap(l.inlines(list, st, l.targets), textWidth-indent), indent, height)
}

func (l *layout) section(s report.Section) {
	st := style{size: 13.5, color: ink(), bold: true}
	if len(l.pages) > 0 {
		l.gap(20)
	}
	title := s.Title()
	lines := wrap(l.glyphs(nil, title, &st), textWidth)
	l.need(float64(len(lines))*21 + 60)
	to := place{l.page(), l.y - 8}
	l.places["s-"+s.ID] = to
	l.outline = append(l.outline, entry{title, false, to})
	l.lines(lines, 0, 21)
	l.page().line(rule(), marginX, l.y+2, textWidth, .7)
	l.y += 12
	for _, b := range s.Blocks {
		l.block(b)
	}
}

func bodyStyle() style { return style{size: 9.8, color: ink()} }

const bodyLine = 16.6

func (l *layout) block(b report.Block) {
	switch {
	case b.Heading != "":
		l.heading(b.Heading)
	case b.Table != nil:
		l.table(b.Table)
	case b.List != nil:
		for _, it := range b.List {
			l.item(it)
		}
		l.y += 5
	default:
		l.paragraph(b.Paragraph, bodyStyle(), 0, bodyLine)
		l.y += 6
	}
}

func (l *layout) heading(text string) {
	st := style{size: 10.6, color: ink(), bold: true}
	l.gap(8)
	l.need(70)
	l.outline = append(l.outline, entry{text, true, place{l.page(), l.y - 4}})
	l.lines(wrap(l.glyphs(nil, text, &st), textWidth), 0, 18)
	l.y += 3
}

func (l *layout) item(it []report.Inline) {
	st := bodyStyle()
	l.need(bodyLine)
	l.page().fill(soft(), marginX+5, l.y+bodyLine*.42, 2.6, 2.6)
	l.paragraph(it, st, 16, bodyLine)
}

// notice is what a reader must know first: what the document says and what this
// form of it adds.
func (l *layout) notice() []string {
	var out []string
	if l.doc.Notice != "" {
		out = append(out, l.doc.Notice)
	}
	kinds, total := 0, 0
	for _, n := range l.missing {
		kinds, total = kinds+1, total+n
	}
	if total > 0 {
		out = append(out, l.say(
			fmt.Sprintf("この PDF のフォントにない文字（%d 種、延べ %d 字）は <U+1F600> のような符号位置で記した。", kinds, total),
			fmt.Sprintf("Characters that the font of this PDF lacks (%d different, %d in all) are written as code points such as <U+1F600>.", kinds, total)))
	}
	return out
}

func (l *layout) say(ja, en string) string {
	if l.doc.Lang == "ja" {
		return ja
	}
	return en
}

// assemble numbers the pages, and writes them with bookmarks and links.
func (l *layout) assemble(w io.Writer, pages []*page) error {
	l.furniture(pages)
	f := &file{}
	root, info, tree := f.reserve(), f.reserve(), f.reserve()
	numbers := map[*page]int{}
	kids := make([]string, 0, len(pages))
	for _, p := range pages {
		numbers[p] = f.reserve()
		kids = append(kids, fmt.Sprintf("%d 0 R", numbers[p]))
	}
	font, err := f.embed(l.font)
	if err != nil {
		return err
	}
	target := func(to place) string {
		return fmt.Sprintf("[%d 0 R/XYZ null %.1f null]", numbers[to.page], pageHeight-to.y)
	}
	for _, p := range pages {
		content, err := f.stream("", p.content.Bytes())
		if err != nil {
			return err
		}
		var annots strings.Builder
		for _, k := range p.links {
			if to, ok := l.places[k.to]; ok {
				fmt.Fprintf(&annots, "<</Type/Annot/Subtype/Link/Border[0 0 0]/Rect[%.1f %.1f %.1f %.1f]/Dest%s>>", k.x, pageHeight-k.y-k.h, k.x+k.w, pageHeight-k.y, target(to))
			}
		}
		f.set(numbers[p], "<</Type/Page/Parent %d 0 R/MediaBox[0 0 %.2f %.2f]/Resources<</Font<</F %d 0 R>>>>/Contents %d 0 R/Annots[%s]>>", tree, pageWidth, pageHeight, font, content, annots.String())
	}
	f.set(tree, "<</Type/Pages/Count %d/Kids[%s]>>", len(pages), strings.Join(kids, " "))
	f.set(info, "<</Title%s/Creator(konseki)/Producer(konseki)>>", wide(report.Plain(l.doc.Title)))
	f.set(root, "<</Type/Catalog/Pages %d 0 R/Outlines %d 0 R/PageMode/UseOutlines/Lang(%s)/ViewerPreferences<</DisplayDocTitle true>>>>", tree, l.bookmarks(f, target), l.doc.Lang)
	return f.write(w, root, info)
}

// bookmarks adds the outline: chapters, and under them their headings.
func (l *layout) bookmarks(f *file, target func(place) string) int {
	root := f.reserve()
	type node struct {
		n, parent, first, last, count int
		e                             entry
	}
	var nodes []*node
	top := &node{n: root}
	parent := top
	for _, e := range l.outline {
		if !e.deep {
			parent = top
		}
		x := &node{n: f.reserve(), parent: parent.n, e: e}
		if parent.first == 0 {
			parent.first = x.n
		}
		parent.last = x.n
		parent.count++
		nodes = append(nodes, x)
		if !e.deep {
			parent = x
		}
	}
	before := map[int]int{} // parent → its child before
	after := map[int]int{}
	for _, x := range nodes {
		after[before[x.parent]], before[x.parent] = x.n, x.n
	}
	before = map[int]int{}
	for _, x := range nodes {
		dict := fmt.Sprintf("<</Title%s/Parent %d 0 R/Dest%s", wide(report.Plain(x.e.title)), x.parent, target(x.e.to))
		if p := before[x.parent]; p != 0 {
			dict += fmt.Sprintf("/Prev %d 0 R", p)
		}
		if n := after[x.n]; n != 0 {
			dict += fmt.Sprintf("/Next %d 0 R", n)
		}
		if x.count > 0 {
			dict += fmt.Sprintf("/First %d 0 R/Last %d 0 R/Count -%d", x.first, x.last, x.count)
		}
		f.set(x.n, "%s>>", dict)
		before[x.parent] = x.n
	}
	if top.count == 0 {
		f.set(root, "<</Type/Outlines/Count 0>>")
		return root
	}
	f.set(root, "<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>", top.first, top.last, top.count)
	return root
}
