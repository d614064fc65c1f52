package network

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// panosClass gives class, outcome and message by the type of the log.
func panosClass(ev *event.Event, kind string) {
	get := func(name string) string {
		v, _ := ev.Get(name)
		return v
	}
	ev.SeverityID = format.Severity(get("severity"))
	if ev.EventCode == "" || ev.EventCode == "0" {
		ev.EventCode = get("subtype")
	}
	switch kind {
	case "TRAFFIC":
		panosTraffic(ev, get)
	case "THREAT":
		panosThreat(ev, get)
	case "SYSTEM":
		ev.Message = get("opaque")
		panosSystem(ev, ev.Message)
	case "CONFIG":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAppLifecycle, event.ActivityOther, format.Outcome(get("result"))
		ev.EventCode = get("cmd")
		ev.Statement = strings.Join(strings.Fields(get("cmd")+" "+get("path")), " ")
		ev.Message = strings.TrimSpace(strings.Join([]string{ev.Statement, get("result"), get("before_change_detail"), get("after_change_detail")}, " "))
		if _, account, ok := strings.Cut(get("path"), "mgt-config users "); ok {
			ev.ClassUID = event.ClassAccountChange
			ev.TargetUser, _, _ = strings.Cut(strings.TrimLeft(account, " "), " ") // two spaces stand before a name
		}
	case "AUTHENTICATION":
		format.Logon(ev, ev.ActorUser, panosOutcome(get("event")))
		ev.Message = strings.TrimSpace(get("event") + " " + get("desc"))
	case "GLOBALPROTECT":
		panosGlobalProtect(ev, get)
	case "USERID":
		format.Logon(ev, ev.ActorUser, event.StatusSuccess)
		if get("subtype") == "logout" {
			ev.ActivityID = event.ActivityLogoff
		}
		ev.Message = get("subtype")
	case "DECRYPTION":
		panosTraffic(ev, get)
		if ev.Message = strings.Join([]string{get("sni"), get("tls_version"), get("proxy_type"), get("error")}, " "); get("error") != "" {
			ev.StatusID = event.StatusFailure
		}
	case "HIPMATCH":
		ev.ClassUID, ev.ActivityID, ev.Message = event.ClassTunnel, event.ActivityOther, get("matchname")
	}
	ev.Message = format.Message(ev.Message)
}

func panosTraffic(ev *event.Event, get func(string) string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassNetwork, event.ActivityNetworkTraffic, event.StatusSuccess
	switch get("subtype") {
	case "start":
		ev.ActivityID = event.ActivityNetworkOpen
	case "end":
		ev.ActivityID = event.ActivityNetworkClose
	}
	if get("action") != "allow" {
		refused(ev)
	}
	ev.Message = strings.Join([]string{get("subtype"), get("app"), get("proto"), get("action"), get("session_end_reason")}, " ")
}

func panosThreat(ev *event.Event, get func(string) string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassFinding, event.ActivityFindingCreate, event.StatusSuccess
	name := get("threatid")
	if id := format.Between(name[strings.LastIndexByte(name, '(')+1:]+"\n", "", ")"); format.IsDecimal(id) {
		ev.EventCode = id
	}
	if get("subtype") == "url" {
		ev.ClassUID, ev.ActivityID = event.ClassHTTP, format.HTTPActivity(get("http_method"))
	}
	switch action := get("action"); action {
	case "alert", "allow", "wildfire-upload-success", "continue", "override":
	default:
		ev.StatusID = event.StatusFailure
	}
	ev.Message = strings.TrimSpace(get("subtype") + " " + name + " " + get("action"))
}

