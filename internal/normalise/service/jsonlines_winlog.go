package service

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
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
	if rest == "TimeCreated_SystemTime" {
		return "SystemTime"
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

// classifyWindows sets class and columns of an event of the Windows event log
// by its channel and number.
func classifyWindows(f *facts, ev *event.Event) {
	id := f.value[colEventID]
	ev.EventCode = id
	channel := cmp.Or(f.value[colChannel], f.value[colProvider])
	k := kind{class: event.ClassBase}
	switch {
	case strings.Contains(channel, "Sysmon"):
		k = sysmonKind(id)
	case strings.Contains(channel, "PowerShell"):
		k = kind{event.ClassScript, 1, 0}
	case strings.EqualFold(channel, "Security") || strings.Contains(channel, "Security-Auditing"):
		k = securityKind(id)
	case id == "7045" || id == "7036":
		k = kind{event.ClassAppLifecycle, 1, 0}
	case id == "104":
		k = kind{event.ClassEventLog, 1, 0}
	}
	ev.ClassUID, ev.ActivityID, ev.StatusID = k.class, k.activity, k.status
	windowsColumns(ev, k)
}

// windowsColumns fills the columns whose field depends on the class.
func windowsColumns(ev *event.Event, k kind) {
	get := func(name string) string { v, _ := ev.Get(name); return v }
	ev.NativeSeq = cmp.Or(get("EventRecordID"), ev.NativeSeq)
	subject, target := format.NilValue(get("SubjectUserName")), format.NilValue(get("TargetUserName"))
	switch k.class {
	case event.ClassAuthentication:
		ev.ActorUser, ev.TargetUser = cmp.Or(target, subject), ""
		ev.SessionUID = cmp.Or(get("TargetLogonId"), ev.SessionUID)
		ev.SrcIP = cmp.Or(format.Address(get("IpAddress")), ev.SrcIP)
	case event.ClassAccountChange, event.ClassGroup:
		ev.ActorUser, ev.TargetUser = subject, target
	default:
		ev.ActorUser = format.NilValue(cmp.Or(get("User"), subject, ev.ActorUser))
	}
	if p := cmp.Or(get("Image"), get("NewProcessName")); p != "" {
		ev.ProcessPath = p
	}
	ev.Object = cmp.Or(get("TargetFilename"), get("TargetObject"), get("ObjectName"), get("ServiceName"), get("TaskName"))
	ev.Statement = get("ScriptBlockText")
	if k.class == event.ClassProcess && ev.Message == "" {
		ev.Message = format.Message(ev.CmdLine)
	}
}

// securityKind classes the events of the Security channel. Source: Microsoft,
// "Appendix L: Events to Monitor".
func securityKind(id string) kind {
	const ok, failed = event.StatusSuccess, event.StatusFailure
	switch id {
	case "4624", "4648", "4768", "4769", "4776", "4778":
		return kind{event.ClassAuthentication, event.ActivityLogon, ok}
	case "4625", "4771":
		return kind{event.ClassAuthentication, event.ActivityLogon, failed}
	case "4634", "4647", "4779":
		return kind{event.ClassAuthentication, event.ActivityLogoff, ok}
	case "4688":
		return kind{event.ClassProcess, event.ActivityProcessLaunch, ok}
	case "4689":
		return kind{event.ClassProcess, event.ActivityProcessTerminate, ok}
	case "4720", "4722", "4723", "4724", "4725", "4726", "4738", "4740", "4767", "4781":
		return kind{event.ClassAccountChange, accountActivity(id), ok}
	case "4727", "4728", "4729", "4730", "4731", "4732", "4733", "4734", "4735", "4737", "4754", "4755", "4756", "4757", "4758":
		return kind{event.ClassGroup, event.ActivityOther, ok}
	case "4698", "4699", "4700", "4701", "4702":
		return kind{event.ClassScheduledJob, 1, ok}
	case "1102", "1100":
		return kind{event.ClassEventLog, 1, ok}
	case "4656", "4663", "5145":
		return kind{event.ClassFileSystem, event.ActivityFileRead, 0}
	case "4660":
		return kind{event.ClassFileSystem, event.ActivityFileDelete, ok}
	case "5156", "5158":
		return kind{event.ClassNetwork, event.ActivityNetworkOpen, ok}
	case "5152", "5157":
		return kind{event.ClassNetwork, event.ActivityNetworkRefuse, failed}
	case "6416":
		return kind{event.ClassPeripheral, 1, ok}
	}
	return kind{}
}

// accountActivity is the OCSF activity of class 3001 for an account event.
func accountActivity(id string) int32 {
	switch id {
	case "4720":
		return format.ActivityAccountCreate
	case "4722":
		return format.ActivityAccountEnable
	case "4723":
		return format.ActivityPasswordChange
	case "4724":
		return format.ActivityPasswordReset
	case "4725":
		return format.ActivityAccountDisable
	case "4726":
		return format.ActivityAccountDelete
	case "4740":
		return format.ActivityAccountLock
	}
	return event.ActivityOther
}

// sysmonKind classes the events of Sysmon. Source: Sysinternals, Sysmon, "Events".
func sysmonKind(id string) kind {
	switch id {
	case "1":
		return kind{event.ClassProcess, event.ActivityProcessLaunch, 0}
	case "5":
		return kind{event.ClassProcess, event.ActivityProcessTerminate, 0}
	case "8", "10", "25":
		return kind{event.ClassProcess, event.ActivityOther, 0}
	case "3", "22":
		return kind{event.ClassNetwork, event.ActivityNetworkOpen, 0}
	case "11", "15":
		return kind{event.ClassFileSystem, event.ActivityFileCreate, 0}
	case "2":
		return kind{event.ClassFileSystem, event.ActivityFileUpdate, 0}
	case "23", "26":
		return kind{event.ClassFileSystem, event.ActivityFileDelete, 0}
	case "6", "7":
		return kind{event.ClassKernel, event.ActivityOther, 0}
	}
	return kind{}
}
