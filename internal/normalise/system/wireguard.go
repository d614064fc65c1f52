package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// readWireGuard reads what WireGuard's kernel module tells with dynamic
// debugging (receive.c, send.c, noise.c): "wireguard: wg0: text". A peer is told
// by its number and address only; WireGuard knows no accounts.
func readWireGuard(ev *event.Event, s string) {
	name, text, _ := strings.Cut(strings.TrimPrefix(s, "wireguard: "), ": ")
	ev.ClassUID, ev.ActivityID = event.ClassTunnel, event.ActivityOther
	ev.Object = name
	ev.Add("interface", name)
	switch {
	case strings.HasPrefix(text, "Invalid "), strings.HasPrefix(text, "Packet has unallowed"), strings.HasPrefix(text, "Packet is neither"),
		strings.Contains(text, "did not complete after"), strings.Contains(text, "denied because of"):
		ev.StatusID = event.StatusFailure
	case strings.HasPrefix(text, "Receiving handshake"), strings.HasPrefix(text, "Sending handshake"):
	case strings.HasPrefix(text, "Keypair ") && strings.Contains(text, " created for peer "):
		ev.ActivityID, ev.StatusID = event.ActivityTunnelOpen, event.StatusSuccess
	case strings.HasPrefix(text, "Keypair ") && strings.Contains(text, " destroyed for peer "), strings.HasPrefix(text, "Zeroing out all keys"):
		ev.ActivityID, ev.StatusID = event.ActivityTunnelClose, event.StatusSuccess
	}
	code, _, _ := strings.Cut(text, " from ")
	ev.EventCode = code
	if _, after, ok := strings.Cut(text, "peer "); ok {
		number, _, _ := strings.Cut(after, " ")
		ev.SessionUID = number
		ev.Add("peer", number)
		ev.EventCode = ""
	}
	for _, mark := range [...]string{" from ", "("} {
		_, after, _ := strings.Cut(text, mark)
		word, _, _ := strings.Cut(after, " ")
		if ip, port := format.AddressPort(strings.TrimRight(word, "),;")); ip != "" {
			ev.SrcIP, ev.SrcPort = ip, port
			return
		}
	}
}
