package config

import (
	"strings"
	"testing"
)

func TestStreamsAreReadAndBadOnesNamed(t *testing.T) {
	c, err := Read(strings.NewReader(`
tls: {certificate: c.pem, key: k.pem}
relp: {tcp: "0.0.0.0:2514", tls: "0.0.0.0:2515"}
fluent:
  tcp: "0.0.0.0:24224"
  shared_key_file: /etc/konseki/fluent.key
  users: [{name: web, password_file: /etc/konseki/web.pw, sources: [web]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.RELP.TLS != "0.0.0.0:2515" || c.Fluent.TCP != "0.0.0.0:24224" || len(c.Fluent.Users) != 1 || c.Fluent.Users[0].Sources[0] != "web" {
		t.Errorf("%+v %+v", c.RELP, c.Fluent)
	}
	for text, want := range map[string]string{
		"relp: {tls: ':2515'}":                             "relp.tls",
		"fluent: {tls: ':24224'}":                          "fluent.tls",
		"relp: {udp: ':2515'}":                             "udp",
		"fluent: {users: [{name: a, password_file: p}]}":   "shared_key_file",
		"fluent: {shared_key_file: k, users: [{name: a}]}": "password_file",
		"fluent: {shared_key_file: k, users: [{name: a, password_file: p}, {name: a, password_file: p}]}": "twice",
		"fluent: {shared_key_file: k, users: [{name: a, password_file: p, sources: [konseki.case]}]}":     "konseki.case",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}
