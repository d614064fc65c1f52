package config

import (
	"strings"
	"testing"
	"time"
)

func TestAnchorsAreReadAndBadOnesNamed(t *testing.T) {
	c, err := Read(strings.NewReader(`
anchors:
  every: 30s
  witnesses:
    - {name: osaka, url: "https://witness.example", key_file: /etc/konseki/osaka.pub}
    - {name: partner, url: "http://192.0.2.7:8744", key: "partner+0+x"}
  timestamp: {url: "http://tsa.example/tsr", ca_file: /etc/konseki/tsa.pem, every: 2h}
`))
	if err != nil {
		t.Fatal(err)
	}
	a := c.Anchors
	if a.Every != 30*time.Second || len(a.Witnesses) != 2 || a.Witnesses[0].KeyFile == "" || a.Timestamp.Every != 2*time.Hour {
		t.Errorf("%+v", a)
	}
	for text, want := range map[string]string{
		"every: 1ms":                                                                          "anchors: every",
		"witnesses: [{url: 'http://w', key: k}]":                                              "name",
		"witnesses: [{name: w, url: 'http://w'}]":                                             "key_file",
		"witnesses: [{name: w, url: 'http://w', key: k, key_file: f}]":                        "key_file",
		"witnesses: [{name: w, url: w, key: k}]":                                              "url",
		"witnesses: [{name: w, url: 'file:///x', key: k}]":                                    "url",
		"witnesses: [{name: w, url: 'http://w', key: k}, {name: w, url: 'http://v', key: k}]": "twice",
		"timestamp: {ca_file: x}":                                                             "url",
		"timestamp: {url: 'http://t'}":                                                        "ca_file",
		"timestamp: {url: 'http://t', ca_file: x, every: 1s}":                                 "every",
		"witness: []": "witness",
	} {
		if _, err := Read(strings.NewReader("anchors: {" + text + "}")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}
