package logsource_test

import (
	"os"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/sigma/logsource"
	"github.com/konseki/konseki/internal/sigma/sigmatest"
)

const (
	security = "Security"
	sysmon   = "Microsoft-Windows-Sysmon/Operational"
)

func TestEventsReachTheirLogsources(t *testing.T) {
	syslog := func(program string) event.Event {
		ev := event.Event{Format: "syslog"}
		ev.Add("program", program)
		return ev
	}
	fromSysmon := func(code string) event.Event {
		ev := event.Event{Format: "jsonlines", EventCode: code}
		ev.Add("Channel", sysmon)
		return ev
	}
	process := event.Event{Format: "auditd", ClassUID: event.ClassProcess, ActivityID: event.ActivityProcessLaunch}
	class := func(format string, class int32) event.Event { return event.Event{Format: format, ClassUID: class} }
	ended := process
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
		yes, no []logsource.Logsource
	}{
		{"auditd execve", process, []logsource.Logsource{{"linux", "process_creation", ""}, {"linux", "", "auditd"}, {"linux", "", ""}, {"linux", "process_creation", "auditd"}, {"", "process_creation", ""}},
			[]logsource.Logsource{{"windows", "process_creation", ""}, {"linux", "", "sshd"}, {"linux", "file_event", ""}, {"", "webserver", ""}}},
		{"process end", ended, []logsource.Logsource{{"linux", "process_termination", ""}}, []logsource.Logsource{{"linux", "process_creation", ""}}},
		{"sshd line", syslog("sshd"), []logsource.Logsource{{"linux", "", "sshd"}, {"linux", "", "auth"}, {"linux", "", "syslog"}}, []logsource.Logsource{{"linux", "", "cron"}, {"linux", "", "auditd"}}},
		{"cron line", syslog("CRON"), []logsource.Logsource{{"linux", "", "cron"}}, []logsource.Logsource{{"linux", "", "sshd"}}},
		{"sysmon registry", fromSysmon("13"), []logsource.Logsource{{"windows", "registry_set", ""}, {"windows", "registry_event", ""}, {"windows", "", "sysmon"}, {"windows", "", ""}},
			[]logsource.Logsource{{"windows", "registry_delete", ""}, {"windows", "", "security"}, {"linux", "", ""}}},
		{"windows process without channel", windowsProcess, []logsource.Logsource{{"windows", "process_creation", ""}}, []logsource.Logsource{{"linux", "process_creation", ""}}},
		{"nginx access", class("nginx", event.ClassHTTP), []logsource.Logsource{{"", "webserver", ""}, {"", "", "nginx"}}, []logsource.Logsource{{"", "", "apache"}, {"", "proxy", ""}, {"linux", "", ""}}},
		{"apache error", class("apache", event.ClassApplicationError), []logsource.Logsource{{"", "application_error", ""}, {"", "", "apache"}}, []logsource.Logsource{{"", "webserver", ""}}},
		{"mariadb query", class("mariadb", event.ClassDatastore), []logsource.Logsource{{"", "database", ""}}, []logsource.Logsource{{"linux", "", ""}}},
		{"fortigate tunnel", tunnel, []logsource.Logsource{{"fortigate", "", "event"}, {"", "vpn", ""}, {"", "authentication", ""}}, []logsource.Logsource{{"slack", "", "audit"}}},
		{"drive download", drive, []logsource.Logsource{{"", "file_hosting", ""}, {"gcp", "", "google_workspace.drive"}}, []logsource.Logsource{{"gcp", "", "google_workspace.login"}}},
		{"cloudtrail", cloudtrail, []logsource.Logsource{{"aws", "", "cloudtrail"}}, []logsource.Logsource{{"okta", "", "okta"}}},
		{"unparsed", class(event.Unparsed, event.ClassBase), []logsource.Logsource{{"", "", ""}}, []logsource.Logsource{{"linux", "", ""}, {"", "database", ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for want, list := range map[bool][]logsource.Logsource{true: tt.yes, false: tt.no} {
				for _, l := range list {
					if got := reaches(l, &tt.ev); got != want {
						t.Errorf("%s: %t, want %t", l, got, want)
					}
				}
			}
		})
	}
}

