package coverage

import (
	"net/netip"
	"slices"

	"github.com/konseki/konseki/internal/event"
)

// strays are the losses without a name that may be of a source: those of doors of
// the kind that it comes by, unless the address they came from is none of its
// registered ones. What was dropped is missing. What was refused was never a
// record: its sender may keep it, and may have been nobody's.
func strays(s *Source, anyones []Loss) (dropped, refused []Loss) {
	if s.Ack == "" || len(anyones) == 0 {
		return nil, nil
	}
	networks := s.Match.networks()
	for _, l := range anyones {
		switch {
		case AckOf(l.Door) != s.Ack || elsewhere(l.Host, networks):
		case l.Kind == event.LossDropped:
			dropped = append(dropped, l)
		default:
			refused = append(refused, l)
		}
	}
	return dropped, refused
}

// elsewhere reports whether a sender's address is in none of some networks; false
// where either is not known.
func elsewhere(host string, networks []netip.Prefix) bool {
	a, err := netip.ParseAddr(host)
	if err != nil || len(networks) == 0 {
		return false
	}
	a = a.Unmap().WithZone("")
	return !slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// restsOnArrival reports whether a proof is of what arrived: it tells nothing of
// what was turned away. Numbers, digests, cursors, files and people do.
func restsOnArrival(proof string) bool {
	switch event.Proof(proof) {
	case event.ProofAcknowledged, event.ProofHeartbeat, event.ProofRhythm:
		return true
	}
	return false
}
