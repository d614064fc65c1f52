package evidence

import (
	"cmp"
	"net/netip"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
)

// meaningView is what a name in a query was taken to mean.
type meaningView struct{ Term, Said string }

// meanings sets what names were taken to mean.
func (v Visit) meanings(list []control.Meaning) []meaningView {
	out := make([]meaningView, len(list))
	for i, m := range list {
		out[i] = meaningView{reading.Visible(m.Term, 200), v.Phrase(m.Said)}
	}
	return out
}

// helpView is a field that a query can name, with an example.
type helpView struct{ Name, Example, Does string }

// queryFields lists the fields for the help beside the query.
func (v Visit) queryFields() []helpView {
	var out []helpView
	for _, f := range [][2]string{
		{"person", `person:"engineer K"`}, {"device", "device:PC-114"}, {"network", "network:outside"}, {"item", "item:personal*"},
		{"user", "user:a.mori"}, {"ip", "ip:192.0.2.0/24"}, {"host", "host:web-01"}, {"source", "source:vpn"},
		{"class", "class:authentication"}, {"status", "status:failure"}, {"object", "object:*.xlsx"}, {"time", "time:>-24h"},
	} {
		out = append(out, helpView{f[0], f[1], v.T("queryfield." + f[0])})
	}
	return out
}

// maxOffered bounds the names that a query box offers, of each kind.
const maxOffered = 100

// queryNames continues a query with each name that the company knows.
func (v Visit) queryNames(query string) []string {
	e := v.Estate()
	var networks, items []string
	for _, n := range e.Networks() {
		networks = append(networks, n.Name)
	}
	for _, it := range e.Items() {
		items = append(items, it.Tag)
	}
	if e != nil {
		networks = append(networks, "inside", "outside")
	}
	var out []string
	seen := map[string]bool{}
	for _, kind := range []struct {
		field string
		names []string
	}{{"person", e.Persons()}, {"device", e.DeviceNames()}, {"network", networks}, {"item", items}} {
		n := 0
		for _, name := range kind.names {
			term := strings.TrimSpace(query + " " + reading.Term(kind.field, name))
			if seen[term] || n >= maxOffered || reading.Visible(term, 300) != term {
				continue // what would be shown otherwise than it is would be looked for otherwise
			}
			seen[term], n = true, n+1
			out = append(out, term)
		}
	}
	return out
}

// ownerView is a search by the person or device that an address or account was.
type ownerView struct{ Term, Href string }

// owners links whose an entity was at a time, by the names that the company gave.
func (v Visit) owners(kind, value string, at time.Time) []ownerView {
	device, person := "", ""
	switch kind {
	case "ip":
		if addr, err := netip.ParseAddr(value); err == nil {
			d, _ := v.Estate().Device(addr, at)
			device, person = cmp.Or(d.Name, d.MAC), v.Estate().Owner(d, at)
		}
	case "user":
		p, _ := v.Estate().Person(value, "", at)
		person = p.Name
	case "host":
		device = v.Estate().DeviceNamed(value)
	}
	var out []ownerView
	for _, o := range [][2]string{{"person", person}, {"device", device}} {
		if o[1] == "" {
			continue
		}
		term := reading.Term(o[0], o[1])
		out = append(out, ownerView{reading.Visible(term, 120), v.At.Moved("/explore").Change("q", term, "after", "", "record", "", "pivot", "", "gap", "").String()})
	}
	return out
}
