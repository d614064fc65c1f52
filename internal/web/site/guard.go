package site

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// sessionCookie holds the session token, prefCookies what a reader chose.
const (
	SessionCookie = "konseki_session"
	LangCookie    = "konseki_lang"
	ZoneCookie    = "konseki_tz"
	MaxForm       = 1 << 20 // bytes of a posted form
)

// pagePolicy lets a page load what this server serves and nothing else; no
// policy may make scripts or markup out of text.
// Source: Content Security Policy Level 3; Trusted Types.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// ReportPolicy is for a rendered report: a document without scripts, forms or
// an origin, that only the report page may frame.
const ReportPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// Visit is one request with all that is known of who asks and how they read.
type Visit struct {
	R *http.Request
	W http.ResponseWriter
	reading.Reader
	Person   auth.Person
	Fragment string // name of the part asked for, "" for the page
	At       reading.Address
	Ops      casework.Operations
	site     *server
	Status   control.Status // known once the page's frame is
}

// Window is the stretch of time that the URL asks for.
func (v *Visit) Window() (reading.Window, error) {
	w, err := v.At.Window(v.Zone)
	switch {
	case errors.Is(err, reading.ErrBackwards):
		return w, problem{http.StatusBadRequest, "error.window", nil}
	case err != nil:
		return w, problem{http.StatusBadRequest, "error.time", err}
	}
	return w, nil
}

// Now is the time by the pages' clock.
func (v *Visit) Now() time.Time { return v.site.Now() }

// Logger is where a page tells what the person at the browser cannot mend.
func (v *Visit) Logger() *slog.Logger { return v.site.Logger }

// Estate is what the company knows of itself; nil knows nothing.
func (v *Visit) Estate() *estate.Estate {
	if v.site.Estate == nil {
		return nil
	}
	return v.site.Estate()
}

// Both are the words for key in both languages.
func (v *Visit) Both(key string) event.Phrase {
	return event.Phrase{JA: v.site.words["ja"][key], EN: v.site.words["en"][key]}
}

// Writer tells whether the person may write.
func (v *Visit) Writer() bool { return v.Person.Role != "viewer" }

// Redirect sends the browser to a local path by GET.
func (v *Visit) Redirect(path string) error {
	http.Redirect(v.W, v.R, path, http.StatusSeeOther)
	return nil
}

// guard wraps every response in the safety headers and refuses foreign hosts
// and posts that come from other sites.
func (s *server) guard(next http.Handler) http.Handler {
	posts := http.NewCrossOriginProtection()
	posts.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, problem{http.StatusForbidden, "error.crossorigin", nil})
	}))
	inner := posts.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !s.allowedHost(r.Host) {
			http.Error(w, "This name does not belong to konseki. Use localhost or a name that is configured.", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, MaxForm)
		inner.ServeHTTP(w, r)
	})
}

// serve runs a route for those who may ask for it.
func (s *server) serve(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := s.visitOf(w, r)
		if rt.Access != Public && v.Person.Name == "" {
			s.sendAway(v)
			return
		}
		if rt.Access == Writers && v.Person.Role == "viewer" {
			s.fail(v, problem{http.StatusForbidden, "error.viewer", nil})
			return
		}
		if err := rt.Handle(v); err != nil {
			s.fail(v, err)
		}
	})
}

// visitOf reads who asks and how they read, and keeps a new choice of language
// or zone in a cookie.
func (s *server) visitOf(w http.ResponseWriter, r *http.Request) *Visit {
	values := r.URL.Query()
	v := &Visit{site: s, Ops: s.Ops, R: r, W: w, Fragment: values.Get("fragment"), At: reading.AddressOf(r.URL.Path, values)}
	v.Reader = reading.Reader{Lang: s.language(r, values.Get("lang"))}
	v.Words = s.words[v.Lang]
	z := s.zoneFor(r, values.Get("tz"))
	v.Zone, v.ZoneLabel = z.loc, z.label
	if values.Get("lang") == v.Lang {
		setPreference(w, LangCookie, v.Lang)
	}
	if values.Get("tz") == z.label {
		setPreference(w, ZoneCookie, z.label)
	}
	if c, err := r.Cookie(SessionCookie); err == nil {
		if p, ok := s.Auth.Session(c.Value); ok {
			v.Person = p
		}
	}
	return v
}

// sendAway answers a request without a session.
func (s *server) sendAway(v *Visit) {
	if v.Fragment != "" {
		http.Error(v.W, v.T("error.signedout"), http.StatusUnauthorized)
		return
	}
	to := "/signin"
	if v.R.Method == http.MethodGet && v.R.URL.Path != "/" {
		to += "?to=" + url.QueryEscape(v.R.URL.RequestURI())
	}
	http.Redirect(v.W, v.R, to, http.StatusFound)
}

// refuse answers what never reached a route.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.Logger.Warn("request refused", slog.String("path", r.URL.Path), slog.String("peer", r.RemoteAddr))
	v := s.visitOf(w, r)
	if v.Person.Name == "" {
		http.Error(w, v.T("error.crossorigin"), http.StatusForbidden)
		return
	}
	s.fail(v, err)
}

// language chooses between ja and en: what was asked, what was kept, what the
// browser prefers, the default.
func (s *server) language(r *http.Request, asked string) string {
	if Known(asked) {
		return asked
	}
	if c, err := r.Cookie(LangCookie); err == nil && Known(c.Value) {
		return c.Value
	}
	for tag := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if Known(tag) {
			return tag
		}
	}
	return s.DefaultLang
}

// Known tells whether the pages speak a language.
func Known(lang string) bool { return lang == "ja" || lang == "en" }

// zoneFor chooses the zone for shown times: what was asked, what was kept, the
// configured one.
func (s *server) zoneFor(r *http.Request, asked string) zone {
	kept := ""
	if c, err := r.Cookie(ZoneCookie); err == nil {
		kept = c.Value
	}
	for _, want := range []string{asked, kept} {
		for _, z := range s.zones {
			if z.label == want {
				return z
			}
		}
	}
	return s.zones[0]
}

func setPreference(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

// setSession gives the browser its session; an empty token takes it away.
func setSession(w http.ResponseWriter, r *http.Request, token string) {
	c := &http.Cookie{Name: SessionCookie, Value: token, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// hostName cuts the port from a Host header.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// isLoopback reports whether a host name can only mean this machine.
func isLoopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}
