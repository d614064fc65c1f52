package web

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	webtest "github.com/konseki/konseki/test/web"
)

// brokenFacets fails in one part of a page.
type brokenFacets struct{ casework.Operations }

func (brokenFacets) Facets(context.Context, string, control.Search) ([]control.Facet, error) {
	return nil, webtest.ErrSample
}

// exampleOf turns a route's pattern into a request.
func exampleOf(pattern string) (method, path string) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "GET", pattern+"anything"
	}
	return method, strings.NewReplacer("{$}", "", "{id}", "2018-001", "{seq}", "12", "{name}", "app.js").Replace(path)
}

// TestNothingIsServedWithoutASession asks for every route as nobody.
func TestNothingIsServedWithoutASession(t *testing.T) {
	s := newSite(t)
	s.session = ""
	routes := slices.Concat(site.OwnRoutes(), routes())
	if len(routes) < 20 {
		t.Fatalf("only %d routes", len(routes))
	}
	for _, rt := range routes {
		method, path := exampleOf(rt.Pattern)
		for _, session := range []string{"", "kt_made_up"} {
			s.session = session
			res := s.do(method, path, nil)
			text := body(t, res)
			if rt.Access == site.Public && !strings.HasPrefix(path, "/static/") {
				if strings.Contains(text, "nav.main") || strings.Contains(text, "2018-001") {
					t.Errorf("%s tells of the inside", rt.Pattern)
				}
				continue
			}
			if res.StatusCode != http.StatusFound || !strings.HasPrefix(res.Header.Get("Location"), "/signin") {
				t.Errorf("%s = %d %s", rt.Pattern, res.StatusCode, res.Header.Get("Location"))
			}
			if len(text) > 200 {
				t.Errorf("%s sends %d bytes", rt.Pattern, len(text))
			}
			if res := s.do(method, path+"?fragment=drawer", nil); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s fragment = %d", rt.Pattern, res.StatusCode)
			}
		}
	}
	s.session = ""
	for path, want := range map[string]int{"/signin": 200, "/static/style.css": 200, "/static/seal.svg": 200, "/static/app.js": 302, "/static/none": 302} {
		if res := s.do("GET", path, nil); res.StatusCode != want {
			t.Errorf("%s = %d, want %d", path, res.StatusCode, want)
		}
	}
}

func TestEveryResponseCarriesThePolicy(t *testing.T) {
	s := newSite(t)
	check := func(what string, res *http.Response) {
		t.Helper()
		for key, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"} {
			if got := res.Header.Get(key); got != want {
				t.Errorf("%s: %s is %q", what, key, got)
			}
		}
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "base-uri 'none'") || strings.Contains(policy, "unsafe-eval") {
			t.Errorf("%s: policy %q", what, policy)
		}
		if sandboxed := strings.HasPrefix(policy, "sandbox"); !sandboxed && (strings.Contains(policy, "unsafe") || !strings.Contains(policy, "require-trusted-types-for 'script'") || !strings.Contains(policy, "frame-ancestors 'none'")) {
			t.Errorf("%s: policy %q", what, policy)
		}
		if cache := res.Header.Get("Cache-Control"); cache != "no-store" && !(strings.HasPrefix(what, "GET /static/") && cache == "no-cache") {
			t.Errorf("%s: cache %q", what, cache)
		}
	}
	for _, rt := range slices.Concat(site.OwnRoutes(), routes()) {
		method, path := exampleOf(rt.Pattern)
		check(method+" "+path, s.do(method, path, url.Values{}))
	}
	for _, path := range everyPage() {
		check("GET "+path, s.do("GET", path, nil))
	}
	check("foreign host", s.do("GET", "/explore", nil, func(r *http.Request) { r.Host = "evil.example" }))
}

func TestForeignHostsAndSitesAreRefused(t *testing.T) {
	s := newSite(t)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8420": 200, "127.0.0.1:8420": 200, "[::1]:8420": 200, "konseki.example": 200, "KONSEKI.example:443": 200,
		"evil.example": 421, "192.0.2.7": 421, "localhost.evil.example": 421, "": 421, "127.0.0.1.evil.example": 421,
	} {
		if res := s.do("GET", "/cases", nil, func(r *http.Request) { r.Host = host }); res.StatusCode != want {
			t.Errorf("host %q = %d, want %d", host, res.StatusCode, want)
		}
	}
	form := url.Values{"id": {"x"}, "title": {"x"}}
	res := s.do("POST", "/cases", form, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a cross-site post = %d", res.StatusCode)
	}
	res = s.do("POST", "/cases", form, func(r *http.Request) {
		r.Header.Del("Sec-Fetch-Site")
		r.Header.Set("Origin", "https://evil.example")
	})
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a post of another origin = %d", res.StatusCode)
	}
	if _, err := s.ops.Case(t.Context(), "x"); err == nil {
		t.Error("the refused post was carried out")
	}
}

