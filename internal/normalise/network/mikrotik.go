package network

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// mikrotik reads the remote log of MikroTik RouterOS: topics such as
// "firewall,info" before the message. Source: MikroTik, "RouterOS: Log".
type mikrotik struct{ wordings []format.Wording }

func newMikroTik() format.Format {
	const auth, logon, logoff, tunnel, app = event.ClassAuthentication, event.ActivityLogon, event.ActivityLogoff, event.ClassTunnel, event.ClassAppLifecycle
	const yes, no, other = event.StatusSuccess, event.StatusFailure, event.ActivityOther
	f := mikrotik{}
	add := func(code string, class, activity, status int32, patterns ...string) {
		for _, p := range patterns {
			f.wordings = append(f.wordings, format.NewWording(p, class, activity, status).WithCode(code))
		}
	}
	add("login failure", auth, logon, no, "login failure for user {user>user} from {address>src} via {service>app}", "login failure for user {user>user} via {service>app}")
	add("logged in", auth, logon, yes, "user {user>user} logged in from {address>src} via {service>app}", "user {user>user} logged in via {service>app}")
	add("logged out", auth, logoff, yes, "user {user>user} logged out from {address>src} via {service>app}", "user {user>user} logged out via {service>app}")
	add("user added", event.ClassAccountChange, format.ActivityAccountCreate, yes, "user {name>target} added by {user>user}")
	add("user removed", event.ClassAccountChange, format.ActivityAccountDelete, yes, "user {name>target} removed by {user>user}")
	add("user changed", event.ClassAccountChange, other, yes, "user {name>target} changed by {user>user}")
	add("session opened", tunnel, event.ActivityTunnelOpen, yes, "{user>user} logged in, {assigned>dst} from {address>src}", "{user>user} logged in, {assigned>dst}")
	add("session closed", tunnel, event.ActivityTunnelClose, yes, "{user>user} logged out, {duration} {bytes_in} {bytes_out>bytes} {packets_in} {packets_out} from {address>src}",
		"{user>user} logged out, {duration} {bytes_in} {bytes_out>bytes} {packets_in} {packets_out}")
	add("authentication failed", auth, logon, no, "<{interface>session}>: user {user>user} authentication failed{text}", "<{interface>session}>: authentication failed{text}")
	add("authenticated", auth, logon, yes, "<{interface>session}>: authenticated")
	add("connected", tunnel, event.ActivityTunnelOpen, yes, "<{interface>session}>: connected{text}")
	add("disconnected", tunnel, event.ActivityTunnelClose, yes, "<{interface>session}>: disconnected{text}", "<{interface>session}>: terminating...{text}")
	add("first packet", tunnel, other, event.StatusUnknown, "first L2TP UDP packet received from {address>src}", "TCP connection established from {address>src}")
	add("ike2 opened", tunnel, event.ActivityTunnelOpen, yes, "new ike2 SA ({role}): {peer} {local>dst}[{lport>dport}]-{remote>src}[{rport>sport}] {text}", "new ike2 SA ({role}): {local>dst}[{lport>dport}]-{remote>src}[{rport>sport}] {text}")
	add("ike2 closed", tunnel, event.ActivityTunnelClose, yes, "killing ike2 SA: {peer} {local>dst}[{lport>dport}]-{remote>src}[{rport>sport}] {text}", "killing ike2 SA: {local>dst}[{lport>dport}]-{remote>src}[{rport>sport}] {text}")
	add("ike opened", tunnel, event.ActivityTunnelOpen, yes, "ISAKMP-SA established {local>dst}[{lport>dport}]-{remote>src}[{rport>sport}] {text}")
	add("ike closed", tunnel, event.ActivityTunnelClose, yes, "ISAKMP-SA deleted {local>dst}[{lport>dport}]-{remote>src}[{rport>sport}] {text}")
	add("ike failed", tunnel, event.ActivityTunnelOpen, no, "phase1 negotiation failed due to {reason} {local>dst}[{lport>dport}]<=>{remote>src}[{rport>sport}] {text}",
		"{remote>src} parsing packet failed, possible cause: {reason}", "{remote>src} failed to get valid proposal.")
	add("lease assigned", event.ClassBase, other, yes, "{server} assigned {address>dst} for {mac>object} {name}", "{server} assigned {address>dst} for {mac>object}", "{server} assigned {address>dst} to {mac>object}")
	add("lease released", event.ClassBase, other, yes, "{server} deassigned {address>dst} for {mac>object} {name}", "{server} deassigned {address>dst} from {mac>object}")
	for _, verb := range []string{"added", "changed", "removed", "moved", "enabled", "disabled"} {
		add("configuration "+verb, app, other, yes, "{item>object} "+verb+" by {client>app}:{user>user}@{address>src} ({command>statement}", "{item>object} "+verb+" by {client>app}:{user>user}@{address>src}", "{item>object} "+verb+" by {user>user}")
	}
	add("rebooted", app, event.ActivityAppStart, yes, "router rebooted{text}")
	add("link", event.ClassBase, other, event.StatusUnknown, "{interface>object} link {state}")
	return f
}

