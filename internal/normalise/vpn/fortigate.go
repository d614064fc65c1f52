package vpn

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// fortigate reads the key=value log of Fortinet FortiGate, with or without a
// syslog header before it. Source: Fortinet, "FortiOS Log Message Reference".
type fortigate struct{}

// NewFortiGate returns the format "fortigate".
func NewFortiGate() format.Format { return fortigate{} }

func (fortigate) Name() string { return "fortigate" }

func (fortigate) Matches(raw []byte) bool {
	return fortigateStart(raw) >= 0
}

// fortigateStart finds where the pairs begin: at "date=…", at most a syslog
// header into the line.
func fortigateStart(raw []byte) int {
	const header = 256
	at := bytes.Index(raw[:min(len(raw), header)], []byte("date="))
	if at < 0 || at > 0 && raw[at-1] != ' ' && raw[at-1] != '>' || !bytes.Contains(raw[at:], []byte(" logid=")) {
		return -1
	}
	return at
}

func (f fortigate) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	start := fortigateStart(in.Raw)
	if start < 0 {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 40)
	for name, value := range format.Pairs(in.Text()[start:]) {
		ev.Add(name, value)
	}
	get := func(names ...string) string { return ev.FirstBut("N/A", names...) }
	if get("type") == "" {
		return dst[:len(dst)-1], false
	}
	fortigateTime(in, ev, get)
	ev.Host = cmp.Or(get("devname", "devid"), ev.Host)
	ev.ActorUser = get("eapuser", "xauthuser", "user", "unauthuser", "initiator") // of IPsec, user may be the address
	ev.SrcIP, ev.SrcPort = format.Address(get("srcip", "remip", "src", "ip")), format.Port(get("srcport", "remport", "src_port"))
	ev.DstIP, ev.DstPort = format.Address(get("dstip", "locip", "tunnelip", "dst")), format.Port(get("dstport", "locport", "dst_port"))
	if ev.SrcIP == "" { // an administrator's, "GUI(192.0.2.69)"
		ev.SrcIP = format.Address(format.Between(get("ui"), "(", ")"))
	}
	ev.EventCode = get("logid")
	ev.NativeSeq = get("seq", "seqnum", "logseq")
	ev.SessionUID = get("tunnelid", "sessionid")
	ev.ClientApp = get("agent", "ui")
	ev.BytesOut = format.ByteCount(get("sentbyte"))
	ev.SeverityID = format.Severity(get("level"))
	ev.Object, ev.Statement = get("url", "cfgpath", "filename", "vpntunnel"), get("cfgattr")
	if host := get("hostname"); strings.HasPrefix(ev.Object, "/") && host != "" {
		ev.Object = host + ev.Object
	}
	ev.Message = format.Message(cmp.Or(get("msg"), get("logdesc"), get("action")))
	fortigateClass(ev, get)
	return dst, true
}

// fortigateTime prefers eventtime, which is the instant itself, in seconds or
// nanoseconds, to date and time with the zone beside them.
func fortigateTime(in *format.Input, ev *event.Event, get func(...string) string) {
	if c, ok := format.ParseEpoch(get("eventtime")); ok {
		c.Set(in, ev)
		return
	}
	text := get("date") + " " + get("time")
	m, end, ok := format.ISOTime(text)
	if !ok || end != len(text) {
		return
	}
	if seconds, stop, ok := format.Offset(get("tz"), 0); ok && stop == len(get("tz")) {
		m.Offset, m.Zoned, m.Text = seconds, true, text+" "+get("tz")
	}
	m.Set(in, ev)
}

func fortigateClass(ev *event.Event, get func(...string) string) {
	action, status := get("action"), get("status")
	switch kind, subtype := get("type"), get("subtype"); {
	case kind == "traffic":
		ev.ClassUID, ev.ActivityID = event.ClassNetwork, fortigateTraffic(action)
		ev.StatusID = event.StatusSuccess
		if ev.ActivityID == event.ActivityNetworkRefuse {
			ev.StatusID = event.StatusFailure
		}
	case subtype == "vpn":
		fortigateVPN(ev, action, status, get)
	case subtype == "endpoint" && get("connection_type") != "":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassTunnel, event.ActivityTunnelOpen, fortigateStatus(status, ev)
		if action == "close" {
			ev.ActivityID = event.ActivityTunnelClose
		}
	case kind == "event" && (get("cfgpath") != "" || action == "Edit" || action == "Add" || action == "Delete"):
		ev.ClassUID, ev.ActivityID = event.ClassAppLifecycle, event.ActivityOther
		ev.StatusID = event.StatusSuccess
		if obj := get("cfgobj"); obj != "" && strings.HasPrefix(get("cfgpath"), "user.") || get("cfgpath") == "system.admin" {
			ev.ClassUID, ev.TargetUser = event.ClassAccountChange, get("cfgobj")
			ev.ActivityID = fortigateAccount(action)
		}
	case subtype == "rest-api":
		ev.ClassUID, ev.ActivityID = event.ClassAPI, format.HTTPActivity(get("method"))
		ev.StatusID = event.StatusSuccess
		if status >= "400" {
			ev.StatusID = event.StatusFailure
		}
	case kind == "event" && isFortigateLogon(action):
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
		if strings.Contains(strings.ToLower(action), "logout") || strings.Contains(action, "logoff") {
			ev.ActivityID = event.ActivityLogoff
		}
		ev.StatusID = fortigateStatus(status, ev)
	case kind == "utm":
		fortigateUTM(ev, subtype, action, get)
	default:
		ev.StatusID = fortigateStatus(status, ev)
	}
}

