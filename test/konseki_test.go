// Package e2e runs the built konseki the way people and machines use it: with
// real daemons that send to it, killed without warning, on a full disk.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// binaryEnv tells the tests where TestMain has built konseki.
const binaryEnv = "KONSEKI_TEST_BINARY"

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	if data := os.Getenv(doorEnv); data != "" {
		if err := door(data); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	dir, err := os.MkdirTemp("", "konseki-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "konseki")
	build := exec.Command("go", "build", "-o", binary, "github.com/konseki/konseki/cmd/konseki")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build konseki: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(binaryEnv, binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// konseki is the command on a data folder.
func konseki(t *testing.T, data string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Getenv(binaryEnv), append([]string{"--data", data}, args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LANG=C.UTF-8")
	return cmd
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return result{failed.ExitCode(), out.String(), talk.String()}
	}
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return result{0, out.String(), talk.String()}
}

// must runs a command that has to end with exit code 0 and gives its output.
func must(t *testing.T, data string, args ...string) string {
	t.Helper()
	r := finish(t, konseki(t, data, args...))
	if r.code != 0 {
		t.Fatalf("konseki %v: exit %d\n%s%s", args, r.code, clip(r.stdout), r.stderr)
	}
	return r.stdout
}

func clip(s string) string {
	if len(s) > 2000 {
		return s[:2000] + " …"
	}
	return s
}

// hit is what the tests look at of a line of search --json: an event, or the
// answer at the end.
type hit struct {
	Record  uint64            `json:"record"`
	Source  string            `json:"source"`
	Format  string            `json:"format"`
	User    string            `json:"actor_user"`
	Object  string            `json:"object"`
	Status  int               `json:"status_id"`
	SrcIP   string            `json:"src_ip"`
	State   string            `json:"statement"`
	Fields  map[string]string `json:"fields"`
	Verdict string            `json:"verdict"`
	Found   int64             `json:"found"`
	Next    string            `json:"next"`
}

// search gives every event that a query finds, page by page.
func search(t *testing.T, data, query string) []hit {
	t.Helper()
	var all []hit
	for after := ""; ; {
		args := []string{"search", query, "--json", "--oldest", "--limit", "10000"}
		if after != "" {
			args = append(args, "--after", after)
		}
		var end hit
		for line := range strings.Lines(must(t, data, args...)) {
			end = hit{}
			if err := json.Unmarshal([]byte(line), &end); err != nil {
				t.Fatalf("search %s: %v: %s", query, err, line)
			}
			if end.Verdict == "" {
				all = append(all, end)
			}
		}
		if end.Verdict == "" {
			t.Fatalf("search %s did not end with a verdict", query)
		}
		if after = end.Next; after == "" {
			if int64(len(all)) != end.Found {
				t.Fatalf("search %s lists %d events and counts %d", query, len(all), end.Found)
			}
			return all
		}
	}
}

// served is a konseki that serves.
type served struct {
	cmd               *exec.Cmd
	web, link, ingest string
	syslog            map[string]string
	ended             chan error
	logged            *bytes.Buffer // read it after ended only
}

// serve starts konseki serve and waits until all its doors are open.
func serve(t *testing.T, data string, doors int, args ...string) *served {
	t.Helper()
	return await(t, konseki(t, data, append([]string{"serve"}, args...)...), doors)
}

// await starts a program that serves and waits until all its doors are open.
func await(t *testing.T, cmd *exec.Cmd, doors int) *served {
	t.Helper()
	s := &served{cmd: cmd, syslog: map[string]string{}, ended: make(chan error, 1), logged: &bytes.Buffer{}}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	talk, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	lines := make(chan string, 64)
	go func() {
		_ = pump(out, lines, io.Discard)
		rest := pump(talk, lines, s.logged)
		close(lines)
		s.ended <- errors.Join(rest, s.cmd.Wait())
	}()
	deadline := time.After(30 * time.Second)
	for s.web == "" || s.ingest == "" || len(s.syslog) < doors {
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("konseki serve ended: %v\n%s", <-s.ended, s.logged)
			}
			s.note(line)
		case <-deadline:
			t.Fatal("konseki serve did not open its doors")
		}
	}
	go func() {
		for range lines { // so that it never blocks
		}
	}()
	return s
}

// pump sends the first line of standard output, or every line of standard
// error, to lines.
func pump(r io.Reader, lines chan<- string, logged io.Writer) error {
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		fmt.Fprintln(logged, sc.Text())
		lines <- sc.Text()
		if logged == io.Discard {
			return nil
		}
	}
	return sc.Err()
}

func (s *served) note(line string) {
	switch word, rest, _ := strings.Cut(line, " "); {
	case strings.HasPrefix(line, "http"):
		s.link = line
		if at, err := url.Parse(line); err == nil {
			s.web = at.Scheme + "://" + at.Host
		}
	case word == "ingest":
		s.ingest = strings.TrimSpace(rest)
	case word == "syslog":
		network, addr, _ := strings.Cut(strings.TrimSpace(rest), " ")
		s.syslog[network] = addr
	}
}

// stop asks it to stop, as systemd does, and waits.
func (s *served) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Fatalf("konseki serve ended: %v\n%s", err, s.logged)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("konseki serve did not stop")
	}
}

// signIn spends the one-time link and gives a browser that is signed in.
func (s *served) signIn(t *testing.T, trust *tls.Config) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: trust}}
	link, err := url.Parse(s.link)
	if err != nil || link.Query().Get("token") == "" {
		t.Fatalf("serve printed %q, which is no one-time link", s.link)
	}
	form := url.Values{"token": {link.Query().Get("token")}, "name": {"m.ito"}, "password": {"correct horse battery"}, "again": {"correct horse battery"}}
	res, err := browser.PostForm(s.web+"/signin/link", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/explore" {
		t.Fatalf("signing in led to %s: %s", res.Request.URL, res.Status)
	}
	return browser
}

// get reads a page.
func get(ctx context.Context, browser *http.Client, address string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := browser.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// within asks again every 20 ms until it is true, and tells how long it took.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Since(began) > limit {
			t.Fatalf("%s: not within %s", what, limit)
		}
		<-tick.C
	}
	return time.Since(began)
}

// program finds a program of the machine and skips the test where it is absent.
func program(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		for _, dir := range []string{"", "/usr/sbin", "/usr/bin", "/usr/lib/postgresql/15/bin"} {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path
			}
		}
	}
	t.Skipf("%s is absent: install it to run this test", strings.Join(names, ", "))
	return ""
}

// shared finds a path of the sample collections, which stand beside the
// repository, and skips the test where they are absent.
func shared(t *testing.T, elem ...string) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(append([]string{filepath.Dir(root), "shared"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("../shared is absent: %v", err)
	}
	return path
}

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// daemon starts a program that ends with the test; its output is shown when
// the test fails.
func daemon(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// The test's context has ended by the time it cleans up: a daemon that is
	// killed then leaves its children behind, so it is asked first.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), clip(out.String()))
		}
	})
	return cmd
}
