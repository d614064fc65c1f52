// Package web serves the pages; it can do nothing that control does not offer.
//
// Pages are rendered on the server and work without scripts; the URL holds the
// whole state of an investigation, so that every view can be linked, cited and
// loaded again. Log content is hostile: it reaches a page only as text.
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
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

// server holds what all requests share; nothing in it changes but the job.
type server struct {
	Options
	words  map[string]map[string]string // language, key
	pages  map[string]pageSet           // by language
	assets map[string]asset
	zones  []zone
	check  *verifier
}

// zone is a zone a reader can choose; Label stands in URLs and on pages.
type zone struct {
	label string
	loc   *time.Location
}

// New returns the handler of all pages. It fails when a template or an asset
// is missing, unlisted or does not parse.
func New(opts Options) (http.Handler, error) {
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
	s := &server{Options: opts, zones: zonesBeside(opts.Zone, opts.Now()), check: &verifier{}}
	var err error
	if s.words, err = wordsByLanguage(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.pages, err = loadPages(s.words); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	mux := http.NewServeMux()
	for _, rt := range s.routes() {
		mux.Handle(rt.pattern, s.serve(rt))
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

// access says who may ask for a route.
type access uint8

const (
	public  access = iota // anybody: the way in
	readers               // anyone signed in
	writers               // anyone signed in but viewers
)

// route is one page action.
type route struct {
	pattern string
	access  access
	handle  func(*visit) error
}

// routes lists everything that is served.
func (s *server) routes() []route {
	return []route{
		{"GET /signin", public, s.signInPage},
		{"POST /signin", public, s.signIn},
		{"GET /signin/link", public, s.linkPage},
		{"POST /signin/link", public, s.useLink},
		{"GET /static/{name}", public, s.asset},
		{"POST /signout", readers, s.signOut},

		{"GET /{$}", readers, s.home},
		{"GET /explore", readers, s.explore},
		{"GET /record/{seq}/raw", readers, s.rawRecord},
		{"GET /cases", readers, s.cases},
		{"POST /cases", writers, s.openCase},
		{"GET /case/{id}", readers, s.caseHome},
		{"POST /record/{seq}/unmask", writers, s.unmask},
		{"POST /case/{id}/row", writers, s.addRow},
		{"POST /case/{id}/statement", writers, s.addStatement},
		{"POST /case/{id}/question", writers, s.addQuestion},
		{"GET /case/{id}/report", readers, s.report},
		{"GET /case/{id}/bundle", readers, s.bundle},
		{"GET /findings", readers, s.findings},
		{"GET /findings/mutes", readers, s.toMutes},
		{"POST /findings/mutes", writers, s.addMute},
		{"POST /findings/mutes/{id}/end", writers, s.endMute},
		{"GET /coverage", readers, s.coverage},
		{"GET /verify", readers, s.verifyPage},
		{"POST /verify", readers, s.verifyVault},
		{"/", readers, s.nowhere},
	}
}

// home leads to the newest open case, or to Explore where there is none.
func (s *server) home(v *visit) error {
	list, err := s.Ops.Cases(v.r.Context())
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
		return v.redirect("/explore")
	}
	return v.redirect(casePath(newest.ID))
}

// nowhere answers for every path that has no page.
func (s *server) nowhere(*visit) error { return problem{http.StatusNotFound, "error.nopage", nil} }

// allowedHost reports whether the Host header names this server.
func (s *server) allowedHost(host string) bool {
	name := hostName(host)
	return isLoopback(name) || slices.ContainsFunc(s.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}
