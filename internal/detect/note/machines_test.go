package note

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func TestMachinesAreNoted(t *testing.T) {
	field := func(name, value string) event.Event {
		return event.Event{Format: "jsonlines", Fields: []event.Field{{Name: name, Value: value}}}
	}
	with := func(ev event.Event, class int32) event.Event {
		ev.ClassUID = class
		return ev
	}
	for _, c := range []struct {
		ev         event.Event
		name, want string
	}{
		{with(field("rows", "48211"), event.ClassDatastore), "rows", "48211"},
		{with(field("rows", "many"), event.ClassDatastore), "rows", ""},
		{with(field("ParentProcessName", `C:\Windows\explorer.exe`), event.ClassProcess), "parent", `C:\Windows\explorer.exe`},
		{with(field("exception", "java.net.ConnectException: refused\n\tat a.b(c)"), event.ClassBase), "exception", "java.net.ConnectException: refused"},
		{with(field("exc_info", "Traceback (most recent call last):\n  File \"x\"\nValueError: no"), event.ClassBase), "exception", "ValueError: no"},
		{with(field("exception", "we were asked: no"), event.ClassBase), "exception", ""},
		{with(field("service", "shop"), event.ClassBase), "application", ""},
		{event.Event{Format: "postgres", Message: `parameter "pgaudit.log" changed to "none"`}, "logging", "off"},
		{event.Event{Format: "auditd", EventCode: "CONFIG_CHANGE", Fields: []event.Field{{Name: "audit_enabled", Value: "0"}}}, "logging", "off"},
	} {
		c.ev.Notes = machines(&c.ev, nil)
		if got := c.ev.Note(c.name); got != c.want {
			t.Errorf("%v: %s is %q, want %q", c.ev.Fields, c.name, got, c.want)
		}
	}
}
