package wire

import (
	"time"

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
