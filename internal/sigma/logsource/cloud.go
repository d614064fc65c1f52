package logsource

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// cloudRows tell the audit logs of clouds and services, which come as JSON, by
// fields that only they write. Source: the documentation of each service's
// audit records.
func cloudRows() []row {
	audit := func(product, service string, markers ...string) row {
		formats := []string{"jsonlines", "csv"}
		switch product { // of these a format of its own reads what it can
		case "aws":
			formats = append(formats, "cloudtrail")
		case "azure":
			formats = append(formats, "entra", "azure")
		case "gcp":
			formats = append(formats, "gcp")
		case "m365", "okta":
			formats = append(formats, product)
		}
		return row{Logsource: Logsource{product, "", service}, formats: formats, markers: markers}
	}
	without := func(r row, markers ...string) row { r.without = markers; return r }
	const (
		azureResource = "resourceId=/subscriptions/*|ResourceId=/subscriptions/*|_ResourceId=/subscriptions/*|resourceUri=/subscriptions/*"
		azureAudit    = "category=AuditLogs|Category=AuditLogs|loggedByService|LoggedByService|properties.loggedByService"
		azureSignin   = "category=*SignInLogs|Category=*SignInLogs|conditionalAccessStatus|ConditionalAccessStatus|properties.conditionalAccessStatus"
		risk          = "riskEventType|RiskEventType|properties.riskEventType"
		pim           = "riskEventType=*AlertConfiguration|riskEventType=*AlertIncident"
		alerts        = "Workload=SecurityComplianceCenter|eventSource=SecurityComplianceCenter"
		cloudAudit    = "protoPayload.methodName|data.protoPayload.methodName|gcp.audit.method_name|protoPayload.serviceName|data.protoPayload.serviceName"
		workspaceLog  = "protoPayload.serviceName=login.googleapis.com|protoPayload.serviceName=admin.googleapis.com"
	)
	return []row{
		audit("aws", "cloudtrail", "awsRegion", "eventName", "eventSource"),
		without(audit("azure", "activitylogs", azureResource, "operationName|OperationName|OperationNameValue|operationNameValue"), "category=kube*|Category=kube*", azureAudit, azureSignin),
		without(audit("azure", "auditlogs", azureAudit), azureSignin), audit("azure", "signinlogs", azureSignin),
		without(audit("azure", "riskdetection", risk), pim), audit("azure", "pim", pim),
		without(audit("gcp", "gcp.audit", cloudAudit), workspaceLog),
		audit("m365", "audit", "Workload", "Operation", "RecordType|CreationTime"),
		audit("m365", "exchange", "Workload=Exchange|eventSource=Exchange"),
		audit("m365", "threat_management", alerts), audit("m365", "threat_detection", alerts),
		audit("okta", "okta", "displayMessage", "eventType", "actor.alternateId|actor.id"),
		audit("onelogin", "onelogin.events", "event_type_id", "account_id|actor_user_id|user_id"),
		audit("github", "audit", "action", "actor", "_document_id|actor_location.country_code|business|org_id"),
		audit("bitbucket", "audit", "auditType.category", "auditType.action"),
		audit("cisco", "duo", "event_type|eventtype", "txid|access_device.ip|auth_device.ip"),
		{Logsource: Logsource{"kubernetes", "application", "audit"}, formats: []string{"kubernetes", "jsonlines"}, markers: []string{"verb", "apiVersion=audit.k8s.io/*|auditID"}},
		{Logsource: Logsource{"qualys", "", ""}, formats: []string{"jsonlines", "csv"}, markers: []string{"host.scan.vuln|host.scan.vuln_name"}},
	}
}

// serviceRows are services that have a format of their own in konseki.
func serviceRows() []row {
	s := func(product, service, format string, markers ...string) row {
		return row{Logsource: Logsource{product, "", service}, formats: []string{format}, markers: markers}
	}
	return []row{
		s("gcp", "google_workspace.login", "workspace", "id.applicationName=login"),
		s("gcp", "google_workspace.login", "jsonlines", "protoPayload.serviceName=login.googleapis.com"),
		s("gcp", "google_workspace.login", "gcp", "protoPayload.serviceName=login.googleapis.com"),
		s("gcp", "google_workspace.admin", "workspace", "id.applicationName=admin"),
		s("gcp", "google_workspace.admin", "jsonlines", "protoPayload.serviceName=admin.googleapis.com"),
		s("gcp", "google_workspace.admin", "gcp", "protoPayload.serviceName=admin.googleapis.com"),
		s("gcp", "google_workspace.drive", "workspace", "id.applicationName=drive"),
		s("gcp", "google_workspace.token", "workspace", "id.applicationName=token"),
		s("gcp", "google_workspace.user_accounts", "workspace", "id.applicationName=user_accounts"),
		s("slack", "audit", "slack", "action"),
		s("slack", "", "slack"),
	}
}

