// Package casebook serves the pages of cases.
package casebook

import (
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/site"
	"github.com/konseki/konseki/internal/web/stories"
)

// visit is a visit to a page of a case.
type visit struct{ stories.Visit }

// Routes are the pages of this room.
func Routes() []site.Route {
	on := func(pattern string, access site.Access, page func(visit) error) site.Route {
		return site.Route{Pattern: pattern, Access: access, Handle: func(v *site.Visit) error { return page(visit{stories.Of(v)}) }}
	}
	return []site.Route{
		on("GET /{$}", site.Readers, visit.home),
		on("GET /cases", site.Readers, visit.cases),
		on("POST /cases", site.Writers, visit.openCase),
		on("GET /case/{id}", site.Readers, visit.caseHome),
		on("POST /case/{id}/row", site.Writers, visit.addRow),
		on("POST /case/{id}/statement", site.Writers, visit.addStatement),
		on("POST /case/{id}/question", site.Writers, visit.addQuestion),
		on("GET /case/{id}/report", site.Readers, visit.report),
		on("GET /case/{id}/bundle", site.Readers, visit.bundle),
	}
}

// home leads to the newest open case, or to Explore where there is none.
func (v visit) home() error {
	list, err := v.Ops.Cases(v.R.Context())
	if err != nil {
		return err
	}
	var newest *control.Case
	for _, c := range list {
		if c.Status == "open" && (newest == nil || c.Opened.After(newest.Opened)) {
			newest = c
		}
	}
	if newest == nil {
		return v.Redirect("/explore")
	}
	return v.Redirect(site.CasePath(newest.ID))
}