func TestEveryRuleHasEventsOrAReason(t *testing.T) {
	why := make(map[logsource.Logsource]string)
	for _, l := range logsource.List() {
		_, found := logsource.NewRouter().Require(l.Logsource)
		if (len(l.Belongs) == 0) != (l.Why != "") || found != (l.Why == "") {
			t.Errorf("%s: events belong by %d rows, and none because of %q", l.Logsource, len(l.Belongs), l.Why)
		}
		why[l.Logsource] = l.Why
	}
	rules := allRules(t)
	sources := make(map[logsource.Logsource]bool)
	for _, r := range rules {
		sources[r.Logsource] = true
	}
	for _, r := range sigma.Compile(rules).Unrouted() {
		if why[r.Logsource] == "" {
			t.Errorf("%s: no event belongs to %s, and the table does not say why", r.File, r.Logsource)
		}
	}
	t.Logf("%d rules of %d logsources; the table has %d", len(rules), len(sources), len(why))
}

// allRules are the public rules and konseki's own, but for those that wait for
// values of placeholders.
func allRules(tb testing.TB) []*sigma.Rule {
	tb.Helper()
	trees := []sigma.Tree{{FS: os.DirFS("../../../rules")}}
	for _, folder := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"} {
		trees = append(trees, sigma.Tree{FS: os.DirFS(normalisetest.Shared(tb, "data", "sigma", folder))})
	}
	return sigma.Load(sigma.Options{}, trees...).Rules
}

func reaches(l logsource.Logsource, ev *event.Event) bool {
	r := logsource.NewRouter()
	need, ok := r.Require(l)
	r.Activate(need)
	return ok && need.Holds(r.Route(ev))
}

// routed are events of many kinds, as often as they come in a real estate.
func routed() []event.Event {
	var events []event.Event
	for _, s := range sigmatest.Quiet() {
		events = append(events, s.Event)
	}
	audit := with("auditd", "type", "SYSCALL", "arch", "c000003e", "syscall", "59", "success", "yes", "exit", "0", "a0", "5581", "a1", "5582", "items", "2", "ppid", "1", "pid", "2",
		"auid", "1000", "uid", "0", "exe", "/usr/bin/id", "comm", "id", "key", "exec", "Image", "/usr/bin/id", "CommandLine", "id")
	audit.ClassUID, audit.ActivityID = event.ClassProcess, event.ActivityProcessLaunch
	registry := with("evtx", "Provider_Name", "Microsoft-Windows-Sysmon", "EventID", "13", "Channel", sysmon, "Computer", "pc01", "EventType", "SetValue",
		"ProcessGuid", "{1}", "ProcessId", "4", "Image", `C:\Windows\explorer.exe`, "TargetObject", `HKU\S-1-5-21\Software\Example`, "Details", "DWORD (0x00000001)")
	registry.EventCode = "13"
	cloud := with("jsonlines", "eventVersion", "1.08", "eventTime", "2026-01-01T00:00:00Z", "eventSource", "s3.amazonaws.com", "eventName", "GetObject", "awsRegion", "ap-northeast-1",
		"sourceIPAddress", "192.0.2.1", "userAgent", "aws-cli", "requestID", "1", "eventID", "2", "eventType", "AwsApiCall", "recipientAccountId", "3")
	cloud.ClassUID = event.ClassAPI
	return append(events, audit, registry, cloud)
}

func BenchmarkRoute(b *testing.B) {
	r := logsource.NewRouter()
	for _, rule := range allRules(b) {
		need, _ := r.Require(rule.Logsource)
		r.Activate(need)
	}
	events := routed()
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		r.Route(&events[i%len(events)])
		i++
	}
}
