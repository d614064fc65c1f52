package known

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

func hour(n int) time.Time { return time.Date(2026, 4, 1, n, 0, 0, 0, time.UTC) }

// knowing is a service that knows editions.
func knowing(editions ...estate.Edition) *Service {
	s := New(control.New(control.Deps{Zone: time.UTC}))
	var e *estate.Estate
	for i, ed := range editions {
		ed.Record, ed.Version = uint64(i+1), e.Version(ed.Kind)+1
		e = e.With(ed)
	}
	s.estate.Store(e)
	return s
}

// reading is a service that knows files, kind before content.
func reading(t *testing.T, files ...string) *Service {
	t.Helper()
	var editions []estate.Edition
	for i := 0; i < len(files); i += 2 {
		ed, err := estate.Read(files[i], "f.csv", []byte(files[i+1]), time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		editions = append(editions, *ed)
	}
	return knowing(editions...)
}

func (s *Service) parsed(text string) (*query.Plan, error) {
	return query.Parse(text, query.Options{Known: s.resolve})
}

// drawn is a validity between hours 0 and 5, either end open.
func drawn(t *rapid.T) estate.Validity {
	var v estate.Validity
	from, to := rapid.IntRange(-1, 4).Draw(t, "from"), rapid.IntRange(0, 6).Draw(t, "to")
	if from >= 0 {
		v.From = hour(from)
	}
	if to < 6 && to > from {
		v.To = hour(to)
	}
	return v
}

// drawnEstate is people, a register and leases that contradict each other as
// such files do.
func drawnEstate(t *rapid.T) *Service {
	people := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) estate.Person {
		return estate.Person{
			Name:    rapid.SampledFrom([]string{"K", "M", "t"}).Draw(t, "name"),
			Account: rapid.SampledFrom([]string{"a", "A", "b", `corp\a`, "a@example.com", "b@example.com"}).Draw(t, "account"),
			Source:  rapid.SampledFrom([]string{"", "vpn", "chat"}).Draw(t, "source"), Validity: drawn(t),
		}
	}), 1, 6).Draw(t, "people")
	devices := func(owned bool) *rapid.Generator[estate.Device] {
		return rapid.Custom(func(t *rapid.T) estate.Device {
			d := estate.Device{Name: rapid.SampledFrom([]string{"pc-1", "PC-2", "pc-3"}).Draw(t, "device"), Validity: drawn(t)}
			d.MAC = rapid.SampledFrom([]string{"", "02:00:5e:00:53:01", "02:00:5e:00:53:02"}).Draw(t, "mac")
			if n := rapid.IntRange(0, 3).Draw(t, "address"); n > 0 || !owned {
				d.Address = netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
			}
			if owned {
				d.Owner = rapid.SampledFrom([]string{"", "K", "k", "M", "b"}).Draw(t, "owner")
			}
			return d
		})
	}
	return knowing(
		estate.Edition{Kind: estate.KindPeople, People: people},
		estate.Edition{Kind: estate.KindDevices, Devices: rapid.SliceOfN(devices(true), 0, 5).Draw(t, "register")},
		estate.Edition{Kind: estate.KindLeases, Devices: rapid.SliceOfN(devices(false), 0, 8).Draw(t, "leases")},
	)
}

