package envelope_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/japanese"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

const hints = ";tz=Asia%2FTokyo;tzfrom=configured;ref=2018-04-01T00%3A00%3A00Z"

// lines are records of a file, by the name of their format.
func lines() map[string]string {
	return map[string]string{
		"syslog":    `Mar  1 12:13:01 dev01 sshd[3410]: Failed password for invalid user admin from 203.0.113.7 port 40022 ssh2`,
		"nginx":     `203.0.113.7 - bob [01/Mar/2018:12:12:51 +0900] "POST /login HTTP/1.1" 401 0 "-" "probe-kit/1.0"`,
		"postgres":  `2018-03-03 08:31:15.500 UTC [4102] admin@postgres/psql 192.0.2.44 LOG:  AUDIT: SESSION,1,1,DDL,DROP DATABASE,,,"drop database live;",<none>`,
		"fortigate": `date=2018-03-03 time=14:59:44 devname="fw1" devid="FGX1" logid="0101039426" type="event" subtype="vpn" level="alert" action="ssl-login-fail" remip=192.0.2.44 user="kato" reason="denied" msg="SSL user failed to logged in"`,
		"auditd":    `type=USER_LOGIN msg=audit(1519873972.001:2997): pid=99 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct="bob" exe="/usr/sbin/sshd" hostname=? addr=203.0.113.7 terminal=ssh res=failed'`,
		"slack":     `{"id":"0123","date_create":1519873972,"action":"user_login","actor":{"type":"user","user":{"id":"W1","name":"sato","email":"sato@example.jp"}},"entity":{"type":"user","user":{"id":"W1","name":"sato"}},"context":{"ip_address":"203.0.113.7","ua":"x"}}`,
	}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// wrapped gives a line in every envelope, by transport.
func wrapped(line string) map[string]string {
	q := quote(line)
	shiftJIS, err := japanese.ShiftJIS.NewEncoder().String(line)
	if err != nil {
		panic(err)
	}
	return map[string]string{
		"otlp" + hints: `{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"box1"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1519999999123456789","body":{"stringValue":` + q + `},` +
			`"attributes":[{"key":"log.file.path","value":{"stringValue":"/var/log/x"}}]}]}]}]}`,
		"hec" + hints:           `{"time":1519999999.123,"host":"box1","source":"/var/log/x","sourcetype":"x","event":` + q + `,"fields":{"zone":"a"}}`,
		"fluent" + hints:        `{"tag":"x.log","time":"2018-03-02T14:13:19.000000001Z","log":` + quote(line+"\n") + `,"kubernetes":{"host":"box1","pod_name":"p1"}}`,
		"fluent/stream" + hints: `{"tag":"x.log","time":"2018-03-02T14:13:19Z","message":{"$base64":"` + base64.StdEncoding.EncodeToString([]byte(shiftJIS)) + `"},"hostname":"box1"}`,
		"elastic" + hints:       `{"@timestamp":"2018-03-02T14:13:19.000Z","message":` + q + `,"host":{"name":"box1"},"log":{"file":{"path":"/var/log/x"}}}`,
		"file" + hints:          `{"@timestamp":"2018-03-02T14:13:19.000Z","agent":{"type":"filebeat"},"event":{"original":` + q + `},"message":"x","host":{"name":"box1"}}`,
	}
}

func TestALineInAnEnvelopeGivesWhatItGivesInAFile(t *testing.T) {
	for name, line := range lines() {
		want := normalisetest.Derive(t, "file"+hints, line)
		if want[0].Format != name {
			t.Fatalf("%s is read as %s", name, want[0].Format)
		}
		for via, raw := range wrapped(line) {
			got := normalisetest.Derive(t, via, raw)
			if len(got) != len(want) {
				t.Errorf("%s by %s: %d events", name, via, len(got))
				continue
			}
			for i := range got {
				w, g := want[i], got[i]
				if w.Host == "" {
					w.Host = "box1"
				}
				if len(g.Fields) <= len(w.Fields) {
					t.Errorf("%s by %s: the envelope left no fields in %v", name, via, g.Fields)
					continue
				}
				g.Fields = g.Fields[:len(w.Fields)]
				if diff := cmp.Diff(w, g); diff != "" {
					t.Errorf("%s by %s:\n%s", name, via, diff)
				}
			}
		}
	}
}

func TestALineNobodyKnowsIsABaseEventWithItsHost(t *testing.T) {
	for via, raw := range wrapped("何かが起きました what no format reads") {
		ev := normalisetest.Derive(t, via, raw)[0]
		if ev.Format == event.Unparsed || ev.ClassUID != event.ClassBase || ev.Host != "box1" || ev.Quality.Zone != event.ZoneStated ||
			!strings.Contains(ev.Message, "起きました") && !strings.HasPrefix(via, "file") {
			t.Errorf("%s: %s", via, normalisetest.Describe(&ev))
		}
	}
}

// The message of a program comes without a header from systemd's journal.
func TestAMessageIsReadByTheProgramTheEnvelopeNames(t *testing.T) {
	const message = `"Failed password for root from 203.0.113.7 port 40022 ssh2"`
	for via, raw := range map[string]string{
		"otlp": `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"sshd"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":1519999999123456789,"body":{"stringValue":` + message + `}}]}]}]}`,
		"otlp;peer=192.0.2.1": `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1519999999123456789","body":{"kvlistValue":{"values":[{"key":"SYSLOG_IDENTIFIER","value":{"stringValue":"sshd"}},` +
			`{"key":"_HOSTNAME","value":{"stringValue":"box1"}},{"key":"MESSAGE","value":{"stringValue":` + message + `}}]}}}]}]}]}`,
		"fluent":  `{"tag":"host.ssh","time":"2018-03-02T14:13:19.123456789Z","SYSLOG_IDENTIFIER":"sshd","_PID":"77","MESSAGE":` + message + `}`,
		"elastic": `{"@timestamp":"2018-03-02T14:13:19.123456789Z","message":` + message + `,"process":{"name":"sshd","pid":77}}`,
	} {
		ev := normalisetest.Derive(t, via, raw)[0]
		if ev.Format != "syslog" || ev.ClassUID != event.ClassAuthentication || ev.ActorUser != "root" || ev.SrcIP != "203.0.113.7" ||
			ev.Time.Nanosecond() != 123456789 || ev.Quality.Zone != event.ZoneStated {
			t.Errorf("%s: %s", via, normalisetest.Describe(&ev))
		}
	}
	ev := normalisetest.Derive(t, "otlp", `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"login"}}]},"scopeLogs":[{"logRecords":[{"body":{"stringValue":"cart opened"}}]}]}]}`)[0]
	if ev.Format != "otlp" || ev.Message != "cart opened" {
		t.Error("a service of a program's name: " + normalisetest.Describe(&ev))
	}
}

func TestTheTimeOfAnEnvelopeStandsInOnlyWhereAZoneIsUnknown(t *testing.T) {
	const hec = `{"time":%,"host":"a","sourcetype":"x","event":"2018/03/01 12:12:51 [error] 7#7: *1 x, client: 203.0.113.7, server: a"}`
	for at, want := range map[string]string{
		"1519873971.500": "03:12:51.5 stated",  // nine hours apart: the zone
		"1529873971.500": "12:12:51.0 assumed", // months apart: an old log
	} {
		ev := normalisetest.Derive(t, "hec", strings.Replace(hec, "%", at, 1))[0]
		zone := map[event.ZoneSource]string{event.ZoneStated: " stated", event.ZoneAssumed: " assumed"}[ev.Quality.Zone]
		if got := ev.Time.Format("15:04:05.0") + zone; got != want || ev.Format != "nginx" {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

// What merely looks like an envelope stays what it was.
func TestOtherObjectsAreNoEnvelopes(t *testing.T) {
	for _, raw := range []string{
		`{"time":"2018-03-01T00:00:00Z","host":"a","event":"login","user":"bob"}`,
		`{"tag":"a","time":"2018-03-01T00:00:00Z","log":"GET /"}`,
		`{"@timestamp":"2018-03-01T00:00:00Z","message":"203.0.113.7 - - [01/Mar/2018:12:12:51 +0900] \"GET / HTTP/1.1\" 200 0 \"-\" \"x\""}`,
		`{"@timestamp":"2018-03-01T00:00:00Z","agent":{"type":"winlogbeat"},"winlog":{"channel":"Security","event_id":"4625"},"message":"An account failed to log on."}`,
	} {
		if ev := normalisetest.Derive(t, "http", raw)[0]; ev.Format != "jsonlines" {
			t.Errorf("%s is read as %s", raw, ev.Format)
		}
	}
}

// An envelope within an envelope is not opened: it is one more object.
func TestEnvelopesAreNotOpenedTwice(t *testing.T) {
	inner := `{"time":1519999999,"host":"in","sourcetype":"x","event":` + quote(lines()["nginx"]) + `}`
	ev := normalisetest.Derive(t, "fluent", `{"tag":"x","time":"2018-03-02T14:13:19Z","log":`+quote(inner)+`}`)[0]
	if ev.Format != "jsonlines" {
		t.Error(normalisetest.Describe(&ev))
	}
}

func FuzzOTLP(f *testing.F)   { normalisetest.FuzzHinted(f, "otlp") }
func FuzzHEC(f *testing.F)    { normalisetest.FuzzHinted(f, "hec") }
func FuzzFluent(f *testing.F) { normalisetest.FuzzHinted(f, "fluent") }
func FuzzBeats(f *testing.F)  { normalisetest.FuzzHinted(f, "beats") }
