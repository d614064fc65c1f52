package network

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// yamaha reads the log of Yamaha RTX, NVR and FWX routers and WLX access
// points: as "show log" lists it, with a time, and as it goes to syslog, with
// nothing but a priority. Written from the maker's command reference and the
// wordings that users quote; held against lines that real routers wrote.
type yamaha struct {
	wordings []format.Wording
	marks    map[byte][][]byte // how a message may begin, by first byte
}

func newYamaha() format.Format {
	f := yamaha{marks: map[byte][][]byte{}}
	for _, w := range yamahaWordings() {
		f.wordings = append(f.wordings, format.NewWording(w.pattern, w.class, w.activity, w.outcome).WithCode(w.code))
	}
	for _, m := range []string{
		"[IKE]", "[IKE1]", "[IKE2]", "[L2TP]", "[PPTP]", "[INSPECT]", "[DHCPD]", "[DHCPC]", "[SWCTL]", "[SCHEDULE]", "[IDS]", "[LUA]", "[HTTPD]", "[SSHD]", "[PPPOE]", "[NGN]",
		"[UPNP]", "[MAC_FILTER]", "[CLOUD_VPN]", "[YNO]", "PP[", "TUNNEL[", "IP Tunnel[", "LAN1", "LAN2", "LAN3", "LAN4", "LANC", "ONU", "PPPOE[", "main:  RT", "main:  NVR", "main:  FWX", "VLAN", "BRIDGE", "Login ", "Logout ", "'administrator' ",
		"Configuration saved", "same message repeated ", "Restart by ", "Power-on boot", "RTX", "NVR", "FWX", "IPsec", "Interface ", "Connect",
	} {
		f.marks[m[0]] = append(f.marks[m[0]], []byte(m))
	}
	return f
}

func (yamaha) Name() string { return "yamaha" }

func (f yamaha) Matches(raw []byte) bool {
	message := raw
	if len(raw) > 4 && raw[0] == '<' {
		end := bytes.IndexByte(raw[:5], '>')
		if end < 0 {
			return false
		}
		message = raw[end+1:]
	}
	if len(message) > 21 && message[4] == '/' && message[19] == ':' { // 2026/03/01 12:13:14:
		message = message[21:]
	}
	if len(message) < 6 {
		return false
	}
	for _, mark := range f.marks[message[0]] {
		if bytes.HasPrefix(message, mark) {
			return true
		}
	}
	return false
}

func (f yamaha) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	text := in.Text()
	message := text
	if strings.HasPrefix(message, "<") {
		if end := strings.IndexByte(message[:min(len(message), 5)], '>'); end > 0 {
			message = message[end+1:]
		}
	}
	at, end, timed := format.ISOTime(message)
	if timed {
		timed = strings.HasPrefix(message[end:], ": ")
		message = strings.TrimPrefix(message[end:], ": ")
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 10)
	if timed {
		at.Set(in, ev)
	}
	for i := range f.wordings {
		if !f.wordings[i].Read(message, ev) {
			continue
		}
		ev.Message = format.Message(message)
		if tag := format.Between(message+"]", "[", "]"); strings.HasPrefix(message, "["+tag+"]") {
			ev.Add("function", tag)
		}
		yamahaPacket(ev)
		return dst, true
	}
	if in.Via.Get("format") != f.Name() || !timed { // a file known to be of this format may be worded otherwise
		return dst[:len(dst)-1], false
	}
	ev.Message = format.Message(message)
	return dst, true
}

// yamahaPacket reads the ends of a packet, "192.0.2.1:1024 > 198.51.100.1:22",
// those of IPv6 with a dot before the port.
func yamahaPacket(ev *event.Event) {
	for _, end := range [...]struct {
		name string
		ip   *string
		port *int32
	}{{"source", &ev.SrcIP, &ev.SrcPort}, {"destination", &ev.DstIP, &ev.DstPort}} {
		text, _ := ev.Get(end.name)
		if text, _, _ = strings.Cut(text, " "); text == "" {
			continue
		}
		if *end.ip, *end.port = format.AddressPort(text); *end.ip != "" {
			continue
		}
		if i := strings.LastIndexByte(text, '.'); i > 0 && strings.Contains(text, ":") {
			*end.ip, *end.port = format.Address(text[:i]), format.Port(text[i+1:])
		}
	}
}
