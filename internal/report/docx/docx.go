// Package docx writes a document for word processors, with styles, bookmarks and links.
package docx

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/konseki/konseki/internal/report"
)

// Write writes the document as Office Open XML (ECMA-376, transitional): styles
// that people can change, headings for navigation, tables whose header stands
// again on every page, citations that lead to the evidence, page numbers. The
// same document gives the same bytes.
func Write(w io.Writer, d *report.Document) error {
	z := zip.NewWriter(w)
	parts := []struct {
		name  string
		write func(*out)
	}{
		{"[Content_Types].xml", types},
		{"_rels/.rels", relations},
		{"docProps/core.xml", func(o *out) { core(o, d) }},
		{"word/_rels/document.xml.rels", links},
		{"word/document.xml", func(o *out) { (&body{out: o, doc: d, ids: map[string]int{}}).write() }},
		{"word/fontTable.xml", fonts},
		{"word/footer1.xml", footer},
		{"word/header1.xml", func(o *out) { header(o, d) }},
		{"word/numbering.xml", bullets},
		{"word/settings.xml", settings},
		{"word/styles.xml", func(o *out) { styles(o, d.Lang) }},
	}
	for _, p := range parts {
		f, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate})
		if err != nil {
			return fmt.Errorf("docx: %w", err)
		}
		o := &out{w: bufio.NewWriter(f)}
		o.raw(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n")
		p.write(o)
		if err := o.w.Flush(); err != nil {
			return fmt.Errorf("docx: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("docx: %w", err)
	}
	return nil
}

// out writes XML to a buffer, whose error its Flush reports.
type out struct{ w *bufio.Writer }

func (o *out) raw(s string) { _, _ = o.w.WriteString(s) }

func (o *out) rawf(format string, args ...any) { _, _ = fmt.Fprintf(o.w, format, args...) }

// text writes what people or logs wrote.
func (o *out) text(s string) { o.raw(escaped(s)) }

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(report.Plain(s))) // a Builder does not fail
	return b.String()
}

const (
	space    = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	relSpace = `http://schemas.openxmlformats.org/package/2006/relationships`
	relType  = `http://schemas.openxmlformats.org/officeDocument/2006/relationships/`
	wordType = `application/vnd.openxmlformats-officedocument.wordprocessingml.`
)

func types(o *out) {
	o.raw(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>`)
	for _, p := range [][2]string{
		{"document", "document.main"}, {"styles", "styles"}, {"settings", "settings"}, {"numbering", "numbering"},
		{"fontTable", "fontTable"}, {"header1", "header"}, {"footer1", "footer"},
	} {
		o.rawf(`<Override PartName="/word/%s.xml" ContentType="%s%s+xml"/>`, p[0], wordType, p[1])
	}
	o.raw(`</Types>`)
}

func relations(o *out) {
	o.rawf(`<Relationships xmlns="%s"><Relationship Id="rId1" Type="%sofficeDocument" Target="word/document.xml"/>`, relSpace, relType)
	o.rawf(`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`)
}

func links(o *out) {
	o.rawf(`<Relationships xmlns="%s">`, relSpace)
	for i, p := range []string{"styles", "settings", "numbering", "fontTable"} {
		o.rawf(`<Relationship Id="rId%d" Type="%s%s" Target="%s.xml"/>`, i+1, relType, p, p)
	}
	o.rawf(`<Relationship Id="rId5" Type="%sheader" Target="header1.xml"/><Relationship Id="rId6" Type="%sfooter" Target="footer1.xml"/></Relationships>`, relType, relType)
}

func core(o *out, d *report.Document) {
	o.raw(`<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>`)
	o.text(d.Title)
	o.raw(`</dc:title><dc:creator>konseki</dc:creator><dc:language>`)
	o.text(d.Lang)
	o.raw(`</dc:language></cp:coreProperties>`)
}

// header is the title, and on a draft that it is one, above every page but the first.
func header(o *out, d *report.Document) {
	o.rawf(`<w:hdr %s><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr>`, space)
	o.run("", d.Title)
	if d.Stamp != "" {
		o.raw(`<w:r><w:tab/></w:r>`)
		o.run("Stamp", d.Stamp)
	}
	o.raw(`</w:p></w:hdr>`)
}

func footer(o *out) {
	o.rawf(`<w:ftr %s><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>`, space)
	o.field("PAGE")
	o.run("", " / ")
	o.field("NUMPAGES")
	o.raw(`</w:p></w:ftr>`)
}

func (o *out) field(code string) {
	o.rawf(`<w:fldSimple w:instr=" %s "><w:r><w:t>1</w:t></w:r></w:fldSimple>`, code)
}

// run writes a run of text in a character style, or none.
func (o *out) run(style, text string) {
	o.raw(`<w:r>`)
	if style != "" {
		o.rawf(`<w:rPr><w:rStyle w:val="%s"/></w:rPr>`, style)
	}
	o.raw(`<w:t xml:space="preserve">`)
	o.text(text)
	o.raw(`</w:t></w:r>`)
}
