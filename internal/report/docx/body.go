package docx

import (
	"fmt"
	"strconv"

	"github.com/konseki/konseki/internal/report"
)

// body writes the text of the document.
type body struct {
	*out
	doc     *report.Document
	ids     map[string]int // bookmarks written
	targets map[int]bool   // citations that lead somewhere
}

// Sizes of a page, in twentieths of a point: A4 with margins.
const (
	pageWidth  = 11906
	pageHeight = 16838
	margin     = 1134
	textWidth  = pageWidth - 2*margin
)

func (b *body) write() {
	b.targets = b.doc.Targets()
	b.rawf(`<w:document %s><w:body>`, space)
	b.front()
	for i, s := range b.doc.Sections {
		b.open("Heading1")
		if i == 0 && !b.doc.Letter {
			b.raw(`<w:r><w:br w:type="page"/></w:r>`)
		}
		b.bookmark("s_"+strconv.Itoa(i), func() { b.run("", s.Title()) })
		b.shut()
		for _, block := range s.Blocks {
			b.block(block)
		}
	}
	b.rawf(`<w:sectPr><w:headerReference w:type="default" r:id="rId5"/><w:footerReference w:type="default" r:id="rId6"/>`+
		`<w:pgSz w:w="%d" w:h="%d"/><w:pgMar w:top="1304" w:right="%d" w:bottom="1304" w:left="%d" w:header="624" w:footer="624" w:gutter="0"/></w:sectPr>`, pageWidth, pageHeight, margin, margin)
	b.raw(`</w:body></w:document>`)
}

// front is the cover: what the document is, what a reader must know first, and
// the contents.
func (b *body) front() {
	b.line("Subtitle", b.doc.Subtitle)
	b.line("Title", b.doc.Title)
	for _, m := range b.doc.Meta {
		b.open("Meta")
		b.run("Label", m.Label)
		b.raw(`<w:r><w:tab/></w:r>`)
		b.run("", m.Value)
		b.shut()
	}
	if b.doc.Notice != "" {
		b.open("Notice")
		b.raw(`<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">`)
		b.text(b.doc.Notice)
		b.raw(`</w:t></w:r>`)
		b.shut()
	}
	for i, p := range b.doc.Problems {
		b.open("Notice")
		b.run("", strconv.Itoa(i+1)+". ")
		b.inlines(p)
		b.shut()
	}
	if !b.doc.Letter {
		b.contents()
	}
}

// contents lists the chapters with links. It is a field, so that a word
// processor that is told to fills in the page numbers.
func (b *body) contents() {
	title := "Contents"
	if b.doc.Lang == "ja" {
		title = "目次"
	}
	b.line("Contents", title)
	for i, s := range b.doc.Sections {
		b.open("TOC1")
		if i == 0 {
			b.raw(`<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> TOC \o "1-2" \h \z \u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>`)
		}
		b.rawf(`<w:hyperlink w:anchor="s_%d" w:history="1">`, i)
		b.run("", s.Title())
		b.raw(`</w:hyperlink>`)
		if i == len(b.doc.Sections)-1 {
			b.raw(`<w:r><w:fldChar w:fldCharType="end"/></w:r>`)
		}
		b.shut()
	}
}

func (b *body) open(style string) { b.rawf(`<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr>`, style) }

func (b *body) shut() { b.raw(`</w:p>`) }

func (b *body) line(style, text string) {
	b.open(style)
	b.run("", text)
	b.shut()
}

// bookmark writes what write does under a name that links lead to. A name is
// written once.
func (b *body) bookmark(name string, write func()) {
	if _, ok := b.ids[name]; ok {
		write()
		return
	}
	id := len(b.ids) + 1
	b.ids[name] = id
	b.rawf(`<w:bookmarkStart w:id="%d" w:name="%s"/>`, id, name)
	write()
	b.rawf(`<w:bookmarkEnd w:id="%d"/>`, id)
}

func (b *body) block(block report.Block) {
	switch {
	case block.Heading != "":
		b.line("Heading2", block.Heading)
	case block.Table != nil:
		b.table(block.Table)
	case block.List != nil:
		for _, it := range block.List {
			b.open("ListBullet")
			b.inlines(it)
			b.shut()
		}
	default:
		b.open("BodyText")
		b.inlines(block.Paragraph)
		b.shut()
	}
}

func (b *body) inlines(list []report.Inline) {
	for _, in := range list {
		switch {
		case in.Cite > 0 && b.targets[in.Cite]:
			b.rawf(`<w:hyperlink w:anchor="e%d" w:history="1">`, in.Cite)
			b.run("Citation", fmt.Sprintf("[%d]", in.Cite))
			b.raw(`</w:hyperlink>`)
		case in.Cite > 0:
			b.run("", fmt.Sprintf("[%d]", in.Cite))
		case in.Code:
			b.run("Code", in.Text)
		case in.Mark != "":
			b.run(markStyle(in.Mark), in.Text)
		default:
			b.run("", in.Text)
		}
	}
}

func markStyle(mark string) string {
	switch mark {
	case "found":
		return "MarkFound"
	case "covered":
		return "MarkCovered"
	case "partial":
		return "MarkPartial"
	}
	return "MarkUnknown"
}

// table writes a table. Rows of ordinary height are kept on one page.
func (b *body) table(t *report.Table) {
	const unit = 88 // twentieths of a point of a half-width character in a table
	widths := t.Widths(textWidth / unit)
	b.rawf(`<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="%d" w:type="dxa"/><w:tblLayout w:type="fixed"/><w:tblLook w:firstRow="1" w:noVBand="1"/></w:tblPr><w:tblGrid>`, textWidth)
	for _, w := range widths {
		b.rawf(`<w:gridCol w:w="%d"/>`, int(w*textWidth))
	}
	b.raw(`</w:tblGrid><w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
	for i, h := range t.Header {
		b.cell(widths[i], "TableHead", func() { b.run("", h) })
	}
	b.raw(`</w:tr>`)
	for _, row := range t.Rows {
		b.raw(`<w:tr>`)
		if !long(row) {
			b.raw(`<w:trPr><w:cantSplit/></w:trPr>`)
		}
		for i := range t.Header {
			var c report.Cell
			if i < len(row) {
				c = row[i]
			}
			b.cell(widths[i], "TableText", func() {
				if n := report.CitationOf(row); i == 0 && t.Evidence && n > 0 {
					b.bookmark(fmt.Sprintf("e%d", n), func() { b.run("", fmt.Sprintf("[%d]", n)) })
					return
				}
				b.inlines(c)
			})
		}
		b.raw(`</w:tr>`)
	}
	b.raw(`</w:tbl><w:p><w:pPr><w:pStyle w:val="Gap"/></w:pPr></w:p>`)
}

func (b *body) cell(width float64, style string, write func()) {
	b.rawf(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`, int(width*textWidth))
	b.open(style)
	write()
	b.raw(`</w:p></w:tc>`)
}

// long reports whether a row may need more than a page, so that it must break.
func long(row []report.Cell) bool {
	n := 0
	for _, c := range row {
		for _, in := range c {
			n += len(in.Text)
		}
	}
	return n > 1500
}
