package network

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// juniper reads what Junos says of sessions, attacks, tunnels, logons and
// commands, on SRX and the other platforms: structured data, "[junos@2636.…
// name="value"]", and the same messages as text. Other messages stay lines of
// syslog. Source: Juniper, "System Log Explorer".
type juniper struct{ wordings wordings }

func newJuniper() format.Format {
	w := wordings{}
	const auth, logon, yes, no = event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess, event.StatusFailure
	const network, app, other = event.ClassNetwork, event.ClassAppLifecycle, event.ActivityOther
	const ends = "{source-address>src}/{source-port>sport}->{destination-address>dst}/{destination-port>dport} {text}"
	w.add("RT_FLOW_SESSION_CREATE", network, event.ActivityNetworkOpen, yes, "session created "+ends)
	w.add("RT_FLOW_SESSION_CLOSE", network, event.ActivityNetworkClose, yes, "session closed {reason}: "+ends)
	w.add("RT_FLOW_SESSION_DENY", network, event.ActivityNetworkRefuse, no, "session denied "+ends)
	w.add("UI_LOGIN_EVENT", auth, logon, yes, "User '{username>user}' login, class '{class-name}' [{pid}], ssh-connection '{ssh-connection}', client-mode '{client-mode>app}'",
		"User '{username>user}' login, class '{class-name}'{text}")
	w.add("UI_LOGOUT_EVENT", auth, event.ActivityLogoff, yes, "User '{username>user}' logout")
	w.add("UI_AUTH_EVENT", event.ClassAuthorization, other, yes, "Authenticated user '{username>user}' {text} permission level '{authentication-level>object}'")
	w.add("UI_CMDLINE_READ_LINE", app, other, yes, "User '{username>user}', command '{command>statement}'")
	w.add("UI_COMMIT", app, other, yes, "User '{username>user}' requested '{command>statement}' operation{text}")
	w.add("UI_CFG_AUDIT_SET", app, other, yes, "User '{username>user}' set: {pathname>statement}")
	w.add("UI_CFG_AUDIT_OTHER", app, other, yes, "User '{username>user}' {action}: {pathname>statement}")
	w.add("SSHD_LOGIN_FAILED", auth, logon, no, "Login failed for user '{username>user}' from host '{source-address>src}'")
	w.add("LOGIN_FAILED", auth, logon, no, "Login failed for user {username>user} from host {source-address>src}")
	w.add("KMD_VPN_UP_ALARM_USER", event.ClassTunnel, event.ActivityTunnelOpen, yes, "VPN {vpn-name>object} from {remote-address>src} is up{text}")
	w.add("KMD_VPN_DOWN_ALARM_USER", event.ClassTunnel, event.ActivityTunnelClose, yes, "VPN {vpn-name>object} from {remote-address>src} is down{text}")
	return juniper{w}
}

func (juniper) Name() string { return "juniper" }

func (juniper) Matches(raw []byte) bool {
	head := raw[:min(len(raw), 256)]
	if bytes.Contains(head, []byte("[junos@")) {
		return true
	}
	for _, mark := range [...]string{"RT_FLOW: RT_FLOW_SESSION", "]: UI_", "]: SSHD_LOGIN_FAILED: ", "]: LOGIN_FAILED: ", "]: KMD_VPN_"} {
		if bytes.Contains(head, []byte(mark)) {
			return true
		}
	}
	return false
}

func (f juniper) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	if !f.structured(in, ev) && !f.worded(in, ev) {
		return dst[:len(dst)-1], false
	}
	if ssh, _ := ev.Get("ssh-connection"); ssh != "" && ev.SrcIP == "" {
		address, _, _ := strings.Cut(ssh, " ")
		ev.SrcIP = format.Address(address)
	}
	if ev.Statement != "" {
		hideStatement(ev)
		ev.Message = format.Message(hideSecrets(ev.Message))
	}
	return dst, true
}

// worded reads "TIME HOST PROGRAM: TAG: text".
func (f juniper) worded(in *format.Input, ev *event.Event) bool {
	program, rest, ok := strings.Cut(in.Text(), ": ")
	tag, message, tagged := strings.Cut(rest, ": ")
	space := strings.LastIndexByte(program, ' ')
	if !ok || !tagged || space < 0 || f.wordings[tag] == nil {
		return false
	}
	head, ok := readHeader(program[:space])
	if !ok || !f.wordings.read(tag, message, ev) {
		return false
	}
	head.set(in, ev)
	ev.ProcessPath, _, _ = strings.Cut(program[space+1:], "[")
	ev.Message = format.Message(message)
	return true
}

// structured reads RFC 5424 with Junos's structured data.
func (f juniper) structured(in *format.Input, ev *event.Event) bool {
	head, ok := readSyslog5424(in.Text())
	if !ok || !strings.HasPrefix(head.rest, "[junos@") || head.code == "" || !juniperKnown(head.code) {
		return false
	}
	_, pairs, _ := strings.Cut(head.rest, " ")
	ev.Fields = make([]event.Field, 0, 40)
	for pairs != "" && pairs[0] != ']' {
		name, value, found := strings.Cut(pairs, `="`)
		if !found {
			break
		}
		end := strings.Index(value, `"`)
		if end < 0 {
			break
		}
		ev.Add(name, strings.ReplaceAll(value[:end], `\]`, `]`))
		if said := value[:end]; said != "N/A" && said != "None" && said != "UNKNOWN" && said != "unauthenticated-user" {
			format.SetColumn(ev, juniperColumn(name), said)
		}
		pairs = strings.TrimLeft(value[end+1:], " ")
	}
	head.set(in, ev)
	ev.EventCode, ev.ProcessPath = head.code, head.app
	juniperClass(ev, strings.TrimSuffix(head.code, "_LS"))
	reason, _ := ev.Get("reason")
	ev.Message = format.Message(strings.TrimSpace(head.code + " " + reason + " " + strings.TrimPrefix(pairs, "]")))
	return true
}
