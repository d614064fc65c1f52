package estate

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// The kinds of what can be imported. Leases are read from the files of DHCP
// servers; they tell which device had an address, and add to each other.
const (
	KindPeople   = "people"
	KindNetworks = "networks"
	KindDevices  = "devices"
	KindItems    = "items"
	KindLeases   = "leases"
	KindSoftware = "software"
)

// Validity is when an entry holds: [From, To); zero means open.
type Validity struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Holds reports whether it holds at an instant; the zero instant is now and
// ever, and everything holds that has not ended.
func (v Validity) Holds(at time.Time) bool {
	if at.IsZero() {
		return v.To.IsZero()
	}
	return !at.Before(v.From) && (v.To.IsZero() || at.Before(v.To))
}

// Network is a range of addresses that the company calls its own.
type Network struct {
	Prefix  netip.Prefix `json:"prefix"`
	Name    string       `json:"name"`
	Outside bool         `json:"outside,omitzero"` // known, but not inside: a partner's, a cloud's
	Validity
}

// Device is a device that had an address, or is known by its MAC alone.
type Device struct {
	Address netip.Addr `json:"address,omitzero"`
	Name    string     `json:"name,omitempty"`
	MAC     string     `json:"mac,omitempty"` // lower case, colons
	Owner   string     `json:"owner,omitempty"`
	Validity
}

// Person is one account of a person. One who has several has several rows.
type Person struct {
	Name    string `json:"name"`
	Account string `json:"account"`
	Source  string `json:"source,omitempty"` // of which the account is; "" for all
	Validity
}

// Item is what must not leave: a pattern of objects (documents, tables, paths)
// and what they are.
type Item struct {
	Pattern string `json:"pattern"` // * stands for any text; without one the object contains it
	Tag     string `json:"tag"`
}

// Edition is one imported file, as its own record holds it.
type Edition struct {
	At       time.Time  `json:"at"`
	By       string     `json:"by"`
	Op       string     `json:"op"` // "estate.import"
	Kind     string     `json:"kind"`
	File     string     `json:"file"`
	SHA256   string     `json:"sha256"`  // of the file
	Version  int        `json:"version"` // of its kind, from 1
	People   []Person   `json:"people,omitempty"`
	Networks []Network  `json:"networks,omitempty"`
	Devices  []Device   `json:"devices,omitempty"`
	Items    []Item     `json:"items,omitempty"`
	Software []Software `json:"software,omitempty"`
	Record   uint64     `json:"-"` // that holds it
}

// Rows counts the entries of an edition.
func (e *Edition) Rows() int {
	return len(e.People) + len(e.Networks) + len(e.Devices) + len(e.Items) + len(e.Software)
}

// Estate is what is known. It never changes: [Estate.With] makes another. The
// nil Estate knows nothing.
type Estate struct {
	editions []Edition // all, in order of their records, without their rows
	networks []Network // longest prefix first
	people   map[string][]Person
	persons  map[string][]Person // by lower-case name
	bare     map[string][]string // accounts with a domain, by what they are without it
	leases   map[netip.Addr][]Device
	devices  map[netip.Addr][]Device
	assets   map[string][]Device // the register, by MAC and by lower-case name
	items    []Item
	software []Software // all that ever was, in order of the editions
}

// With gives the estate with one edition more. An edition of a record that was
// taken in before changes nothing.
func (e *Estate) With(ed Edition) *Estate {
	next := &Estate{}
	if e != nil {
		if slices.ContainsFunc(e.editions, func(x Edition) bool { return x.Record == ed.Record }) {
			return e
		}
		*next = *e
	}
	head := ed
	head.People, head.Networks, head.Devices, head.Items, head.Software = nil, nil, nil, nil, nil
	next.editions = append(slices.Clone(next.editions), head)
	switch ed.Kind {
	case KindNetworks:
		next.networks = slices.Clone(ed.Networks)
		slices.SortStableFunc(next.networks, func(a, b Network) int { return b.Prefix.Bits() - a.Prefix.Bits() })
	case KindPeople:
		next.people, next.persons = map[string][]Person{}, map[string][]Person{}
		for _, p := range ed.People {
			account, name := strings.ToLower(p.Account), strings.ToLower(p.Name)
			next.people[account] = append(next.people[account], p)
			next.persons[name] = append(next.persons[name], p)
		}
		next.bare = byBare(next.people)
	case KindItems:
		next.items = ed.Items
	case KindSoftware:
		next.software = withSoftware(next.software, &ed)
	case KindLeases:
		next.leases = byAddress(next.leases, ed.Devices)
	case KindDevices:
		next.devices, next.assets = byAddress(nil, ed.Devices), map[string][]Device{}
		for _, d := range ed.Devices {
			for _, key := range d.keys() {
				next.assets[key] = append(next.assets[key], d)
			}
		}
	}
	return next
}