// panosSystem reads the descriptions that name an account.
func panosSystem(ev *event.Event, text string) {
	const auth, logon, logoff, yes, no = event.ClassAuthentication, event.ActivityLogon, event.ActivityLogoff, event.StatusSuccess, event.StatusFailure
	for _, w := range [...]format.Wording{
		format.NewWording("authenticated for user '{user>user}'.{text} From: {from>src}.", auth, logon, yes),
		format.NewWording("authenticated for user '{user>user}'.", auth, logon, yes),
		format.NewWording("failed authentication for user '{user>user}'.{text} From: {from>src}.", auth, logon, no),
		format.NewWording("failed authentication for user '{user>user}'.", auth, logon, no),
		format.NewWording("User {user>user} logged in via {via} from {from>src} using {protocol}", auth, logon, yes),
		format.NewWording("User {user>user} logged in via {via} from {from>src}", auth, logon, yes),
		format.NewWording("User {user>user} logged out via {via} from {from>src}", auth, logoff, yes),
		format.NewWording("User {user>user} failed to log in via {via} from {from>src}", auth, logon, no),
		format.NewWording("GlobalProtect gateway user authentication succeeded. Login from: {from>src}, Source region: {region}, User name: {user>user}, {text}", auth, logon, yes),
		format.NewWording("GlobalProtect portal user authentication succeeded. Login from: {from>src}, Source region: {region}, User name: {user>user}, {text}", auth, logon, yes),
		format.NewWording("GlobalProtect gateway user authentication failed. Login from: {from>src}, Source region: {region}, User name: {user>user}, {text}", auth, logon, no),
		format.NewWording("GlobalProtect portal user authentication failed. Login from: {from>src}, Source region: {region}, User name: {user>user}, {text}", auth, logon, no),
		format.NewWording("GlobalProtect gateway user login succeeded. User name: {user>user}, {text}", event.ClassTunnel, event.ActivityTunnelOpen, yes),
		format.NewWording("GlobalProtect gateway client configuration generated. User name: {user>user}, Private IP: {private>dst}, {text}", event.ClassTunnel, event.ActivityTunnelOpen, yes),
		format.NewWording("IKE phase-1 negotiation is succeeded as {role}, {mode}. Established SA: {local>dst}[{local_port}]-{remote>src}[{remote_port}] {text}", event.ClassTunnel, event.ActivityTunnelOpen, yes),
		format.NewWording("IKE phase-1 negotiation is failed as {role}, {mode}. Failed SA: {local>dst}[{local_port}]-{remote>src}[{remote_port}] {text}", event.ClassTunnel, event.ActivityTunnelOpen, no),
		format.NewWording("GlobalProtect gateway user logout succeeded. User name: {user>user}, {text}", event.ClassTunnel, event.ActivityTunnelClose, yes),
	} {
		if w.Read(text, ev) {
			ev.SrcIP = cmp.Or(ev.SrcIP, format.Address(strings.TrimSuffix(format.After(text, "From: "), ".")))
			return
		}
	}
}

func panosGlobalProtect(ev *event.Event, get func(string) string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassTunnel, event.ActivityOther, panosOutcome(get("status"))
	switch get("eventid") {
	case "gateway-auth", "portal-auth", "clientlessvpn-login", "gateway-login", "portal-login":
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
	case "gateway-setup-ipsec", "gateway-setup-ssl", "gateway-connected", "gateway-register":
		ev.ActivityID = event.ActivityTunnelOpen
	case "gateway-logout", "gateway-tunnel-close", "clientlessvpn-logout":
		ev.ActivityID = event.ActivityTunnelClose
	}
	ev.Message = strings.TrimSpace(strings.Join([]string{get("eventid"), get("stage"), get("status"), get("reason"), get("error"), get("opaque")}, " "))
}

func panosOutcome(s string) int32 {
	s = strings.ToLower(s)
	switch {
	case strings.Contains(s, "succe"), strings.Contains(s, "allow"):
		return event.StatusSuccess
	case strings.Contains(s, "fail"), strings.Contains(s, "denied"), strings.Contains(s, "reject"), strings.Contains(s, "timeout"):
		return event.StatusFailure
	}
	return event.StatusUnknown
}
