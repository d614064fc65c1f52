package logsource

import "strings"

// Marks of devices' messages that have no program of their own.
const (
	pulseSecure = "PulseSecure"
	panOS       = "PAN-OS" // with the type of record after it, where that is known
	sqlServer   = "SQLServer"
)

// markHead is how much of a message is searched for a mark.
const markHead = 96

// deviceMark gives what tells the message of a network device or appliance
// from those of Unix programs: "%ASA-6-113039" and all that follows of Cisco
// and Huawei, else one of the constants, or "". Source: Cisco, "System Message
// Format"; Huawei, "Log Format"; samples of the others.
func deviceMark(program, message string) string {
	switch {
	case strings.HasPrefix(program, "%"):
		return program
	case strings.TrimSuffix(program, ":") == pulseSecure:
		return pulseSecure
	}
	head := message[:min(len(message), markHead)]
	for from := 0; ; {
		i := strings.IndexByte(head[from:], '%')
		if i < 0 {
			break
		}
		from += i + 1
		if isFacility(head[from:]) {
			return message[from-1:]
		}
	}
	if mark := panOSMark(head); mark != "" {
		return mark
	}
	switch {
	case strings.Contains(head, pulseSecure+": "):
		return pulseSecure
	case isSQLServer(head):
		return sqlServer
	}
	return ""
}

// isFacility reports whether s goes on as "ASA-6-", "SEC_LOGIN-5-" or, with
// Huawei, "%01BGP/3/": a facility, maybe a sub-facility, and a severity.
func isFacility(s string) bool {
	s = strings.TrimPrefix(s, "%01")
	n := 0
	for n < len(s) && (s[n] >= 'A' && s[n] <= 'Z' || s[n] >= '0' && s[n] <= '9' || s[n] == '_') {
		n++
	}
	if n < 2 || s[0] < 'A' {
		return false
	}
	for i := n; i+2 < len(s) && i < n+24; i++ {
		if isSeparator(s[i]) && s[i+1] >= '0' && s[i+1] <= '7' && isSeparator(s[i+2]) {
			return true
		}
		if s[i] == ' ' || s[i] == ':' {
			return false
		}
	}
	return false
}

func isSeparator(c byte) bool { return c == '-' || c == '/' }

// panOSMark recognises the comma-separated records of PAN-OS, maybe behind a
// syslog header: 1,YYYY/MM/DD HH:MM:SS,SERIAL,TYPE,…
func panOSMark(s string) string {
	i := strings.Index(s, "1,20")
	if i < 0 || len(s) < i+24 || s[i+6] != '/' || s[i+9] != '/' || s[i+12] != ' ' || s[i+15] != ':' || s[i+21] != ',' {
		return ""
	}
	_, rest, _ := strings.Cut(s[i+22:], ",") // after the serial number
	kind, _, _ := strings.Cut(rest, ",")
	switch kind {
	case "GLOBALPROTECT":
		return panOS + " GLOBALPROTECT"
	case "SYSTEM":
		return panOS + " SYSTEM"
	case "CONFIG":
		return panOS + " CONFIG"
	case "TRAFFIC", "THREAT", "AUTHENTICATION", "USERID", "HIPMATCH", "DECRYPTION", "CORRELATION", "IPTAG":
		return panOS
	}
	return ""
}

// isSQLServer recognises a line of SQL Server's ERRORLOG: a time with two
// digits of a second's fraction, then who speaks.
func isSQLServer(s string) bool {
	if len(s) < 36 || s[4] != '-' || s[10] != ' ' || s[13] != ':' || s[19] != '.' || s[22] != ' ' {
		return false
	}
	who, _, _ := strings.Cut(s[23:], " ")
	return who == "Server" || who == "Logon" || who == "Backup" || strings.HasPrefix(who, "spid")
}
