package vpn

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// charon reads the log of strongSwan's IKE daemon, "06[IKE] <name|7> text", from
// its file or from syslog. Source: the strongSwan documentation, "Logger
// Configuration", and the messages in its sources.
type charon struct{ wordings []format.Wording }

func newCharon() format.Format {
	f := charon{}
	for _, w := range charonWordings() {
		f.wordings = append(f.wordings, format.NewWording(w.pattern, w.class, w.activity, w.outcome).WithCode(w.code))
	}
	return f
}

func (charon) Name() string { return "charon" }

func (charon) Matches(raw []byte) bool {
	at := bytes.IndexByte(raw[:min(len(raw), 64)], '[')
	if at < 2 || len(raw) < at+6 || raw[at+4] != ']' {
		return false
	}
	_, ok := cutCharon(string(raw[:min(len(raw), 200)]))
	return ok
}

// charonLine is a line taken apart.
type charonLine struct {
	before, thread, group, connection, unique, message string
}

// cutCharon finds the thread and the subsystem, "06[IKE] ", at the beginning or
// behind a time.
func cutCharon(s string) (l charonLine, ok bool) {
	at := strings.IndexByte(s[:min(len(s), 64)], '[')
	if at < 2 || len(s) < at+6 || s[at+4] != ']' || s[at+5] != ' ' || format.Digits(s, at-2, 2) < 0 || at > 2 && s[at-3] != ' ' {
		return l, false
	}
	l.before, l.thread, l.group = s[:at-2], s[at-2:at], s[at+1:at+4]
	switch l.group {
	case "IKE", "NET", "ENC", "CFG", "MGR", "CHD", "JOB", "KNL", "DMN", "LIB", "ASN", "TNC", "TLS", "APP", "ESP", "IMC", "IMV", "PTS":
	default:
		return l, false
	}
	s = s[at+6:]
	if inner, rest, ok := strings.Cut(s, "> "); ok && strings.HasPrefix(inner, "<") {
		l.connection, l.unique, ok = strings.Cut(inner[1:], "|")
		if !ok {
			l.connection, l.unique = "", l.connection
		}
		s = rest
	}
	l.message = s
	return l, true
}

func (f charon) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	l, ok := cutCharon(in.Text())
	if !ok {
		return dst, false
	}
	var at format.Moment
	timed := false
	if before := strings.TrimRight(l.before, " "); before != "" {
		end := 0
		if at, end, timed = format.BSDTime(before); !timed {
			at, end, timed = format.ISOTime(before)
		}
		if !timed || end != len(before) {
			return dst, false
		}
	}
	dst = append(dst, in.New(f.Name(), event.ClassTunnel))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 8)
	if timed {
		at.Set(in, ev)
	}
	ev.ActivityID, ev.Message, ev.SessionUID, ev.EventCode = event.ActivityOther, format.Message(l.message), l.unique, l.group
	ev.Add("thread", l.thread)
	ev.Add("group", l.group)
	ev.Add("connection", l.connection)
	ev.Add("ike_sa", l.unique)
	for i := range f.wordings {
		if f.wordings[i].Read(l.message, ev) {
			break
		}
	}
	for _, end := range [...]struct {
		name string
		ip   *string
		port *int32
	}{{"from", &ev.SrcIP, &ev.SrcPort}, {"to", &ev.DstIP, &ev.DstPort}} { // 192.0.2.1[4500]
		if text, _ := ev.Get(end.name); text != "" {
			address, port, _ := strings.Cut(strings.TrimSuffix(text, "]"), "[")
			*end.ip, *end.port = format.Address(address), format.Port(port)
		}
	}
	if strings.HasPrefix(l.message, "sending packet: ") { // the other side is the source, whoever sends
		ev.SrcIP, ev.DstIP, ev.SrcPort, ev.DstPort = ev.DstIP, ev.SrcIP, ev.DstPort, ev.SrcPort
	}
	return dst, true
}

