package people

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/place"
)

type travel struct {
	speed    int // km/h
	distance int // km
	slack    int // km
	accounts int
	remember int32
	pairs    *bounded.Table[placePair, commute]
	info     finding.Info
}

// A placePair is two places, the lesser first.
type placePair struct{ a, b string }

// A commute is which accounts alternate between two places.
type commute struct {
	by  sightings[string]
	all throng // by weeks
}

// A trail is the last use of an account whose place is known.
type trail struct {
	at     time.Time
	addr   netip.Addr
	place  place.Place
	record uint64
	mobile bool
}

func (t *trail) learn(u *use) {
	if u.place != (place.Place{}) && !u.addr.IsPrivate() && !u.time.Before(t.at) {
		*t = trail{u.time, u.addr, u.place, u.record, u.mobile}
	}
}

func (b *persons) tuneTravel(t *learn.Tuning) {
	p := &b.travel
	p.speed, p.distance, p.slack = t.Int("km_per_hour", 900), t.Int("km", 500), t.Int("country_slack_km", 1500)
	p.accounts, p.remember = t.Int("egress_accounts", 3), b.span(t, "remember", 90*learn.Day)
	p.pairs = bounded.NewTable[placePair, commute](5_000, b.kit.Evicted())
	p.info = finding.Info{
		ID:    "baseline-impossible-travel",
		Title: "Account used from two places too far apart", TitleJA: "移動できない距離の二か所からアカウントが使われた",
		Description: "An account succeeds from two places within less time than an airliner needs. Where only the country is known, its middle is taken " +
			"and country_slack_km is forgiven. Pairs of places that several accounts alternate between, or the account itself on earlier days, are " +
			"VPN or proxy egress and are left out, as are shared addresses. Low where a phone takes part or the account is at home in both. " +
			"It cannot see distances within a country without coordinates.",
		DescriptionJA: "旅客機でも間に合わない時間のうちに、離れた二か所からアカウントが成功した。国しか分からないときはその中央とみなし、country_slack_km だけ差し引く。" +
			"複数のアカウントが行き来する二か所、または本人が以前から行き来する二か所は VPN やプロキシーの出口とみて除き、共用の接続元も除く。" +
			"携帯端末が関わるとき、またはどちらも普段の国であるときは「低」。座標がなければ国内の移動は見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.initial-access", "attack.t1078"},
		Params: t.Params(),
	}
}

// judgeTravel compares a success with the one before it.
func (b *persons) judgeTravel(u *use, h *habit) {
	p, from := &b.travel, &h.trail
	gap := u.time.Sub(from.at)
	if u.place == (place.Place{}) || from.record == 0 || gap < 0 || gap > learn.Day || from.addr == u.addr || u.addr.IsPrivate() {
		return
	}
	km := p.between(from.place, u.place)
	if km < float64(p.distance) || km <= float64(p.speed)*gap.Hours() {
		return
	}
	if b.shared(u.addr, u.day) || b.shared(from.addr, u.day) {
		return
	}
	pair, _ := p.pairs.Get(pairOf(from.place, u.place))
	own := pair.by.find(u.account)
	ordinary := pair.all.crowded.Any(u.day-p.remember, u.day-1) || own != nil && own.days.Count(u.day-p.remember, u.day-1) >= 2
	pair.by.see(h.account, u.time, u.record, maxVisitors)
	pair.all.add(h.account, u.day, 7, p.accounts)
	if ordinary {
		return
	}
	b.tooFar(u, h, from, gap)
}

func (b *persons) tooFar(u *use, h *habit, from *trail, gap time.Duration) {
	p := &b.travel
	level := finding.LevelHigh
	switch {
	case u.mobile || from.mobile || h.livesIn(from.place.Country, u.day, p.remember) && h.livesIn(u.place.Country, u.day, p.remember):
		level = finding.LevelLow
	case h.knowsClient(u, p.remember):
		level = finding.LevelMedium
	}
	f := aboutUse(u, level)
	f.Records = append(f.Records, from.record)
	km := int(math.Round(place.Distance(from.place, u.place)))
	f.Why = fmt.Sprintf("%s succeeded from %s (%s) %s after a success from %s (%s, %s), about %d km away.",
		finding.Shown(u.shown), u.addr, u.place, finding.Span(gap), from.addr, from.place, finding.Clock(from.at), km)
	f.WhyJA = fmt.Sprintf("%s が %s（%s）から成功した。その %s 前に、約 %d km 離れた %s（%s）から成功している（%s）。",
		finding.Shown(u.shown), u.addr, u.place, finding.SpanJA(gap), km, from.addr, from.place, finding.ClockJA(from.at))
	b.kit.Raise(f, &p.info, u.account, pairKey(from.place, u.place))
}

// livesIn reports whether an account was used from a country on earlier days.
func (h *habit) livesIn(country string, day, days int32) bool {
	s := h.countries.find(country)
	return s != nil && s.days.Count(day-days, day-1) >= 2
}

// between is the distance that must have been travelled at least, in km.
func (p *travel) between(a, b place.Place) float64 {
	km := place.Distance(a, b)
	switch {
	case a.Exact && b.Exact:
		return km
	case a.Country == b.Country:
		return 0
	}
	return km - float64(p.slack)
}

func pairOf(a, b place.Place) placePair {
	x, y := areaOf(a), areaOf(b)
	if y < x {
		x, y = y, x
	}
	return placePair{x, y}
}

func pairKey(a, b place.Place) string {
	p := pairOf(a, b)
	return p.a + " " + p.b
}

// areaOf names a place by its country and, where known, whole degrees.
func areaOf(p place.Place) string {
	if !p.Exact {
		return p.Country
	}
	return p.Country + strconv.Itoa(int(math.Round(p.Lat))) + "," + strconv.Itoa(int(math.Round(p.Lon)))
}
