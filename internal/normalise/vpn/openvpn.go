package vpn

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// openvpn reads the server log of OpenVPN 2.x, from its file or from syslog.
// Source: the messages in OpenVPN's sources (multi.c, ssl.c, forward.c).
type openvpn struct{}

// NewOpenVPN returns the format "openvpn".
func NewOpenVPN() format.Format { return openvpn{} }

func (openvpn) Name() string { return "openvpn" }

func (openvpn) Matches(raw []byte) bool {
	line, _, _ := bytes.Cut(raw[:min(len(raw), 1024)], []byte("\n"))
	_, ok := parseOpenVPN(string(line))
	return ok
}

func (o openvpn) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	l, ok := parseOpenVPN(in.Text())
	if !ok && (l.time.Text == "" || l.message == "" || in.Via.Get("format") != o.Name()) {
		return dst, false
	}
	dst = append(dst, in.New(o.Name(), event.ClassAppLifecycle))
	ev := &dst[len(dst)-1]
	if l.time.Text != "" {
		l.time.Set(in, ev)
	}
	ev.ActorUser, ev.ActivityID = l.user, event.ActivityOther
	ev.SrcIP, ev.SrcPort = l.ip, l.port
	ev.Message = format.Message(l.message)
	ev.Add("user", l.user)
	ev.Add("remote", l.remote)
	ev.Add("message", l.message)
	l.classify(ev)
	return dst, true
}

// openvpnLine is one line: a time, the client as "name/192.0.2.1:1194" or
// "192.0.2.1:1194", and the message.
type openvpnLine struct {
	time         format.Moment
	user, remote string
	ip           string
	port         int32
	message      string
}

// parseOpenVPN reads a line. It reports whether the wording is OpenVPN's; a
// line of its file that begins with a time may be worded otherwise.
func parseOpenVPN(line string) (l openvpnLine, ok bool) {
	rest := line
	if m, end, ok := format.ISOTime(line); ok {
		l.time, rest = m, line[end:]
	} else if m, ok := ctimePrefix(line); ok {
		l.time, rest = m, line[len(m.Text):]
	}
	timed := l.time.Text != ""
	if timed && !strings.HasPrefix(rest, " ") {
		return l, false
	}
	rest = strings.TrimPrefix(rest, " ")
	if micros, ok := strings.CutPrefix(rest, "us="); ok && timed { // from --verb 4 on
		word, after, _ := strings.Cut(micros, " ")
		if !format.IsDecimal(word) {
			return l, false
		}
		rest = after
	}
	word, after, _ := strings.Cut(rest, " ")
	client := l.client(word)
	if client {
		rest = after
	}
	l.message = rest
	return l, isOpenVPNMessage(rest, client, timed)
}

// ctimePrefix reads "Sun Dec 15 14:12:12 2024" at the beginning of a line.
func ctimePrefix(line string) (format.Moment, bool) {
	if len(line) < 24 {
		return format.Moment{}, false
	}
	m, ok := format.CTime(line[:24])
	m.Text = line[:24]
	return m, ok
}

// client reads "name/192.0.2.1:1194", "192.0.2.1:1194" and the forms that name
// the address family first ("udp4:192.0.2.1:1194", "[AF_INET]192.0.2.1:1194").
func (l *openvpnLine) client(word string) bool {
	user, remote := "", word
	if i := strings.LastIndexByte(word, '/'); i >= 0 {
		user, remote = word[:i], word[i+1:]
	}
	remote = trimFamily(remote)
	ip, p := format.AddressPort(remote)
	if ip == "" || p == 0 {
		return false
	}
	l.user, l.remote, l.ip, l.port = user, remote, ip, p
	return true
}

func trimFamily(s string) string {
	for _, family := range [...]string{"[AF_INET]", "[AF_INET6]", "udp4:", "udp6:", "tcp4-server:", "tcp6-server:", "tcp4:", "tcp6:"} {
		if rest, ok := strings.CutPrefix(s, family); ok {
			return rest
		}
	}
	return s
}

