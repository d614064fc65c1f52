package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/web/site"
	webtest "github.com/konseki/konseki/test/web"
)

// browser is the handler with a person signed in.
type browser struct {
	t       testing.TB
	handler http.Handler
	auth    *auth.Auth
	ops     *webtest.Ops
	session string
	lang    string
}

func newSite(t testing.TB) *browser { return newSiteWith(t, webtest.New(), nil) }

// newSiteWith serves ops, behind wrap when it is given.
func newSiteWith(t testing.TB, ops *webtest.Ops, wrap func(casework.Operations) casework.Operations) *browser {
	t.Helper()
	a, err := auth.Open(filepath.Join(t.TempDir(), "auth"), auth.Options{Cost: auth.Cost{Time: 1, Memory: 8 * 1024, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	var served casework.Operations = ops
	if wrap != nil {
		served = wrap(ops)
	}
	h, err := New(site.Options{Logger: slog.New(slog.DiscardHandler), Auth: a, Ops: served, Version: "test", Now: func() time.Time { return ops.Now }, Hosts: []string{"konseki.example"}})
	if err != nil {
		t.Fatal(err)
	}
	s := &browser{t: t, handler: h, auth: a, ops: ops}
	s.session = s.person("k.sato", auth.RoleAdmin)
	return s
}

// person makes somebody and signs them in.
func (s *browser) person(name, role string) (session string) {
	s.t.Helper()
	token, err := s.auth.Invite(role)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := s.auth.UseLink(token, name, "correct horse battery")
	if err != nil {
		s.t.Fatal(err)
	}
	session, err = s.auth.StartSession(p)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

// do sends a request as the browser of the signed-in person would.
func (s *browser) do(method, path string, form url.Values, change ...func(*http.Request)) *http.Response {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if s.session != "" {
		r.AddCookie(&http.Cookie{Name: site.SessionCookie, Value: s.session})
	}
	if s.lang != "" {
		r.AddCookie(&http.Cookie{Name: site.LangCookie, Value: s.lang})
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Result()
}

// get asks for a page and returns its text.
func (s *browser) get(path string, want int) string {
	s.t.Helper()
	res := s.do("GET", path, nil)
	text := body(s.t, res)
	if res.StatusCode != want {
		s.t.Fatalf("GET %s = %d, want %d\n%.600s", path, res.StatusCode, want, text)
	}
	return text
}

// post sends a form and returns where it leads.
func (s *browser) post(path string, form url.Values, want int) (location, text string) {
	s.t.Helper()
	res := s.do("POST", path, form)
	text = body(s.t, res)
	if res.StatusCode != want {
		_, alert, _ := strings.Cut(text, `role="alert">`)
		s.t.Fatalf("POST %s = %d, want %d\n%.300s\n%.900s", path, res.StatusCode, want, alert, text)
	}
	return res.Header.Get("Location"), text
}

func body(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func contains(t testing.TB, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func lacks(t testing.TB, text string, unwanted ...string) {
	t.Helper()
	for _, bad := range unwanted {
		if strings.Contains(text, bad) {
			i := strings.Index(text, bad)
			t.Errorf("the page holds %q: …%s…", bad, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}
