package network

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// cisco reads the system messages of Cisco ASA, FTD, IOS, IOS XE and NX-OS:
// "%FACILITY-SEVERITY-MNEMONIC: text" behind a header that may hold a priority,
// the time and host of a relay, a sequence number, the device's name and its
// own time. Sources: Cisco, "Secure Firewall ASA Series Syslog Messages" and
// "Cisco IOS System Message Guide".
type cisco struct {
	wordings wordings
	people   []format.Wording // "Group … User … IP …" before any text
}

func newCisco() format.Format {
	c := &cisco{wordings: wordings{}}
	addASALogons(c.wordings)
	addASASessions(c.wordings)
	addASATraffic(c.wordings)
	addASADenials(c.wordings)
	addASAOther(c.wordings)
	addIOS(c.wordings)
	for _, p := range []string{
		"Group <{group}> User <{user>user}> IP <{ip>src}> {text}",
		"Group {group} User {user>user} IP {ip>src} {text}",
		"Group = {group}, Username = {user>user}, IP = {ip>src}, {text}",
		"Local:{local>dst} Remote:{remote>src} Username:{user>user} IKEv2 Group:{group} {text}",
		"Local:{local>dst} Remote:{remote>src} Username:{user>user} {text}",
		"User '{user>user}' {text}",
		"Group = {group}, IP = {ip>src}, {text}",
		"IP = {ip>src}, {text}",
	} {
		c.people = append(c.people, format.NewWording(p, event.ClassTunnel, event.ActivityOther, event.StatusUnknown))
	}
	return c
}

func (*cisco) Name() string { return "cisco" }

func (*cisco) Matches(raw []byte) bool {
	at := bytes.IndexByte(raw[:min(len(raw), maxCiscoHeader)], '%')
	if at < 0 || at+2 >= len(raw) || raw[at+1] < 'A' || raw[at+1] > 'Z' || raw[at+2] < 'A' || raw[at+2] > 'Z' ||
		at > 0 && bytes.IndexByte([]byte(" :>"), raw[at-1]) < 0 {
		return false
	}
	_, ok := ciscoTag(string(raw[at:min(len(raw), at+80)]))
	return ok
}

// maxCiscoHeader bounds what may stand before the tag.
const maxCiscoHeader = 200

// tag is "%ASA-6-302013:" taken apart.
type tag struct {
	facility, mnemonic string
	severity           byte
	size               int
}

func ciscoTag(s string) (t tag, ok bool) {
	end := strings.IndexByte(s[:min(len(s), 80)], ':')
	if end < 6 || s[0] != '%' {
		return t, false
	}
	parts := strings.Split(s[1:end], "-")
	n := len(parts)
	if n < 3 || len(parts[n-2]) != 1 || parts[n-2][0] < '0' || parts[n-2][0] > '7' {
		return t, false
	}
	for i := 1; i < end; i++ {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !format.IsDigit(c) && c != '_' && c != '-' {
			return t, false
		}
	}
	return tag{strings.Join(parts[:n-2], "-"), parts[n-1], parts[n-2][0], end + 1}, parts[n-1] != "" && parts[0] == strings.ToUpper(parts[0])
}

func (c *cisco) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	text := in.Text()
	at := strings.IndexByte(text[:min(len(text), maxCiscoHeader)], '%')
	if at < 0 || at > 0 && strings.IndexByte(" :>", text[at-1]) < 0 {
		return dst, false
	}
	t, ok := ciscoTag(text[at:])
	head, fits := readCiscoHeader(text[:at])
	if !ok || !fits {
		return dst, false
	}
	dst = append(dst, in.New(c.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 20)
	head.set(in, ev)
	message := strings.TrimSpace(text[at+t.size:])
	ev.SeverityID = ciscoSeverity(t.severity)
	ev.Add("facility", t.facility)
	ev.Add("mnemonic", t.mnemonic)
	switch kind, _, _ := strings.Cut(t.facility, "-"); kind { // %ASA-session-6-302013
	case "ASA", "FTD", "PIX", "FWSM":
		ev.EventCode = t.mnemonic
		c.readASA(ev, t.mnemonic, message)
	default:
		ev.EventCode = t.facility + "-" + t.mnemonic
		c.readIOS(ev, message)
	}
	withoutMask(ev)
	ev.Message = format.Message(hideSecrets(message))
	return dst, true
}

