package estate

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Persons names all people, once each and in order: those with an account and
// those who own a device.
func (e *Estate) Persons() []string {
	if e == nil {
		return nil
	}
	names := map[string]string{}
	for key, rows := range e.persons {
		names[key] = rows[0].Name
	}
	for _, rows := range e.assets {
		for _, d := range rows {
			key := strings.ToLower(d.Owner)
			if key != "" && e.persons[key] == nil && e.people[key] == nil && (names[key] == "" || d.Owner < names[key]) {
				names[key] = d.Owner
			}
		}
	}
	return slices.Sorted(maps.Values(names))
}

// DeviceNames names all devices, once each and in order: those registered and
// those that a lease names.
func (e *Estate) DeviceNames() []string {
	if e == nil {
		return nil
	}
	names := map[string]string{}
	note := func(list []Device) {
		for _, d := range list {
			if key := strings.ToLower(d.Name); key != "" && (names[key] == "" || d.Name < names[key]) {
				names[key] = d.Name
			}
		}
	}
	for _, known := range []map[netip.Addr][]Device{e.leases, e.devices} {
		for _, list := range known {
			note(list)
		}
	}
	for _, list := range e.assets {
		note(list)
	}
	return slices.Sorted(maps.Values(names))
}

// Networks lists the networks, the narrowest first.
func (e *Estate) Networks() []Network {
	if e == nil {
		return nil
	}
	return slices.Clone(e.networks)
}

// Items lists the sensitive items, in the order of their file.
func (e *Estate) Items() []Item {
	if e == nil {
		return nil
	}
	return slices.Clone(e.items)
}

// Claim is an account of a person with the accounts of others that go before
// it: what fits one of Except is theirs, as [Estate.Person] has it.
type Claim struct {
	Person
	Except []Person
}

// Claims lists the accounts of a person, each with what others have of it.
func (e *Estate) Claims(person string) []Claim {
	var out []Claim
	for _, row := range e.Accounts(person) {
		key := strings.ToLower(row.Account)
		c := Claim{Person: row}
		same := e.people[key]
		mine := slices.Index(same, row)
		for i, x := range same {
			narrower := x.Source != "" && row.Source == ""
			earlier := i < mine && strings.EqualFold(x.Source, row.Source)
			if !strings.EqualFold(x.Name, row.Name) && (narrower || earlier) {
				c.Except = append(c.Except, x)
			}
		}
		for _, longer := range e.bare[key] {
			for _, x := range e.people[longer] {
				if !strings.EqualFold(x.Name, row.Name) && (x.Source == "" || row.Source == "" || strings.EqualFold(x.Source, row.Source)) {
					c.Except = append(c.Except, x)
				}
			}
		}
		out = append(out, c)
	}
	return out
}

// Bare is an account in lower case, and without the domain before or after it.
func Bare(account string) string {
	whole := strings.ToLower(account)
	bare, _, _ := strings.Cut(whole[strings.LastIndexByte(whole, '\\')+1:], "@")
	return bare
}

// byBare lists the accounts that are written with a domain by what they are
// without it.
func byBare(people map[string][]Person) map[string][]string {
	out := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(people)) {
		if bare := Bare(key); bare != key {
			out[bare] = append(out[bare], key)
		}
	}
	return out
}

// Owns reports whether a device's owner is a person, by name or by account.
func (e *Estate) Owns(person, owner string) bool {
	if strings.EqualFold(person, owner) {
		return true
	}
	key := strings.ToLower(owner)
	return key != "" && e != nil && e.persons[key] == nil &&
		slices.ContainsFunc(e.people[key], func(p Person) bool { return strings.EqualFold(p.Name, person) })
}

// Owner names the person who has a device, whether the register has a name or an
// account; what is neither is the owner's name.
func (e *Estate) Owner(d Device, at time.Time) string {
	if e == nil || d.Owner == "" || e.persons[strings.ToLower(d.Owner)] != nil {
		return d.Owner
	}
	if p, ok := e.Person(d.Owner, "", at); ok {
		return p.Name
	}
	return d.Owner
}

// DeviceNamed is the name of the device that a host is, with or without its
// domain; "" where none is known.
func (e *Estate) DeviceNamed(host string) string {
	if e == nil {
		return ""
	}
	host = strings.ToLower(host)
	bare, _, _ := strings.Cut(host, ".")
	for _, key := range []string{host, bare} {
		for _, d := range e.assets[key] {
			if strings.ToLower(d.Name) == key {
				return d.Name
			}
		}
	}
	return ""
}