func fortigateVPN(ev *event.Event, action, status string, get func(...string) string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassTunnel, event.ActivityOther, fortigateStatus(status, ev)
	switch action {
	case "tunnel-up", "phase2-up":
		ev.ActivityID, ev.StatusID = event.ActivityTunnelOpen, event.StatusSuccess
	case "tunnel-down", "phase2-down":
		ev.ActivityID, ev.StatusID = event.ActivityTunnelClose, event.StatusSuccess
	case "ssl-login-fail", "ssl-exit-fail", "auth-failure":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusFailure
	case "ssl-login", "auth-success":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess
	case "ssl-alert", "ssl-exit-error":
		ev.StatusID = event.StatusFailure
	case "negotiate":
		fortigateNegotiate(ev, status, get)
	}
}

// fortigateNegotiate tells the logon within a negotiation of IPsec from the rest of it.
func fortigateNegotiate(ev *event.Event, status string, get func(...string) string) {
	result := get("result")
	if result == "ERROR" || strings.HasSuffix(status, "error") {
		ev.StatusID = event.StatusFailure
	}
	switch account := get("eapuser", "xauthuser"); {
	case strings.Contains(result, "authentication successful"):
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess
	case account != "" && ev.StatusID == event.StatusFailure:
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
	}
}

func fortigateUTM(ev *event.Event, subtype, action string, get func(...string) string) {
	switch subtype {
	case "virus", "ips", "anomaly", "waf", "dlp":
		ev.ClassUID = event.ClassFinding
		ev.Object = cmp.Or(get("filename", "attack", "virus"), ev.Object)
	case "webfilter", "app-ctrl":
		ev.ClassUID = event.ClassHTTP
	case "dns":
		ev.ClassUID, ev.Object = event.ClassDNS, get("qname")
	case "ssh":
		ev.ClassUID, ev.TargetUser = event.ClassSSH, get("login")
	default:
		ev.ClassUID = event.ClassNetwork
	}
	switch ev.ClassUID {
	case event.ClassNetwork:
		ev.ActivityID = fortigateTraffic(action)
	case event.ClassFinding:
		ev.ActivityID = event.ActivityFindingCreate
	case event.ClassDNS:
		ev.ActivityID = event.ActivityDNSQuery
	default:
		ev.ActivityID = event.ActivityOther
	}
	switch ev.StatusID = format.Outcome(action); action {
	case "passthrough", "monitored", "detected", "exempt":
		ev.StatusID = event.StatusSuccess
	case "clear_session", "drop_session", "reset", "reset_client", "reset_server":
		ev.StatusID = event.StatusFailure
	}
}

func fortigateTraffic(action string) int32 {
	switch action {
	case "deny", "block", "blocked", "dropped", "ip-conn", "violation", "dns": // the last of a name that was not found
		return event.ActivityNetworkRefuse
	case "close", "client-rst", "server-rst", "timeout":
		return event.ActivityNetworkClose
	case "start":
		return event.ActivityNetworkOpen
	}
	return event.ActivityNetworkTraffic
}

func isFortigateLogon(action string) bool {
	switch strings.ToLower(action) {
	case "login", "logout", "authentication", "auth-logon", "auth-logout", "fsso-logon", "fsso-logoff", "auth-timeout":
		return true
	}
	return false
}

func fortigateAccount(action string) int32 {
	switch action {
	case "Add":
		return format.ActivityAccountCreate
	case "Delete":
		return format.ActivityAccountDelete
	}
	return event.ActivityOther
}

func fortigateStatus(status string, ev *event.Event) int32 {
	switch status {
	case "success", "logon", "logout", "timed_out":
		return event.StatusSuccess
	case "failed", "failure", "fail", "negotiate_error", "error":
		return event.StatusFailure
	}
	if action, _ := ev.Get("action"); strings.HasPrefix(action, "FSSO-log") {
		return event.StatusSuccess
	}
	return format.Outcome(status)
}
