package logsource

import (
	"slices"
	"strings"
)

// An alias says what stands in for a field of the Sigma taxonomy in events
// whose format does not carry that name: names of promoted columns, of derived
// values ("@uri") and of native fields ("name*" for all that begin so), best
// first, with "|" between them. The first that has a value counts; after allOf
// all of them do. A native field stands for itself alone, but after aliased.
type alias struct{ name, standIns string }

const (
	allOf   = "+"
	aliased = ">"
)

// aliases are a table of them, and a rule for the names it does not list.
type aliases struct {
	list     []alias
	variants func(name string) string // may be nil
}

func (t *aliases) of(name string) string {
	for i := range t.list {
		if t.list[i].name == name {
			return t.list[i].standIns
		}
	}
	if t.variants != nil {
		return t.variants(name)
	}
	return ""
}

// aliasesFor gives the tables of a logsource, what is special to it first.
// Source: Sigma taxonomy specification; for the native names the documentation
// of the products.
func aliasesFor(l Logsource) []aliases {
	table := func(lists ...[]alias) []aliases { return []aliases{{list: slices.Concat(lists...)}} }
	switch l.Category {
	case "webserver", "proxy":
		return table(webAliases(), flowAliases())
	case "firewall":
		return table(flowAliases())
	case "database":
		return table(databaseAliases())
	case "dns":
		return table(dnsAliases())
	case "antivirus":
		return table(antivirusAliases())
	}
	switch l.Product {
	case "zeek":
		return table(zeekAliases())
	case "aws":
		return table(awsAliases())
	case "azure":
		return []aliases{{azureAliases(), azureNames}}
	case "gcp":
		return []aliases{{gcpAliases(), func(name string) string { return strings.TrimPrefix(name, "data.") }}}
	case "m365":
		return table(m365Aliases())
	case "kubernetes":
		return table(kubernetesAliases())
	case "cisco":
		return table([]alias{{"event_type", "eventtype"}})
	case "rpc_firewall":
		return table([]alias{{"EventLog", "Channel"}, {"EventID", "event_code"}})
	}
	switch {
	case l.Service == "auditd":
		return table(auditAliases(), systemAliases())
	case l.Service == "apache", l.Service == "nginx", l.Service == "netflow":
		return table(webAliases(), flowAliases())
	}
	return table(windowsAliases(l.Category), systemAliases())
}

func webAliases() []alias {
	const uri = "url|uri|request_uri|requestUri|url.original|@uri"
	return []alias{
		{"c-ip", "src_ip"}, {"cs-username", "actor_user"}, {"c-useragent", "cs-user-agent|client_app"}, {"cs-user-agent", "c-useragent|client_app"},
		{"cs-method", "method|request_method|requestMethod|http.request.method|httpMethod|verb"},
		{"sc-status", "status|status_code|statusCode|http.response.status_code|response_status"},
		// The public rules look for parts of the path in the query too.
		{"cs-uri-query", "+cs-uri-query|>cs-uri"}, {"c-uri-query", "cs-uri-query|statement"},
		{"cs-uri", "c-uri|" + uri}, {"c-uri", "cs-uri|" + uri}, {"cs-uri-stem", "object"},
		{"c-uri-extension", "cs-uri-extension|@extension"}, {"cs-uri-extension", "c-uri-extension|@extension"},
		{"cs-host", "host_header|http_host|hostname|cs_host|url.domain|server_name|host"}, {"cs-referer", "cs-referrer|referer|referrer|http_referer|http.request.referrer"},
		{"cs-cookie", "cookie|http_cookie"}, {"cs-content-type", "content_type|contentType"}, {"sc-bytes", "bytes_out"},
	}
}

func flowAliases() []alias {
	return []alias{
		{"action", "event_code"}, {"blocked", "action"},
		{"destination.port", "dst_port"}, {"destination.ip", "dst_ip"}, {"source.ip", "src_ip"}, {"source.port", "src_port"},
	}
}

func dnsAliases() []alias {
	return []alias{
		{"query", "QueryName|qname|dns.question.name|query_name|dns.rrname|object"},
		{"record_type", "qtype_name|query_type|dns.question.type|dns.rrtype|qtype"},
		{"answer", "answers|QueryResults|dns.answers.data|dns.resolved_ip|answers.Rdata"},
	}
}

func databaseAliases() []alias { return []alias{{"query", "statement"}, {"user", "actor_user"}} }

func zeekAliases() []alias { return []alias{{"c-useragent", "user_agent"}, {"c-uri", "uri"}} }

func auditAliases() []alias {
	return []alias{{"exe", "process_path"}, {"name", "object"}, {"SYSCALL", "event_code"}}
}

func awsAliases() []alias {
	return []alias{{"requestParameters", "requestParameters.*"}, {"responseElements", "responseElements.*"}}
}

func antivirusAliases() []alias {
	return []alias{{"Signature", "Threat Name|virus|threat.name|ThreatName"}, {"Filename", "Path|filename|file.path|FileName|object"}}
}

// windowsAliases are the names of the Security log's events that mean what a
// Sysmon event of the category means. The path of a 5156 names the volume as a
// device (\device\harddiskvolume1), so only the ends of paths compare.
func windowsAliases(category string) []alias {
	switch category {
	case "registry_set", "registry_event", "registry_delete":
		return []alias{{"EventType", "@key_event"}, {"TargetObject", "@key"}, {"Details", "@key_value"}, {"Image", "ProcessName|process_path"}}
	case "network_connection":
		return []alias{
			{"Image", "Application|process_path"}, {"DestinationIp", "DestAddress|dst_ip"}, {"DestinationPort", "DestPort|dst_port"},
			{"SourceIp", "SourceAddress|src_ip"}, {"Initiated", "@initiated"}, {"Protocol", "+Protocol|@transport"},
		}
	case "file_access":
		return []alias{{"FileName", "ObjectName|object"}, {"Image", "ProcessName|process_path"}}
	case "file_rename":
		return []alias{{"SourceFilename", "file.Ext.original.path|OldFileName"}}
	case "create_stream_hash":
		return []alias{{"Hash", "Hashes"}}
	case "process_creation":
		return []alias{
			{"Image", "process_path|NewProcessName"}, {"ProcessId", "NewProcessId|process.pid"}, {"LogonId", "SubjectLogonId"},
			{"ParentImage", "ParentProcessName|process.parent.executable"}, {"ParentCommandLine", "process.parent.command_line"},
			{"ParentProcessId", "process.parent.pid"}, {"IntegrityLevel", "@integrity"}, {"OriginalFileName", "process.pe.original_file_name"},
			{"CurrentDirectory", "process.working_directory|cwd|PWD"},
		}
	}
	return nil
}

// systemAliases serve every logsource of an operating system.
func systemAliases() []alias {
	return []alias{
		{"Image", "process_path"}, {"CommandLine", "cmd_line"}, {"User", "@account|actor_user"}, {"TargetFilename", "object"},
		{"Computer", "host"}, {"ComputerName", "host"}, {"EventID", "event_code"}, {"Provider_Name", "SourceName|ProviderName"}, {"SourceName", "Provider_Name"},
		{"DestinationIp", "dst_ip"}, {"DestinationPort", "dst_port"}, {"SourceIp", "src_ip"}, {"SourcePort", "src_port"},
		{"DestinationHostname", "object"}, {"QueryName", "object"}, {"Message", "message"},
	}
}
