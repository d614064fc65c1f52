// Package people is the baselines about accounts and the persons behind them.
package people

import (
	"net/netip"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/place"
	"github.com/konseki/konseki/internal/event"
)

// Builders are the baselines about accounts and the persons behind them. With
// places they also know where an address is; nil is fine.
func Builders(places *place.Places) []learn.Builder {
	return []learn.Builder{newAccounts, func(k *learn.Kit) learn.Baseline { return newPersons(k, places) }}
}

// persons are the baselines that share what is remembered of people's habits.
//
// What they remember has an end: a finding depends on the events of a stated
// time before it and on nothing older, so that it is the same whenever the
// watch began.
type persons struct {
	kit    *learn.Kit
	places *place.Places

	habits    *bounded.Table[string, habit]
	visitors  *bounded.Table[netip.Addr, throng]   // accounts by address
	networks  *bounded.Table[netip.Prefix, throng] // accounts that move within a network
	residents *bounded.Table[string, learn.Dayset] // days of use by country
	found     *bounded.Table[netip.Addr, foundPlace]

	audiences *bounded.Table[string, audience] // by source
	staff     int                              // so many accounts a week make a source one for customers
	current   use                              // the one being judged
	families  *bounded.Table[string, string]   // of clients, by what they call themselves

	egress  egressParams
	seen    learn.Dayset // days of use of whatever account
	country newCountry
	client  newClient
	overlap overlap
	travel  travel
	route   route
	hours   hours
	dormant dormant
	crowds  crowds
	spray   spray
	contain containment
	blocked blocked
	admins  administrators
}

// Limits of what is remembered in all; per entry see people_memory.go.
const (
	maxPersons   = 20_000
	maxVisited   = 30_000
	maxCountries = 300
	maxFamilies  = 2_000
	maxAudiences = 200
)

func newPersons(k *learn.Kit, places *place.Places) learn.Baseline {
	if places == nil {
		places = place.New()
	}
	b := &persons{kit: k, places: places}
	b.habits = bounded.NewTable[string, habit](maxPersons, k.Evicted())
	b.visitors = bounded.NewTable[netip.Addr, throng](maxVisited, k.Evicted())
	b.networks = bounded.NewTable[netip.Prefix, throng](maxVisited/4, k.Evicted())
	b.residents = bounded.NewTable[string, learn.Dayset](maxCountries, k.Evicted())
	b.found = bounded.NewTable[netip.Addr, foundPlace](maxVisited/4, new(uint64)) // nor these
	b.audiences = bounded.NewTable[string, audience](maxAudiences, k.Evicted())
	b.families = bounded.NewTable[string, string](maxFamilies, new(uint64)) // forgetting these loses nothing
	b.tuneNewCountry(k.Tune("baseline-new-country"))
	b.tuneNewClient(k.Tune("baseline-new-client"))
	b.tuneOverlap(k.Tune("baseline-overlapping-sessions"))
	b.tuneTravel(k.Tune("baseline-impossible-travel"))
	b.tuneRoute(k.Tune("baseline-outside-route"))
	b.tuneHours(k.Tune("baseline-unusual-hours"))
	b.tuneDormant(k.Tune("baseline-dormant-account"))
	b.tuneCrowds(k.Tune("baseline-shared-account"))
	b.tuneSpraying(k)
	b.tuneContainment(k)
	b.tuneBlocked(k.Tune("baseline-blocked-address"))
	b.tuneAdministrators(k.Tune("baseline-new-administrator"))
	return b
}

func (b *persons) Rules() []finding.Info {
	return []finding.Info{
		b.country.info, b.client.info, b.overlap.info, b.travel.info, b.route.info, b.hours.info, b.dormant.info,
		b.crowds.info, b.spray.info, b.spray.guessInfo, b.contain.info, b.blocked.info, b.admins.info,
	}
}

func (b *persons) Wants(ev *event.Event) bool {
	switch ev.ClassUID {
	case event.ClassAuthentication, event.ClassTunnel:
		return true
	case event.ClassFileHosting, event.ClassWebResources:
		return ev.ActorUser != "" && ev.SrcIP != ""
	case event.ClassDatastore:
		return ev.ActivityID == event.ActivityDatastoreConnect && ev.ActorUser != "" && ev.SrcIP != ""
	case event.ClassAccountChange:
		return true
	case event.ClassGroup, event.ClassAPI, event.ClassBase:
		return len(ev.Notes) > 0 && ev.Note("granted") != ""
	}
	return false
}

func (b *persons) Observe(ev *event.Event) {
	switch ev.ClassUID {
	case event.ClassGroup, event.ClassAPI, event.ClassBase:
		b.seen.Mark(learn.DayOf(ev.Time))
		b.granted(ev)
		return
	case event.ClassAccountChange:
		b.seen.Mark(learn.DayOf(ev.Time))
		b.granted(ev)
		b.changed(ev)
		return
	}
	b.closes(ev)
	if a, ok := accessOf(ev); ok {
		b.judge(b.useOf(ev, a))
	}
}

func (b *persons) Advance(now time.Time) {
	b.settleUntil(now)
	b.remark()
}

// A use is an access with what else is known of it.
type use struct {
	access
	day     int32
	place   place.Place // the zero Place when unknown
	client  string      // the client's family and platform, "" when not stated
	device  string      // the identity of a managed device
	unknown bool        // the log says that the account does not exist
	session string
	class   int32
}

