package known

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/query"
)

// maxStretches bounds the stretches of time that a term may stand for: how often
// devices had an address. maxNames bounds the accounts, networks and patterns. An
// index plans each of them apart, which is what takes its time.
const (
	maxStretches = 200
	maxNames     = 100
)

// resolver puts what events can hold in the place of one term of a query.
type resolver struct {
	*estate.Estate
	term     query.Known
	from, to time.Time // of the search; zero is open
	meaning  query.Meaning
	nodes    []query.Node // any of them
	count    counts
	kinds    []string // of the knowledge that was used
}

// resolve is the [query.Resolver] of what is known now.
func (s *Service) resolve(term query.Known, from, to time.Time) (query.Node, query.Meaning, error) {
	r := &resolver{Estate: s.Estate(), term: term, from: from, to: to}
	var err error
	switch term.Field {
	case query.FieldPerson:
		err = r.person()
	case query.FieldDevice:
		err = r.device()
	case query.FieldNetwork:
		err = r.network()
	case query.FieldItem:
		err = r.item()
	}
	if err != nil {
		return nil, r.meaning, err
	}
	r.say(s.Zone)
	return anyOf(r.nodes), r.meaning, nil
}

// person takes a person for any of the accounts, while they had them, and for
// any address of their devices, while those had it.
func (r *resolver) person() error {
	r.kinds = []string{estate.KindPeople, estate.KindDevices, estate.KindLeases}
	for _, name := range r.Persons() {
		if r.term.Fits(name) {
			r.meaning.People = append(r.meaning.People, name)
		}
	}
	if len(r.meaning.People) == 0 {
		return r.unknown(r.Persons())
	}
	if len(r.meaning.People) > maxNames {
		return r.tooMuch()
	}
	for _, name := range r.meaning.People {
		for _, c := range r.Claims(name) {
			if r.count.accounts++; r.count.accounts > maxNames {
				return r.tooMuch()
			}
			if !r.touches(c.Validity) {
				continue
			}
			r.meaning.Accounts = append(r.meaning.Accounts, written(c.Person))
			r.nodes = append(r.nodes, claimed(c))
		}
	}
	owned := func(d estate.Device) bool {
		return slices.ContainsFunc(r.meaning.People, func(name string) bool { return r.Owns(name, d.Owner) })
	}
	return r.addresses(owned)
}

// device takes a device for its addresses, while it had them, and for the host
// of its name.
func (r *resolver) device() error {
	r.kinds = []string{estate.KindDevices, estate.KindLeases}
	var names []string
	for _, name := range r.DeviceNames() {
		if r.term.Fits(name) {
			names = append(names, name)
		}
	}
	fits := func(d estate.Device) bool { return r.term.Fits(d.Name) || d.MAC != "" && r.term.Fits(d.MAC) }
	if held := r.Held(fits); len(names) == 0 && len(held) == 0 && len(r.Registered(fits)) == 0 {
		return r.unknown(r.DeviceNames())
	}
	if len(names) > maxNames {
		return r.tooMuch()
	}
	for _, name := range names {
		r.meaning.Hosts = append(r.meaning.Hosts, name)
		r.nodes = append(r.nodes, r.host(name))
	}
	return r.addresses(fits)
}

// host is the host of a device's name, with or without a domain, while the
// register has the device.
func (r *resolver) host(name string) query.Node {
	rows := r.Registered(func(d estate.Device) bool { return strings.EqualFold(d.Name, name) })
	times := make([]query.Node, 0, len(rows))
	for _, v := range estate.Holes(estate.Holes(validities(rows), time.Time{}, time.Time{}), time.Time{}, time.Time{}) {
		times = append(times, during(v))
	}
	is := query.Or{Nodes: []query.Node{equal("host", name), like("host", literal(name), ".*")}}
	if len(rows) == 0 {
		return is
	}
	return allOf(is, anyOf(times))
}

func validities(list []estate.Device) []estate.Validity {
	out := make([]estate.Validity, len(list))
	for i, d := range list {
		out[i] = d.Validity
	}
	return out
}

