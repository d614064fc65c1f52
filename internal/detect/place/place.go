// Package place tells where in the world an address or event says it is.
//
// What a producer noted of a person's whereabouts goes first; an operator's own
// database (MaxMind DB format) is asked where nothing is noted. Neither is proof:
// a proxy is where its operator put it.
package place

import (
	_ "embed"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

//go:embed countries.tsv
var countries string

// The names of the notes that package note takes down and Of reads.
const (
	NoteCountry     = "country"     // a name or a code of ISO 3166, as logged
	NoteCoordinates = "coordinates" // "LATITUDE,LONGITUDE" in degrees
)

// A Place is somewhere on Earth, as exactly as it is known.
type Place struct {
	Country  string  // ISO 3166-1 alpha-2, "" when unknown
	Lat, Lon float64 // degrees
	// Exact reports that the coordinates were stated. They are the middle of
	// the country otherwise, and may be thousands of kilometres off.
	Exact bool
}

// Places finds places. It may be used by several goroutines.
type Places struct {
	byCode map[string]Place
	byName map[string]string // lower-case name to code
	db     *database         // nil without a file
}

// New returns Places that know what events state and nothing else.
func New() *Places {
	p := &Places{byCode: make(map[string]Place), byName: make(map[string]string)}
	for line := range strings.Lines(countries) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if len(cells) != 4 {
			continue
		}
		lat, _ := strconv.ParseFloat(cells[1], 64)
		lon, _ := strconv.ParseFloat(cells[2], 64)
		p.byCode[cells[0]] = Place{Country: cells[0], Lat: lat, Lon: lon}
		for name := range strings.SplitSeq(cells[3], "|") {
			p.byName[strings.ToLower(name)] = cells[0]
		}
	}
	return p
}

// Open returns Places that ask an operator's database too: a file in MaxMind DB
// format with country.iso_code, and location.latitude and .longitude if it has
// them. The file stays open until Close.
func Open(path string) (*Places, error) {
	db, err := openDatabase(path)
	if err != nil {
		return nil, err
	}
	p := New()
	p.db = db
	return p, nil
}

// Close closes the database.
func (p *Places) Close() error {
	if p == nil || p.db == nil {
		return nil
	}
	return p.db.close()
}

// Of tells where an event says that its client was: by its notes, else by its
// source address. ok is false when nobody knows.
func (p *Places) Of(ev *event.Event) (Place, bool) {
	if p == nil {
		return Place{}, false
	}
	if at, ok := p.noted(ev); ok {
		return at, true
	}
	addr, err := netip.ParseAddr(ev.SrcIP)
	if err != nil {
		return Place{}, false
	}
	return p.OfAddress(addr)
}

// OfAddress tells where the operator's database puts an address.
func (p *Places) OfAddress(addr netip.Addr) (Place, bool) {
	addr = addr.Unmap().WithZone("")
	if p == nil || p.db == nil || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return Place{}, false
	}
	found, ok := p.db.look(addr)
	if !ok {
		return Place{}, false
	}
	return p.complete(found.Country.Code, found.Location.Lat, found.Location.Lon, found.exact())
}

// HasDatabase reports whether there is more to ask than what events state.
func (p *Places) HasDatabase() bool { return p != nil && p.db != nil }

// Noted tells where an event says, in its notes, that its client was.
func (p *Places) Noted(ev *event.Event) (Place, bool) {
	if p == nil {
		return Place{}, false
	}
	return p.noted(ev)
}

func (p *Places) noted(ev *event.Event) (Place, bool) {
	country, coordinates := "", ""
	for i := range ev.Notes {
		switch ev.Notes[i].Name {
		case NoteCountry:
			country = ev.Notes[i].Value
		case NoteCoordinates:
			coordinates = ev.Notes[i].Value
		}
	}
	if country == "" && coordinates == "" {
		return Place{}, false
	}
	lat, lon, exact := parseCoordinates(coordinates)
	return p.complete(p.Code(country), lat, lon, exact)
}

// complete puts a place together; one without a country and coordinates is none.
func (p *Places) complete(country string, lat, lon float64, exact bool) (Place, bool) {
	at, known := p.byCode[country]
	if exact {
		at.Lat, at.Lon, at.Exact = lat, lon, true
	}
	return at, known || exact
}

// Code gives the code of ISO 3166-1 for a country's code or name in English or
// Japanese, or "" for what is no country ("Reserved").
func (p *Places) Code(name string) string {
	name = strings.TrimSpace(name)
	if len(name) == 2 {
		if code := strings.ToUpper(name); p.byCode[code].Country != "" {
			return code
		}
	}
	return p.byName[strings.ToLower(name)]
}

// parseCoordinates reads "35.68,139.69". The point 0,0 is what producers write
// for "unknown".
func parseCoordinates(s string) (lat, lon float64, ok bool) {
	a, b, _ := strings.Cut(s, ",")
	lat, errLat := strconv.ParseFloat(strings.TrimSpace(a), 64)
	lon, errLon := strconv.ParseFloat(strings.TrimSpace(b), 64)
	if errLat != nil || errLon != nil || !onEarth(lat, lon) {
		return 0, 0, false
	}
	return lat, lon, true
}

// onEarth is false for NaN, infinities and 0,0.
func onEarth(lat, lon float64) bool {
	return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 && (lat != 0 || lon != 0)
}

// Distance is the length in kilometres of the shortest way between two places
// on a sphere of the Earth's mean radius.
func Distance(a, b Place) float64 {
	const radius, degree = 6371.0, math.Pi / 180
	sinLat, sinLon := math.Sin((b.Lat-a.Lat)*degree/2), math.Sin((b.Lon-a.Lon)*degree/2)
	h := sinLat*sinLat + math.Cos(a.Lat*degree)*math.Cos(b.Lat*degree)*sinLon*sinLon
	return 2 * radius * math.Asin(math.Sqrt(min(h, 1)))
}

// String writes a place for a sentence: "JP", or coordinates without a country.
func (p Place) String() string {
	if p.Country != "" {
		return p.Country
	}
	return strconv.FormatFloat(p.Lat, 'f', 1, 64) + "," + strconv.FormatFloat(p.Lon, 'f', 1, 64)
}
