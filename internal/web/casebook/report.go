package casebook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// maxReport bounds a rendered report in memory.
const maxReport = 64 << 20

// reportView is the page that previews a report, offers it and issues it.
type reportView struct {
	frame
	Frame                 string // path of the preview
	Kinds, Langs, Formats []site.Choice
	Downloads             []site.Choice
	Bundle, Issue, Kind   string
	IssueLabel            string
	Versions              []versionView
	Since                 *changesView // what changed since the last version
	Problems              *problemsView
}

// versionView is a report that was issued.
type versionView struct {
	ID, Title, At, By, Drafts string
	Files                     []fileView
	Changes                   *changesView // to the version before
}

// fileView is a document of a version.
type fileView struct{ Name, Href, SHA256, Short string }

// reportKinds are the kinds of reports.
func reportKinds() []string {
	return []string{"first", "interim", "final", "regulator", "customer", "partner"}
}

// report shows the preview page or, with a format, the report itself.
func (v visit) report() error {
	format, lang, kind := v.At.Get("format"), v.R.URL.Query().Get("lang"), v.At.Get("kind")
	if !site.Known(lang) {
		lang = v.Lang
	}
	if !slices.Contains(reportKinds(), kind) {
		kind = "final"
	}
	if format == "" {
		return v.reportPage(http.StatusOK, kind, lang, "")
	}
	if !slices.Contains(casework.Formats(), format) {
		return site.Refusal(http.StatusBadRequest, "error.format", reading.Input(format))
	}
	id := v.R.PathValue("id")
	var doc limited
	if err := v.Ops.Report(v.R.Context(), v.Person.Name, id, casework.Document{Kind: kind, Lang: lang, Format: format}, &doc); err != nil {
		return err
	}
	return v.document(id+"-"+kind+"-"+lang+"."+format, v.At.Get("download") != "", doc.Bytes())
}

