package logsource_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/sigma"
)

// A line is a record as a product writes it, and a rule in the manner of the
// public ones that finds it.
type line struct {
	name      string
	via       string // transport; "file" when empty
	raw       string
	logsource string
	detection string // selection, in YAML's flow style
}

func webLines() []line {
	const access = `198.51.100.7 - - [01/Mar/2026:12:13:03 +0900] "GET /cgi-bin/.%2e/bin/sh?cmd=id HTTP/1.1" 200 512 "https://www.example.com/start" "probe-kit/1.0"`
	return []line{
		{"path in an nginx line", "file;format=nginx", access, "category: webserver", `{cs-method: GET, cs-uri-query|contains: '/.%2e/'}`},
		{"query in an nginx line", "file;format=nginx", access, "category: webserver", `{cs-uri-query|contains: 'cmd=', sc-status: 200, cs-user-agent|startswith: probe-kit, cs-referer|contains: start}`},
		{"path and query together", "file;format=nginx", access, "category: webserver", `{cs-uri-query|contains|all: ['/bin/sh', 'cmd=id'], c-ip: 198.51.100.7}`},
		{"stem in an Apache line", "file;format=apache", access, "category: webserver", `{cs-uri-stem|endswith: /sh, cs-uri-query: 'cmd=id'}`},
		{"keywords in an Apache line", "file;format=apache", access, "category: webserver", `['/bin/sh']`},
		{"Apache's error log", "file", `[Sun Mar 01 12:13:03.123456 2026] [core:notice] [pid 77:tid 9] AH00052: child pid 81 exit signal Segmentation fault (11)`, "service: apache", `['exit signal Segmentation fault']`},
		{"a JSON access log", "", `{"time":"2026-03-01T03:13:03Z","remote_addr":"198.51.100.7","method":"POST","url":"/upload.php?x=1","status":201,"user_agent":"probe-kit/1.0"}`,
			"category: webserver", `{cs-method: POST, cs-uri-query|contains: upload.php, sc-status: 201, cs-user-agent|contains: probe}`},
		{"CONNECT through a proxy", "file;format=apache", `192.0.2.10 - - [01/Mar/2026:12:13:03 +0900] "CONNECT c2.example.com:443 HTTP/1.1" 200 0 "-" "probe-kit/1.0"`, "category: proxy", `{cs-method: CONNECT, c-useragent|contains: probe-kit}`},
		{"a whole URL through a proxy", "file;format=apache", `192.0.2.10 - - [01/Mar/2026:12:13:03 +0900] "GET http://files.example.com/tool.exe HTTP/1.1" 200 99 "-" "probe-kit/1.0"`,
			"category: proxy", `{c-uri|contains: files.example.com, cs-host: files.example.com, c-uri-extension: exe}`},
		{"FortiGate's web filter", "", `date=2026-03-01 time=12:13:03 devname="fw01" devid="FG1" logid="0316013056" type="utm" subtype="webfilter" level="warning" srcip=192.0.2.10 dstip=203.0.113.9 hostname="bad.example.com" url="https://bad.example.com/x.ps1" action="blocked"`,
			"category: proxy", `{c-uri|endswith: .ps1, cs-host: bad.example.com}`},
	}
}

