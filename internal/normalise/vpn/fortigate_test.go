package vpn_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/normalise/vpn"
)

func TestFortiGateReadsEachKindOfEvent(t *testing.T) {
	const head = `date=2018-03-03 time=11:08:34 devname="fw1" devid="FGX" eventtime=1520042914123456789 tz="+0900" `
	for _, c := range []struct {
		body                    string
		class, activity, status int32
	}{
		{`logid="0101039947" type="event" subtype="vpn" action="tunnel-up" tunneltype="ssl-tunnel" tunnelid=7 remip=192.0.2.44 tunnelip=198.51.100.9 user="sato"`, event.ClassTunnel, event.ActivityTunnelOpen, event.StatusSuccess},
		{`logid="0101039948" type="event" subtype="vpn" action="tunnel-down" tunneltype="ssl-tunnel" tunnelid=7 remip=192.0.2.44 user="sato"`, event.ClassTunnel, event.ActivityTunnelClose, event.StatusSuccess},
		{`logid="0101039426" type="event" subtype="vpn" action="ssl-login-fail" remip=192.0.2.44 user="sato" reason="sslvpn_login_permission_denied"`, event.ClassAuthentication, event.ActivityLogon, event.StatusFailure},
		{`logid="0101039943" type="event" subtype="vpn" action="ssl-new-con" remip=192.0.2.44 user="sato"`, event.ClassTunnel, event.ActivityOther, event.StatusUnknown},
		{`logid="0100032002" type="event" subtype="system" action="login" status="failed" srcip=192.0.2.44 user="sato" ui="https(192.0.2.44)"`, event.ClassAuthentication, event.ActivityLogon, event.StatusFailure},
		{`logid="0000000013" type="traffic" subtype="forward" action="deny" srcip=192.0.2.44 dstip=198.51.100.9 dstport=22 user="sato"`, event.ClassNetwork, event.ActivityNetworkRefuse, event.StatusFailure},
		{`logid="0100044547" type="event" subtype="system" action="Add" cfgpath="user.local" cfgobj="x" srcip=192.0.2.44 user="sato"`, event.ClassAccountChange, 1, event.StatusSuccess},
	} {
		for _, before := range []string{"", "<189>", "Mar  3 11:08:34 192.0.2.1 "} {
			ev := normalisetest.Derive(t, "syslog/udp", before+head+c.body)[0]
			if ev.Format != "fortigate" || ev.ClassUID != c.class || ev.ActivityID != c.activity || ev.StatusID != c.status || ev.SrcIP != "192.0.2.44" ||
				ev.ActorUser != "sato" || ev.Host == "" || ev.EventCode == "" || !ev.Time.Equal(time.Unix(1520042914, 123456789)) {
				t.Errorf("%s%s:\n%s", before, c.body, normalisetest.Describe(&ev))
			}
		}
	}
}

func TestFortiGateTakesDateAndTimeWithoutEventTime(t *testing.T) {
	ev := normalisetest.Derive(t, "file;tz=Asia%2FTokyo;tzfrom=configured", `date=2018-03-03 time=11:08:34 logid="1" type="event" subtype="vpn" action="tunnel-up"`)[0]
	if ev.Time.Format(time.RFC3339) != "2018-03-03T02:08:34Z" || ev.Quality.Zone != event.ZoneConfigured {
		t.Error(normalisetest.Describe(&ev))
	}
}

func TestFortiGateReadsTheSamples(t *testing.T) {
	dir := normalisetest.Shared(t, "data/logs/samples/vpn/fortinet_fortigate")
	for _, name := range []string{"test-fortinet-6-2.excerpt.log", "test-fortinet-7-6.log", "test-fortinet.excerpt.log"} {
		for i, ev := range normalisetest.ImportShare(t, filepath.Join("data/logs/samples/vpn/fortinet_fortigate", filepath.Base(dir+"/"+name)), "fortigate", 0.9) {
			if ev.Quality.Zone != event.ZoneStated || slices.Contains([]string{"", "N/A"}, ev.EventCode) {
				t.Errorf("%s %d:\n%s", name, i, normalisetest.Describe(&ev))
			}
		}
	}
}

func FuzzFortiGate(f *testing.F) {
	f.Add([]byte(`<189>date=2018-03-03 time=11:08:34 eventtime=1520042914123456789 tz="+0900" logid="1" type="event" subtype="vpn" action="tunnel-up" user="a\"b"`))
	normalisetest.Fuzz(f, vpn.NewFortiGate())
}

func BenchmarkFortiGate(b *testing.B) {
	normalisetest.Benchmark(b, "fortigate", `date=2018-03-03 time=11:08:34 devname="fw1" devid="FGX" eventtime=1520042914123456789 tz="+0900" logid="0000000020" type="traffic" subtype="forward" level="notice" vd="root" srcip=192.0.2.10 srcport=6000 srcintf="port1" srcintfrole="lan" dstip=198.51.100.13 dstport=6000 dstintf="wan1" dstintfrole="wan" sessionid=4352 proto=17 action="accept" policyid=3426 policytype="policy" service="x" duration=5462 sentbyte=438650 rcvdbyte=65446 sentpkt=723417 rcvdpkt=1045601`)
}
