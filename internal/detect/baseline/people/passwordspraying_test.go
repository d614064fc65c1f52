package people

import (
	"fmt"
	"testing"
	"time"
)

func staff(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("staff%02d", i))
	}
	return out
}

func (s *story) tries(at time.Time, addr string, names ...string) {
	for i, n := range names {
		s.do(at.Add(time.Duration(i)*time.Minute), act{account: n, addr: addr, failed: true})
	}
}

func TestSprayingOnExistingAccountsIsMediumAndASuccessHigh(t *testing.T) {
	s := &story{}
	s.office(workday(), 10, staff(10)...)
	at := workday().AddDate(0, 0, 10)
	s.tries(at, elsewhere, staff(10)...)
	s.do(at.Add(20*time.Minute), act{account: "staff03", addr: elsewhere})
	cites(t, raised(t, s, "password-spraying", nil, "medium staff07", "high staff03"), 8)
}

func TestSlowOrUnsuccessfulTriesOnFewAreNothing(t *testing.T) {
	s := &story{}
	s.office(workday(), 10, staff(10)...)
	for i, n := range staff(10) {
		s.tries(workday().AddDate(0, 0, 10).Add(time.Duration(i)*time.Hour), elsewhere, n)
	}
	s.tries(workday().AddDate(0, 0, 12), elsewhere, staff(7)...)
	raised(t, s, "password-spraying", nil)
}

func TestNoiseOfTheInternetIsInformationalOnceADay(t *testing.T) {
	s := &story{}
	s.office(workday(), 10, "sato", "root")
	for i := range 3000 {
		s.do(workday().AddDate(0, 0, 10).Add(time.Duration(i)*time.Second), act{account: fmt.Sprint("guess", i%700), addr: elsewhere, failed: true, unknown: i%2 == 0, source: "sshd"})
	}
	found := s.run(watching(t, nil))
	if got := only(found, "password-spraying"); len(got) != 1 || got[0][:5] != "infor" {
		t.Errorf("%v", got)
	}
	for _, f := range found {
		if f.Level != "informational" {
			t.Errorf("%s %s %s", f.RuleID, f.Level, f.Why)
		}
	}
}

func TestForgottenPasswordsInTheOfficeAreNothing(t *testing.T) {
	s := &story{}
	names := staff(40)
	for d := range 10 {
		for i, n := range names {
			s.do(workday().AddDate(0, 0, d).Add(time.Duration(i)*time.Minute), act{account: n, addr: "192.0.2.10", client: desktop})
		}
	}
	s.tries(workday().AddDate(0, 0, 10), "192.0.2.10", names[:30]...) // all passwords expired over the holidays
	raised(t, s, "password-spraying", nil)
}

func TestGuessingFromManyAddressesIsMediumAndASuccessHigh(t *testing.T) {
	s := &story{}
	s.office(workday(), 10, "sato")
	at := workday().AddDate(0, 0, 10)
	for i := range 8 {
		s.tries(at.Add(time.Duration(i)*time.Minute), fmt.Sprintf("203.0.%d.7", i), "sato")
	}
	s.do(at.Add(15*time.Minute), act{account: "sato", addr: "203.0.50.7"})
	cites(t, raised(t, s, "password-guessing", nil, "medium sato", "high sato"), 6)
}

func TestNamesThatEverybodyTriesAreInformationalUntilOneSucceeds(t *testing.T) {
	s := &story{}
	s.daily(workday(), 10, act{account: "root", addr: "10.0.0.1"})
	for i := range 500 {
		s.tries(workday().AddDate(0, 0, 10).Add(time.Duration(i)*20*time.Minute), fmt.Sprintf("203.0.%d.7", i%250), "root")
		s.tries(workday().AddDate(0, 0, 10).Add(time.Duration(i)*20*time.Minute), fmt.Sprintf("198.51.%d.7", i%250), "root")
		s.tries(workday().AddDate(0, 0, 10).Add(time.Duration(i)*20*time.Minute), fmt.Sprintf("192.0.%d.7", i%250), "root")
	}
	raised(t, s, "password-guessing", nil, "informational root")
}

func TestPhoneWithTheOldPasswordIsNothing(t *testing.T) {
	s := &story{}
	s.office(workday(), 10, "sato")
	for i := range 40 { // from home, after the password was changed
		s.tries(workday().AddDate(0, 0, 10).Add(time.Duration(i)*time.Minute), "198.51.100.10", "sato")
	}
	raised(t, s, "password-guessing", nil)
}
