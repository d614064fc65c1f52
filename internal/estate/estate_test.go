package estate_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
)

func tokyo() *time.Location { return time.FixedZone("JST", 9*3600) }

func jst(hour, minute int) time.Time { return time.Date(2026, 4, 1, hour, minute, 0, 0, tokyo()) }

// built is an estate of files, kind before content.
func built(t *testing.T, files ...string) *estate.Estate {
	t.Helper()
	var e *estate.Estate
	for i := 0; i < len(files); i += 2 {
		ed, err := estate.Read(files[i], "f.csv", []byte(files[i+1]), tokyo())
		if err != nil {
			t.Fatal(err)
		}
		ed.Record = uint64(i + 1)
		e = e.With(*ed)
	}
	return e
}

const (
	networks = "network,name,inside\n192.0.2.0/24,office,yes\n192.0.2.128/25,VPN pool,\n203.0.113.0/24,partner,社外\n"
	assets   = "機器名,MACアドレス,所有者\nPC-114,02:00:5E:00:53:01,技術者 K\n"
	leases   = `# comment
lease 192.0.2.14 {
  starts 3 2026/04/01 00:12:00;
  ends 3 2026/04/01 08:12:00;
  hardware ethernet 02:00:5e:00:53:01;
  client-hostname "pc-114";
}
lease 192.0.2.14 {
  starts 3 2026/04/01 09:00:00;
  ends never;
  hardware ethernet 02:00:5e:00:53:02;
  client-hostname "guest";
}
`
	people = "氏名,アカウント,ログ源\n田中 A,a.tanaka,vpn\n田中 A,A,chat\n田中 A,tanaka-a,\n"
)

func TestAnAddressIsToldByItsLeaseAsOfATime(t *testing.T) {
	e := built(t, "networks", networks, "devices", assets, "devices", leases)
	for _, c := range []struct {
		at   time.Time
		want event.Phrase
	}{
		{jst(10, 0), event.Phrase{JA: "社内：office、PC-114、技術者 K、09:12 から", EN: "inside: office, PC-114, 技術者 K, since 09:12"}},
		{jst(18, 30), event.Phrase{JA: "社内：office、guest、18:00 から", EN: "inside: office, guest, since 18:00"}},
		{jst(8, 0), event.Phrase{JA: "社内：office", EN: "inside: office"}},
	} {
		if got := e.Address("192.0.2.14", c.at, tokyo()); got != c.want {
			t.Errorf("at %v: %+v, want %+v", c.at, got, c.want)
		}
	}
	if got := e.Address("198.51.100.1", jst(10, 0), tokyo()); got != (event.Phrase{}) {
		t.Errorf("an address of nobody is %v", got)
	}
}

func TestNetworksDecideWhatIsInside(t *testing.T) {
	e := built(t, "networks", networks)
	for addr, want := range map[string]bool{"192.0.2.200": true, "::ffff:192.0.2.1": true, "203.0.113.9": false, "10.0.0.1": true, "198.51.100.1": false} {
		if got := e.Inside(netip.MustParseAddr(addr), jst(10, 0)); got != want {
			t.Errorf("%s inside: %v", addr, got)
		}
	}
	if n, ok := e.Network(netip.MustParseAddr("192.0.2.200"), jst(1, 0)); !ok || n.Name != "VPN pool" {
		t.Errorf("the narrowest network is %+v", n)
	}
}

func TestAPersonHasAllTheAccounts(t *testing.T) {
	e := built(t, "people", people)
	got := e.Account(`CORP\A.Tanaka`, "vpn", jst(10, 0))
	if got.EN != "田中 A (also chat A, tanaka-a)" {
		t.Error(got)
	}
	if p, ok := e.Person("a", "mail", jst(1, 1)); ok {
		t.Errorf("an account of another source is %+v", p)
	}
	if n := len(e.Accounts("田中 a")); n != 3 {
		t.Error(n)
	}
}

func TestAnActorIsSaidToBeOutsideWhereNetworksAreKnown(t *testing.T) {
	e := built(t, "networks", networks, "people", people)
	for value, want := range map[string]string{"198.51.100.7": "outside", "10.0.0.1": "inside", "192.0.2.1": "inside: office", "vpn.example.com": ""} {
		if got := e.Actor("ip", value, jst(10, 0), tokyo()).EN; got != want {
			t.Errorf("%s is %q", value, got)
		}
	}
	if got := built(t, "people", people).Actor("ip", "198.51.100.7", jst(10, 0), tokyo()); !got.Empty() {
		t.Errorf("without networks an address is %v", got)
	}
	if got := e.Actor("user", "a.tanaka", jst(10, 0), tokyo()).EN; got != "田中 A (also chat A, tanaka-a)" {
		t.Error(got)
	}
}

