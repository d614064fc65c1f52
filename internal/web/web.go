// Package web serves the pages; it can do nothing that control does not offer.
//
// Pages are rendered on the server and work without scripts; the URL holds the
// whole state of an investigation, so that every view can be linked, cited and
// loaded again. Log content is hostile: it reaches a page only as text.
package web

import (
	"net/http"
	"slices"

	"github.com/konseki/konseki/internal/web/casebook"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/site"
	"github.com/konseki/konseki/internal/web/stories"
)

// Options is what the pages need. Auth and Ops are required.
type Options = site.Options

// New returns the handler of all pages. It fails when a template or an asset
// is missing, unlisted or does not parse.
func New(opts Options) (http.Handler, error) { return site.New(opts, routes()) }

// routes lists the pages of all rooms.
func routes() []site.Route {
	return slices.Concat(evidence.Routes(), stories.Routes(), casebook.Routes())
}
