// Package demo walks through the demo as its first visitor does: the built binary, a real browser, the real incident.
package demo_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	casePath  = "/case/2018-001"
	password  = "a long enough one"
	coldStart = 2 * time.Minute // compiling included, on a busy machine
)

// TestTheDemoTellsTheWholeStory goes from the one-time link to a bundle that
// verifies without the server.
func TestTheDemoTellsTheWholeStory(t *testing.T) {
	if testing.Short() {
		t.Skip("the demo's journey is not short")
	}
	if _, err := os.Stat(chromium); err != nil {
		t.Skip("there is no chromium: ", err)
	}
	binary := build(t)
	link := start(t, binary)
	base := link.Scheme + "://" + link.Host
	b := visit(t, base)

	b.register(link)
	b.readTheCase()
	b.askWhatExpired()
	b.followTheTrace()
	b.readTheStories()
	b.verifyTheVault()
	b.readTheReport()
	checkBundle(t, binary, b.takeTheBundle())
	b.leave()
	nothingIsServed(t, base)
}

// build makes the binary from the sources beside this test.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "konseki")
	ctx, cancel := context.WithTimeout(t.Context(), coldStart)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/konseki")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// start runs the demo on a free port and returns its one-time link.
func start(t *testing.T, binary string) *url.URL {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, "demo", "--records", "120000", "--address", address, "--lang", "ja")
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("the demo did not stop well: %v\n%s", err, complaints.String())
		}
	})
	giveUp := time.AfterFunc(coldStart, cancel)
	line, err := bufio.NewReader(out).ReadString('\n')
	giveUp.Stop()
	if err != nil {
		t.Fatalf("the demo printed no link: %v", err)
	}
	link, err := url.Parse(strings.TrimSpace(line))
	if err != nil || link.Host != address {
		t.Fatalf("%q is no link to %s: %v", line, address, err)
	}
	return link
}

// register opens the one-time link and chooses a password.
func (b *visitor) register(link *url.URL) {
	b.t.Helper()
	b.open(link.RequestURI())
	b.picture("1-link")
	b.run(chromedp.SendKeys(`input[name=name]`, "k.sato"), chromedp.SendKeys(`input[name=password]`, password),
		chromedp.SendKeys(`input[name=again]`, password), chromedp.Click(`form[action="/signin/link"] button`))
	b.until(`location.pathname === "` + casePath + `"`)
}

// readTheCase expects the point of the case on its first page.
func (b *visitor) readTheCase() {
	b.t.Helper()
	b.text("最初の痕跡", "2018-01-07 09:58:00", "53 日", "どこから入ったか", "何が出たか")
	b.until(`document.querySelectorAll(".chron tr[data-row]").length > 30`)
	b.picture("2-case")
}

// askWhatExpired expects a question that nobody can answer to say why.
func (b *visitor) askWhatExpired() {
	b.t.Helper()
	b.until(`[...document.querySelectorAll(".other")].some((q) => q.innerText.includes("VPN は使われたか") && q.querySelector(".chip.unknown") && q.innerText.includes("保存期間超過"))`)
	b.open("/explore?" + url.Values{"q": {"source:vpn src_ip:203.0.113.77"}, "from": {"2018-03-01"}, "to": {"2018-03-02"}}.Encode())
	b.text("該当する記録はありません", "不明", "保存期間超過")
	b.picture("3-unknown")
}

// followTheTrace searches for the address, pivots on it and opens a record
// with its proof.
func (b *visitor) followTheTrace() {
	b.t.Helper()
	b.open("/explore?q=src_ip:203.0.113.77")
	b.until(`document.querySelectorAll("tr[data-row]").length > 30`)
	b.follow(`.rib a`) // the first hatch is before the first record
	b.text("なぜ無いのか")
	b.follow(`#rows .ent[href*="pivot=ip"]`)
	b.text("社外", "ともに現れるアカウント")
	b.picture("4-pivot")
	b.run(chromedp.KeyEvent("\x1b"))
	b.until(`document.getElementById("drawer").hidden`)
	b.follow(`#rows tr[data-row] .rowlink`)
	b.text("原記録 #")
	b.press("v")
	b.text("封印された時のままです")
	b.picture("5-record")
}

// readTheStories expects what wants looking at, and opens a story down to a
// record it cites.
func (b *visitor) readTheStories() {
	b.t.Helper()
	b.open("/findings")
	b.text("ストーリー", "このレベル以上")
	b.until(`document.querySelectorAll(".story").length > 0 && document.querySelector(".days .within").getAttribute("d") !== ""`)
	b.picture("6-stories")
	b.follow(`.story summary`)
	b.until(`location.search.includes("open=") && document.querySelector(".story details[open] .finding") !== null`)
	b.follow(`.story details[open] .cite`)
	b.text("原記録 #")
	b.picture("6-story")
}

func (b *visitor) verifyTheVault() {
	b.t.Helper()
	b.open("/verify")
	b.follow(`form[action="/verify"][method=post] button`)
	b.text("すべて原本のまま")
	b.picture("7-verified")
}

func (b *visitor) readTheReport() {
	b.t.Helper()
	b.open(casePath + "/report")
	b.until(`performance.getEntriesByType("resource").some((r) => r.name.includes("format=html") && r.responseStatus === 200)`)
	b.picture("8-report")
	b.open(casePath + "/report?format=html&lang=ja")
	b.text("最終報告書", "VPN・チャットの認証情報窃取とサーバー一括消去", "証跡一覧", "保存期間")
}

// takeTheBundle downloads the case's bundle as a click does.
func (b *visitor) takeTheBundle() string {
	b.t.Helper()
	b.open(casePath)
	b.follow(`a[href$="/bundle"]`)
	return b.download("*.zip")
}

func checkBundle(t *testing.T, binary, bundle string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "verify", bundle)
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("konseki verify %s: %v\n%s", filepath.Base(bundle), err, out)
	}
}

func (b *visitor) leave() {
	b.t.Helper()
	b.follow(`form[action="/signout"] button`)
	b.until(`location.pathname === "/signin"`)
	b.open(casePath)
	b.until(`location.pathname === "/signin" && !document.body.innerText.includes("VPN")`)
	b.picture("9-signed-out")
}

// nothingIsServed asks for evidence without a session.
func nothingIsServed(t *testing.T, base string) {
	t.Helper()
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{
		"/", casePath, casePath + "/report?format=html", casePath + "/bundle", "/explore", "/explore?fragment=drawer&record=1",
		"/record/1/raw", "/findings", "/coverage", "/verify", "/cases",
	} {
		res, err := client.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode < 300 || res.StatusCode == http.StatusNotFound || res.StatusCode >= 500 || res.ContentLength > 2048 {
			t.Errorf("GET %s without a session is answered %s with %d bytes", path, res.Status, res.ContentLength)
		}
	}
}