func TestTheRegisterIsReadAsOfATime(t *testing.T) {
	e := built(t, "devices", "device,mac,owner,from,to\nPC-114,02:00:5e:00:53:01,技術者 K,,2026-04-01\nPC-114,02:00:5e:00:53:01,技術者 M,2026-04-02,\n", "devices", strings.ReplaceAll(leases, "2026/04/01 08:12", "2026/04/02 08:12"))
	if d, _ := e.Device(netip.MustParseAddr("192.0.2.14"), jst(10, 0)); d.Owner != "技術者 K" {
		t.Errorf("%+v", d)
	}
	held := e.Held(func(d estate.Device) bool { return d.Owner == "技術者 M" })
	if len(held) != 0 {
		t.Errorf("another lease began before the new owner's time: %+v", held)
	}
	if held = e.Held(func(d estate.Device) bool { return d.Owner == "技術者 K" }); len(held) != 1 || !held[0].From.Equal(jst(9, 12)) || !held[0].To.Equal(jst(18, 0)) {
		t.Errorf("%+v", held)
	}
}

func TestFilesAreKnownByTheirNames(t *testing.T) {
	for name, want := range map[string]string{"people.csv": "people", "Networks-2026.csv": "networks", "dhcpd.leases": "devices", "leases_0401.txt": "devices", "peoples.csv": "", "people": "", "notes.txt": "", ".csv": ""} {
		if kind, ok := estate.KindOf(name); kind != want || ok != (want != "") {
			t.Errorf("%s is %q", name, kind)
		}
	}
}

func TestSensitiveItemsAreFoundByPattern(t *testing.T) {
	e := built(t, "items", "対象,区分\n/data/personnel/*,人事\ncustomers,personal data\n")
	for object, want := range map[string]string{"/data/personnel/a.xlsx": "人事", "SELECT * FROM Customers": "personal data", "/data/public": ""} {
		if tag, _ := e.Sensitive(object); tag != want {
			t.Errorf("%s is %q", object, tag)
		}
	}
}

func TestTheNewestVersionHoldsAndLeasesAddUp(t *testing.T) {
	second := strings.ReplaceAll(leases[strings.Index(leases, "lease"):strings.LastIndex(leases, "lease")], "2026/04/01 08:12:00", "2026/04/01 07:00:00")
	e := built(t, "people", people, "people", "name,account\nSato,sato\n", "devices", leases, "devices", second)
	if _, ok := e.Person("a.tanaka", "vpn", jst(1, 0)); ok {
		t.Error("an older version holds")
	}
	if d, ok := e.Device(netip.MustParseAddr("192.0.2.14"), jst(16, 30)); ok {
		t.Errorf("the later file ends the lease at 16:00, and %+v had it", d)
	}
	if d, _ := e.Device(netip.MustParseAddr("192.0.2.14"), jst(19, 0)); d.Name != "guest" {
		t.Errorf("a lease of the first file is forgotten: %+v", d)
	}
	ed := estate.Edition{Kind: "people", Record: 3, People: nil}
	if e.With(ed) != e {
		t.Error("a record folded twice changes the estate")
	}
}

func TestAFileIsTakenWholeOrNotAtAll(t *testing.T) {
	for text, want := range map[string]string{
		"name,account\nA,a\n,b\n": "line 3", "name\nA\n": "account", "name,account,from\nA,a,yesterday\n": "line 2",
		"name,account,from,to\nA,a,2026-04-02,2026-04-01\n": "line 2", "name,account\nA,a,x\n": "line 2", "name,account\n": "no rows", "": "line 1",
	} {
		if _, err := estate.Read("people", "p.csv", []byte(text), tokyo()); !errors.Is(err, estate.ErrFile) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for kind, text := range map[string]string{"networks": "network,name\n300.0.0.0/8,x\n", "devices": "name,mac\npc,zz\n", "cats": "a\n1\n"} {
		if _, err := estate.Read(kind, "p.csv", []byte(text), tokyo()); !errors.Is(err, estate.ErrFile) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	sjis, _ := japanese.ShiftJIS.NewEncoder().String(people)
	if ed, err := estate.Read("people", "p.csv", []byte(sjis), tokyo()); err != nil || ed.People[0].Name != "田中 A" {
		t.Error(ed, err)
	}
	ed, err := estate.Read("people", "p.csv", []byte("name,account,from,to\nA,a,2026-04-01,2026-04-01\n"), tokyo())
	if err != nil || !ed.People[0].Holds(jst(23, 59)) || ed.People[0].Holds(jst(24, 0)) {
		t.Error("the last day belongs to it", ed, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{networks, assets, leases, people, "lease 192.0.2.1 {\n}\n", "\xef\xbb\xbfname,account\n\"a"} {
		for i := range 4 {
			f.Add(i, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, kind int, content []byte) {
		ed, err := estate.Read([]string{"people", "networks", "devices", "items"}[uint(kind)%4], "f", content, tokyo())
		if (err == nil) == (ed == nil) {
			t.Fatal(ed, err)
		}
		if err == nil {
			var none *estate.Estate
			e := none.With(*ed)
			e.Who(&event.Event{SrcIP: "192.0.2.1", ActorUser: "a", Object: "x", Time: jst(1, 1)}, tokyo())
		}
	})
}
