package webtest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web"
	webtest "github.com/konseki/konseki/test/web"
)

const (
	chromium = "/usr/bin/chromium"
	patience = 15 * time.Second // the machine may be busy
)

// browser is a real browser on the pages, with everything it complained of.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string
	auth *auth.Auth
	ops  *webtest.Ops

	mu         sync.Mutex
	complaints []string
}

// open starts the pages and a browser with a fresh profile.
func open(t *testing.T) *browser {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		t.Skip("there is no chromium: ", err)
	}
	if testing.Short() {
		t.Skip("browser journeys are not short")
	}
	a, err := auth.Open(filepath.Join(t.TempDir(), "auth"), auth.Options{Cost: auth.Cost{Time: 1, Memory: 8 << 10, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	ops := webtest.New()
	handler, err := web.New(web.Options{Logger: slog.New(slog.DiscardHandler), Auth: a, Ops: ops, Version: "test", Now: func() time.Time { return ops.Now }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("accept-lang", "ja"), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1560, 840))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, base: server.URL, auth: a, ops: ops}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	call(b, log.Enable, cdp.Empty{})
	t.Cleanup(b.quiet)
	return b
}

// listen keeps console errors, exceptions and refusals of the policy.
func (b *browser) listen(ev any) {
	text := ""
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			text = string(e.Entry.Source) + ": " + e.Entry.Text
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			text = "console: " + string(e.Args[0].Value)
		}
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text
	}
	if text != "" {
		b.mu.Lock()
		b.complaints = append(b.complaints, text)
		b.mu.Unlock()
	}
}

// quiet fails the test when the browser complained of anything.
func (b *browser) quiet() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Error("the browser says ", c)
	}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.where())
	}
}

// call sends a command of the protocol.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

// ask evaluates a JavaScript expression.
func ask[T any](b *browser, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

// where tells what the browser shows, for a failure.
func (b *browser) where() string {
	text, _ := ask[string](b, `location.href + "\n" + (document.body?.innerText.slice(0, 600) ?? "")`)
	return text
}

// visit opens an address.
func (b *browser) visit(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.base+path), chromedp.WaitReady("body"))
}

// press sends keys to the page.
func (b *browser) press(keys string) {
	b.t.Helper()
	b.until(`document.getElementById("help")?.hidden === false`) // the keys are there
	b.run(chromedp.KeyEvent(keys))
}