func (mikrotik) Name() string { return "mikrotik" }

func (mikrotik) Matches(raw []byte) bool {
	_, end := topics(raw[:min(len(raw), 200)])
	return end > 0
}

// topics finds the topics, one of the first words of the line: lower-case words
// parted by commas, one of them a severity.
func topics(raw []byte) (start, end int) {
	for range 8 {
		next := bytes.IndexByte(raw[start:], ' ')
		if next < 0 {
			return 0, 0
		}
		if isTopics(raw[start : start+next]) {
			return start, start + next
		}
		start += next + 1
	}
	return 0, 0
}

func isTopics(word []byte) bool {
	if bytes.IndexByte(word, ',') < 0 {
		return false
	}
	for _, c := range word {
		if (c < 'a' || c > 'z') && c != ',' && c != '-' && !format.IsDigit(c) {
			return false
		}
	}
	for topic := range bytes.SplitSeq(word, []byte(",")) {
		switch string(topic) {
		case "info", "error", "warning", "critical", "debug":
			return true
		}
	}
	return false
}

func (f mikrotik) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	start, end := topics(in.Raw[:min(len(in.Raw), 200)])
	if end == 0 {
		return dst, false
	}
	text := in.Text()
	head, ok := readHeader(text[:start])
	if !ok {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 12)
	head.set(in, ev)
	list, message := text[start:end], strings.TrimSpace(text[end:])
	ev.Add("topics", list)
	ev.Message = format.Message(hideSecrets(message))
	for topic := range strings.SplitSeq(list, ",") {
		ev.SeverityID = max(ev.SeverityID, format.Severity(topic))
	}
	if strings.HasPrefix(list, "firewall") || strings.Contains(message, " proto ") && strings.Contains(message, "->") {
		readMikroTikPacket(ev, message)
	} else {
		readFirst(f.wordings, message, ev)
		if ev.Statement != "" {
			hideStatement(ev)
			ev.Statement = strings.TrimSuffix(ev.Statement, ")")
		}
		if protocol, user, ok := strings.Cut(ev.SessionUID, "-"); ok && ev.ActorUser == "" && !format.IsDecimal(user) { // <l2tp-sato>
			ev.ActorUser, ev.ClientApp = user, protocol
		}
	}
	if ev.ClassUID == event.ClassBase && strings.Contains(list, "critical") {
		ev.StatusID = event.StatusFailure
	}
	return dst, true
}

// readMikroTikPacket reads "drop-in input: in:ether1 out:(unknown 0),
// connection-state:new src-mac …, proto TCP (SYN), 192.0.2.1:1024->198.51.100.1:22, len 40".
// What became of the packet is told by the prefix that the administrator chose.
func readMikroTikPacket(ev *event.Event, message string) {
	ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkTraffic
	prefix, _, _ := strings.Cut(message, " in:")
	chain := strings.TrimSuffix(prefix[strings.LastIndexByte(prefix, ' ')+1:], ":")
	prefix = strings.TrimSuffix(strings.TrimSuffix(prefix, chain+":"), " ")
	ev.Add("prefix", prefix)
	ev.Add("chain", chain)
	ev.EventCode = prefix
	ev.Add("in", format.Between(message, " in:", " "))
	ev.Add("connection-state", strings.TrimRight(format.Between(message, "connection-state:", " "), ","))
	ev.Add("src-mac", format.Between(message, "src-mac ", ","))
	ev.Add("proto", format.Between(message, "proto ", ","))
	ev.Add("len", format.After(message, ", len "))
	before, after, _ := strings.Cut(message, "->")
	from := before[strings.LastIndexByte(before, ' ')+1:]
	to, _, _ := strings.Cut(after, ",")
	to, _, _ = strings.Cut(to, " ")
	ev.SrcIP, ev.SrcPort = format.AddressPort(from)
	ev.DstIP, ev.DstPort = format.AddressPort(to)
	lower := strings.ToLower(prefix)
	for _, word := range [...]string{"drop", "deny", "block", "reject", "tarpit"} {
		if strings.Contains(lower, word) {
			refused(ev)
			return
		}
	}
	for _, word := range [...]string{"accept", "allow", "pass"} {
		if strings.Contains(lower, word) {
			ev.StatusID = event.StatusSuccess
		}
	}
}
