package vpn_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/normalise/vpn"
)

func TestOpenVPNReadsSessionsAndRefusals(t *testing.T) {
	for _, c := range []struct {
		message                 string
		class, activity, status int32
		user, ip                string
	}{
		{"192.0.2.31:45321 [sato] Peer Connection Initiated with [AF_INET]192.0.2.31:45321", event.ClassTunnel, event.ActivityTunnelOpen, event.StatusSuccess, "sato", "192.0.2.31"},
		{"sato/192.0.2.31:45321 SIGTERM[soft,remote-exit] received, client-instance exiting", event.ClassTunnel, event.ActivityTunnelClose, event.StatusSuccess, "sato", "192.0.2.31"},
		{"192.0.2.31:45321 TLS Auth Error: Auth Username/Password verification failed for peer", event.ClassAuthentication, event.ActivityLogon, event.StatusFailure, "", "192.0.2.31"},
		{"192.0.2.31:45321 SENT CONTROL [sato]: 'AUTH_FAILED' (status=1)", event.ClassAuthentication, event.ActivityLogon, event.StatusFailure, "", "192.0.2.31"},
		{"192.0.2.31:45321 TLS: Username/Password authentication succeeded for username 'sato'", event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess, "sato", "192.0.2.31"},
		{"192.0.2.31:45321 TLS Error: incoming packet authentication failed from [AF_INET]192.0.2.31:45321", event.ClassTunnel, event.ActivityOther, event.StatusFailure, "", "192.0.2.31"},
		{"TLS Error: cannot locate HMAC in incoming packet from [AF_INET6]2001:db8::7:34745", event.ClassTunnel, event.ActivityOther, event.StatusFailure, "", "2001:db8::7"},
		{"Initialization Sequence Completed", event.ClassAppLifecycle, event.ActivityOther, event.StatusUnknown, "", ""},
		{"user 'sato' could not authenticate.", event.ClassAuthentication, event.ActivityLogon, event.StatusFailure, "sato", ""},
	} {
		for _, before := range []string{"2024-12-15 14:12:12 ", "Sun Dec 15 14:12:12 2024 ", "Sun Dec 15 14:12:12 2024 us=123456 ", "Dec 15 14:12:12 gw openvpn[66026]: "} {
			ev := normalisetest.Derive(t, "file", before+c.message)[0]
			if ev.Format != "openvpn" || ev.ClassUID != c.class || ev.ActivityID != c.activity || ev.StatusID != c.status || ev.ActorUser != c.user || ev.SrcIP != c.ip {
				t.Errorf("%s%s:\n%s", before, c.message, normalisetest.Describe(&ev))
			}
			if got := ev.Time.Format("01-02 15:04:05"); got != "12-15 14:12:12" {
				t.Errorf("%s: time %s", before, got)
			}
		}
	}
}

func TestOpenVPNReadsTheSamples(t *testing.T) {
	normalisetest.ImportShare(t, "data/logs/samples/vpn/pfsense/test-pfsense-openvpn.log", "openvpn", 0.9)
}

func FuzzOpenVPN(f *testing.F) {
	f.Add([]byte("2024-12-15 14:12:12 sato/192.0.2.31:45321 SIGTERM[soft,remote-exit] received"))
	f.Add([]byte("TLS Error: cannot locate HMAC in incoming packet from [AF_INET"))
	normalisetest.Fuzz(f, vpn.NewOpenVPN())
}

func BenchmarkOpenVPN(b *testing.B) {
	normalisetest.Benchmark(b, "openvpn", "2024-12-15 14:12:12 192.0.2.31:45321 [sato] Peer Connection Initiated with [AF_INET]192.0.2.31:45321")
}
