package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	webtest "github.com/konseki/konseki/test/web"
)

// everyPage lists an address of every page and part.
func everyPage() []string {
	return []string{
		"/explore", "/explore?q=src_ip:203.0.113.77", "/explore?q=nothing+like+this", "/explore?record=12", "/explore?after=100",
		"/explore?pivot=ip:203.0.113.77", "/explore?record=12&pivot=ip:203.0.113.77&pivot=user:A&pivot=host:fgt-01",
		"/explore?gap=vpn@2018-01-02T00:00:00Z", "/explore?fragment=drawer&record=5", "/explore?fragment=body&q=user:A",
		"/explore?from=2018-03-01+00:00&to=2018-03-02&tz=UTC",
		"/cases", "/case/2018-001", "/case/2018-001?record=12", "/case/2018-001?fragment=drawer&pivot=user:B", "/case/2018-001/report",
		"/findings", "/findings?level=high", "/findings?record=7", "/findings?view=all", "/findings?q=user:A", "/findings?span=all&budget=all&mute=new", "/findings?fragment=drawer&pivot=user:A", "/coverage", "/coverage?gap=firewall@2018-01-05T00:00:00Z", "/coverage?from=2018-02-01&to=2018-03-01",
		"/verify", "/verify?record=12", "/verify?record=12&fragment=proof", "/verify?fragment=job",
	}
}

func TestEveryPageRendersInBothLanguages(t *testing.T) {
	s := newSite(t)
	for _, lang := range []string{"ja", "en"} {
		s.lang = lang
		for _, path := range everyPage() {
			text := s.get(path, http.StatusOK)
			lacks(t, text, "%!", "ZgotmplZ", "<no value>", `="#ZgotmplZ"`, " style=")
			if lang == "en" && !strings.Contains(path, "fragment") {
				contains(t, text, `<html lang="en">`, "Explore")
			}
		}
	}
}

func TestExploreShowsWhatIsKnownAndWhatIsNot(t *testing.T) {
	s := newSite(t)
	text := s.get("/explore?q=src_ip:203.0.113.77", http.StatusOK)
	contains(t, text, "15 件", "4,182,906", "痕跡あり", "網羅 一部：7 源に欠落", "保存期間超過", "攻撃により消去", "提供されず（委託先）",
		"2018-</span>03-03 20:17:11", `<mark>203.0.113.77</mark>`, "封印 2 秒前", `data-key="0"`, `fill="url(#gone)"`, "gap=vpn%40")
	if n := strings.Count(text, "data-row"); n != 15 {
		t.Errorf("%d rows, want 15", n)
	}
}

func TestNoResultIsEverJustEmpty(t *testing.T) {
	s := newSite(t)
	s.lang = "en"
	text := s.get("/explore?q=user:nobody", http.StatusOK)
	contains(t, text, "No record matches", "unknown", "positive control", "vpn cannot tell", "What to do next", "wiped by the intruder", "Of 9 sources that could answer, 7 are not complete")
}

func TestSyntaxErrorsArePointedAt(t *testing.T) {
	s := newSite(t)
	s.lang = "en"
	text := s.get("/explore?q="+url.QueryEscape("失敗 AND (user:A"), http.StatusBadRequest)
	contains(t, text, `失敗 AND <mark class="here">(</mark>user:A`, "this parenthesis is never closed", "or quote the word", "column 8<", `value="失敗 AND (user:A"`)
}

func TestBadWindowsGetASentence(t *testing.T) {
	s := newSite(t)
	s.lang = "en"
	contains(t, s.get("/explore?from=yesterday", http.StatusBadRequest), "2018-03-01 11:40", "yesterday")
	contains(t, s.get("/explore?from=2018-03-02&to=2018-03-01", http.StatusBadRequest), "ends before it begins")
	contains(t, s.get("/explore?from=２０１８/０３/０１&to=2018-03-02", http.StatusOK), "2018-03-01 00:00:00")
	contains(t, s.get("/explore?fragment=drawer&record=0", http.StatusNotFound), "Numbers begin at 1")
	contains(t, s.get("/explore?fragment=drawer&record=999999", http.StatusNotFound), "Not found")
	contains(t, s.get("/explore?pivot=shoe:42", http.StatusBadRequest), "Choose a value")
}

func TestThePivotStackLeadsBack(t *testing.T) {
	s := newSite(t)
	text := s.get("/explore?record=12&pivot=ip:203.0.113.77&pivot=user:A", http.StatusOK)
	contains(t, text, `data-key="Backspace"`, "record=12&amp;pivot=ip%3A203.0.113.77\"", "ともに現れるアドレス")
	contains(t, s.get("/explore?pivot=ip:203.0.113.77", http.StatusOK), "社外", "検知 4 件", "6 アカウント", "停止したアカウントの活動", "pivot=ip%3A203.0.113.77&amp;pivot=user%3AA")
}

