package baseline

import (
	"cmp"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Limits of what is remembered per account, address, country and network.
const (
	maxAddresses = 16
	maxClients   = 8
	maxDevices   = 4
	maxVisitors  = 16 // per pair of places
)

// maxDays is the longest that days are remembered.
const maxDays = 120

func tooLong(id, name string) error {
	return fmt.Errorf("baseline %s: parameter %s: at most %dd are remembered", id, name, maxDays)
}

// dayOf numbers the days since 1970 in UTC.
func dayOf(t time.Time) int32 {
	s := t.Unix()
	return int32((s - (s%86400+86400)%86400) / 86400)
}

// A dayset is the days, of the 128 up to the last one, on which something was seen.
type dayset struct {
	last int32
	bits [2]uint64 // bit i of bits[0] is the day last-i
}

// mark adds a day.
func (d *dayset) mark(day int32) {
	switch ahead := int64(day) - int64(d.last); {
	case d.bits == [2]uint64{} || ahead >= 128:
		*d = dayset{last: day, bits: [2]uint64{1}}
	case ahead > 0:
		d.shift(uint(ahead))
		d.bits[0] |= 1
		d.last = day
	case ahead > -64:
		d.bits[0] |= 1 << uint(-ahead)
	case ahead > -128:
		d.bits[1] |= 1 << uint(-ahead-64)
	}
}

func (d *dayset) shift(n uint) {
	if n >= 64 {
		d.bits = [2]uint64{0, d.bits[0] << (n - 64)}
		return
	}
	d.bits = [2]uint64{d.bits[0] << n, d.bits[1]<<n | d.bits[0]>>(64-n)}
}

// count is the number of days seen from one day to another, both included.
func (d *dayset) count(from, to int32) int {
	n := 0
	low, high := max(int64(d.last)-int64(to), 0), min(int64(d.last)-int64(from), 127)
	if low > high {
		return 0
	}
	for w := range d.bits {
		word := d.bits[w]
		base := int64(w * 64)
		if high < base || low > base+63 {
			continue
		}
		word &= ^uint64(0) << uint(max(low-base, 0))
		if high-base < 63 {
			word &= 1<<uint(high-base+1) - 1
		}
		n += bits.OnesCount64(word)
	}
	return n
}

func (d *dayset) any(from, to int32) bool { return d.count(from, to) > 0 }

// since is the number of days from the first one seen in a stretch to its end.
func (d *dayset) since(from, to int32) int {
	for day := from; day <= to; day++ {
		if d.any(day, day) {
			return int(to - day)
		}
	}
	return 0
}

// A sighting is something an account or address was seen with.
type sighting[K comparable] struct {
	key    K
	last   int64 // Unix milliseconds
	record uint64
	days   dayset
}

func (s *sighting[K]) at() time.Time { return time.UnixMilli(s.last).UTC() }

// sightings are in the order of their last time, the one seen longest ago first.
type sightings[K comparable] []sighting[K]

// find returns the sighting of a key, or nil.
func (s sightings[K]) find(key K) *sighting[K] {
	for i := range s {
		if s[i].key == key {
			return &s[i]
		}
	}
	return nil
}

// known reports whether a key was seen in the days before and including one.
func (s sightings[K]) known(key K, day, days int32) bool {
	f := s.find(key)
	return f != nil && f.days.any(day-days, day)
}

// see takes a sighting in. When there are too many, the one seen longest ago is
// forgotten: what is kept are always the ones seen last, whenever one began.
func (s *sightings[K]) see(key K, at time.Time, record uint64, most int) {
	f := s.find(key)
	if f == nil {
		if len(*s) == most {
			*s = slices.Delete(*s, 0, 1)
		}
		*s = append(*s, sighting[K]{key: key})
		f = &(*s)[len(*s)-1]
	}
	f.days.mark(dayOf(at))
	if ms := at.UnixMilli(); ms >= f.last {
		f.last, f.record = ms, record
		if f != &(*s)[len(*s)-1] || len(*s) > 1 && (*s)[len(*s)-2].last > ms {
			slices.SortStableFunc(*s, func(a, b sighting[K]) int { return cmp.Compare(a.last, b.last) })
		}
	}
}

// among counts the keys seen in the days before and including one.
func (s sightings[K]) among(day, days int32) int {
	n := 0
	for i := range s {
		if s[i].days.any(day-days, day) {
			n++
		}
	}
	return n
}

// latest is the sighting seen last, or nil.
func (s sightings[K]) latest() *sighting[K] {
	if len(s) == 0 {
		return nil
	}
	return &s[len(s)-1]
}

// A habit is what is known of one account that was used with success.
type habit struct {
	account   string
	last      time.Time // of the last use
	days      dayset    // of use
	located   dayset    // of use from a place that is known
	public    dayset    // of use from public addresses outside the VPN
	addresses sightings[netip.Addr]
	countries sightings[string]
	clients   sightings[string]
	devices   sightings[string]
	trail     trail
	week      week
	crowd     crowd
}

// learn takes a success in.
func (h *habit) learn(u *use) {
	if h.account == "" {
		h.account = strings.Clone(u.account)
	}
	h.last = later(h.last, u.time)
	h.days.mark(u.day)
	h.addresses.see(u.addr, u.time, u.record, maxAddresses)
	if u.place.Country != "" {
		h.located.mark(u.day)
		h.countries.see(u.place.Country, u.time, u.record, maxClients)
	}
	if u.client != "" {
		h.clients.see(u.client, u.time, u.record, maxClients)
	}
	if u.device != "" {
		h.devices.see(strings.Clone(u.device), u.time, u.record, maxDevices)
	}
	if !u.vpn && !u.addr.IsPrivate() {
		h.public.mark(u.day)
	}
	h.trail.learn(u)
	h.week.learn(u)
	h.crowd.learn(u)
}

// knowsClient reports whether an account is known to use a client or device.
func (h *habit) knowsClient(u *use, days int32) bool {
	return u.client != "" && h.clients.known(u.client, u.day, days) || u.device != "" && h.devices.known(u.device, u.day, days)
}

// knowsAddress reports whether an account is known from an address or line.
func (h *habit) knowsAddress(u *use, days int32) bool {
	for i := range h.addresses {
		a := &h.addresses[i]
		if (a.key == u.addr || sameLine(a.key, u.addr)) && a.days.any(u.day-days, u.day) {
			return true
		}
	}
	return false
}

// knowsNetwork reports whether an account is known from an address's network.
func (h *habit) knowsNetwork(u *use, days int32) bool {
	for i := range h.addresses {
		if network(h.addresses[i].key) == network(u.addr) && h.addresses[i].days.any(u.day-days, u.day) {
			return true
		}
	}
	return false
}

// A throng notices the days on which many accounts share something: an
// address, a network, a country. It counts by periods of whole days since 1970,
// so that it does not matter when one began to look.
type throng struct {
	period  int32
	members []string
	crowded dayset // days on which the period's members became, or were, many
}

// add counts an account in the period of so many days that a day belongs to.
func (g *throng) add(account string, day, length int32, many int) {
	period := day / length
	if period < g.period || many == 0 {
		return
	}
	if period > g.period {
		g.period, g.members = period, g.members[:0]
	}
	if len(g.members) < many && !slices.Contains(g.members, account) {
		g.members = append(g.members, account)
	}
	if len(g.members) >= many {
		g.crowded.mark(day)
	}
}

// An audience notices sources that serve the public: more accounts succeed there
// in a week than a company has people.
type audience struct {
	week    int32
	members map[string]struct{}
	crowded dayset
}

// add counts an account in the week of a day.
func (a *audience) add(account string, day int32, many int) {
	week := day / 7
	if week < a.week {
		return
	}
	if week > a.week || a.members == nil {
		a.week, a.members = week, make(map[string]struct{})
	}
	if _, known := a.members[account]; !known && len(a.members) < many {
		a.members[strings.Clone(account)] = struct{}{}
	}
	if len(a.members) >= many {
		a.crowded.mark(day)
	}
}