// until waits for a condition, a JavaScript expression; it may be on the next
// page.
func (b *browser) until(condition string) {
	b.t.Helper()
	again := time.NewTicker(40 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-again.C {
		if ok, err := ask[bool](b, `document.readyState === "complete" && (`+condition+`)`); err == nil && ok {
			return
		}
	}
	b.t.Fatalf("waited for %s\n%s", condition, b.where())
}

// text waits until the page holds a text.
func (b *browser) text(want string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.body.innerText.includes(%q)", want))
}

// address waits until the address holds a text.
func (b *browser) address(want string) {
	b.t.Helper()
	b.until(fmt.Sprintf("location.href.includes(%q)", want))
}

// size sets the window's size and scheme.
func (b *browser) size(width, height int64, scheme string) {
	b.t.Helper()
	b.run(chromedp.EmulateViewport(width, height))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// picture saves what the window shows, for people to look at.
func (b *browser) picture(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// signIn registers by a one-time link, as the first person does.
func (b *browser) signIn() {
	b.t.Helper()
	token, err := b.auth.Invite(auth.RoleAdmin)
	if err != nil {
		b.t.Fatal(err)
	}
	b.visit("/signin/link?token=" + token)
	b.run(chromedp.SendKeys(`input[name=name]`, "k.sato"), chromedp.SendKeys(`input[name=password]`, "a long enough one"),
		chromedp.SendKeys(`input[name=again]`, "a long enough one"), chromedp.Click(`form[action="/signin/link"] button`))
	b.address("/case/2018-001")
}

func TestAPersonRegistersAndSignsIn(t *testing.T) {
	b := open(t)
	b.visit("/explore?q=user:A")
	b.address("/signin?to=")
	b.picture("signin-nobody")
	b.signIn()
	b.run(chromedp.Click(`form[action="/signout"] button`))
	b.address("/signin")
	b.picture("signin")
	b.visit("/findings")
	b.run(chromedp.SendKeys(`input[name=name]`, "k.sato"), chromedp.SendKeys(`input[name=password]`, "a long enough one"), chromedp.Click(`form[action="/signin"] button`))
	b.address("/findings")
	b.text("停止したアカウントの活動")
}

func TestAnInvestigatorFollowsATrace(t *testing.T) {
	b := open(t)
	b.size(1560, 840, "light")
	b.signIn()
	b.visit("/explore")
	b.until(`document.querySelectorAll("tr[data-row]").length === 100`)
	b.picture("explore-all")
	b.visit("/explore?q=src_ip:203.0.113.77")
	b.text("15 件")
	b.run(chromedp.Click(`.facets a[href*="actor_user%3AB"]`))
	b.address("actor_user%3AB")
	b.until(`document.querySelectorAll("tr[data-row]").length === 4`)
	b.until(`document.getElementById("q").value === "src_ip:203.0.113.77 AND actor_user:B"`)
	b.run(chromedp.NavigateBack())
	b.until(`document.querySelectorAll("tr[data-row]").length === 15`)
	b.run(chromedp.Focus(chromedp.CSS(`#rows .ent[data-term="actor_user%3AC"]`)))
	b.press("F")
	b.until(`document.getElementById("q").value === "src_ip:203.0.113.77 AND NOT actor_user:C"`)
	b.run(chromedp.NavigateBack())
	b.until(`document.querySelectorAll("tr[data-row]").length === 15`)
	b.run(chromedp.Click(chromedp.CSS(`#rows .ent[data-term="source%3Avpn"]`)))
	b.until(`document.getElementById("q").value === "src_ip:203.0.113.77 AND source:vpn" && location.search.includes("source%3Avpn") && !location.search.includes("and=")`)
	b.run(chromedp.NavigateBack())
	b.until(`document.querySelectorAll("tr[data-row]").length === 15`)
	b.press("jj")
	b.run(chromedp.KeyEvent("\r"))
	b.text("原記録 #")
	b.address("record=")
	b.picture("explore-record")
	b.press("v")
	b.text("封印された時のままです")
	b.run(chromedp.Click(`#drawer .ent[href*="pivot=ip"]`))
	b.text("社外")
	b.picture("explore-pivot")
	b.run(chromedp.Click(`#drawer .rel a[href*="user%3AA"]`))
	b.address("pivot=user%3AA")
	b.run(chromedp.KeyEvent("\b"))
	b.until(`document.querySelector("#drawer .dtitle")?.textContent.includes("203.0.113.77")`)
	b.run(chromedp.KeyEvent("\x1b"))
	b.until(`document.getElementById("drawer").hidden && !location.search.includes("pivot")`)
	b.press("z")
	b.text("時刻 (UTC)")
	b.press("z")
	b.text("時刻 (JST)")
	b.run(chromedp.Click(`.pill a[data-set="lang=en"]`))
	b.text("Time (JST)")
	b.picture("explore-en")
	b.press("?")
	b.until(`document.getElementById("keys").open && document.querySelectorAll("#keys tr").length > 8`)
	b.picture("keys-en")
}

func TestAHatchExplainsItself(t *testing.T) {
	b := open(t)
	b.size(1366, 768, "light")
	b.signIn()
	b.visit("/explore?q=src_ip:203.0.113.77")
	b.run(chromedp.Click(`.rib a[href*="gap=firewall"]`))
	b.text("なぜ無いのか")
	b.text("攻撃により消去")
	b.text("隣の機器")
	b.picture("gap-1366")
	b.visit("/explore?q=user:nobody")
	b.text("該当する記録はありません")
	b.picture("empty-1366")
	b.visit("/explore?q=%E5%A4%B1%E6%95%97+AND+(user:A")
	b.text("ここが読めません")
	b.picture("syntax")
	b.allowBadRequest()
}

// allowBadRequest forgets that the browser notes an answer of 400.
func (b *browser) allowBadRequest() { b.allow("400 (Bad Request)") }

// allow forgets what the browser notes of an answer.
func (b *browser) allow(answer string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.complaints[:0]
	for _, c := range b.complaints {
		if !strings.Contains(c, answer) {
			kept = append(kept, c)
		}
	}
	b.complaints = kept
}

func TestTheBrushSetsTheWindow(t *testing.T) {
	b := open(t)
	b.size(1560, 840, "light")
	b.signIn()
	b.visit("/explore")
	box, err := ask[struct{ X, Y, Width float64 }](b, `(({ x, y, width }) => ({ X: x, Y: y, Width: width }))(document.getElementById("chart").getBoundingClientRect())`)
	if err != nil {
		t.Fatal(err)
	}
	y := box.Y + 90
	b.run(
		chromedp.MouseEvent(chromedp.MousePressed, box.X+box.Width*.5, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(chromedp.MouseMoved, box.X+box.Width*.6, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(chromedp.MouseReleased, box.X+box.Width*.75, y, chromedp.ButtonLeft),
	)
	b.address("from=2018-02-01T")
	b.until(`document.querySelector("input[name=from]").value.startsWith("2018-02-01")`)
	b.picture("brushed")
	b.press("0")
	b.until(`!location.search.includes("from=")`)
	b.run(chromedp.MouseClickXY(box.X+box.Width*.5, y))
	b.address("from=")
}

func TestACaseGrowsFromARecord(t *testing.T) {
	b := open(t)
	b.size(1560, 1000, "light")
	b.signIn()
	b.text("どこから入ったか")
	b.picture("case")
	b.visit("/explore?q=src_ip:203.0.113.77&record=1")
	b.until(`document.querySelector("[data-key=s]") !== null`)
	b.press("s")
	b.text("経緯に加えました")
	b.press("gc")
	b.text("事案を開く")
	b.picture("cases")
	b.run(chromedp.Click(`a[href="/case/2018-001"]`))
	b.text("8 行")
	b.press("jjj")
	b.run(chromedp.KeyEvent("\r"))
	b.text("原記録 #")
	b.picture("case-record")
	b.run(chromedp.Click(`a[href$="/report"]`))
	b.until(`performance.getEntriesByType("resource").some((r) => r.name.includes("format=html") && r.responseStatus === 200)`)
	b.picture("report")
	b.visit("/case/2018-001/report?format=html&lang=en")
	b.text("Stolen VPN")
	b.until(`document.title === "report"`)
	b.forgetSandboxed()
}

// forgetSandboxed expects the sample report's script to be refused, once per
// way of refusing it, and forgets that.
func (b *browser) forgetSandboxed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept, refused := b.complaints[:0], 0
	for _, c := range b.complaints {
		if strings.Contains(c, "Blocked script execution") || strings.Contains(c, "script-src") || strings.Contains(c, "Executing inline script") {
			refused++
		} else {
			kept = append(kept, c)
		}
	}
	b.complaints = kept
	if refused == 0 {
		b.t.Error("the script of the report was not refused")
	}
}

func TestTheVaultIsVerifiedFromThePage(t *testing.T) {
	b := open(t)
	b.size(1366, 768, "light")
	b.signIn()
	b.visit("/verify")
	b.run(chromedp.Click(`form[action="/verify"][method=post] button`))
	b.text("すべて原本のまま")
	b.picture("verify")
	b.run(chromedp.SendKeys(`#number`, "12\r"))
	b.text("封印された時のままです")
}

// TestHostileRecordsDoNothing opens records that try to act on the page.
func TestHostileRecordsDoNothing(t *testing.T) {
	b := open(t)
	b.signIn()
	for _, bad := range []string{
		`<script>document.title="ran"</script>`, `"><img src=x onerror='document.title="ran"'>`, `' hx-post="/cases" x='`, "\x1b[2J\u202eevil\u2066",
		`</pre><iframe srcdoc="<script>parent.document.title='ran'</script>">`, strings.Repeat("A", 1<<20),
	} {
		seq := b.ops.AddRaw(event.Event{Time: b.ops.Now.Add(-24 * time.Hour), Source: bad[:min(len(bad), 200)], Host: bad, ActorUser: bad, SrcIP: bad, Message: bad, Object: bad, Fields: []event.Field{{Name: bad, Value: bad}}}, bad)
		b.visit(fmt.Sprintf("/explore?record=%d", seq))
		b.until(`document.querySelector("#drawer .raw") !== null && document.title !== "ran" && document.querySelectorAll("main img, main iframe, #drawer img, #drawer iframe, [hx-post]").length === 0`)
	}
	b.picture("hostile")
}

// TestEveryPageIsFitToBeSeen takes pictures of the pages in both schemes and
// sizes, and finds a page that is wider than its window.
func TestEveryPageIsFitToBeSeen(t *testing.T) {
	b := open(t)
	b.signIn()
	for _, look := range []struct {
		name, scheme, lang string
		width, height      int64
	}{
		{"dark", "dark", "ja", 1560, 840}, {"en-1366", "light", "en", 1366, 768}, {"narrow", "light", "ja", 390, 844}, {"dark-en", "dark", "en", 1366, 768},
	} {
		b.size(look.width, look.height, look.scheme)
		for name, path := range map[string]string{
			"explore": "/explore?q=src_ip:203.0.113.77&record=12&pivot=ip:203.0.113.77", "case": "/case/2018-001", "findings": "/findings",
			"coverage": "/coverage", "verify": "/verify?record=12", "cases": "/cases", "record": "/explore?record=12",
		} {
			b.visit(path + map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "lang=" + look.lang)
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
