package people

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// maxRemembered bounds the addresses kept per account, and the accounts kept
// per address.
const maxRemembered = 64

// An account is what is known of one account.
type account struct {
	first  time.Time
	logons int
	used   []usedAddress // the one used longest ago first
	news   []time.Time   // when addresses were new, of the last days
	shared []sharedAt    // the addresses shared with others lately
}

// A sharedAt is an address that an account shared with others, and when that
// was noticed.
type sharedAt struct {
	addr netip.Addr
	at   time.Time
}

// commonDays is how long a shared address counts towards a common account.
const commonDays = 90

// shares notes that an account shares an address with others.
func (a *account) shares(addr netip.Addr, at time.Time, most int) {
	horizon := at.AddDate(0, 0, -commonDays)
	a.shared = slices.DeleteFunc(a.shared, func(s sharedAt) bool { return s.at.Before(horizon) || sameLine(s.addr, addr) })
	if len(a.shared) < most {
		a.shared = append(a.shared, sharedAt{addr, at})
	}
}

// common reports whether an account shares so many addresses with their owners
// that it must be a tool of them all ("git"), and tells nothing of who is there.
func (b *accounts) common(name string) bool {
	a := b.accounts.Find(name)
	return a != nil && b.p.CommonAddresses > 0 && len(a.shared) >= b.p.CommonAddresses
}

// telltale leaves out the accounts that everybody uses, having noted that the
// others share the address with an account.
func (b *accounts) telltale(account string, addr netip.Addr, at time.Time, list []tie) []tie {
	list = slices.DeleteFunc(list, func(t tie) bool { return b.common(t.account) })
	for _, t := range list {
		for _, name := range [...]string{t.account, account} {
			if a := b.accounts.Find(name); a != nil {
				a.shares(addr, at, b.p.CommonAddresses)
			}
		}
	}
	if b.common(account) {
		return nil
	}
	return list
}

// A usedAddress is an address an account succeeded from.
type usedAddress struct {
	addr      netip.Addr
	last      time.Time
	successes int
	logon     bool // the last success was a logon
	mobile    bool
	record    uint64
	source    string
}

// from returns what is known of the account's use of an address, or nil.
func (a *account) from(addr netip.Addr) *usedAddress {
	for i := range a.used {
		if a.used[i].addr == addr {
			return &a.used[i]
		}
	}
	return nil
}

// learn takes an access in.
func (a *account) learn(x *access, roamingDays int) {
	if !x.success {
		return
	}
	if a.first.IsZero() {
		a.first = x.time
	}
	if x.logon {
		a.logons++
	}
	u := a.from(x.addr)
	if u == nil {
		if len(a.used) == maxRemembered {
			a.used = slices.Delete(a.used, 0, 1)
		}
		a.used = append(a.used, usedAddress{addr: x.addr})
		u = &a.used[len(a.used)-1]
		if len(a.used) > 1 {
			a.news = append(a.news, x.time)
		}
	}
	horizon := x.time.AddDate(0, 0, -roamingDays)
	for len(a.news) > maxRemembered || len(a.news) > 0 && a.news[0].Before(horizon) {
		a.news = a.news[1:]
	}
	if x.time.Before(u.last) {
		u.successes++
		return
	}
	u.last, u.successes, u.logon, u.mobile, u.record, u.source = x.time, u.successes+1, x.logon, x.mobile, x.record, x.source
	slices.SortStableFunc(a.used, func(s, t usedAddress) int { return s.last.Compare(t.last) })
}

// newSince counts the addresses that were new to the account since an instant.
func (a *account) newSince(t time.Time) int {
	n := 0
	for _, at := range a.news {
		if !at.Before(t) {
			n++
		}
	}
	return n
}

// An address is what is known of one address.
type address struct {
	first    time.Time
	tied     []tie
	judged   bool // it has been watched for SharedWithin
	ordinary bool // shared by many as a matter of course
	flagged  bool // a finding about its accounts was raised
}

// A tie is one account used from an address.
type tie struct {
	account, shown string
	first          time.Time
	success        time.Time // first success; zero when there was none
	record         uint64    // of the first success, or first try
	raised         time.Time // of the last VPN finding about the two
}

func (d *address) tieOf(account string) *tie {
	for i := range d.tied {
		if d.tied[i].account == account {
			return &d.tied[i]
		}
	}
	return nil
}

// learn takes an access in. An address with more accounts than can be
// remembered is ordinary shared egress, whatever else it is.
func (d *address) learn(x *access) {
	t := d.tieOf(x.account)
	if t == nil {
		if len(d.tied) == maxRemembered {
			d.ordinary = d.ordinary || d.succeeded() > maxRemembered/2
			d.forgetTry()
		}
		if len(d.tied) == maxRemembered {
			return
		}
		d.tied = append(d.tied, tie{account: x.account, shown: x.shown, first: x.time, record: x.record})
		t = &d.tied[len(d.tied)-1]
	}
	if x.success && t.success.IsZero() {
		t.success, t.record = x.time, x.record
	}
}

// forgetTry drops the oldest account that never succeeded, so that guessing
// names does not push the others out.
func (d *address) forgetTry() {
	if i := slices.IndexFunc(d.tied, func(t tie) bool { return t.success.IsZero() }); i >= 0 {
		d.tied = slices.Delete(d.tied, i, i+1)
	}
}

// succeeded counts the accounts that succeeded from the address.
func (d *address) succeeded() int {
	n := 0
	for i := range d.tied {
		if !d.tied[i].success.IsZero() {
			n++
		}
	}
	return n
}

// others lists the accounts that succeeded from the address before an
// instant, without one.
func (d *address) others(account string, before time.Time) []tie {
	var out []tie
	for _, t := range d.tied {
		if t.account != account && !t.success.IsZero() && !t.success.After(before) {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b tie) int { return cmp.Or(a.success.Compare(b.success), cmp.Compare(a.account, b.account)) })
	return out
}

// A pool is what is known of a network: which accounts had which addresses in
// it, the first few of each.
type pool struct {
	users   map[string][]netip.Addr
	moving  int // accounts with as many addresses as are kept
	dynamic bool
}

// maxPoolUsers bounds the accounts remembered per network. Carriers have many
// users, who must be remembered until some of them have moved often enough.
const maxPoolUsers = 1024

// learnNetwork notes that an account used an address of a network. Where
// several accounts keep getting new addresses the network is a carrier's pool.
func (b *accounts) learnNetwork(a *access) {
	p, _ := b.networks.Get(network(a.addr))
	if p.dynamic {
		return
	}
	had, known := p.users[a.account]
	if !known && len(p.users) == maxPoolUsers || len(had) >= b.p.PoolAddresses || slices.Contains(had, a.addr) {
		return
	}
	if p.users == nil {
		p.users = make(map[string][]netip.Addr)
	}
	p.users[a.account] = append(had, a.addr)
	if len(had)+1 == b.p.PoolAddresses {
		p.moving++
	}
	if p.moving >= b.p.PoolAccounts {
		p.dynamic, p.users = true, nil
	}
}

// pooled reports whether an address comes from a carrier's pool.
func (b *accounts) pooled(a netip.Addr) bool {
	p := b.networks.Find(network(a))
	return p != nil && p.dynamic
}

// usersOf counts the accounts seen in an address's network, and whether one
// account is among them.
func (b *accounts) usersOf(a netip.Addr, account string) (n int, among bool) {
	p := b.networks.Find(network(a))
	if p == nil {
		return 0, false
	}
	_, among = p.users[account]
	return len(p.users), among
}
