package windows_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/evtx"
	"github.com/konseki/konseki/internal/evtx/evtxtest"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func at() time.Time { return time.Date(2018, 3, 1, 3, 12, 50, 123456700, time.UTC) }

// file cuts a file as an import does and derives its events.
func file(t testing.TB, data []byte) []event.Event {
	t.Helper()
	shape := normalise.Recognise("x.evtx", data[:min(len(data), 64<<10)])
	if shape.Format != "evtx" || shape.Framing != event.FrameEVTX {
		t.Fatalf("recognised as %+v", shape)
	}
	events := normalisetest.Shaped(shape, data, "file;host=named-by-the-operator")
	return events
}

// of makes an event of a channel and a number from names and values in turn.
func of(channel string, id uint16, data ...any) evtxtest.Event {
	e := evtxtest.Event{Time: at(), Channel: channel, Provider: channel, Computer: "pc-1.example.jp", ID: id, Level: 4, User: evtxtest.System()}
	for i := 0; i < len(data); i += 2 {
		e.Data = append(e.Data, evtxtest.Data{Name: data[i].(string), Value: data[i+1]})
	}
	return e
}

// in puts the data of an event into an element of UserData.
func in(element string, e evtxtest.Event) evtxtest.Event { e.UserData = element; return e }

// columns are the columns that a test looks at, as text, those not set left out.
func columns(ev *event.Event) map[string]string {
	keep := []string{
		"class", "activity_id", "status_id", "severity_id", "actor_user", "target_user", "src_ip", "src_port", "dst_ip", "dst_port", "session_uid",
		"process_path", "cmd_line", "object", "statement", "event_code", "host", "seq", "time",
	}
	got := map[string]string{}
	for line := range strings.Lines(normalisetest.Describe(ev)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if ok && slices.Contains(keep, name) {
			got[name] = strings.Trim(value, `"`)
		}
	}
	return got
}

const (
	security = "Security"
	sysmon   = "Microsoft-Windows-Sysmon/Operational"
	tasks    = "Microsoft-Windows-TaskScheduler/Operational"
	sessions = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
	defender = "Microsoft-Windows-Windows Defender/Operational"
	shell    = "Microsoft-Windows-PowerShell/Operational"
	wmi      = "Microsoft-Windows-WMI-Activity/Operational"
)

