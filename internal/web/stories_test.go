package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/story"
	webtest "github.com/konseki/konseki/test/web"
)

// strangers are findings about n accounts that have nothing in common, each a
// story, the last one half an hour before the end of the sample's data.
func strangers(o *webtest.Ops, n, each int) []story.Item {
	var list []story.Item
	for i := range n {
		for j := range each {
			at := o.Now.Add(-10*time.Hour - time.Duration(i)*13*time.Minute - time.Duration(j)*time.Second)
			list = append(list, story.Item{Record: 12, Finding: finding.Finding{
				ID: fmt.Sprintf("%016x%048x", i+1, j), RuleID: fmt.Sprintf("sample-%d-%d", i, j%5), Title: fmt.Sprintf("Sample %d", i), TitleJA: fmt.Sprintf("例 %d", i),
				Level: []string{"medium", "high", "low"}[i%3], Kind: "sigma", Time: at, Until: at, Records: []uint64{12}, Source: "chat",
				ActorUser: fmt.Sprintf("account-%d", i), Tags: []string{"attack.t1078.004", "attack.initial-access"},
				Why: "Because of the sample.", WhyJA: "例だから。",
			}})
		}
	}
	return list
}

// topID is the ID of the sample's gravest story.
func topID(t testing.TB, o *webtest.Ops) string {
	t.Helper()
	list, err := o.Stories(t.Context(), "", control.StoryQuery{Level: "critical", Zone: time.UTC})
	if err != nil || len(list.Stories) != 1 {
		t.Fatal(list, err)
	}
	return list.Stories[0].ID
}

func TestFindingsOpenOnStories(t *testing.T) {
	s := newSite(t)
	text := s.get("/findings", http.StatusOK)
	contains(t, text, "ストーリー 1 件", "停止したアカウントの活動", "2018/03/02（金）", "2018-03-02 21:14 – 03-03 20:17", "検知 3 件", "T1133", "ほかに", "pivot=user%3AA", "pivot=ip%3A203.0.113.77", "pivot=host%3Afgt-01",
		"ルール 3127", "2018-02-03 00:00 → 2018-03-05 00:00", `<path class="within"`, "全期間", "すべての検知", "効いているミュートはありません")
	lacks(t, text, "data-story=\"f0\" open", "2018-01-31", "予算超過", "ミュートした検知", "watch.")
	contains(t, s.get("/findings?span=all", http.StatusOK), "ストーリー 2 件", "一つの接続元が 6 アカウントを使う", "直近 30 日")
	s.lang = "en"
	contains(t, s.get("/findings?tz=UTC", http.StatusOK), "Stories: 1", "Activity of a suspended account", "Fri 2 Mar 2018", "2018-03-02 12:14 – 03-03 11:17", "Findings: 3")
}

func TestTheURLHoldsWhichStoryIsOpen(t *testing.T) {
	s := newSite(t)
	id := topID(t, s.ops)
	contains(t, s.get("/findings?open="+id, http.StatusOK), fmt.Sprintf(`data-story="%s" open`, id))
	s.ops.AddFindings(strangers(s.ops, 200, 1)...)
	contains(t, s.get("/findings?budget=all&open=00000000000000b3", http.StatusOK), `data-story="00000000000000b3" open`, `id="s-00000000000000b3"`)
}

func TestLongStoriesAreFoldedUntilTheyAreOpened(t *testing.T) {
	s := newSite(t)
	s.ops.AddFindings(strangers(s.ops, 1, 60)...)
	id := fmt.Sprintf("%016x", 1)
	closed, open := s.get("/findings", http.StatusOK), s.get("/findings?open="+id, http.StatusOK)
	contains(t, closed, "検知 60 件をすべて見る")
	lacks(t, open, "検知 60 件をすべて見る")
	if a, b := strings.Count(closed, `class="rowlink"`), strings.Count(open, `class="rowlink"`); b-a != 50 {
		t.Errorf("%d rows closed, %d open", a, b)
	}
}

