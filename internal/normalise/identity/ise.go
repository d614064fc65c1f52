package identity

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewCiscoISE returns the format "cisco_ise": messages of Cisco Identity
// Services Engine, "CISE_Passed_Authentications 0000075134 1 0 TIME SEQUENCE
// CODE LEVEL CLASS: TEXT, Name=value, …", with or without what is before in
// syslog. Source: Cisco, "ISE syslogs". A message in several parts gives an
// event for each part.
func NewCiscoISE() format.Format {
	return format.Line{Named: "cisco_ise", Of: isISE, Read: readISE}
}

// isISE looks for the category, which syslog takes for the tag only where a
// colon follows; none does.
func isISE(raw []byte) bool {
	return bytes.Contains(raw[:min(len(raw), 512)], []byte("CISE_"))
}

// iseHead is what stands between the category and the attributes.
type iseHead struct {
	category, id, parts, part string
	rest                      string
}

func parseISEHead(text string) (iseHead, bool) {
	at := strings.Index(text, "CISE_")
	if at < 0 {
		return iseHead{}, false
	}
	var h iseHead
	rest := text[at:]
	for _, word := range []*string{&h.category, &h.id, &h.parts, &h.part} {
		var ok bool
		if *word, rest, ok = strings.Cut(rest, " "); !ok {
			return h, false
		}
	}
	h.rest = rest
	return h, format.IsDecimal(h.parts) && format.IsDecimal(h.part)
}

func readISE(in *format.Input, ev *event.Event) bool {
	h, ok := parseISEHead(in.Text())
	if !ok {
		return false
	}
	ev.ProcessPath = h.category
	ev.Add("category", h.category)
	ev.Add("message_id", h.id)
	if h.part != "0" {
		iseAttributes(ev, h.rest) // goes on where the part before broke off
		ev.Message = format.Message(h.rest)
		return true
	}
	at, n, ok := format.ScanTime(h.rest)
	if !ok {
		return false
	}
	at.Set(in, ev)
	words := strings.SplitN(strings.TrimSpace(h.rest[n:]), " ", 4)
	if len(words) < 4 {
		return false
	}
	ev.NativeSeq, ev.EventCode, ev.SeverityID = words[0], words[1], format.Severity(words[2])
	class, text, _ := strings.Cut(words[3], ": ")
	text, attributes, _ := strings.Cut(text, ", ")
	ev.Add("message_class", class)
	ev.Add("message_text", text)
	iseAttributes(ev, attributes)
	iseColumns(ev)
	iseClass(ev, h.category, class)
	ev.Message = format.Message(class + ": " + text)
	return true
}

// iseAttributes reads "Name=value, Name=value,"; a comma in a value has a
// backslash before it.
func iseAttributes(ev *event.Event, s string) {
	for s != "" {
		end := iseEnd(s)
		name, value, ok := strings.Cut(strings.TrimSpace(s[:end]), "=")
		s = s[min(end+1, len(s)):]
		if !ok {
			continue
		}
		if strings.Contains(strings.ToLower(name), "password") && !strings.Contains(name, "Method") {
			value = "withheld"
		}
		if strings.IndexByte(value, '\\') >= 0 {
			value = strings.NewReplacer(`\,`, ",", `\;`, ";", `\{`, "{", `\}`, "}", `\\`, `\`).Replace(value)
		}
		ev.Add(name, value)
	}
}

func iseEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',':
			return i
		}
	}
	return len(s)
}

func iseColumns(ev *event.Event) {
	get := ev.First
	ev.ActorUser = get("UserName", "User-Name", "AdminName", "User")
	// Calling-Station-ID is an address for VPN gateways, a MAC address else.
	ev.SrcIP = cmp.Or(format.Address(get("Calling-Station-ID")), format.Address(get("Framed-IP-Address")), format.Address(get("IpAddress")),
		format.Address(get("AdminIPAddress")), format.Address(get("Remote-Address")))
	ev.DstIP, ev.DstPort = format.Address(get("DestinationIPAddress")), format.Port(get("DestinationPort"))
	ev.SessionUID = get("AcsSessionID", "CPMSessionID", "Acct-Session-Id", "AdminSession")
	ev.Object = get("NetworkDeviceName", "PortalName", "ObjectName")
	ev.ClientApp = get("EndPointMatchedProfile", "Client-Type")
	ev.BytesOut = format.ByteCount(get("Acct-Output-Octets"))
}

// iseClass classes a message by its category; the class text tells apart what
// administrators do.
func iseClass(ev *event.Event, category, class string) {
	switch {
	case strings.Contains(category, "Failed_Attempts"):
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusFailure
	case strings.Contains(category, "Passed_Authentications"):
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess
	case strings.Contains(category, "RADIUS_Accounting"), strings.Contains(category, "TACACS_Accounting"):
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassTunnel, event.ActivityOther, event.StatusSuccess
		switch status, _ := ev.Get("Acct-Status-Type"); status {
		case "Start":
			ev.ActivityID = event.ActivityTunnelOpen
		case "Stop":
			ev.ActivityID = event.ActivityTunnelClose
		}
	case strings.Contains(category, "Administrative_and_Operational_Audit"):
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAPI, event.ActivityOther, event.StatusUnknown
		switch ev.EventCode {
		case "51000", "51003", "51004", "51005", "51006", "51007":
			ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusFailure
		case "51001":
			ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess
		case "51002":
			ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogoff, event.StatusSuccess
		}
	case strings.HasPrefix(class, "Alarm"), strings.Contains(category, "Alarm"):
		ev.ClassUID, ev.ActivityID = event.ClassFinding, event.ActivityFindingCreate
	}
}
