package place

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func noted(notes ...string) *event.Event {
	ev := &event.Event{}
	for i := 0; i < len(notes); i += 2 {
		ev.Notes = append(ev.Notes, event.Field{Name: notes[i], Value: notes[i+1]})
	}
	return ev
}

func TestEveryCountryHasACodeANameAndAPointOnEarth(t *testing.T) {
	p := New()
	if len(p.byCode) < 190 {
		t.Errorf("%d countries", len(p.byCode))
	}
	for code, at := range p.byCode {
		if len(code) != 2 || !onEarth(at.Lat, at.Lon) {
			t.Errorf("%q at %v,%v", code, at.Lat, at.Lon)
		}
	}
	for name, code := range p.byName {
		if name == "" || p.byCode[code].Country != code {
			t.Errorf("%q is %q", name, code)
		}
	}
}

func TestCountriesAreKnownByCodeAndByNameInBothLanguages(t *testing.T) {
	p := New()
	for name, want := range map[string]string{
		"JP": "JP", "jp": "JP", "Japan": "JP", "日本": "JP", "Korea, Republic of": "KR", "Russian Federation": "RU",
		" United States ": "US", "米国": "US", "Reserved": "", "ZZ": "", "": "", "--": "",
	} {
		if got := p.Code(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestWhatAnEventStatesGoesFirst(t *testing.T) {
	p := New()
	at, ok := p.Of(noted(NoteCountry, "Brazil", NoteCoordinates, "-23.55, -46.63"))
	if !ok || at.Country != "BR" || !at.Exact || at.Lat != -23.55 {
		t.Errorf("%+v %v", at, ok)
	}
	at, ok = p.Of(noted(NoteCountry, "BR"))
	if !ok || at.Exact || at.Lat == 0 {
		t.Errorf("the middle of the country: %+v %v", at, ok)
	}
	for _, ev := range []*event.Event{
		noted(), noted(NoteCountry, "Reserved"), noted(NoteCoordinates, "0,0"), noted(NoteCoordinates, "NaN,1"), noted(NoteCoordinates, "99,1"),
		{SrcIP: "x"}, {SrcIP: "192.0.2.1"},
	} {
		if at, ok := p.Of(ev); ok {
			t.Errorf("%v is at %+v", ev.Notes, at)
		}
	}
	if _, ok := (*Places)(nil).Of(noted(NoteCountry, "JP")); ok {
		t.Error("no Places know a place")
	}
}

func TestDistancesAreThoseOfTheGlobe(t *testing.T) {
	tokyo, osaka, saoPaulo := Place{Lat: 35.68, Lon: 139.69}, Place{Lat: 34.69, Lon: 135.50}, Place{Lat: -23.55, Lon: -46.63}
	if d := Distance(tokyo, osaka); math.Abs(d-396) > 10 {
		t.Errorf("Tokyo to Osaka: %.0f km", d)
	}
	if d := Distance(tokyo, saoPaulo); math.Abs(d-18530) > 100 {
		t.Errorf("Tokyo to São Paulo: %.0f km", d)
	}
	if d := Distance(tokyo, tokyo); d != 0 {
		t.Errorf("nowhere: %v km", d)
	}
}

// What a file in the format is made of, see its specification.
const (
	metadataMark  = "\xab\xcd\xefMaxMind.com"
	dataSeparator = 16 // zero bytes between tree and data

	typePointer, typeText, typeDouble, typeMap, typeArray, typeBoolean = 1, 2, 3, 7, 11, 14
)

// A testDatabase writes a database of one network, /8 for IPv4, in the format.
func testDatabase(bits, version int, first byte, data []byte) []byte {
	depth, under := 8, 0
	if version == 6 {
		under = 96
	}
	nodes := depth + under
	var tree bytes.Buffer
	for i := range nodes {
		side := 0
		if i >= under {
			side = int(first >> (7 - (i - under)) & 1)
		}
		next := uint32(i + 1)
		if i == nodes-1 {
			next = uint32(nodes + dataSeparator)
		}
		records := [2]uint32{uint32(nodes), uint32(nodes)}
		records[side] = next
		l, r := records[0], records[1]
		switch bits {
		case 24:
			tree.Write([]byte{byte(l >> 16), byte(l >> 8), byte(l), byte(r >> 16), byte(r >> 8), byte(r)})
		case 28:
			tree.Write([]byte{byte(l >> 16), byte(l >> 8), byte(l), byte(l>>24)<<4 | byte(r>>24), byte(r >> 16), byte(r >> 8), byte(r)})
		default:
			tree.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, l), r))
		}
	}
	tree.Write(make([]byte, dataSeparator))
	tree.Write(data)
	tree.WriteString(metadataMark)
	tree.Write(mapOf(
		"binary_format_major_version", []byte{5<<5 | 1, 2},
		"ip_version", []byte{5<<5 | 1, byte(version)},
		"languages", append([]byte{1, typeArray - 7}, textOf("en")...),
		"node_count", []byte{6<<5 | 1, byte(nodes)},
		"record_size", []byte{5<<5 | 1, byte(bits)},
	))
	return tree.Bytes()
}

