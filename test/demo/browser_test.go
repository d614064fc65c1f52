package demo_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	chromium = "/usr/bin/chromium"
	patience = 30 * time.Second // the machine may be busy
)

// visitor is a real browser on the real product, with everything it
// complained of.
type visitor struct {
	t         *testing.T
	ctx       context.Context
	base      string
	downloads string

	mu         sync.Mutex
	complaints []string
}

// visit starts a browser with a fresh profile on the product at base.
func visit(t *testing.T, base string) *visitor {
	t.Helper()
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("accept-lang", "ja"), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1500, 900))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b := &visitor{t: t, ctx: ctx, base: base, downloads: t.TempDir()}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	call(b, log.Enable, cdp.Empty{})
	call(b, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: b.downloads})
	t.Cleanup(b.quiet)
	b.run(chromedp.EmulateViewport(1500, 900))
	return b
}

// listen keeps console errors, exceptions and refusals of the policy.
func (b *visitor) listen(ev any) {
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
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, text)
	}
}

// quiet fails the test when the browser complained of anything.
func (b *visitor) quiet() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Error("the browser says ", c)
	}
}

func (b *visitor) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.where())
	}
}

// call sends a command of the protocol.
func call[P, R any](b *visitor, command cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

// ask evaluates a JavaScript expression.
func ask[T any](b *visitor, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

// where tells what the browser shows, for a failure.
func (b *visitor) where() string {
	text, _ := ask[string](b, `location.href + "\n" + (document.body?.innerText.slice(0, 900) ?? "")`)
	return text
}

// open opens an address of the product.
func (b *visitor) open(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.base+path), chromedp.WaitReady("body"))
}

// follow clicks on what a selector finds.
func (b *visitor) follow(selector string) {
	b.t.Helper()
	b.run(chromedp.Click(chromedp.CSS(selector)))
}

// press sends keys to the page once its keys are there.
func (b *visitor) press(keys string) {
	b.t.Helper()
	b.until(`document.getElementById("help")?.hidden === false`)
	b.run(chromedp.KeyEvent(keys))
}

// until waits for a condition, a JavaScript expression; it may be on the next
// page.
func (b *visitor) until(condition string) {
	b.t.Helper()
	b.wait(condition, func() bool {
		ok, err := ask[bool](b, `document.readyState === "complete" && (`+condition+`)`)
		return err == nil && ok
	})
}

func (b *visitor) wait(what string, reached func() bool) {
	b.t.Helper()
	again := time.NewTicker(40 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-again.C {
		if reached() {
			return
		}
	}
	b.t.Fatalf("waited for %s\n%s", what, b.where())
}

// text waits until the page holds each text.
func (b *visitor) text(wanted ...string) {
	b.t.Helper()
	for _, want := range wanted {
		b.until(fmt.Sprintf("document.body.innerText.includes(%q)", want))
	}
}

// download waits until a file has come whole and returns its path.
func (b *visitor) download(pattern string) string {
	b.t.Helper()
	var found []string
	b.wait(pattern, func() bool {
		found, _ = filepath.Glob(filepath.Join(b.downloads, pattern))
		return len(found) == 1
	})
	return found[0]
}

// picture keeps what the window shows, for people to look at.
func (b *visitor) picture(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
