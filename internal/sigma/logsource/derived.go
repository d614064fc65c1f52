package logsource

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Values that no field holds as rules write them. Those of Windows are made of
// events of the Security log, so that rules written for Sysmon fire on them.

func native(ev *event.Event, name string) string {
	v, _ := ev.Get(name)
	return v
}

// account gives the account of a Security event as Sysmon writes it,
// DOMAIN\name. Of a new process (4688) that is the target where one is named,
// else the subject; a machine's own accounts go by their SID.
func account(ev *event.Event) parts {
	sid, domain, name := native(ev, "SubjectUserSid"), native(ev, "SubjectDomainName"), native(ev, "SubjectUserName")
	if target := native(ev, "TargetUserName"); target != "" && target != "-" {
		sid, domain, name = native(ev, "TargetUserSid"), native(ev, "TargetDomainName"), target
	}
	switch sid {
	case "S-1-5-18":
		domain, name = "NT AUTHORITY", "SYSTEM"
	case "S-1-5-19":
		domain, name = "NT AUTHORITY", "LOCAL SERVICE"
	case "S-1-5-20":
		domain, name = "NT AUTHORITY", "NETWORK SERVICE"
	}
	switch {
	case name == "" || name == "-":
		return parts{}
	case domain == "" || domain == "-":
		return parts{name}
	}
	return parts{domain, `\`, name}
}

// integrityLevel names the SID of a mandatory label. Source: Microsoft,
// "Well-known SIDs", S-1-16.
func integrityLevel(ev *event.Event) string {
	switch native(ev, "MandatoryLabel") {
	case "S-1-16-0":
		return "Untrusted"
	case "S-1-16-4096":
		return "Low"
	case "S-1-16-8192", "S-1-16-8448":
		return "Medium"
	case "S-1-16-12288":
		return "High"
	case "S-1-16-16384":
		return "System"
	}
	return ""
}

// initiated tells whether the machine itself opened the connection of a 5156.
func initiated(ev *event.Event) string {
	switch native(ev, "Direction") {
	case "%%14593", "Outbound":
		return "true"
	case "%%14592", "Inbound":
		return "false"
	}
	return ""
}

// statusName writes the outcome as cloud rules do.
func statusName(ev *event.Event) string {
	switch ev.StatusID {
	case event.StatusSuccess:
		return "success"
	case event.StatusFailure:
		return "failure"
	}
	return ""
}

// workspaceService names the service that Cloud Logging gives to activities of
// Google Workspace's Reports API.
func workspaceService(ev *event.Event) string {
	switch native(ev, "id.applicationName") {
	case "login":
		return "login.googleapis.com"
	case "admin":
		return "admin.googleapis.com"
	case "drive":
		return "drive.googleapis.com"
	}
	return ""
}

// transport names the protocol numbers that the Windows filtering platform
// and flow records write.
func transport(ev *event.Event) string {
	switch number := cmp.Or(native(ev, "Protocol"), native(ev, "proto")); number {
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "1":
		return "icmp"
	}
	return ""
}

// uri puts path and query together.
func uri(ev *event.Event) parts {
	if ev.ClassUID != event.ClassHTTP || ev.Object == "" {
		return parts{}
	}
	if ev.Statement == "" {
		return parts{ev.Object}
	}
	return parts{ev.Object, "?", ev.Statement}
}

// extension gives the letters after the last dot of the path asked for.
func extension(ev *event.Event) string {
	if ev.ClassUID != event.ClassHTTP {
		return ""
	}
	path, _, _ := strings.Cut(ev.Object, "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return name[dot+1:]
	}
	return ""
}

// registryObject writes the value of a 4657 as Sysmon's TargetObject:
// \REGISTRY\MACHINE is HKLM, \REGISTRY\USER is HKU.
func registryObject(ev *event.Event) parts {
	key, name := native(ev, "ObjectName"), native(ev, "ObjectValueName")
	hive := ""
	if rest, ok := cutPrefixFold(key, `\REGISTRY\MACHINE`); ok {
		hive, key = "HKLM", rest
	} else if rest, ok := cutPrefixFold(key, `\REGISTRY\USER`); ok {
		hive, key = "HKU", rest
	}
	if key == "" || name == "" {
		return parts{hive, key}
	}
	return parts{hive, key, `\`, name}
}

// registryEvent writes what a 4657 did as Sysmon's EventType.
func registryEvent(ev *event.Event) string {
	switch native(ev, "OperationType") {
	case "%%1904", "%%1905":
		return "SetValue"
	case "%%1906":
		return "DeleteValue"
	}
	return ""
}

// registryDetails writes the new value of a 4657 as Sysmon's Details: texts as
// they are, a DWORD as "DWORD (0x00000001)", for which Windows writes a decimal.
func registryDetails(ev *event.Event) parts {
	text := native(ev, "NewValue")
	switch native(ev, "NewValueType") {
	case "%%1876": // REG_DWORD
		if n, ok := hexadecimal(text, 8); ok {
			return parts{"DWORD (0x", n, ")"}
		}
	case "%%1874": // REG_BINARY
		return parts{"Binary Data"}
	}
	return parts{text}
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// hexadecimal writes a decimal number with so many digits.
func hexadecimal(decimal string, digits int) (string, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(decimal, "0x"), numberBase(decimal), 4*digits)
	if err != nil {
		return "", false
	}
	s := strconv.FormatUint(n, 16)
	return strings.Repeat("0", digits-len(s)) + s, true
}

func numberBase(s string) int {
	if strings.HasPrefix(s, "0x") {
		return 16
	}
	return 10
}
