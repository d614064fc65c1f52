package casebook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/web/reading"
)

// maxReport bounds a rendered report in memory.
const maxReport = 64 << 20

// reportView is the page that previews a report and offers it.
type reportView struct {
	Page      site.Page
	ID, Title string
	Case      string // path of the case
	Frame     string // path of the preview
	Langs     []site.Choice
	Formats   []site.Choice
	Downloads []site.Choice
	Bundle    string
}

// report shows the preview page or, with a format, the report itself.
func (v visit) report() error {
	id := v.R.PathValue("id")
	format, lang := v.At.Get("format"), v.R.URL.Query().Get("lang")
	if !site.Known(lang) {
		lang = v.Lang
	}
	if format == "" {
		return v.reportPage(id, lang)
	}
	if format != "html" && format != "md" {
		return site.Refusal(http.StatusBadRequest, "error.format", reading.Input(format))
	}
	var doc limited
	if err := v.Ops.Report(v.R.Context(), v.Person.Name, id, casework.Document{Lang: lang, Format: format}, &doc); err != nil {
		return err
	}
	contentType := "text/markdown; charset=utf-8"
	if format == "html" {
		contentType = "text/html; charset=utf-8"
	}
	h := v.W.Header()
	h.Set("Content-Security-Policy", site.ReportPolicy)
	if v.At.Get("download") != "" {
		h.Set("Content-Disposition", site.Attachment(id+"-"+lang+"."+format))
	} else if format == "md" {
		contentType = "text/plain; charset=utf-8"
	}
	v.Write(http.StatusOK, contentType, doc.Bytes())
	return nil
}

// reportPage frames the preview; the report itself has no scripts, forms or
// origin, whatever stands in it.
func (v visit) reportPage(id, lang string) error {
	c, err := v.Ops.Case(v.R.Context(), id)
	if err != nil {
		return err
	}
	v.At = v.At.Moved(site.CasePath(c.ID) + "/report")
	view := reportView{ID: reading.Visible(c.ID, 60), Title: v.Phrase(c.Title), Case: site.CasePath(c.ID), Bundle: site.CasePath(c.ID) + "/bundle",
		Page: v.PageOf("cases", v.T("report.title")+" "+reading.Visible(c.ID, 60))}
	shown := v.At.Get("show")
	if shown != "md" {
		shown = "html"
	}
	view.Frame = v.At.Path() + "?format=" + shown + "&lang=" + lang
	for _, l := range [][2]string{{"ja", "日本語"}, {"en", "English"}} {
		view.Langs = append(view.Langs, site.Choice{Label: l[1], Href: v.At.Path() + "?show=" + shown + "&lang=" + l[0], On: l[0] == lang})
	}
	for _, f := range [][2]string{{"html", "HTML"}, {"md", "Markdown"}} {
		view.Formats = append(view.Formats, site.Choice{Label: f[1], Href: v.At.Path() + "?show=" + f[0] + "&lang=" + lang, On: f[0] == shown})
		view.Downloads = append(view.Downloads, site.Choice{Label: f[1], Href: v.At.Path() + "?format=" + f[0] + "&lang=" + lang + "&download=1"})
	}
	return v.Show(http.StatusOK, "report.html", "page", view)
}

// bundle hands out the self-verifying bundle. It is written to a file first,
// so that a failure is told and never looks like a shorter bundle.
func (v visit) bundle() error {
	id := v.R.PathValue("id")
	f, err := os.CreateTemp("", "konseki-bundle-*.zip")
	if err != nil {
		return fmt.Errorf("web: bundle: %w", err)
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }() // a temporary file; nothing rests on it
	if err := v.Ops.Export(v.R.Context(), v.Person.Name, id, nil, f); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("web: bundle: %w", err)
	}
	h := v.W.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Length", fmt.Sprint(size))
	h.Set("Content-Disposition", site.Attachment("konseki-"+id+".zip"))
	_, _ = io.Copy(v.W, f) // the length tells the browser of a broken transfer
	return nil
}

// limited is a buffer that refuses more than a report may be.
type limited struct{ bytes.Buffer }

// Write adds to the document.
func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxReport {
		return 0, fmt.Errorf("web: the report is larger than %s; narrow the case or use the command line", reading.Bytes(maxReport))
	}
	return l.Buffer.Write(p)
}
