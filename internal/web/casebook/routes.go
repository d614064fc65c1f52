// Package casebook serves the pages of cases.
package casebook

import (
	"net/http"

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
		on("GET /case/{id}", site.Readers, tab("home")),
		on("GET /case/{id}/timeline", site.Readers, tab("timeline")),
		on("GET /case/{id}/statements", site.Readers, tab("statements")),
		on("GET /case/{id}/clocks", site.Readers, tab("clocks")),
		on("GET /case/{id}/clocks.ics", site.Readers, visit.calendar),
		on("GET /case/{id}/promises", site.Readers, tab("promises")),
		on("GET /case/{id}/names", site.Readers, tab("names")),
		on("POST /timeline", site.Writers, visit.addRow),
		on("POST /case/{id}/put/{kind}", site.Writers, visit.put),
		on("POST /case/{id}/weigh/{kind}", site.Readers, visit.weigh),
		on("POST /case/{id}/withdraw/{kind}/{part}", site.Writers, visit.withdraw),
		on("POST /case/{id}/override/{kind}/{part}", site.Writers, visit.override),
		on("POST /case/{id}/sign/{kind}/{part}", site.Writers, visit.sign),
		on("POST /case/{id}/check/{kind}/{part}", site.Writers, visit.check),
		on("POST /case/{id}/check", site.Writers, visit.check),
		on("POST /case/{id}/close", site.Writers, visit.closeCase),
		on("POST /case/{id}/reopen", site.Writers, visit.reopenCase),
		on("POST /case/{id}/issue", site.Writers, visit.issue),
		on("GET /case/{id}/issued/{version}/{name}", site.Readers, visit.issued),
		on("GET /case/{id}/scope/{scope}/list", site.Writers, visit.handOver),
		on("GET /case/{id}/report", site.Readers, visit.report),
		on("GET /case/{id}/bundle", site.Readers, visit.bundle),
	}
}

// tab is a page of a case.
func tab(name string) func(visit) error {
	return func(v visit) error { return v.show(name, http.StatusOK, nil) }
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
