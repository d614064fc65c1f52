package report

import (
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/lint"
)

// Input is all that a report is made from.
type Input struct {
	Kind     Kind // what the document is for; empty: the chapters of a final report
	Case     *investigate.Case
	Coverage []coverage.SourceCoverage // of every source, over the case's window
	From, To time.Time                 // the case's window
	Records  map[uint64]Cited          // every cited record that could be read
	Findings []Finding
	Zone     *time.Location
	Lang     string // "ja" or "en"
	Now      time.Time
	Version  string
	Real     bool           // real names in the place of the public ones
	Problems []lint.Problem // contradictions that were found; with an error the document is a draft
	// The state of the vault when the report was made.
	Origin     string
	PublicKey  string
	Checkpoint string
	Size       uint64
}

// Cited is a cited record as the evidence list shows it.
type Cited struct {
	Record event.Record
	SHA256 string // hex, of Raw; empty where something is masked, because it would let guesses be checked
	Text   string // Raw as valid UTF-8, cut for showing
	Sealed bool
}

// Finding is a detection as the report lists it.
type Finding struct {
	Time   time.Time
	Level  string
	Title  event.Phrase
	Why    event.Phrase
	Cites  []uint64
	Record uint64
}
