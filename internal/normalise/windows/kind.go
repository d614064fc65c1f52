package windows

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// kind is what an event's number says: class, activity and, where the number
// itself tells it, the outcome.
type kind struct{ class, activity, status int32 }

// log is where an event comes from, as far as its number depends on it.
type log uint8

const (
	logOther log = iota
	logSecurity
	logSystem
	logSysmon
	logPowerShell
	logTasks
	logSessions
	logDefender
	logWMI
)

// logOf tells the log from the channel or, where an export leaves that out,
// from the provider.
func logOf(channel, provider string) log {
	name := channel
	if name == "" {
		name = provider
	}
	switch {
	case strings.EqualFold(name, "Security"), strings.Contains(name, "Security-Auditing"):
		return logSecurity
	case strings.EqualFold(name, "System"), strings.HasPrefix(name, "Service Control Manager"):
		return logSystem
	case strings.Contains(name, "Sysmon"):
		return logSysmon
	case strings.Contains(name, "PowerShell"):
		return logPowerShell
	case strings.Contains(name, "TaskScheduler"):
		return logTasks
	case strings.Contains(name, "TerminalServices"):
		return logSessions
	case strings.Contains(name, "Windows Defender"):
		return logDefender
	case strings.Contains(name, "WMI-Activity"):
		return logWMI
	}
	return logOther
}

func (l log) kind(id string) kind {
	switch l {
	case logSecurity:
		return securityKind(id)
	case logSystem:
		return systemKind(id)
	case logSysmon:
		return sysmonKind(id)
	case logPowerShell:
		return kind{event.ClassScript, event.ActivityScriptExecute, 0}
	case logTasks:
		return taskKind(id)
	case logSessions:
		return sessionKind(id)
	case logDefender:
		return defenderKind(id)
	case logWMI:
		return kind{event.ClassAPI, event.ActivityOther, 0}
	}
	return kind{}
}

// securityKind classes the events of the Security channel. Source: Microsoft,
// "Appendix L: Events to Monitor" and "Advanced security audit policy settings".
func securityKind(id string) kind {
	const ok, failed = event.StatusSuccess, event.StatusFailure
	switch id {
	case "4624", "4768", "4776", "4778":
		return kind{event.ClassAuthentication, event.ActivityLogon, ok}
	case "4625", "4771", "4772":
		return kind{event.ClassAuthentication, event.ActivityLogon, failed}
	case "4648":
		return kind{event.ClassAuthentication, event.ActivityAccountSwitch, ok}
	case "4769", "4770":
		return kind{event.ClassAuthentication, event.ActivityServiceTicket, ok}
	case "4634", "4647", "4779":
		return kind{event.ClassAuthentication, event.ActivityLogoff, ok}
	case "4672", "4673", "4674":
		return kind{event.ClassAuthorization, event.ActivityAssignPrivileges, ok}
	case "4688":
		return kind{event.ClassProcess, event.ActivityProcessLaunch, ok}
	case "4689":
		return kind{event.ClassProcess, event.ActivityProcessTerminate, ok}
	case "4697":
		return kind{event.ClassAppLifecycle, event.ActivityAppInstall, ok}
	case "1102":
		return kind{event.ClassEventLog, event.ActivityLogClear, ok}
	case "1100":
		return kind{event.ClassEventLog, event.ActivityLogStop, ok}
	case "4719":
		return kind{event.ClassEventLog, event.ActivityOther, ok}
	case "4656", "4660", "4663", "5140", "5145":
		return kind{event.ClassFileSystem, event.ActivityFileRead, 0}
	case "4657":
		return kind{event.ClassRegistryValue, event.ActivityRegistrySet, ok}
	case "5156", "5158":
		return kind{event.ClassNetwork, event.ActivityNetworkOpen, ok}
	case "5152", "5157":
		return kind{event.ClassNetwork, event.ActivityNetworkRefuse, failed}
	case "6416":
		return kind{event.ClassPeripheral, event.ActivityDeviceConnect, ok}
	}
	if k := accountKind(id); k.class != event.ClassBase {
		return k
	}
	return jobKind(id)
}

// accountKind classes the changes of accounts and groups.
func accountKind(id string) kind {
	account := func(activity int32) kind { return kind{event.ClassAccountChange, activity, event.StatusSuccess} }
	group := func(activity int32) kind { return kind{event.ClassGroup, activity, event.StatusSuccess} }
	switch id {
	case "4720", "4741":
		return account(format.ActivityAccountCreate)
	case "4722":
		return account(format.ActivityAccountEnable)
	case "4723":
		return account(format.ActivityPasswordChange)
	case "4724":
		return account(format.ActivityPasswordReset)
	case "4725":
		return account(format.ActivityAccountDisable)
	case "4726", "4743":
		return account(format.ActivityAccountDelete)
	case "4740":
		return account(format.ActivityAccountLock)
	case "4767":
		return account(format.ActivityAccountUnlock)
	case "4738", "4742", "4781":
		return account(event.ActivityOther)
	case "4728", "4732", "4746", "4751", "4756", "4761":
		return group(event.ActivityGroupAddUser)
	case "4729", "4733", "4747", "4752", "4757", "4762":
		return group(event.ActivityGroupRemoveUser)
	case "4727", "4731", "4754":
		return group(event.ActivityGroupCreate)
	case "4730", "4734", "4758":
		return group(event.ActivityGroupDelete)
	case "4735", "4737", "4755", "4764":
		return group(event.ActivityOther)
	}
	return kind{}
}