func TestViewersCannotWrite(t *testing.T) {
	s := newSite(t)
	s.session = s.person("guest", auth.RoleViewer)
	for _, rt := range slices.Concat(site.OwnRoutes(), routes()) {
		if rt.Access != site.Writers {
			continue
		}
		method, path := exampleOf(rt.Pattern)
		if res := s.do(method, path, url.Values{"title": {"x"}, "text": {"x"}, "at": {"2018-03-01"}}); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s = %d for a viewer", rt.Pattern, res.StatusCode)
		}
	}
	lacks(t, s.get("/case/2018-001", 200), "/row\"", "<textarea")
	lacks(t, s.get("/explore?record=12", 200), `data-key="s"`)
}

func TestSignInByLinkThenByPassword(t *testing.T) {
	s := newSite(t)
	s.session, s.lang = "", "en"
	token, err := s.auth.Invite(auth.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, s.get("/signin/link?token="+token, 200), `value="`+token+`"`, "choose your name")
	form := url.Values{"token": {token}, "name": {"m.ito"}, "password": {"a long enough one"}, "again": {"another"}}
	_, text := s.post("/signin/link", form, http.StatusBadRequest)
	contains(t, text, "differ", token)
	form.Set("password", "short")
	form.Set("again", "short")
	_, text = s.post("/signin/link", form, http.StatusForbidden)
	contains(t, text, "at least 12")
	form.Set("password", "a long enough one")
	form.Set("again", "a long enough one")
	res := s.do("POST", "/signin/link", form)
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 {
		t.Fatalf("%d %v", res.StatusCode, res.Cookies())
	}
	c := res.Cookies()[0]
	if c.Name != site.SessionCookie || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" {
		t.Errorf("cookie %+v", c)
	}
	_, text = s.post("/signin/link", form, http.StatusForbidden)
	contains(t, text, "was used")

	_, text = s.post("/signin", url.Values{"name": {"m.ito"}, "password": {"wrong"}}, http.StatusForbidden)
	contains(t, text, "Name or password is wrong")
	to, _ := s.post("/signin", url.Values{"name": {"m.ito"}, "password": {"a long enough one"}, "to": {"/findings?level=high"}}, http.StatusSeeOther)
	if to != "/findings?level=high" {
		t.Errorf("leads to %q", to)
	}
	s.session = c.Value
	s.get("/cases", 200)
	s.post("/signout", url.Values{}, http.StatusSeeOther)
	if res := s.do("GET", "/cases", nil); res.StatusCode != http.StatusFound {
		t.Errorf("a session that was left = %d", res.StatusCode)
	}
}

func TestTooManyAttemptsAreHeldBack(t *testing.T) {
	s := newSite(t)
	s.session, s.lang = "", "en"
	for range 30 {
		res := s.do("POST", "/signin", url.Values{"name": {"k.sato"}, "password": {"wrong"}})
		if res.StatusCode == http.StatusTooManyRequests {
			contains(t, body(t, res), "Too many attempts")
			return
		}
	}
	t.Error("thirty wrong passwords are answered")
}

// hostile is what a log may hold to get at the reader.
func hostile() []string {
	return []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, `' hx-post="/cases" hx-trigger=load x='`, "</textarea></pre></title><svg onload=alert(1)>",
		"javascript:alert(1)", "\x1b[31mred\x1b]0;title\x07", "admin\u202egpj.exe", "zero\u200bwidth\u2066iso\u2069", "{{.Page.Person}}", "a\x00b\r\nSet-Cookie: x=1", "\xff\xfe bad utf-8",
		"data:text/html,<script>1</script>", "?fragment=drawer&record=1#x", strings.Repeat("長い", 200),
	}
}

