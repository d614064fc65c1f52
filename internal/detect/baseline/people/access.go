package people

import (
	"net/netip"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/event"
)

// An access is what the account baselines read of an event: an account used
// from an address. Events without both are none.
type access struct {
	time    time.Time
	record  uint64
	nth     uint16
	source  string
	host    string
	shown   string // the account as logged
	account string // the account as compared: see AccountKey
	addr    netip.Addr
	logon   bool // a logon or tunnel, not only an access to content
	vpn     bool
	success bool
	failure bool
	mobile  bool // the client says that it is a phone or tablet
	object  string
}

// accessOf reads an event; ok is false when it is no access.
func accessOf(ev *event.Event) (a access, ok bool) {
	logon, counts := countsAsAccess(ev)
	if !counts || ev.ActorUser == "" || ev.SrcIP == "" || len(ev.SrcIP) > 64 {
		return a, false
	}
	addr, err := netip.ParseAddr(ev.SrcIP)
	if err != nil {
		return a, false
	}
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || addr.IsUnspecified() || addr.IsLoopback() || addr.IsMulticast() {
		return a, false
	}
	key := learn.AccountKey(ev.ActorUser)
	if key == "" {
		return a, false
	}
	return access{
		time: ev.Time.UTC(), record: ev.Record, nth: ev.Nth, source: ev.Source, host: ev.Host,
		shown: ev.ActorUser, account: key, addr: addr, logon: logon, vpn: logon && isVPN(ev),
		// A tunnel that opens and an access that was served are successes
		// also where the log does not say so.
		success: ev.StatusID == event.StatusSuccess || ev.StatusID == event.StatusUnknown && ev.ClassUID != event.ClassAuthentication,
		failure: ev.StatusID == event.StatusFailure,
		mobile:  isMobile(ev.ClientApp), object: ev.Object,
	}, true
}

// countsAsAccess says which events tie an account to an address, and which of
// them are logons.
func countsAsAccess(ev *event.Event) (logon, counts bool) {
	switch ev.ClassUID {
	case event.ClassAuthentication:
		on := ev.ActivityID == event.ActivityLogon || ev.ActivityID == 0
		return on, on
	case event.ClassTunnel:
		on := ev.ActivityID == event.ActivityTunnelOpen || ev.ActivityID == 0
		return on, on
	case event.ClassFileHosting, event.ClassWebResources, event.ClassDatastore:
		return false, true
	}
	return false, false
}

func isVPN(ev *event.Event) bool {
	if ev.ClassUID == event.ClassTunnel {
		return true
	}
	switch ev.Format {
	case "openvpn", "fortigate":
		return true
	}
	return strings.Contains(strings.ToLower(ev.Source), "vpn")
}

func isMobile(client string) bool {
	for _, word := range []string{"Mobile", "iPhone", "iPad", "Android", "iOS"} {
		if strings.Contains(client, word) {
			return true
		}
	}
	return false
}

// network is the neighbourhood in which one line or carrier hands out
// addresses: /16 for IPv4, /32 for IPv6.
func network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is4() {
		bits = 16
	}
	p, _ := a.Prefix(bits) // the address is valid and the length fits
	return p
}

// sameLine reports whether two addresses look like one line that was given
// another address: the same /24, or /48.
func sameLine(a, b netip.Addr) bool {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	return err == nil && p.Contains(b)
}
