package sigma

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// A row says by which marks an event belongs to a logsource. Every mark that
// is stated must hold; within one mark any of the values will do.
type row struct {
	Logsource
	platform platform
	classes  []int32  // OCSF class; processEnded for the end of a process
	formats  []string // normalise format
	programs []string // program of a syslog line
	channels []string // Windows event channel
	codes    []string // Windows event id
	markers  []string // a native field that only this product writes
}

type platform uint8

const (
	anywhere platform = iota
	linux
	windows
)

// processEnded stands for ClassProcess events that are not a launch.
const processEnded = -event.ClassProcess

// rows is the one table that says which events a logsource means. A rule's
// product, category and service are looked up separately: an auditd EXECVE
// record is an event of linux/process_creation and of linux/auditd.
// Source: Sigma taxonomy specification, for Windows the Sysmon event ids.
func rows() []row {
	out := linuxRows()
	out = append(out, serviceRows()...)
	out = append(out, windowsCategoryRows()...)
	return append(out, windowsServiceRows()...)
}

func linuxRows() []row {
	l := func(category, service string) row {
		return row{Logsource: Logsource{"linux", category, service}, platform: linux}
	}
	class := func(r row, classes ...int32) row { r.classes = classes; return r }
	program := func(r row, programs ...string) row { r.programs = programs; return r }
	format := func(r row, formats ...string) row { r.formats = formats; return r }
	return []row{
		l("", ""),
		class(l("process_creation", ""), event.ClassProcess),
		class(l("process_termination", ""), processEnded),
		class(l("file_event", ""), event.ClassFileSystem),
		class(l("network_connection", ""), event.ClassNetwork),
		format(l("", "auditd"), "auditd", "laurel"),
		format(l("", "syslog"), "syslog", "journald"),
		program(l("", "auth"), "sshd", "sudo", "su", "login", "useradd", "userdel", "usermod", "passwd", "groupadd", "systemd-logind", "polkitd"),
		program(l("", "sshd"), "sshd", "sshd-session", "sshd-auth"),
		program(l("", "sudo"), "sudo"),
		program(l("", "su"), "su"),
		program(l("", "cron"), "cron", "CRON", "crond", "crontab", "anacron"),
		program(l("", "vsftpd"), "vsftpd"),
		program(l("", "clamav"), "clamd", "clamav", "freshclam", "clamscan"),
		program(l("", "guacamole"), "guacd", "guacamole"),
	}
}

// serviceRows are the logsources that do not depend on an operating system.
// Those without a name in the public taxonomy (vpn, authentication,
// file_hosting, chat, application_error) serve konseki's own rules.
func serviceRows() []row {
	s := func(product, category, service string, classes []int32, formats ...string) row {
		return row{Logsource: Logsource{product, category, service}, classes: classes, formats: formats}
	}
	web := []int32{event.ClassHTTP, event.ClassApplicationError}
	audit := func(product, service, marker string) row {
		return row{Logsource: Logsource{product, "", service}, markers: []string{marker}}
	}
	return []row{
		s("", "webserver", "", []int32{event.ClassHTTP}),
		s("", "proxy", "", []int32{event.ClassHTTP}, "squid", "proxy", "jsonlines", "csv"),
		s("", "", "apache", web, "apache", "apache-error", "apache_error"),
		s("", "", "nginx", web, "nginx", "nginx-error", "nginx_error"),
		s("", "application_error", "", []int32{event.ClassApplicationError}),
		s("", "database", "", []int32{event.ClassDatastore}),
		s("", "firewall", "", []int32{event.ClassNetwork}),
		s("", "dns", "", []int32{4003}),
		s("", "vpn", "", []int32{event.ClassTunnel}),
		s("", "authentication", "", []int32{event.ClassAuthentication, event.ClassTunnel}),
		s("", "file_hosting", "", []int32{event.ClassFileHosting}),
		s("", "chat", "", []int32{event.ClassWebResources}),
		s("fortigate", "", "event", nil, "fortigate"),
		s("fortios", "", "sslvpnd", nil, "fortigate"),
		s("gcp", "", "google_workspace.login", []int32{event.ClassAuthentication}, "workspace"),
		s("gcp", "", "google_workspace.admin", nil, "workspace"),
		s("gcp", "", "google_workspace.drive", []int32{event.ClassFileHosting}, "workspace"),
		s("slack", "", "audit", nil, "slack"),
		audit("aws", "cloudtrail", "eventSource"),
		audit("azure", "signinlogs", "userPrincipalName"),
		audit("azure", "auditlogs", "operationType"),
		audit("okta", "okta", "debugContext.debugData.requestUri"),
	}
}

// Channels of Sysmon and of the Security log.
const (
	sysmonChannel   = "Microsoft-Windows-Sysmon/Operational"
	securityChannel = "Security"
	psChannel       = "Microsoft-Windows-PowerShell/Operational"
	psClassic       = "Windows PowerShell"
)

