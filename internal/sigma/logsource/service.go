package logsource

import "github.com/konseki/konseki/internal/event"

// webRows: whatever a web server answers belongs to the web server, also a
// request for a whole URL, as clients ask a proxy: that belongs to the proxy
// besides. Only records of proxies themselves are no web server's.
func webRows() []row {
	l := func(category, service string, classes []int32, formats ...string) row {
		return row{Logsource: Logsource{"", category, service}, classes: classes, formats: formats, origins: []string{""}}
	}
	marked := func(r row, markers ...string) row { r.markers = markers; return r }
	http := []int32{event.ClassHTTP}
	web := []int32{event.ClassHTTP, event.ClassApplicationError, event.ClassAuthentication}
	const wholeURL = "cs-method=CONNECT|method=CONNECT|cs-uri=http*|c-uri=http*"
	const proxyRecord = "cs-uri-scheme|urlcategory|url_category|sc-filter-result|s-action|action=TCP_*|code=TCP_*|result_code=TCP_*"
	formats := []string{"nginx", "apache", "haproxy", "iis", "cloudfront", "modsecurity", "caddy", "traefik", "envoy", "fastly", "cloudflare", "awswaf", "alb", "jsonlines", "csv"}
	server := l("webserver", "", http, formats...)
	server.without = []string{proxyRecord, zeekConnection}
	zeek := l("proxy", "", nil, "jsonlines")
	zeek.markers = []string{zeekConnection, zeekHTTP}
	return []row{
		server,
		marked(l("proxy", "", http, formats...), wholeURL+"|"+proxyRecord),
		l("proxy", "", http, "fortigate"), zeek,
		l("", "apache", web, "apache"), l("", "nginx", web, "nginx"),
		l("application_error", "", []int32{event.ClassApplicationError}),
	}
}

// classDNS is OCSF's DNS Activity, which agents' exports may carry.
const classDNS int32 = 4003

// Markers of Zeek's records, beside "_path", which its writers may leave out.
const (
	zeekConnection = "id.orig_h|id_orig_h"
	zeekHTTP       = "_path=http|resp_mime_types|request_body_len|response_body_len"
	zeekDNS        = "_path=dns|qtype_name|qclass_name"
)

func networkRows() []row {
	l := func(category, service string) row { return row{Logsource: Logsource{"", category, service}} }
	format := func(r row, formats ...string) row { r.formats = formats; return r }
	class := func(r row, classes ...int32) row { r.classes = classes; return r }
	marked := func(r row, markers ...string) row { r.markers = markers; return r }
	origin := func(r row, origin string, codes ...string) row {
		r.origins, r.codes = []string{origin}, codes
		return r
	}
	zeek := func(service string, markers ...string) row {
		return row{Logsource: Logsource{"zeek", "", service}, formats: []string{"jsonlines"}, markers: markers}
	}
	return []row{
		origin(class(format(l("firewall", ""), "syslog", "fortigate", "jsonlines", "csv"), event.ClassNetwork), ""),
		origin(l("firewall", ""), securityChannel, "5152", "5154", "5156", "5157"),
		marked(format(l("firewall", ""), "jsonlines"), zeekConnection, "_path=conn|conn_state"),
		class(l("dns", ""), classDNS),
		marked(format(l("dns", ""), "jsonlines", "csv"), zeekDNS+"|dns.question.name|dns.rrname|query_name"),
		marked(format(l("dns", ""), "fortigate"), "type=dns|subtype=dns"), origin(l("dns", ""), sysmonChannel, "22"), origin(l("dns", ""), sysmonLinux, "22"),
		marked(format(l("", "netflow"), "jsonlines", "csv"), "netflow.type|netflow.exporter.address|event.dataset=netflow*|in_packets|flow_start_sysuptime"),
		zeek("conn", zeekConnection, "_path=conn|conn_state"), zeek("dns", zeekConnection, zeekDNS), zeek("http", zeekConnection, zeekHTTP),
		zeek("dce_rpc", zeekConnection, "_path=dce_rpc|named_pipe"), zeek("kerberos", zeekConnection, "_path=kerberos|request_type"),
		zeek("rdp", zeekConnection, "_path=rdp|security_protocol"), zeek("smb_files", zeekConnection, "_path=smb_files|action=SMB::FILE*|action=SMB::PRINT*"),
		zeek("x509", "_path=x509|certificate.serial"),
		class(l("database", ""), event.ClassDatastore),
		class(l("vpn", ""), event.ClassTunnel),
		class(l("authentication", ""), event.ClassAuthentication, event.ClassTunnel),
		class(l("file_hosting", ""), event.ClassFileHosting),
		class(l("chat", ""), event.ClassWebResources),
		origin(l("antivirus", ""), "Microsoft-Windows-Windows Defender/Operational", "1006", "1007", "1008", "1015", "1116", "1117", "1118", "1119"),
		marked(format(l("antivirus", ""), "fortigate"), "subtype=virus"),
		marked(format(l("antivirus", ""), "jsonlines", "csv"), "Signature|threat.name|ThreatName", "Filename|file.path|FileName"),
	}
}
