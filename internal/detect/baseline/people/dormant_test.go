package people

import "testing"

// dormancy has colleagues at work while an account rests for some days.
func dormancy(days int, back act) *story {
	s := &story{}
	s.office(workday(), 30+days, "mori")
	s.daily(workday(), 20, act{account: "sato", addr: "198.51.50.1", client: desktop})
	back.account = "sato"
	s.do(workday().AddDate(0, 0, 20+days), back)
	return s
}

func TestDormantAccountFromANewAddressIsHigh(t *testing.T) {
	cites(t, raised(t, dormancy(70, act{addr: elsewhere}), "dormant-account", nil, "high sato"), 2)
}

func TestReturnFromLeaveIsLowAtHomeAndMediumNearby(t *testing.T) {
	raised(t, dormancy(90, act{addr: "198.51.50.1"}), "dormant-account", nil, "low sato")
	raised(t, dormancy(90, act{addr: "198.51.50.99"}), "dormant-account", nil, "low sato")
	raised(t, dormancy(90, act{addr: "10.1.2.3"}), "dormant-account", nil, "low sato")
	raised(t, dormancy(90, act{addr: "198.51.77.1"}), "dormant-account", nil, "medium sato")
}

func TestHolidaysNewAccountsAndGapsInTheRecordsAreNotDormancy(t *testing.T) {
	raised(t, dormancy(40, act{addr: elsewhere}), "dormant-account", nil) // a long holiday
	raised(t, dormancy(70, act{addr: elsewhere, failed: true}), "dormant-account", nil)
	s := dormancy(0, act{addr: "198.51.50.1"}) // then nothing was collected for a quarter
	s.do(workday().AddDate(0, 0, 130), act{account: "sato", addr: elsewhere})
	s.do(workday().AddDate(0, 0, 130), act{account: "fresh", addr: elsewhere})
	raised(t, s, "dormant-account", nil)
}
