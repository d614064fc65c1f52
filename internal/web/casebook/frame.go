package casebook

import (
	"net/http"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// frame is around the pages of a case.
type frame struct {
	Page       site.Page
	ID, Title  string
	Path, Here string
	Open       bool
	Opened, By string
	Tabs       []site.Choice
	Tab        string
	Form       *formView
	Error      string // of what was asked without a form of its own
}

// tabs are the pages of a case with the keys that lead to them.
func tabs() [][2]string {
	return [][2]string{{"home", "g c"}, {"timeline", "g t"}, {"statements", "g a"}, {"clocks", "g d"}, {"promises", "g p"}, {"names", "g n"}, {"report", "g r"}}
}

// show renders a page of a case, with the form that was sent or is asked for.
func (v visit) show(tab string, status int, d *draft) error {
	c, err := v.Ops.Case(v.R.Context(), v.R.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := v.frame(c, tab)
	if err != nil {
		return err
	}
	if v.Fragment == "drawer" {
		return v.Show(http.StatusOK, "case.html", "drawer", f.Page)
	}
	if f.Form, err = v.openForm(c, &f, d); err != nil {
		return err
	}
	if f.Form != nil {
		if err := v.suggest(c, f.Form); err != nil {
			return err
		}
	}
	switch tab {
	case "timeline":
		return v.showTimeline(c, f, status)
	case "statements":
		return v.showStatements(c, f, status)
	case "clocks":
		return v.showClocks(c, f, status)
	case "promises":
		return v.showPromises(c, f, status)
	case "names":
		return v.showNames(c, f, status)
	}
	return v.showHome(c, f, status)
}

// frame fills what is around a page of the case.
func (v visit) frame(c *control.Case, tab string) (frame, error) {
	v.R.SetPathValue("id", c.ID)
	v.At = v.At.Moved(v.pathOf(tab))
	f := frame{ID: reading.Visible(c.ID, 60), Title: v.Phrase(c.Title), Path: site.CasePath(c.ID), Here: v.At.String(), Open: c.Status == "open",
		Opened: v.Prose(c.Opened), By: reading.Visible(c.OpenedBy, 60), Tab: tab}
	f.Page = v.PageOf("cases", f.ID+"　"+f.Title)
	for _, t := range tabs() {
		f.Tabs = append(f.Tabs, site.Choice{Label: v.T("tab." + t[0]), Href: v.pathOf(t[0]), Key: t[1], On: t[0] == tab})
	}
	for i := range f.Page.Nav { // the keys of the case go before those of all pages
		if slices.ContainsFunc(f.Tabs, func(t site.Choice) bool { return t.Key == f.Page.Nav[i].Key }) {
			f.Page.Nav[i].Key = ""
		}
	}
	var err error
	f.Page.Drawer, err = v.Drawer()
	return f, err
}

// editing is the address of this page with the form of a part, creating that
// with the form of a new one, whose fields may be given.
func (v visit) editing(k investigate.Kind, id string) string {
	return v.formAt("edit", string(k)+":"+id)
}

func (v visit) creating(k investigate.Kind, given ...string) string {
	return v.formAt("new", string(k), given...)
}

func (v visit) formAt(key, value string, given ...string) string {
	at := v.At.Change("edit", "", "new", "", "preset", "", "record", "", "pivot", "", "gap", "").Change(key, value)
	return at.Change(given...).String() + "#form"
}

// openForm is the form that was sent, or that the address asks for; nil for
// viewers and where there is none.
func (v visit) openForm(c *control.Case, f *frame, d *draft) (*formView, error) {
	if !f.Page.Writer {
		return nil, nil
	}
	var k investigate.Kind
	id := ""
	switch {
	case d != nil && d.values == nil: // something else was asked of the part
		f.Error = d.err
		if d.reason == "" {
			return nil, nil
		}
		k, id = d.kind, d.id
	case d != nil:
		k, id = d.kind, d.id
	case v.At.Has("edit"):
		kind, name, _ := strings.Cut(v.At.Get("edit"), ":")
		k, id = investigate.Kind(kind), name
	case v.At.Has("new"):
		k = investigate.Kind(v.At.Get("new"))
	default:
		return nil, nil
	}
	if s, ok := specOf(k); !ok || s.tab != f.Tab {
		return nil, nil
	}
	var p investigate.Part
	if id != "" && (d == nil || d.values == nil || d.base != 0 || d.conflict != nil) {
		var err error
		if p, err = v.Ops.Part(v.R.Context(), c.ID, k, id, 0); err != nil {
			return nil, err
		}
	}
	if d != nil && d.values == nil {
		form, err := v.form(f.Path, k, p, nil)
		if form != nil {
			form.Reason = reading.Visible(d.reason, 2000)
		}
		return form, err
	}
	return v.form(f.Path, k, p, d)
}

// labelled gives the words of a choice that a part holds; a strange one stands
// as it is.
func (v visit) labelled(prefix, value string) string {
	if value == "" {
		return ""
	}
	if text := v.Words[prefix+value]; text != "" {
		return text
	}
	return reading.Visible(value, 60)
}

// precisionOf is how finely a time is shown that people state.
func precisionOf(word string) event.Precision {
	switch word {
	case investigate.About:
		return event.PrecisionMinute
	case investigate.OnDay:
		return event.PrecisionDay
	}
	return event.PrecisionMilli
}
