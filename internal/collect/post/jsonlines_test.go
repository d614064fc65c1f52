package post

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/konseki/konseki/internal/collect"
)

func lineServer(m collect.Appender, limits collect.Limits) http.Handler {
	return New(m, Options{
		Limits: limits,
		Place:  func(string) (string, string) { return "Asia/Tokyo", "configured" },
		Authenticate: func(token string) (string, []string, bool) {
			switch token {
			case "kt_app":
				return "app", []string{"app"}, true
			case "kt_all":
				return "all", []string{"*"}, true
			}
			return "", nil, false
		},
	})
}

func post(h http.Handler, target, token, encoding string, body io.Reader) (*http.Response, map[string]any) {
	r := httptest.NewRequest(http.MethodPost, target, body)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	return answerOf(h, r)
}

func answerOf(h http.Handler, r *http.Request) (*http.Response, map[string]any) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		got = map[string]any{"not json": w.Body.String()}
	}
	return w.Result(), got
}

func TestJSONLinesAcknowledgesWhatTheVaultHas(t *testing.T) {
	var m memory
	h := lineServer(&m, collect.Limits{})
	zs, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("{\"a\":1}\n\n{\"b\":2}\r\nnot json")
	for i, tt := range []struct {
		encoding string
		body     []byte
	}{{"", text}, {"gzip", gz(text)}, {"zstd", zs.EncodeAll(text, nil)}} {
		res, got := post(h, "/ingest/jsonlines?source=app&host=web1", "kt_app", tt.encoding, bytes.NewReader(tt.body))
		want := map[string]any{"records": 3.0, "first": float64(3*i + 1), "last": float64(3*i + 3)}
		if diff := cmp.Diff(want, got); diff != "" || res.StatusCode != 200 {
			t.Errorf("%q: %d %s", tt.encoding, res.StatusCode, diff)
		}
	}
	if diff := cmp.Diff([]string{`{"a":1}`, `{"b":2}`, "not json"}, raws(m.Recs[:3])); diff != "" {
		t.Error(diff)
	}
	if rec := m.Recs[0]; rec.Source != "app" || rec.Transport != "http;tz=Asia%2FTokyo;tzfrom=configured;host=web1;peer=192.0.2.1;sender=app;auth=token" {
		t.Errorf("%+v", rec)
	}
	if _, got := post(h, "/ingest/jsonlines", "kt_app", "", strings.NewReader("")); got["records"] != 0.0 {
		t.Errorf("an empty body: %v", got)
	}
}

func TestJSONLinesRefuses(t *testing.T) {
	long := strings.Repeat("x", 200)
	limits := collect.Limits{MaxLine: 100, RatioFrom: 1 << 20, MaxRatio: 10}
	zeros := gz(bytes.Repeat([]byte("0123456789\n"), 1<<18))
	for _, tt := range []struct {
		name, target, token, encoding, body string
		status                              int
		stored                              float64
	}{
		{"no token", "?source=app", "", "", "{}", 401, 0},
		{"bad token", "?source=app", "kt_no", "", "{}", 401, 0},
		{"another source", "?source=vpn", "kt_app", "", "{}", 403, 0},
		{"konseki's source", "?source=konseki.case", "kt_all", "", "{}", 403, 0},
		{"konseki's source in capitals", "?source=KONSEKI.case", "kt_all", "", "{}", 403, 0},
		{"no source", "", "kt_all", "", "{}", 400, 0},
		{"unknown encoding", "?source=app", "kt_app", "br", "{}", 415, 0},
		{"not gzip", "?source=app", "kt_app", "gzip", "{}", 400, 0},
		{"truncated gzip", "?source=app", "kt_app", "gzip", string(gz([]byte("a\nb\nc"))[:12]), 400, -1},
		{"bomb", "?source=app", "kt_app", "gzip", string(zeros), 413, -1},
		{"long line", "?source=app", "kt_app", "", "a\nb\n" + long + "\nc\n", 413, 2},
		{"long last line", "?source=app", "kt_app", "", "a\n" + long, 413, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m memory
			res, got := post(lineServer(&m, limits), "/ingest/jsonlines"+tt.target, tt.token, tt.encoding, strings.NewReader(tt.body))
			if res.StatusCode != tt.status || got["error"] == nil {
				t.Errorf("%d %v", res.StatusCode, got)
			}
			if got["records"] != float64(len(m.Recs)) || tt.stored >= 0 && got["records"] != tt.stored {
				t.Errorf("%v, %d stored", got, len(m.Recs))
			}
		})
	}
}

func TestJSONLinesRefusesMethodsAndForms(t *testing.T) {
	h := lineServer(&memory{}, collect.Limits{})
	res, _ := answerOf(h, httptest.NewRequest(http.MethodGet, "/ingest/jsonlines", nil))
	if res.StatusCode != 405 || res.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d", res.StatusCode)
	}
	r := httptest.NewRequest(http.MethodPost, "/ingest/jsonlines?source=app", strings.NewReader("--x"))
	r.Header.Set("Authorization", "bearer kt_app")
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if res, _ := answerOf(h, r); res.StatusCode != 415 {
		t.Errorf("a form: %d", res.StatusCode)
	}
}

func TestJSONLinesTellsHowFarItCame(t *testing.T) {
	text := strings.Repeat("{}\n", 2*batchRecords+10)
	for _, tt := range []struct {
		err    error
		status int
	}{{syscall.ENOSPC, 503}, {errors.New("broken"), 503}} {
		m := memory{Fail: func(call int) error {
			if call == 3 {
				return tt.err
			}
			return nil
		}}
		res, got := post(lineServer(&m, collect.Limits{}), "/ingest/jsonlines?source=app", "kt_app", "", strings.NewReader(text))
		if res.StatusCode != tt.status || res.Header.Get("Retry-After") == "" || got["records"] != float64(2*batchRecords) || got["last"] != float64(2*batchRecords) {
			t.Errorf("%v: %d %v", tt.err, res.StatusCode, got)
		}
	}
}

func TestJSONLinesStoresNoHalfLine(t *testing.T) {
	var m memory
	body := io.MultiReader(strings.NewReader("{\"a\":1}\n{\"b\":2}\n{\"c\":"), iotest.ErrReader(io.ErrUnexpectedEOF))
	res, got := post(lineServer(&m, collect.Limits{}), "/ingest/jsonlines?source=app", "kt_app", "", body)
	if res.StatusCode != 400 || got["records"] != 2.0 || len(m.Recs) != 2 {
		t.Errorf("%d %v, %q", res.StatusCode, got, raws(m.Recs))
	}
}

func TestJSONLinesStreamsOverARealConnection(t *testing.T) {
	var m memory
	server := httptest.NewServer(lineServer(&m, collect.Limits{}))
	defer server.Close()
	r, w := io.Pipe()
	go func() {
		for range 20_000 {
			io.WriteString(w, "{\"message\":\""+strings.Repeat("y", 100)+"\"}\n")
		}
		w.Close()
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/ingest/jsonlines?source=app", r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer kt_app")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || len(m.Recs) != 20_000 || m.Calls < 2 {
		t.Errorf("%d, %d records in %d appends", res.StatusCode, len(m.Recs), m.Calls)
	}
}
