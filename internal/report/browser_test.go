package report

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/report/page"
)

const (
	chromium = "/usr/bin/chromium"
	patience = 60 * time.Second // the machine may be busy
)

// browser is a real browser on the page, opened from a file, with everything it
// complained of.
type browser struct {
	t   *testing.T
	ctx context.Context
	dir string

	mu         sync.Mutex
	complaints []string
}

func newBrowser(t *testing.T, lang string) *browser {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		t.Skip("there is no chromium: ", err)
	}
	if testing.Short() {
		t.Skip("browser journeys are not short")
	}
	b := &browser{t: t, dir: t.TempDir()}
	f, err := os.Create(filepath.Join(b.dir, filePage))
	if err == nil {
		err = page.Write(f)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("accept-lang", lang), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1100, 900))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b.ctx = ctx
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate("file://" + filepath.Join(b.dir, filePage)))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.complaints {
			t.Error("the browser complains: ", c)
		}
	})
	return b
}

func (b *browser) listen(ev any) {
	said := ""
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		said = ev.ExceptionDetails.Text
	case *log.EventEntryAdded:
		said = ev.Entry.Text
	}
	if said != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, said)
	}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval gives what a script on the page comes to.
func eval[T any](b *browser, js string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// said is what the page says of a bundle.
type said struct {
	OK       bool       `json:"ok"`
	Refused  string     `json:"refused"`
	Problems [][]string `json:"problems"`
	Records  int        `json:"records"`
	Anchored int        `json:"anchored"`
	States   []string   `json:"states"`
}

// ask has the page verify a bundle.
func (b *browser) ask(raw []byte, pinned string) said {
	b.t.Helper()
	return eval[said](b, `verify(new Blob([unbase64("`+base64.StdEncoding.EncodeToString(raw)+`")]), `+quote(pinned)+`).then(
		(r) => ({...r, states: r.sentences ? r.sentences.map((s) => s.state) : [], sentences: null, anchors: null}),
		(e) => ({ok: false, refused: e.message}))`)
}

func quote(s string) string {
	return "atob(\"" + base64.StdEncoding.EncodeToString([]byte(s)) + "\")"
}

// agree has the page and the program verify the same.
func (b *browser) agree(name string, raw []byte, pinned string) {
	b.t.Helper()
	got := b.ask(raw, pinned)
	want, err := verify(raw, pinned)
	switch {
	case err != nil && got.Refused == "" || err == nil && got.Refused != "":
		b.t.Errorf("%s: the page says %+v, the program %v", name, got, err)
	case err == nil && (got.OK != want.OK || got.Records != want.Records || got.Anchored != want.Anchored):
		b.t.Errorf("%s: the page says %+v, the program %v %v, %d records, %d anchored", name, got, want.OK, want.Problems, want.Records, want.Anchored)
	}
	if err == nil && got.OK {
		states := []string{}
		for _, part := range []string{"statements", "questions", "timeline"} {
			for _, p := range want.Proven {
				if p.Part == part {
					states = append(states, string(p.State))
				}
			}
		}
		if !slices.Equal(states, got.States) {
			b.t.Errorf("%s: the page says of the sentences %v, the program %v", name, got.States, states)
		}
	}
}

// TestThePageAgreesWithTheProgram has both look at good bundles and at every
// tampering that the tests know, in a real browser.
func TestThePageAgreesWithTheProgram(t *testing.T) {
	b := newBrowser(t, "en")
	s, other, gone := newSealed(t), newSealed(t), letGo(t)
	anchored, _ := witnessed(t)
	b.agree("good", s.zip, "")
	if got := b.ask(s.zip, s.bundle.PublicKey); !got.OK {
		t.Fatalf("a good bundle: %+v", got)
	}
	b.agree("pinned", s.zip, s.bundle.PublicKey)
	b.agree("another key pinned", s.zip, other.bundle.PublicKey)
	b.agree("gone", gone.write(t, gone.bundleOf(t, "c1")), "")
	b.agree("anchored", anchored.zip, "")
	theirs := unzip(t, other.zip)
	tried := 0
	try := func(from []byte, changes []change, also func(map[string][]byte) map[string][]byte) {
		for _, c := range changes {
			files := unzip(t, from)
			c.do(files)
			b.agree(c.name, rezip(t, also(files)), "")
			tried++
		}
	}
	as := func(f map[string][]byte) map[string][]byte { return f }
	changes := slices.Concat(changesOfEvidence(theirs), changesOfTheRest(theirs))
	for name := range theirs {
		changes = append(changes,
			change{name + " changed", func(f map[string][]byte) { f[name] = append(f[name], ' ') }, nil},
			change{name + " removed", func(f map[string][]byte) { delete(f, name) }, nil})
	}
	changes = slices.DeleteFunc(changes, func(c change) bool { return c.name == "as if of the older format" })
	try(s.zip, changes, as)
	// Issued anew by the vault itself, so that the sums say nothing.
	try(s.zip, changesOfEvidence(theirs), func(f map[string][]byte) map[string][]byte { return s.reissue(t, f, bundleFormat) })
	var anchors []change
	for name, c := range changesOfAnchors() {
		anchors = append(anchors, change{"anchor: " + name, c.do, nil})
	}
	try(anchored.zip, anchors, as)
	try(anchored.zip, anchors, func(f map[string][]byte) map[string][]byte { return anchored.reissue(t, f, bundleFormat) })
	b.agree("a member twice in the issue", rezip(t, func() map[string][]byte {
		f := unzip(t, s.zip)
		replaced(fileIssue, `{"record"`, `{"proof":null,"record"`)(f)
		return f
	}()), "")
	b.agree("cut", s.zip[:len(s.zip)/2], "")
	b.agree("nothing", nil, "")
	t.Logf("%d tamperings", tried)
}

// TestThePageShowsRecordsAsText drops a bundle whose texts and records would do
// harm if they were taken for markup.
func TestThePageShowsRecordsAsText(t *testing.T) {
	b := newBrowser(t, "ja")
	const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	s := newSealedOf(t, evil+"\u202etxt.exe\u0007", both(evil, evil), &investigate.Statement{Text: both(evil+"か", evil), Certainty: investigate.Confirmed, Cites: []uint64{5}})
	bundle := filepath.Join(b.dir, "bundle.zip")
	if err := os.WriteFile(bundle, s.zip, 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.SetUploadFiles("#file", []string{bundle}), chromedp.WaitVisible("#result[data-state=good] .verdict"), chromedp.Click("details[data-state=proven] summary"), chromedp.WaitVisible("details[open] pre"))
	text := eval[string](b, `document.getElementById("result").innerText`)
	for _, want := range []string{"検証成功", evil + "か", evil + "[U+202E]txt.exe[U+0007]", s.bundle.PublicKey} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q:\n%s", want, text)
		}
	}
	if title := eval[string](b, "document.title"); title != "konseki verify" {
		t.Errorf("the bundle changed the page: %s", title)
	}
	if dir := os.Getenv("KONSEKI_PICTURES"); dir != "" {
		b.picture(filepath.Join(dir, "page-good.png"))
	}
	b.run(chromedp.Click(`[data-lang=en]`), chromedp.WaitVisible("#result[data-state=good] .verdict"))
	if text := eval[string](b, `document.body.innerText`); !strings.Contains(text, "everything in the bundle is as it was sealed") || !strings.Contains(text, "It does not show that a record was true") {
		t.Errorf("in English it says:\n%s", text)
	}
	files := unzip(t, s.zip)
	replaced(fileEvidence, `"source":"vpn"`, `"source":"vpm"`)(files)
	if err := os.WriteFile(bundle+"2", rezip(t, files), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.SetUploadFiles("#file", []string{bundle + "2"}), chromedp.WaitVisible("#result[data-state=bad] .problems"))
	if dir := os.Getenv("KONSEKI_PICTURES"); dir != "" {
		b.picture(filepath.Join(dir, "page-bad.png"))
	}
}

