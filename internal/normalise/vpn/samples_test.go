package vpn_test

import (
	"flag"
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

var update = flag.Bool("update", false, "rewrite testdata/samples/*.columns")

// TestSamplesGiveTheColumnsWritten reads the public sample lines of each product.
func TestSamplesGiveTheColumnsWritten(t *testing.T) {
	for path, format := range map[string]string{
		"fortinet_fortigate/test-fortinet-6-2.excerpt.log": "fortigate",
		"fortinet_fortigate/test-fortinet-7-6.log":         "fortigate",
		"fortinet_fortigate/test-fortinet.excerpt.log":     "fortigate",
		"pulse_connect_secure/test-log-admin.log":          "ivanti",
		"pulse_connect_secure/test-log-system.log":         "ivanti",
		"pulse_connect_secure/test-log-vpn.log":            "ivanti",
		"pfsense/test-pfsense-openvpn.log":                 "openvpn",
	} {
		t.Run(format, func(t *testing.T) {
			normalisetest.SampleColumns(t, "data/logs/samples/vpn/"+path, format, *update)
		})
	}
}
