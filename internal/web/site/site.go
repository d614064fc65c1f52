// Package site is what all pages share: who may come in, the frame around a page, its words, templates and assets, and what is said when something fails.
package site

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/estate"
)

// Options is what the pages need. Auth and Ops are required.
type Options struct {
	Logger *slog.Logger
	Auth   *auth.Auth
	Ops    casework.Operations
	Estate func() *estate.Estate // what the company knows of itself; may be nil
	// Version is shown at the foot of the pages.
	Version string
	// DefaultLang is "ja" (the default) or "en": the language for a browser
	// that asks for neither.
	DefaultLang string
	// Zone is the zone offered beside UTC; Asia/Tokyo when nil.
	Zone *time.Location
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Hosts are the host names, without port, under which the pages may be
	// asked for. The loopback names are always allowed; every other name is
	// refused, so that a foreign site cannot rebind its name to this server.
	Hosts []string
}

// server holds what all requests share; nothing in it changes.
type server struct {
	Options
	words  map[string]map[string]string // language, key
	pages  map[string]PageSet           // by language
	assets map[string]asset
	zones  []zone
}

// zone is a zone a reader can choose; Label stands in URLs and on pages.
type zone struct {
	label string
	loc   *time.Location
}

// New returns the handler of the routes given and of this room's own. It fails when a template or an asset
// is missing, unlisted or does not parse.
func New(opts Options, routes []Route) (http.Handler, error) {
	if opts.Auth == nil || opts.Ops == nil {
		return nil, errors.New("web: both Auth and Ops are needed")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.DefaultLang != "en" {
		opts.DefaultLang = "ja"
	}
	s := &server{Options: opts, zones: zonesBeside(opts.Zone, opts.Now())}
	var err error
	if s.words, err = WordsByLanguage(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.pages, err = loadPages(s.words); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	mux := http.NewServeMux()
	for _, rt := range slices.Concat(OwnRoutes(), routes) {
		mux.Handle(rt.Pattern, s.serve(rt))
	}
	return s.guard(mux), nil
}

// zonesBeside lists the zones to switch between, the configured one first.
func zonesBeside(loc *time.Location, now time.Time) []zone {
	if loc == nil {
		loc = time.FixedZone("JST", 9*60*60)
		if tokyo, err := time.LoadLocation("Asia/Tokyo"); err == nil {
			loc = tokyo
		}
	}
	label, offset := now.In(loc).Zone()
	if label == "UTC" && offset == 0 {
		return []zone{{"UTC", time.UTC}, {"JST", time.FixedZone("JST", 9*60*60)}}
	}
	return []zone{{label, loc}, {"UTC", time.UTC}}
}

// Access says who may ask for a route.
type Access uint8

const (
	Public  Access = iota // anybody: the way in
	Readers               // anyone signed in
	Writers               // anyone signed in but viewers
)

// Route is one page action.
type Route struct {
	Pattern string
	Access  Access
	Handle  func(*Visit) error
}

// nowhere answers for every path that has no page.
func (v *Visit) nowhere() error { return problem{http.StatusNotFound, "error.nopage", nil} }

// allowedHost reports whether the Host header names this server.
func (s *server) allowedHost(host string) bool {
	name := hostName(host)
	return isLoopback(name) || slices.ContainsFunc(s.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

// OwnRoutes are the ways in and out, and what every page loads.
func OwnRoutes() []Route {
	return []Route{
		{Pattern: "GET /signin", Access: Public, Handle: (*Visit).signInPage},
		{Pattern: "POST /signin", Access: Public, Handle: (*Visit).signIn},
		{Pattern: "GET /signin/link", Access: Public, Handle: (*Visit).linkPage},
		{Pattern: "POST /signin/link", Access: Public, Handle: (*Visit).useLink},
		{Pattern: "GET /static/{name}", Access: Public, Handle: (*Visit).asset},
		{Pattern: "POST /signout", Access: Readers, Handle: (*Visit).signOut},
		{Pattern: "/", Access: Readers, Handle: (*Visit).nowhere},
	}
}
