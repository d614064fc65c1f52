package people

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
)

// Limits of what is remembered per account, address, country and network.
const (
	maxAddresses = 16
	maxClients   = 8
	maxDevices   = 4
	maxVisitors  = 16 // per pair of places
)

// A sighting is something an account or address was seen with.
type sighting[K comparable] struct {
	key    K
	last   int64 // Unix milliseconds
	record uint64
	days   learn.Dayset
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
	return f != nil && f.days.Any(day-days, day)
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
	f.days.Mark(learn.DayOf(at))
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
		if s[i].days.Any(day-days, day) {
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
	last      time.Time    // of the last use
	days      learn.Dayset // of use
	located   learn.Dayset // of use from a place that is known
	public    learn.Dayset // of use from public addresses outside the VPN
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
	h.last = learn.Later(h.last, u.time)
	h.days.Mark(u.day)
	h.addresses.see(u.addr, u.time, u.record, maxAddresses)
	if u.place.Country != "" {
		h.located.Mark(u.day)
		h.countries.see(u.place.Country, u.time, u.record, maxClients)
	}
	if u.client != "" {
		h.clients.see(u.client, u.time, u.record, maxClients)
	}
	if u.device != "" {
		h.devices.see(strings.Clone(u.device), u.time, u.record, maxDevices)
	}
	if !u.vpn && !u.addr.IsPrivate() {
		h.public.Mark(u.day)
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
		if (a.key == u.addr || sameLine(a.key, u.addr)) && a.days.Any(u.day-days, u.day) {
			return true
		}
	}
	return false
}

// knowsNetwork reports whether an account is known from an address's network.
func (h *habit) knowsNetwork(u *use, days int32) bool {
	for i := range h.addresses {
		if network(h.addresses[i].key) == network(u.addr) && h.addresses[i].days.Any(u.day-days, u.day) {
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
	crowded learn.Dayset // days on which the period's members became, or were, many
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
		g.crowded.Mark(day)
	}
}

// An audience notices sources that serve the public: more accounts succeed there
// in a week than a company has people.
type audience struct {
	week    int32
	members map[string]struct{}
	crowded learn.Dayset
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
		a.crowded.Mark(day)
	}
}
