package site

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/web/reading"
)

// SignInView is the sign-in page, or the page behind a one-time link.
type SignInView struct {
	Page     Page
	Link     bool   // choose a name and password
	Token    string // of the link
	Name     string
	To       string // where to go on
	Error    string
	HasUsers bool
}

// signInPage asks for name and password.
func (v *Visit) signInPage() error {
	if v.Person.Name != "" {
		return v.Redirect(reading.LocalPath(v.At.Get("to")))
	}
	return v.showSignIn(http.StatusOK, SignInView{To: reading.LocalPath(v.At.Get("to"))})
}

func (v *Visit) showSignIn(status int, view SignInView) error {
	view.Page = v.PageOf("", v.T("signin.title"))
	view.HasUsers = v.site.Auth.HasUsers()
	return v.Show(status, "signin.html", "page", view)
}

// signIn checks name and password and begins a session.
func (v *Visit) signIn() error {
	if err := v.R.ParseForm(); err != nil {
		return problem{http.StatusBadRequest, "error.form", err}
	}
	name, to := v.R.PostForm.Get("name"), reading.LocalPath(v.R.PostForm.Get("to"))
	person, session, err := v.site.Auth.SignIn(name, v.R.PostForm.Get("password"), peer(v.R))
	if err != nil {
		return v.turnAway(name, to, err)
	}
	return v.admit(person, session, "sign_in", to)
}

// turnAway tells why somebody does not come in. Attempts that were looked at are
// sealed; those in the wait that follows too many of them are not, they would be
// without bound.
func (v *Visit) turnAway(name, to string, err error) error {
	view := SignInView{Name: reading.Visible(name, 100), To: to, Error: v.T("signin.denied")}
	if t, ok := errors.AsType[*auth.ThrottledError](err); ok {
		view.Error = v.F("signin.throttled", v.Span(max(time.Second, t.Retry)))
		return v.showSignIn(http.StatusTooManyRequests, view)
	}
	if !errors.Is(err, auth.ErrDenied) {
		return err
	}
	if err := v.Ops.Noted(v.R.Context(), v.site.Auth.Named(name), "sign_in.failed", "", peer(v.R)); err != nil {
		return err
	}
	return v.showSignIn(http.StatusForbidden, view)
}

// admit lets somebody in, once that is sealed.
func (v *Visit) admit(p auth.Person, session, how, to string) error {
	if err := v.Ops.Noted(v.R.Context(), p.Name, how, p.Role, peer(v.R)); err != nil {
		v.site.Auth.SignOut(session)
		return err
	}
	setSession(v.W, v.R, session)
	return v.Redirect(to)
}

// linkPage lets the holder of a one-time link choose a name and password.
func (v *Visit) linkPage() error {
	return v.showSignIn(http.StatusOK, SignInView{Link: true, Token: reading.Visible(v.At.Get("token"), 200)})
}

// useLink spends the link and begins the new person's session.
func (v *Visit) useLink() error {
	if err := v.R.ParseForm(); err != nil {
		return problem{http.StatusBadRequest, "error.form", err}
	}
	form := v.R.PostForm
	view := SignInView{Link: true, Token: reading.Visible(form.Get("token"), 200), Name: reading.Visible(form.Get("name"), 100)}
	if form.Get("password") != form.Get("again") {
		view.Error = v.T("signin.differ")
		return v.showSignIn(http.StatusBadRequest, view)
	}
	person, err := v.site.Auth.UseLink(form.Get("token"), form.Get("name"), form.Get("password"))
	if err != nil {
		key := linkRefusal(err)
		if key == "" {
			return err
		}
		view.Error = v.T(key)
		return v.showSignIn(http.StatusForbidden, view)
	}
	session, err := v.site.Auth.StartSession(person)
	if err != nil {
		return err
	}
	return v.admit(person, session, "account.made", "/")
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
func (v *Visit) signOut() error {
	if c, err := v.R.Cookie(SessionCookie); err == nil {
		v.site.Auth.SignOut(c.Value)
	}
	setSession(v.W, v.R, "")
	if err := v.Ops.Noted(v.R.Context(), v.Person.Name, "sign_out", "", peer(v.R)); err != nil {
		return err
	}
	return v.Redirect("/signin")
}

// peer is the address a request came from, without its port.
func peer(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// CasePath is the page of a case.
func CasePath(id string) string { return "/case/" + url.PathEscape(id) }