// TestHostileContentIsShownAsText puts hostile text in every field that a log,
// a person or a URL can fill.
func TestHostileContentIsShownAsText(t *testing.T) {
	for i, bad := range hostile() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			ops := webtest.New()
			s := newSiteWith(t, ops, func(o casework.Operations) casework.Operations { return poisoned{o, bad} })
			seq := ops.AddRaw(event.Event{Time: ops.Now.Add(-24 * time.Hour), Source: bad, Host: bad, ActorUser: bad, SrcIP: bad, Message: bad, Object: bad, CmdLine: bad, Format: bad,
				Statement: bad, ClientApp: bad, SessionUID: bad, Fields: []event.Field{{Name: bad, Value: bad}}, Quality: event.Quality{Original: bad}}, bad+strings.Repeat("x", 100)+bad)
			q := url.QueryEscape(bad)
			for _, path := range []string{
				"/explore", fmt.Sprintf("/explore?record=%d", seq), "/explore?q=" + q, "/explore?pivot=" + url.QueryEscape("user:"+bad), "/explore?after=" + q, "/explore?gap=" + q,
				"/explore?from=" + q, "/explore?record=" + q, "/cases", "/case/2018-001", "/case/" + url.PathEscape(bad), "/findings?q=" + q, "/findings", "/findings?span=all&level=informational&open=" + poisonedID, "/findings?span=all&level=informational&mute=" + poisonedID, "/findings?mute=" + q + "&open=" + q + "&page=" + q + "&budget=" + q, "/findings?level=" + q, "/coverage", "/verify", "/verify?record=" + q,
				"/case/2018-001/report", "/signin?to=" + q, "/signin/link?token=" + q, "/static/" + url.PathEscape(bad), "/explore?lang=" + q + "&tz=" + q,
				fmt.Sprintf("/explore?fragment=drawer&record=%d&q=%s", seq, q),
			} {
				text := body(t, s.do("GET", path, nil))
				// The query field holds what was asked, to the letter: another
				// text would be another question.
				text = strings.ReplaceAll(text, `value="`+html.EscapeString(bad)+`"`, "")
				lacks(t, text, "<script>alert", "<img src=x", "<svg onload", " hx-post=\"/cases\"", `href="javascript:`, `href="data:`, "\x1b", "\u202e", "\u200b", "\u2066", "\x00", "\x07", "ZgotmplZ=")
			}
		})
	}
}

// poisoned puts hostile text into everything that control tells.
type poisoned struct {
	casework.Operations
	bad string
}

func (p poisoned) phrase() event.Phrase { return event.Phrase{JA: p.bad, EN: p.bad} }

func (p poisoned) Findings(ctx context.Context, by string, q control.Search) ([]control.Finding, error) {
	list, err := p.Operations.Findings(ctx, by, q)
	return p.findings(list), err
}

func (p poisoned) CaseFindings(ctx context.Context, by, caseID string) ([]control.Finding, error) {
	list, err := p.Operations.CaseFindings(ctx, by, caseID)
	return p.findings(list), err
}

func (p poisoned) findings(list []control.Finding) []control.Finding {
	for i := range list {
		f := &list[i]
		f.Title, f.Why, f.User, f.Host, f.Address, f.Object, f.Source, f.RuleID, f.Level, f.Kind = p.phrase(), p.phrase(), p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad
		f.Because = []control.Reason{{Field: p.bad, Value: p.bad, Pattern: p.bad}}
		f.Tags = []string{p.bad}
	}
	return list
}

// poisonedID is the ID of the first poisoned story.
const poisonedID = "0123456789abcdef"

func (p poisoned) Stories(ctx context.Context, by string, q control.StoryQuery) (*control.Stories, error) {
	list, err := p.Operations.Stories(ctx, by, q)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.bad, err)
	}
	for i := range list.Stories {
		t := &list.Stories[i]
		t.ID, t.Level, t.Title, t.TitleJA, t.Why, t.WhyJA = p.bad, p.bad, p.bad, p.bad, p.bad, p.bad
		if i == 0 {
			t.ID = poisonedID
		}
		bad := []string{p.bad, p.bad + "2"}
		t.Accounts, t.Addresses, t.Hosts, t.Sources, t.Techniques, t.Tactics = bad, bad, bad, bad, bad, bad
		for j := range t.Findings {
			f := &t.Findings[j]
			f.ID, f.RuleID, f.Title, f.TitleJA, f.Level, f.Kind, f.Source, f.Host, f.ActorUser, f.SrcIP, f.Object, f.Why, f.WhyJA, f.Tags = p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, bad
		}
	}
	return list, nil
}

func (p poisoned) Mutes(context.Context) ([]control.Mute, error) {
	var m control.Mute
	m.ID, m.Owner, m.Reason, m.Rule, m.Account, m.Address, m.Host, m.Source, m.By = p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad, p.bad
	ended := m
	ended.Ended = &control.Release{By: p.bad, Reason: p.bad}
	m.Until = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	return []control.Mute{m, ended}, nil
}

