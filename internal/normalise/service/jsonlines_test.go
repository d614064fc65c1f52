package service_test

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/normalise/service"
)

func TestJSONLinesMapsWhatProductsCallThings(t *testing.T) {
	for _, c := range []struct {
		raw   string
		class int32
		want  func(ev *event.Event) bool
	}{
		{
			`{"time":"2026-09-01T00:00:08.565916Z","host":"srv-1","source":"sshd","user":"tanaka","src_ip":"192.0.2.8","dst_ip":"","dst_port":0,"status":0,"bytes":0,"action":"login","outcome":"failure","message":"m"}`,
			event.ClassAuthentication, func(ev *event.Event) bool {
				return ev.ActivityID == event.ActivityLogon && ev.StatusID == event.StatusFailure && ev.ActorUser == "tanaka" &&
					ev.SrcIP == "192.0.2.8" && ev.Quality.Precision == event.PrecisionMicro && ev.Quality.Zone == event.ZoneStated
			},
		},
		{
			`{"@timestamp":"2026-09-01T09:00:00+09:00","source":{"ip":"::ffff:192.0.2.9","port":5},"user":{"name":"sato"},"event":{"action":"logout","outcome":"success"}}`,
			event.ClassAuthentication, func(ev *event.Event) bool {
				return ev.ActivityID == event.ActivityLogoff && ev.SrcIP == "192.0.2.9" && ev.SrcPort == 5 && ev.ActorUser == "sato" &&
					ev.Time.Equal(time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC))
			},
		},
		{
			`{"ts":1788220800123,"action":"GET","status":403,"path":"/a?b=c","client_ip":"192.0.2.1:4433","bytes":12}`,
			event.ClassHTTP, func(ev *event.Event) bool {
				return ev.StatusID == event.StatusFailure && ev.Object == "/a" && ev.Statement == "b=c" && ev.SrcPort == 4433 &&
					ev.BytesOut == 12 && ev.Quality.Precision == event.PrecisionMilli
			},
		},
		{
			`{"action":"DELETE","status":204,"path":"/a"}`, event.ClassHTTP,
			func(ev *event.Event) bool { return ev.ActivityID == 2 && ev.StatusID == event.StatusSuccess },
		},
		{
			`{"action":"DELETE","status":0,"user":"app"}`, event.ClassDatastore,
			func(ev *event.Event) bool { return ev.ActivityID == event.ActivityDatastoreDelete },
		},
		{
			`{"action":"deny","src_ip":"198.51.100.2","dst_ip":"203.0.113.4","dst_port":3389}`, event.ClassNetwork,
			func(ev *event.Event) bool {
				return ev.ActivityID == event.ActivityNetworkRefuse && ev.DstPort == 3389 && ev.StatusID == event.StatusFailure
			},
		},
		{
			`{"action":"DROP DATABASE","user":"root","statement":"drop database game"}`, event.ClassDatastore,
			func(ev *event.Event) bool {
				return ev.ActivityID == event.ActivityDatastoreDelete && ev.EventCode == "DROP DATABASE" && ev.Statement == "drop database game"
			},
		},
		{
			`{"action":"doc_download","object":"/share/list.csv","user":"suzuki"}`, event.ClassFileHosting,
			func(ev *event.Event) bool { return ev.ActivityID == event.ActivityHostingDownload },
		},
		{
			`{"action":"vpn_connect","user":"suzuki","src_ip":"2001:DB8::1"}`, event.ClassTunnel,
			func(ev *event.Event) bool {
				return ev.ActivityID == event.ActivityTunnelOpen && ev.SrcIP == "2001:db8::1"
			},
		},
		{
			`{"Image":"/usr/bin/curl","CommandLine":"curl http://192.0.2.1/x","ParentImage":"/bin/sh","User":"www-data"}`, event.ClassProcess,
			func(ev *event.Event) bool {
				p, _ := ev.Get("ParentImage")
				return ev.ProcessPath == "/usr/bin/curl" && ev.CmdLine != "" && p == "/bin/sh" && ev.ActorUser == "www-data"
			},
		},
		{
			`{"eventID":"1f-aa","eventTime":"2026-09-01T00:00:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","sourceIPAddress":"192.0.2.7","responseElements":{"ConsoleLogin":"Failure"},"userIdentity":{"userName":"ops"}}`,
			event.ClassAuthentication, func(ev *event.Event) bool {
				return ev.StatusID == event.StatusFailure && ev.SrcIP == "192.0.2.7" && ev.EventCode == "ConsoleLogin" && ev.ActorUser == "ops"
			},
		},
		{`{"hello":"world"}`, event.ClassBase, func(ev *event.Event) bool { return ev.Quality.Zone == event.ZoneReceived }},
	} {
		evs := normalisetest.Derive(t, "http", c.raw)
		if len(evs) != 1 || evs[0].Format != "jsonlines" || evs[0].ClassUID != c.class || !c.want(&evs[0]) {
			t.Errorf("%s:\n%s", c.raw, normalisetest.Describe(&evs[0]))
		}
	}
}

