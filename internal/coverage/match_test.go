package coverage

import (
	"net/netip"
	"testing"
)

func TestTheFirstSourceThatMatchesInEveryWayTakesARecord(t *testing.T) {
	m := NewMatcher([]Source{
		{ID: "none"},
		{ID: "vpn", Zone: "Asia/Tokyo", Match: Match{Addresses: []string{"192.0.2.1", "2001:db8::/32"}, Programs: []string{"openvpn*"}}},
		{ID: "web/app-1", Match: Match{Hosts: []string{"app-1"}}},
		{ID: "edge", Match: Match{Addresses: []string{"192.0.2.0/24"}}},
		{ID: "batch", Match: Match{Senders: []string{"batch"}}},
		{ID: "broken", Match: Match{Addresses: []string{"not an address"}}},
	})
	at := netip.MustParseAddr
	for _, c := range []struct {
		a    Arrival
		want string
	}{
		{Arrival{Peer: at("192.0.2.1"), Program: "OpenVPN-udp"}, "vpn"},
		{Arrival{Peer: at("2001:db8::7"), Program: "openvpn"}, "vpn"},
		{Arrival{Peer: at("192.0.2.1"), Program: "sshd"}, "edge"},
		{Arrival{Peer: at("192.0.2.1"), Host: "APP-1"}, "web/app-1"},
		{Arrival{Peer: at("198.51.100.1"), Sender: "batch"}, "batch"},
		{Arrival{Peer: at("198.51.100.1")}, ""},
		{Arrival{}, ""},
	} {
		id, zone, ok := m.Source(c.a)
		if id != c.want || ok != (c.want != "") || (zone != "") != (id == "vpn") {
			t.Errorf("%+v is of %q (%q, %v), want %q", c.a, id, zone, ok, c.want)
		}
	}
	if !m.Named || NewMatcher([]Source{{ID: "a", Match: Match{Senders: []string{"x"}}}}).Named {
		t.Error("whether names of hosts and programs are needed is told wrong")
	}
}
