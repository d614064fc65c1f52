package wire

import (
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/estate"
)

// Edition is one imported file of what the company knows of itself.
type Edition struct {
	Kind    string    `json:"kind"`
	Version int       `json:"version"`
	File    string    `json:"file"`
	SHA256  string    `json:"sha256"`
	Rows    int       `json:"rows,omitzero"` // where they are at hand
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Record  uint64    `json:"record"`
}

// EditionOf sets an edition, with its times in a zone.
func EditionOf(ed *estate.Edition, zone *time.Location, rows int) Edition {
	return Edition{ed.Kind, ed.Version, ed.File, ed.SHA256, rows, ed.At.In(zone), ed.By, ed.Record}
}

// Known is what is known of an address or account at a time.
type Known struct {
	Value string    `json:"value"`
	At    time.Time `json:"at"`
	Known bool      `json:"known"`
	Who   string    `json:"who"`
}

// Meaning is what a term such as person:"engineer k" was taken to mean. Lists
// hold at most 100 entries; Means counts all.
type Meaning struct {
	Term      string         `json:"term"`
	Means     string         `json:"means"`
	Versions  map[string]int `json:"versions,omitempty"` // of the knowledge, by its kind
	People    []string       `json:"people,omitempty"`
	Devices   []string       `json:"devices,omitempty"`
	Accounts  []string       `json:"accounts,omitempty"`
	Addresses []string       `json:"addresses,omitempty"`
	Hosts     []string       `json:"hosts,omitempty"`
	Networks  []string       `json:"networks,omitempty"`
	Patterns  []string       `json:"patterns,omitempty"`
	Unknown   []Hole         `json:"unknown,omitempty"`
}

// Hole is when the address of a device is not known, in [From, To).
type Hole struct {
	Device string    `json:"device"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// MeaningsOf sets meanings in a language, with times in a zone.
func MeaningsOf(list []control.Meaning, zone *time.Location, lang string) []Meaning {
	var out []Meaning
	for _, m := range list {
		w := Meaning{m.Term, m.Said.In(lang), m.Versions, m.People, m.Devices, m.Accounts, m.Addresses, m.Hosts, m.Networks, m.Patterns, nil}
		for _, h := range m.Unknown {
			w.Unknown = append(w.Unknown, Hole{h.Device, h.From.In(zone), h.To.In(zone)})
		}
		out = append(out, w)
	}
	return out
}
