package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

const home = "/case/2018-001"

// taskOf is the sample's first task.
func taskOf(t testing.TB, s *browser) investigate.Task {
	t.Helper()
	c, err := s.ops.Case(t.Context(), "2018-001")
	if err != nil || len(c.Tasks) == 0 {
		t.Fatal(err)
	}
	return c.Tasks[0]
}

// formOf is a form about a task, as a browser sends it.
func formOf(k *investigate.Task, change ...string) url.Values {
	form := url.Values{"part": {k.ID}, "base": {fmt.Sprint(k.Recorded)}, "text.ja": {k.Text.JA}, "text.en": {k.Text.EN}, "owner": {k.Owner}, "due": {"2018-03-06 12:00:00"}, "status": {k.Status}}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

func TestThePagesOfACaseTellItsParts(t *testing.T) {
	s := newSite(t)
	for path, want := range map[string][]string{
		"":                                 {"その後 3 回の活動", "効いた", "分からない", "あと 1 日 2 時間", "超過", "VPN を全停止する", "個人情報保護委員会", "矛盾の点検", `data-key="g d"`},
		"/timeline":                        {"7 行", "停止後も B のセッションが継続", "edit=row%3Ar1#form"},
		"/statements":                      {"蓋然性が高い", "接続元と手口が一致する", "edit=statement%3As3#form", "概要"},
		"/statements?edit=section:summary": {"章 summary を直す", "サーバー 115 台"},
		"/clocks":                          {"21 時間 50 分 超過", "2018-03-04 02:40 UTC", "配信契約 第 12 条", "停止の範囲", "個人情報保護法の速報", "弁護士などの専門家", "未記入 3 / 9", "原因", "以前は 作業ミス・誤送信など", "clocks.ics"},
		"/promises":                        {"以前は満たしていた", "例外として扱う", "手動で監視する", "m.ito", "CIS 8.9", "双剣オンライン"},
		"/names":                           {"佐藤 花子", "接続元 X", "最大 4,200", "プラットフォーム 13 社", "侵害の痕跡"},
		"/report":                          {"第一報", "まだ発行していません", "sandbox title="},
	} {
		contains(t, s.get(home+path, http.StatusOK), want...)
	}
	lacks(t, s.get(home, http.StatusOK), "佐藤 花子", "t.mori")
	res := s.do("GET", home+"/clocks.ics", nil)
	if text := body(t, res); !strings.HasPrefix(text, "BEGIN:VCALENDAR") || !strings.Contains(res.Header.Get("Content-Type"), "text/calendar") {
		t.Errorf("calendar %.80s", text)
	}
	lacks(t, s.get(home+"/report", http.StatusOK), "佐藤 花子")
}

func TestViewersReadACaseAndWriteNothing(t *testing.T) {
	s := newSite(t)
	s.session = s.person("guest", auth.RoleViewer)
	for _, path := range []string{"", "/timeline?edit=row:r1", "/statements?new=statement", "/clocks", "/promises", "/names", "/report"} {
		lacks(t, s.get(home+path, http.StatusOK), "#form", `id="form"`, "/check/", "/sign/", "/override/", "/put/", "/issue")
	}
	for _, path := range []string{"/put/task", "/withdraw/task/t1", "/sign/condition/c1", "/override/condition/c1", "/check", "/issue", "/close", "/reopen"} {
		s.post(home+path, url.Values{}, http.StatusForbidden)
	}
}

func TestTwoPeopleAtOnceChooseAndLoseNothing(t *testing.T) {
	s := newSite(t)
	first := taskOf(t, s)
	ito := s.person("m.ito", auth.RoleAnalyst)
	mine := s.session
	s.session = ito
	s.post(home+"/put/task", formOf(&first, "owner", "t.abe", "text.ja", "相手の文"), http.StatusSeeOther)
	s.session = mine
	_, text := s.post(home+"/put/task", formOf(&first, "owner", "k.sato", "status", "done"), http.StatusConflict)
	contains(t, text, "ほかの人がここを変えました", "<b>m.ito</b>", `value="k.sato"`, "t.abe", `name="take.owner" value="theirs"`, "相手の文</textarea>")
	if strings.Count(text, `class="theirs"`) != 1 {
		t.Error("a field that only one of them changed is asked about")
	}
	now := taskOf(t, s)
	if now.Owner != "t.abe" || !strings.Contains(text, fmt.Sprintf(`name="base" value="%d"`, now.Recorded)) {
		t.Fatalf("now %+v", now)
	}
	s.post(home+"/put/task", formOf(&now, "owner", "k.sato", "status", "done", "take.owner", "theirs"), http.StatusSeeOther)
	if now = taskOf(t, s); now.Owner != "t.abe" || now.Status != "done" || now.Text.JA != "相手の文" || now.By != "k.sato" {
		t.Errorf("chosen %+v", now)
	}
}

func TestEditsOfOtherFieldsAreJoined(t *testing.T) {
	s := newSite(t)
	first := taskOf(t, s)
	s.post(home+"/put/task", formOf(&first, "owner", "t.abe"), http.StatusSeeOther)
	s.post(home+"/put/task", formOf(&first, "status", "done"), http.StatusSeeOther)
	if now := taskOf(t, s); now.Owner != "t.abe" || now.Status != "done" {
		t.Errorf("joined %+v", now)
	}
}

func TestAFormChangesOnlyWhatWasChangedInIt(t *testing.T) {
	s := newSite(t)
	at := time.Date(2018, 3, 1, 1, 2, 3, 456_789_000, time.UTC)
	long := strings.Repeat("長い文", 4000) + "\u202e"
	p, err := s.ops.Put(t.Context(), "k.sato", "2018-001", &investigate.Row{At: at, Precision: "exact", What: "event", Text: event.Phrase{JA: long, EN: "a"}, Cites: []uint64{1}, Total: 9, Entities: []string{"e1"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	row := p.(*investigate.Row)
	text := s.get(home+"/timeline?edit=row:"+row.ID, http.StatusOK)
	contains(t, text, "2018-03-01 10:02:03.456789", "‹U&#43;202E›")
	form := url.Values{"part": {row.ID}, "base": {fmt.Sprint(row.Recorded)}, "at": {"2018-03-01 10:02:03.456789"}, "text.ja": {strings.Repeat("長い文", 4000) + "‹U+202E›"}, "text.en": {"b"}, "cites": {"1"}}
	s.post(home+"/put/row", form, http.StatusSeeOther)
	p, err = s.ops.Part(t.Context(), "2018-001", investigate.KindRow, row.ID, 0)
	if now := p.(*investigate.Row); err != nil || now.Text.JA != long || now.Text.EN != "b" || !now.At.Equal(at) || now.Total != 9 || len(now.Entities) != 1 {
		t.Errorf("changed %.80v, %v", now, err)
	}
}

func TestPartsAreWithdrawnSignedAndOverridden(t *testing.T) {
	s := newSite(t)
	_, text := s.post(home+"/withdraw/statement/s2", url.Values{"reason": {" "}}, http.StatusBadRequest)
	contains(t, text, "理由がありません", "蓋然性が高い")
	s.post(home+"/withdraw/statement/s2", url.Values{"reason": {"別人だった"}}, http.StatusSeeOther)
	contains(t, s.get(home+"/statements", http.StatusOK), "<del>3 月 1 日の侵入も同じ者による。</del>", "別人だった")
	_, text = s.post(home+"/sign/condition/c3", url.Values{}, http.StatusBadRequest)
	contains(t, text, "a second person has to")
	s.session = s.person("m.ito", auth.RoleAnalyst)
	contains(t, s.get(home+"/promises", http.StatusOK), home+"/sign/condition/c3")
	if to, _ := s.post(home+"/sign/condition/c3", url.Values{}, http.StatusSeeOther); to != home+"/promises?done=signed" {
		t.Errorf("leads to %q", to)
	}
	s.post(home+"/override/condition/c2", url.Values{"reason": {"急ぐため <b>"}}, http.StatusSeeOther)
	contains(t, s.get(home+"/promises?done=overridden", http.StatusOK), "急ぐため &lt;b&gt;", "理由を記録し")
	s.post(home+"/check", url.Values{}, http.StatusSeeOther)
	s.post(home+"/check/nothing/x", url.Values{}, http.StatusNotFound)
	s.post(home+"/put/version", url.Values{}, http.StatusNotFound)
}

func TestASentenceIsWeighedWhileItIsWritten(t *testing.T) {
	s := newSite(t)
	weigh := func(want string, form url.Values) {
		t.Helper()
		_, text := s.post(home+"/weigh/statement?fragment=weighed", form, http.StatusOK)
		contains(t, text, `id="weighed"`, want)
		if strings.Contains(text, "<html") {
			t.Error("the fragment is a whole page")
		}
	}
	said := func(change ...string) url.Values {
		form := url.Values{"text.ja": {"外部への送信は確認されていない。"}, "certainty": {"not_confirmed"}}
		for i := 0; i < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return form
	}
	weigh("内容を書いてください", url.Values{"text.ja": {" "}})
	weigh("確認されていない」と書くには検索が要ります", said())
	weigh("検索が 15 件を見つけるので", said("query", "src_ip:203.0.113.77"))
	weigh("一つ以上引用してください", said("certainty", "confirmed"))
	weigh("理由が要ります", said("certainty", "undetermined"))
	weigh("時刻を読めません", said("from", "someday"))
	weigh("vpn はこの期間の一部について何も言えない", said("query", "user:nobody", "from", "2018-01-01", "to", "2018-03-01"))
	weigh("引用する原記録 1 件", said("certainty", "possible", "cites", "12"))
	_, text := s.post(home+"/weigh/statement", said(), http.StatusOK) // without scripts
	contains(t, text, "<html", "外部への送信は確認されていない。</textarea>", "検索が要ります")
	c, err := s.ops.Case(t.Context(), "2018-001")
	if err != nil || len(c.Statements) != 3 {
		t.Errorf("weighing recorded something: %d, %v", len(c.Statements), err)
	}
}

func TestTheTimelineStaysUsableWithTenThousandRows(t *testing.T) {
	s := newSite(t)
	s.ops.AddRows(10_000)
	text := s.get(home+"/timeline", http.StatusOK)
	contains(t, text, "10,007 行", "1 / 51 ページ", "page=2")
	if n := strings.Count(text, "data-row"); n != 200 {
		t.Errorf("%d rows on a page", n)
	}
	contains(t, s.get(home+"/timeline?at=2018-03-04", http.StatusOK), `class="sel"`, "2018-03-04 00:00:00")
	contains(t, s.get(home+"/timeline?at=2031-01-01", http.StatusOK), "この日以後の行はありません", "51 / 51")
	contains(t, s.get(home+"/timeline?what=action", http.StatusOK), "1 行", "対応 1")
	contains(t, s.get(home+"/timeline?row=r8008", http.StatusOK), `id="r8008" data-row class="sel"`)
	s.get(home+"/timeline?at=someday", http.StatusBadRequest)
	contains(t, s.get(home, http.StatusOK), "50 / 10,007 行")
}

func TestStatementsStayUsableWithTenThousandOfThem(t *testing.T) {
	s := newSite(t)
	s.ops.AddStatements(10_000)
	text := s.get(home+"/statements", http.StatusOK)
	contains(t, text, "10,003", "1 / 51 ページ", "page=2", `rel="next"`)
	if n := strings.Count(text, `<tr id="s`); n != 200 {
		t.Errorf("%d statements on a page", n)
	}
	contains(t, s.get(home+"/statements?page=51", http.StatusOK), "51 / 51 ページ", "文 9999", `rel="prev"`)
	last := s.get(home+"/statements?page=99", http.StatusOK)
	id := regexp.MustCompile(`<tr id="(s[0-9]+)"`).FindStringSubmatch(last)
	if id == nil {
		t.Fatal("no statement on the last page")
	}
	for _, at := range []string{"row=" + id[1], "edit=statement:" + id[1]} {
		contains(t, s.get(home+"/statements?"+at, http.StatusOK), `id="`+id[1]+`" class="sel"`, "51 / 51")
	}
	if text = s.get(home+"/statements?row=none&page=2", http.StatusOK); !strings.Contains(text, "2 / 51") {
		t.Error("a statement that is not there leads elsewhere than the page asked for")
	}
}

func TestARecordIsAddedToTheCaseThatTheFormNames(t *testing.T) {
	s := newSite(t)
	text := s.get("/explore?record=12", http.StatusOK)
	contains(t, text, `action="/timeline"`, `<option value="2018-001">`, `name="text.ja"`, `data-key="s"`)
	to, _ := s.post("/timeline", url.Values{"case": {"2018-001"}, "text.ja": {"見つけた"}, "at": {"2018-03-02T01:00:00Z"}, "cites": {"12"}, "kind": {"finding"}, "precision": {"about"}, "back": {"/explore?record=12"}}, http.StatusSeeOther)
	if to != "/explore?record=12&done=row" {
		t.Errorf("leads to %q", to)
	}
	contains(t, s.get(home+"/timeline", http.StatusOK), "見つけた", "2018-03-02 10:00</time> 頃")
	s.post("/timeline", url.Values{"case": {"none"}, "text.ja": {"x"}, "at": {"2018-03-02"}}, http.StatusNotFound)
}

// TestHostileNamesAreText writes markup into every field of every form and
// reads it on every page of the case.
func TestHostileNamesAreText(t *testing.T) {
	s := newSite(t)
	const bad = `"><script>document.title="ran"</script>`
	for kind, form := range map[string]url.Values{
		"row":         {"at": {"2018-03-01"}, "text.ja": {bad}, "source": {bad}, "signer": {bad}, "cause": {bad}, "about": {bad}},
		"statement":   {"text.ja": {bad}, "certainty": {"possible"}, "reason.ja": {bad}, "about": {bad}},
		"entity":      {"type": {"person"}, "real": {bad}, "public.ja": {bad + "A"}, "aliases": {bad}, "note.ja": {bad}},
		"told":        {"recipient.ja": {bad}, "group": {"other"}, "at": {"2018-03-01"}, "channel": {bad}, "text.ja": {bad}, "version": {bad}},
		"scope":       {"text.ja": {bad}, "of": {"hosts"}, "number.min": {"3"}, "number.basis.ja": {bad}},
		"task":        {"text.ja": {bad}, "owner": {bad}, "status": {"open"}},
		"decision":    {"text.ja": {bad}, "who": {bad}, "at": {"2018-03-01"}, "grounds.ja": {bad}},
		"condition":   {"text.ja": {bad}, "service": {bad}, "platform": {bad}, "check.by": {"query"}, "check.query": {bad}},
		"measure":     {"text.ja": {bad}, "status": {"planned"}, "owner": {bad}, "controls": {bad}},
		"fact":        {"id": {"persons"}, "value": {bad}, "note.ja": {bad}},
		"clock":       {"name.ja": {bad}, "start": {bad}, "within": {"72h"}, "recipient.ja": {bad}, "items": {bad}, "basis.ja": {bad}},
		"submission":  {"clock": {bad}, "at": {"2018-03-01"}, "proof.ja": {bad}, "late.ja": {bad}},
		"section":     {"id": {"cause"}, "text.ja": {bad}},
		"containment": {"text.ja": {bad}, "action": {"disable_account"}, "target": {bad}, "at": {"2018-03-01"}},
	} {
		s.post(home+"/put/"+kind, form, http.StatusSeeOther)
	}
	for _, path := range []string{"", "/timeline", "/statements", "/clocks", "/promises", "/names", "/report", "/names?edit=entity:e4", "/timeline?edit=row:r8", "/promises?edit=condition:c6"} {
		text := s.get(home+path, http.StatusOK)
		lacks(t, text, "<script>document", "ZgotmplZ")
		if path != "/report" {
			contains(t, text, "&lt;script&gt;document")
		}
	}
}

// TestAnyFormGivesAPage sends anything in any field.
func TestAnyFormGivesAPage(t *testing.T) {
	s := newSite(t)
	value := rapid.OneOf(rapid.SampledFrom([]string{"", "2018-03-01", "12", "yes", "exact", "open", "query", "1e9", "-1", "a | b\nc", "１２"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"row", "statement", "question", "section", "entity", "scope", "fact", "clock", "submission", "told", "task", "decision", "containment", "condition", "measure", "version", "shoe"}).Draw(t, "kind")
		form := url.Values{}
		for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"at", "text.ja", "text.en", "text", "kind", "precision", "cites", "number.min", "number.max", "check.by", "check.days", "status", "part", "base", "back", "items", "id", "value", "public.ja", "real", "take.at"}), rapid.ID).Draw(t, "keys") {
			form.Set(key, value.Draw(t, key))
		}
		verb := rapid.SampledFrom([]string{"put", "weigh"}).Draw(t, "verb")
		res := s.do("POST", home+"/"+verb+"/"+kind, form)
		if text := body(s.t, res); res.StatusCode >= 500 || strings.Contains(text, "%!") && !strings.Contains(form.Encode(), "%25") || strings.Contains(text, "ZgotmplZ") && !strings.Contains(form.Encode(), "Zgotmpl") {
			t.Fatalf("%s %s %v = %d\n%.300s", verb, kind, form, res.StatusCode, text)
		}
	})
}