// cases are events of the usual channels and what their columns hold, as
// "name=value" parted by spaces; a "~" stands for a space in a value.
func cases() []struct {
	event evtxtest.Event
	want  string
} {
	return []struct {
		event evtxtest.Event
		want  string
	}{
		{of(security, 4624, "SubjectUserName", "-", "TargetUserName", "sato", "TargetLogonId", uint64(0x3e7), "IpAddress", "::ffff:192.0.2.7", "IpPort", "50001"),
			"class=authentication activity_id=1 status_id=1 actor_user=sato src_ip=192.0.2.7 src_port=50001 session_uid=0x3e7"},
		{of(security, 4625, "SubjectUserName", "PC-1$", "TargetUserName", "administrator", "IpAddress", "198.51.100.9"),
			"class=authentication activity_id=1 status_id=2 actor_user=administrator src_ip=198.51.100.9"},
		{of(security, 4634, "TargetUserName", "sato", "TargetLogonId", uint64(0x3e7)), "class=authentication activity_id=2 status_id=1 actor_user=sato session_uid=0x3e7"},
		{of(security, 4648, "SubjectUserName", "sato", "TargetUserName", "admin", "ProcessName", `C:\x.exe`, "IpAddress", "-"),
			`class=authentication activity_id=7 status_id=1 actor_user=sato target_user=admin process_path=C:\\x.exe`},
		{of(security, 4672, "SubjectUserName", "admin", "SubjectLogonId", uint64(0x99), "PrivilegeList", "SeDebugPrivilege"),
			"class=authorization activity_id=1 status_id=1 actor_user=admin session_uid=0x99"},
		{of(security, 4688, "SubjectUserName", "sato", "NewProcessName", `C:\Windows\cmd.exe`, "CommandLine", "cmd /c x", "TargetUserName", "-", "ParentProcessName", `C:\p.exe`),
			`class=process activity_id=1 status_id=1 actor_user=sato process_path=C:\\Windows\\cmd.exe cmd_line=cmd~/c~x`},
		{of(security, 4697, "SubjectUserName", "admin", "ServiceName", "evil", "ServiceFileName", `C:\evil.exe`),
			`class=application activity_id=1 status_id=1 actor_user=admin object=evil cmd_line=C:\\evil.exe`},
		{of(security, 4698, "SubjectUserName", "admin", "TaskName", `\evil`), `class=job activity_id=1 status_id=1 actor_user=admin object=\\evil`},
		{of(security, 4720, "TargetUserName", "new", "SubjectUserName", "admin"), "class=account activity_id=1 status_id=1 actor_user=admin target_user=new"},
		{of(security, 4722, "TargetUserName", "new", "SubjectUserName", "admin"), "class=account activity_id=2 status_id=1 actor_user=admin target_user=new"},
		{of(security, 4724, "TargetUserName", "new", "SubjectUserName", "admin"), "class=account activity_id=4 status_id=1 actor_user=admin target_user=new"},
		{of(security, 4725, "TargetUserName", "new", "SubjectUserName", "admin"), "class=account activity_id=5 status_id=1 actor_user=admin target_user=new"},
		{of(security, 4726, "TargetUserName", "new", "SubjectUserName", "admin"), "class=account activity_id=6 status_id=1 actor_user=admin target_user=new"},
		{of(security, 4732, "MemberName", "-", "MemberSid", evtxtest.System(), "TargetUserName", "Administrators", "SubjectUserName", "admin"),
			"class=group activity_id=3 status_id=1 actor_user=admin target_user=S-1-5-18 object=Administrators"},
		{of(security, 4728, "MemberName", "CN=new", "TargetUserName", "Domain Admins", "SubjectUserName", "admin"),
			"class=group activity_id=3 status_id=1 actor_user=admin target_user=CN=new object=Domain~Admins"},
		{of(security, 4738, "TargetUserName", "new", "SubjectUserName", "admin"), "class=account activity_id=99 status_id=1 actor_user=admin target_user=new"},
		{of(security, 4740, "TargetUserName", "sato", "SubjectUserName", "DC$"), "class=account activity_id=9 status_id=1 actor_user=DC$ target_user=sato"},
		{of(security, 4768, "TargetUserName", "sato", "Status", "0x0", "IpAddress", "::ffff:192.0.2.7", "ServiceName", "krbtgt"),
			"class=authentication activity_id=1 status_id=1 actor_user=sato src_ip=192.0.2.7 object=krbtgt"},
		{of(security, 4768, "TargetUserName", "sato", "Status", "0x6"), "class=authentication activity_id=1 status_id=2 actor_user=sato"},
		{of(security, 4769, "TargetUserName", "sato@EXAMPLE.JP", "ServiceName", "sql", "Status", "0x0"),
			"class=authentication activity_id=4 status_id=1 actor_user=sato@EXAMPLE.JP object=sql"},
		{of(security, 4771, "TargetUserName", "sato", "Status", "0x18"), "class=authentication activity_id=1 status_id=2 actor_user=sato"},
		{of(security, 4776, "TargetUserName", "sato", "Status", "0xc000006a"), "class=authentication activity_id=1 status_id=2 actor_user=sato"},
		{in("LogFileCleared", of(security, 1102, "SubjectUserName", "admin", "SubjectLogonId", "0x1")), "class=eventlog activity_id=1 status_id=1 actor_user=admin session_uid=0x1"},
		{of(security, 4663, "SubjectUserName", "sato", "ObjectName", `C:\secret.xlsx`, "AccessMask", "0x2", "ProcessName", `C:\x.exe`),
			`class=file activity_id=3 actor_user=sato object=C:\\secret.xlsx process_path=C:\\x.exe`},
		{of(security, 4663, "ObjectName", `C:\secret.xlsx`, "AccessMask", "0x10000"), `class=file activity_id=4 object=C:\\secret.xlsx`},
		{of(security, 5145, "SubjectUserName", "sato", "IpAddress", "192.0.2.7", "ShareName", `\\*\C$`, "RelativeTargetName", `x\y.exe`, "AccessMask", "0x1"),
			`class=file activity_id=2 actor_user=sato src_ip=192.0.2.7 object=\\\\*\\C$\\x\\y.exe`},
		{of(security, 5140, "SubjectUserName", "sato", "ShareName", `\\*\C$`), `class=file activity_id=2 actor_user=sato object=\\\\*\\C$`},
		{of(security, 5156, "Application", `\device\x.exe`, "SourceAddress", "192.0.2.7", "SourcePort", "5", "DestAddress", "203.0.113.5", "DestPort", "443"),
			`class=network activity_id=1 status_id=1 process_path=\\device\\x.exe src_ip=192.0.2.7 src_port=5 dst_ip=203.0.113.5 dst_port=443`},
		{of("System", 7045, "ServiceName", "evil", "ImagePath", `%COMSPEC% /c x`), `class=application activity_id=1 status_id=1 object=evil cmd_line=%COMSPEC%~/c~x`},
		{of("System", 7036, "param1", "Windows Update", "param2", "stopped"), "class=application activity_id=4 object=Windows~Update"},
		{of("System", 7036, "param1", "Windows Update", "param2", "実行中"), "class=application activity_id=3 object=Windows~Update"},
		{in("LogFileCleared", of("System", 104, "SubjectUserName", "admin", "Channel", "Application")), "class=eventlog activity_id=1 status_id=1 actor_user=admin object=Application"},
		{of(sysmon, 1, "Image", `C:\a.exe`, "CommandLine", "a.exe /x", "User", `EXAMPLE\sato`, "LogonId", uint64(1)),
			`class=process activity_id=1 actor_user=EXAMPLE\\sato process_path=C:\\a.exe cmd_line=a.exe~/x session_uid=0x1`},
		{of(sysmon, 3, "Image", `C:\a.exe`, "SourceIp", "192.0.2.7", "SourcePort", "5", "DestinationIp", "203.0.113.5", "DestinationPort", "443"),
			`class=network activity_id=1 process_path=C:\\a.exe src_ip=192.0.2.7 src_port=5 dst_ip=203.0.113.5 dst_port=443`},
		{of(sysmon, 8, "SourceImage", `C:\a.exe`, "TargetImage", `C:\b.exe`), `class=process activity_id=4 process_path=C:\\a.exe object=C:\\b.exe`},
		{of(sysmon, 10, "SourceImage", `C:\a.exe`, "TargetImage", `C:\lsass.exe`), `class=process activity_id=3 process_path=C:\\a.exe object=C:\\lsass.exe`},
		{of(sysmon, 7, "Image", `C:\a.exe`, "ImageLoaded", `C:\b.dll`), `class=module activity_id=1 process_path=C:\\a.exe object=C:\\b.dll`},
		{of(sysmon, 11, "Image", `C:\a.exe`, "TargetFilename", `C:\b.exe`), `class=file activity_id=1 process_path=C:\\a.exe object=C:\\b.exe`},
		{of(sysmon, 12, "EventType", "DeleteKey", "TargetObject", `HKLM\x`), `class=registrykey activity_id=4 object=HKLM\\x`},
		{of(sysmon, 13, "EventType", "SetValue", "TargetObject", `HKLM\x`), `class=registryvalue activity_id=2 object=HKLM\\x`},
		{of(sysmon, 17, "PipeName", `\evil`), `class=file activity_id=1 object=\\evil`},
		{of(sysmon, 20, "Operation", "Created", "Consumer", "c"), "class=api activity_id=1 object=c statement=Created"},
		{of(sysmon, 22, "Image", `C:\a.exe`, "QueryName", "c2.example.com"), `class=dns activity_id=1 process_path=C:\\a.exe object=c2.example.com`},
		{of(sysmon, 23, "TargetFilename", `C:\b.exe`), `class=file activity_id=4 object=C:\\b.exe`},
		{of(sysmon, 27, "TargetFilename", `C:\b.exe`), `class=file activity_id=1 status_id=2 object=C:\\b.exe`},
		{of(shell, 4104, "ScriptBlockText", "iex $x", "Path", `C:\a.ps1`), `class=script activity_id=1 actor_user=S-1-5-18 statement=iex~$x object=C:\\a.ps1`},
		{of(shell, 4103, "Payload", "CommandInvocation(x)"), `class=script activity_id=1 actor_user=S-1-5-18 statement=CommandInvocation(x)`},
		{of("Windows PowerShell", 400, "", []string{"Available", "HostApplication=x"}), `class=script activity_id=1 actor_user=S-1-5-18 statement=Available\nHostApplication=x`},
		{of(tasks, 106, "TaskName", `\evil`, "UserContext", `EXAMPLE\sato`), `class=job activity_id=1 status_id=1 actor_user=EXAMPLE\\sato object=\\evil`},
		{of(tasks, 141, "TaskName", `\evil`, "UserName", "sato"), `class=job activity_id=3 status_id=1 actor_user=sato object=\\evil`},
		{of(tasks, 200, "TaskName", `\evil`, "ActionName", "x.exe"), `class=job activity_id=6 status_id=1 object=\\evil cmd_line=x.exe`},
		{in("EventXML", of(sessions, 21, "User", `EXAMPLE\sato`, "SessionID", uint32(2), "Address", "192.0.2.7")),
			`class=authentication activity_id=1 status_id=1 actor_user=EXAMPLE\\sato session_uid=2 src_ip=192.0.2.7`},
		{in("EventXML", of(sessions, 24, "User", "sato", "Address", "LOCAL")), `class=authentication activity_id=2 status_id=1 actor_user=sato`},
		{in("EventXML", of(sessions, 1149, "Param1", "sato", "Param2", "EXAMPLE", "Param3", "192.0.2.7")),
			`class=authentication activity_id=1 status_id=1 actor_user=EXAMPLE\\sato src_ip=192.0.2.7`},
		{of(defender, 1116, "Threat Name", "Trojan:x", "Path", `file:_C:\x.exe`, "Process Name", `C:\a.exe`),
			`class=finding activity_id=1 object=file:_C:\\x.exe process_path=C:\\a.exe severity_id=4`},
		{in("Operation_ClientFailure", of(wmi, 5858, "User", "sato", "Operation", "Start x")), "class=api activity_id=99 actor_user=sato statement=Start~x"},
		{of("Application", 1000, "", "a"), "class=base"},
	}
}