func drawnEvent(t *rapid.T) *event.Event {
	account := rapid.SampledFrom([]string{"", "a", "A", "b", `CORP\a`, "a@example.com", `x\b`, "b@example.com", "ab", `CORP\ab`, "c"})
	address := rapid.SampledFrom([]string{"", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.0", "198.51.100.1"})
	return &event.Event{
		Time:   hour(0).Add(time.Duration(rapid.IntRange(-2, 13).Draw(t, "half hours")) * 30 * time.Minute),
		Source: rapid.SampledFrom([]string{"vpn", "chat", "ad"}).Draw(t, "of"), Host: rapid.SampledFrom([]string{"", "pc-1", "PC-2.example.com", "pc-10"}).Draw(t, "host"),
		ActorUser: account.Draw(t, "actor"), TargetUser: account.Draw(t, "target"), SrcIP: address.Draw(t, "src"), DstIP: address.Draw(t, "dst"),
	}
}

// TestASearchByPersonFindsWhatIsSaidToBeTheirs and nothing else: for any estate
// and event, person: holds exactly where the account or the owner of the address
// is shown to be that person at the event's time.
func TestASearchByPersonFindsWhatIsSaidToBeTheirs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ev := drawnEstate(t), drawnEvent(t)
		e := s.Estate()
		for _, name := range e.Persons() {
			plan, err := s.parsed(`person:"` + name + `"`)
			if err != nil {
				t.Fatal(err)
			}
			want := false
			for _, account := range []string{ev.ActorUser, ev.TargetUser} {
				p, ok := e.Person(account, ev.Source, ev.Time)
				want = want || ok && strings.EqualFold(p.Name, name)
			}
			for _, address := range []string{ev.SrcIP, ev.DstIP} {
				if addr, err := netip.ParseAddr(address); err == nil {
					d, ok := e.Device(addr, ev.Time)
					want = want || ok && e.Owns(name, d.Owner)
				}
			}
			if got := plan.Matches(ev, nil); got != want {
				t.Fatalf("person %s: found %v, said %v; taken for %s", name, got, want, plan.Known[0].Said.EN)
			}
		}
	})
}

// TestASearchByDeviceFindsWhatIsSaidToBeItsOwn and what its host logs.
func TestASearchByDeviceFindsWhatIsSaidToBeItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ev := drawnEstate(t), drawnEvent(t)
		e := s.Estate()
		ev.Host = ""
		for _, name := range e.DeviceNames() {
			plan, err := s.parsed(`device:"` + name + `"`)
			if err != nil {
				t.Fatal(err)
			}
			want, had := false, map[bool]bool{}
			for _, address := range []string{ev.SrcIP, ev.DstIP} {
				if addr, err := netip.ParseAddr(address); err == nil {
					d, ok := e.Device(addr, ev.Time)
					want = want || ok && strings.EqualFold(d.Name, name)
				}
			}
			for n := range byte(4) {
				d, ok := e.Device(netip.AddrFrom4([4]byte{192, 0, 2, n}), ev.Time)
				had[ok && strings.EqualFold(d.Name, name)] = true
			}
			if got := plan.Matches(ev, nil); got != want {
				t.Fatalf("device %s: found %v, said %v; taken for %s", name, got, want, plan.Known[0].Said.EN)
			}
			hole := false
			for _, h := range plan.Known[0].Unknown {
				hole = hole || strings.EqualFold(h.Device, name) && !ev.Time.Before(h.From) && (h.To.IsZero() || ev.Time.Before(h.To))
			}
			if hole == had[true] && len(e.Registered(func(d estate.Device) bool { return strings.EqualFold(d.Name, name) })) > 0 {
				t.Fatalf("device %s at %v: had an address %v, unknown %v: %+v", name, ev.Time, had[true], hole, plan.Known[0].Unknown)
			}
		}
	})
}

const (
	networks = "network,name,inside\n192.0.2.0/24,office,yes\n192.0.2.128/25,partner line,no\n10.9.0.0/16,guest wifi,no\n10.9.1.0/24,lab,yes\n"
	leases   = "lease 192.0.2.14 {\n  starts 3 2026/04/01 01:00:00;\n  ends 3 2026/04/01 02:00:00;\n  hardware ethernet 02:00:5e:00:53:01;\n}\n" +
		"lease 192.0.2.15 {\n  starts 3 2026/04/01 03:00:00;\n  ends 3 2026/04/01 04:00:00;\n  hardware ethernet 02:00:5e:00:53:01;\n}\n"
	assets = "device,mac,owner\nPC-114,02:00:5e:00:53:01,engineer K\n"
	people = "person,account,source\nengineer K,k.sato,\nengineer K,K,chat\nengineer M,mori,\n"
	items  = "pattern,tag\n/data/personnel/*,personal data\ncustomers,personal data\nplans 100%,secret\n"
)

