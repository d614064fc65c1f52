package note

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func TestClocksThatWereSetAreNoted(t *testing.T) {
	line := func(program, message string) event.Event {
		return event.Event{Format: "syslog", Message: message, Fields: []event.Field{{Name: "program", Value: program}}}
	}
	windows := func(code, provider, from, to string) event.Event {
		return event.Event{EventCode: code, Fields: []event.Field{{Name: "Provider_Name", Value: provider}, {Name: "PreviousTime", Value: from}, {Name: "NewTime", Value: to}}}
	}
	command := func(line string) event.Event { return event.Event{ClassUID: event.ClassProcess, CmdLine: line} }
	for want, list := range map[string][]event.Event{
		"-1980.123": {line("chronyd", "System clock was stepped by -1980.1234 seconds"), line("ntpd", "time reset -1980.1234 s"), line("ntpdate", "step time server 192.0.2.1 offset -1980.1234 sec")},
		"1980.000":  {windows("4616", "Microsoft-Windows-Security-Auditing", "2026-09-14T00:00:00Z", "2026-09-14T00:33:00Z"), windows("1", "Microsoft-Windows-Kernel-General", "2026-09-14T00:00:00Z", "2026-09-14T00:33:00Z")},
		"set":       {command("sudo date -s 2020-01-01"), command("/usr/bin/timedatectl set-time 12:00")},
		"": {
			line("app", "System clock was stepped by 99 seconds"), line("chronyd", "System clock was stepped by many seconds"), command("date +%s"), command("update-grub"),
			windows("1", "Microsoft-Windows-Sysmon", "2026-09-14T00:00:00Z", "2026-09-14T00:33:00Z"), windows("4616", "x", "2026-09-14T00:00:00Z", "2026-09-14T00:00:00.2Z"),
		},
	} {
		for _, ev := range list {
			ev.Notes = clocks(&ev, nil)
			if got := ev.Note("clock"); got != want {
				t.Errorf("%s %s %v: clock is %q, want %q", ev.Message, ev.CmdLine, ev.Fields, got, want)
			}
		}
	}
}
