package post

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

const someChannel = "0f1e2d3c-0000-4000-8000-00000000abcd"

func TestHECKeepsEachObjectByteForByte(t *testing.T) {
	var m memory
	h, _ := withLosses(&m)
	w := ask(h, request("/services/collector/event", "application/x-www-form-urlencoded", `{"time": 1767225600.000, "event":"a"}{"event":{"a":1,"a":2}, "host":"é"}`+"\r\n\t"+` {"event" : 0}`))
	if w.Code != 200 || w.Body.String() != `{"text":"Success","code":0}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	want := []string{`{"time": 1767225600.000, "event":"a"}`, `{"event":{"a":1,"a":2}, "host":"é"}`, `{"event" : 0}`}
	if diff := cmp.Diff(want, raws(m.Recs)); diff != "" {
		t.Error(diff)
	}
	if got := m.Recs[0].Transport; got != "hec;peer=192.0.2.1;sender=kt_app;auth=token" {
		t.Error(got)
	}
}

func TestHECAnswersWithTheDocumentedNumbers(t *testing.T) {
	full := &memory{Fail: func(int) error { return errors.New("broken") }}
	for name, tt := range map[string]struct {
		target, authorization, channel, body string
		to                                   collect.Appender
		status                               int
		answer                               string
		stored                               int
	}{
		"no token":        {authorization: "-", body: `{"event":1}`, status: 401, answer: `"code":2`},
		"token in query":  {authorization: "-", target: "?token=kt_app", body: `{"event":1}`, status: 400, answer: `"code":16`},
		"not a scheme":    {authorization: "kt_app", body: `{"event":1}`, status: 401, answer: `"code":3`},
		"unknown token":   {authorization: "Splunk kt_bad", body: `{"event":1}`, status: 403, answer: `"code":4`},
		"no data":         {body: " ", status: 400, answer: `"code":5`},
		"no JSON":         {body: "hello", status: 400, answer: `"code":6,"invalid-event-number":0`},
		"a list":          {body: `[{"event":1}]`, status: 400, answer: `"code":6,"invalid-event-number":0`},
		"half an object":  {body: `{"event":1}{"event":2`, status: 400, answer: `"code":6,"invalid-event-number":1`, stored: 1},
		"another source":  {target: "?source=vpn", authorization: "Splunk kt_app", body: `{"event":1}`, status: 200, stored: 1},
		"reserved source": {authorization: "Splunk kt_own", body: `{"event":1}`, status: 400, answer: `"code":7`},
		"vault broken":    {to: full, body: `{"event":1}`, status: 503, answer: `"code":9`},
		"bad channel":     {channel: "7", body: `{"event":1}`, status: 400, answer: `"code":11`},
		"no event":        {body: `{"event":1}{"e":1}{"event":2}`, status: 400, answer: `"code":12,"invalid-event-number":1`, stored: 1},
		"null event":      {body: `{"event":null}`, status: 400, answer: `"code":12,"invalid-event-number":0`},
		"blank event":     {body: `{"event":""}`, status: 400, answer: `"code":13,"invalid-event-number":0`},
		"too long":        {body: `{"event":"` + strings.Repeat("x", 100) + `"}`, status: 400, answer: `"code":6`},
	} {
		t.Run(name, func(t *testing.T) {
			var m memory
			if tt.to == nil {
				tt.to = &m
			}
			h, told := withLosses(tt.to, func(o *Options) {
				o.Limits = collect.Limits{MaxRecord: 64}
				before := o.Authenticate
				o.Authenticate = func(token string) (string, []string, bool) {
					if token == "kt_own" {
						return "own", []string{"konseki.case"}, true
					}
					return before(token)
				}
			})
			r := request("/services/collector"+tt.target, "", tt.body)
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			if tt.authorization == "-" {
				r.Header.Del("Authorization")
			}
			r.Header.Set("X-Splunk-Request-Channel", tt.channel)
			w := ask(h, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.answer) || len(m.Recs) != tt.stored {
				t.Errorf("%d %s, %d stored", w.Code, w.Body, len(m.Recs))
			}
			if (w.Code == 200) == (len(*told) > 0) {
				t.Errorf("losses: %v", *told)
			}
		})
	}
}

func TestHECTellsThatAChannelsIDsAreDurable(t *testing.T) {
	h, told := withLosses(&memory{})
	for i, want := range []string{`{"text":"Success","code":0,"ackId":0}`, `{"text":"Success","code":0,"ackId":1}`} {
		r := request("/services/collector/raw?channel="+someChannel, "", "a "+strings.Repeat("x", i))
		if w := ask(h, r); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	for _, tt := range []struct {
		target, body string
		status       int
		want         string
	}{
		{"?channel=" + someChannel, `{"acks":[0,1,2]}`, 200, `{"acks":{"0":true,"1":true,"2":false}}`},
		{"", `{"acks":[0]}`, 400, `"code":10`},
		{"?channel=" + someChannel, `{"acks":[-1]}`, 400, `"code":6`},
	} {
		if w := ask(h, request("/services/collector/ack"+tt.target, "", tt.body)); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s", tt.body, w.Code, w.Body)
		}
	}
	if len(*told) != 0 {
		t.Errorf("questions count as lost: %v", *told)
	}
	r := httptest.NewRequest(http.MethodPost, "/services/collector/ack?channel="+someChannel, strings.NewReader(`{"acks":[0]}`))
	if w := ask(h, r); w.Code != 401 {
		t.Errorf("without a token: %d", w.Code)
	}
}

func TestHECRawRefusesNothing(t *testing.T) {
	var m memory
	h, told := withLosses(&m)
	if w := ask(h, request("/services/collector/raw", "", "a\n{\"b\n")); w.Code != 200 || len(m.Recs) != 2 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := ask(h, request("/services/collector/raw", "", "a\n"+strings.Repeat("x", 100)+"\nb\n"))
	if w.Code != 413 || len(m.Recs) != 3 || (*told)[0].Reason != event.WhyOversize {
		t.Errorf("%d %s %v", w.Code, w.Body, *told)
	}
}

func TestHECIsHealthyWhileThereIsRoom(t *testing.T) {
	h := New(&memory{}, Options{MaxRequests: 1})
	get := func() string {
		return ask(h, httptest.NewRequest(http.MethodGet, "/services/collector/health", nil)).Body.String()
	}
	if got := get(); !strings.Contains(got, `"code":17`) {
		t.Error(got)
	}
	h.hall.enter("a")
	if got := get(); !strings.Contains(got, `"code":18`) {
		t.Error(got)
	}
}
