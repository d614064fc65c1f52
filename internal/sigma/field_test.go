package sigma

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
)

// with returns an event of a format with native fields: name, value, name …
func with(format string, fields ...string) event.Event {
	ev := event.Event{Format: format}
	for i := 0; i+1 < len(fields); i += 2 {
		ev.Add(fields[i], fields[i+1])
	}
	return ev
}

func TestValuesAreWhatRulesSee(t *testing.T) {
	process, web := Logsource{"windows", "process_creation", ""}, Logsource{"", "webserver", ""}
	created := with("evtx", "Channel", securityChannel, "NewProcessName", `C:\Windows\System32\net.exe`, "ParentProcessName", `C:\Windows\explorer.exe`,
		"SubjectUserSid", "S-1-5-21-1-2-3-1001", "SubjectUserName", "sato", "SubjectDomainName", "EXAMPLE", "TargetUserName", "-", "MandatoryLabel", "S-1-16-12288", "NewProcessId", "0x1a4")
	created.ClassUID, created.EventCode = event.ClassProcess, "4688"
	service := with("evtx", "Channel", securityChannel, "NewProcessName", `C:\Windows\x.exe`, "SubjectUserSid", "S-1-5-18", "SubjectUserName", "APP01$", "SubjectDomainName", "EXAMPLE")
	service.ClassUID, service.EventCode = event.ClassProcess, "4688"
	access := with("nginx", "cs-uri", "/a.php?id=1", "cs-uri-query", "id=1", "cs-uri-stem", "/a.php", "a", "1", "a", "2")
	access.ClassUID, access.Object, access.Statement, access.DstPort = event.ClassHTTP, "/a.php", "id=1", 443
	lines := with("jsonlines", "method", "GET")
	lines.ClassUID, lines.Object, lines.Statement = event.ClassHTTP, "/b", "c=2"
	registry := with("evtx", "Channel", securityChannel, "ObjectName", `\REGISTRY\MACHINE\SOFTWARE\Example`, "ObjectValueName", "Run", "NewValue", "1", "NewValueType", "%%1876", "OperationType", "%%1904")
	registry.EventCode = "4657"
	registrySet := Logsource{"windows", "registry_set", ""}
	for _, tt := range []struct {
		ev    *event.Event
		l     Logsource
		field string
		want  []string
	}{
		{&created, process, "Image", []string{`C:\Windows\System32\net.exe`}},
		{&created, process, "ParentImage", []string{`C:\Windows\explorer.exe`}},
		{&created, process, "User", []string{`EXAMPLE\sato`}},
		{&service, process, "User", []string{`NT AUTHORITY\SYSTEM`}},
		{&created, process, "IntegrityLevel", []string{"High"}},
		{&created, process, "ProcessId", []string{"0x1a4"}},
		{&created, process, "Hashes", nil},
		{&access, web, "cs-uri-query", []string{"id=1", "/a.php?id=1"}},
		{&lines, web, "cs-uri-query", []string{"/b?c=2"}},
		{&lines, web, "cs-method", []string{"GET"}},
		{&access, web, "c-uri-extension", []string{"php"}},
		{&access, web, "a", []string{"1", "2"}},
		{&access, web, "dst_port", []string{"443"}},
		{&registry, registrySet, "TargetObject", []string{`HKLM\SOFTWARE\Example\Run`}},
		{&registry, registrySet, "Details", []string{"DWORD (0x00000001)"}},
	} {
		got := Values(tt.ev, tt.l, tt.field)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %s: %s", tt.l, tt.field, diff)
		}
		for _, v := range append(got, "nothing like it") {
			if want := v != "nothing like it"; sees(t, tt.ev, tt.l, tt.field, v) != want {
				t.Errorf("%s: a rule for %s=%s: %t, want %t", tt.l, tt.field, v, !want, want)
			}
		}
	}
}

func TestEveryAliasResolvesInEveryLogsource(t *testing.T) {
	ev := with("jsonlines", "x", "y")
	everything := rule(t, "s: {nothing: null}\ncondition: s")
	for _, l := range Logsources() {
		var asked []*Rule
		for _, f := range FieldNames() {
			if got := Values(&ev, l.Logsource, f.Name); got != nil {
				t.Errorf("%s %s of an event that says nothing: %q", l.Logsource, f.Name, got)
			}
			r := *everything
			r.Logsource, r.cond = l.Logsource, leaf(&predicate{field: f.Name, op: opExists})
			asked = append(asked, &r)
		}
		if n := len(Compile(asked).Unrouted()); n > 0 && l.Why == "" {
			t.Errorf("%s: %d rules have no events", l.Logsource, n)
		}
	}
}

func TestTextsKeepNoRecordsAndNoLongText(t *testing.T) {
	known := newTexts()
	long := strings.Repeat("x", maxJoined+1)
	for _, p := range []parts{{"a", `\`, "b"}, {long, "y"}, {}} {
		if got := known.join(p); got != p.join() {
			t.Errorf("%q", got)
		}
	}
	if n := testing.AllocsPerRun(10, func() { known.join(parts{"a", `\`, "b"}) }); n != 0 || len(known.joined) != 1 {
		t.Errorf("%.0f allocations, %d texts kept", n, len(known.joined))
	}
}

// sees reports whether a rule of the logsource finds a value under a name.
func sees(t *testing.T, ev *event.Event, l Logsource, field, text string) bool {
	t.Helper()
	r := rule(t, "s: {nothing: null}\ncondition: s")
	r.Logsource = l
	r.cond = leaf(&predicate{field: field, op: opEqual, text: fold(text)})
	return len(Compile([]*Rule{r}).NewMatcher().Match(ev, nil, nil)) == 1
}