// TestFieldsThatNameAnotherPartOfferIt is about what can be chosen without
// knowing any id by heart.
func TestFieldsThatNameAnotherPartOfferIt(t *testing.T) {
	s := newSite(t)
	s.ops.AddRows(1_000)
	offered := func(path, field string) []string {
		_, after, found := strings.Cut(s.get(home+path, http.StatusOK), `<datalist id="offers.`+field+`">`)
		if !found {
			t.Fatalf("%s offers nothing for %s", path, field)
		}
		list, _, _ := strings.Cut(after, "</datalist>")
		return strings.SplitAfter(strings.TrimSuffix(list, "</option>"), "</option>")
	}
	if rows := offered("/timeline?new=row", "cause"); len(rows) != 200 {
		t.Errorf("%d rows are offered", len(rows))
	}
	for _, row := range offered("/timeline?edit=row:r5", "cause") {
		if strings.Contains(row, `value="r5"`) || strings.Contains(row, `value="r1000"`) {
			t.Errorf("a row is said to have led to itself or to an earlier one: %s", row)
		}
	}
	contains(t, offered("/timeline?edit=row:r2", "cause")[0], `value="r1"`, "2018-")
	contains(t, strings.Join(offered("/clocks?new=clock", "start"), ""), `value="aware"`)
	contains(t, strings.Join(offered("/clocks?new=submission", "clock"), ""), "個人情報保護")
	contains(t, s.get(home+"/timeline?edit=row:r2", http.StatusOK), `list="offers.cause"`)
}
