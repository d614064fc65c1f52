package service

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/windows"
)

// windowsName gives the name under which Sigma's rules know a field of a
// Windows event, whichever exporter wrote it: the names of EventData stand
// alone, those of System too, with "_" before an attribute ("Provider_Name").
// Other names are returned as they are.
func windowsName(name string) string {
	rest, ok := cutAnyPrefix(name, "Event.EventData.", "Event.UserData.", "winlog.event_data.", "winlog.user_data.", "EventData.", "event_data.",
		"Event.System.")
	if !ok {
		switch name {
		case "winlog.event_id":
			return "EventID"
		case "winlog.channel":
			return "Channel"
		case "winlog.provider_name":
			return "Provider_Name"
		case "winlog.record_id":
			return "EventRecordID"
		case "winlog.computer_name":
			return "Computer"
		}
		return name
	}
	rest = strings.TrimSuffix(rest, ".#text")
	rest = strings.Replace(rest, ".#attributes.", "_", 1)
	if strings.HasPrefix(name, "Event.UserData.") {
		rest = rest[strings.LastIndexByte(rest, '.')+1:] // the element around the data has a name of its own
	}
	switch rest {
	case "TimeCreated_SystemTime":
		return "SystemTime"
	case "Security_UserID":
		return "UserID"
	}
	return rest
}

func cutAnyPrefix(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok && rest != "" {
			return rest, true
		}
	}
	return s, false
}

// classifyWindows sets class and columns of an event of the Windows event log.
func classifyWindows(f *facts, ev *event.Event) {
	windows.Classify(ev, f.value[colEventID], f.value[colChannel], f.value[colProvider])
}