func TestJSONLinesReadsWindowsEventsOfEveryExporter(t *testing.T) {
	for _, raw := range []string{
		`{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-1","EventRecordID":5,"TimeCreated":{"#attributes":{"SystemTime":"2026-04-20T10:00:35.646624Z"}}},"EventData":{"Image":"C:\\a.exe","CommandLine":"a.exe /x","User":"CORP\\sato"}}}`,
		`{"@timestamp":"2026-04-20T10:00:35.646624Z","winlog":{"event_id":1,"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","computer_name":"pc-1","record_id":5,"event_data":{"Image":"C:\\a.exe","CommandLine":"a.exe /x","User":"CORP\\sato"}}}`,
		`{"SystemTime":"2026-04-20T10:00:35.646624Z","EventID":"1","Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Computer":"pc-1","EventRecordID":"5","Image":"C:\\a.exe","CommandLine":"a.exe /x","User":"CORP\\sato"}`,
	} {
		ev := normalisetest.Derive(t, "http", raw)[0]
		image, _ := ev.Get("Image")
		id, _ := ev.Get("EventID")
		channel, _ := ev.Get("Channel")
		provider, _ := ev.Get("Provider_Name")
		if image != `C:\a.exe` || id != "1" || channel == "" || provider != "Microsoft-Windows-Sysmon" ||
			ev.ClassUID != event.ClassProcess || ev.ProcessPath != image || ev.CmdLine != "a.exe /x" || ev.Host != "pc-1" ||
			ev.NativeSeq != "5" || ev.Chain != "eventrecord:Microsoft-Windows-Sysmon/Operational" || ev.ActorUser != `CORP\sato` || ev.Time.Nanosecond() != 646624000 {
			t.Errorf("%s:\n%s", raw, normalisetest.Describe(&ev))
		}
	}
}

func TestJSONLinesLeavesDamagedObjectsUnparsed(t *testing.T) {
	for _, raw := range []string{`{"a":1,"a":2}`, `{"a":1}}`, `{"a":}`, `{` + strings.Repeat(`"a":{`, 100) + strings.Repeat("}", 101), `[1]`} {
		if ev := normalisetest.Derive(t, "http", raw)[0]; ev.Format != event.Unparsed {
			t.Errorf("%s: read as %s", raw, ev.Format)
		}
	}
}

func TestParseStampReadsEveryUsualSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"2018-03-01T12:12:50.123456+09:00": "2018-03-01T03:12:50.123456Z stated us",
		"2018-03-01 12:12:50,123":          "2018-03-01T03:12:50.123Z configured ms",
		"2018-03-01 12:12:50 +0900":        "2018-03-01T03:12:50Z stated s",
		"2018-03-01 12:12:50 JST":          "2018-03-01T03:12:50Z stated s",
		"2018-03-01 12:12:50 EST":          "2018-03-01T17:12:50Z assumed s",
		"2018-03-01 12:12:50 IST":          "2018-03-01T10:12:50Z assumed s",
		"2018/3/1 9:05":                    "2018-03-01T00:05:00Z configured min",
		"2018/03/01":                       "2018-02-28T15:00:00Z configured day",
		"2018年3月1日 12時13分50秒":              "2018-03-01T03:13:50Z configured s",
		"1519873970":                       "2018-03-01T03:12:50Z stated s",
		"1519873970.25":                    "2018-03-01T03:12:50.25Z stated ms",
		"1519873970123":                    "2018-03-01T03:12:50.123Z stated ms",
		"1519873970123456":                 "2018-03-01T03:12:50.123456Z stated us",
		"1519873970123456789":              "2018-03-01T03:12:50.123456789Z stated ns",
		"01/Mar/2018:12:12:50 +0900":       "2018-03-01T03:12:50Z stated s",
		"yesterday":                        "2026-11-22T00:00:00Z received unknown",
		"2018-02-30 00:00:00":              "2026-11-22T00:00:00Z received unknown",
		"12345":                            "2026-11-22T00:00:00Z received unknown",
	} {
		ev := normalisetest.Derive(t, "file;tz=Asia%2FTokyo;tzfrom=configured", `{"time":"`+text+`"}`)[0]
		got := ev.Time.Format(time.RFC3339Nano) + " " + ev.Quality.Zone.String() + " " + ev.Quality.Precision.String()
		if got != want || ev.Quality.Original != text {
			t.Errorf("%q: got %s, want %s (original %q)", text, got, want, ev.Quality.Original)
		}
	}
}

func TestJSONLinesReadsTheSamplesOfServices(t *testing.T) {
	for path, want := range map[string]string{
		"identity/windows_security/test-1102.json": "",
	} {
		evs := normalisetest.ImportShare(t, "data/logs/samples/"+path, "jsonlines", 0.9)
		seen := want == ""
		for i := range evs {
			seen = seen || evs[i].EventCode == want
		}
		if !seen {
			t.Errorf("%s: no %s", path, want)
		}
		ev := evs[0]
		ev.Fields = nil
		t.Log(normalisetest.Describe(&ev))
	}
}

func FuzzJSONLines(f *testing.F) {
	f.Add([]byte(`{"time":"2018-03-01 12:12:50 JST","user":"a","src_ip":"[::1]:80","action":"DROP TABLE","x":{"y":[1]}}`))
	f.Add([]byte(`{"winlog":{"event_id":4625,"channel":"Security","event_data":{"TargetUserName":"-"}}}`))
	normalisetest.Fuzz(f, service.NewJSONLines())
}

func BenchmarkJSONLines(b *testing.B) {
	lines := benchmarkLines(b)
	n, i := normalise.New(), 0
	var dst []event.Event
	rec := &event.Record{Received: time.Unix(0, 0), Transport: "file;format=jsonlines"}
	b.ReportAllocs()
	for b.Loop() {
		rec.Raw = lines[i%len(lines)]
		i++
		if dst = n.Events(dst[:0], rec); dst[0].Format != "jsonlines" {
			b.Fatal(string(rec.Raw))
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// benchmarkLines reads the lines of the file that BENCH_EVENTS names, or makes
// some of the same kind.
func benchmarkLines(b *testing.B) [][]byte {
	var lines [][]byte
	if file, err := os.Open(os.Getenv("BENCH_EVENTS")); err == nil {
		defer file.Close()
		for s := bufio.NewScanner(file); s.Scan() && len(lines) < 100_000; {
			lines = append(lines, bytes.Clone(s.Bytes()))
		}
		return lines
	}
	return [][]byte{[]byte(`{"time":"2026-09-01T00:00:05.966304Z","host":"db-06","source":"pgaudit","user":"sato","src_ip":"192.0.2.29","dst_ip":"","dst_port":0,"status":0,"bytes":0,"action":"SELECT","outcome":"success","message":"2026-09-01 00:00:05.966 JST [24396] sato@erp 192.0.2.29 LOG:  AUDIT: SESSION,8032,1,READ,SELECT,TABLE,public.staff,\"SELECT id FROM staff\",<none>"}`)}
}
