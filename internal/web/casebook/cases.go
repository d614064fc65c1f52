package casebook

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// casesView lists the cases and opens a new one.
type casesView struct {
	Page  site.Page
	Cases []caseLine
	NewID string
	Error string
	Title string
}

// caseLine is one case in the list.
type caseLine struct {
	ID, Href, Title, Opened, By string
	Open                        bool
	Rows, Questions, Unknown    int
}

// cases lists all cases, the newest first.
func (v visit) cases() error { return v.showCases(http.StatusOK, casesView{}) }

func (v visit) showCases(status int, view casesView) error {
	list, err := v.Ops.Cases(v.R.Context())
	if err != nil {
		return err
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *control.Case) int { return b.Opened.Compare(a.Opened) })
	view.Page = v.PageOf("cases", v.T("nav.cases"))
	if view.NewID == "" {
		view.NewID = v.Now().In(v.Zone).Format("2006-") + strconv.Itoa(1000 + len(list) + 1)[1:]
	}
	for _, c := range list {
		line := caseLine{ID: reading.Visible(c.ID, 60), Href: site.CasePath(c.ID), Title: v.Phrase(c.Title), Opened: v.Prose(c.Opened),
			By: reading.Visible(c.OpenedBy, 60), Open: c.Status == "open", Rows: len(c.Timeline), Questions: len(c.Questions)}
		for _, q := range c.Questions {
			if q.Answer.Verdict != "found" && q.Answer.Verdict != "not_found_covered" {
				line.Unknown++
			}
		}
		view.Cases = append(view.Cases, line)
	}
	return v.Show(status, "cases.html", "page", view)
}

// openCase opens a case and leads to it.
func (v visit) openCase() error {
	if err := v.R.ParseForm(); err != nil {
		return site.Refusal(http.StatusBadRequest, "error.form", err)
	}
	id, title := strings.TrimSpace(v.R.PostForm.Get("id")), strings.TrimSpace(v.R.PostForm.Get("title"))
	view := casesView{NewID: reading.Visible(id, 60), Title: reading.Visible(title, 300)}
	if title == "" {
		view.Error = v.T("case.notitle")
		return v.showCases(http.StatusBadRequest, view)
	}
	c, err := v.Ops.OpenCase(v.R.Context(), v.Person.Name, id, v.written(title))
	if errors.Is(err, control.ErrInvalid) {
		view.Error = v.Said(err, 300)
		return v.showCases(http.StatusBadRequest, view)
	}
	if err != nil {
		return err
	}
	return v.Redirect(site.CasePath(c.ID) + "?done=case")
}
