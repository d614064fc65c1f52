package post

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

// request is a POST of the sender that may write the source app.
func request(target, media, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer kt_app")
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	return r
}

// ask sends a request to a door.
func ask(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func reasons(told []event.Loss) map[string]int64 {
	sum := map[string]int64{}
	for _, l := range told {
		sum[l.Door+" "+string(l.Kind)+" "+l.Reason] += l.Records
	}
	return sum
}

func TestASenderProvesWhoItIsInTheWayItsProtocolKnows(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("any:kt_app"))
	for header, status := range map[string]int{
		"Bearer kt_app":                   200,
		"bearer  kt_app":                  200,
		"Splunk kt_app":                   200,
		"Basic " + basic:                  200,
		"ApiKey " + basic:                 200,
		"ApiKey kt_app":                   401,
		"Basic %%%":                       401,
		"Digest x":                        401,
		"Bearer":                          401,
		"Bearer kt_bad":                   401,
		"Basic " + strings.ToLower(basic): 401,
	} {
		h, told := withLosses(&memory{})
		r := request("/raw", "", "a\n")
		r.Header.Set("Authorization", header)
		w := ask(h, r)
		if w.Code != status || (status == 401) != (len(*told) == 1) || (status == 401) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%q: %d, losses %v", header, w.Code, *told)
		}
	}
}

func TestACertificateThatIsKnownNeedsNoToken(t *testing.T) {
	var m memory
	h, _ := withLosses(&m, func(o *Options) {
		o.Certificates = []sender.Certificate{{Name: "web1.example.jp", Sources: []string{"web"}}}
	})
	leaf := &x509.Certificate{DNSNames: []string{"web1.example.jp"}, Raw: []byte("der")}
	send := func(state *tls.ConnectionState, header string) int {
		r := httptest.NewRequest(http.MethodPost, "/ingest/jsonlines", strings.NewReader("{}\n"))
		r.TLS = state
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		return ask(h, r).Code
	}
	proved := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: [][]*x509.Certificate{{leaf}}}
	unproved := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
	if got := []int{send(proved, ""), send(unproved, ""), send(nil, ""), send(proved, "Bearer kt_bad")}; !cmp.Equal(got, []int{200, 401, 401, 401}) {
		t.Errorf("answers are %v", got)
	}
	if len(m.Recs) != 1 || m.Recs[0].Source != "web" || m.Recs[0].Transport != "http;peer=192.0.2.1;sender=web1.example.jp;auth=certificate" {
		t.Errorf("%+v", m.Recs)
	}
}

func TestTheSourceIsNamedByHeaderParameterOrToken(t *testing.T) {
	all := func(o *Options) {
		o.Authenticate = func(string) (string, []string, bool) { return "all", []string{"*"}, true }
	}
	for _, tt := range []struct{ target, header, want string }{
		{"/raw?source=vpn", "", "vpn"}, {"/raw?source=vpn", "web", "web"}, {"/raw", "web", "web"}, {"/raw", "", ""},
		{"/services/collector/raw?source=/var/log/x", "web", "web"}, {"/services/collector/raw?source=vpn", "", "vpn"},
	} {
		var m memory
		h, _ := withLosses(&m, all)
		r := request(tt.target, "", "a\n")
		r.Header.Set(SourceHeader, tt.header)
		w := ask(h, r)
		if tt.want == "" {
			if w.Code != 400 {
				t.Errorf("no source: %d", w.Code)
			}
			continue
		}
		if len(m.Recs) != 1 || m.Recs[0].Source != tt.want {
			t.Errorf("%s %q: %d %v", tt.target, tt.header, w.Code, m.Recs)
		}
	}
}

func TestEveryPathIsAlsoBelowIngest(t *testing.T) {
	for path, media := range map[string]string{
		"/v1/logs": "application/json", "/_bulk": "", "/logs-web/_bulk": "", "/services/collector": "", "/services/collector/event/1.0": "",
		"/services/collector/raw": "", "/upload": "", "/raw": "", "/jsonlines": "",
	} {
		h, _ := withLosses(&memory{})
		for _, at := range []string{path, "/ingest" + path} {
			if w := ask(h, request(at, media, "")); w.Code == 404 || w.Code == 415 {
				t.Errorf("%s: %d %s", at, w.Code, w.Body)
			}
		}
		for _, at := range []string{path + "/x", "/ingestx" + path, "/ingest/ingest" + path} {
			if w := ask(h, request(at, media, "")); w.Code != 404 && !strings.HasSuffix(at, "/_bulk") {
				t.Errorf("%s: %d", at, w.Code)
			}
		}
	}
}

func TestASenderFasterThanItsPaceIsToldWhenToGoOn(t *testing.T) {
	var m memory
	h, told := withLosses(&m, func(o *Options) {
		o.Paces = sender.NewPaces(func(name string) sender.Pace {
			if name == "kt_app" {
				return sender.Pace{Records: 0.2}
			}
			return sender.Pace{}
		})
	})
	send := func(token, target, body string) *httptest.ResponseRecorder {
		r := request(target, "", body)
		r.Header.Set("Authorization", "Bearer "+token)
		return ask(h, r)
	}
	if w := send("kt_app", "/raw", "a\nb\nc\n"); w.Code != 200 {
		t.Fatalf("the first: %d", w.Code)
	}
	for _, target := range []string{"/raw", "/_bulk", "/v1/logs", "/services/collector", "/upload"} {
		w := send("kt_app", target, "d\n")
		if w.Code != 429 || w.Header().Get("Retry-After") == "" || w.Header().Get("Retry-After") == "0" {
			t.Errorf("%s: %d, Retry-After %q", target, w.Code, w.Header().Get("Retry-After"))
		}
	}
	if w := send("kt_two", "/raw", "e\n"); w.Code != 200 {
		t.Errorf("another has to wait: %d", w.Code)
	}
	want := map[string]int64{"http rejected pace": 1, "elastic rejected pace": 1, "otlp rejected pace": 1, "hec rejected pace": 1, "journal rejected pace": 1}
	if diff := cmp.Diff(want, reasons(*told)); diff != "" {
		t.Error(diff)
	}
}