// picture keeps what the page looks like, for people to look at.
func (b *browser) picture(name string) {
	b.t.Helper()
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(name, shot, 0o600)
	}
	if err != nil {
		b.t.Error(err)
	}
}

// TestThePagesCryptographyIsThatOfTheStandards holds its own hashes and
// signatures against published vectors: FIPS 180-4 and RFC 8032 §7.1.
func TestThePagesCryptographyIsThatOfTheStandards(t *testing.T) {
	b := newBrowser(t, "en")
	for _, c := range []struct{ js, want string }{
		{`hex(sha256(utf8("abc")))`, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{`hex(sha256(utf8("")))`, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{`hex(sha256(utf8("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")))`, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{`hex(sha256(new Uint8Array(1000000).fill(97)))`, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
		{`hex(sha512(utf8("abc")))`, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		{`hex(sha512(utf8("")))`, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
		{`hex(sha512(utf8("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu")))`,
			"8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
		{`(crc32(utf8("123456789")) >>> 0).toString(16)`, "cbf43926"},
	} {
		if got := eval[string](b, c.js); got != c.want {
			t.Errorf("%.60s is %s, want %s", c.js, got, c.want)
		}
	}
	for _, v := range [][3]string{
		{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
		{"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	} {
		js := `(() => { const of = (h) => Uint8Array.from(h.match(/../g) ?? [], (x) => parseInt(x, 16));
			const k = of("` + v[0] + `"), m = of("` + v[1] + `"), s = of("` + v[2] + `"), other = s.slice();
			other[40] ^= 1;
			const late = s.slice();
			let carry = 0, n = L;
			for (let i = 32; i < 64; i++, n >>= 8n) { const x = late[i] + Number(n & 255n) + carry; late[i] = x & 255; carry = x >> 8; }
			return [ownVerify(k, s, m), ownVerify(k, other, m), ownVerify(k, s, utf8("x")), ownVerify(k, late, m)].join(); })()`
		if got := eval[string](b, js); got != "true,false,false,false" {
			t.Errorf("a signature of RFC 8032, another one, over something else, and with S beyond the order: %s", got)
		}
	}
	s := newSealed(t)
	eval[bool](b, `(crypto.subtle.importKey = () => Promise.reject(new Error("no Ed25519")), true)`)
	b.agree("with our own Ed25519", s.zip, "")
	if got := b.ask(s.zip, ""); !got.OK {
		t.Errorf("a good bundle with our own Ed25519: %+v", got)
	}
	files := unzip(t, s.zip)
	files[fileKey] = unzip(t, newSealed(t).zip)[fileKey]
	b.agree("another key with our own Ed25519", rezip(t, files), "")
}

// TestThePageNeedsNothingFromOutside reads it.
func TestThePageNeedsNothingFromOutside(t *testing.T) {
	var b strings.Builder
	if err := page.Write(&b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for _, word := range []string{"http:", "https:", "fetch(", "XMLHttpRequest", "innerHTML", "eval(", "WebSocket", "src=\"", "href="} {
		if strings.Contains(html, word) {
			t.Errorf("the page has %q in it", word)
		}
	}
	if !strings.Contains(html, "default-src 'none'") || strings.Contains(html, "{{") {
		t.Error("the page has not the policy it should have")
	}
	one, err := page.SHA256()
	if err != nil || len(one) != 64 {
		t.Errorf("%s, %v", one, err)
	}
}
