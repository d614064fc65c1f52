package network

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// juniperKnown reports whether a message is one of those that have columns.
func juniperKnown(code string) bool {
	for _, prefix := range [...]string{"RT_", "APPTRACK_", "IDP_", "WEBFILTER_", "AV_", "CONTENT_FILTERING_", "AAMW_", "SECINTEL_", "UI_", "SSHD_LOGIN", "LOGIN_", "KMD_", "SNMPD_AUTH", "DOT1XD_USR", "FWAUTH_"} {
		if strings.HasPrefix(code, prefix) {
			return true
		}
	}
	return false
}

// juniperColumn names the promoted column of a name in structured data.
func juniperColumn(name string) string {
	switch name {
	case "source-address", "remote-address", "client-ip":
		return "src"
	case "destination-address", "local-address":
		return "dst"
	case "source-port":
		return "sport"
	case "destination-port":
		return "dport"
	case "username", "user-name":
		return "user"
	case "session-id-32", "session-id":
		return "session"
	case "bytes-from-client":
		return "bytes"
	case "attack-name", "url", "policy-name", "vpn-name", "filename", "pathname", "obj":
		return "object"
	case "command", "data":
		return "statement"
	case "client-mode":
		return "app"
	}
	return ""
}

// juniperClass gives class and outcome by the message's tag.
func juniperClass(ev *event.Event, code string) {
	const yes, no = event.StatusSuccess, event.StatusFailure
	set := func(class, activity, status int32) { ev.ClassUID, ev.ActivityID, ev.StatusID = class, activity, status }
	switch {
	case strings.HasSuffix(code, "SESSION_DENY"):
		set(event.ClassNetwork, event.ActivityNetworkRefuse, no)
	case strings.HasSuffix(code, "SESSION_CREATE"):
		set(event.ClassNetwork, event.ActivityNetworkOpen, yes)
	case strings.HasSuffix(code, "SESSION_CLOSE"):
		set(event.ClassNetwork, event.ActivityNetworkClose, yes)
	case strings.Contains(code, "SESSION_"):
		set(event.ClassNetwork, event.ActivityNetworkTraffic, yes)
	case strings.HasPrefix(code, "WEBFILTER_URL"):
		set(event.ClassHTTP, event.ActivityOther, yes)
		if strings.HasSuffix(code, "_BLOCKED") {
			ev.StatusID = no
		}
	case strings.HasPrefix(code, "IDP_ATTACK"), strings.HasPrefix(code, "RT_SCREEN"), strings.HasPrefix(code, "AV_VIRUS"), strings.HasPrefix(code, "AAMW_"),
		strings.HasPrefix(code, "SECINTEL_"), strings.HasPrefix(code, "CONTENT_FILTERING_BLOCKED"):
		set(event.ClassFinding, event.ActivityFindingCreate, juniperAction(ev))
	case code == "UI_LOGIN_EVENT", strings.HasSuffix(code, "_USR_AUTHENTICATED"), code == "FWAUTH_FTP_USER_AUTH_ACCEPTED", code == "FWAUTH_WEBAUTH_SUCCESS":
		set(event.ClassAuthentication, event.ActivityLogon, yes)
	case code == "UI_LOGOUT_EVENT":
		set(event.ClassAuthentication, event.ActivityLogoff, yes)
	case code == "UI_AUTH_EVENT":
		set(event.ClassAuthorization, event.ActivityOther, yes)
	case strings.HasSuffix(code, "LOGIN_FAILED"), strings.HasSuffix(code, "AUTH_FAILURE"), strings.HasSuffix(code, "AUTH_FAIL"):
		set(event.ClassAuthentication, event.ActivityLogon, no)
	case strings.HasPrefix(code, "KMD_VPN_UP"), code == "KMD_PM_SA_ESTABLISHED":
		set(event.ClassTunnel, event.ActivityTunnelOpen, yes)
	case strings.HasPrefix(code, "KMD_VPN_DOWN"):
		set(event.ClassTunnel, event.ActivityTunnelClose, yes)
	case strings.HasPrefix(code, "KMD_"):
		set(event.ClassTunnel, event.ActivityOther, event.StatusUnknown)
	case strings.HasPrefix(code, "UI_"):
		set(event.ClassAppLifecycle, event.ActivityOther, yes)
	}
}

// juniperAction: what was dropped, closed or blocked did not come about.
func juniperAction(ev *event.Event) int32 {
	action, _ := ev.Get("action")
	severity, _ := ev.Get("threat-severity")
	ev.SeverityID = format.Severity(severity)
	switch action = strings.ToLower(action); {
	case action == "", action == "none", action == "permit", action == "log":
		return event.StatusSuccess
	case strings.Contains(action, "drop"), strings.Contains(action, "close"), strings.Contains(action, "block"):
		return event.StatusFailure
	}
	return event.StatusUnknown
}
