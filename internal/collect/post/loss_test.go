package post

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// withLosses is the HTTP door with the losses it told of.
func withLosses(m collect.Appender, change ...func(*Options)) (http.Handler, *[]event.Loss) {
	var told []event.Loss
	opts := Options{
		Limits: collect.Limits{MaxLine: 64, MaxUnpacked: 4096, MaxRatio: 10, RatioFrom: 1024},
		Loss:   func(l event.Loss) { told = append(told, l) },
		Authenticate: func(token string) (string, []string, bool) {
			return token, []string{"app"}, token == "kt_app" || token == "kt_two"
		},
	}
	for _, f := range change {
		f(&opts)
	}
	return New(m, opts), &told
}

func TestJSONLinesCountsEachRefusal(t *testing.T) {
	full := &memory{Fail: func(int) error { return errors.New("disk full") }}
	for _, tt := range []struct {
		name, target, token, encoding, body string
		to                                  collect.Appender
		want                                event.Loss
	}{
		{"no token", "/jsonlines?source=app", "", "", "a\n", nil, event.Loss{Reason: event.WhyToken, Bytes: 2}},
		{"a wrong token claims a source", "/jsonlines?source=app", "kt_bad", "", "a\n", nil, event.Loss{Reason: event.WhyToken, Bytes: 2}},
		{"a reserved source", "/jsonlines?source=konseki.case", "kt_app", "", "a\n", nil, event.Loss{Reason: event.WhyForbidden, Bytes: 2}},
		{"another's source", "/jsonlines?source=vpn", "kt_app", "", "a\n", nil, event.Loss{Reason: event.WhyForbidden, Bytes: 2}},
		{"an unknown encoding", "/jsonlines", "kt_app", "br", "a\n", nil, event.Loss{Source: "app", Reason: event.WhyForm, Bytes: 2}},
		{"not gzip", "/jsonlines", "kt_app", "gzip", "a\n", nil, event.Loss{Source: "app", Reason: event.WhyDamaged, Bytes: 2}},
		{"a line too long", "/jsonlines", "kt_app", "", "a\n" + strings.Repeat("x", 100) + "\n", nil, event.Loss{Source: "app", Reason: event.WhyOversize, Bytes: 103}},
		{"a full vault", "/jsonlines", "kt_app", "", "a\nb\nc\n", full, event.Loss{Source: "app", Reason: event.WhyVault, Records: 3, Bytes: 6}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.to == nil {
				tt.to = &memory{}
			}
			h, told := withLosses(tt.to)
			post(h, tt.target, tt.token, tt.encoding, strings.NewReader(tt.body))
			tt.want.Kind, tt.want.Door, tt.want.Host, tt.want.Records = event.LossRejected, "http", "192.0.2.1", max(1, tt.want.Records)
			if diff := cmp.Diff([]event.Loss{tt.want}, *told); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJSONLinesCountsABodyThatEndsEarlyAndOneThatIsABomb(t *testing.T) {
	h, told := withLosses(&memory{})
	post(h, "/jsonlines", "kt_app", "", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("a\nb\n"))))
	body := string(gz([]byte(strings.Repeat("x\n", 3000))))
	post(h, "/jsonlines", "kt_app", "gzip", strings.NewReader(body))
	want := []string{event.WhyDamaged, event.WhyBomb}
	var got []string
	for _, l := range *told {
		got = append(got, l.Reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestABatchSentAgainIsTakenAndCounted(t *testing.T) {
	var m memory
	h, told := withLosses(&m)
	send := func(token, key, body string) int64 {
		r := httptest.NewRequest(http.MethodPost, "/jsonlines?source=app", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		_, got := answerOf(h, r)
		n, _ := got["duplicate"].(float64)
		return int64(n)
	}
	for i, tt := range []struct {
		token, key, body string
		want             int64
	}{
		{"kt_app", "", "a\nb\n", 0},
		{"kt_app", "", "a\nb\n", 2},
		{"kt_two", "", "a\nb\n", 0}, // of somebody else
		{"kt_app", "k1", "c\n", 0},
		{"kt_app", "k1", "c\nd\n", 1}, // begun before, now whole
		{"kt_app", "k1", "c\nd\n", 2},
		{"kt_app", "k2", "e\n", 0},
	} {
		if got := send(tt.token, tt.key, tt.body); got != tt.want {
			t.Errorf("batch %d: %d duplicates, want %d", i, got, tt.want)
		}
	}
	if n := len(m.Records()); n != 12 {
		t.Errorf("%d records; each batch is taken", n)
	}
	var sum int64
	for _, l := range *told {
		if l.Kind != event.LossDuplicate || l.Reason != event.WhySameBatch || l.Source != "app" {
			t.Errorf("%+v", l)
		}
		sum += l.Records
	}
	if sum != 5 {
		t.Errorf("%d duplicates were counted", sum)
	}
}

func TestBatchesAreForgottenInOrderAndWithTime(t *testing.T) {
	b := batches{keep: time.Hour}
	for i := range maxBatches + 1 {
		b.repeated("s", "app", fmt.Sprint(i), nil, 1, false)
	}
	if b.repeated("s", "app", "0", nil, 1, false) != 0 || b.repeated("s", "app", fmt.Sprint(maxBatches), nil, 1, false) != 1 {
		t.Error("not the oldest is forgotten")
	}
	if len(b.known) != maxBatches {
		t.Errorf("%d batches are known", len(b.known))
	}
	old := batches{keep: -1}
	old.repeated("s", "app", "k", nil, 1, false)
	if old.repeated("s", "app", "k", nil, 1, false) != 0 {
		t.Error("an old batch is known")
	}
}
