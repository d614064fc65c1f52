package report

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/report/page"
)

// firefox is a real Firefox, spoken to by its Marionette protocol: lists as JSON,
// each after its length and a colon.
type firefox struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	last int
}

func newFirefox(t *testing.T) *firefox {
	t.Helper()
	program, err := exec.LookPath("firefox-esr")
	if err != nil {
		t.Skip("there is no Firefox: ", err)
	}
	if testing.Short() {
		t.Skip("browser journeys are not short")
	}
	profile := t.TempDir()
	const settings = "user_pref(\"marionette.port\", 0);\nuser_pref(\"app.update.enabled\", false);\nuser_pref(\"network.proxy.type\", 0);\nuser_pref(\"intl.accept_languages\", \"en\");\n"
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	run := exec.CommandContext(ctx, program, "--headless", "--no-remote", "--marionette", "--profile", profile)
	run.Env = append(os.Environ(), "HOME="+profile)
	run.WaitDelay = time.Second
	if err := run.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = run.Wait() })
	f := &firefox{t: t}
	f.until("Firefox listens", func() bool {
		port, err := os.ReadFile(filepath.Join(profile, "MarionetteActivePort"))
		if err == nil && len(port) > 0 {
			f.conn, err = net.Dial("tcp", "127.0.0.1:"+strings.TrimSpace(string(port)))
		}
		return err == nil && f.conn != nil
	})
	t.Cleanup(func() { _ = f.conn.Close() })
	f.in = bufio.NewReader(f.conn)
	f.read() // who it is
	f.do("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{}})
	return f
}

// until waits for something, as long as people would.
func (f *firefox) until(what string, done func() bool) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); !done(); {
		select {
		case <-ctx.Done():
			f.t.Fatal("waited in vain until: ", what)
		case <-tick.C:
		}
	}
}

func (f *firefox) read() (out []byte) {
	f.t.Helper()
	var n int
	_, err := fmt.Fscanf(f.in, "%d:", &n)
	if err == nil {
		out = make([]byte, n)
		_, err = io.ReadFull(f.in, out)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// do sends a command and gives its value.
func (f *firefox) do(name string, with map[string]any) any {
	f.t.Helper()
	f.last++
	b, err := json.Marshal([]any{0, f.last, name, with})
	if err == nil {
		_, err = fmt.Fprintf(f.conn, "%d:%s", len(b), b)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	var answer []any // kind, number, error, result
	if err := json.Unmarshal(f.read(), &answer); err != nil || len(answer) != 4 || answer[2] != nil {
		f.t.Fatalf("%s: %v, %v", name, answer, err)
	}
	result, _ := answer[3].(map[string]any)
	return result["value"]
}

// eval gives what a script on the page comes to, as text.
func (f *firefox) eval(js string) string {
	f.t.Helper()
	return fmt.Sprint(f.do("WebDriver:ExecuteScript", map[string]any{"script": "return " + js, "args": []any{}}))
}

// TestThePageVerifiesInFirefox chooses bundles on the page as people do.
func TestThePageVerifiesInFirefox(t *testing.T) {
	f := newFirefox(t)
	dir := t.TempDir()
	var html strings.Builder
	if err := page.Write(&html); err != nil {
		t.Fatal(err)
	}
	anchored, _ := witnessed(t)
	files := unzip(t, anchored.zip)
	replaced(fileEvidence, `"source":"vpn"`, `"source":"vpm"`)(files)
	for name, content := range map[string]string{filePage: html.String(), "good": string(anchored.zip), "bad": string(rezip(t, files)), "refused": "no bundle"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.do("WebDriver:Navigate", map[string]any{"url": "file://" + filepath.Join(dir, filePage)})
	element, _ := f.do("WebDriver:FindElement", map[string]any{"using": "css selector", "value": "#file"}).(map[string]any)
	for _, want := range []string{"good", "bad", "refused", "good"} {
		for _, id := range element {
			f.do("WebDriver:ElementSendKeys", map[string]any{"id": id, "text": filepath.Join(dir, want)})
		}
		f.until("the page says "+want, func() bool { return f.eval(`document.getElementById("result").dataset.state`) == want })
	}
	rep, err := verify(anchored.zip, "")
	if err != nil {
		t.Fatal(err)
	}
	if rep.Anchored == 0 {
		t.Fatal("no record is anchored")
	}
	text := f.eval("document.documentElement.innerText")
	for _, want := range []string{rep.Anchors[0].Who, fmt.Sprintf("%d records are in the log that a witness remembers", rep.Anchored), fmt.Sprintf("Records proven\n%d\n", rep.Records)} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
}
