package logsource_test

func cloudLines() []line {
	const at = `"time":"2026-03-01T03:13:03Z"`
	return []line{
		{"CloudTrail", "", `{"eventVersion":"1.08","eventTime":"2026-03-01T03:13:03Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","userIdentity":{"type":"Root"},"requestParameters":{"versioning":{"status":"Suspended"}},"responseElements":{"ConsoleLogin":"Failure"}}`,
			"product: aws, service: cloudtrail", `{eventSource: signin.amazonaws.com, userIdentity.type: Root, responseElements|contains: Failure, requestParameters|contains: Suspended}`},
		{"Entra sign-in", "", `{` + at + `,"resourceId":"/tenants/1/providers/Microsoft.aadiam","operationName":"Sign-in activity","category":"SignInLogs","resultType":"50053","resultDescription":"account locked","properties":{"userPrincipalName":"a@example.com","conditionalAccessStatus":"failure","clientAppUsed":"IMAP","deviceDetail":{"deviceId":"7"}}}`,
			"product: azure, service: signinlogs", `{ResultType: 50053, ResultDescription|contains: locked, conditionalAccessStatus: failure, ClientApp: IMAP, DeviceDetail.deviceId: 7}`},
		{"Entra audit", "", `{` + at + `,"operationName":"Add owner to application","category":"AuditLogs","properties":{"category":"ApplicationManagement","loggedByService":"Core Directory","targetResources":[{"displayName":"Domain Admins","type":"Group"}]}}`,
			"product: azure, service: auditlogs", `{properties.message: Add owner to application, LoggedByService: Core Directory, Category: ApplicationManagement, properties.targetResources|contains: Admins}`},
		{"Azure activity", "", `{` + at + `,"resourceId":"/SUBSCRIPTIONS/1/RESOURCEGROUPS/2","operationName":"MICROSOFT.NETWORK/FIREWALLS/DELETE","category":"Administrative"}`,
			"product: azure, service: activitylogs", `{operationName|endswith: /FIREWALLS/DELETE, CategoryValue: Administrative}`},
		{"Entra risk", "", `{"activityDateTime":"2026-03-01T03:13:03Z","riskEventType":"unfamiliarFeatures","userPrincipalName":"a@example.com"}`, "product: azure, service: riskdetection", `{riskEventType: unfamiliarFeatures}`},
		{"privileged identities", "", `{"activityDateTime":"2026-03-01T03:13:03Z","riskEventType":"staleSignInAlertIncident"}`, "product: azure, service: pim", `{riskEventType: staleSignInAlertIncident}`},
		{"GCP audit", "", `{"timestamp":"2026-03-01T03:13:03Z","logName":"projects/p/logs/cloudaudit.googleapis.com%2Factivity","protoPayload":{"serviceName":"dns.googleapis.com","methodName":"Dns.ManagedZones.Delete","authorizationInfo":[{"permission":"dns.zones.delete","granted":true}]}}`,
			"product: gcp, service: gcp.audit", `{gcp.audit.method_name: Dns.ManagedZones.Delete, data.protoPayload.authorizationInfo.granted: 'true'}`},
		{"Workspace administration", "", `{"kind":"admin#reports#activity","id":{"time":"2026-03-01T03:13:03Z","applicationName":"admin"},"actor":{"email":"a@example.com"},"events":[{"type":"x","name":"ENFORCE_STRONG_AUTHENTICATION","parameters":[{"name":"SETTING_NAME","value":"ContextAwareAccess x"},{"name":"NEW_VALUE","value":"false"}]}]}`,
			"product: gcp, service: google_workspace.admin", `{eventService: admin.googleapis.com, eventName: ENFORCE_STRONG_AUTHENTICATION, setting_name|startswith: ContextAware, new_value: 'false'}`},
		{"Workspace logon", "", `{"kind":"admin#reports#activity","id":{"time":"2026-03-01T03:13:03Z","applicationName":"login"},"actor":{"email":"a@example.com"},"events":[{"type":"login","name":"suspicious_login"}]}`,
			"product: gcp, service: google_workspace.login", `{protoPayload.serviceName: login.googleapis.com, protoPayload.metadata.event.eventName: suspicious_login}`},
		{"Microsoft 365", "", `{"CreationTime":"2026-03-01T03:13:03","Operation":"Set-Mailbox","Workload":"Exchange","RecordType":1,"ResultStatus":"True","UserId":"a@example.com","Parameters":[{"Name":"ForwardingSmtpAddress","Value":"x@example.com"}]}`,
			"product: m365, service: audit", `{Operation: Set-Mailbox, Parameters|contains: ForwardingSmtpAddress}`},
		{"compliance alert", "", `{"CreationTime":"2026-03-01T03:13:03","Operation":"AlertTriggered","Workload":"SecurityComplianceCenter","RecordType":40,"ResultStatus":"Succeeded","Name":"Unusual volume of file deletion"}`,
			"product: m365, service: threat_management", `{eventSource: SecurityComplianceCenter, eventName: Unusual volume of file deletion, status: success}`},
		{"Okta", "", `{"published":"2026-03-01T03:13:03Z","eventType":"policy.lifecycle.update","displayMessage":"Update policy","uuid":"1","actor":{"id":"2","alternateId":"a@example.com"},"target":[{"displayName":"Default"}],"securityContext":{"isProxy":true},"debugContext":{"debugData":{"requestUri":"/admin/x"}}}`,
			"product: okta, service: okta", `{eventType: policy.lifecycle.update, securityContext.isProxy: 'true', target.displayName: Default, debugContext.debugData.requestUri|contains: admin}`},
		{"OneLogin", "", `{"event_timestamp":"2026-03-01T03:13:03Z","event_type_id":3,"account_id":1,"user_name":"a"}`, "product: onelogin, service: onelogin.events", `{event_type_id: 3}`},
		{"GitHub", "", `{"@timestamp":1772334783000,"_document_id":"x","action":"org.remove_self_hosted_runner","actor":"a","org":"example"}`, "product: github, service: audit", `{action: org.remove_self_hosted_runner}`},
		{"Bitbucket", "", `{"timestamp":"2026-03-01T03:13:03Z","auditType":{"category":"Security","action":"Global secret scanning rule deleted"},"author":{"name":"a"}}`, "product: bitbucket, service: audit", `{auditType.category: Security, auditType.action|contains: secret}`},
		{"Kubernetes", "", `{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"ResponseComplete","requestURI":"/api","verb":"create","objectRef":{"resource":"pods","namespace":"kube-system","apiGroup":"x"},"requestObject":{"spec":{"volumes":[{"hostPath":{"path":"/"}}]}},"requestReceivedTimestamp":"2026-03-01T03:13:03Z"}`,
			"product: kubernetes, category: application, service: audit", `{verb: create, objectRef.resource: pods, hostPath: '*', apiGroup: x}`},
		{"Kubernetes, without category", "", `{"apiVersion":"audit.k8s.io/v1","auditID":"1","verb":"list","objectRef":{"resource":"secrets"},"responseStatus":{"code":403}}`, "product: kubernetes, service: audit", `{verb: list, responseStatus.code: 403}`},
		{"Slack", "", `{"id":"1","date_create":1772334783,"action":"role_change_to_owner","actor":{"type":"user","user":{"id":"U1","email":"a@example.com"}},"entity":{"type":"user","user":{"id":"U2"}},"context":{"ip_address":"192.0.2.1"}}`, "product: slack, service: audit", `{action: role_change_to_owner}`},
		{"Qualys", "", `{` + at + `,"host.scan.vuln":"1","host.scan.vuln_name":"default password"}`, "product: qualys", `{host.scan.vuln_name|contains: password}`},
		{"Duo", "", `{"timestamp":"2026-03-01T03:13:03Z","event_type":"authentication","reason":"bypass_user","txid":"1","access_device":{"ip":"192.0.2.1"}}`, "product: cisco, service: duo", `{event_type: authentication, reason: bypass_user}`},
	}
}