func TestAValueNarrowsTheQuery(t *testing.T) {
	s := newSite(t)
	for path, want := range map[string]string{
		"/explore?q=a&and=source:vpn":                        "/explore?q=a+AND+source%3Avpn",
		"/explore?q=a+OR+b&not=user:x&fragment=body&after=9": "/explore?fragment=body&q=%28a+OR+b%29+AND+NOT+user%3Ax",
		"/explore?and=" + url.QueryEscape(`host:"//evil x"`): "/explore?q=host%3A%22%2F%2Fevil+x%22",
	} {
		if res := s.do("GET", path, nil); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != want {
			t.Errorf("%s leads to %s", path, res.Header.Get("Location"))
		}
	}
}

func TestZonesAndLanguagesStay(t *testing.T) {
	s := newSite(t)
	res := s.do("GET", "/explore?q=src_ip:203.0.113.77&tz=UTC&lang=en", nil)
	text := body(t, res)
	contains(t, text, "Time (UTC)", "03-03 11:17:11")
	kept := map[string]string{}
	for _, c := range res.Cookies() {
		kept[c.Name] = c.Value
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
			t.Errorf("cookie %s is not guarded", c.Name)
		}
	}
	if kept[site.LangCookie] != "en" || kept[site.ZoneCookie] != "UTC" {
		t.Errorf("kept %v", kept)
	}
	s.lang = ""
	res = s.do("GET", "/cases", nil, func(r *http.Request) { r.Header.Set("Accept-Language", "fr, en-GB;q=0.8, ja;q=0.5") })
	contains(t, body(t, res), `<html lang="en">`)
}

func TestTheCasePageTellsTheWholeCase(t *testing.T) {
	s := newSite(t)
	text := s.get("/case/2018-001", http.StatusOK)
	contains(t, text, "どこから入ったか", "まだ居るか", "何が出たか", "痕跡なし・網羅", "不明", "11:40</time> 頃", "停止後も B のセッションが継続", "[1]", "停止したアカウントの活動", "答えられる 3 源のうち")
	s.get("/case/none", http.StatusNotFound)
}

func TestFormsWriteToTheCase(t *testing.T) {
	s := newSite(t)
	to, _ := s.post("/case/2018-001/put/row", url.Values{"at": {"2018-03-03 20:00"}, "text.ja": {"連絡 <b>"}, "kind": {"action"}, "precision": {"about"}, "cites": {"12、#13, 1,014"}}, http.StatusSeeOther)
	if to != "/case/2018-001/timeline?done=row" {
		t.Errorf("leads to %q", to)
	}
	c, err := s.ops.Case(t.Context(), "2018-001")
	if err != nil {
		t.Fatal(err)
	}
	var found *control.Row
	for i := range c.Timeline {
		if c.Timeline[i].Text.JA == "連絡 <b>" {
			found = &c.Timeline[i]
		}
	}
	if found == nil || !found.At.Equal(time.Date(2018, 3, 3, 11, 0, 0, 0, time.UTC)) || found.Precision != "about" || found.By != "k.sato" || len(found.Cites) != 3 || found.Cites[2] != 1014 {
		t.Fatalf("recorded %+v", found)
	}
	contains(t, s.get(to, http.StatusOK), "経緯に加えました", "連絡 &lt;b&gt;")
	s.post("/case/2018-001/put/statement", url.Values{"text.ja": {"確かな文"}, "certainty": {"confirmed"}, "cites": {"12"}}, http.StatusSeeOther)
	s.post("/case/2018-001/put/question", url.Values{"board": {"who"}, "conclusion.ja": {"不明"}}, http.StatusSeeOther)
	to, _ = s.post("/cases", url.Values{"id": {"2018-002"}, "title": {"別件"}}, http.StatusSeeOther)
	if to != "/case/2018-002?done=case" {
		t.Errorf("leads to %q", to)
	}
}

func TestWrongFormsKeepWhatWasWritten(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		path string
		form url.Values
		want string
	}{
		{"/case/2018-001/put/row", url.Values{"at": {"someday"}, "text.ja": {"kept text"}}, "時刻を読めません"},
		{"/case/2018-001/put/row", url.Values{"at": {"2018-03-01"}, "text.ja": {"kept text"}, "cites": {"twelve"}}, "原記録の番号は"},
		{"/case/2018-001/put/row", url.Values{"at": {"kept text"}, "text.ja": {" "}}, "内容を書いてください"},
		{"/case/2018-001/put/statement", url.Values{"text.ja": {"kept text"}, "certainty": {"surely"}}, "&#34;surely&#34; という確度はありません"},
		{"/cases", url.Values{"id": {"2018-001"}, "title": {"kept text"}}, "choose another number"},
		{"/cases", url.Values{"id": {"kept text"}, "title": {""}}, "題を書いてください"},
	} {
		_, text := s.post(c.path, c.form, http.StatusBadRequest)
		contains(t, text, c.want, "kept text")
	}
}