// useOf completes an access.
func (b *persons) useOf(ev *event.Event, a access) *use {
	u := &b.current
	*u = use{access: a, day: learn.DayOf(a.time), session: ev.SessionUID, class: ev.ClassUID}
	client := ev.ClientApp
	for i := range ev.Notes {
		switch ev.Notes[i].Name {
		case "device":
			u.device = ev.Notes[i].Value
		case "client":
			client = ev.Notes[i].Value
		case "unknown_account":
			u.unknown = true
		}
	}
	u.client, u.mobile = b.family(client), isMobile(client)
	u.place = b.placeOf(ev, a.addr)
	return u
}

// family is clientFamily, remembered.
func (b *persons) family(client string) string {
	if client == "" || len(client) > maxClientName {
		return ""
	}
	f, known := b.families.Get(client)
	if !known {
		*f = clientFamily(client)
	}
	return *f
}

// A foundPlace is what the operator's database says of an address.
type foundPlace struct{ at place.Place }

// placeOf tells where a use came from, and remembers what the database said.
func (b *persons) placeOf(ev *event.Event, addr netip.Addr) place.Place {
	if len(ev.Notes) > 0 {
		if at, ok := b.places.Noted(ev); ok {
			return at
		}
	}
	if !b.places.HasDatabase() || addr.IsPrivate() {
		return place.Place{}
	}
	f, known := b.found.Get(addr)
	if !known {
		f.at, _ = b.places.OfAddress(addr)
	}
	return f.at
}

// judge runs the baselines over one use, then learns from it.
func (b *persons) judge(u *use) {
	b.settleUntil(u.time)
	h := b.habits.Find(u.account)
	b.guessed(u, h)
	b.blockedAddress(u)
	if !u.success {
		b.remark()
		return
	}
	b.outsideApproved(u)
	b.contained(u, h)
	if b.serves(u) {
		b.remark()
		return // customers come and go as they like
	}
	b.outsideHours(u)
	if h != nil && !strings.HasSuffix(u.account, "$") { // the accounts of machines have no habits
		b.judgeCountry(u, h)
		b.judgeClient(u, h)
		b.judgeTravel(u, h)
		b.judgeRoute(u, h)
		b.judgeHours(u, h)
		b.judgeDormant(u, h)
		b.judgeCrowd(u, h)
	}
	b.opens(u, h)
	b.learn(u)
	b.remark()
}

// serves reports whether a source serves customers, whose habits are theirs.
func (b *persons) serves(u *use) bool {
	a, _ := b.audiences.Get(u.source)
	a.add(u.account, u.day, b.staff)
	return a.crowded.Any(u.day-learn.MaxDays, u.day)
}

// learn takes a success in.
func (b *persons) learn(u *use) {
	b.seen.Mark(u.day)
	h, _ := b.habits.Get(strings.Clone(u.account))
	b.learnMove(u, h)
	h.learn(u)
	v, _ := b.visitors.Get(u.addr)
	v.add(h.account, u.day, 1, b.egress.accounts)
	if u.place.Country != "" {
		r, _ := b.residents.Get(u.place.Country)
		r.Mark(u.day)
	}
}

// egressParams say what counts as an address that many people share.
type egressParams struct {
	accounts int // so many accounts on each of several days make an address shared egress
	moving   int // so many accounts that move within a network in a week make it a pool
	days     int32
}

// egressDays is how many crowded days make an address shared egress.
const egressDays = 3

// shared reports whether an address says little about a person: that of an
// office, a VPN or proxy that several used on earlier days, or one of a
// carrier's pool.
func (b *persons) shared(addr netip.Addr, day int32) bool {
	if v := b.visitors.Find(addr); v != nil && v.crowded.Count(day-b.egress.days, day-1) >= egressDays {
		return true
	}
	return b.pooled(addr, day)
}

// pooled reports whether several people keep getting new addresses of a network.
func (b *persons) pooled(addr netip.Addr, day int32) bool {
	n := b.networks.Find(network(addr))
	return n != nil && n.crowded.Any(day-b.egress.days, day-1)
}

// moveDays is how long an address is held for an account's present one.
const moveDays = 30

// learnMove notes that an account got another address of a network that it was
// seen in within the last month.
func (b *persons) learnMove(u *use, h *habit) {
	if u.addr.IsPrivate() || h.addresses.known(u.addr, u.day, moveDays) {
		return
	}
	for i := range h.addresses {
		if a := &h.addresses[i]; network(a.key) == network(u.addr) && a.days.Any(u.day-moveDays, u.day) {
			n, _ := b.networks.Get(network(u.addr))
			n.add(h.account, u.day, 7, b.egress.moving)
			return
		}
	}
}

// learned reports whether an account's habits are known: it was used so long
// ago, and since then on at least half as many days.
func (h *habit) learned(day int32, learn, remember int32) bool {
	return h.days.Any(day-remember, day-learn) && h.days.Count(day-remember, day-1) >= int(learn/2)
}

// watching reports whether konseki itself has been at it for so long.
func (b *persons) watching(day int32, learn, remember int32) bool {
	return b.seen.Any(day-remember, day-learn) && b.seen.Count(day-remember, day-1) >= int(learn/2)
}

// aboutUse begins a finding about a use.
func aboutUse(u *use, level string) finding.Finding { return about(&u.access, level) }

// span is a parameter in whole days, at most what is remembered.
func (b *persons) span(t *learn.Tuning, name string, def time.Duration) int32 {
	d := t.Duration(name, def)
	if d > learn.MaxDays*learn.Day {
		t.Refuse(name, "at most %dd are remembered", learn.MaxDays)
		d = learn.MaxDays * learn.Day
	}
	return int32(d / learn.Day)
}
