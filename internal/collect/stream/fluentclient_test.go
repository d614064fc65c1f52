package stream

import (
	"errors"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fluent/fluent-logger-golang/fluent"
	"github.com/go-json-experiment/json"
)

// official is Fluentd's own Go client, which asks for acknowledgements.
func official(t *testing.T, addr string) *fluent.Fluent {
	t.Helper()
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(text)
	c := fluent.Config{
		FluentHost: host, FluentPort: port, RequestAck: true, SubSecondPrecision: true, TagPrefix: "shop",
		Timeout: 5 * time.Second, WriteTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, RetryWait: 10, MaxRetry: 50, MaxRetryWait: 50,
	}
	f, err := fluent.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A fluentEntry is what konseki made of an entry.
type fluentEntry struct {
	Tag   string    `json:"tag"`
	Time  time.Time `json:"time"`
	Order int       `json:"order"`
	Who   string    `json:"who"`
	Note  string    `json:"note"`
}

func TestTheOfficialFluentClientIsAcknowledgedWithWhatItSaid(t *testing.T) {
	var m memory
	r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}})
	f := official(t, r.addr)
	at := time.Date(2026, 3, 1, 0, 0, 0, 123456789, time.UTC)
	for n := range 100 {
		if err := f.PostWithTime("audit", at, map[string]any{"order": n, "who": "佐藤", "note": "\"quoted\"\n"}); err != nil {
			t.Fatalf("entry %d: %v", n, err)
		}
		if got := len(m.Records()); got != n+1 { // it returns when it was acknowledged
			t.Fatalf("entry %d is acknowledged while the vault has %d", n, got)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for n, rec := range m.Records() {
		var got fluentEntry
		if err := json.Unmarshal(rec.Raw, &got); err != nil || got.Tag != "shop.audit" || got.Who != "佐藤" || got.Note != "\"quoted\"\n" || got.Order != n || !got.Time.Equal(at) {
			t.Fatalf("%v: %s", err, rec.Raw)
		}
		if want := "fluent;peer=127.0.0.1"; rec.Transport != want {
			t.Fatalf("transport is %s, want %s", rec.Transport, want)
		}
	}
}

// While the vault takes nothing the client is told nothing, sends again and in
// the end has each entry acknowledged.
func TestTheOfficialFluentClientSendsAgainWhatWasNotAcknowledged(t *testing.T) {
	var m memory
	m.Fail = func(call int) error {
		if call%3 == 1 {
			return errors.New("the disk is full")
		}
		return nil
	}
	r := receive(t, &Fluent{Door: Door{Network: "tcp", To: &m}})
	f := official(t, r.addr)
	for n := range 10 {
		if err := f.Post("audit", map[string]int{"order": n}); err != nil {
			t.Fatalf("entry %d: %v", n, err)
		}
	}
	_ = f.Close()
	var orders []int
	for _, rec := range m.Records() {
		var got fluentEntry
		if err := json.Unmarshal(rec.Raw, &got); err != nil {
			t.Fatal(err)
		}
		orders = append(orders, got.Order)
	}
	if slices.Sort(orders); len(slices.Compact(orders)) != 10 {
		t.Errorf("the vault has the orders %v", orders)
	}
}
