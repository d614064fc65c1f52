package people

import (
	"fmt"
	"testing"
	"time"
)

// spread uses an account from some lines within a day.
func (s *story) spread(at time.Time, lines int, pattern string, a act) {
	for i := range lines {
		a.addr = fmt.Sprintf(pattern, i)
		s.do(at.Add(time.Duration(i)*time.Minute), a)
	}
}

func TestAccountUsedFromManyPlacesInADayIsMedium(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato")
	s.spread(workday().AddDate(0, 0, 42), 7, "203.0.%d.1", act{account: "sato", client: desktop})
	cites(t, raised(t, s, "shared-account", nil, "medium sato"), 6)
}

func TestKnownSharedAccountsAndPhonesAreNothing(t *testing.T) {
	s := &story{}
	for d := range 30 {
		s.spread(workday().AddDate(0, 0, d), 5, "203.0.%d.1", act{account: "reception"})
	}
	s.spread(workday().AddDate(0, 0, 31), 9, "203.0.%d.1", act{account: "reception"})
	s.office(workday(), 40, "sato", "mori")
	s.spread(workday().AddDate(0, 0, 42), 9, "203.0.%d.9", act{account: "sato", client: phone})
	s.spread(workday().AddDate(0, 0, 42), 9, "203.0.113.%d", act{account: "mori", client: desktop}) // one line
	s.spread(workday().AddDate(0, 0, 42), 9, "203.0.%d.8", act{account: "fresh"})
	raised(t, s, "shared-account", nil)
}

func TestDeploymentOverManyServersIsLow(t *testing.T) {
	s := &story{}
	s.daily(workday(), 40, act{account: "deploy", addr: "10.0.0.1"})
	s.spread(workday().AddDate(0, 0, 42), 20, "10.0.1.%d", act{account: "deploy"})
	raised(t, s, "shared-account", nil, "low deploy")
}