func ciscoSeverity(c byte) int32 {
	switch c {
	case '0', '1', '2':
		return event.SeverityCritical
	case '3':
		return event.SeverityHigh
	case '4':
		return event.SeverityMedium
	case '5':
		return event.SeverityLow
	}
	return event.SeverityInformational
}

func (c *cisco) readASA(ev *event.Event, code, message string) {
	switch {
	case c.wordings.read(code, aaaMessage(code, message), ev):
		ciscoOutcome(ev, message)
		asaWhat(ev)
		asaAccount(ev, message)
	case len(code) == 6 && strings.HasPrefix(code, "43000"):
		readFTD(ev, code, message)
	case readFirst(c.people, message, ev):
		ciscoOutcome(ev, message)
	}
	if ev.Statement != "" {
		hideStatement(ev)
	}
}

func (c *cisco) readIOS(ev *event.Event, message string) {
	if _, list, forwarded := strings.Cut(message, "fman_fp_image:"); forwarded { // the forwarding engine of IOS XE
		message = strings.TrimSpace(list)
	}
	if c.wordings.read(ev.EventCode, message, ev) {
		ciscoOutcome(ev, message)
	}
	if ev.Statement != "" {
		hideStatement(ev)
	}
}

// hideStatement takes typed passwords out of a logged command, in its column and its field.
func hideStatement(ev *event.Event) {
	hidden := hideSecrets(ev.Statement)
	for i := range ev.Fields {
		if ev.Fields[i].Value == ev.Statement {
			ev.Fields[i].Value = hidden
		}
	}
	ev.Statement = hidden
}

// ciscoOutcome completes what a wording leaves open: the verdict that stands in
// a word, and who began a connection that was built from inside.
func ciscoOutcome(ev *event.Event, message string) {
	for _, name := range [...]string{"action", "verdict"} {
		switch v, _ := ev.Get(name); strings.ToLower(v) {
		case "denied", "deny", "failed", "rejected", "dropped":
			refused(ev)
		case "permitted", "est-allowed", "succeeded", "passed", "monitored":
			ev.StatusID = event.StatusSuccess
		}
	}
	if strings.HasPrefix(message, "Built outbound ") {
		ev.SrcIP, ev.DstIP, ev.SrcPort, ev.DstPort = ev.DstIP, ev.SrcIP, ev.DstPort, ev.SrcPort
	}
}

// readFTD reads the connection and intrusion events of Firepower Threat
// Defense, "Name: value, Name: value".
func readFTD(ev *event.Event, code, message string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassNetwork, event.ActivityNetworkTraffic, event.StatusSuccess
	for pair := range strings.SplitSeq(message, ", ") {
		name, value, ok := strings.Cut(pair, ": ")
		if !ok {
			continue
		}
		ev.Add(name, value)
		if name != "User" || value != "No Authentication Required" && value != "Unknown" {
			format.SetColumn(ev, ftdColumn(name), value)
		}
	}
	switch code {
	case "430001", "430005":
		ev.ClassUID, ev.ActivityID = event.ClassFinding, event.ActivityFindingCreate
	case "430002":
		ev.ActivityID = event.ActivityNetworkOpen
	case "430003":
		ev.ActivityID = event.ActivityNetworkClose
	}
	for _, name := range [...]string{"AccessControlRuleAction", "InlineResult"} {
		switch v, _ := ev.Get(name); v {
		case "Block", "Block with reset", "Blocked", "Dropped", "Would have dropped":
			refused(ev)
		}
	}
}

func ftdColumn(name string) string {
	switch name {
	case "SrcIP":
		return "src"
	case "DstIP":
		return "dst"
	case "SrcPort":
		return "sport"
	case "DstPort":
		return "dport"
	case "User":
		return "user"
	case "URL", "FileName":
		return "object"
	case "UserAgent", "Client":
		return "app"
	case "InitiatorBytes":
		return "bytes"
	case "ConnectionID":
		return "session"
	}
	return ""
}