// applianceRows are network devices and decoys. What no format of its own has
// read of their messages comes by syslog and is told by what deviceMark finds in
// it.
func applianceRows() []row {
	s := func(product, category, service, format string, markers ...string) row {
		return row{Logsource: Logsource{product, category, service}, formats: []string{format}, markers: markers}
	}
	device := func(product, service string, marks ...string) row {
		r := row{Logsource: Logsource{product, "", service}, formats: []string{"syslog", event.Unparsed}}
		r.markers = []string{deviceField + "=" + strings.Join(marks, "|"+deviceField+"=")}
		return r
	}
	ios := device("cisco", "syslog", "%*")
	ios.without = []string{"device=%ASA-*|device=%FTD-*|device=%%*"}
	const firewall = "facility=ASA*|facility=FTD*|facility=PIX|facility=FWSM"
	router := s("cisco", "", "syslog", "cisco")
	router.without = []string{firewall}
	junos := s("juniper", "", "bgp", "syslog")
	junos.programs = []string{"rpd"}
	tacacs := s("cisco", "", "aaa", "syslog")
	tacacs.programs = []string{"tac_plus", "tac_plus-ng", "tacacs"}
	return []row{
		s("fortigate", "", "", "fortigate"), s("fortigate", "", "event", "fortigate", "type=event"), s("fortios", "", "sslvpnd", "fortigate", "type=event"),
		device("cisco", "aaa", "%PARSER-*", "%AAA*", "%SEC_LOGIN-*", "%HA_EM-*", "%SYS-*"), tacacs,
		device("cisco", "asa", "%ASA-*", "%FTD-*"), device("cisco", "bgp", "%BGP-*", "%TCP-*"), device("cisco", "ldp", "%LDP-*"), ios,
		device("huawei", "bgp", "%%01BGP/*"), junos,
		device("ivanti", "connect_secure", pulseSecure), device("paloalto", "globalprotect", panOS+" GLOBALPROTECT"), device("paloalto", "panos", panOS+"*"), device("mssql", "errorlog", sqlServer), s("mssql", "", "errorlog", "mssql"),
		s("cisco", "", "aaa", "cisco", "facility=PARSER|facility=AAA*|facility=SEC_LOGIN|facility=HA_EM|facility=SYS"),
		s("cisco", "", "asa", "cisco", firewall), s("cisco", "", "bgp", "cisco", "facility=BGP|facility=TCP"), s("cisco", "", "ldp", "cisco", "facility=LDP"), router,
		s("ivanti", "", "connect_secure", "ivanti"), s("paloalto", "", "globalprotect", "panos", "type=GLOBALPROTECT"), s("paloalto", "", "panos", "panos"),
		s("openvpn", "", "openvpn", "openvpn"),
		s("opencanary", "application", "", "jsonlines", "logtype", "node_id|local_time"),
		{Logsource: Logsource{"rpc_firewall", "application", ""}, origins: []string{"RPCFW"}},
	}
}

// applicationRows are the logs of applications by the language they are
// written in: lines of the usual servers by syslog, and JSON in the form of
// the usual loggers. What frameworks write belongs to their language too.
func applicationRows() []row {
	servers := func(product string, programs ...string) row {
		return row{Logsource: Logsource{product, "application", ""}, formats: []string{"syslog"}, programs: programs}
	}
	loggers := func(product string, markers ...string) row {
		return row{Logsource: Logsource{product, "application", ""}, formats: []string{"jsonlines"}, origins: []string{""}, markers: markers}
	}
	var out []row
	for _, product := range [...]string{"jvm", "spring", "velocity"} {
		out = append(out, row{Logsource: Logsource{product, "application", ""}, formats: []string{"java"}}, servers(product, "java", "tomcat", "tomcat8", "tomcat9", "tomcat10", "catalina", "catalina.sh", "jetty", "wildfly", "jboss", "spring"),
			loggers(product, "logger_name|loggerName|thread_name|stack_trace|exception.exception_class|thrown.name|error.stack_trace"))
	}
	for _, product := range [...]string{"python", "django"} {
		out = append(out, servers(product, "python", "python3", "gunicorn", "uwsgi", "django", "celery", "waitress", "uvicorn"),
			loggers(product, "exc_info|levelname|funcName|exception.type"),
			row{Logsource: Logsource{product, "application", ""}, formats: []string{"apache"}, markers: []string{"module=wsgi"}})
	}
	sql := row{Logsource: Logsource{"sql", "application", ""}, formats: []string{"mysql", "mariadb", "postgres", "mssql", "oracle", "java"}}
	failed := row{Logsource: Logsource{"sql", "application", ""}, classes: []int32{event.ClassApplicationError}}
	rails := loggers("ruby_on_rails", "controller", "action", "progname|format|db")
	rails.formats = append(rails.formats, "gitlab")
	return append(out,
		servers("ruby_on_rails", "ruby", "rails", "puma", "unicorn", "passenger", "sidekiq"), rails,
		servers("nodejs", "node", "nodejs", "pm2", "npm"), loggers("nodejs", "err.stack|error.stack|err.message"),
		servers("sql", "java", "tomcat", "tomcat9", "catalina", "python", "python3", "gunicorn", "uwsgi", "ruby", "puma", "node", "php", "php-fpm"),
		loggers("sql", "logger_name|loggerName|stack_trace|exc_info|levelname|err.stack|error.stack"), sql, failed,
	)
}