// TestEventsOfTheUsualChannelsFillTheirColumns derives each case from an event
// log and from the JSON that a reader of event logs makes of it.
func TestEventsOfTheUsualChannelsFillTheirColumns(t *testing.T) {
	for i, c := range cases() {
		events := file(t, evtxtest.File(1, c.event))
		normalisetest.Check(t, events)
		if len(events) != 1 || events[0].Format != "evtx" {
			t.Fatalf("case %d: %d events, %+v", i, len(events), events[0])
		}
		want := map[string]string{"severity_id": "1", "host": "pc-1.example.jp", "seq": "1", "time": "2018-03-01T03:12:50.1234567Z"}
		for _, pair := range strings.Fields(c.want) {
			name, value, _ := strings.Cut(pair, "=")
			want[name] = strings.ReplaceAll(value, "~", " ")
		}
		want["event_code"], _ = events[0].Get("EventID")
		if diff := cmp.Diff(want, columns(&events[0])); diff != "" {
			t.Errorf("case %d (%s):\n%s", i, c.want, diff)
		}
		export := normalisetest.Derive(t, "http", events[0].Text)[0]
		if diff := cmp.Diff(columns(&events[0]), columns(&export)); diff != "" {
			t.Errorf("case %d (%s) exported as JSON:\n%s\n%s", i, c.want, diff, events[0].Text)
		}
	}
}