func linuxLines() []line {
	const exec = `type=SYSCALL msg=audit(1772334783.123:77): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 items=2 ppid=10 pid=11 auid=1000 uid=0 gid=0 euid=0 comm="wget" exe="/usr/bin/wget" key="susp"
type=EXECVE msg=audit(1772334783.123:77): argc=3 a0="wget" a1="-O" a2="/tmp/x.sh"
type=PATH msg=audit(1772334783.123:77): item=0 name="/usr/bin/wget" inode=1 nametype=NORMAL`
	const opened = `type=SYSCALL msg=audit(1772334783.200:78): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7f a2=241 items=2 ppid=10 pid=11 auid=1000 uid=0 comm="cp" exe="/usr/bin/cp" key="cron"
type=PATH msg=audit(1772334783.200:78): item=1 name="/etc/cron.d/job" inode=2 nametype=CREATE`
	const connected = `type=SYSCALL msg=audit(1772334783.300:79): arch=c000003e syscall=42 success=yes exit=0 a0=3 items=0 ppid=10 pid=11 auid=1000 uid=0 comm="nc" exe="/usr/bin/nc" key="net"
type=SOCKADDR msg=audit(1772334783.300:79): saddr=0200115CCB007109`
	const sys = "<38>Mar  1 12:13:03 app01 "
	return []line{
		{"auditd: a program's arguments", "", exec, "product: linux, service: auditd", `{type: EXECVE, a0: wget, a2|startswith: /tmp/}`},
		{"auditd: the system call", "", exec, "product: linux, service: auditd", `{type: SYSCALL, exe|endswith: /wget, comm: wget, key: susp, SYSCALL: execve}`},
		{"auditd: a path", "", opened, "product: linux, service: auditd", `{type: PATH, name|startswith: /etc/cron.d/, nametype: CREATE}`},
		{"a program started on Linux", "", exec, "product: linux, category: process_creation", `{Image|endswith: /wget, CommandLine|contains: ' -O /tmp/'}`},
		{"a file made on Linux", "", opened, "product: linux, category: file_event", `{TargetFilename|startswith: /etc/cron.d/, Image|endswith: /cp}`},
		{"a connection opened on Linux", "", connected, "product: linux, category: network_connection", `{Image|endswith: /nc, DestinationIp|cidr: 203.0.113.0/24, DestinationPort: 4444, Initiated: 'true'}`},
		{"sshd", "", sys + "sshd[812]: error: buffer_get_ret: trying to get more bytes 4 than in buffer 0", "product: linux, service: sshd", `['trying to get more bytes']`},
		{"sudo", "", sys + "sudo:    sato : TTY=pts/0 ; PWD=/home/sato ; USER=#-1 ; COMMAND=/usr/bin/vim", "product: linux, service: sudo", `{USER: ['#-1', '#4294967295']}`},
		{"cron", "", sys + "crontab[99]: (www-data) REPLACE (www-data)", "product: linux, service: cron", `['REPLACE']`},
		{"any Linux log", "", sys + "shop[99]: line with () { :;}; in it", "product: linux", `['() { :;};']`},
		{"syslog", "", sys + "kernel: nf_tables: something odd", "product: linux, service: syslog", `['something odd']`},
		{"the journal as JSON", "", `{"__REALTIME_TIMESTAMP":"1772334783000000","_HOSTNAME":"app01","SYSLOG_IDENTIFIER":"vsftpd","MESSAGE":"refuse: too many connections"}`, "product: linux, service: vsftpd", `['too many connections']`},
		{"clamav", "", sys + "clamd[7]: /srv/x.bin: Example.Trojan FOUND", "product: linux, service: clamav", `['Trojan']`},
		{"a packet dropped", "", sys + "kernel: [1.0] IN=eth0 OUT= SRC=198.51.100.7 DST=192.0.2.10 LEN=60 PROTO=TCP SPT=5555 DPT=4444", "category: firewall", `{src_ip: 198.51.100.7, dst_ip: 192.0.2.10, dst_port: 4444}`},
	}
}

