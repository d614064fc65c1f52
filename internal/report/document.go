// Package report renders a case to documents and to a self-verifying bundle.
package report

// Document is a report before it takes a form: headings, paragraphs and
// tables of inline text. Each form (Markdown, HTML) is one renderer of it.
type Document struct {
	Lang     string
	Title    string
	Subtitle string
	Meta     []Pair     // shown under the title: case, time, zone, checkpoint
	Notice   string     // what a reader must know first, as on a draft
	Problems [][]Inline // what contradicts itself, listed under the notice
	Stamp    string     // stands on every page of a draft
	Letter   bool       // short: without a cover of its own and contents
	Sections []Section
}

// Pair is a label with its value.
type Pair struct{ Label, Value string }

// Section is a numbered chapter.
type Section struct {
	ID      string // anchor
	Number  string // "3", "付録 A"
	Heading string
	Blocks  []Block
}

// Block is a paragraph, a list or a table; exactly one of its parts is set.
type Block struct {
	Paragraph []Inline
	List      [][]Inline
	Table     *Table
	Heading   string // a heading inside the section
}

// Table has a header and rows of cells.
type Table struct {
	Header []string
	Rows   [][]Cell
	// Evidence says that citations lead to its rows: the first cell of each is
	// the citation that does.
	Evidence bool
}

// Cell is the inline text of one cell.
type Cell []Inline

// Inline is a run of text, a citation or a verdict.
type Inline struct {
	Text string
	Code bool   // fixed-width
	Cite int    // number of a citation, 1 …
	Mark string // "found", "covered", "unknown", "partial": a verdict chip with Text
}

// Title is the number of a section with its heading.
func (s Section) Title() string {
	if s.Number == "" {
		return s.Heading
	}
	return s.Number + ". " + s.Heading
}

// CitationOf returns the citation that leads to a row of evidence, or 0.
func CitationOf(row []Cell) int {
	if len(row) == 0 || len(row[0]) == 0 {
		return 0
	}
	return row[0][0].Cite
}

// Targets are the citations that lead to a row of evidence in the document.
func (d *Document) Targets() map[int]bool {
	out := map[int]bool{}
	for _, s := range d.Sections {
		for _, b := range s.Blocks {
			if b.Table == nil || !b.Table.Evidence {
				continue
			}
			for _, row := range b.Table.Rows {
				if n := CitationOf(row); n > 0 {
					out[n] = true
				}
			}
		}
	}
	return out
}

func text(s string) []Inline { return []Inline{{Text: s}} }

func cell(s string) Cell { return Cell{{Text: s}} }

func code(s string) Cell { return Cell{{Text: s, Code: true}} }
