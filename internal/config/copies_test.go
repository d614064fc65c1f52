package config

import (
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

func TestBadCopiesAreRefusedByName(t *testing.T) {
	for text, want := range map[string]string{
		"copies: [{to: 'ftp://x'}]":  "neither s3://",
		"copies: [{to: '/mnt/x'}]":   "neither s3://",
		"copies: [{to: 's3://b/p'}]": "endpoint",
		"copies: [{to: 's3://b/p', endpoint: 'https://x', access_key_file: a}]": "secret_key_file",
		"copies: [{to: 'https://x'}]":                                           "certificate",
		"copies: [{to: 'file://x/y'}]":                                          "file:///folder",
		"copies: [{to: 'file:///x'}, {to: 'file:///x'}]":                        "stands twice",
		"copies: [{to: 'file:///x', every: 1ms}]":                               "every",
		"copies: [{to: 'file:///x', retention: long}]":                          "long",
		"copies: [{to: 'file:///x', secret_key: hush}]":                         "secret_key",
		"acknowledge: copy":                                                     "needs an entry in copies",
		"acknowledge: later":                                                    "neither local nor copy",
		"receive: {listen: ':1'}":                                               "client_ca_file",
		"receive: {listen: ':1', certificate: c, key: k, client_ca_file: a}":    "senders",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}

func TestCopiesAreRead(t *testing.T) {
	c, err := Read(strings.NewReader(`
copies:
  - {to: "s3://evidence/tokyo", endpoint: "https://s3.example.jp", access_key_file: a, secret_key_file: s, retention: 2y, every: 30s}
  - {to: "https://second.example.jp:8744", certificate: c, key: k}
acknowledge: copy
receive: {listen: "0.0.0.0:8744", certificate: c, key: k, client_ca_file: ca, senders: [{name: osaka, common_name: osaka}]}
`))
	if err != nil || len(c.Copies) != 2 || c.Copies[0].Every != 30*time.Second || c.Copies[0].Retention != mustPeriod(t, "2y") || c.Receive.Senders[0].Name != "osaka" {
		t.Errorf("%+v: %v", c, err)
	}
}

func mustPeriod(t *testing.T, text string) event.Period {
	t.Helper()
	p, err := event.ParsePeriod(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
