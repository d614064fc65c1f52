package sigmatest

import "github.com/konseki/konseki/internal/event"

// Quiet are events of everyday traffic on Linux that match next to nothing.
func Quiet() []Sample {
	var out []Sample
	add := func(ev event.Event, raw string, fields ...string) {
		for i := 0; i+1 < len(fields); i += 2 {
			ev.Add(fields[i], fields[i+1])
		}
		out = append(out, Sample{Event: ev, Raw: []byte(raw), From: "quiet"})
	}
	logon := event.Event{Format: "syslog", ClassUID: event.ClassAuthentication, ActivityID: 1, StatusID: 1, ActorUser: "deploy", SrcIP: "192.0.2.10", SrcPort: 50022,
		Message: "Accepted publickey for deploy from 192.0.2.10 port 50022 ssh2: RSA SHA256:AAAAexample"}
	add(logon, "Mar  1 12:12:50 app01 sshd[4711]: "+logon.Message, "program", "sshd", "pid", "4711", "method", "publickey")
	cron := event.Event{Format: "syslog", ClassUID: event.ClassScheduledJob, ActorUser: "root", CmdLine: "/usr/local/bin/collect --all", Message: "(root) CMD (/usr/local/bin/collect --all)"}
	add(cron, "Mar  1 12:13:01 app01 CRON[812]: "+cron.Message, "program", "CRON", "pid", "812")
	app := event.Event{Format: "syslog", Message: "request 8812 finished in 12 ms, 3 rows, cache warm"}
	add(app, "Mar  1 12:13:02 app01 shop[99]: "+app.Message, "program", "shop", "pid", "99")
	web := event.Event{Format: "nginx", ClassUID: event.ClassHTTP, SrcIP: "198.51.100.7", Object: "/items/77", StatusID: 1, ClientApp: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"}
	add(web, `198.51.100.7 - - [01/Mar/2018:12:13:03 +0900] "GET /items/77?page=2 HTTP/1.1" 200 5120 "-" "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"`,
		"c-ip", "198.51.100.7", "cs-method", "GET", "cs-uri-stem", "/items/77", "cs-uri-query", "page=2", "sc-status", "200", "cs-user-agent", web.ClientApp)
	flow := event.Event{Format: "jsonlines", ClassUID: event.ClassNetwork, SrcIP: "192.0.2.3", DstIP: "192.0.2.4", DstPort: 443}
	add(flow, `{"src_ip":"192.0.2.3","dst_ip":"192.0.2.4","dst_port":443,"action":"allow"}`, "src_ip", "192.0.2.3", "dst_ip", "192.0.2.4", "dst_port", "443", "action", "allow")
	file := event.Event{Format: "workspace", ClassUID: event.ClassFileHosting, ActorUser: "a@example.com", Object: "report"}
	add(file, `{"kind":"admin#reports#activity"}`, "events.name", "view", "doc_title", "report", "owner", "a@example.com")
	return out
}