// document hands out a document: a text to be looked at in its sandbox, or a
// file to be kept.
func (v visit) document(name string, keep bool, body []byte) error {
	format := name[strings.LastIndexByte(name, '.')+1:]
	contentType := map[string]string{"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8", "pdf": "application/pdf",
		"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}[format]
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	h := v.W.Header()
	h.Set("Content-Security-Policy", site.ReportPolicy)
	if keep || format != "html" && format != "md" {
		h.Set("Content-Disposition", site.Attachment(name))
	} else if format == "md" {
		contentType = "text/plain; charset=utf-8"
	}
	v.Write(http.StatusOK, contentType, body)
	return nil
}

// reportPage frames the preview; the report itself has no scripts, forms or
// origin, whatever stands in it.
func (v visit) reportPage(status int, kind, lang, wrong string) error {
	c, err := v.Ops.Case(v.R.Context(), v.R.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := v.frame(c, "report")
	if err != nil {
		return err
	}
	if v.Fragment == "drawer" {
		return v.Show(http.StatusOK, "case.html", "drawer", f.Page)
	}
	f.Error = wrong
	view := reportView{frame: f, Bundle: f.Path + "/bundle", Issue: f.Path + "/issue", Kind: kind, IssueLabel: v.F("report.issue.do", v.T("report.kind."+kind))}
	shown := v.At.Get("show")
	if shown != "md" {
		shown = "html"
	}
	at := func(key, value string) string {
		q := url.Values{"kind": {kind}, "show": {shown}, "lang": {lang}}
		q.Set(key, value)
		return v.At.Path() + "?" + q.Encode()
	}
	view.Frame = v.At.Path() + "?format=" + shown + "&kind=" + kind + "&lang=" + lang
	for _, k := range reportKinds() {
		view.Kinds = append(view.Kinds, site.Choice{Label: v.T("report.kind." + k), Href: at("kind", k), On: k == kind})
	}
	for _, l := range [][2]string{{"ja", "日本語"}, {"en", "English"}} {
		view.Langs = append(view.Langs, site.Choice{Label: l[1], Href: at("lang", l[0]), On: l[0] == lang})
	}
	for _, s := range [][2]string{{"html", "HTML"}, {"md", "Markdown"}} {
		view.Formats = append(view.Formats, site.Choice{Label: s[1], Href: at("show", s[0]), On: s[0] == shown})
	}
	for _, name := range casework.Formats() {
		view.Downloads = append(view.Downloads, site.Choice{Label: name, Href: v.At.Path() + "?format=" + name + "&kind=" + kind + "&lang=" + lang + "&download=1"})
	}
	v.versions(c, &view)
	if view.Problems, err = v.problems(c, v.numbering(c)); err != nil {
		return err
	}
	return v.Show(status, "report.html", "page", view)
}

// versions lists the reports issued, the newest first, each with what changed
// since the one before.
func (v visit) versions(c *control.Case, view *reportView) {
	for i := range c.Versions {
		ver := &c.Versions[i]
		one := versionView{ID: ver.ID, Title: v.versionTitle(ver), At: v.Prose(ver.At), By: reading.Visible(ver.By, 60)}
		if ver.Drafts > 0 {
			one.Drafts = v.F("report.drafts", ver.Drafts)
		}
		for name, sum := range ver.Files {
			one.Files = append(one.Files, fileView{reading.Visible(name, 40), view.Path + "/issued/" + url.PathEscape(ver.ID) + "/" + url.PathEscape(name), reading.Visible(sum, 64), sum[:min(12, len(sum))]})
		}
		slices.SortFunc(one.Files, func(a, b fileView) int { return strings.Compare(a.Name, b.Name) })
		if before := previous(c.Versions[:i], ver.Report); before != nil {
			one.Changes = v.changes(before.Then, ver.Then, v.versionTitle(before))
		}
		view.Versions = append(view.Versions, one)
	}
	slices.Reverse(view.Versions)
	if before := previous(c.Versions, view.Kind); before != nil {
		view.Since = v.changes(before.Then, c, v.versionTitle(before))
	}
}

func (v visit) versionTitle(ver *investigate.Version) string {
	return v.F("report.version", v.labelled("report.kind.", ver.Report), ver.Number)
}

// previous is the last version of a kind, or else of any.
func previous(list []investigate.Version, kind string) *investigate.Version {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Report == kind {
			return &list[i]
		}
	}
	if len(list) > 0 {
		return &list[len(list)-1]
	}
	return nil
}

// issue issues a report.
func (v visit) issue() error {
	kind := v.R.PostFormValue("kind")
	_, err := v.Ops.Issue(v.R.Context(), v.Person.Name, v.R.PathValue("id"), kind)
	if errors.Is(err, control.ErrInvalid) {
		return v.reportPage(http.StatusBadRequest, "final", v.Lang, v.Said(err, 600))
	}
	if err != nil {
		return err
	}
	return v.Redirect(v.back("report", "issued"))
}

// issued hands out a document as it was issued.
func (v visit) issued() error {
	id, name := v.R.PathValue("id"), v.R.PathValue("name")
	var doc limited
	if err := v.Ops.Issued(v.R.Context(), v.Person.Name, id, v.R.PathValue("version"), name, &doc); err != nil {
		return err
	}
	return v.document(id+"-"+v.R.PathValue("version")+"-"+name, true, doc.Bytes())
}

// handOver hands out the list of what a scope counts.
func (v visit) handOver() error {
	return v.file("konseki-"+v.R.PathValue("id")+"-"+v.R.PathValue("scope")+".csv", "text/csv; charset=utf-8", func(w io.Writer) error {
		_, err := v.Ops.HandOver(v.R.Context(), v.Person, v.R.PathValue("id"), v.R.PathValue("scope"), "", w)
		return err
	})
}

// bundle hands out the self-verifying bundle.
func (v visit) bundle() error {
	id := v.R.PathValue("id")
	return v.file("konseki-"+id+".zip", "application/zip", func(w io.Writer) error {
		return v.Ops.Export(v.R.Context(), v.Person.Name, id, nil, w)
	})
}

// file hands out what may be large. It is written to a file first, so that a
// failure is told and never looks like a shorter file.
func (v visit) file(name, contentType string, write func(io.Writer) error) error {
	f, err := os.CreateTemp("", "konseki-download-*")
	if err != nil {
		return fmt.Errorf("web: download: %w", err)
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }() // a temporary file; nothing rests on it
	if err := write(f); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("web: download: %w", err)
	}
	h := v.W.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", fmt.Sprint(size))
	h.Set("Content-Disposition", site.Attachment(name))
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
