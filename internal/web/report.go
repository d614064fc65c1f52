package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/konseki/konseki/internal/web/reading"
)

// maxReport bounds a rendered report in memory.
const maxReport = 64 << 20

// reportView is the page that previews a report and offers it.
type reportView struct {
	Page      page
	ID, Title string
	Case      string // path of the case
	Frame     string // path of the preview
	Langs     []choice
	Formats   []choice
	Downloads []choice
	Bundle    string
}

// report shows the preview page or, with a format, the report itself.
func (s *server) report(v *visit) error {
	id := v.r.PathValue("id")
	format, lang := v.at.Get("format"), v.r.URL.Query().Get("lang")
	if !known(lang) {
		lang = v.Lang
	}
	if format == "" {
		return s.reportPage(v, id, lang)
	}
	if format != "html" && format != "md" {
		return problem{http.StatusBadRequest, "error.format", reading.Input(format)}
	}
	var doc limited
	if err := s.Ops.Report(v.r.Context(), v.person.Name, id, lang, format, &doc); err != nil {
		return err
	}
	contentType := "text/markdown; charset=utf-8"
	if format == "html" {
		contentType = "text/html; charset=utf-8"
	}
	h := v.w.Header()
	h.Set("Content-Security-Policy", reportPolicy)
	if v.at.Get("download") != "" {
		h.Set("Content-Disposition", attachment(id+"-"+lang+"."+format))
	} else if format == "md" {
		contentType = "text/plain; charset=utf-8"
	}
	v.write(http.StatusOK, contentType, doc.Bytes())
	return nil
}

// reportPage frames the preview; the report itself has no scripts, forms or
// origin, whatever stands in it.
func (s *server) reportPage(v *visit, id, lang string) error {
	c, err := s.Ops.Case(v.r.Context(), id)
	if err != nil {
		return err
	}
	v.at = v.at.Moved(casePath(c.ID) + "/report")
	view := reportView{ID: reading.Visible(c.ID, 60), Title: v.Phrase(c.Title), Case: casePath(c.ID), Bundle: casePath(c.ID) + "/bundle",
		Page: s.pageOf(v, "cases", v.T("report.title")+" "+reading.Visible(c.ID, 60))}
	shown := v.at.Get("show")
	if shown != "md" {
		shown = "html"
	}
	view.Frame = v.at.Path() + "?format=" + shown + "&lang=" + lang
	for _, l := range [][2]string{{"ja", "日本語"}, {"en", "English"}} {
		view.Langs = append(view.Langs, choice{Label: l[1], Href: v.at.Path() + "?show=" + shown + "&lang=" + l[0], On: l[0] == lang})
	}
	for _, f := range [][2]string{{"html", "HTML"}, {"md", "Markdown"}} {
		view.Formats = append(view.Formats, choice{Label: f[1], Href: v.at.Path() + "?show=" + f[0] + "&lang=" + lang, On: f[0] == shown})
		view.Downloads = append(view.Downloads, choice{Label: f[1], Href: v.at.Path() + "?format=" + f[0] + "&lang=" + lang + "&download=1"})
	}
	return s.show(v, http.StatusOK, "report.html", "page", view)
}

// bundle hands out the self-verifying bundle. It is written to a file first,
// so that a failure is told and never looks like a shorter bundle.
func (s *server) bundle(v *visit) error {
	id := v.r.PathValue("id")
	f, err := os.CreateTemp("", "konseki-bundle-*.zip")
	if err != nil {
		return fmt.Errorf("web: bundle: %w", err)
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }() // a temporary file; nothing rests on it
	if err := s.Ops.Export(v.r.Context(), v.person.Name, id, nil, f); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("web: bundle: %w", err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Length", fmt.Sprint(size))
	h.Set("Content-Disposition", attachment("konseki-"+id+".zip"))
	_, _ = io.Copy(v.w, f) // the length tells the browser of a broken transfer
	return nil
}

// rawRecord hands out the bytes of a record as received, never to be shown by
// the browser.
func (s *server) rawRecord(v *visit) error {
	seq, ok := recordNumber(v.r.PathValue("seq"))
	if !ok {
		return problem{http.StatusNotFound, "error.norecord", reading.Input(v.r.PathValue("seq"))}
	}
	rec, err := s.Ops.Record(v.r.Context(), v.person.Name, seq)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Disposition", attachment(fmt.Sprintf("record-%d.raw", seq)))
	v.write(http.StatusOK, "application/octet-stream", rec.Record.Raw)
	return nil
}

// attachment names a download; strange characters are left out of the name.
func attachment(name string) string {
	name = strings.Map(func(c rune) rune {
		if c == '/' || c == '\\' || c == '"' || reading.Strange(c) {
			return '_'
		}
		return c
	}, name)
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
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