func TestStoriesArePagedAndBudgeted(t *testing.T) {
	s := newSite(t)
	s.ops.AddFindings(strangers(s.ops, 300, 1)...)
	s.ops.Watched = control.Watched{Observed: 120_000, Late: 3, Evicted: 41}
	text := s.get("/findings", http.StatusOK)
	contains(t, text, "一日の予算を超えたもの", "件を見る", "budget=all", "予算内", `<path class="over" d="M`, "遅れて届き、順序どおりに見られなかった 3 件、メモリーの上限で忘れた項目 41 件", "120,000", "これより低いもの 100 件")
	lacks(t, text, "早めに判定した", `chip plain">予算超過`)
	all := s.get("/findings?budget=all&level=low", http.StatusOK)
	contains(t, all, "1 / 7 ページ", "page=2", `chip plain">予算超過`, "件を隠す")
	if n := strings.Count(all, "<article class=\"finding story"); n != 50 {
		t.Errorf("%d stories on a page", n)
	}
	seen := map[string]bool{}
	for page := 1; page <= 7; page++ {
		text := s.get(fmt.Sprintf("/findings?budget=all&level=low&page=%d", page), http.StatusOK)
		for part := range strings.SplitSeq(text, `data-story="`) {
			if id, _, ok := strings.Cut(part, `"`); ok && len(id) == 16 {
				if seen[id] {
					t.Errorf("story %s stands twice", id)
				}
				seen[id] = true
			}
		}
	}
	if len(seen) != 300 {
		t.Errorf("%d stories on all pages", len(seen))
	}
	for _, page := range []string{"0", "-3", "999999999999999999999", "many", "8"} {
		s.get("/findings?page="+page, http.StatusOK)
	}
}

func TestNoStoryIsNeverJustEmpty(t *testing.T) {
	s := newSite(t)
	s.lang = "en"
	text := s.get("/findings?from=2018-02-10&to=2018-02-11", http.StatusOK)
	contains(t, text, "No story to look at here", "Looked at:", "2018-02-10 00:00 → 2018-02-11 00:00", "rules 3127", `href="/coverage"`, "span=all", "does not prove that nothing happened")
	contains(t, s.get("/findings?from=2017-12-01&to=2017-12-02", http.StatusOK), "2017-12-01 00:00 → 2017-12-02 00:00", "span=all")
	contains(t, s.get("/findings?from=2017-12-01", http.StatusOK), "2018-01-01 00:00 → 2018-03-05 00:00")
	contains(t, s.get("/findings?level=critical&from=2018-01-30&to=2018-02-02", http.StatusOK), "1 below this level", "Show lower levels too", "level=informational")
	contains(t, s.get("/findings?level=gravest", http.StatusBadRequest), "gravest", "This cannot be accepted")
}

func TestEveryFindingIsStillListed(t *testing.T) {
	s := newSite(t)
	contains(t, s.get("/findings?view=all", http.StatusOK), "4 / 4", "一つの接続元が 6 アカウントを使う", `name="view" value="all"`, "ストーリー")
	contains(t, s.get("/findings?q=level:high", http.StatusOK), `value="level:high"`)
	contains(t, s.get("/findings?view=all&level=high", http.StatusOK), "2 / 4")
}