func TestInsideAndOutsideAreWhatTheNarrowestNetworkSays(t *testing.T) {
	s := reading(t, "networks", networks)
	rapid.Check(t, func(t *rapid.T) {
		addr := netip.MustParseAddr(rapid.SampledFrom([]string{
			"192.0.2.1", "192.0.2.200", "10.9.5.5", "10.9.1.5", "10.1.1.1", "198.51.100.1", "127.0.0.1", "2001:db8::1", "fd00::1", "fe80::1", "169.254.1.1",
		}).Draw(t, "address"))
		for word, want := range map[string]bool{"inside": s.Estate().Inside(addr, hour(1)), "社外": !s.Estate().Inside(addr, hour(1))} {
			plan, err := s.parsed("network:" + word)
			if err != nil {
				t.Fatal(err)
			}
			for _, ev := range []*event.Event{{SrcIP: addr.String(), Time: hour(1)}, {DstIP: addr.String(), Time: hour(1)}} {
				if got := plan.Matches(ev, nil); got != want {
					t.Errorf("%v is %s: %v", addr, word, got)
				}
			}
			if plan.Matches(&event.Event{Host: "web01", Time: hour(1)}, nil) {
				t.Errorf("an event without an address is %s", word)
			}
		}
	})
}

func TestNamesAreTakenForWhatTheyStandFor(t *testing.T) {
	s := reading(t, "people", people, "networks", networks, "devices", assets, "devices", leases, "items", items)
	for text, events := range map[string]map[bool][]*event.Event{
		`device:PC-114`: {
			true:  {{SrcIP: "192.0.2.14", Time: hour(1)}, {DstIP: "192.0.2.15", Time: hour(3)}, {Host: "pc-114", Time: hour(9)}, {Host: "PC-114.example.com", Time: hour(9)}},
			false: {{SrcIP: "192.0.2.14", Time: hour(2)}, {SrcIP: "192.0.2.15", Time: hour(1)}, {Host: "pc-1141", Time: hour(1)}},
		},
		`機器：02:00:5e:00:53:01`:                          {true: {{SrcIP: "192.0.2.14", Time: hour(1)}}, false: {{SrcIP: "192.0.2.15", Time: hour(1)}}},
		`人:"engineer K"`:                                {true: {{ActorUser: `CORP\k.sato`, Source: "ad", Time: hour(1)}, {ActorUser: "K", Source: "chat"}, {SrcIP: "192.0.2.15", Time: hour(3)}}, false: {{ActorUser: "K", Source: "ad"}, {ActorUser: "mori"}}},
		`person:engineer*`:                              {true: {{ActorUser: "mori"}, {ActorUser: "k.sato"}}, false: {{ActorUser: "root"}}},
		`network:OFFICE`:                                {true: {{SrcIP: "192.0.2.200"}, {DstIP: "192.0.2.1"}}, false: {{SrcIP: "198.51.100.1"}}},
		`item:"personal data"`:                          {true: {{Object: "/data/personnel/a.xlsx"}, {Statement: "SELECT * FROM Customers"}}, false: {{Object: "/data/x"}, {Object: "a/data/personnel/b"}}},
		`要注意:sec*`:                                      {true: {{Object: "PLANS 100%.pdf"}}, false: {{Object: "plans 1000"}}},
		`NOT person:(K OR "engineer M") -device:PC-114`: nil, // refused, see below
	} {
		plan, err := s.parsed(text)
		if events == nil {
			if err == nil {
				t.Errorf("%s: somebody is called K", text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for want, list := range events {
			for _, ev := range list {
				if got := plan.Matches(ev, nil); got != want {
					t.Errorf("%s, %+v: %v", text, ev, got)
				}
			}
		}
		if again, err := s.parsed(plan.String()); err != nil || again.String() != plan.String() {
			t.Errorf("%s is written %s: %v", text, plan, err)
		}
	}
}

func TestTheMeaningNamesAccountsAddressesAndVersions(t *testing.T) {
	s := reading(t, "people", people, "people", people, "devices", assets, "devices", leases)
	plan, err := s.parsed(`person:"engineer K" time:>=2026-04-01T00:30:00Z time:<2026-04-01T04:00:00Z`)
	if err != nil {
		t.Fatal(err)
	}
	m := plan.Known[0]
	if want := "engineer K: accounts k.sato, K (chat); 2 addresses (192.0.2.14, 192.0.2.15, each while it was theirs: 2 stretches); by knowledge of people version 2, devices version 1, 1 lease file"; m.Said.EN != want {
		t.Errorf("%s", m.Said.EN)
	}
	if want := "engineer K：アカウント k.sato、K (chat)、アドレス 2 個（192.0.2.14、192.0.2.15、使っていた期間 2 回）。取り込んだ情報：people 第2版、devices 第1版、leases 1 ファイル"; m.Said.JA != want {
		t.Errorf("%s", m.Said.JA)
	}
	if m.Term != `person:"engineer k"` || len(m.Unknown) != 2 || !m.Unknown[0].To.Equal(hour(1)) || !m.Unknown[1].From.Equal(hour(2)) || !m.Unknown[1].To.Equal(hour(3)) {
		t.Errorf("%+v", m)
	}
}

func TestANameNobodyHasIsAnErrorThatNamesWhatIsNear(t *testing.T) {
	s := reading(t, "people", people, "devices", assets, "networks", networks)
	for text, want := range map[string]string{
		`host:a person:"engineer Q"`: `column 15: no person is known as "engineer q"; near it: "engineer K", "engineer M"`,
		"device:PC-115":              `near it: "PC-114"`, "network:ofice": `near it: "office"`, "person:mori": `it is an account of "engineer M"`,
		"item:x": "konseki estate import", "person:zzzzzzzzzzzz": "estate list", "device:>5": "takes a name", `person:""`: "takes a name",
	} {
		_, err := s.parsed(text)
		if syntax, ok := errors.AsType[*query.SyntaxError](err); !ok || !strings.Contains(syntax.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := query.Parse("person:K", query.Options{}); err == nil || !strings.Contains(err.Error(), "not at hand") {
		t.Errorf("without an estate: %v", err)
	}
}

func TestTenThousandLeasesAreRefusedUnlessTheWindowIsShort(t *testing.T) {
	ed := estate.Edition{Kind: estate.KindLeases}
	for i := range 10_000 {
		at := hour(0).Add(time.Duration(i) * time.Hour)
		ed.Devices = append(ed.Devices, estate.Device{
			Address: netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 200)}), Name: "pc-1", MAC: "02:00:5e:00:53:01",
			Validity: estate.Validity{From: at, To: at.Add(30 * time.Minute)},
		})
	}
	s := knowing(ed)
	if _, err := s.parsed("device:pc-1"); err == nil || !strings.Contains(err.Error(), "shorter window") {
		t.Fatal(err)
	}
	plan, err := s.parsed("device:pc-1 time:2026-04-02..2026-04-05")
	if err != nil {
		t.Fatal(err)
	}
	if m := plan.Known[0]; len(m.Addresses) == 0 || len(m.Unknown) == 0 {
		t.Errorf("%+v", m)
	}
}

func TestHostileNamesAreNamesOnly(t *testing.T) {
	for _, name := range []string{`a"b`, `a\`, "a\u202eb", "a*b", "a?b", "(a OR b)", "a:b", strings.Repeat("長", 160), "' OR 1=1 --", "\x00a"} {
		ed := estate.Edition{Kind: estate.KindPeople, People: []estate.Person{{Name: name, Account: name, Source: name}, {Name: "other", Account: "axb"}}}
		s := knowing(ed, estate.Edition{Kind: estate.KindItems, Items: []estate.Item{{Pattern: name, Tag: name}}},
			estate.Edition{Kind: estate.KindDevices, Devices: []estate.Device{{Name: name}}})
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
		for _, field := range []string{"person", "item", "device"} {
			plan, err := s.parsed(field + ":" + quoted)
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			if ev := (&event.Event{ActorUser: name, Source: name, Object: name, Host: name}); !plan.Matches(ev, nil) {
				t.Errorf("%s %q does not find itself", field, name)
			}
			if plan.Matches(&event.Event{ActorUser: "axb", Source: "s", Host: "axb", Object: "ax"}, nil) {
				t.Errorf("%s %q finds others", field, name)
			}
		}
		if _, err := s.parsed(fmt.Sprintf("person:%sx", quoted)); err == nil {
			t.Errorf("%q with an x is known", name)
		}
	}
}