// Registered lists the rows of the register of devices that fit, ordered by
// name.
func (e *Estate) Registered(fits func(Device) bool) []Device {
	if e == nil {
		return nil
	}
	var out []Device
	for _, key := range slices.Sorted(maps.Keys(e.assets)) {
		for _, d := range e.assets[key] {
			if strings.ToLower(d.Name) == key && fits(d) {
				out = append(out, d)
			}
		}
	}
	return out
}

// Held lists which devices that fit had which addresses, and when, ordered by
// address and time. At any instant an address is one device's: the one that
// [Estate.Device] gives.
func (e *Estate) Held(fits func(Device) bool) []Device {
	if e == nil {
		return nil
	}
	keys := map[string]bool{} // of those registered that fit
	for _, d := range e.Registered(fits) {
		for _, key := range d.keys() {
			keys[key] = true
		}
	}
	may := func(d Device) bool {
		return fits(d) || slices.ContainsFunc(d.keys(), func(key string) bool { return keys[key] })
	}
	addresses := map[netip.Addr]bool{}
	for _, known := range []map[netip.Addr][]Device{e.leases, e.devices} {
		for addr, list := range known {
			if slices.ContainsFunc(list, may) {
				addresses[addr] = true
			}
		}
	}
	var out []Device
	for _, addr := range slices.SortedFunc(maps.Keys(addresses), netip.Addr.Compare) {
		for _, d := range e.timeline(addr) {
			if fits(d) {
				out = append(out, d)
			}
		}
	}
	return out
}

// timeline tells who had an address, from the beginning of time on: the
// stretches do not overlap, and neighbours differ.
func (e *Estate) timeline(addr netip.Addr) []Device {
	leases, devices := waiting(e.leases[addr]), waiting(e.devices[addr])
	cuts := e.cuts(leases.rest, devices.rest)
	var out []Device
	for i, at := range cuts {
		d, ok := leases.at(at)
		if !ok {
			d, ok = devices.at(at)
		}
		if !ok {
			continue
		}
		d = e.registered(d, at)
		d.Validity = Validity{From: at}
		if i == 0 {
			d.From = time.Time{}
		}
		if i+1 < len(cuts) {
			d.To = cuts[i+1]
		}
		if n := len(out); n > 0 && out[n-1].To.Equal(d.From) && same(out[n-1], d) {
			out[n-1].To = d.To
			continue
		}
		out = append(out, d)
	}
	return out
}

func same(a, b Device) bool { return a.Name == b.Name && a.MAC == b.MAC && a.Owner == b.Owner }

// cuts are the instants at which it may change who had an address; the first is
// before all others.
func (e *Estate) cuts(lists ...[]Device) []time.Time {
	cuts := []time.Time{time.Time{}.Add(1)} // not the zero instant, which stands for now
	note := func(v Validity) {
		for _, at := range []time.Time{v.From, v.To} {
			if !at.IsZero() {
				cuts = append(cuts, at)
			}
		}
	}
	keys := map[string]bool{}
	for _, d := range slices.Concat(lists...) {
		note(d.Validity)
		for _, key := range d.keys() {
			keys[key] = true
		}
	}
	for key := range keys {
		for _, a := range e.assets[key] {
			note(a.Validity)
		}
	}
	slices.SortFunc(cuts, time.Time.Compare)
	return slices.CompactFunc(cuts, time.Time.Equal)
}

// queue gives, for instants that only go forward, the device that begins last
// of those that hold.
type queue struct {
	rest []Device // not begun yet, the earliest first
	open []Device // begun, the latest on top; what has ended is taken off there
}

// waiting makes a queue of devices in the order of [byAddress].
func waiting(list []Device) *queue {
	rest := slices.Clone(list)
	slices.Reverse(rest)
	return &queue{rest: rest}
}

func (q *queue) at(at time.Time) (Device, bool) {
	for len(q.rest) > 0 && !q.rest[0].From.After(at) {
		q.open, q.rest = append(q.open, q.rest[0]), q.rest[1:]
	}
	for n := len(q.open); n > 0; n = len(q.open) {
		if q.open[n-1].Holds(at) {
			return q.open[n-1], true
		}
		q.open = q.open[:n-1]
	}
	return Device{}, false
}

// Holes are the stretches of [from,to), zero being open, in which none of some
// stretches holds.
func Holes(held []Validity, from, to time.Time) []Validity {
	held = slices.Clone(held)
	slices.SortFunc(held, func(a, b Validity) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	var out []Validity
	for _, v := range held {
		if from.Before(v.From) {
			end := v.From
			if !to.IsZero() && to.Before(end) {
				end = to
			}
			out = append(out, Validity{from, end})
		}
		if v.To.IsZero() || !to.IsZero() && !v.To.Before(to) {
			return out
		}
		if v.To.After(from) {
			from = v.To
		}
		if !to.IsZero() && !from.Before(to) {
			return out
		}
	}
	return append(out, Validity{from, to})
}