func (p poisoned) Coverage(ctx context.Context, by string, from, to time.Time) ([]control.SourceCoverage, error) {
	rows, err := p.Operations.Coverage(ctx, by, from, to)
	for i := range rows {
		rows[i].Source, rows[i].Name = p.bad, p.phrase()
		for j := range rows[i].Intervals {
			iv := &rows[i].Intervals[j]
			iv.Reason, iv.Proof = p.phrase(), p.bad
			iv.Losses, _ = p.Losses(ctx, by, p.bad, from, to)
			if iv.State != "complete" {
				setState(&iv.State, p.bad)
			}
		}
	}
	return rows, err
}

func (p poisoned) Losses(context.Context, string, string, time.Time, time.Time) ([]control.Loss, error) {
	return []control.Loss{{Source: p.bad, Host: p.bad, Path: p.bad, Door: p.bad, Kind: event.LossKind(p.bad), Reason: p.bad, Records: 1}}, nil
}

func (p poisoned) Histogram(ctx context.Context, by string, q control.Search, n int) (*control.Histogram, error) {
	h, err := p.Operations.Histogram(ctx, by, q, n)
	if err != nil {
		return nil, err
	}
	h.Coverage, err = p.Coverage(ctx, by, h.From, h.To)
	for i := range h.Marks {
		h.Marks[i].Label, h.Marks[i].Level = p.phrase(), p.bad
	}
	return h, err
}

func (p poisoned) Facets(context.Context, string, control.Search) ([]control.Facet, error) {
	return []control.Facet{{Column: p.bad, Label: p.phrase(), Values: []control.FacetValue{{Value: p.bad, Label: p.phrase(), Count: 1}, {Value: p.bad, Count: 1}}}}, nil
}

func (p poisoned) Sources(context.Context) ([]control.Source, error) {
	return []control.Source{{ID: p.bad, Name: p.phrase(), Owner: p.bad, Zone: p.bad, Kind: p.bad, Ack: p.bad, Expected: true}}, nil
}

func (p poisoned) Status(ctx context.Context) (control.Status, error) {
	st, err := p.Operations.Status(ctx)
	st.Checkpoint, st.PublicKey, st.Zone = p.bad, p.bad, p.bad
	return st, err
}

func (p poisoned) Case(ctx context.Context, id string) (*control.Case, error) {
	c, err := p.Operations.Case(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.bad, err)
	}
	bad := *c
	bad.Title, bad.OpenedBy, bad.Status = p.phrase(), p.bad, p.bad
	bad.Timeline = []control.Row{{Text: p.phrase(), Source: p.bad, What: p.bad, Precision: p.bad, Head: investigate.Head{By: p.bad}, Cites: []uint64{3}}}
	bad.Statements = []control.Statement{{Text: p.phrase(), Reason: p.phrase(), Head: investigate.Head{By: p.bad}}}
	setState(&bad.Statements[0].Certainty, p.bad)
	bad.Questions = []control.Question{{Board: "who", Text: p.phrase(), Conclusion: p.phrase(), Query: p.bad, Head: investigate.Head{By: p.bad}}, {Text: p.phrase(), Query: p.bad, Conclusion: p.phrase()}}
	return &bad, nil
}

func (p poisoned) Cases(ctx context.Context) ([]*control.Case, error) {
	c, err := p.Case(ctx, "2018-001")
	if err != nil {
		return nil, err
	}
	c.Status = "open"
	other := *c
	other.ID = p.bad
	return []*control.Case{c, &other}, nil
}

func TestALongRecordIsCutAndOffered(t *testing.T) {
	s := newSite(t)
	seq := s.ops.AddRaw(event.Event{Time: s.ops.Now, Message: strings.Repeat("m", 1<<20)}, strings.Repeat("r", 1<<20))
	text := s.get(fmt.Sprintf("/explore?record=%d", seq), 200)
	if len(text) > 1<<20 {
		t.Errorf("the page has %d bytes", len(text))
	}
	contains(t, text, "長いため先頭だけ", "1.0 MiB", fmt.Sprintf("/record/%d/raw", seq))
	res := s.do("GET", fmt.Sprintf("/record/%d/raw", seq), nil)
	if n := len(body(t, res)); n != 1<<20 {
		t.Errorf("%d bytes handed out", n)
	}
}

// setState sets a field whose type belongs to a room below.
func setState[T ~string](field *T, word string) { *field = T(word) }
