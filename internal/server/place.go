package server

import (
	"net/netip"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/normalise/system"
)

// place says which source a record belongs to that came by a lasting connection
// or as a datagram, and in which zone its times are where they state none: the
// first registered source that matches, else what the door's protocol is called.
// A sender that proved who it is may be bound to one source.
func (s *Server) place(protocol string, id sender.Identity, peer netip.Addr, raw []byte) (source, zone, zoneFrom string) {
	m := s.Matcher()
	a := coverage.Arrival{Sender: id.Name, Peer: peer}
	if m.Named {
		a.Host, a.Program = system.Named(raw)
	}
	source, zone, ok := m.Source(a)
	if !ok && len(id.Sources) == 1 && id.Sources[0] != "*" {
		source, ok = id.Sources[0], true
	}
	if !ok {
		source = protocol
	}
	if zone != "" {
		return source, zone, "configured"
	}
	return source, s.zone(), s.zoneFrom()
}
