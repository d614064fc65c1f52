package web

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/web/reading"
)

// signInView is the sign-in page, or the page behind a one-time link.
type signInView struct {
	Page     page
	Link     bool   // choose a name and password
	Token    string // of the link
	Name     string
	To       string // where to go on
	Error    string
	HasUsers bool
}

// signInPage asks for name and password.
func (s *server) signInPage(v *visit) error {
	if v.person.Name != "" {
		return v.redirect(reading.LocalPath(v.at.Get("to")))
	}
	return s.showSignIn(v, http.StatusOK, signInView{To: reading.LocalPath(v.at.Get("to"))})
}

func (s *server) showSignIn(v *visit, status int, view signInView) error {
	view.Page = s.pageOf(v, "", v.T("signin.title"))
	view.HasUsers = s.Auth.HasUsers()
	return s.show(v, status, "signin.html", "page", view)
}

// signIn checks name and password and begins a session.
func (s *server) signIn(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return problem{http.StatusBadRequest, "error.form", err}
	}
	name, to := v.r.PostForm.Get("name"), reading.LocalPath(v.r.PostForm.Get("to"))
	_, session, err := s.Auth.SignIn(name, v.r.PostForm.Get("password"), peer(v.r))
	if err != nil {
		status, text := http.StatusForbidden, v.T("signin.denied")
		if t, ok := errors.AsType[*auth.ThrottledError](err); ok {
			status, text = http.StatusTooManyRequests, v.F("signin.throttled", v.Span(max(time.Second, t.Retry)))
		} else if !errors.Is(err, auth.ErrDenied) {
			return err
		}
		return s.showSignIn(v, status, signInView{Name: reading.Visible(name, 100), To: to, Error: text})
	}
	setSession(v.w, v.r, session)
	return v.redirect(to)
}

// linkPage lets the holder of a one-time link choose a name and password.
func (s *server) linkPage(v *visit) error {
	return s.showSignIn(v, http.StatusOK, signInView{Link: true, Token: reading.Visible(v.at.Get("token"), 200)})
}

// useLink spends the link and begins the new person's session.
func (s *server) useLink(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return problem{http.StatusBadRequest, "error.form", err}
	}
	form := v.r.PostForm
	view := signInView{Link: true, Token: reading.Visible(form.Get("token"), 200), Name: reading.Visible(form.Get("name"), 100)}
	if form.Get("password") != form.Get("again") {
		view.Error = v.T("signin.differ")
		return s.showSignIn(v, http.StatusBadRequest, view)
	}
	person, err := s.Auth.UseLink(form.Get("token"), form.Get("name"), form.Get("password"))
	if err != nil {
		key := linkRefusal(err)
		if key == "" {
			return err
		}
		view.Error = v.T(key)
		return s.showSignIn(v, http.StatusForbidden, view)
	}
	session, err := s.Auth.StartSession(person)
	if err != nil {
		return err
	}
	s.Logger.Info("person signed in by link", slog.String("name", person.Name))
	setSession(v.w, v.r, session)
	return v.redirect("/")
}

// linkRefusal gives the sentence for a name, password or link that auth does
// not take, "" for any other error.
func linkRefusal(err error) string {
	for _, refusal := range []struct {
		err error
		key string
	}{
		{auth.ErrLink, "signin.deadlink"}, {auth.ErrName, "signin.badname"}, {auth.ErrNameTaken, "signin.taken"},
		{auth.ErrWeakPassword, "signin.weak"}, {auth.ErrLongPassword, "signin.long"},
	} {
		if errors.Is(err, refusal.err) {
			return refusal.key
		}
	}
	return ""
}

// signOut ends the session.
func (s *server) signOut(v *visit) error {
	if c, err := v.r.Cookie(sessionCookie); err == nil {
		s.Auth.SignOut(c.Value)
	}
	setSession(v.w, v.r, "")
	return v.redirect("/signin")
}

// peer is the address a request came from, without its port.
func peer(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// casePath is the page of a case.
func casePath(id string) string { return "/case/" + url.PathEscape(id) }
