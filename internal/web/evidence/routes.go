// Package evidence serves the pages on which records are searched, told of, covered and verified.
package evidence

import "github.com/konseki/konseki/internal/web/site"

// Visit is a visit to a page on which evidence is shown, with what such pages
// share: answers, charts, findings and the drawer beside them.
type Visit struct{ *site.Visit }

// Of is a visit as pages with evidence see it.
func Of(v *site.Visit) Visit { return Visit{v} }

// Routes are the pages of this room.
func Routes() []site.Route {
	on := func(pattern string, access site.Access, page func(Visit) error) site.Route {
		return site.Route{Pattern: pattern, Access: access, Handle: func(v *site.Visit) error { return page(Of(v)) }}
	}
	check := &verifier{}
	return []site.Route{
		on("GET /explore", site.Readers, Visit.explore),
		on("GET /record/{seq}/raw", site.Readers, Visit.rawRecord),
		on("POST /record/{seq}/unmask", site.Writers, Visit.unmask),
		on("GET /coverage", site.Readers, Visit.coverage),
		on("POST /coverage/sources", site.Writers, Visit.registerSource),
		on("POST /coverage/confirm", site.Writers, Visit.confirmSource),
		on("POST /coverage/requests", site.Writers, Visit.requestSource),
		on("GET /verify", site.Readers, func(v Visit) error { return v.verifyPage(check) }),
		on("POST /verify", site.Readers, func(v Visit) error { return v.verifyVault(check) }),
	}
}
