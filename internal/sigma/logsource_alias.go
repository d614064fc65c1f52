package sigma

// An alias says what stands in for a field of the Sigma taxonomy in events
// whose format does not carry that name: names of promoted columns, of derived
// values ("@uri") and of native fields ("name*" for all that begin so), best
// first, with "|" between them. The first that has a value counts; after allOf
// all of them do, besides the native field.
type alias struct{ name, standIns string }

const allOf = "+"

type aliases []alias

// aliasesFor gives the tables of a logsource, what is special to it first.
// Source: Sigma taxonomy specification; for the native names the documentation
// of the products.
func aliasesFor(l Logsource) []aliases {
	switch {
	case l.Service == "auditd":
		return []aliases{auditAliases()}
	case l.Category == "webserver", l.Category == "proxy", l.Service == "apache", l.Service == "nginx", l.Service == "netflow":
		return []aliases{webAliases(), flowAliases()}
	case l.Category == "firewall":
		return []aliases{flowAliases()}
	case l.Category == "database":
		return []aliases{{{"query", "statement"}, {"user", "actor_user"}}}
	case l.Category == "dns":
		return []aliases{dnsAliases()}
	case l.Category == "antivirus":
		return []aliases{antivirusAliases()}
	case l.Product == "zeek":
		return []aliases{{{"c-useragent", "user_agent"}, {"c-uri", "uri"}, {"query", "host"}}}
	case l.Product == "aws", l.Product == "azure", l.Product == "gcp", l.Product == "m365":
		return []aliases{cloudAliases()}
	case l.Product == "windows" && l.Category == "registry_set":
		return []aliases{{{"TargetObject", "@key"}, {"Details", "@key_value"}}, systemAliases()}
	case l.Product == "windows" && l.Category == "network_connection":
		return []aliases{{{"Image", "Application|process_path"}}, systemAliases()}
	}
	return []aliases{systemAliases()}
}

func webAliases() aliases {
	return aliases{
		{"c-ip", "src_ip"}, {"cs-username", "actor_user"}, {"c-useragent", "cs-user-agent|client_app"}, {"cs-user-agent", "c-useragent|client_app"},
		{"cs-method", "method|request_method|requestMethod|http.request.method|httpMethod|verb"},
		{"sc-status", "status|status_code|statusCode|http.response.status_code|response_status"},
		// Rules look for parts of the path in the query too.
		{"cs-uri-query", "+cs-uri-query|cs-uri"}, {"c-uri-query", "cs-uri-query|statement"},
		{"cs-uri", "c-uri|url|uri|request_uri|requestUri|url.original|@uri"}, {"c-uri", "cs-uri|url|uri|request_uri|requestUri|url.original|@uri"},
		{"cs-uri-stem", "object"}, {"c-uri-extension", "cs-uri-extension|@extension"}, {"cs-uri-extension", "c-uri-extension|@extension"},
		{"cs-host", "host_header|http_host|hostname|cs_host|url.domain|host"}, {"cs-referer", "referer|referrer|http_referer|http.request.referrer"},
		{"cs-cookie", "cookie|http_cookie"}, {"cs-content-type", "content_type|contentType"}, {"sc-bytes", "bytes_out"},
	}
}

func flowAliases() aliases {
	return aliases{
		{"dst_ip", "dst_ip"}, {"action", "event_code"}, {"blocked", "action"},
		{"destination.port", "dst_port"}, {"destination.ip", "dst_ip"}, {"source.ip", "src_ip"}, {"source.port", "src_port"},
	}
}

func auditAliases() aliases {
	return aliases{{"exe", "process_path"}, {"name", "object"}, {"SYSCALL", "event_code"}}
}

func dnsAliases() aliases {
	return aliases{
		{"query", "QueryName|qname|dns.question.name|query_name|dns.rrname|object"}, {"record_type", "qtype_name|query_type|dns.question.type|dns.rrtype|qtype"},
		{"answer", "answers|QueryResults|dns.answers.data|dns.resolved_ip|answers.Rdata"}, {"src_ip", "src_ip"},
	}
}

func antivirusAliases() aliases {
	return aliases{{"Signature", "Threat Name|virus|threat.name|ThreatName"}, {"Filename", "Path|filename|file.path|object"}}
}

func cloudAliases() aliases {
	return aliases{{"requestParameters", "requestParameters.*"}}
}

func systemAliases() aliases {
	return aliases{
		{"Image", "process_path|NewProcessName"}, {"CommandLine", "cmd_line"}, {"ProcessId", "NewProcessId"}, {"User", "@account|actor_user"}, {"TargetFilename", "object"},
		{"Computer", "host"}, {"ComputerName", "host"}, {"EventID", "event_code"},
		{"DestinationIp", "dst_ip"}, {"DestinationPort", "dst_port"}, {"SourceIp", "src_ip"}, {"SourcePort", "src_port"},
		{"DestinationHostname", "object"}, {"QueryName", "object"},
		{"ParentImage", "ParentProcessName|process.parent.executable"}, {"IntegrityLevel", "@integrity"}, {"Initiated", "@initiated"}, {"Protocol", "@transport"},
	}
}