func TestOneRecordGivesManyEventsInOrder(t *testing.T) {
	var events []evtxtest.Event
	for id := range 250 {
		e := of(security, 4624, "TargetUserName", "sato")
		e.Time = at().Add(time.Duration(id) * time.Second)
		events = append(events, e)
	}
	got := file(t, evtxtest.File(100, events...))
	if len(got) != 250 {
		t.Fatalf("%d events", len(got))
	}
	for i, ev := range got {
		if int(ev.Record) != i/100+1 || int(ev.Nth) != i%100 || !ev.Time.Equal(events[i].Time) || ev.Quality.Zone != event.ZoneStated {
			t.Fatalf("event %d: record %d nth %d %v %v", i, ev.Record, ev.Nth, ev.Time, ev.Quality)
		}
		if !strings.HasPrefix(ev.Text, `{"Event":{`) || ev.Message != "Security 4624 sato" {
			t.Fatalf("text %q message %q", ev.Text, ev.Message)
		}
	}
}

// TestDamageIsToldAsUnparsedEventsBeforeTheOthers damages a file in several
// places and finds each told, and the rest read.
func TestDamageIsToldAsUnparsedEventsBeforeTheOthers(t *testing.T) {
	e := of(security, 4624, "TargetUserName", "sato")
	whole := evtxtest.File(3, e, e, e)
	for _, c := range []struct {
		about    string
		damage   func([]byte)
		unparsed int
		events   int
		carved   bool
	}{
		{"none", func([]byte) {}, 0, 3, false},
		{"file header", func(b []byte) { b[30]++ }, 1, 3, false},
		{"signature of the file", func(b []byte) { b[0]++ }, 1, 3, false},
		{"chunk header", func(b []byte) { b[4096+40]++ }, 1, 3, true},
		{"chunk zeroed", func(b []byte) { clear(b[4096:]) }, 0, 1, false},
		{"one record", func(b []byte) { copy(b[4096+512+1600:], "damaged") }, 1, 3, true},
	} {
		data := slices.Clone(whole)
		c.damage(data)
		got := file(t, data)
		normalisetest.Check(t, got)
		unparsed := 0
		for i, ev := range got {
			if ev.Format != event.Unparsed {
				continue
			}
			if unparsed++; i >= c.unparsed || ev.Text == "" || ev.Text != ev.Message || ev.Quality.Zone != event.ZoneReceived {
				t.Errorf("%s: event %d %+v", c.about, i, ev)
			}
		}
		last := got[len(got)-1]
		if _, carved := last.Get("konseki.carved"); unparsed != c.unparsed || len(got)-unparsed != c.events || carved != c.carved {
			t.Errorf("%s: %d unparsed of %d, carved %v: %v", c.about, unparsed, len(got), carved, got[0].Message)
		}
	}
}

