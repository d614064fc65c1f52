package logsource

import "github.com/konseki/konseki/internal/event"

// Channels of Sysmon, of the Security log and of PowerShell.
const (
	sysmonChannel   = "Microsoft-Windows-Sysmon/Operational"
	securityChannel = "Security"
	psChannel       = "Microsoft-Windows-PowerShell/Operational"
	psCoreChannel   = "PowerShellCore/Operational"
	psClassic       = "Windows PowerShell"
	kernelFile      = "Microsoft-Windows-Kernel-File"
)

// windowsCategoryRows: Sysmon's event ids, the events of the Security log that
// say the same, and agents' own records, which name no channel. 4657 is a
// registry_set when a value was written, a registry_delete when one was
// removed; 4663 says that a handle was used, not
// that a file came to be: it is a file_access and no file_event.
// Source: Sysinternals, Sysmon, "Events"; Microsoft, "Appendix L".
func windowsCategoryRows() []row {
	w := func(category, origin string, codes ...string) row {
		return row{Logsource: Logsource{"windows", category, ""}, platform: windows, origins: []string{origin}, codes: codes}
	}
	marked := func(r row, markers ...string) row { r.markers = markers; return r }
	sysmon := func(category string, codes ...string) row { return w(category, sysmonChannel, codes...) }
	agent := func(category string, class int32, activities ...int32) row {
		r := w(category, "")
		r.classes, r.activities = []int32{class}, activities
		return r
	}
	script := func(category, code string) row {
		r := w(category, psChannel, code)
		r.origins = append(r.origins, psCoreChannel)
		return r
	}
	return []row{
		{Logsource: Logsource{"windows", "", ""}, platform: windows},
		sysmon("process_creation", "1"), w("process_creation", securityChannel, "4688"), agent("process_creation", event.ClassProcess, 0, event.ActivityProcessLaunch),
		sysmon("process_termination", "5"), w("process_termination", securityChannel, "4689"), agent("process_termination", event.ClassProcess, event.ActivityProcessTerminate),
		sysmon("network_connection", "3"), w("network_connection", securityChannel, "5156"),
		agent("network_connection", event.ClassNetwork, event.ActivityNetworkOpen, event.ActivityNetworkTraffic),
		sysmon("file_event", "11"), agent("file_event", event.ClassFileSystem, event.ActivityFileCreate, event.ActivityFileUpdate, event.ActivityFileRename),
		w("file_event", kernelFile, "30"),
		sysmon("file_delete", "23", "26"), agent("file_delete", event.ClassFileSystem, event.ActivityFileDelete), w("file_delete", kernelFile, "26"),
		marked(w("file_access", securityChannel, "4663"), "ObjectType=File"), w("file_access", kernelFile, "12"),
		w("file_rename", kernelFile, "19", "27", "29"), agent("file_rename", event.ClassFileSystem, event.ActivityFileRename),
		sysmon("file_change", "2"), sysmon("file_block_executable", "27"), sysmon("file_block_shredding", "28"), sysmon("file_executable_detected", "29"),
		marked(sysmon("registry_add", "12"), "EventType=Create*"), marked(sysmon("registry_delete", "12"), "EventType=Delete*"),
		sysmon("registry_set", "13"), marked(w("registry_set", securityChannel, "4657"), "OperationType=%%1904|OperationType=%%1905"),
		sysmon("registry_rename", "14"), sysmon("registry_event", "12", "13", "14"), w("registry_event", securityChannel, "4657"),
		marked(w("registry_delete", securityChannel, "4657"), "OperationType=%%1906"),
		sysmon("driver_load", "6"), sysmon("image_load", "7"), sysmon("create_remote_thread", "8"), sysmon("raw_access_thread", "9"),
		sysmon("process_access", "10"), sysmon("process_tampering", "25"), sysmon("create_stream_hash", "15"), sysmon("pipe_created", "17", "18"),
		sysmon("wmi_event", "19", "20", "21"), sysmon("dns_query", "22"), sysmon("clipboard_capture", "24"),
		sysmon("sysmon_status", "4", "16"), sysmon("sysmon_error", "255"),
		script("ps_module", "4103"), script("ps_script", "4104"),
		w("ps_classic_start", psClassic, "400"), w("ps_classic_provider_start", psClassic, "600"), w("ps_classic_script", psClassic, "800"),
	}
}

func windowsServiceRows() []row {
	w := func(service string, channels ...string) row {
		return row{Logsource: Logsource{"windows", "", service}, platform: windows, origins: channels}
	}
	ms := func(service string, channels ...string) row {
		for i := range channels {
			channels[i] = "Microsoft-Windows-" + channels[i]
		}
		return w(service, channels...)
	}
	return []row{
		w("security", securityChannel), w("system", "System"), w("application", "Application"),
		w("sysmon", sysmonChannel), w("powershell", psChannel, psCoreChannel), w("powershell-classic", psClassic),
		ms("windefend", "Windows Defender/Operational"), ms("taskscheduler", "TaskScheduler/Operational"),
		ms("wmi", "WMI-Activity/Operational"), ms("ntlm", "NTLM/Operational"), ms("bits-client", "Bits-Client/Operational"),
		w("dns-server", "DNS Server"), ms("dns-server-analytic", "DNS-Server/Analytical"), ms("dns-client", "DNS Client Events/Operational", "DNS-Client/Operational"),
		ms("codeintegrity-operational", "CodeIntegrity/Operational"), ms("security-mitigations", "Security-Mitigations/Kernel Mode", "Security-Mitigations/User Mode"),
		ms("firewall-as", "Windows Firewall With Advanced Security/Firewall"),
		w("msexchange-management", "MSExchange Management"),
		ms("printservice-admin", "PrintService/Admin"), ms("printservice-operational", "PrintService/Operational"),
		ms("smbclient-security", "SmbClient/Security"), ms("smbclient-connectivity", "SmbClient/Connectivity"), ms("smbserver-connectivity", "SMBServer/Connectivity"),
		ms("applocker", "AppLocker/MSI and Script", "AppLocker/EXE and DLL", "AppLocker/Packaged app-Deployment", "AppLocker/Packaged app-Execution"),
		ms("appxdeployment-server", "AppXDeploymentServer/Operational"), ms("appxpackaging-om", "AppxPackaging/Operational"), ms("appmodel-runtime", "AppModel-Runtime/Admin"),
		ms("driver-framework", "DriverFrameworks-UserMode/Operational"), ms("terminalservices-localsessionmanager", "TerminalServices-LocalSessionManager/Operational"),
		ms("shell-core", "Shell-Core/Operational"), ms("ldap", "LDAP-Client/Debug"), ms("lsa-server", "LSA/Operational"), ms("capi2", "CAPI2/Operational"),
		ms("certificateservicesclient-lifecycle-system", "CertificateServicesClient-Lifecycle-System/Operational"),
		ms("diagnosis-scripted", "Diagnosis-Scripted/Operational"),
		w("openssh", "OpenSSH/Operational"),
		w("iis-configuration", "Microsoft-IIS-Configuration/Operational"), w("microsoft-servicebus-client", "Microsoft-ServiceBus-Client", "Microsoft-ServiceBus-Client/Operational"),
	}
}
