package network_test

import (
	"flag"
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

var update = flag.Bool("update", false, "rewrite testdata/samples/*.columns")

// TestSamplesGiveTheColumnsWritten reads the public sample lines of each product.
func TestSamplesGiveTheColumnsWritten(t *testing.T) {
	for path, format := range map[string]string{
		"vpn/cisco_asa/test-751025-vpn-session.log":                "cisco",
		"vpn/cisco_asa/test-anyconnect-messages.log":               "cisco",
		"vpn/panw_panos/test-panw-panos-authentication-sample.log": "panos",
		"vpn/panw_panos/test-panw-panos-globalprotect-sample.log":  "panos",
		"vpn/sonicwall_firewall/test-general.log":                  "sonicwall",
		"firewall/iptables/test-iptables-raw.log":                  "syslog",
	} {
		t.Run(format, func(t *testing.T) {
			normalisetest.SampleColumns(t, "data/logs/samples/"+path, format, *update)
		})
	}
}
