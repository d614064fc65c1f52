package network

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// sophos reads the log of Sophos Firewall (SFOS, XG and XGS), pairs in its
// standard form ("device_name=… timestamp=…") and in the one of devices before
// ("device=… date=… time=… timezone=…"). Source: Sophos, "Syslog guide".
type sophos struct{}

func newSophos() format.Format { return sophos{} }

func (sophos) Name() string { return "sophos" }

func (sophos) Matches(raw []byte) bool { return sophosStart(raw) >= 0 }

// sophosStart finds the first pair, at most a header into the line.
func sophosStart(raw []byte) int {
	head := raw[:min(len(raw), 256)]
	for _, first := range [...]string{`device="SFW"`, `device_name="SFW"`} {
		at := bytes.Index(head, []byte(first))
		if at >= 0 && (at == 0 || head[at-1] == ' ' || head[at-1] == '>') && bytes.Contains(raw[at:], []byte(" log_id=")) && bytes.Contains(raw[at:], []byte(" log_type=")) {
			return at
		}
	}
	return -1
}

func (f sophos) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	at := sophosStart(in.Raw)
	if at < 0 {
		return dst, false
	}
	text := in.Text()
	head, ok := readHeader(text[:at])
	if !ok {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 48)
	for name, value := range format.Pairs(text[at:]) {
		ev.Add(name, value)
	}
	get := func(names ...string) string { return ev.FirstBut("N/A", names...) }
	sophosTime(in, ev, get)
	head.set(in, ev)
	if before, _ := bytes.CutSuffix(in.Rec.Raw, in.Raw); bytes.IndexByte(before, ' ') < 0 { // no header names the host
		ev.Host = cmp.Or(ev.Host, get("device_serial_id", "device_id"))
	}
	ev.ActorUser = get("user_name", "user")
	ev.SrcIP, ev.SrcPort = format.Address(get("src_ip", "sourceip", "remoteinterfaceip", "ipaddress")), format.Port(get("src_port"))
	ev.DstIP, ev.DstPort = format.Address(get("dst_ip", "destinationip", "localinterfaceip", "remote_ip")), format.Port(get("dst_port"))
	ev.EventCode, ev.SeverityID = get("log_id"), format.Severity(get("severity", "priority"))
	ev.SessionUID = get("con_id", "connid", "sessionid", "transactionid")
	ev.BytesOut = format.ByteCount(get("bytes_sent", "sent_bytes"))
	ev.ClientApp = get("user_agent", "auth_client")
	ev.Object = get("url", "file_name", "filename", "virus", "threatname", "fw_rule_name", "connectionname")
	ev.Message = format.Message(cmp.Or(get("message"), strings.Join([]string{get("log_type"), get("log_component"), get("log_subtype")}, " ")))
	sophosClass(ev, get)
	return dst, true
}

// sophosTime reads the time that states its offset, or date and time with the
// name of the zone beside them.
func sophosTime(in *format.Input, ev *event.Event, get func(...string) string) {
	text := get("timestamp")
	if date := get("date"); date != "" {
		text = date + " " + get("time")
	}
	at, end, ok := format.ISOTime(text)
	if !ok || end != len(text) {
		return
	}
	if zone := get("timezone"); zone != "" && !at.Zoned {
		at = at.InZone(zone)
	}
	at.Set(in, ev)
}

func sophosClass(ev *event.Event, get func(...string) string) {
	set := func(class, activity, status int32) { ev.ClassUID, ev.ActivityID, ev.StatusID = class, activity, status }
	status := sophosOutcome(get("log_subtype"))
	switch get("log_type") {
	case "Firewall":
		set(event.ClassNetwork, event.ActivityNetworkTraffic, status)
		switch get("con_event", "connevent") {
		case "Start":
			ev.ActivityID = event.ActivityNetworkOpen
		case "Stop":
			ev.ActivityID = event.ActivityNetworkClose
		}
		if status == event.StatusFailure {
			refused(ev)
		}
	case "Content Filtering":
		set(event.ClassHTTP, event.ActivityOther, status)
	case "Event":
		sophosEvent(ev, get)
	case "Anti-Virus", "Anti-Spam", "IDP", "ATP", "Sandbox", "Sandstorm", "WAF", "Heartbeat", "Zero-day protection":
		ev.StatusID = status
		if subtype := get("log_subtype"); subtype != "Allowed" && subtype != "Clean" {
			set(event.ClassFinding, event.ActivityFindingCreate, sophosOutcome(subtype))
		}
	}
}

// sophosEvent reads logons, what administrators do, and tunnels.
func sophosEvent(ev *event.Event, get func(...string) string) {
	status, component := sophosOutcome(get("status")), get("log_component")
	ev.StatusID = status
	said := strings.ToLower(ev.Message)
	switch {
	case get("log_subtype") == "Authentication", get("log_subtype") == "Admin" && (strings.Contains(said, "login") || strings.Contains(said, "logged")):
		format.Logon(ev, ev.ActorUser, status)
		if strings.Contains(said, "logged out") || strings.Contains(said, "logged off") {
			ev.ActivityID = event.ActivityLogoff
		}
	case get("log_subtype") == "Admin":
		ev.ClassUID, ev.ActivityID = event.ClassAppLifecycle, event.ActivityOther
	case component == "SSL VPN", component == "IPSec", component == "L2TP", component == "PPTP", component == "RED":
		ev.ClassUID, ev.ActivityID = event.ClassTunnel, event.ActivityOther
		switch get("status") {
		case "Established", "Connected":
			ev.ActivityID, ev.StatusID = event.ActivityTunnelOpen, event.StatusSuccess
		case "Terminated", "Disconnected":
			ev.ActivityID, ev.StatusID = event.ActivityTunnelClose, event.StatusSuccess
		}
	}
}

func sophosOutcome(word string) int32 {
	switch word {
	case "Allowed", "Successful", "Success", "Clean", "Warned", "Detect", "Alert":
		return event.StatusSuccess
	case "Denied", "Failed", "Drop", "Dropped", "Blocked", "Virus", "Spam", "Probable Spam":
		return event.StatusFailure
	}
	return event.StatusUnknown
}