// addresses adds the addresses that devices had, and says when that is not
// known.
func (r *resolver) addresses(fits func(estate.Device) bool) error {
	held := r.Held(fits)
	stretches := map[string][]estate.Validity{} // by device
	for _, d := range r.Registered(fits) {
		stretches[title(d)] = nil
	}
	byAddress := map[netip.Addr][]query.Node{}
	var order []netip.Addr
	for _, d := range held {
		stretches[title(d)] = append(stretches[title(d)], d.Validity)
		if !r.touches(d.Validity) {
			continue
		}
		if r.count.stretches++; r.count.stretches > maxStretches {
			return r.tooMuch()
		}
		if byAddress[d.Address] == nil {
			order = append(order, d.Address)
			r.meaning.Addresses = append(r.meaning.Addresses, d.Address.String())
		}
		byAddress[d.Address] = append(byAddress[d.Address], during(d.Validity))
	}
	for _, addr := range order {
		r.nodes = append(r.nodes, allOf(either([]string{"src_ip", "dst_ip"}, addressIs(addr)), anyOf(byAddress[addr])))
	}
	r.holes(stretches)
	return nil
}

// network takes a network for its addresses; inside and outside are all that
// are the company's own, and all others.
func (r *resolver) network() error {
	r.kinds = []string{estate.KindNetworks}
	for _, side := range []struct {
		en, ja string
		inside bool
	}{{"inside", "社内", true}, {"outside", "社外", false}} {
		if !r.term.Wild && (r.term.Fits(side.en) || r.term.Fits(side.ja)) {
			return r.side(side.inside)
		}
	}
	var names []string
	for _, n := range r.Networks() {
		names = append(names, n.Name)
		if !r.term.Fits(n.Name) || !r.touches(n.Validity) {
			continue
		}
		r.meaning.Networks = append(r.meaning.Networks, n.Prefix.String())
		r.nodes = append(r.nodes, allOf(either([]string{"src_ip", "dst_ip"}, within(n.Prefix)), during(n.Validity)))
	}
	if !slices.ContainsFunc(names, r.term.Fits) {
		return r.unknown(append(unique(names), "inside", "outside"))
	}
	if len(r.nodes) > maxNames {
		return r.tooMuch()
	}
	return nil
}

// side takes inside for what the narrowest network says of an address and, of
// what no network tells, for the private ones.
func (r *resolver) side(inside bool) error {
	networks := r.Networks()
	if len(networks) > maxNames {
		return r.tooMuch()
	}
	r.meaning.Networks = append(r.meaning.Networks, "RFC 1918", "RFC 4193", "loopback", "link-local")
	for _, n := range networks {
		sign := "+"
		if n.Outside {
			sign = "-"
		}
		r.meaning.Networks = append(r.meaning.Networks, sign+n.Prefix.String())
	}
	is := func(column string) query.Node {
		own := insideOf(column, networks)
		if inside {
			return own
		}
		return allOf(query.Not{Node: own}, everywhere(column))
	}
	r.nodes = append(r.nodes, is("src_ip"), is("dst_ip"))
	return nil
}

// insideOf is that the address of a column was the company's own: of networks,
// the narrowest first, a broader one decides only what no narrower one does.
func insideOf(column string, networks []estate.Network) query.Node {
	var private []query.Node
	for _, text := range privateRanges() {
		private = append(private, within(netip.MustParsePrefix(text))(column))
	}
	own := anyOf(private)
	for _, n := range slices.Backward(networks) {
		here := allOf(within(n.Prefix)(column), during(n.Validity))
		if n.Outside {
			own = allOf(own, query.Not{Node: here})
		} else {
			own = anyOf([]query.Node{here, own})
		}
	}
	return own
}

// privateRanges are those that [estate.Estate.Inside] takes for inside where no
// network tells: RFC 1918, RFC 4193, loopback and link-local.
func privateRanges() []string {
	return []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10"}
}

// item takes a kind of sensitive items for the patterns of their objects and
// statements.
func (r *resolver) item() error {
	r.kinds = []string{estate.KindItems}
	var tags []string
	for _, it := range r.Items() {
		tags = append(tags, it.Tag)
		if !r.term.Fits(it.Tag) {
			continue
		}
		r.meaning.Patterns = append(r.meaning.Patterns, it.Pattern)
		r.nodes = append(r.nodes, either([]string{"object", "statement"}, func(column string) query.Node {
			if !strings.Contains(it.Pattern, "*") {
				return like(column, "*", literal(it.Pattern), "*")
			}
			parts := strings.Split(it.Pattern, "*")
			for i := range parts {
				parts[i] = literal(parts[i])
			}
			return like(column, strings.Join(parts, "*"))
		}))
	}
	if len(r.nodes) > maxNames {
		return r.tooMuch()
	}
	if len(r.nodes) == 0 {
		return r.unknown(unique(tags))
	}
	return nil
}

// touches reports whether an entry holds at some time of the search.
func (r *resolver) touches(v estate.Validity) bool {
	return (r.to.IsZero() || v.From.Before(r.to)) && (v.To.IsZero() || v.To.After(r.from))
}