func TestFilesWithoutEventsGiveOneEventThatSaysSo(t *testing.T) {
	for _, data := range [][]byte{evtxtest.Header(0, 1, 0), evtxtest.File(1), append(evtxtest.Header(0, 1, 0), make([]byte, evtx.ChunkSize)...)} {
		got := file(t, data)
		if len(got) != 1 || got[0].Format != "evtx" || got[0].Text == "" || got[0].Host != "named-by-the-operator" {
			t.Errorf("%+v", got)
		}
	}
}

// TestARecordIsReadWithoutAHint reads a chunk whose transport says nothing.
func TestARecordIsReadWithoutAHint(t *testing.T) {
	data := evtxtest.File(1, of(security, 4624, "TargetUserName", "佐藤"))
	for _, raw := range [][]byte{data, data[evtx.HeaderSize:]} {
		got := normalise.New().Events(nil, normalisetest.Record(raw, "file"))
		if len(got) != 1 || got[0].Format != "evtx" || got[0].ActorUser != "佐藤" || !strings.HasPrefix(got[0].Text, "{") {
			t.Errorf("%+v", got)
		}
	}
}

func TestAnEventWithoutATimeTakesThatOfItsRecord(t *testing.T) {
	c := evtxtest.NewChunk()
	c.Record(1, at(), func(b *evtxtest.Body) { b.Open("Event", -1); b.Empty(); b.End() })
	got := file(t, append(evtxtest.Header(1, 2, 0), c.Bytes()...))
	if len(got) != 1 || !got[0].Time.Equal(at()) {
		t.Errorf("%+v", got)
	}
}

// FuzzEvents derives events from any bytes as a part of an event log.
func FuzzEvents(f *testing.F) {
	f.Add(evtxtest.File(2, cases()[0].event, cases()[5].event)[:evtx.HeaderSize+4096])
	f.Add([]byte("ElfFile\x00"))
	n := normalise.New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		normalisetest.Check(t, n.Events(nil, normalisetest.Record(raw, "file;format=evtx")))
	})
}

// BenchmarkEvents measures a chunk full of logons all the way to events.
func BenchmarkEvents(b *testing.B) {
	events := make([]evtxtest.Event, 80)
	for i := range events {
		events[i] = cases()[5].event
	}
	raw := evtxtest.File(len(events), events...)
	n := normalise.New()
	rec := normalisetest.Record(raw, "file;format=evtx")
	var dst []event.Event
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		dst = n.Events(dst[:0], rec)
	}
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
}
