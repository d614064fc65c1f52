package people

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/event"
)

func TestDisabledAccountThatSucceedsIsHigh(t *testing.T) {
	s := &story{}
	s.office(workday(), 10, "sato")
	at := workday().AddDate(0, 0, 10)
	s.changes(at, event.ClassAccountChange, accountDisable, "admin", "sato@example.jp")
	s.do(at.Add(time.Minute), act{account: "sato", addr: "198.51.100.10"}) // what was on its way
	s.do(at.Add(time.Hour), act{account: "sato", addr: "198.51.100.10", failed: true})
	s.do(at.Add(2*time.Hour), act{account: "sato", addr: elsewhere})
	s.do(at.Add(2*time.Hour), act{account: "sato", addr: elsewhere, source: "chat"})
	s.do(at.Add(3*time.Hour), act{account: "sato", addr: elsewhere, source: "drive", class: event.ClassFileHosting, activity: event.ActivityHostingDownload})
	cites(t, raised(t, s, "after-containment", nil, "high sato", "medium sato", "medium sato"), 2)
}

func TestWhatWasOnItsWayWhenAnAccountWasDisabledIsNothing(t *testing.T) {
	s := &story{}
	s.changes(workday(), event.ClassAccountChange, accountDisable, "admin", "sato")
	s.do(workday().Add(time.Minute), act{account: "sato", addr: "198.51.100.10"})
	raised(t, s, "after-containment", nil)
}

func TestAccountThatWasEnabledAgainIsNothing(t *testing.T) {
	s := &story{}
	at := workday()
	s.changes(at, event.ClassAccountChange, accountDisable, "admin", "sato")
	s.changes(at.Add(time.Hour), event.ClassAccountChange, accountEnable, "admin", "sato")
	s.do(at.Add(2*time.Hour), act{account: "sato", addr: elsewhere})
	s.changes(at, event.ClassAccountChange, accountDelete, "admin", "mori")
	s.changes(at.Add(time.Hour), event.ClassAccountChange, accountCreate, "admin", "mori") // made anew
	s.do(at.Add(2*time.Hour), act{account: "mori", addr: elsewhere})
	raised(t, s, "after-containment", nil)
}

func TestAutomaticLockoutAndPasswordResetsAreNothing(t *testing.T) {
	s := &story{}
	s.office(workday(), 20, "sato", "mori")
	at := workday().AddDate(0, 0, 20)
	s.changes(at, event.ClassAccountChange, accountLock, "", "sato")
	s.events[len(s.events)-1].EventCode = automaticLocked
	s.do(at.Add(time.Hour), act{account: "sato", addr: "198.51.100.10"})
	s.changes(at, event.ClassAccountChange, passwordReset, "helpdesk", "mori")
	s.do(at.Add(time.Hour), act{account: "mori", addr: "198.51.100.11"})
	raised(t, s, "after-containment", nil)
}

func TestAccountDeletedOnOneMachineIsUsedOnOthers(t *testing.T) {
	s := &story{}
	s.changes(workday(), event.ClassAccountChange, accountDelete, "root", "tmp")
	s.events[0].Format, s.events[0].Host = "syslog", "web-01"
	s.do(workday().Add(time.Hour), act{account: "tmp", addr: "10.0.0.9", format: "syslog", host: "web-02"})
	s.do(workday().Add(2*time.Hour), act{account: "tmp", addr: "10.0.0.9", format: "syslog", host: "web-01"})
	raised(t, s, "after-containment", nil, "high tmp")
}

func TestAddressOfAFindingAfterThePasswordWasChangedIsHigh(t *testing.T) {
	s := &story{}
	s.daily(workday(), 40, act{account: "sato", addr: "198.51.100.10", client: chrome98})
	at := workday().AddDate(0, 0, 42)
	s.do(at, act{account: "sato", addr: elsewhere, client: "curl/8"}) // new client, new network: a finding
	s.changes(at.Add(time.Hour), event.ClassAccountChange, passwordReset, "helpdesk", "sato")
	s.do(at.Add(2*time.Hour), act{account: "sato", addr: "198.51.100.10", client: chrome98}) // the person, at home
	s.do(at.Add(3*time.Hour), act{account: "sato", addr: elsewhere, client: "curl/8"})
	cites(t, raised(t, s, "after-containment", nil, "high sato"), 2)
}

func TestBlockedAddressThatSucceedsIsHigh(t *testing.T) {
	s := &story{}
	s.do(workday(), act{account: "sato", addr: elsewhere, failed: true})
	s.do(workday(), act{account: "sato", addr: "203.0.114.1"})
	s.do(workday(), act{account: "sato", addr: elsewhere})
	raised(t, s, "blocked-address", learn.Settings{"baseline-blocked-address": {"blocked": "203.0.113.0/24, 192.0.2.7"}}, "high sato")
}
