package config

import (
	"strings"
	"testing"
)

func TestSendersAreReadAndBadOnesNamed(t *testing.T) {
	const tls = "tls: {certificate: c, key: k, clients: ca.pem}\n"
	print := strings.Repeat("AB:", 31) + "ab"
	c, err := Read(strings.NewReader(tls + "senders: [{name: web1, fingerprint: '" + print + "', sources: [web], records_per_second: 500}, {name: shop, bytes_per_second: 1e6}]"))
	if err != nil {
		t.Fatal(err)
	}
	if c.TLS.Clients != "ca.pem" || len(c.Senders) != 2 || c.Senders[0].RecordsPerSecond != 500 || c.Senders[1].BytesPerSecond != 1e6 {
		t.Errorf("%+v", c.Senders)
	}
	for text, want := range map[string]string{
		"senders: [{sources: [web]}]":                         "name",
		tls + "senders: [{name: a}, {name: a}]":               "twice",
		tls + "senders: [{name: a, fingerprint: abc}]":        "fingerprint",
		"senders: [{name: a, fingerprint: '" + print + "'}]":  "tls.certificate",
		tls + "senders: [{name: a, sources: [konseki.case]}]": "konseki.case",
		tls + "senders: [{name: a, records_per_second: -1}]":  "records_per_second",
		tls + "senders: [{name: a, colour: red}]":             "colour",
		"tls: {clients: ca.pem}":                              "clients",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}
