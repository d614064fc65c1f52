package logsource_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/internal/sigma/logsource"
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
	process, web := logsource.Logsource{"windows", "process_creation", ""}, logsource.Logsource{"", "webserver", ""}
	created := with("evtx", "Channel", security, "NewProcessName", `C:\Windows\System32\net.exe`, "ParentProcessName", `C:\Windows\explorer.exe`,
		"SubjectUserSid", "S-1-5-21-1-2-3-1001", "SubjectUserName", "sato", "SubjectDomainName", "EXAMPLE", "TargetUserName", "-", "MandatoryLabel", "S-1-16-12288", "NewProcessId", "0x1a4")
	created.ClassUID, created.EventCode = event.ClassProcess, "4688"
	service := with("evtx", "Channel", security, "NewProcessName", `C:\Windows\x.exe`, "SubjectUserSid", "S-1-5-18", "SubjectUserName", "APP01$", "SubjectDomainName", "EXAMPLE")
	service.ClassUID, service.EventCode = event.ClassProcess, "4688"
	access := with("nginx", "cs-uri", "/a.php?id=1", "cs-uri-query", "id=1", "cs-uri-stem", "/a.php", "a", "1", "a", "2")
	access.ClassUID, access.Object, access.Statement, access.DstPort = event.ClassHTTP, "/a.php", "id=1", 443
	lines := with("jsonlines", "method", "GET")
	lines.ClassUID, lines.Object, lines.Statement = event.ClassHTTP, "/b", "c=2"
	registry := with("evtx", "Channel", security, "ObjectName", `\REGISTRY\MACHINE\SOFTWARE\Example`, "ObjectValueName", "Run", "NewValue", "1", "NewValueType", "%%1876", "OperationType", "%%1904")
	registry.EventCode = "4657"
	registrySet := logsource.Logsource{"windows", "registry_set", ""}
	for _, tt := range []struct {
		ev    *event.Event
		l     logsource.Logsource
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
		got := logsource.NewReader(tt.l, tt.field).Append(nil, tt.ev)
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
	names := logsource.FieldNames()
	var rules []*sigma.Rule
	for _, f := range names {
		rules = append(rules, ruleFor(t, logsource.Logsource{}, "{'"+f.Name+"|exists': true}"))
	}
	for _, l := range logsource.List() {
		var asked []*sigma.Rule
		for i, f := range names {
			if got := logsource.NewReader(l.Logsource, f.Name).Append(nil, &ev); got != nil {
				t.Errorf("%s %s of an event that says nothing: %q", l.Logsource, f.Name, got)
			}
			r := *rules[i]
			r.Logsource = l.Logsource
			asked = append(asked, &r)
		}
		if n := len(sigma.Compile(asked).Unrouted()); n > 0 && l.Why == "" {
			t.Errorf("%s: %d rules have no events", l.Logsource, n)
		}
	}
}

// sees reports whether a rule of the logsource finds a value under a name.
func sees(t *testing.T, ev *event.Event, l logsource.Logsource, field, text string) bool {
	t.Helper()
	escaped := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `'`, `''`).Replace(text)
	r := ruleFor(t, l, "{"+field+": '"+escaped+"'}")
	return len(sigma.Compile([]*sigma.Rule{r}).NewMatcher().Match(ev, nil, nil)) == 1
}

// ruleFor makes a rule of a logsource from its selection.
func ruleFor(t *testing.T, l logsource.Logsource, selection string) *sigma.Rule {
	t.Helper()
	list, err := sigma.Parse("t.yml", []byte("title: t\nlogsource: {product: linux}\ndetection:\n  s: "+selection+"\n  condition: s\n"))
	if err != nil {
		t.Fatal(err)
	}
	list[0].Logsource = l
	return list[0]
}