func windowsLines() []line {
	const security, sysmon = `"winlog.channel":"Security","winlog.provider_name":"Microsoft-Windows-Security-Auditing"`, `"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon"`
	return []line{
		{"a new process in the Security log", "", `{"@timestamp":"2026-03-01T03:13:03Z",` + security + `,"winlog.event_id":"4688","winlog.event_data":{"NewProcessName":"C:\\Windows\\System32\\net.exe","CommandLine":"net user x /add","ParentProcessName":"C:\\Windows\\System32\\cmd.exe","SubjectUserSid":"S-1-5-18","SubjectUserName":"PC01$","SubjectDomainName":"EXAMPLE","MandatoryLabel":"S-1-16-16384"}}`,
			"product: windows, category: process_creation", `{Image|endswith: '\net.exe', CommandLine|contains: /add, ParentImage|endswith: '\cmd.exe', User|contains: AUTHORI, IntegrityLevel: System}`},
		{"a new process in Sysmon", "", `{"SystemTime":"2026-03-01T03:13:03Z",` + sysmon + `,"EventID":1,"Image":"C:\\Windows\\System32\\net.exe","OriginalFileName":"net.exe","CommandLine":"net user"}`,
			"product: windows, category: process_creation", `{Image|endswith: '\net.exe', OriginalFileName: net.exe}`},
		{"a registry value in the Security log", "", `{"@timestamp":"2026-03-01T03:13:03Z",` + security + `,"winlog.event_id":"4657","winlog.event_data":{"ObjectName":"\\REGISTRY\\MACHINE\\SOFTWARE\\Example","ObjectValueName":"Off","OperationType":"%%1905","NewValueType":"%%1876","NewValue":"1","ProcessName":"C:\\x.exe"}}`,
			"product: windows, category: registry_set", `{EventType: SetValue, TargetObject|endswith: '\Example\Off', Details: 'DWORD (0x00000001)', Image|endswith: '\x.exe'}`},
		{"a connection in the Security log", "", `{"@timestamp":"2026-03-01T03:13:03Z",` + security + `,"winlog.event_id":"5156","winlog.event_data":{"Application":"\\device\\harddiskvolume2\\users\\x.exe","Direction":"%%14593","SourceAddress":"192.0.2.10","SourcePort":"5000","DestAddress":"203.0.113.9","DestPort":"4444","Protocol":"6"}}`,
			"product: windows, category: network_connection", `{Image|endswith: '\x.exe', Initiated: 'true', DestinationIp: 203.0.113.9, DestinationPort: 4444, Protocol: tcp}`},
		{"a service installed", "", `{"@timestamp":"2026-03-01T03:13:03Z","winlog.channel":"System","winlog.provider_name":"Service Control Manager","winlog.event_id":"7045","winlog.event_data":{"ServiceName":"odd","ImagePath":"%TEMP%\\odd.exe"}}`,
			"product: windows, service: system", `{Provider_Name: Service Control Manager, EventID: 7045, ImagePath|contains: TEMP}`},
		{"a threat found by Defender", "", `{"@timestamp":"2026-03-01T03:13:03Z","Channel":"Microsoft-Windows-Windows Defender/Operational","EventID":1116,"Threat Name":"HackTool:Win32/Example","Path":"file:_C:\\x.exe"}`,
			"category: antivirus", `{Signature|contains: HackTool, Filename|endswith: .exe}`},
		{"a name looked up", "", `{"SystemTime":"2026-03-01T03:13:03Z",` + sysmon + `,"EventID":22,"Image":"C:\\x.exe","QueryName":"c2.example.com","QueryResults":"::ffff:203.0.113.9;"}`, "category: dns", `{query: c2.example.com, answer|contains: 203.0.113.9}`},
		{"a key removed", "", `{"SystemTime":"2026-03-01T03:13:03Z",` + sysmon + `,"EventID":12,"EventType":"DeleteKey","TargetObject":"HKLM\\SOFTWARE\\Example"}`, "product: windows, category: registry_delete", `{TargetObject|endswith: Example}`},
		{"RPC firewall", "", `{"@timestamp":"2026-03-01T03:13:03Z","Channel":"RPCFW","EventID":3,"InterfaceUuid":"12345678-1234-1234-1234-123456789abc","OpNum":"4"}`, "product: rpc_firewall, category: application", `{EventLog: RPCFW, EventID: 3, InterfaceUuid: 12345678-1234-1234-1234-123456789abc, OpNum: 4}`},
	}
}

func TestLinesReachThePublicKindOfRule(t *testing.T) {
	for _, list := range [][]line{webLines(), linuxLines(), windowsLines(), cloudLines(), deviceLines()} {
		for _, l := range list {
			t.Run(l.name, func(t *testing.T) {
				events := derive(t, l)
				m := engine(t, l.logsource, l.detection).NewMatcher()
				for i := range events {
					if len(m.Match(&events[i], []byte(l.raw), nil)) == 1 {
						return
					}
				}
				for i := range events {
					t.Errorf("no match for %s %s among %s class %d code %q %v", l.logsource, l.detection, events[i].Format, events[i].ClassUID, events[i].EventCode, events[i].Fields)
				}
			})
		}
	}
}

func derive(t *testing.T, l line) []event.Event {
	t.Helper()
	via := l.via
	if via == "" {
		via = "file"
	}
	return normalise.New().Events(nil, &event.Record{Received: time.Unix(1772334800, 0), Transport: via, Raw: []byte(l.raw)})
}

func engine(t *testing.T, logsource, detection string) *sigma.Engine {
	t.Helper()
	text := "title: t\nid: 00000000-0000-4000-8000-000000000001\nlogsource: {" + logsource + "}\ndetection:\n  s: " + detection + "\n  condition: s\n"
	c := sigma.Load(sigma.Options{}, sigma.Tree{FS: fstest.MapFS{"r.yml": {Data: []byte(text)}}})
	for _, p := range c.Problems {
		t.Fatal(p.Reason)
	}
	return sigma.Compile(c.Rules)
}
