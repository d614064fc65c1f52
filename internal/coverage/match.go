package coverage

import (
	"net/netip"
	"path"
	"strings"
)

// Arrival is what is known of a live record when it arrives.
type Arrival struct {
	Sender  string     // name of the token or certificate, "" when nothing was proved
	Peer    netip.Addr // address of the other end
	Host    string     // that a syslog line names
	Program string     // that a syslog line names
}

// Matcher finds the source that a live record belongs to. The first source
// registered that matches wins.
type Matcher struct {
	sources []matched
	// Named reports whether any source asks for a host or program, which
	// whoever asks need not know otherwise.
	Named bool
}

type matched struct {
	id, zone string
	match    Match
	networks []netip.Prefix
}

// NewMatcher makes a matcher of the sources that match something. Addresses
// that are none match nothing: they were refused when they were registered.
func NewMatcher(sources []Source) *Matcher {
	m := &Matcher{}
	for _, s := range sources {
		if s.Match.IsZero() {
			continue
		}
		m.sources = append(m.sources, matched{id: s.ID, zone: s.Zone, match: s.Match, networks: s.Match.networks()})
		m.Named = m.Named || len(s.Match.Hosts)+len(s.Match.Programs) > 0
	}
	return m
}

// networks are the addresses of a match.
func (m *Match) networks() (out []netip.Prefix) {
	for _, a := range m.Addresses {
		if p, ok := Network(a); ok {
			out = append(out, p)
		}
	}
	return out
}

// Network reads an address or a network in CIDR form.
func Network(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}

// Source finds the source of an arrival with the zone of its times; ok is false
// where none matches.
func (m *Matcher) Source(a Arrival) (id, zone string, ok bool) {
	for i := range m.sources {
		if s := &m.sources[i]; s.takes(a) {
			return s.id, s.zone, true
		}
	}
	return "", "", false
}

func (s *matched) takes(a Arrival) bool {
	return oneOf(s.match.Senders, a.Sender) && s.from(a.Peer) && oneOf(s.match.Hosts, a.Host) && oneOf(s.match.Programs, a.Program)
}

func (s *matched) from(peer netip.Addr) bool {
	if len(s.match.Addresses) == 0 {
		return true
	}
	for _, n := range s.networks {
		if n.Contains(peer) {
			return true
		}
	}
	return false
}

// oneOf reports whether a name matches one of some patterns, without regard to
// case; no patterns match everything.
func oneOf(patterns []string, name string) bool {
	if len(patterns) == 0 {
		return true
	}
	for _, p := range patterns {
		if ok, err := path.Match(strings.ToLower(p), strings.ToLower(name)); err == nil && ok && name != "" {
			return true
		}
	}
	return false
}
