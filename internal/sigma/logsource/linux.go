package logsource

import "github.com/konseki/konseki/internal/event"

// sysmonLinux is the channel of Sysmon for Linux.
const sysmonLinux = "Linux-Sysmon/Operational"

// attributes is the OCSF activity "Set Attributes" of ClassFileSystem: times
// changed.
const attributes int32 = 6

func linuxRows() []row {
	l := func(category, service string) row {
		return row{Logsource: Logsource{"linux", category, service}, platform: linux}
	}
	class := func(category string, class int32, activities ...int32) row {
		r := l(category, "")
		r.classes, r.activities, r.origins = []int32{class}, activities, []string{"", sysmonLinux}
		return r
	}
	program := func(service string, programs ...string) row {
		r := l("", service)
		r.formats, r.programs = []string{"syslog", "jsonlines"}, programs
		return r
	}
	format := func(service string, formats ...string) row { r := l("", service); r.formats = formats; return r }
	network := class("network_connection", event.ClassNetwork, event.ActivityNetworkOpen, event.ActivityNetworkTraffic)
	network.formats, network.origins = []string{"auditd", "laurel", "jsonlines", "csv"}, []string{""}
	modsecurity := row{Logsource: Logsource{"linux", "", "modsecurity"}, formats: []string{"apache", "nginx", "modsecurity", "caddy"}, markers: []string{"unique_id", "msg"}}
	return []row{
		l("", ""),
		class("process_creation", event.ClassProcess, 0, event.ActivityProcessLaunch),
		class("process_termination", event.ClassProcess, event.ActivityProcessTerminate),
		class("file_event", event.ClassFileSystem, event.ActivityFileCreate, event.ActivityFileUpdate, event.ActivityFileRename),
		class("file_access", event.ClassFileSystem, event.ActivityFileRead),
		class("file_change", event.ClassFileSystem, attributes),
		class("file_delete", event.ClassFileSystem, event.ActivityFileDelete),
		class("file_rename", event.ClassFileSystem, event.ActivityFileRename),
		network,
		{Logsource: Logsource{"linux", "network_connection", ""}, platform: linux, origins: []string{sysmonLinux}, codes: []string{"3"}},
		format("auditd", "auditd", "laurel"),
		format("syslog", "syslog"),
		{Logsource: Logsource{"linux", "", "syslog"}, platform: linux, formats: []string{"jsonlines"}, markers: []string{"SYSLOG_IDENTIFIER"}},
		program("auth", "sshd", "sshd-session", "sshd-auth", "sudo", "su", "login", "useradd", "userdel", "usermod", "passwd", "chpasswd", "chage",
			"groupadd", "groupdel", "groupmod", "gpasswd", "systemd-logind", "polkitd", "pkexec"),
		program("sshd", "sshd", "sshd-session", "sshd-auth"),
		program("sudo", "sudo"),
		program("su", "su"),
		program("cron", "cron", "CRON", "crond", "CROND", "crontab", "anacron", "fcron"),
		program("vsftpd", "vsftpd"), format("vsftpd", "vsftpd"),
		program("clamav", "clamd", "clamav", "freshclam", "clamscan", "clamonacc"),
		program("guacamole", "guacd", "guacamole"),
		modsecurity,
	}
}

// macRows are for the records of agents that name the operating system
// (host.os.type and the like); a path alone does not tell macOS from Linux.
func macRows() []row {
	m := func(category string, class int32, activities ...int32) row {
		return row{Logsource: Logsource{"macos", category, ""}, platform: macos, classes: []int32{class}, activities: activities}
	}
	return []row{
		m("process_creation", event.ClassProcess, 0, event.ActivityProcessLaunch),
		m("file_event", event.ClassFileSystem, event.ActivityFileCreate, event.ActivityFileUpdate, event.ActivityFileRename),
	}
}
