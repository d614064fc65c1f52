package people

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

func (s *story) grants(at time.Time, by, to, role string) {
	s.changes(at, event.ClassGroup, 3, by, to, "granted", role, "grantee", to)
}

func TestGrantByWhoNeverGrantedIsMediumAndToOneselfHigh(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato", "mori")
	s.grants(workday().AddDate(0, 0, 40), "mori", "intruder", "Domain Admins")
	s.grants(workday().AddDate(0, 0, 41), "sato", "SATO@example.jp", "sudo")
	raised(t, s, "new-administrator", nil, "medium mori", "high sato")
}

func TestPractisedGranterIsLowAndTheSameOnManyMachinesSaidOnce(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato")
	s.grants(workday(), "admin", "first", "wheel") // while konseki is learning
	s.grants(workday().AddDate(0, 0, 30), "admin", "hire", "wheel")
	for i := range 50 {
		s.grants(workday().AddDate(0, 0, 30+i/10).Add(time.Duration(i)*time.Minute), "admin", "hire", "wheel")
	}
	raised(t, s, "new-administrator", nil, "low admin", "low admin")
}

func TestGroupsThatAdministerNothingAndFailuresAreNothing(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato")
	at := workday().AddDate(0, 0, 40)
	s.grants(at, "sato", "mori", "audio")
	s.grants(at, "sato", "mori", "営業部")
	s.grants(at, "sato", "mori", "admin")
	s.events[len(s.events)-1].StatusID = event.StatusFailure
	raised(t, s, "new-administrator", nil)
}

func TestGrantOnAMachineThatNamesNobodySaysSo(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato")
	s.grants(workday().AddDate(0, 0, 40), "", "intruder", "sudo")
	s.events[len(s.events)-1].Host = "web-01"
	raised(t, s, "new-administrator", nil, "medium")
}
