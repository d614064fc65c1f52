package post

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// bulkAnswer is what a client reads of the answer.
type bulkAnswer struct {
	Errors bool `json:"errors"`
	Items  []map[string]struct {
		Index  string `json:"_index"`
		ID     string `json:"_id"`
		Status int    `json:"status"`
		Error  struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"error"`
	} `json:"items"`
}

func TestBulkKeepsTheDocumentByteForByteAndAnswersEachItem(t *testing.T) {
	var m memory
	h, told := withLosses(&m, func(o *Options) { o.Limits = collect.Limits{MaxRecord: 64} })
	body := `{"create":{"_index":"logs-web"}}` + "\n" + `{ "@timestamp": "2026-03-01T00:00:00Z", "n": 1.0 }` + "\r\n" +
		`{"index":{"_id":"x\"1"}}` + "\n" + `not json` + "\n\n" +
		`{"update":{"_id":"7"}}` + "\n" + `{"doc":{}}` + "\n" +
		`{"delete":{"_id":"8"}}` + "\n" +
		`{"create":{}}` + "\n" + strings.Repeat("y", 65) + "\n" +
		`{"create":{}}` + "\n" + `{"last":1}`
	w := ask(h, request("/logs-vpn/_bulk?filter_path=items", "application/x-ndjson", body))
	if w.Code != 200 || w.Header().Get("X-Elastic-Product") != "Elasticsearch" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var got bulkAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	var items []string
	for _, item := range got.Items {
		for action, i := range item {
			items = append(items, strings.Join([]string{action, i.Index, i.ID, http.StatusText(i.Status), i.Error.Type}, " "))
		}
	}
	want := []string{
		"create logs-web 1 Created ", `index logs-vpn x"1 Created `, "update logs-vpn 7 Bad Request illegal_argument_exception",
		"delete logs-vpn 8 Bad Request illegal_argument_exception", "create logs-vpn  Request Entity Too Large illegal_argument_exception", "create logs-vpn 3 Created ",
	}
	if diff := cmp.Diff(want, items); diff != "" || !got.Errors {
		t.Error(diff)
	}
	docs := []string{`{ "@timestamp": "2026-03-01T00:00:00Z", "n": 1.0 }`, "not json", `{"last":1}`}
	if diff := cmp.Diff(docs, raws(m.Recs)); diff != "" {
		t.Error(diff)
	}
	if got := m.Recs[1].Transport; got != "elastic;peer=192.0.2.1;sender=kt_app;auth=token;index=logs-vpn" {
		t.Error(got)
	}
	if diff := cmp.Diff(map[string]int64{"elastic rejected form": 1, "elastic rejected oversize": 1}, reasons(*told)); diff != "" {
		t.Error(diff)
	}
}

func TestBulkTakesNothingOfABodyItCannotRead(t *testing.T) {
	doc := `{"create":{}}` + "\n{}\n"
	for name, tt := range map[string]struct {
		body, media string
		status      int
	}{
		"no action":        {doc + "{}\n{}\n", "", 400},
		"two actions":      {doc + `{"create":{},"index":{}}` + "\n{}\n", "", 400},
		"unknown action":   {doc + `{"drop":{}}` + "\n{}\n", "", 400},
		"no JSON":          {doc + "hello\n{}\n", "", 400},
		"action only":      {doc + `{"create":{}}` + "\n", "", 400},
		"action is a list": {doc + `[]` + "\n{}\n", "", 400},
		"a form":           {doc, "application/x-www-form-urlencoded", 415},
	} {
		var m memory
		h, told := withLosses(&m)
		w := ask(h, request("/_bulk", tt.media, tt.body))
		if w.Code != tt.status || len(m.Recs) != 0 || !strings.Contains(w.Body.String(), `"error":{"type"`) || len(*told) != 1 || (*told)[0].Reason != event.WhyForm {
			t.Errorf("%s: %d %s, %d stored, lost %v", name, w.Code, w.Body, len(m.Recs), *told)
		}
	}
}

func TestBulkAsksToSendAgainWhatTheVaultDidNotTake(t *testing.T) {
	h, told := withLosses(&memory{Fail: func(int) error { return errors.New("broken") }})
	w := ask(h, request("/_bulk", "", `{"create":{}}`+"\n{}\n"+`{"create":{}}`+"\n{}\n"))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || (*told)[0].Records != 2 || (*told)[0].Reason != event.WhyVault {
		t.Errorf("%d %s %v", w.Code, w.Body, *told)
	}
}

func TestABulkBodySentAgainIsCounted(t *testing.T) {
	var m memory
	h, told := withLosses(&m)
	for range 2 {
		ask(h, request("/_bulk", "", `{"create":{}}`+"\n{}\n"))
	}
	if diff := cmp.Diff(map[string]int64{"elastic duplicate same_batch": 1}, reasons(*told)); diff != "" || len(m.Recs) != 2 {
		t.Error(diff)
	}
}

func TestShippersFindTheServerTheyExpect(t *testing.T) {
	h, told := withLosses(&memory{})
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/", `"number":"8.`},
		{"HEAD", "/", ""},
		{"GET", "/ingest/", `"number":"8.`},
		{"GET", "/_license", `"status":"active"`},
		{"GET", "/_xpack", `"license"`},
		{"GET", "/_cluster/health", `"green"`},
		{"GET", "/_cat/health", `"green"`},
		{"GET", "/_nodes/http", `"publish_address"`},
		{"GET", "/_ilm/policy/filebeat", `"filebeat"`},
		{"PUT", "/_ilm/policy/filebeat", `"acknowledged":true`},
		{"HEAD", "/_index_template/filebeat-8.19.0", ""},
		{"PUT", "/_index_template/filebeat-8.19.0", `"acknowledged":true`},
		{"PUT", "/_component_template/a", `"acknowledged":true`},
		{"GET", `/_data_stream/a%22b`, `"a\"b"`},
	} {
		r := httptest.NewRequest(tt.method, tt.path, strings.NewReader("{}"))
		if w := ask(h, r); w.Code != 401 {
			t.Errorf("%s without a token: %d", tt.path, w.Code)
		}
		r.Header.Set("Authorization", "Bearer kt_app")
		w := ask(h, r)
		if w.Code != 200 || w.Header().Get("X-Elastic-Product") != "Elasticsearch" || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, w.Code, w.Body)
		}
		var any any
		if err := json.Unmarshal(w.Body.Bytes(), &any); err != nil {
			t.Errorf("%s: %v", tt.path, err)
		}
	}
	if len(*told) != 0 {
		t.Errorf("questions count as lost: %v", *told)
	}
	for _, tt := range []struct{ method, path string }{{"DELETE", "/_index_template/a"}, {"GET", "/_search"}, {"PUT", "/_license"}} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		r.Header.Set("Authorization", "Bearer kt_app")
		if w := ask(h, r); w.Code != 404 {
			t.Errorf("%s %s: %d", tt.method, tt.path, w.Code)
		}
	}
}