// isOpenVPNMessage reports whether a message is worded as OpenVPN's are. Some
// wordings count only behind a client's address, as other programs write them
// too; without a time the wording must stand at the beginning.
func isOpenVPNMessage(message string, client, timed bool) bool {
	if client {
		for _, p := range [...]string{
			"[", "TLS", "VERIFY", "MULTI", "AUTH", "SENT CONTROL", "PUSH", "peer info: ", "Data Channel", "Control Channel", "Outgoing Data Channel",
			"Incoming Data Channel", "SIG", "CRL: ", "Authenticate/Decrypt", "PLUGIN_", "Connection reset, restarting", "WARNING: ", "NOTE: ",
			"Bad encapsulated packet", "Local Options", "Expected Remote", "Re-using SSL", "Float requested", "Replay-window", "OPTIONS IMPORT",
			"Using ", "LZO", "read UDP", "write UDP", "Key [AF_",
		} {
			if strings.HasPrefix(message, p) {
				return true
			}
		}
	}
	for _, mark := range [...]string{
		"TLS Error: ", "TLS Auth Error: ", "TLS: Username/Password", "VERIFY OK: ", "VERIFY ERROR: ", "VERIFY KU ", "VERIFY EKU ", "MULTI: ", "MULTI_sva:",
		"Initialization Sequence Completed", "OpenVPN 2.", "SENT CONTROL [", "PUSH: Received", "peer info: IV_", "SIGTERM[", "SIGUSR1[", "SIGHUP[",
		"SIGINT[", "AUTH: Received control message", "AUTH_FAILED", "Authenticate/Decrypt packet error", "UDPv4 link ", "UDPv6 link ", "TCPv4_SERVER link ",
		"TCPv6_SERVER link ", "IFCONFIG POOL", "TUN/TAP device ", "Data Channel: ", "Control Channel: TLS", "PLUGIN_CALL: ", "PLUGIN AUTH-PAM",
		"TCP connection established with [AF_", "library versions: OpenSSL", "Peer Connection Initiated with [AF_",
	} {
		if strings.HasPrefix(message, mark) || timed && strings.Contains(message, mark) {
			return true
		}
	}
	return strings.HasPrefix(message, "user '") &&
		(strings.HasSuffix(message, "' authenticated") || strings.Contains(message, "' could not authenticate"))
}

func (l *openvpnLine) classify(ev *event.Event) {
	m := l.message
	set := func(code string, class, activity, status int32) {
		ev.EventCode, ev.ClassUID, ev.ActivityID, ev.StatusID = code, class, activity, status
	}
	switch {
	case strings.Contains(m, "Peer Connection Initiated"):
		set("Peer Connection Initiated", event.ClassTunnel, event.ActivityTunnelOpen, event.StatusSuccess)
		ev.ActorUser = cmp.Or(ev.ActorUser, format.Between(m, "[", "] Peer"))
	case strings.Contains(m, "AUTH_FAILED"), strings.Contains(m, "TLS Auth Error"):
		set("AUTH_FAILED", event.ClassAuthentication, event.ActivityLogon, event.StatusFailure)
	case strings.Contains(m, "Username/Password authentication succeeded"):
		set("AUTH", event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess)
		ev.ActorUser = cmp.Or(format.Between(m, "for username '", "'"), ev.ActorUser)
	case strings.HasPrefix(m, "user '"):
		set("AUTH", event.ClassAuthentication, event.ActivityLogon, event.StatusFailure)
		if strings.HasSuffix(m, "' authenticated") {
			ev.StatusID = event.StatusSuccess
		}
		ev.ActorUser = format.Between(m, "user '", "'")
	case strings.Contains(m, "VERIFY ERROR"):
		set("VERIFY ERROR", event.ClassAuthentication, event.ActivityLogon, event.StatusFailure)
		ev.ActorUser = cmp.Or(ev.ActorUser, strings.TrimSpace(format.Between(m+",", "CN=", ",")))
	case strings.Contains(m, "TLS Error"), strings.Contains(m, "packet error"), strings.Contains(m, "Bad encapsulated packet"):
		set("TLS Error", event.ClassTunnel, event.ActivityOther, event.StatusFailure)
	case l.ip != "" && (strings.HasPrefix(m, "SIG") || strings.HasPrefix(m, "Connection reset") || strings.Contains(m, "Inactivity timeout")):
		set("Disconnect", event.ClassTunnel, event.ActivityTunnelClose, event.StatusSuccess)
	case l.ip != "":
		set("", event.ClassTunnel, event.ActivityOther, event.StatusUnknown)
	}
	if strings.Contains(m, "TLS: Username/Password authentication") && strings.Contains(m, "failed") {
		set("AUTH_FAILED", event.ClassAuthentication, event.ActivityLogon, event.StatusFailure)
	}
	if i := strings.LastIndex(m, "[AF_INET"); i >= 0 && ev.SrcIP == "" && ev.ClassUID == event.ClassTunnel {
		ev.SrcIP, ev.SrcPort = format.AddressPort(trimFamily(strings.TrimRight(strings.Fields(m[i:])[0], ",)")))
	}
	ev.DstIP = format.Address(format.Between(m, "pool returned IPv4=", ","))
}