func jobKind(id string) kind {
	job := func(activity int32) kind { return kind{event.ClassScheduledJob, activity, event.StatusSuccess} }
	switch id {
	case "4698":
		return job(event.ActivityJobCreate)
	case "4699":
		return job(event.ActivityJobDelete)
	case "4700":
		return job(event.ActivityJobEnable)
	case "4701":
		return job(event.ActivityJobDisable)
	case "4702":
		return job(event.ActivityJobUpdate)
	}
	return kind{}
}

// systemKind classes the events of the service manager and of the event log.
func systemKind(id string) kind {
	switch id {
	case "7045":
		return kind{event.ClassAppLifecycle, event.ActivityAppInstall, event.StatusSuccess}
	case "7036":
		return kind{event.ClassAppLifecycle, event.ActivityOther, 0}
	case "7040":
		return kind{event.ClassAppLifecycle, event.ActivityAppUpdate, 0}
	case "7034", "7031":
		return kind{event.ClassAppLifecycle, event.ActivityAppStop, event.StatusFailure}
	case "104":
		return kind{event.ClassEventLog, event.ActivityLogClear, event.StatusSuccess}
	case "6005":
		return kind{event.ClassEventLog, event.ActivityLogStart, event.StatusSuccess}
	case "6006":
		return kind{event.ClassEventLog, event.ActivityLogStop, event.StatusSuccess}
	}
	return kind{}
}

// sysmonKind classes the events of Sysmon. Source: Sysinternals, Sysmon, "Events".
func sysmonKind(id string) kind {
	switch id {
	case "1":
		return kind{event.ClassProcess, event.ActivityProcessLaunch, 0}
	case "2":
		return kind{event.ClassFileSystem, event.ActivityFileUpdate, 0}
	case "3":
		return kind{event.ClassNetwork, event.ActivityNetworkOpen, 0}
	case "4":
		return kind{event.ClassAppLifecycle, event.ActivityOther, 0}
	case "5":
		return kind{event.ClassProcess, event.ActivityProcessTerminate, 0}
	case "6":
		return kind{event.ClassKernel, event.ActivityOther, 0}
	case "7":
		return kind{event.ClassModule, event.ActivityModuleLoad, 0}
	case "8":
		return kind{event.ClassProcess, event.ActivityProcessInject, 0}
	case "9":
		return kind{event.ClassFileSystem, event.ActivityFileRead, 0}
	case "10":
		return kind{event.ClassProcess, event.ActivityProcessOpen, 0}
	case "11", "15", "29":
		return kind{event.ClassFileSystem, event.ActivityFileCreate, 0}
	case "12", "14":
		return kind{event.ClassRegistryKey, event.ActivityOther, 0}
	case "13":
		return kind{event.ClassRegistryValue, event.ActivityRegistrySet, 0}
	case "16":
		return kind{event.ClassAppLifecycle, event.ActivityAppUpdate, 0}
	case "17":
		return kind{event.ClassFileSystem, event.ActivityFileCreate, 0}
	case "18":
		return kind{event.ClassFileSystem, event.ActivityOther, 0}
	case "19", "20", "21":
		return kind{event.ClassAPI, event.ActivityOther, 0}
	case "22":
		return kind{event.ClassDNS, event.ActivityDNSQuery, 0}
	case "23", "26":
		return kind{event.ClassFileSystem, event.ActivityFileDelete, 0}
	case "25":
		return kind{event.ClassProcess, event.ActivityOther, 0}
	case "27":
		return kind{event.ClassFileSystem, event.ActivityFileCreate, event.StatusFailure}
	case "28":
		return kind{event.ClassFileSystem, event.ActivityFileDelete, event.StatusFailure}
	case "255":
		return kind{event.ClassApplicationError, event.ActivityOther, event.StatusFailure}
	}
	return kind{}
}

// taskKind classes the events of the task scheduler.
func taskKind(id string) kind {
	job := func(activity int32) kind { return kind{event.ClassScheduledJob, activity, event.StatusSuccess} }
	switch id {
	case "106":
		return job(event.ActivityJobCreate)
	case "140":
		return job(event.ActivityJobUpdate)
	case "141":
		return job(event.ActivityJobDelete)
	case "142":
		return job(event.ActivityJobDisable)
	case "100", "129", "200":
		return job(event.ActivityJobStart)
	case "101", "103", "203":
		return kind{event.ClassScheduledJob, event.ActivityJobStart, event.StatusFailure}
	}
	return kind{event.ClassScheduledJob, event.ActivityOther, 0}
}

// sessionKind classes the events of remote desktop sessions.
func sessionKind(id string) kind {
	switch id {
	case "21", "25", "1149":
		return kind{event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess}
	case "23", "24":
		return kind{event.ClassAuthentication, event.ActivityLogoff, event.StatusSuccess}
	}
	return kind{}
}

// defenderKind classes the events of Microsoft Defender Antivirus.
func defenderKind(id string) kind {
	switch id {
	case "1006", "1015", "1116":
		return kind{event.ClassFinding, event.ActivityFindingCreate, 0}
	case "1007", "1117":
		return kind{event.ClassFinding, event.ActivityFindingUpdate, event.StatusSuccess}
	case "1008", "1118", "1119":
		return kind{event.ClassFinding, event.ActivityFindingUpdate, event.StatusFailure}
	case "5001", "5010", "5012":
		return kind{event.ClassAppLifecycle, event.ActivityAppDisable, event.StatusSuccess}
	case "5007":
		return kind{event.ClassAppLifecycle, event.ActivityAppUpdate, event.StatusSuccess}
	}
	return kind{}
}
