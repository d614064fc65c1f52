// Package event holds the nouns of konseki: the Record (原記録) and the Event (イベント), OCSF identifiers and the promoted columns.
//
// A Record is the bytes as received and never changes. An Event is what normalise
// derives from a Record and may be derived again at any time.
package event

import (
	"strings"
	"time"
)

// Record is one raw record (原記録): the bytes as received with where they came
// from, when, and their place in the vault. It is immutable once appended.
type Record struct {
	// Seq is the record's place in the vault, counted from 1 without gaps.
	// Zero means that the record has not been appended yet.
	Seq uint64
	// Received is when konseki received the bytes, UTC, nanoseconds.
	Received time.Time
	// Source names the registered source, such as "vpn" or "server".
	// Names that begin with OwnPrefix are konseki's own records.
	Source string
	// Transport says how the bytes came in; see [Transport].
	Transport string
	// Raw is the bytes as received. A record may hold several lines.
	Raw []byte
	// Gone says why Raw is empty although there were bytes; Present otherwise.
	Gone Gone
}

// Gone says that the raw bytes of a record can no longer be had, and why. Its
// seal, source and receive time stay.
type Gone uint8

// Why raw bytes can be gone.
const (
	Present  Gone = iota
	Expired       // let go when the retention period had passed
	Shredded      // the key they were kept under was destroyed
	Locked        // the key they are kept under is not at hand
)

// String names the state as coverage does.
func (g Gone) String() string {
	return [...]string{"present", "expired", "shredded", "locked"}[min(g, Locked)]
}

// OwnPrefix begins the source names of the records that konseki itself writes
// (findings, case notes, searches made, configuration changes …). Senders may
// not use it.
const OwnPrefix = "konseki."

// IsOwn says whether records of a source are konseki's own.
func IsOwn(source string) bool { return strings.HasPrefix(source, OwnPrefix) }

// The sources of konseki's own records. Each record's Raw is one JSON object.
const (
	SourceFinding  = OwnPrefix + "finding"  // a detection that fired
	SourceCase     = OwnPrefix + "case"     // an operation on a case
	SourceRegistry = OwnPrefix + "source"   // a source registered, changed or declared absent
	SourceImport   = OwnPrefix + "import"   // a file imported
	SourceAccess   = OwnPrefix + "access"   // who looked at what: searches, sign-ins, exports
	SourceLoss     = OwnPrefix + "loss"     // records dropped, rejected or late, counted
	SourceExpiry   = OwnPrefix + "expiry"   // records let go under retention
	SourceShred    = OwnPrefix + "shred"    // keys destroyed, and with them what was under them
	SourceReport   = OwnPrefix + "report"   // a report, bundle or verification issued
	SourceHold     = OwnPrefix + "hold"     // a legal hold started or released
	SourceCoverage = OwnPrefix + "coverage" // what is proven of a source's completeness: an Attestation
	SourceMute     = OwnPrefix + "mute"     // findings left out of stories for a time
	SourceAdvisory = OwnPrefix + "advisory" // an advisory acknowledged
	SourceEstate   = OwnPrefix + "estate"   // what the company says of itself: networks, devices, people, sensitive items
)