func TestReportsAreServedInASandbox(t *testing.T) {
	s := newSite(t)
	res := s.do("GET", "/case/2018-001/report?format=html&lang=en", nil)
	if p := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "sandbox; default-src 'none'; style-src 'unsafe-inline'") {
		t.Errorf("policy %q", p)
	}
	contains(t, body(t, res), "Stolen VPN")
	res = s.do("GET", "/case/2018-001/report?format=md&lang=ja&download=1", nil)
	if d := res.Header.Get("Content-Disposition"); !strings.Contains(d, "2018-001-final-ja.md") {
		t.Errorf("disposition %q", d)
	}
	contains(t, s.get("/case/2018-001/report", http.StatusOK), `sandbox title=`, "format=html&amp;kind=final&amp;lang=ja", "download=1")
	s.get("/case/2018-001/report?format=exe", http.StatusBadRequest)
	res = s.do("GET", "/case/2018-001/bundle", nil)
	if res.Header.Get("Content-Type") != "application/zip" || res.ContentLength != 22 {
		t.Errorf("bundle %v %d", res.Header, res.ContentLength)
	}
	s.get("/case/none/bundle", http.StatusNotFound)
	res = s.do("GET", "/record/12/raw", nil)
	if res.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("raw record %v", res.Header)
	}
}

func TestVerificationNamesTheDamage(t *testing.T) {
	s := newSite(t)
	s.session = s.person("mallory", auth.RoleAnalyst)
	contains(t, s.get("/verify", http.StatusOK), "まだ検証していません")
	if to, _ := s.post("/verify", url.Values{}, http.StatusSeeOther); to != "/verify" {
		t.Errorf("leads to %q", to)
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		text := s.get("/verify?fragment=job", http.StatusOK)
		if !strings.Contains(text, "data-poll") {
			contains(t, text, "壊れた箇所があります", "000007.parquet #1482", "changed", "mallory")
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the verification never ends")
		}
	}
}

func TestOneFailingPartLeavesTheRest(t *testing.T) {
	s := newSiteWith(t, webtest.New(), func(o casework.Operations) casework.Operations { return brokenFacets{o} })
	contains(t, s.get("/explore?q=src_ip:203.0.113.77", http.StatusOK), "一部を表示できません", "being rebuilt", "15 件", "SSL-VPN トンネル確立")
}

func TestCoverageShowsTheHostsOfASourceWhenAsked(t *testing.T) {
	s := newSite(t)
	if page := s.get("/coverage", http.StatusOK); strings.Contains(page, "server-1") {
		t.Error("hosts are shown although nobody asked")
	}
	contains(t, s.get("/coverage?hosts=server", http.StatusOK), "server-1", "機器ごとの表示を閉じる")
}

func TestCoverageShowsWhatWasLostAndOfWhom(t *testing.T) {
	s := newSite(t)
	contains(t, s.get("/coverage", http.StatusOK), "取りこぼし 1,234", "取りこぼし 1234 件（OS が UDP を破棄）", "syslog/udp 192.0.2.8",
		"ログ源が分からない損失", "拒否 42 件（トークンがない、または無効）", "http 203.0.113.7")
	contains(t, s.get("/coverage?lang=en", http.StatusOK), "dropped 1,234", "1234 dropped (the operating system dropped UDP)", "Losses of no known source", "42 rejected (no token, or not a valid one)")
	contains(t, s.get("/coverage?gap=web@2018-02-21T00:00:00Z", http.StatusOK), "取りこぼし 1234 件")
}

func TestFailuresAreToldAsPages(t *testing.T) {
	s := newSite(t)
	s.ops.Fail = webtest.ErrSample
	for _, path := range []string{"/explore", "/cases", "/coverage", "/findings", "/case/2018-001", "/"} {
		contains(t, s.get(path, http.StatusInternalServerError), "記録は失われていません", "being rebuilt", "role=\"alert\"")
	}
	contains(t, s.get("/explore?fragment=drawer&record=1", http.StatusInternalServerError), "being rebuilt")
	s.ops.Fail = nil
	s.get("/nothing/here", http.StatusNotFound)
}

func TestHomeLeadsToTheNewestOpenCase(t *testing.T) {
	s := newSite(t)
	res := s.do("GET", "/", nil)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/case/2018-001" {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Location"))
	}
}
