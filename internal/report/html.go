package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed report.html.tmpl
var templates embed.FS

// HTML writes the document as one self-contained page: no script, no outside
// reference, its style inside, so that it opens anywhere and prints.
func HTML(w io.Writer, d *Document) error {
	targets := d.Targets()
	t, err := template.New("report.html.tmpl").Funcs(template.FuncMap{"plain": Plain, "citation": CitationOf, "leads": func(n int) bool { return targets[n] }}).ParseFS(templates, "report.html.tmpl")
	if err != nil {
		return fmt.Errorf("report: html: %w", err)
	}
	if err := t.Execute(w, d); err != nil {
		return fmt.Errorf("report: html: %w", err)
	}
	return nil
}
