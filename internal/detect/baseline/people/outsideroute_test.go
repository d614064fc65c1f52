package people

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/event"
)

func TestAdministratorsOutsideTheApprovedNetworksAreHigh(t *testing.T) {
	s := &story{}
	s.do(workday(), act{account: "adm-sato", addr: elsewhere, source: "vpn"})
	s.do(workday(), act{account: "adm-sato", addr: "10.1.2.3", source: "vpn"})
	s.do(workday(), act{account: "adm-sato", addr: "192.0.2.1", source: "vpn"})
	s.do(workday(), act{account: "adm-sato", addr: elsewhere, source: "wiki"})
	s.do(workday(), act{account: "mori", addr: elsewhere, source: "vpn"})
	s.do(workday(), act{account: "adm-ono", addr: elsewhere, source: "vpn", failed: true})
	raised(t, s, "outside-route", learn.Settings{"baseline-outside-route": {"accounts": "ADM-*", "networks": "10.0.0.0/8, 192.0.2.1", "sources": "vpn"}}, "high adm-sato")
}

func TestAccountOnlyUsedInsideAndNowFromOutsideIsMedium(t *testing.T) {
	s := &story{}
	s.daily(workday(), 40, act{account: "deploy", addr: "10.1.2.3"})
	s.daily(workday(), 40, act{account: "sato", addr: "203.0.113.50", class: event.ClassTunnel, source: "vpn"})
	s.do(workday().AddDate(0, 0, 40), act{account: "deploy", addr: elsewhere})
	s.do(workday().AddDate(0, 0, 40), act{account: "sato", addr: elsewhere})
	s.do(workday().AddDate(0, 0, 41), act{account: "sato", addr: elsewhere}) // no longer only inside
	cites(t, raised(t, s, "outside-route", nil, "medium deploy", "medium sato"), 2)
}

func TestVPNFromHotelsAndHomesIsARouteOfItsOwn(t *testing.T) {
	s := &story{}
	s.daily(workday(), 40, act{account: "sato", addr: "10.1.2.3"})
	s.do(workday().AddDate(0, 0, 40), act{account: "sato", addr: elsewhere, class: event.ClassTunnel, source: "vpn"})
	s.office(workday(), 40, "mori")
	s.do(workday().AddDate(0, 0, 41), act{account: "mori", addr: elsewhere}) // used from public addresses all along
	raised(t, s, "outside-route", nil)
}

func TestNetworksThatAreNoneAreRefused(t *testing.T) {
	_, err := learn.NewSet(learn.Settings{"baseline-outside-route": {"networks": "10.0.0.0/8,office"}, "baseline-new-client": {"remember": "400d"}, "baseline-blocked-address": {"blocked": "x"}}, Builders(nil)...)
	for _, want := range []string{`"office" is no network`, "at most 120d", `"x" is no network`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
