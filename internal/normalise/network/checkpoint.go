package network

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// checkpoint reads what Check Point's Log Exporter sends in its format "syslog":
// `<134>1 TIME HOST CheckPoint PID - [name:"value"; …]`. What it sends as CEF or
// LEEF is of those formats. Source: Check Point, "Log Exporter" and "Description
// of Fields in Check Point Logs".
type checkpoint struct{}

func newCheckPoint() format.Format { return checkpoint{} }

func (checkpoint) Name() string { return "checkpoint" }

func (checkpoint) Matches(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("<")) && bytes.Contains(raw[:min(len(raw), 256)], []byte(" CheckPoint "))
}

func (f checkpoint) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	head, ok := readSyslog5424(in.Text())
	if !ok || head.app != "CheckPoint" || !strings.HasPrefix(head.rest, "[") {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 48)
	if !checkpointPairs(head.rest[1:], ev) {
		return dst[:len(dst)-1], false
	}
	get := func(names ...string) string { return ev.FirstBut(" ", names...) }
	head.set(in, ev)
	if at, ok := format.ParseEpoch(get("time")); ok { // when it happened; the header has when it was exported
		at.Set(in, ev)
	}
	if name := format.Between(strings.ToLower(get("originsicname"))+",", "cn=", ","); name != "" && name != "cp_mgmt" {
		ev.Host = name
	}
	ev.SrcIP, ev.SrcPort = format.Address(get("src", "client_ip")), format.Port(get("s_port"))
	ev.DstIP, ev.DstPort = format.Address(get("dst")), format.Port(get("service"))
	ev.ActorUser = cmp.Or(get("administrator", "user"), checkpointAccount(get("src_user_name")))
	ev.EventCode = get("operation", "log_id", "product")
	ev.SessionUID = get("session_uid", "session_id")
	ev.BytesOut = format.ByteCount(get("sent_bytes"))
	ev.ClientApp = get("user_agent", "web_client_type")
	ev.Object = get("objectname", "resource", "protection_name", "rule_name", "http_host")
	ev.SeverityID = checkpointSeverity(get("severity"))
	ev.Message = format.Message(strings.Join(strings.Fields(strings.Join([]string{get("product"), get("action", "operation"), get("subject"), get("additional_info"),
		get("protection_name"), get("malware_action"), get("fieldschanges"), get("description", "sys_message")}, " ")), " "))
	checkpointClass(ev, get)
	return dst, true
}

// checkpointPairs reads `name:"value"; name:"value"]`; quotes and brackets in a
// value have a backslash before them.
func checkpointPairs(s string, ev *event.Event) bool {
	found := false
	for s = strings.TrimLeft(s, " "); s != "" && s[0] != ']'; s = strings.TrimLeft(s, " ;") {
		name, rest, ok := strings.Cut(s, `:"`)
		if !ok || name == "" {
			return found
		}
		end := 0
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(rest))
		ev.Add(strings.TrimSuffix(name, ":"), strings.NewReplacer(`\"`, `"`, `\]`, `]`, `\\`, `\`).Replace(rest[:end]))
		found, s = true, rest[min(end+1, len(rest)):]
	}
	return found
}

// checkpointAccount takes the account out of "Sato Taro (sato)".
func checkpointAccount(name string) string {
	if strings.HasSuffix(name, ")") {
		if open := strings.LastIndexByte(name, '('); open >= 0 {
			return name[open+1 : len(name)-1]
		}
	}
	return name
}

func checkpointSeverity(s string) int32 {
	switch s {
	case "0":
		return event.SeverityInformational
	case "1", "Low":
		return event.SeverityLow
	case "2", "Medium":
		return event.SeverityMedium
	case "3", "High":
		return event.SeverityHigh
	case "4", "Critical":
		return event.SeverityCritical
	}
	return event.SeverityUnknown
}

func checkpointClass(ev *event.Event, get func(...string) string) {
	action, operation := get("action"), get("operation")
	status := event.StatusSuccess
	switch action {
	case "Drop", "Reject", "Block", "Prevent", "Failed Log In":
		status = event.StatusFailure
	}
	audit := event.StatusSuccess
	if get("audit_status") == "Failure" || strings.Contains(get("additional_info"), "failed to log in") {
		audit = event.StatusFailure
	}
	switch {
	case operation == "Log In", operation == "Log Out":
		format.Logon(ev, ev.ActorUser, audit)
		if operation == "Log Out" {
			ev.ActivityID = event.ActivityLogoff
		}
	case operation != "" && get("administrator") != "":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAppLifecycle, event.ActivityOther, audit
	case action == "Log In", action == "Failed Log In":
		format.Logon(ev, ev.ActorUser, status)
	case action == "Log Out":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogoff, status
	case action == "Key Install":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassTunnel, event.ActivityTunnelOpen, status
	case get("protection_name", "malware_action", "attack") != "":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassFinding, event.ActivityFindingCreate, status
	case get("resource") != "":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassHTTP, format.HTTPActivity(get("method")), status
	case action != "" && ev.SrcIP != "" && ev.DstIP != "":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassNetwork, event.ActivityNetworkTraffic, status
		if status == event.StatusFailure {
			refused(ev)
		}
	}
}