func windowsCategoryRows() []row {
	w := func(category, channel string, codes ...string) row {
		return row{
			Logsource: Logsource{"windows", category, ""}, platform: windows,
			channels: []string{channel}, codes: codes,
		}
	}
	sysmon := func(category string, codes ...string) row { return w(category, sysmonChannel, codes...) }
	process := row{Logsource: Logsource{"windows", "process_creation", ""}, platform: windows, classes: []int32{event.ClassProcess}}
	return []row{
		{Logsource: Logsource{"windows", "", ""}, platform: windows},
		process,
		sysmon("process_creation", "1"), w("process_creation", securityChannel, "4688"),
		sysmon("file_change", "2"), sysmon("network_connection", "3"), sysmon("sysmon_status", "4", "16"),
		sysmon("process_termination", "5"), sysmon("driver_load", "6"), sysmon("image_load", "7"),
		sysmon("create_remote_thread", "8"), sysmon("raw_access_thread", "9"), sysmon("process_access", "10"),
		sysmon("file_event", "11"), sysmon("registry_add", "12"), sysmon("registry_delete", "12"),
		sysmon("registry_set", "13"), w("registry_set", securityChannel, "4657"), sysmon("registry_rename", "14"), sysmon("registry_event", "12", "13", "14"),
		sysmon("create_stream_hash", "15"), sysmon("pipe_created", "17", "18"), sysmon("wmi_event", "19", "20", "21"),
		sysmon("dns_query", "22"), sysmon("file_delete", "23", "26"), sysmon("clipboard_capture", "24"),
		sysmon("process_tampering", "25"), sysmon("file_block_executable", "27"), sysmon("file_block_shredding", "28"),
		sysmon("file_executable_detected", "29"), sysmon("sysmon_error", "255"),
		w("ps_module", psChannel, "4103"), w("ps_script", psChannel, "4104"),
		w("ps_classic_start", psClassic, "400"), w("ps_classic_provider_start", psClassic, "600"),
		w("ps_classic_script", psClassic, "800"),
	}
}

func windowsServiceRows() []row {
	w := func(service string, channels ...string) row {
		return row{Logsource: Logsource{"windows", "", service}, platform: windows, channels: channels}
	}
	return []row{
		w("security", securityChannel), w("system", "System"), w("application", "Application"),
		w("sysmon", sysmonChannel), w("powershell", psChannel), w("powershell-classic", psClassic),
		w("windefend", "Microsoft-Windows-Windows Defender/Operational"),
		w("taskscheduler", "Microsoft-Windows-TaskScheduler/Operational"),
		w("wmi", "Microsoft-Windows-WMI-Activity/Operational"),
		w("ntlm", "Microsoft-Windows-NTLM/Operational"),
		w("dns-server", "DNS Server"), w("dns-client", "Microsoft-Windows-DNS Client Events/Operational"),
		w("dns-server-analytic", "Microsoft-Windows-DNS-Server/Analytical"),
		w("bits-client", "Microsoft-Windows-Bits-Client/Operational"),
		w("codeintegrity-operational", "Microsoft-Windows-CodeIntegrity/Operational"),
		w("firewall-as", "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"),
		w("msexchange-management", "MSExchange Management"),
		w("printservice-admin", "Microsoft-Windows-PrintService/Admin"),
		w("printservice-operational", "Microsoft-Windows-PrintService/Operational"),
		w("smbclient-security", "Microsoft-Windows-SmbClient/Security"),
		w("smbclient-connectivity", "Microsoft-Windows-SmbClient/Connectivity"),
		w("smbserver-connectivity", "Microsoft-Windows-SMBServer/Connectivity"),
		w("applocker", "Microsoft-Windows-AppLocker/MSI and Script", "Microsoft-Windows-AppLocker/EXE and DLL",
			"Microsoft-Windows-AppLocker/Packaged app-Deployment", "Microsoft-Windows-AppLocker/Packaged app-Execution"),
		w("security-mitigations", "Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode"),
		w("appxdeployment-server", "Microsoft-Windows-AppXDeploymentServer/Operational"),
		w("appxpackaging-om", "Microsoft-Windows-AppxPackaging/Operational"),
		w("appmodel-runtime", "Microsoft-Windows-AppModel-Runtime/Admin"),
		w("driver-framework", "Microsoft-Windows-DriverFrameworks-UserMode/Operational"),
		w("terminalservices-localsessionmanager", "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"),
		w("shell-core", "Microsoft-Windows-Shell-Core/Operational"),
		w("ldap", "Microsoft-Windows-LDAP-Client/Debug"), w("lsa-server", "Microsoft-Windows-LSA/Operational"),
		w("openssh", "OpenSSH/Operational"), w("capi2", "Microsoft-Windows-CAPI2/Operational"),
		w("certificateservicesclient-lifecycle-system", "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"),
		w("diagnosis-scripted", "Microsoft-Windows-Diagnosis-Scripted/Operational"),
		w("iis-configuration", "Microsoft-IIS-Configuration/Operational"),
		w("microsoft-servicebus-client", "Microsoft-ServiceBus-Client"),
	}
}

// platformOf tells the operating system an event was logged on.
func platformOf(ev *event.Event) platform {
	switch ev.Format {
	case "auditd", "laurel", "syslog", "journald":
		return linux
	case "evtx":
		return windows
	case "workspace", "slack", "fortigate", "openvpn", "nginx", "apache", "mariadb", "mysql", "postgres", event.Unparsed:
		return anywhere
	}
	if ev.ProcessPath != "" {
		return platformOfPath(ev.ProcessPath)
	}
	for i := range ev.Fields {
		switch ev.Fields[i].Name {
		case "Image":
			return platformOfPath(ev.Fields[i].Value)
		case "Channel":
			return windows
		}
	}
	return anywhere
}

func platformOfPath(path string) platform {
	switch {
	case strings.HasPrefix(path, "/"):
		return linux
	case strings.Contains(path, `\`):
		return windows
	}
	return anywhere
}

// programOf gives the program of a syslog line under the names that formats use.
func programOf(ev *event.Event) string {
	for i := range ev.Fields {
		switch ev.Fields[i].Name {
		case "program", "process", "app_name", "appname", "SYSLOG_IDENTIFIER", "prog":
			return ev.Fields[i].Value
		}
	}
	return ""
}
