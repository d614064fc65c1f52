package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Markdown writes the document as CommonMark with tables. Whatever came from a
// log is escaped, so that it stays text.
func Markdown(w io.Writer, d *Document) error {
	m := &markdown{w: bufio.NewWriter(w)}
	m.line("# " + escape(d.Title))
	if d.Subtitle != "" {
		m.line("**" + escape(d.Subtitle) + "**")
	}
	for _, p := range d.Meta {
		m.item(escape(p.Label) + ": " + escape(p.Value))
	}
	m.line("")
	if d.Notice != "" {
		m.line("> " + escape(d.Notice))
	}
	for i, p := range d.Problems {
		m.item(strconv.Itoa(i+1) + "\\. " + inlines(p))
	}
	if len(d.Problems) > 0 {
		m.line("")
	}
	for _, s := range d.Sections {
		m.line("## " + escape(s.Title()))
		for _, b := range s.Blocks {
			m.block(b)
		}
	}
	if err := m.w.Flush(); err != nil {
		return fmt.Errorf("report: markdown: %w", err)
	}
	return nil
}

type markdown struct{ w *bufio.Writer }

// line and item write to a buffer whose error Flush reports.
func (m *markdown) line(s string) { _, _ = m.w.WriteString(s + "\n\n") }
func (m *markdown) item(s string) { _, _ = m.w.WriteString("- " + s + "\n") }

func (m *markdown) block(b Block) {
	switch {
	case b.Heading != "":
		m.line("### " + escape(b.Heading))
	case b.Table != nil:
		m.table(b.Table)
	case b.List != nil:
		for _, it := range b.List {
			m.item(atStart(inlines(it)))
		}
		m.line("")
	default:
		m.line(atStart(inlines(b.Paragraph)))
	}
}

func (m *markdown) table(t *Table) {
	var b strings.Builder
	b.WriteString("|")
	for _, h := range t.Header {
		b.WriteString(" " + escape(h) + " |")
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", len(t.Header)) + "\n")
	for _, row := range t.Rows {
		b.WriteString("|")
		for _, c := range row {
			b.WriteString(" " + inlines(c) + " |")
		}
		b.WriteString("\n")
	}
	m.line(b.String())
}

func inlines(list []Inline) string {
	var b strings.Builder
	for _, in := range list {
		switch {
		case in.Cite > 0:
			fmt.Fprintf(&b, "\\[%d\\]", in.Cite)
		case in.Code:
			b.WriteString(codeSpan(in.Text))
		case in.Mark != "":
			b.WriteString("**" + escape(in.Text) + "**")
		default:
			b.WriteString(escape(in.Text))
		}
	}
	return b.String()
}

// atStart keeps a paragraph that begins like a list item or a rule from
// becoming one.
func atStart(s string) string {
	mark := strings.TrimLeft(s, "0123456789")
	digits := len(s) - len(mark)
	if mark == "" || !strings.ContainsRune("-+=", rune(mark[0])) && (digits == 0 || mark[0] != '.' && mark[0] != ')') {
		return s
	}
	return s[:digits] + "\\" + mark
}

// codeSpan fences text with more backticks than it holds. A pipe would end a
// table cell even inside a span, so it is escaped; renderers do not agree on a
// pipe after a backslash, so such text is not fenced.
func codeSpan(s string) string {
	if strings.TrimSpace(s) == "" || strings.Contains(s, `\|`) {
		return escape(s)
	}
	s = strings.ReplaceAll(Plain(s), "|", "\\|")
	run, longest := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 || strings.HasPrefix(s, " ") {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// escape makes text of what could be markup.
func escape(s string) string {
	var b strings.Builder
	for _, r := range Plain(s) {
		if strings.ContainsRune("\\`*_{}[]<>|#~&!", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
