package people

import (
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// known has people whose habits are known, each at home, and goes on for a day.
func known(names ...string) (*story, time.Time) {
	s := &story{}
	s.office(workday(), 40, names...)
	at := workday().AddDate(0, 0, 43).Add(4 * time.Hour)
	s.do(at.Add(5*time.Hour), act{account: names[0], addr: "198.51.100.10", client: desktop})
	return s, at
}

func TestTwoAccountsAtOneNewAddressAreMedium(t *testing.T) {
	s, at := known("sato", "mori")
	s.do(at, act{account: "sato", addr: elsewhere, source: "chat"})
	s.do(at.Add(5*time.Minute), act{account: "mori", addr: elsewhere, source: "groupware"})
	cites(t, raised(t, s, "overlapping-sessions", nil, "medium mori"), 2)
}

func TestTwoTunnelsFromOneAddressAreHigh(t *testing.T) {
	s, at := known("sato", "mori")
	s.do(at, act{account: "sato", addr: elsewhere, class: event.ClassTunnel, source: "vpn"})
	s.do(at.Add(3*time.Hour), act{account: "mori", addr: elsewhere, class: event.ClassTunnel, source: "vpn"})
	raised(t, s, "overlapping-sessions", nil, "high mori")
}

func TestAccountsThatOnlyMetOutsideTheVPNAreNoHouseholdInIt(t *testing.T) {
	s, at := known("sato", "mori")
	s.do(at, act{account: "sato", addr: elsewhere})
	s.do(at.Add(time.Minute), act{account: "mori", addr: elsewhere})
	for d := range 2 {
		s.do(at.AddDate(0, 0, 20+d), act{account: "sato", addr: elsewhere, class: event.ClassTunnel, source: "vpn"})
		s.do(at.AddDate(0, 0, 20+d).Add(time.Hour), act{account: "mori", addr: elsewhere, class: event.ClassTunnel, source: "vpn"})
	}
	s.do(at.AddDate(0, 0, 23), act{account: "sato", addr: "198.51.100.10"})
	raised(t, s, "overlapping-sessions", nil, "medium mori", "high mori")
}

func TestThreeAccountsAreHigh(t *testing.T) {
	s, at := known("sato", "mori", "ono")
	for i, n := range []string{"sato", "mori", "ono"} {
		s.do(at.Add(time.Duration(i)*time.Minute), act{account: n, addr: elsewhere})
	}
	raised(t, s, "overlapping-sessions", nil, "high mori")
}

func TestSessionsThatFollowEachOtherAreNothing(t *testing.T) {
	s, at := known("sato", "mori")
	s.do(at, act{account: "sato", addr: elsewhere, class: event.ClassTunnel, source: "vpn"})
	s.do(at.Add(time.Hour), act{account: "sato", addr: elsewhere, class: event.ClassTunnel, activity: event.ActivityTunnelClose, source: "vpn"})
	s.do(at.Add(2*time.Hour), act{account: "mori", addr: elsewhere, class: event.ClassTunnel, source: "vpn"})
	raised(t, s, "overlapping-sessions", nil)
}

func TestHouseholdOfficeAndSharedAccountsAreLearned(t *testing.T) {
	s, at := known("sato", "mori", "ono", "abe", "ito", "ueda")
	for d := range 3 { // a couple in a holiday home, said once; later it is known
		s.do(at.AddDate(0, 0, d), act{account: "sato", addr: "203.0.113.40"})
		s.do(at.AddDate(0, 0, d).Add(time.Minute), act{account: "mori", addr: "203.0.113.40"})
	}
	for i, n := range []string{"sato", "mori", "ono", "abe", "ito", "ueda"} { // a new office on its first morning
		s.do(at.AddDate(0, 0, 4).Add(time.Duration(i)*time.Minute), act{account: n, addr: "192.0.2.200"})
	}
	for d := range 30 { // git is used from everywhere
		for i := range 4 {
			s.do(workday().AddDate(0, 0, d), act{account: "git", addr: fmt.Sprintf("203.0.%d.1", i)})
		}
	}
	s.do(at.AddDate(0, 0, 5), act{account: "git", addr: "203.0.113.77"})
	s.do(at.AddDate(0, 0, 5).Add(time.Minute), act{account: "ono", addr: "203.0.113.77"})
	s.do(at.AddDate(0, 0, 6), act{account: "ono", addr: "10.0.0.5"}) // a jump host
	s.do(at.AddDate(0, 0, 6), act{account: "abe", addr: "10.0.0.5"})
	s.do(at.AddDate(0, 0, 7), act{account: "ono", addr: "198.51.100.12"})
	raised(t, s, "overlapping-sessions", nil, "medium mori")
}
