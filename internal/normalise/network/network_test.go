package network_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

const inTokyo = "syslog/udp;tz=Asia%2FTokyo;tzfrom=configured"

func TestCiscoHidesTypedPasswordsFromEveryField(t *testing.T) {
	for _, line := range []string{
		`<165>Mar 01 2018 12:13:21 fw1 : %ASA-5-111008: User 'tanaka' executed the 'username x password Himitsu1 privilege 15' command.`,
		`<165>Mar 01 2018 12:13:21 fw1 : %ASA-5-111010: User 'tanaka', running 'CLI' from IP 192.0.2.20, executed 'tunnel-group a ipsec-attributes pre-shared-key Himitsu1'`,
		`<189>128: rt1: Mar  1 2018 12:13:18 JST: %PARSER-5-CFGLOG_LOGGEDCMD: User:tanaka  logged command:snmp-server community Himitsu1 RO`,
		`2018-03-01T12:13:19+09:00 gw1 system,info ppp secret changed by winbox:tanaka@192.0.2.20 (/ppp secret set 0 password=Himitsu1)`,
	} {
		ev := normalisetest.Derive(t, inTokyo, line)[0]
		if text := normalisetest.Describe(&ev); strings.Contains(text, "Himitsu1") || ev.ActorUser != "tanaka" || ev.Statement == "" {
			t.Error(text)
		}
	}
}

func TestCiscoNumbersItsMessagesInAChain(t *testing.T) {
	for line, want := range map[string]string{
		"<189>000123: Mar  1 2018 12:13:14 JST: %SYS-5-CONFIG_I: Configured from console by tanaka on vty0 (192.0.2.20)":                       "000123",
		"<189>29: rt1: 000030: Mar  1 2018 12:13:14 JST: %SYS-5-CONFIG_I: Configured from console by tanaka on vty0 (192.0.2.20)":              "29",
		"Mar  1 03:13:15 192.0.2.1 29: rt1: Mar  1 2018 12:13:14 JST: %SYS-5-CONFIG_I: Configured from console by tanaka on vty0 (192.0.2.20)": "29",
	} {
		ev := normalisetest.Derive(t, inTokyo, line)[0]
		if ev.NativeSeq != want || ev.Chain != "cisco" || ev.Time.Format(time.RFC3339) != "2018-03-01T03:13:14Z" || ev.Quality.Zone != event.ZoneStated || ev.ActorUser != "tanaka" {
			t.Errorf("%s:\n%s", line, normalisetest.Describe(&ev))
		}
	}
}

func TestCiscoTrustsTheRelayWhereTheDeviceClockIsNotSet(t *testing.T) {
	ev := normalisetest.Derive(t, inTokyo, "2018-03-01T12:13:14+09:00 192.0.2.1 29: rt1: *Mar  1 00:00:46: %SYS-5-RESTART: System restarted --")[0]
	if clock, _ := ev.Get("clock"); ev.Time.Format(time.RFC3339) != "2018-03-01T03:13:14Z" || clock != "not authoritative" || ev.Host != "rt1" {
		t.Error(normalisetest.Describe(&ev))
	}
}

func TestASAConnectionsBeginAtTheirInitiator(t *testing.T) {
	const inside, outside = "192.0.2.10", "203.0.113.9"
	for direction, src := range map[string]string{"inbound": outside, "outbound": inside} {
		ev := normalisetest.Derive(t, inTokyo, fmt.Sprintf("<166>Mar 01 2018 12:13:18: %%ASA-6-302013: Built %s TCP connection 7 for outside:%s/443 (%s/443) to inside:%s/51000 (198.51.100.1/51000)", direction, outside, outside, inside))[0]
		if ev.SrcIP != src || ev.SessionUID != "7" || ev.ActivityID != event.ActivityNetworkOpen {
			t.Errorf("%s:\n%s", direction, normalisetest.Describe(&ev))
		}
	}
}

func TestPANOSCountsEachTypeOnItsOwn(t *testing.T) {
	for kind, line := range map[string]string{
		"SYSTEM": `1,2018/03/01 12:13:18,001,SYSTEM,auth,0,2018/03/01 12:13:18,,auth-fail,local,0,0,general,medium,"failed authentication for user 'sato'. Reason: x. From: 203.0.113.9.",2001,0x0`,
		"CONFIG": `1,2018/03/01 12:13:18,001,CONFIG,0,0,2018/03/01 12:13:18,192.0.2.20,,set,sato,Web,Succeeded, config shared,2001,0x0`,
	} {
		ev := normalisetest.Derive(t, inTokyo, line)[0]
		if ev.Chain != "panos:"+kind || ev.NativeSeq != "2001" || ev.ActorUser != "sato" {
			t.Error(normalisetest.Describe(&ev))
		}
	}
}

func TestSEILTakesTheFirstNameWhereAPeerForgesMore(t *testing.T) {
	ev := normalisetest.Derive(t, inTokyo, `Mar  1 12:13:16 seil1 npppd[9]: ppp id=7 layer=chap logtype=Failure username="x" realm=local logtype=Success username="sato"`)[0]
	if ev.ActorUser != "x" || ev.StatusID != event.StatusFailure {
		t.Error(normalisetest.Describe(&ev))
	}
}

func TestWhatLooksLikeANetworkDeviceButIsNoneStaysSyslog(t *testing.T) {
	for _, line := range []string{
		"Mar  1 12:13:14 host app[1]: progress 50%DONE-1-X: nearly",
		"Mar  1 12:13:14 host app: LAN1 is what I call it",
		"Mar  1 12:13:14 host app: a,b,c,TRAFFIC,d",
		"Mar  1 12:13:14 host app: 1|2|3 CEF:0|x",
		"Mar  1 12:13:14 host app: 06[XYZ] text",
	} {
		if ev := normalisetest.Derive(t, inTokyo, line)[0]; ev.Format != "syslog" || ev.Host != "host" {
			t.Error(normalisetest.Describe(&ev))
		}
	}
}
