package people

import (
	"testing"
)

const elsewhere = "203.0.113.9"

func TestCountryNobodyUsesWithANewClientIsHigh(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato", "suzuki")
	s.do(workday().AddDate(0, 0, 40), act{account: "sato", addr: elsewhere, client: "curl/8.1", country: "Brazil"})
	cites(t, raised(t, s, "new-country", nil, "high sato"), 2)
}

func TestCountryIsMediumWhereTheClientIsNotStatedOrColleaguesAre(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato")
	s.daily(workday(), 40, act{account: "mori", addr: "203.0.113.50", client: desktop, country: "KR"})
	s.do(workday().AddDate(0, 0, 40), act{account: "sato", addr: elsewhere, country: "BR"})
	s.do(workday().AddDate(0, 0, 42), act{account: "sato", addr: "203.0.113.51", client: "curl/8.1", country: "KR"})
	raised(t, s, "new-country", nil, "medium sato", "medium sato")
}

func TestJourneyWithTheUsualClientIsLowAndSaidOnce(t *testing.T) {
	s := &story{}
	s.office(workday(), 40, "sato")
	for d := range 4 {
		s.do(workday().AddDate(0, 0, 42+d), act{account: "sato", addr: elsewhere, client: desktop, country: "US"})
	}
	raised(t, s, "new-country", nil, "low sato")
}

func TestCountryOfSharedEgressAndOfNewAccountsIsNothing(t *testing.T) {
	s := &story{}
	names := []string{"sato", "suzuki", "mori", "ono", "abe"}
	s.office(workday(), 20, names...)
	for d := range 5 { // the whole company gets a proxy abroad; the first days are journeys of known clients
		for _, n := range names {
			s.do(workday().AddDate(0, 0, 21+d), act{account: n, addr: "192.0.2.80", client: desktop, country: "US"})
		}
	}
	s.do(workday().AddDate(0, 0, 30), act{account: "new", addr: elsewhere, client: desktop, country: "BR"})
	s.do(workday().AddDate(0, 0, 31), act{account: "new", addr: elsewhere, client: desktop, country: "FR"})
	for _, l := range only(s.run(watching(t, nil)), "new-country") {
		if l[:3] != "low" {
			t.Error(l)
		}
	}
	s.office(workday(), 30, "late")
	s.do(workday().AddDate(0, 0, 32), act{account: "late", addr: "192.0.2.80", client: "curl/8", country: "US"})
	if got := only(s.run(watching(t, nil)), "new-country"); len(got) != len(names) {
		t.Errorf("%v", got)
	}
}

func TestClientsAreNamedByFamilyAndPlatform(t *testing.T) {
	for client, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/97.0.4692.99 Safari/537.36 Edg/97.0.1072.69": "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0 Safari/537.36":                          "Chrome on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:72.0) Gecko/20100101 Firefox/72.0":                                                  "Firefox on Mac",
		"curl/8.1.2": "curl", "python-requests/2.31": "python-requests", "FortiClient 7.2 (Windows)": "FortiClient on Windows", phone: "Mozilla on iPhone", "9": "9",
	} {
		if got := clientFamily(client); got != want {
			t.Errorf("%q is %q, want %q", client, got, want)
		}
	}
}
