package network

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// sonicwall reads the enhanced and default syslog of SonicWall firewalls, pairs
// that begin with "id=firewall sn=". Source: SonicWall, "SonicOS Log Events
// Reference Guide".
type sonicwall struct{}

func newSonicWall() format.Format { return sonicwall{} }

func (sonicwall) Name() string { return "sonicwall" }

func (sonicwall) Matches(raw []byte) bool { return sonicwallStart(raw) >= 0 }

// sonicwallStart finds the first pair, at most a header into the line.
func sonicwallStart(raw []byte) int {
	head := raw[:min(len(raw), 300)]
	at := bytes.Index(head, []byte("id="))
	if at < 0 || at > 0 && head[at-1] != ' ' && head[at-1] != '>' || !bytes.Contains(head[at:], []byte(" sn=")) || !bytes.Contains(head[at:], []byte(" fw=")) {
		return -1
	}
	return at
}

func (f sonicwall) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	at := sonicwallStart(in.Raw)
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
	ev.Fields = make([]event.Field, 0, 28)
	for name, value := range format.Pairs(text[at:]) {
		if strings.HasPrefix(value, "'") { // appName='General HTTPS'
			value = cmp.Or(format.Between(text[at:], " "+name+"='", "'"), value)
		}
		ev.Add(name, value)
	}
	get := ev.First
	if t, ok := format.ParseTime(get("time")); ok {
		t.Set(in, ev)
	}
	head.set(in, ev)
	ev.Host = cmp.Or(get("fw"), ev.Host)
	ev.SrcIP, ev.SrcPort = sonicwallPeer(get("src"), get("srcV6"))
	ev.DstIP, ev.DstPort = sonicwallPeer(get("dst"), get("dstV6"))
	if user := get("usr", "user"); user != "" && !strings.HasPrefix(user, "Unknown (") {
		ev.ActorUser = user
	}
	// n counts the messages of one kind, and repeats: it is no chain.
	ev.EventCode, ev.NativeSeq = get("m"), get("n")
	ev.BytesOut = format.ByteCount(get("sent"))
	ev.ClientApp, ev.Object = get("sess", "agent"), get("rule", "vpnpolicy")
	ev.Message = format.Message(get("msg", "note"))
	ev.SeverityID = sonicwallSeverity(get("pri"))
	sonicwallClass(ev, get)
	return dst, true
}

// sonicwallPeer reads "192.0.2.1:443:X1:host", whose address may be missing
// where there is one of IPv6.
func sonicwallPeer(s, v6 string) (ip string, port int32) {
	address, rest, _ := strings.Cut(s, ":")
	number, _, _ := strings.Cut(rest, ":")
	return cmp.Or(format.Address(address), format.Address(v6)), format.Port(number)
}

func sonicwallSeverity(pri string) int32 {
	if len(pri) != 1 {
		return event.SeverityUnknown
	}
	return ciscoSeverity(pri[0])
}

// sonicwallClass goes by the message id and, for the many ids of logons and
// tunnels, by the words of the message.
func sonicwallClass(ev *event.Event, get func(...string) string) {
	set := func(class, activity, status int32) { ev.ClassUID, ev.ActivityID, ev.StatusID = class, activity, status }
	text := strings.ToLower(ev.Message)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch {
	case ev.EventCode == "98":
		set(event.ClassNetwork, event.ActivityNetworkOpen, event.StatusSuccess)
	case ev.EventCode == "537":
		set(event.ClassNetwork, event.ActivityNetworkClose, event.StatusSuccess)
	case ev.EventCode == "97", ev.EventCode == "14":
		set(event.ClassHTTP, event.ActivityOther, event.StatusSuccess)
		ev.Object = get("dstname") + get("arg")
		if has("denied") {
			ev.StatusID = event.StatusFailure
		}
	case has("login denied", "login failed", "login disallowed", "authentication failed", "login attempt", "incorrect password", "login blocked"):
		format.Logon(ev, ev.ActorUser, event.StatusFailure)
	case has("login allowed", "logged in", "login successful", "authentication success", "login from"):
		format.Logon(ev, ev.ActorUser, event.StatusSuccess)
	case has("logged out", "logout", "user login timeout", "session terminated"):
		set(event.ClassAuthentication, event.ActivityLogoff, event.StatusSuccess)
	case has("ips ", "virus", "intrusion", "spyware", "attack", "port scan"):
		set(event.ClassFinding, event.ActivityFindingCreate, event.StatusSuccess)
		ev.Object = cmp.Or(get("ipscat", "virusname", "spycat"), ev.Object)
		if has("prevention", "blocked", "dropped") {
			ev.StatusID = event.StatusFailure
		}
	case has("ike ", "ipsec", "vpn", "sa ", "notify"):
		set(event.ClassTunnel, event.ActivityOther, event.StatusUnknown)
		if has("fail", "invalid", "mismatch") {
			ev.StatusID = event.StatusFailure
		}
	case has("dropped", "denied", "blocked"):
		set(event.ClassNetwork, event.ActivityNetworkRefuse, event.StatusFailure)
	case ev.SrcIP != "" && ev.DstIP != "":
		set(event.ClassNetwork, event.ActivityNetworkTraffic, event.StatusUnknown)
	}
	switch get("fw_action") {
	case "drop", "deny", "reject":
		refused(ev)
	}
}