// charonWordings lists the wordings, the most specific first. Between which
// addresses a tunnel stands is in them as "local[id]...remote[id]".
func charonWordings() []wording {
	const auth, logon, tunnel, opened, closed, other = event.ClassAuthentication, event.ActivityLogon, event.ClassTunnel, event.ActivityTunnelOpen, event.ActivityTunnelClose, event.ActivityOther
	const yes, no, unknown = event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	return []wording{
		{"IKE_SA established", "IKE_SA {ike_sa_name}[{unique>session}] established between {local>dst}[{local_id}]...{remote>src}[{remote_id>user}]", tunnel, opened, yes},
		{"IKE_SA deleted", "deleting IKE_SA {ike_sa_name}[{unique>session}] between {local>dst}[{local_id}]...{remote>src}[{remote_id>user}]", tunnel, closed, yes},
		{"IKE_SA deleted", "received DELETE for IKE_SA {ike_sa_name}[{unique>session}]", tunnel, closed, yes},
		{"half open deleted", "deleting half open IKE_SA with {remote>src} after timeout", tunnel, closed, no},
		{"CHILD_SA established", "CHILD_SA {child_sa} established with {text}", tunnel, opened, yes},
		{"CHILD_SA closed", "closing CHILD_SA {child_sa}{text}", tunnel, closed, yes},
		{"EAP identity", "received EAP identity '{identity>user}'", auth, other, unknown},
		{"EAP user", "EAP-MS-CHAPv2 username: '{username>user}'", auth, other, unknown},
		{"EAP failed", "EAP-MS-CHAPv2 verification failed{text}", auth, logon, no},
		{"EAP failed", "no EAP key found for hosts '{local_id}' - '{identity>user}'", auth, logon, no},
		{"EAP failed", "EAP method {method} failed for peer {peer>user}", auth, logon, no},
		{"EAP succeeded", "EAP method {method} succeeded, {text}", auth, logon, yes},
		{"RADIUS failed", "RADIUS authentication of '{identity>user}' failed", auth, logon, no},
		{"RADIUS succeeded", "RADIUS authentication of '{identity>user}' successful", auth, logon, yes},
		{"XAuth succeeded", "XAuth authentication of '{identity>user}' successful", auth, logon, yes},
		{"XAuth failed", "XAuth authentication of '{identity>user}' failed", auth, logon, no},
		{"authentication", "authentication of '{identity}' (myself) with {method} successful", tunnel, other, yes},
		{"authentication", "authentication of '{identity>user}' with {method} successful", auth, logon, yes},
		{"authentication", "authentication of '{identity>user}' with {method} failed", auth, logon, no},
		{"authentication", "tried {count} shared key{text}, but MAC mismatched", auth, logon, no},
		{"no shared key", "no shared key found for '{local_id}' - '{identity>user}'", auth, logon, no},
		{"no config", "no matching peer config found", auth, logon, no},
		{"no config", "no IKE config found for {local>dst}...{remote>src}, sending NO_PROPOSAL_CHOSEN", tunnel, opened, no},
		{"no proposal", "received proposals {reason}", tunnel, opened, no},
		{"initiating", "{remote>src} is initiating an IKE_SA", tunnel, other, unknown},
		{"initiating", "{remote>src} is initiating a Main Mode IKE_SA", tunnel, other, unknown},
		{"initiating", "{remote>src} is initiating a Aggressive Mode IKE_SA", tunnel, other, unknown},
		{"initiating", "initiating IKE_SA {ike_sa_name}[{unique>session}] to {remote>dst}", tunnel, other, unknown},
		{"address assigned", "assigning virtual IP {assigned>dst} to peer '{identity>user}'", tunnel, other, yes},
		{"address released", "lease {assigned>dst} by '{identity>user}' went offline", tunnel, closed, yes},
		{"packet", "received packet: from {from} to {to} ({bytes} bytes)", tunnel, other, unknown},
		{"packet", "sending packet: from {from} to {to} ({bytes} bytes)", tunnel, other, unknown},
		{"peer configs", "looking for peer configs matching {local>dst}[{local_id}]...{remote>src}[{remote_id}]", tunnel, other, unknown},
		{"error notify", "received {notify} error notify", tunnel, other, no},
	}
}
