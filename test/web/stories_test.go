package webtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/story"
	webtest "github.com/konseki/konseki/test/web"
)

// daily are made-up findings of four weeks, one of the days with more stories
// than its budget.
func daily(o *webtest.Ops) []story.Item {
	rules := []struct{ id, level, en, ja, why, whyJA string }{
		{"konseki-share-many-files", "high", "Many files taken from a share", "共有から多数のファイルを取得", "%s took 412 files from fs-01 in ten minutes; usually 9 a day.", "%s が 10 分間に fs-01 から 412 ファイルを取得した。ふだんは 1 日 9 件。"},
		{"konseki-new-client", "medium", "A program never seen for the account", "そのアカウントで初めてのプログラム", "%s signed in with a client not seen for 90 days.", "%s が 90 日間使っていないクライアントでサインインした。"},
		{"konseki-failed-then-success", "medium", "Success after many failures", "多数の失敗の後の成功", "%s: 14 failures, then success from 198.51.100.9.", "%s：14 回失敗した後、198.51.100.9 から成功した。"},
		{"konseki-scan", "low", "Scanned by a known scanner", "既知のスキャナーによる走査", "%s asked for 60 paths that do not exist.", "%s が存在しないパスを 60 件要求した。"},
	}
	var list []story.Item
	add := func(day, n int) {
		r := rules[(day+n)%len(rules)]
		who := fmt.Sprintf("user%02d-%d", day, n)
		at := o.Now.AddDate(0, 0, -day).Add(-time.Duration(n*17) * time.Minute)
		list = append(list, story.Item{Record: uint64(40 + n), Finding: finding.Finding{
			ID: fmt.Sprintf("%064x", day*100+n+1), RuleID: r.id, Title: r.en, TitleJA: r.ja, Level: r.level, Kind: "baseline", Time: at, Until: at,
			Records: []uint64{uint64(40 + n), uint64(50 + n)}, Source: "groupware", Host: fmt.Sprintf("pc-%02d%d", day, n), ActorUser: who,
			Why: fmt.Sprintf(r.why, who), WhyJA: fmt.Sprintf(r.whyJA, who), Tags: []string{"attack.t1078.004", "attack.collection"},
		}})
	}
	for day := 1; day < 28; day++ {
		for n := range (day*7)%5 + 1 {
			add(day, n)
		}
	}
	for n := 5; n < 45; n++ {
		add(9, n)
	}
	return list
}

func TestAStoryIsOpenedAndMuted(t *testing.T) {
	b := open(t)
	b.size(1560, 1000, "light")
	b.signIn()
	b.ops.AddFindings(daily(b.ops)...)
	b.ops.Watched = control.Watched{Observed: 1_482_077, Late: 12, Evicted: 340}
	b.press("gf")
	b.text("停止したアカウントの活動")
	b.text("一日の予算を超えたもの")
	b.picture("stories")
	b.run(chromedp.Click(chromedp.CSS(`.story.critical summary`)))
	b.address("open=")
	b.text("初見の接続元からの VPN 接続")
	b.run(chromedp.Click(chromedp.CSS(`.story.critical .cite`)))
	b.text("原記録 #")
	b.until(`location.search.includes("open=") && location.search.includes("record=") && document.querySelector(".story.critical details").open`)
	b.picture("stories-open")
	b.run(chromedp.KeyEvent("\x1b"))
	b.until(`document.getElementById("drawer").hidden && location.search.includes("open=")`)
	b.run(chromedp.Reload())
	b.until(`document.querySelector(".story.critical details").open`)
	b.run(chromedp.Click(chromedp.CSS(`.story.critical a[href*="mute="]`)))
	b.until(`document.querySelector("#mute input[name=rule]").value === "konseki-after-containment" && document.querySelector("#mute input[name=address]").value === "203.0.113.77"`)
	b.picture("stories-mute")
	b.run(chromedp.Click(chromedp.CSS(`#mute button`)))
	b.text("責任者を書いてください")
	b.text("理由を書いてください")
	b.picture("stories-mute-wrong")
	b.allowBadRequest()
	b.run(chromedp.SendKeys(chromedp.CSS(`#mute input[name=owner]`), "佐藤（情報システム）"), chromedp.SendKeys(chromedp.CSS(`#mute input[name=reason]`), "演習の一部と確認した"),
		chromedp.Click(chromedp.CSS(`#mute button`)))
	b.text("ミュートしました")
	b.until(`!document.querySelector(".story.critical") && document.getElementById("mutes").innerText.includes("演習の一部と確認した")`)
	b.picture("stories-muted")
	b.run(chromedp.Click(chromedp.CSS(`#mutes summary`)), chromedp.SendKeys(chromedp.CSS(`#mutes input[name=reason]`), "演習が終わった"), chromedp.Click(chromedp.CSS(`#mutes .endform button`)))
	b.text("ミュートを終わらせました")
	b.text("効いているミュートはありません")
	b.run(chromedp.Click(chromedp.CSS(`#mutes summary`)))
	b.text("k.sato が終了：演習が終わった")
	b.picture("stories-ended")
}

// TestTheStoriesAreFitToBeSeen takes pictures of stories, forms and an empty
// window, in both schemes and languages, wide and narrow.
func TestTheStoriesAreFitToBeSeen(t *testing.T) {
	b := open(t)
	b.signIn()
	b.ops.AddFindings(daily(b.ops)...)
	long := story.Item{Record: 40, Finding: finding.Finding{ID: strings.Repeat("f", 64), RuleID: strings.Repeat("long-rule-", 12), Title: strings.Repeat("Long title ", 20), TitleJA: strings.Repeat("長い題", 40),
		Level: "high", Kind: "sigma", Time: b.ops.Now, Until: b.ops.Now, Records: []uint64{40}, Source: "chat", Host: strings.Repeat("h", 300), ActorUser: `CORP\` + strings.Repeat("u", 300), SrcIP: "2001:db8::1", Why: strings.Repeat("why", 200), WhyJA: strings.Repeat("why", 200)}}
	b.ops.AddFindings(long)
	for _, look := range []struct {
		name, scheme, lang string
		width, height      int64
	}{
		{"ja-light", "light", "ja", 1560, 1000}, {"en-dark", "dark", "en", 1366, 900}, {"ja-narrow-dark", "dark", "ja", 390, 844}, {"en-narrow", "light", "en", 390, 844},
	} {
		b.size(look.width, look.height, look.scheme)
		for name, path := range map[string]string{
			"stories": "/findings?", "stories-form": "/findings?open=ffffffffffffffff&mute=ffffffffffffffff&", "stories-new": "/findings?level=critical&mute=new&",
			"stories-empty": "/findings?from=2017-12-01&to=2017-12-02&", "findings-all": "/findings?view=all&",
		} {
			b.visit(path + "lang=" + look.lang)
			wide, err := ask[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
			if err != nil {
				t.Fatal(err)
			}
			if wide > 0 {
				t.Errorf("%s %s is %d pixels wider than its window", look.name, name, wide)
			}
			b.picture(name + "-" + look.name)
		}
	}
}
