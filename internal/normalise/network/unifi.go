package network

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// unifi reads what UniFi access points and switches send: "MODEL,MAC,version:
// program[pid]: message", in quotes and parentheses in old firmware. The packet
// log of UniFi gateways is netfilter's, the events of UniFi Network are CEF.
// Source: the messages of hostapd and dropbear, which the devices run.
type unifi struct{ wordings []format.Wording }

func newUniFi() format.Format {
	const auth, logon, yes, no = event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess, event.StatusFailure
	f := unifi{}
	for _, w := range []struct {
		code, pattern            string
		class, activity, outcome int32
	}{
		{"associated", "{radio}: STA {mac>object} IEEE 802.11: associated{text}", event.ClassNetwork, event.ActivityNetworkOpen, yes},
		{"disassociated", "{radio}: STA {mac>object} IEEE 802.11: disassociated{text}", event.ClassNetwork, event.ActivityNetworkClose, yes},
		{"deauthenticated", "{radio}: STA {mac>object} IEEE 802.11: deauthenticated{text}", event.ClassNetwork, event.ActivityNetworkClose, yes},
		{"handshake completed", "{radio}: STA {mac>object} WPA: pairwise key handshake completed{text}", auth, logon, yes},
		{"802.1X authenticated", "{radio}: STA {mac>object} IEEE 802.1X: authenticated - EAP type: {eap}", auth, logon, yes},
		{"802.1X failed", "{radio}: STA {mac>object} IEEE 802.1X: unauthorizing port{text}", auth, logon, no},
		{"password accepted", "Password auth succeeded for '{user>user}' from {peer>src}", auth, logon, yes},
		{"key accepted", "Pubkey auth succeeded for '{user>user}' with key {key} from {peer>src}", auth, logon, yes},
		{"password refused", "Bad password attempt for '{user>user}' from {peer>src}", auth, logon, no},
		{"unknown user", "Login attempt for nonexistent user from {peer>src}", auth, logon, no},
		{"exit", "Exit ({user>user}) from <{peer>src}>: {reason}", auth, event.ActivityLogoff, yes},
		{"exit", "Exit ({user>user}): {reason}", auth, event.ActivityLogoff, yes},
	} {
		f.wordings = append(f.wordings, format.NewWording(w.pattern, w.class, w.activity, w.outcome).WithCode(w.code))
	}
	return f
}

func (unifi) Name() string { return "unifi" }

func (unifi) Matches(raw []byte) bool {
	comma := bytes.IndexByte(raw[:min(len(raw), 120)], ',')
	if comma < 2 || len(raw) < comma+15 || raw[comma+13] != ',' && raw[comma+13] != ':' {
		return false
	}
	_, ok := cutUniFi(string(raw[:min(len(raw), 200)]))
	return ok
}

// unifiLine is a line taken apart.
type unifiLine struct {
	before, model, mac, version, message string
}

// cutUniFi finds the device: a word of model, MAC address and version.
func cutUniFi(s string) (l unifiLine, ok bool) {
	comma := strings.IndexByte(s[:min(len(s), 120)], ',')
	if comma < 2 || len(s) < comma+15 || s[comma+13] != ',' && s[comma+13] != ':' {
		return l, false
	}
	for _, c := range []byte(s[comma+1 : comma+13]) {
		if !format.IsDigit(c) && (c < 'a' || c > 'f') {
			return l, false
		}
	}
	begin := strings.LastIndexAny(s[:comma], ` >("`) + 1
	l.before, l.model, l.mac = strings.TrimRight(s[:begin], `("`), s[begin:comma], s[comma+1:comma+13]
	rest := strings.TrimPrefix(s[comma+13:], ",")
	end := strings.IndexAny(rest, `": )`)
	if end < 0 {
		return l, false
	}
	l.version, l.message = rest[:end], strings.TrimLeft(rest[end:], `": )`)
	return l, l.model != ""
}

func (f unifi) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	l, ok := cutUniFi(in.Text())
	if !ok {
		return dst, false
	}
	head, ok := readHeader(l.before)
	if !ok {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 10)
	head.set(in, ev)
	if ev.Host == "" {
		ev.Host = l.mac
	}
	ev.Add("model", l.model)
	ev.Add("device_mac", l.mac)
	ev.Add("version", l.version)
	program, message, ok := strings.Cut(l.message, ": ")
	if !ok {
		program, message = "", l.message
	}
	program, pid, _ := strings.Cut(program, "[")
	ev.ProcessPath = program
	ev.Add("program", program)
	ev.Add("pid", strings.TrimSuffix(pid, "]"))
	ev.Message = format.Message(message)
	readFirst(f.wordings, message, ev)
	return dst, true
}