// byAddress adds devices to those of each address, the latest first.
func byAddress(old map[netip.Addr][]Device, list []Device) map[netip.Addr][]Device {
	out := make(map[netip.Addr][]Device, len(old)+len(list))
	for _, d := range list {
		if d.Address.IsValid() {
			out[d.Address] = append(out[d.Address], d)
		}
	}
	for addr, devices := range old {
		out[addr] = append(out[addr], devices...)
	}
	for addr, devices := range out {
		slices.SortStableFunc(devices, func(a, b Device) int { return cmp.Or(b.From.Compare(a.From), strings.Compare(a.MAC, b.MAC)) })
		out[addr] = slices.CompactFunc(devices, func(a, b Device) bool { // what a later file says of the same lease
			return a.MAC != "" && a.MAC == b.MAC && a.From.Equal(b.From)
		})
	}
	return out
}

// Editions lists what was imported, oldest first, without the rows.
func (e *Estate) Editions() []Edition {
	if e == nil {
		return nil
	}
	return slices.Clone(e.editions)
}

// Version is the number of the newest edition of a kind, 0 when there is none.
func (e *Estate) Version(kind string) (n int) {
	for _, ed := range e.Editions() {
		if ed.Kind == kind {
			n = ed.Version
		}
	}
	return n
}

// Network gives the narrowest own network that an address was in.
func (e *Estate) Network(addr netip.Addr, at time.Time) (Network, bool) {
	if e == nil {
		return Network{}, false
	}
	addr = addr.Unmap()
	for _, n := range e.networks {
		if n.Prefix.Contains(addr) && n.Holds(at) {
			return n, true
		}
	}
	return Network{}, false
}

// Inside reports whether an address was the company's own: in one of its
// networks, or, of what no network tells, a private one (RFC 1918, RFC 4193).
func (e *Estate) Inside(addr netip.Addr, at time.Time) bool {
	if n, ok := e.Network(addr, at); ok {
		return !n.Outside
	}
	addr = addr.Unmap()
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast()
}

// Device gives the device that had an address at an instant. What a lease does
// not tell is taken from the register of devices, by MAC or name.
func (e *Estate) Device(addr netip.Addr, at time.Time) (Device, bool) {
	if e == nil {
		return Device{}, false
	}
	for _, known := range []map[netip.Addr][]Device{e.leases, e.devices} {
		list := known[addr.Unmap()]
		for _, d := range list[begun(list, at):] {
			if d.Holds(at) {
				return e.registered(d, at), true
			}
		}
	}
	return Device{}, false
}

// begun skips the devices, the latest first, that had not begun at an instant.
func begun(list []Device, at time.Time) int {
	if at.IsZero() {
		return 0
	}
	i, _ := slices.BinarySearchFunc(list, at, func(d Device, at time.Time) int {
		if d.From.After(at) {
			return -1
		}
		return 1
	})
	return i
}

// registered adds to a device what the register of devices says of it at an
// instant.
func (e *Estate) registered(d Device, at time.Time) Device {
	for _, key := range d.keys() {
		for _, a := range slices.Backward(e.assets[key]) { // a later row corrects an earlier one
			if a.Holds(at) {
				d.Name, d.Owner = cmp.Or(a.Name, d.Name), cmp.Or(d.Owner, a.Owner)
				break
			}
		}
	}
	return d
}

// keys are what a device is registered under: its MAC and its name.
func (d Device) keys() (keys []string) {
	for _, key := range []string{d.MAC, strings.ToLower(d.Name)} {
		if key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// Person gives whose an account of a source was. A row of that source goes before
// one of every source, then the earlier row counts. A domain before or after the
// account is left out where nobody has the account with it.
func (e *Estate) Person(account, source string, at time.Time) (Person, bool) {
	if e == nil || account == "" {
		return Person{}, false
	}
	whole := strings.ToLower(account)
	for _, name := range []string{whole, Bare(account)} {
		for _, exact := range []bool{true, false} {
			for _, p := range e.people[name] {
				if (strings.EqualFold(p.Source, source) || !exact && (p.Source == "" || source == "")) && p.Holds(at) {
					return p, true
				}
			}
		}
	}
	return Person{}, false
}

// Accounts lists the accounts of a person.
func (e *Estate) Accounts(person string) []Person {
	if e == nil {
		return nil
	}
	return slices.Clone(e.persons[strings.ToLower(person)])
}

// Sensitive gives what an object is, by the first pattern that fits it.
func (e *Estate) Sensitive(object string) (tag string, ok bool) {
	if e == nil || object == "" {
		return "", false
	}
	object = strings.ToLower(object)
	for _, it := range e.items {
		pattern := strings.ToLower(it.Pattern)
		if !strings.Contains(pattern, "*") && strings.Contains(object, pattern) || fits(pattern, object) {
			return it.Tag, true
		}
	}
	return "", false
}

// fits matches a pattern of which * is any text.
func fits(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
