package sigma

import (
	"os"
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func TestEventsReachTheirLogsources(t *testing.T) {
	syslog := func(program string) event.Event {
		ev := event.Event{Format: "syslog"}
		ev.Add("program", program)
		return ev
	}
	sysmon := func(code string) event.Event {
		ev := event.Event{Format: "jsonlines", EventCode: code}
		ev.Add("Channel", sysmonChannel)
		return ev
	}
	class := func(format string, class int32) event.Event { return event.Event{Format: format, ClassUID: class} }
	ended := process()
	ended.ActivityID = event.ActivityProcessTerminate
	cloudtrail := class("jsonlines", event.ClassAPI)
	for _, name := range []string{"eventSource", "eventName", "awsRegion"} {
		cloudtrail.Add(name, "x")
	}
	tunnel := class("fortigate", event.ClassTunnel)
	tunnel.Add("type", "event")
	drive := class("workspace", event.ClassFileHosting)
	drive.Add("id.applicationName", "drive")
	windowsProcess := event.Event{Format: "jsonlines", ClassUID: event.ClassProcess, ProcessPath: `C:\Windows\x.exe`}
	tests := []struct {
		name    string
		ev      event.Event
		yes, no []Logsource
	}{
		{"auditd execve", process(), []Logsource{{"linux", "process_creation", ""}, {"linux", "", "auditd"}, {"linux", "", ""}, {"linux", "process_creation", "auditd"}, {"", "process_creation", ""}},
			[]Logsource{{"windows", "process_creation", ""}, {"linux", "", "sshd"}, {"linux", "file_event", ""}, {"", "webserver", ""}}},
		{"process end", ended, []Logsource{{"linux", "process_termination", ""}}, []Logsource{{"linux", "process_creation", ""}}},
		{"sshd line", syslog("sshd"), []Logsource{{"linux", "", "sshd"}, {"linux", "", "auth"}, {"linux", "", "syslog"}}, []Logsource{{"linux", "", "cron"}, {"linux", "", "auditd"}}},
		{"cron line", syslog("CRON"), []Logsource{{"linux", "", "cron"}}, []Logsource{{"linux", "", "sshd"}}},
		{"sysmon registry", sysmon("13"), []Logsource{{"windows", "registry_set", ""}, {"windows", "registry_event", ""}, {"windows", "", "sysmon"}, {"windows", "", ""}},
			[]Logsource{{"windows", "registry_delete", ""}, {"windows", "", "security"}, {"linux", "", ""}}},
		{"windows process without channel", windowsProcess, []Logsource{{"windows", "process_creation", ""}}, []Logsource{{"linux", "process_creation", ""}}},
		{"nginx access", class("nginx", event.ClassHTTP), []Logsource{{"", "webserver", ""}, {"", "", "nginx"}}, []Logsource{{"", "", "apache"}, {"", "proxy", ""}, {"linux", "", ""}}},
		{"apache error", class("apache", event.ClassApplicationError), []Logsource{{"", "application_error", ""}, {"", "", "apache"}}, []Logsource{{"", "webserver", ""}}},
		{"mariadb query", class("mariadb", event.ClassDatastore), []Logsource{{"", "database", ""}}, []Logsource{{"linux", "", ""}}},
		{"fortigate tunnel", tunnel, []Logsource{{"fortigate", "", "event"}, {"", "vpn", ""}, {"", "authentication", ""}}, []Logsource{{"slack", "", "audit"}}},
		{"drive download", drive, []Logsource{{"", "file_hosting", ""}, {"gcp", "", "google_workspace.drive"}}, []Logsource{{"gcp", "", "google_workspace.login"}}},
		{"cloudtrail", cloudtrail, []Logsource{{"aws", "", "cloudtrail"}}, []Logsource{{"okta", "", "okta"}}},
		{"unparsed", class(event.Unparsed, event.ClassBase), []Logsource{{"", "", ""}}, []Logsource{{"linux", "", ""}, {"", "database", ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for want, list := range map[bool][]Logsource{true: tt.yes, false: tt.no} {
				for _, l := range list {
					if got := reaches(t, l, &tt.ev); got != want {
						t.Errorf("%s: %t, want %t", l, got, want)
					}
				}
			}
		})
	}
}

func TestEveryRuleHasEventsOrAReason(t *testing.T) {
	found, none := len(rows()), withoutSource()
	if found > maxRows {
		t.Errorf("%d rows, room for %d", found, maxRows)
	}
	rules := allRules(t)
	sources := make(map[Logsource]bool)
	for _, r := range rules {
		sources[r.Logsource] = true
	}
	why := make(map[Logsource]string)
	for _, l := range none {
		why[l.Logsource] = l.Why
		if l.Why == "" {
			t.Errorf("%s has no events and no reason", l.Logsource)
		}
		if _, ok := newRouter().require(l.Logsource); ok {
			t.Errorf("%s is said to have no events, but has", l.Logsource)
		}
	}
	for _, r := range Compile(rules).Unrouted() {
		if why[r.Logsource] == "" {
			t.Errorf("%s: no event belongs to %s, and the table does not say why", r.File, r.Logsource)
		}
	}
	t.Logf("%d rules of %d logsources; %d rows, %d logsources without events", len(rules), len(sources), found, len(none))
}

// allRules are the public rules and konseki's own, but for those that wait for
// values of placeholders.
func allRules(tb testing.TB) []*Rule {
	tb.Helper()
	trees := []Tree{{FS: os.DirFS("../../rules")}}
	for _, folder := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"} {
		trees = append(trees, Tree{FS: os.DirFS(shared(tb, "data", "sigma", folder))})
	}
	return Load(Options{}, trees...).Rules
}

func reaches(t *testing.T, l Logsource, ev *event.Event) bool {
	t.Helper()
	r := rule(t, "s: {nothing: null}\ncondition: s")
	r.Logsource = l
	return len(Compile([]*Rule{r}).NewMatcher().Match(ev, nil, nil)) == 1
}

// quiet are events of everyday traffic on Linux that match next to nothing.
func quiet() ([]event.Event, [][]byte) {
	var events []event.Event
	var raws [][]byte
	add := func(ev event.Event, raw string, fields ...string) {
		for i := 0; i+1 < len(fields); i += 2 {
			ev.Add(fields[i], fields[i+1])
		}
		events, raws = append(events, ev), append(raws, []byte(raw))
	}
	logon := event.Event{Format: "syslog", ClassUID: event.ClassAuthentication, ActivityID: 1, StatusID: 1, ActorUser: "deploy", SrcIP: "192.0.2.10", SrcPort: 50022,
		Message: "Accepted publickey for deploy from 192.0.2.10 port 50022 ssh2: RSA SHA256:AAAAexample"}
	add(logon, "Mar  1 12:12:50 app01 sshd[4711]: "+logon.Message, "program", "sshd", "pid", "4711", "method", "publickey")
	cron := event.Event{Format: "syslog", ClassUID: event.ClassScheduledJob, ActorUser: "root", CmdLine: "/usr/local/bin/collect --all", Message: "(root) CMD (/usr/local/bin/collect --all)"}
	add(cron, "Mar  1 12:13:01 app01 CRON[812]: "+cron.Message, "program", "CRON", "pid", "812")
	app := event.Event{Format: "syslog", Message: "request 8812 finished in 12 ms, 3 rows, cache warm"}
	add(app, "Mar  1 12:13:02 app01 shop[99]: "+app.Message, "program", "shop", "pid", "99")
	web := event.Event{Format: "nginx", ClassUID: event.ClassHTTP, SrcIP: "198.51.100.7", Object: "/items/77", StatusID: 1, ClientApp: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"}
	add(web, `198.51.100.7 - - [01/Mar/2018:12:13:03 +0900] "GET /items/77?page=2 HTTP/1.1" 200 5120 "-" "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"`,
		"c-ip", "198.51.100.7", "cs-method", "GET", "cs-uri-stem", "/items/77", "cs-uri-query", "page=2", "sc-status", "200", "cs-user-agent", web.ClientApp)
	flow := event.Event{Format: "jsonlines", ClassUID: event.ClassNetwork, SrcIP: "192.0.2.3", DstIP: "192.0.2.4", DstPort: 443}
	add(flow, `{"src_ip":"192.0.2.3","dst_ip":"192.0.2.4","dst_port":443,"action":"allow"}`, "src_ip", "192.0.2.3", "dst_ip", "192.0.2.4", "dst_port", "443", "action", "allow")
	file := event.Event{Format: "workspace", ClassUID: event.ClassFileHosting, ActorUser: "a@example.com", Object: "report"}
	add(file, `{"kind":"admin#reports#activity"}`, "events.name", "view", "doc_title", "report", "owner", "a@example.com")
	return events, raws
}

func BenchmarkQuietLinuxAndWeb(b *testing.B) {
	m := Compile(loadShared(b, "rules/linux", "rules/web")).NewMatcher()
	events, raws := quiet()
	var dst []Match
	loop(b, func(i int) { dst = m.Match(&events[i%len(events)], raws[i%len(events)], dst[:0]) })
}

func BenchmarkEventWithoutRules(b *testing.B) {
	m := Compile(loadShared(b, "rules/linux", "rules/web")).NewMatcher()
	events, raws := quiet()
	ev, raw := &events[5], raws[5]
	var dst []Match
	loop(b, func(int) { dst = m.Match(ev, raw, dst[:0]) })
}

// routed are events of many kinds, as often as they come in a real estate.
func routed() []event.Event {
	events, _ := quiet()
	audit := process("type", "SYSCALL", "arch", "c000003e", "syscall", "59", "success", "yes", "exit", "0", "a0", "5581", "a1", "5582", "items", "2", "ppid", "1", "pid", "2",
		"auid", "1000", "uid", "0", "exe", "/usr/bin/id", "comm", "id", "key", "exec", "Image", "/usr/bin/id", "CommandLine", "id")
	sysmon := with("evtx", "Provider_Name", "Microsoft-Windows-Sysmon", "EventID", "13", "Channel", sysmonChannel, "Computer", "pc01", "EventType", "SetValue",
		"ProcessGuid", "{1}", "ProcessId", "4", "Image", `C:\Windows\explorer.exe`, "TargetObject", `HKU\S-1-5-21\Software\Example`, "Details", "DWORD (0x00000001)")
	sysmon.EventCode = "13"
	cloud := with("jsonlines", "eventVersion", "1.08", "eventTime", "2026-01-01T00:00:00Z", "eventSource", "s3.amazonaws.com", "eventName", "GetObject", "awsRegion", "ap-northeast-1",
		"sourceIPAddress", "192.0.2.1", "userAgent", "aws-cli", "requestID", "1", "eventID", "2", "eventType", "AwsApiCall", "recipientAccountId", "3")
	cloud.ClassUID = event.ClassAPI
	return append(events, audit, sysmon, cloud)
}

func BenchmarkRoute(b *testing.B) {
	r := Compile(allRules(b)).router
	events := routed()
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		r.route(&events[i%len(events)])
		i++
	}
}