func TestOneSenderCannotTakeAllPlaces(t *testing.T) {
	h := hall{maxRequests: 4, maxBytes: 100, of: map[string]*share{}}
	got := []bool{
		h.enter("a"), h.enter("a"), h.enter("a"), // two are half
		h.claim("a", 51), h.claim("a", 50),
		h.enter("b"), h.claim("b", 50), h.enter("c"), h.enter("d"), h.full(),
	}
	if want := []bool{true, true, false, false, true, true, true, true, false, true}; !cmp.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"a", "a", "b", "c"} {
		h.leave(name, h.of[name].bytes)
	}
	if h.in != (share{}) || len(h.of) != 0 {
		t.Errorf("%+v is left", h.in)
	}
}

// TestAStandingBodyEndsAndHoldsUpNobody sends half a body and waits.
func TestAStandingBodyEndsAndHoldsUpNobody(t *testing.T) {
	for path, media := range map[string]string{
		"/jsonlines": "", "/raw?whole=1": "", "/_bulk": "application/json", "/v1/logs": "application/x-protobuf",
		"/services/collector/event": "", "/upload": "application/vnd.fdo.journal",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			told := make(chan event.Loss, 10)
			server := httptest.NewServer(New(&memory{}, Options{
				Idle: 100 * time.Millisecond, Loss: func(l event.Loss) { told <- l },
				Authenticate: func(token string) (string, []string, bool) { return "app", []string{"app"}, token == "kt_app" },
			}))
			defer server.Close()
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, err = io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer kt_app\r\nContent-Type: "+media+"\r\nContent-Length: 100\r\n\r\n{\"a\":")
			if err != nil {
				t.Fatal(err)
			}
			r := request("/raw", "", "b\n")
			r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", server.Listener.Addr().String()
			res, err := http.DefaultClient.Do(r)
			if err != nil || res.StatusCode != 200 {
				t.Fatal(res, err)
			}
			answer, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
				t.Errorf("%q, %v", answer, err)
			}
			if l := <-told; l.Reason != event.WhyDamaged || l.Source != "app" {
				t.Errorf("%+v", l)
			}
		})
	}
}

// TestABodyThatMustBeSeenWholeHasATime sends one byte after the other.
func TestABodyThatMustBeSeenWholeHasATime(t *testing.T) {
	server := httptest.NewServer(New(&memory{}, Options{
		Idle: time.Second, Whole: 200 * time.Millisecond,
		Authenticate: func(token string) (string, []string, bool) { return "app", []string{"app"}, true },
	}))
	defer server.Close()
	r, w := io.Pipe()
	go func() {
		for range 100 {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			<-time.After(20 * time.Millisecond)
		}
		w.Close()
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/_bulk", r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer x")
	if res, err := http.DefaultClient.Do(req); err == nil && res.StatusCode != 408 {
		t.Errorf("%v", res.Status)
	}
}

func TestWholeBodiesAreBounded(t *testing.T) {
	big := strings.Repeat(" ", 1<<20)
	for _, path := range []string{"/_bulk", "/v1/logs", "/services/collector", "/raw?whole=1"} {
		for encoding, status := range map[string]int{"": 413, "gzip": 413} {
			h, told := withLosses(&memory{}, func(o *Options) { o.MaxBody, o.Limits = 1000, collect.Limits{MaxRecord: 1000} })
			r := request(path, "application/json", big)
			if encoding != "" {
				r = request(path, "application/json", string(gz([]byte(big))))
				r.Header.Set("Content-Encoding", encoding)
			}
			if w := ask(h, r); w.Code != status || len(*told) != 1 || (*told)[0].Reason != event.WhyOversize {
				t.Errorf("%s %q: %d %v", path, encoding, w.Code, *told)
			}
		}
	}
	// What bodies hold in memory is bounded over all requests.
	h, told := withLosses(&memory{}, func(o *Options) { o.MaxBytes = 1 << 20 })
	if w := ask(h, request("/_bulk", "application/json", big)); w.Code != 503 || (*told)[0].Reason != event.WhyBusy || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, *told)
	}
}

func TestRawTakesLinesOrTheWholeBody(t *testing.T) {
	var m memory
	h, _ := withLosses(&m)
	for _, tt := range []struct {
		target string
		want   []string
	}{
		{"/ingest/raw", []string{"a", " b", "<13>c"}},
		{"/ingest/raw?whole=1", []string{"a\r\n b\n\n<13>c\n"}},
		{"/ingest/raw?whole=no", []string{"a", " b", "<13>c"}},
	} {
		m.Recs = nil
		if w := ask(h, request(tt.target, "text/plain; charset=utf-8", "a\r\n b\n\n<13>c\n")); w.Code != 200 {
			t.Errorf("%s: %d %s", tt.target, w.Code, w.Body)
		}
		if diff := cmp.Diff(tt.want, raws(m.Recs)); diff != "" {
			t.Errorf("%s: %s", tt.target, diff)
		}
	}
}
