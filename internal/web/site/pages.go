package site

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/web/reading"
)

//go:embed templates
var templateFiles embed.FS

// pageFiles lists the page templates; sharedFiles what each may use.
func pageFiles() []string {
	return []string{
		"case.html", "cases.html", "clocks.html", "coverage.html", "error.html", "explore.html", "findings.html", "names.html",
		"promises.html", "report.html", "signin.html", "statements.html", "stories.html", "timeline.html", "verify.html",
	}
}

func sharedFiles() []string {
	return []string{"answer.html", "caseparts.html", "chart.html", "drawer.html", "layout.html"}
}

// PageSet holds the compiled pages of one language by file name.
type PageSet map[string]*template.Template

// loadPages compiles every page once per language, so that a template asks for
// a word with nothing but its key.
func loadPages(words map[string]map[string]string) (map[string]PageSet, error) {
	if err := sameNames(templateFiles, "templates", append(pageFiles(), sharedFiles()...)); err != nil {
		return nil, err
	}
	sets := make(map[string]PageSet)
	for lang, dictionary := range words {
		sets[lang] = make(PageSet)
		for _, file := range pageFiles() {
			paths := []string{"templates/" + file}
			for _, shared := range sharedFiles() {
				paths = append(paths, "templates/"+shared)
			}
			t, err := template.New(file).Funcs(functions(dictionary)).ParseFS(templateFiles, paths...)
			if err != nil {
				return nil, fmt.Errorf("parse %s: %w", file, err)
			}
			sets[lang][file] = t
		}
	}
	return sets, nil
}

// Templates are the compiled pages by language and file.
func Templates() (map[string]PageSet, error) {
	words, err := WordsByLanguage()
	if err != nil {
		return nil, err
	}
	return loadPages(words)
}

// functions is what templates may call besides the methods of their views.
func functions(words map[string]string) template.FuncMap {
	return template.FuncMap{
		"t": func(key string) (string, error) {
			if text, ok := words[key]; ok {
				return text, nil
			}
			return "", fmt.Errorf("no word for %q in the catalogue", key)
		},
		"n": func(n int64) string { return reading.Grouped(n) },
	}
}

// sameNames reports a file that is missing in dir or stands there unlisted.
func sameNames(files fs.FS, dir string, want []string) error {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	rest := make(map[string]bool)
	for _, e := range entries {
		rest[e.Name()] = true
	}
	for _, name := range want {
		if !rest[name] {
			return fmt.Errorf("%s/%s is missing", dir, name)
		}
		delete(rest, name)
	}
	if len(rest) > 0 {
		return fmt.Errorf("%s/%s is not listed", dir, strings.Join(slices.Sorted(maps.Keys(rest)), ", "))
	}
	return nil
}

// execute runs the template root of a page file.
func (p PageSet) execute(w io.Writer, file, root string, view any) error {
	if err := p[file].ExecuteTemplate(w, root, view); err != nil {
		return fmt.Errorf("render %s: %w", file, err)
	}
	return nil
}

