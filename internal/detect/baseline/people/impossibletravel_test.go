package people

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/place"
)

const tokyo, saoPaulo, osaka = "35.68,139.69", "-23.55,-46.63", "34.69,135.50"

func TestTravelFasterThanAnAirlinerIsHigh(t *testing.T) {
	s := &story{}
	at := workday()
	s.do(at, act{account: "sato", addr: "198.51.100.1", client: chrome98, country: "JP", at: tokyo})
	s.do(at.Add(2*time.Hour), act{account: "sato", addr: elsewhere, client: "curl/8.1", country: "BR", at: saoPaulo})
	cites(t, raised(t, s, "impossible-travel", nil, "high sato"), 2)
}

func TestTravelBetweenCountriesWithTheUsualClientIsMedium(t *testing.T) {
	s := &story{}
	s.do(workday(), act{account: "sato", addr: "198.51.100.1", client: chrome98, country: "Japan"})
	s.do(workday().Add(time.Hour), act{account: "sato", addr: elsewhere, client: chrome98, country: "Brazil"})
	raised(t, s, "impossible-travel", nil, "medium sato")
}

func TestTravelThatAnAirlinerManagesIsNothing(t *testing.T) {
	s := &story{}
	step := func(hours int, addr, at string) {
		s.do(workday().Add(time.Duration(hours)*time.Hour), act{account: "sato", addr: addr, client: chrome98, country: "JP", at: at})
	}
	step(0, "198.51.100.1", tokyo)
	step(1, "198.51.100.2", osaka)                                                                                 // 400 km
	s.do(workday().Add(2*time.Hour), act{account: "sato", addr: "198.51.100.3", client: chrome98, country: "KR"})  // neighbours, place not exact
	s.do(workday().Add(23*time.Hour), act{account: "sato", addr: "198.51.100.4", client: chrome98, country: "US"}) // a flight
	s.do(workday().Add(24*time.Hour), act{account: "sato", addr: elsewhere, country: "BR", failed: true})          // somebody tries
	s.do(workday().Add(25*time.Hour), act{account: "mori", addr: elsewhere, country: "BR"})
	raised(t, s, "impossible-travel", nil)
}

func TestPhonesThatTravelAreLow(t *testing.T) {
	s := &story{}
	s.do(workday(), act{account: "sato", addr: "198.51.100.1", client: chrome98, country: "BR"})
	s.do(workday().Add(time.Hour), act{account: "sato", addr: elsewhere, client: phone, country: "JP"}) // roams through the carrier at home
	raised(t, s, "impossible-travel", nil, "low sato")
}

func TestPlacesThatManyAlternateBetweenAreEgress(t *testing.T) {
	s := &story{}
	s.office(workday(), 20, "sato", "suzuki", "mori", "ono")
	for d := range 15 {
		for i, name := range []string{"sato", "suzuki", "mori", "ono"} { // a proxy in the United States takes over for an hour
			s.do(workday().AddDate(0, 0, 20+d).Add(time.Duration(i)*time.Minute), act{account: name, addr: "198.51.100.1", client: desktop, country: "JP"})
			s.do(workday().AddDate(0, 0, 20+d).Add(time.Duration(30+i)*time.Minute), act{account: name, addr: "192.0.2.80", client: desktop, country: "US"})
		}
	}
	for _, f := range s.run(watching(t, nil)) {
		if f.RuleID == "baseline-impossible-travel" && f.Time.After(workday().AddDate(0, 0, 22)) {
			t.Errorf("still raised: %s", f.Why)
		}
	}
}

func TestHabitOfAlternatingBetweenTwoPlacesIsLearned(t *testing.T) {
	s := &story{}
	for d := range 20 { // each has an exit abroad, with an address of its own
		for i, name := range []string{"sato", "suzuki", "mori"} {
			s.do(workday().AddDate(0, 0, d), act{account: name, addr: fmt.Sprintf("198.51.%d.1", i), client: desktop, country: "JP"})
			s.do(workday().AddDate(0, 0, d).Add(30*time.Minute), act{account: name, addr: fmt.Sprintf("203.0.%d.1", i), client: desktop, country: "US"})
		}
	}
	raised(t, s, "impossible-travel", nil, "medium sato", "medium suzuki", "medium mori")
}

func TestPlacesOfADatabaseAreUsed(t *testing.T) {
	b, err := learn.NewSet(nil, Builders(place.New())...)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{}
	s.do(workday(), act{account: "sato", addr: "198.51.100.1"})
	if found := s.run(b); len(found) != 0 {
		t.Errorf("%v", found)
	}
}
