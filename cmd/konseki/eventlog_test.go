package main

import (
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/konseki/konseki/internal/evtx"
	"github.com/konseki/konseki/internal/evtx/evtxtest"
)

// eventLog writes a Windows event log of eight events in two chunks: failed
// logons, one that succeeds, a program, a script and the log being cleared.
// With "damaged" one byte of the second chunk is another. eventlog FILE [damaged].
func eventLog(ts *testscript.TestScript, _ bool, args []string) {
	const security = "Security"
	begin := time.Date(2026, 3, 1, 1, 0, 0, 123456700, time.UTC)
	var events []evtxtest.Event
	add := func(e evtxtest.Event, data ...any) {
		e.Time, e.Computer, e.Level, e.User = begin.Add(time.Duration(len(events))*time.Second), "srv-1.example.jp", 4, evtxtest.System()
		for pair := range slices.Chunk(data, 2) {
			e.Data = append(e.Data, evtxtest.Data{Name: pair[0].(string), Value: pair[1]})
		}
		events = append(events, e)
	}
	audit := func(id uint16) evtxtest.Event {
		return evtxtest.Event{Channel: security, Provider: "Microsoft-Windows-Security-Auditing", ID: id}
	}
	for range 3 {
		add(audit(4625), "TargetUserName", "administrator", "LogonType", uint32(3), "IpAddress", "203.0.113.77")
	}
	add(audit(4624), "TargetUserName", "administrator", "LogonType", uint32(3), "IpAddress", "203.0.113.77", "TargetLogonId", uint64(0x4e2a1))
	add(audit(4688), "SubjectUserName", "administrator", "NewProcessName", `C:\Windows\System32\whoami.exe`, "CommandLine", "whoami /all")
	add(evtxtest.Event{Channel: "Microsoft-Windows-PowerShell/Operational", Provider: "Microsoft-Windows-PowerShell", ID: 4104},
		"ScriptBlockText", "Get-ChildItem C:\\共有\\見積書")
	add(audit(4720), "TargetUserName", "保守用", "SubjectUserName", "administrator")
	add(evtxtest.Event{Channel: security, Provider: "Microsoft-Windows-Eventlog", ID: 1102, UserData: "LogFileCleared"}, "SubjectUserName", "administrator")
	data := evtxtest.File(4, events...)
	if len(args) > 1 && args[1] == "damaged" {
		data[evtx.HeaderSize+evtx.ChunkSize+40]++
	}
	write(ts, args[0], data)
}