// Show renders a page, or the part of it that was asked for, whole before the
// first byte is sent.
func (v *Visit) Show(status int, file, root string, view any) error {
	var b bytes.Buffer
	if err := v.site.pages[v.Lang].execute(&b, file, root, view); err != nil {
		return err
	}
	v.Write(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// Page is the frame around every page.
type Page struct {
	Lang    string
	Title   string
	Version string
	Person  string
	Role    string
	Writer  bool
	Nav     []navItem
	Langs   []Choice
	Zones   []Choice
	Zone    string // label of the zone of shown times
	Seal    sealAge
	Flash   string
	Drawer  any // what tells more of one thing beside the page; nil without it
}

// navItem is a place in the navigation with the key that leads there.
type navItem struct {
	Href, Label, Key string
	On               bool
}

// Choice is one of a few things to switch between.
type Choice struct {
	Label, Href, Key string
	Value            string // what is chosen, where a script sets it
	On               bool
}

// sealAge says how long ago the last record came under a seal.
type sealAge struct {
	Text      string // "封印 2 秒前"
	Class     string // ok, part or none
	Witnesses int
	Tail      string // how much is not sealed yet, and since when
}

// PageOf fills the frame for a page; on names the navigation item.
func (v *Visit) PageOf(on, title string) Page {
	p := Page{
		Lang: v.Lang, Title: title, Version: v.site.Version, Person: reading.Visible(v.Person.Name, 60), Role: v.Person.Role,
		Writer: v.Person.Role != "viewer", Zone: v.ZoneLabel,
	}
	for _, item := range [][3]string{
		{"/explore", "explore", "g e"}, {"/cases", "cases", "g c"}, {"/findings", "findings", "g f"},
		{"/coverage", "coverage", "g v"}, {"/verify", "verify", "g s"},
	} {
		p.Nav = append(p.Nav, navItem{Href: item[0], Label: v.T("nav." + item[1]), Key: item[2], On: on == item[1]})
	}
	for _, lang := range [][2]string{{"ja", "日本語"}, {"en", "EN"}} {
		p.Langs = append(p.Langs, Choice{Label: lang[1], Value: lang[0], Href: v.At.With("lang", lang[0]), On: v.Lang == lang[0]})
	}
	for _, z := range v.site.zones {
		c := Choice{Label: z.label, Href: v.At.With("tz", z.label), On: v.ZoneLabel == z.label}
		if !c.On {
			c.Key = "z"
		}
		p.Zones = append(p.Zones, c)
	}
	if done := v.R.URL.Query().Get("done"); slices.Contains([]string{"row", "statement", "question", "case", "mute", "unmute", "saved", "withdrawn", "signed", "overridden", "checked", "closed", "reopened", "issued"}, done) {
		p.Flash = v.T("done." + done)
	}
	if v.Person.Name != "" {
		p.Seal = v.sealAge()
		v.Names = v.registeredNames()
	}
	return p
}

// registeredNames gives the registered sources' names in the reader's language;
// pages that cannot have them show IDs.
func (v *Visit) registeredNames() map[string]string {
	list, err := v.Ops.Sources(v.R.Context())
	if err != nil {
		return nil
	}
	names := make(map[string]string, len(list))
	for _, src := range list {
		names[src.ID] = v.Phrase(src.Name)
	}
	return names
}

// sealAge asks how far the seal is behind.
func (v *Visit) sealAge() sealAge {
	st, err := v.Ops.Status(v.R.Context())
	v.Status = st
	if err != nil || st.LastSeal.IsZero() {
		return sealAge{Text: v.T("seal.none"), Class: "none"}
	}
	a := sealAge{Class: "ok", Witnesses: st.Witnesses, Text: v.T("seal.now")}
	if age := v.Now().Sub(st.LastSeal); age >= time.Second {
		a.Text = v.F("seal.ago", v.Span(age))
	}
	if open := st.Records - min(st.Sealed, st.Records); open > 0 {
		a.Tail = v.N(int64(open), "seal.tail", reading.Grouped(int64(open)), v.Span(st.TailAge))
		if st.TailAge > 30*time.Second {
			a.Class = "part"
		}
	}
	return a
}

// asset serves a stylesheet, script or picture; the sign-in page's own are for
// everybody.
func (v *Visit) asset() error {
	a, ok := v.site.assets[v.R.PathValue("name")]
	if v.Person.Name == "" && !a.public {
		v.site.sendAway(v)
		return nil
	}
	if !ok {
		return problem{http.StatusNotFound, "error.nopage", nil}
	}
	h := v.W.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", a.tag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(v.W, v.R, "", time.Time{}, bytes.NewReader(a.body))
	return nil
}

// WithDone is an address that says what was done.
func WithDone(path, what string) string {
	if strings.Contains(path, "?") {
		return path + "&done=" + what
	}
	return path + "?done=" + what
}

// Attachment names a download; strange characters are left out of the name.
func Attachment(name string) string {
	name = strings.Map(func(c rune) rune {
		if c == '/' || c == '\\' || c == '"' || reading.Strange(c) {
			return '_'
		}
		return c
	}, name)
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}
