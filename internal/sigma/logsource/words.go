package logsource

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// words says in a sentence which events belong to a row.
func (r *row) words() string {
	var out []string
	add := func(format string, list []string) {
		if len(list) > 0 {
			out = append(out, fmt.Sprintf(format, either(list)))
		}
	}
	switch r.platform {
	case linux:
		out = append(out, "on Linux")
	case windows:
		out = append(out, "on Windows")
	case macos:
		out = append(out, "on macOS")
	}
	add("format %s", quoted(r.formats))
	var classes []string
	for _, c := range r.classes {
		classes = append(classes, className(c))
	}
	add("class %s", classes)
	var activities []string
	for _, a := range r.activities {
		activities = append(activities, strconv.Itoa(int(a)))
	}
	add("activity %s", activities)
	add("program %s", quoted(r.programs))
	add("%s", originWords(r.origins))
	add("event %s", r.codes)
	for _, m := range r.markers {
		add("field %s", quoted(strings.Split(m, "|")))
	}
	for _, m := range r.without {
		add("without field %s", quoted(strings.Split(m, "|")))
	}
	return strings.Join(out, ", ")
}

// A FieldName says what stands in for a field of the taxonomy in the events of
// some logsources.
type FieldName struct {
	Where    string // logsources, in words
	Name     string
	StandIns string // in words
}

// FieldNames lists the field names that konseki knows by others, by logsource.
func FieldNames() []FieldName {
	var out []FieldName
	for _, t := range [...]struct {
		where string
		list  []alias
	}{
		{"webserver, proxy", webAliases()}, {"webserver, proxy, firewall, netflow", flowAliases()}, {"dns", dnsAliases()}, {"antivirus", antivirusAliases()},
		{"database", databaseAliases()}, {"windows / process_creation", windowsAliases("process_creation")},
		{"windows / network_connection", windowsAliases("network_connection")}, {"windows / registry_set, _event, _delete", windowsAliases("registry_set")},
		{"windows / file_access", windowsAliases("file_access")}, {"windows / file_rename", windowsAliases("file_rename")},
		{"linux, macos, windows", systemAliases()}, {"auditd", auditAliases()}, {"aws", awsAliases()}, {"azure", azureAliases()}, {"gcp", gcpAliases()}, {"m365", m365Aliases()},
		{"kubernetes", kubernetesAliases()}, {"zeek", zeekAliases()},
	} {
		for _, a := range t.list {
			out = append(out, FieldName{t.where, a.name, standInWords(a.standIns)})
		}
	}
	return out
}

// standInWords writes what stands in for a field for people.
func standInWords(text string) string {
	names, all := strings.CutPrefix(text, allOf)
	list := quoted(strings.Split(strings.ReplaceAll(names, aliased, ""), "|"))
	for i, name := range list {
		if meaning := derivedWords(strings.Trim(name, "`")); meaning != "" {
			list[i] = meaning
		}
	}
	if all {
		return "all of " + strings.Join(list, ", ")
	}
	return strings.Join(list, ", ")
}

func derivedWords(name string) string {
	switch name {
	case "@account":
		return "DOMAIN\\name of the subject, or of the target where there is one"
	case "@integrity":
		return "the name of `MandatoryLabel`'s level"
	case "@initiated":
		return "true or false by `Direction`"
	case "@transport":
		return "tcp, udp or icmp by the protocol's number"
	case "@uri":
		return "path and query together"
	case "@extension":
		return "the letters after the path's last dot"
	case "@status":
		return "success or failure by the outcome"
	case "@workspace":
		return "login.googleapis.com and the like by `id.applicationName`"
	case "@key_event":
		return "SetValue or DeleteValue by `OperationType`"
	case "@key":
		return "`ObjectName` with HKLM or HKU, and `ObjectValueName`"
	case "@key_value":
		return "`NewValue` as Sysmon writes it"
	}
	return ""
}

func originWords(origins []string) []string {
	var out []string
	for _, o := range origins {
		if o == "" {
			out = append(out, "no Windows channel")
		} else {
			out = append(out, "channel `"+o+"`")
		}
	}
	return out
}

func className(class int32) string {
	if class == classDNS {
		return "dns"
	}
	return event.ClassName(class)
}

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "`" + s + "`"
	}
	return out
}

// either writes "a, b or c".
func either(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
	return strings.Join(list, "")
}