func textOf(s string) []byte {
	if len(s) < 29 {
		return append([]byte{typeText<<5 | byte(len(s))}, s...)
	}
	return append([]byte{typeText<<5 | 29, byte(len(s) - 29)}, s...)
}

func doubleOf(f float64) []byte {
	return binary.BigEndian.AppendUint64([]byte{typeDouble<<5 | 8}, math.Float64bits(f))
}

// mapOf writes a map of key, value, key, value.
func mapOf(pairs ...any) []byte {
	out := []byte{typeMap<<5 | byte(len(pairs)/2)}
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, textOf(pairs[i].(string))...)
		out = append(out, pairs[i+1].([]byte)...)
	}
	return out
}

func city() []byte {
	return mapOf(
		"city", mapOf("names", mapOf("en", textOf("a name that is longer than twenty-nine bytes"))),
		"country", mapOf("geoname_id", []byte{6<<5 | 2, 1, 2}, "iso_code", textOf("BR")),
		"location", mapOf("latitude", doubleOf(-23.55), "longitude", doubleOf(-46.63)),
		"traits", mapOf("is_anonymous", []byte{1, typeBoolean - 7}),
	)
}

func TestAddressesAreFoundInTheOperatorsDatabase(t *testing.T) {
	for _, bits := range []int{24, 28, 32} {
		for _, version := range []int{4, 6} {
			path := filepath.Join(t.TempDir(), "geo.mmdb")
			if err := os.WriteFile(path, testDatabase(bits, version, 198, city()), 0o600); err != nil {
				t.Fatal(err)
			}
			p, err := Open(path)
			if err != nil {
				t.Fatalf("%d bits, IPv%d: %v", bits, version, err)
			}
			at, ok := p.Of(&event.Event{SrcIP: "198.51.100.1"})
			if !ok || at != (Place{Country: "BR", Lat: -23.55, Lon: -46.63, Exact: true}) {
				t.Errorf("%d bits, IPv%d: %+v %v", bits, version, at, ok)
			}
			for _, other := range []string{"192.0.2.1", "2001:db8::1", "10.0.0.1", "127.0.0.1"} {
				if at, ok := p.Of(&event.Event{SrcIP: other}); ok {
					t.Errorf("%s is at %+v", other, at)
				}
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAFileThatIsNoDatabaseIsRefusedWithItsName(t *testing.T) {
	whole := testDatabase(24, 4, 198, city())
	for name, content := range map[string][]byte{
		"empty": nil, "other": []byte("hello"), "cut": whole[40:], "version": testDatabase(24, 5, 198, city()), "bits": testDatabase(26, 4, 198, city()),
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := Open(path)
		if name == "cut" && err == nil { // the tree is still long enough: it answers nothing wrong
			_, _ = p.OfAddress(netip.MustParseAddr("198.51.100.1"))
			continue
		}
		if !errors.Is(err, ErrDatabase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent.mmdb")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}

func FuzzDatabase(f *testing.F) {
	f.Add(testDatabase(24, 4, 198, city()))
	f.Add(testDatabase(28, 6, 198, city()))
	f.Add(testDatabase(32, 6, 198, append([]byte{typePointer << 5, 0}, city()...)))
	f.Fuzz(func(t *testing.T, content []byte) {
		db, err := readDatabase(content)
		if err != nil {
			return
		}
		for _, addr := range []string{"198.51.100.1", "2001:db8::1"} {
			if l, ok := db.look(netip.MustParseAddr(addr)); ok && l.Country.Code == "" && !l.exact() {
				t.Errorf("%+v", l)
			}
		}
	})
}

func FuzzNotes(f *testing.F) {
	p := New()
	f.Add("JP", "35,139")
	f.Fuzz(func(t *testing.T, country, coordinates string) {
		at, ok := p.Of(noted(NoteCountry, country, NoteCoordinates, coordinates))
		if ok && (at.Country == "" && !at.Exact || !onEarth(at.Lat, at.Lon)) {
			t.Errorf("%+v", at)
		}
	})
}