// muteOf is a form that would be accepted.
func muteOf(change ...string) url.Values {
	form := url.Values{"rule": {"konseki-*"}, "address": {webtest.Intruder}, "owner": {"佐藤"}, "reason": {"年次の点検 <b>"}, "until": {"2018-04-04"}, "back": {"/findings?span=all&mute=x"}}
	for i := 0; i+1 < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

func TestAMuteIsMadeFromAStoryAndEnded(t *testing.T) {
	s := newSite(t)
	id := topID(t, s.ops)
	text := s.get("/findings?open="+id+"&mute="+id, http.StatusOK)
	contains(t, text, `action="/findings/mutes"`, `value="konseki-after-containment"`, `value="203.0.113.77"`, `value="2018-04-04"`, `<option value="konseki-first-seen-address">`, "最長 366 日")
	to, _ := s.post("/findings/mutes", muteOf("story", id), http.StatusSeeOther)
	if to != "/findings?span=all&done=mute#mutes" {
		t.Errorf("leads to %q", to)
	}
	text = s.get(strings.TrimSuffix(to, "#mutes"), http.StatusOK)
	contains(t, text, "ミュートしました", "ミュートした検知 4 件", "ここで見るべきストーリーはありません", "佐藤", "年次の点検 &lt;b&gt;", "2018/04/04（水） 00:00", "konseki-*")
	mutes, err := s.ops.Mutes(t.Context())
	if err != nil || len(mutes) != 1 || mutes[0].By != "k.sato" {
		t.Fatal(mutes, err)
	}
	end := "/findings/mutes/" + mutes[0].ID + "/end"
	_, text = s.post(end, url.Values{"reason": {" "}, "back": {"/findings"}}, http.StatusBadRequest)
	contains(t, text, "終わらせる理由を書いてください", `aria-invalid="true"`)
	to, _ = s.post(end, url.Values{"reason": {"点検が終わった"}, "back": {"https://evil.example/"}}, http.StatusSeeOther)
	if to != "/findings?done=unmute#mutes" {
		t.Errorf("leads to %q", to)
	}
	contains(t, s.get("/findings", http.StatusOK), "終わったミュート", "k.sato が終了：点検が終わった")
	s.post(end, url.Values{"reason": {"again"}}, http.StatusNotFound)
}

func TestAWrongMuteIsToldBesideItsField(t *testing.T) {
	s := newSite(t)
	id := topID(t, s.ops)
	for _, c := range []struct{ field, value, want string }{
		{"owner", " ", "責任者を書いてください"}, {"reason", "", "理由を書いてください"}, {"until", "someday", "時刻を読めません"}, {"until", "2018-01-01", "期限は今より後に"},
		{"until", "2019-03-07", "366 日以内"}, {"rule", "[", "この型は読めません"}, {"host", `x\`, "この型は読めません"},
	} {
		_, text := s.post("/findings/mutes", muteOf("story", id, "back", "/findings?open="+id, c.field, c.value), http.StatusBadRequest)
		if c.field != "reason" {
			contains(t, text, "年次の点検 &lt;b&gt;")
		}
		contains(t, text, c.want, `data-story="`+id+`" open`)
		_, after, _ := strings.Cut(text, `name="`+c.field+`"`)
		if field, _, _ := strings.Cut(after, "</label>"); !strings.Contains(field, c.want) {
			t.Errorf("%s: the sentence does not stand beside its field: %s", c.field, field)
		}
	}
	_, text := s.post("/findings/mutes", muteOf("rule", "", "address", ""), http.StatusBadRequest)
	contains(t, text, "どれか一つは書いてください", `id="mute"`)
	if mutes, err := s.ops.Mutes(t.Context()); err != nil || len(mutes) != 0 {
		t.Errorf("a wrong mute was made: %v %v", mutes, err)
	}
}

func TestViewersSeeMutesButNoForms(t *testing.T) {
	s := newSite(t)
	s.post("/findings/mutes", muteOf("rule", "other"), http.StatusSeeOther)
	id := topID(t, s.ops)
	s.session = s.person("guest", auth.RoleViewer)
	text := s.get("/findings?open="+id+"&mute="+id, http.StatusOK)
	contains(t, text, "佐藤", "年次の点検")
	lacks(t, text, `action="/findings/mutes`, "ミュートする…", "終わらせる…")
	s.post("/findings/mutes", muteOf(), http.StatusForbidden)
	s.post("/findings/mutes/m1000/end", url.Values{"reason": {"x"}}, http.StatusForbidden)
	if mutes, err := s.ops.Mutes(t.Context()); err != nil || len(mutes) != 1 || mutes[0].Ended != nil {
		t.Errorf("a viewer changed the mutes: %v %v", mutes, err)
	}
}

// TestAnyParametersGiveAPage gives the page anything in its address.
func TestAnyParametersGiveAPage(t *testing.T) {
	s := newSite(t)
	s.ops.AddFindings(strangers(s.ops, 60, 1)...)
	// A page says what it was given; what it was given must not look like a failed template or format.
	told := rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "%!") })
	value := rapid.OneOf(rapid.SampledFrom([]string{"", "all", "0", "1", "2", "high", "new", topID(t, s.ops), "2018-03-01", "2018-03-03", "0001-01-01", "9999-12-31"}), told)
	rapid.Check(t, func(t *rapid.T) {
		q := url.Values{}
		for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"from", "to", "level", "budget", "open", "page", "mute", "span", "view"}), rapid.ID).Draw(t, "keys") {
			q.Add(key, value.Draw(t, key))
		}
		res := s.do("GET", "/findings?"+q.Encode(), nil)
		if text := body(s.t, res); res.StatusCode != http.StatusOK && res.StatusCode != http.StatusBadRequest || strings.Contains(text, "%!") || strings.Contains(text, "ZgotmplZ") {
			t.Fatalf("%v = %d", q, res.StatusCode)
		}
	})
}

// load gets a page and nothing else.
func (s *browser) load(path string) {
	if res := s.do("GET", path, nil); res.StatusCode != http.StatusOK {
		s.t.Fatal(res.StatusCode)
	}
}

func BenchmarkStoriesOf20000Findings(b *testing.B) {
	s := newSite(b)
	s.ops.AddFindings(strangers(s.ops, 1000, 20)...)
	b.ReportAllocs()
	for b.Loop() {
		s.load("/findings?budget=all&level=low")
	}
}