func deviceLines() []line {
	const sys = "<189>Mar  1 12:13:03 "
	zeek := func(rest string) string {
		return `{"ts":1772334783.1,"uid":"C1","id.orig_h":"192.0.2.10","id.orig_p":5000,"id.resp_h":"203.0.113.9","id.resp_p":53,` + rest + `}`
	}
	return []line{
		{"Cisco commands", "", sys + "rt01 77: Mar  1 12:13:02.001: %PARSER-5-CFGLOG_LOGGEDCMD: User:adm  logged command:clear logging", "product: cisco, service: aaa", `['clear logging']`},
		{"Cisco routing", "", sys + "rt01 78: Mar  1 12:13:02.001: %TCP-6-BADAUTH: Invalid MD5 digest from 203.0.113.9(179)", "product: cisco, service: bgp", `{'|all': [BADAUTH, '(179)']}`},
		{"Cisco labels", "", sys + "rt01 79: *Mar  1 12:13:02.001: %LDP-5-NBRCHG: Session key mismatch", "product: cisco, service: ldp", `['LDP']`},
		{"Cisco ASA", "", sys + "fw01 : %ASA-6-113039: Group VPN User sato IP 198.51.100.7 AnyConnect parent session started.", "product: cisco, service: asa", `['113039']`},
		{"PAN-OS configuration", "", sys + "fw02 1,2026/03/01 12:13:03,001234567890,CONFIG,0,2561,2026/03/01 12:13:03,192.0.2.1,,set,adm,Web,Succeeded", "product: paloalto, service: panos", `[',CONFIG,']`},
		{"GlobalProtect", "", "1,2026/03/01 12:13:03,001234567890,GLOBALPROTECT,0,2305,2026/03/01 12:13:03,vsys1,gateway-auth,login,,,sato", "product: paloalto, service: globalprotect", `[gateway-auth]`},
		{"Ivanti", "", "<134>1 2026-03-01T12:13:03+09:00 192.0.2.9 PulseSecure: - - - 2026-03-01 12:13:03 - pcs01 - [198.51.100.7] sato(Users)[] - Login succeeded", "product: ivanti, service: connect_secure", `['Login succeeded']`},
		{"SQL Server", "", "2026-03-01 12:13:03.26 Logon       Error: 18456, Severity: 14, State: 8.", "product: mssql, service: errorlog", `['18456']`},
		{"Huawei", "", sys + "rt02 %%01BGP/3/AUTH_FAILED(l)[4]:Authentication failed", "product: huawei, service: bgp", `['AUTH_FAILED']`},
		{"Juniper", "", sys + "rt03 rpd[99]: bgp_recv: authentication failure (203.0.113.9:179)", "product: juniper, service: bgp", `['authentication failure']`},
		{"FortiGate configuration", "", `date=2026-03-01 time=12:13:03 devname="fw01" devid="FG1" logid="0100044547" type="event" subtype="system" level="information" user="adm" action="Add" cfgpath="firewall.policy" msg="Add firewall.policy 1"`,
			"product: fortigate, service: event", `{action: Add, cfgpath: firewall.policy}`},
		{"FortiGate traffic", "", `date=2026-03-01 time=12:13:03 devname="fw01" devid="FG1" logid="0000000013" type="traffic" subtype="forward" level="notice" srcip=192.0.2.10 dstip=203.0.113.9 dstport=23 action="deny"`,
			"category: firewall", `{dst_port: 23, action: deny, src_ip: 192.0.2.10}`},
		{"Zeek names", "", zeek(`"query":"c2.example.com","qtype_name":"TXT","answers":["x"]`), "product: zeek, service: dns", `{query|endswith: example.com, qtype_name: TXT}`},
		{"Zeek names as DNS", "", zeek(`"query":"c2.example.com","qtype_name":"TXT","answers":["x"]`), "category: dns", `{query|startswith: c2, record_type: TXT, answer: x}`},
		{"Zeek requests", "", zeek(`"method":"GET","host":"files.example.com","uri":"/x.exe","user_agent":"probe-kit","status_code":200,"resp_mime_types":["application/x-dosexec"]`),
			"product: zeek, service: http", `{uri|endswith: .exe, c-useragent: probe-kit, id.resp_h: 203.0.113.9}`},
		{"Zeek requests as proxy", "", zeek(`"method":"GET","host":"files.example.com","uri":"/x.exe","user_agent":"probe-kit","status_code":200,"resp_mime_types":["application/x-dosexec"]`),
			"category: proxy", `{c-uri|endswith: .exe, cs-host: files.example.com, c-useragent: probe-kit, cs-method: GET}`},
		{"Zeek files on shares", "", zeek(`"action":"SMB::FILE_OPEN","path":"\\\\x\\C$","name":"a.exe"`), "product: zeek, service: smb_files", `{path|endswith: 'C$', name|endswith: .exe}`},
		{"Zeek remote calls", "", zeek(`"endpoint":"svcctl","operation":"CreateServiceW","named_pipe":"ntsvcs"`), "product: zeek, service: dce_rpc", `{endpoint: svcctl, operation: CreateServiceW}`},
		{"Zeek tickets", "", zeek(`"request_type":"TGS","service":"x","cipher":"rc4-hmac"`), "product: zeek, service: kerberos", `{request_type: TGS, cipher: rc4-hmac}`},
		{"Zeek desktops", "", zeek(`"cookie":"x","security_protocol":"RDP"`), "product: zeek, service: rdp", `{id.orig_h|cidr: 192.0.2.0/24}`},
		{"Zeek certificates", "", `{"ts":1772334783.1,"fingerprint":"x","certificate.serial":"8BB00EE"}`, "product: zeek, service: x509", `{certificate.serial: 8BB00EE}`},
		{"OpenCanary", "", `{"dst_host":"192.0.2.1","dst_port":22,"local_time":"2026-03-01 03:13:03","logdata":{"USERNAME":"root"},"logtype":4002,"node_id":"trap-1","src_host":"198.51.100.7"}`, "product: opencanary, category: application", `{logtype: 4002}`},
		{"flows", "", `{"@timestamp":"2026-03-01T03:13:03Z","netflow":{"type":"netflow_flow"},"source":{"ip":"192.0.2.10"},"destination":{"ip":"203.0.113.9","port":23}}`, "service: netflow", `{destination.port: 23}`},
		{"a Java application", "", `{"@timestamp":"2026-03-01T03:13:03Z","level":"ERROR","logger_name":"com.example.Shop","message":"x","stack_trace":"java.lang.RuntimeException: Cannot run program"}`, "product: jvm, category: application", `['Cannot run program']`},
		{"a Python application", "", sysProgram("gunicorn", "django.core.exceptions.SuspiciousOperation: Invalid HTTP_HOST"), "product: django, category: application", `[SuspiciousOperation]`},
		{"a Node application", "", sysProgram("node", "Error: node:child_process spawn"), "product: nodejs, category: application", `['node:child_process']`},
		{"a Ruby application", "", sysProgram("puma", "ActionController::InvalidAuthenticityToken"), "product: ruby_on_rails, category: application", `[InvalidAuthenticityToken]`},
		{"GitLab", "", `{"method":"POST","path":"/users/sign_in","format":"html","controller":"SessionsController","action":"create","status":500,"time":"2026-03-01T03:13:03.123Z","remote_ip":"198.51.100.7","correlation_id":"01EXAMPLE","exception.class":"ActionDispatch::Http::Parameters::ParseError"}`, "product: ruby_on_rails, category: application", `[ParseError]`},
		{"a statement refused", "", sysProgram("java", "You have an error in your SQL syntax"), "product: sql, category: application", `['error in your SQL syntax']`},
		{"a database", "", `20260301 12:13:03,db01,root,192.0.2.10,7,8,QUERY,shop,'SELECT * FROM users INTO OUTFILE "/tmp/x"',0`, "category: database", `['INTO OUTFILE']`},
		{"an antivirus gateway", "", `date=2026-03-01 time=12:13:03 devname="fw01" devid="FG1" logid="0211008192" type="utm" subtype="virus" level="warning" virus="Example/Trojan" filename="x.exe" action="blocked"`, "category: antivirus", `{Signature|contains: Trojan, Filename: x.exe}`},
		{"OpenSSH on Windows", "", `{"@timestamp":"2026-03-01T03:13:03Z","Channel":"OpenSSH/Operational","EventID":4,"process":"sshd","payload":"Server listening on 0.0.0.0 port 22"}`, "product: windows, service: openssh", `{EventID: 4, process: sshd, payload|startswith: Server listening}`},
	}
}

func sysProgram(program, message string) string {
	return "<27>Mar  1 12:13:03 app01 " + program + "[99]: " + message
}
