package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/vault"
)

// postSite is a konseki whose HTTP door takes an API token and a client
// certificate, over TLS.
type postSite struct {
	*served
	data, trust, token    string
	clientCert, clientKey string
	base                  string // https://host:port of the senders' own door
	browser               *http.Client
}

func newPostSite(t *testing.T) *postSite {
	t.Helper()
	dir := t.TempDir()
	s := &postSite{
		data: filepath.Join(dir, "data"), trust: filepath.Join(dir, "cert.pem"),
		clientCert: filepath.Join(dir, "client.pem"), clientKey: filepath.Join(dir, "client.key"),
	}
	trust := selfIssued(t, s.trust, filepath.Join(dir, "key.pem"), "konseki.example.jp")
	selfIssued(t, s.clientCert, s.clientKey, "web1.example.jp")
	writeFile(t, filepath.Join(s.data, "konseki.yaml"), fmt.Sprintf(
		"zone: UTC\nweb: 127.0.0.1:0\nhttp: 127.0.0.1:0\ntls: {certificate: %s, key: %s, clients: %s}\nsenders: [{name: web1.example.jp, sources: [journal]}]\n",
		s.trust, filepath.Join(dir, "key.pem"), s.clientCert), 0o600)
	serve(t, s.data, 0).stop(t)
	s.token = strings.TrimSpace(must(t, s.data, "token", "add", "shop", "--source", "app"))
	s.served = serve(t, s.data, 0)
	s.browser = s.signIn(t, trust)
	s.base = strings.TrimSuffix(s.ingest, "/ingest/jsonlines")
	return s
}

// selfIssued makes a certificate of a name and 127.0.0.1 that was issued by
// itself, and what trusts it.
func selfIssued(t *testing.T, certFile, keyFile, name string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	writeFile(t, certFile, string(text), 0o600)
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), 0o600)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// kept is a record as it lies in the vault.
type kept struct{ Source, Transport, Raw string }

// records stops the site and gives the records that came in by a transport.
func (s *postSite) records(t *testing.T, kind string) []kept {
	t.Helper()
	s.stop(t)
	v, err := vault.Open(filepath.Join(s.data, "vault"), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	var all []kept
	for rec, err := range v.Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(rec.Transport, ";"); got == kind {
			all = append(all, kept{rec.Source, rec.Transport, string(rec.Raw)})
		}
	}
	return all
}

// shows waits until the search page for a query holds a text.
func (s *postSite) shows(t *testing.T, query, text string) {
	t.Helper()
	within(t, 30*time.Second, fmt.Sprintf("the page for %q shows %q", query, text), func() bool {
		code, page, err := get(t.Context(), s.browser, s.web+"/explore?q="+url.QueryEscape(query))
		return err == nil && code == http.StatusOK && strings.Contains(page, text)
	})
}

