// Package stories serves the pages of findings, one by one and put together into stories, and of mutes.
package stories

import (
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/site"
)

// Visit is a visit to a page on which findings are grouped.
type Visit struct{ evidence.Visit }

// Of is a visit as pages with findings see it.
func Of(v *site.Visit) Visit { return Visit{evidence.Of(v)} }

// Routes are the pages of this room.
func Routes() []site.Route {
	on := func(pattern string, access site.Access, page func(Visit) error) site.Route {
		return site.Route{Pattern: pattern, Access: access, Handle: func(v *site.Visit) error { return page(Of(v)) }}
	}
	return []site.Route{
		on("GET /findings", site.Readers, Visit.findings),
		on("GET /findings/mutes", site.Readers, Visit.toMutes),
		on("POST /findings/mutes", site.Writers, Visit.addMute),
		on("POST /findings/mutes/{id}/end", site.Writers, Visit.endMute),
	}
}