// run runs a program to its end.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func TestCurlPostsInEveryProtocol(t *testing.T) {
	curl := program(t, "curl")
	s := newPostSite(t)
	post := func(path, header, body string, more ...string) string {
		args := append([]string{"-sS", "--cacert", s.trust, "-H", header, "--data-binary", body}, more...)
		return run(t, curl, append(args, s.base+path)...)
	}
	bearer := "Authorization: Bearer " + s.token
	for name, got := range map[string][2]string{
		"lines": {post("/ingest/raw", bearer, "first\nsecond\n"), `{"records":2,`},
		"whole": {post("/ingest/raw?whole=1", bearer, "third\nwith two lines"), `{"records":1,`},
		"bulk": {post("/_bulk", "Content-Type: application/x-ndjson", `{"create":{}}`+"\n"+`{"n":1}`+"\n", "-H",
			"Authorization: ApiKey "+base64.StdEncoding.EncodeToString([]byte("id:"+s.token))), `"errors":false`},
		"hec":         {post("/services/collector", "Authorization: Splunk "+s.token, `{"event":"hello"}`), `"code":0`},
		"otlp":        {post("/v1/logs", bearer, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}`, "-H", "Content-Type: application/json"), `{}`},
		"certificate": {post("/upload", "Content-Type: application/vnd.fdo.journal", "MESSAGE=x\n\n", "--cert", s.clientCert, "--key", s.clientKey), "OK."},
		"nobody":      {post("/ingest/raw", "X: y", "first\n"), `{"error":"send an API token`},
	} {
		if !strings.Contains(got[0], got[1]) {
			t.Errorf("%s: %s", name, got[0])
		}
	}
	if got := s.records(t, "http"); len(got) != 3 || got[2].Raw != "third\nwith two lines" && got[0].Raw != "third\nwith two lines" {
		t.Errorf("%+v", got)
	}
}

// TestRsyslogPostsToElasticsearch lets a real rsyslogd send what programs log to
// what it takes for an Elasticsearch.
func TestRsyslogPostsToElasticsearch(t *testing.T) {
	rsyslogd := program(t, "rsyslogd")
	if _, err := os.Stat("/usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so"); err != nil {
		t.Skip("omelasticsearch is absent: install rsyslog-elasticsearch to run this test")
	}
	s := newPostSite(t)
	dir, err := os.MkdirTemp("", "rsyslog")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	logFile, failed := filepath.Join(dir, "app.log"), filepath.Join(dir, "failed")
	writeFile(t, filepath.Join(dir, "rsyslog.conf"), fmt.Sprintf(`global(workDirectory="%[1]s")
module(load="imfile" mode="inotify")
module(load="omelasticsearch")
input(type="imfile" File="%[2]s" Tag="app:" ruleset="out")
template(name="doc" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
ruleset(name="out") {
  action(type="omelasticsearch" server="127.0.0.1" serverport="%[3]s" usehttps="on" tls.cacert="%[4]s" uid="konseki" pwd="%[5]s"
    template="doc" searchIndex="logs-app" searchType="" bulkmode="on" maxbytes="1m" errorfile="%[6]s" action.resumeRetryCount="-1" action.resumeInterval="1")
}
`, dir, logFile, port(t, strings.TrimPrefix(s.base, "https://")), s.trust, s.token, failed), 0o600)
	var lines strings.Builder
	for i := range 500 {
		fmt.Fprintf(&lines, "order %d was \"changed\"\n", i)
	}
	writeFile(t, logFile, lines.String(), 0o600)
	daemon(t, exec.CommandContext(t.Context(), rsyslogd, "-n", "-f", filepath.Join(dir, "rsyslog.conf"), "-i", filepath.Join(dir, "pid")))
	s.shows(t, `source:app "order 499"`, "order 499 was ")
	if text, err := os.ReadFile(failed); err == nil {
		t.Errorf("rsyslog has refused items: %s", text)
	}
	seen := map[string]int{}
	for _, rec := range s.records(t, "elastic") {
		var doc struct {
			Message string `json:"message"`
		}
		if err := json.Unmarshal([]byte(rec.Raw), &doc); err != nil || rec.Source != "app" || !strings.Contains(rec.Transport, "index=logs-app") {
			t.Fatalf("%v: %+v", err, rec)
		}
		seen[doc.Message]++
	}
	if len(seen) != 500 || seen[`order 499 was "changed"`] != 1 {
		t.Errorf("%d messages arrived", len(seen))
	}
}

// TestTheJournalIsUploaded lets the real systemd-journal-upload send a journal
// over TLS, known by its certificate, and go on where it was.
func TestTheJournalIsUploaded(t *testing.T) {
	remote, upload := program(t, "/lib/systemd/systemd-journal-remote"), program(t, "/lib/systemd/systemd-journal-upload")
	s := newPostSite(t)
	dir := t.TempDir()
	journal := filepath.Join(dir, "system.journal")
	export := func(from, to int) {
		var b strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0f1e2d3c4b5a69788796a5b4c3d2e1f0\n_HOSTNAME=web1\n", 1767225600000000+i, i+1)
			fmt.Fprintf(&b, "MESSAGE\n%s\n\n", "\x0d\x00\x00\x00\x00\x00\x00\x00"+fmt.Sprintf("line\nnumber%02d", i%100)[:13])
		}
		writeFile(t, filepath.Join(dir, "export"), b.String(), 0o600)
		run(t, remote, "-o", journal, filepath.Join(dir, "export"))
	}
	send := func() {
		run(t, upload, "--url="+s.base, "--trust="+s.trust, "--cert="+s.clientCert, "--key="+s.clientKey,
			"--file="+journal, "--follow=no", "--save-state="+filepath.Join(dir, "state"))
	}
	export(0, 300)
	send()
	send() // nothing is new; systemd 252 sends the last entry again
	got := s.records(t, "journal")
	times := map[string]int{}
	for _, rec := range got {
		cursor, _, _ := strings.Cut(rec.Raw, "\n")
		times[cursor]++
	}
	if last, _, _ := strings.Cut(got[len(got)-1].Raw, "\n"); len(times) != 300 || len(got)-300 > 1 || times[last] != len(got)-299 {
		t.Fatalf("%d entries arrived, %d of them different", len(got), len(times))
	}
	first := got[0]
	if first.Source != "journal" || !strings.Contains(first.Transport, "sender=web1.example.jp;auth=certificate") ||
		!strings.HasPrefix(first.Raw, "__CURSOR=") || !strings.Contains(first.Raw, "\nMESSAGE\n\x0d\x00\x00\x00\x00\x00\x00\x00line\nnumber00\n") {
		t.Errorf("%+v", first)
	}
}

// TestOpenTelemetrysExporterIsAnswered builds OpenTelemetry's own exporter, a
// module beside this one, and lets it send.
func TestOpenTelemetrysExporterIsAnswered(t *testing.T) {
	sender := filepath.Join(t.TempDir(), "otlpclient")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", sender, ".")
	build.Dir = filepath.Join("testdata", "otlpclient")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("OpenTelemetry's exporter cannot be built here: %v\n%s", err, out)
	}
	s := newPostSite(t)
	cmd := exec.CommandContext(t.Context(), sender, s.base+"/v1/logs", s.token, "1000")
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+s.trust)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := s.records(t, "otlp")
	if len(got) != 1000 {
		t.Fatalf("%d records arrived", len(got))
	}
	for _, want := range []string{
		`{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]}`, `"scope":{"name":"audit"}`,
		`"body":{"stringValue":"order 0 was changed"}`, `{"key":"order","value":{"intValue":"0"}}`,
	} {
		if !strings.Contains(got[0].Raw, want) {
			t.Errorf("%s lacks %s", got[0].Raw, want)
		}
	}
}
