// Package control holds every operation a person may ask of a running server; each leaves a Record.
package control

import (
	"context"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/query"
)

// The nouns of the rooms below, by the names that pages and commands use.
type (
	Case           = investigate.Case
	Row            = investigate.Row
	Statement      = investigate.Statement
	Question       = investigate.Question
	Answer         = coverage.Answer
	SourceCoverage = coverage.SourceCoverage
	Interval       = coverage.Interval
	Loss           = coverage.Loss
	Source         = coverage.Source
	SyntaxError    = query.SyntaxError
	Meaning        = query.Meaning
	Hole           = query.Hole
)

// Operations is everything that a person may ask; the command line and the
// pages do nothing else. `by` names the person; each call that reads or
// changes evidence leaves a Record saying who asked what, when.
//
// Errors for people are *query.SyntaxError (position and hint), ErrNotFound,
// ErrInvalid (wrapped, with a sentence that says what to do) or the context's.
type Operations interface {
	Status(ctx context.Context) (Status, error)

	// Search finds events, newest first, with coverage and verdict.
	Search(ctx context.Context, by string, q Search) (*Result, error)
	// Histogram counts the events of a search per source and time bucket and
	// gives the coverage of the same window for the ribbon.
	Histogram(ctx context.Context, by string, q Search, buckets int) (*Histogram, error)
	// Facets counts the commonest values of the usual columns.
	Facets(ctx context.Context, by string, q Search) ([]Facet, error)
	// Pivot tells all that is known of one address, account, host, person or device.
	Pivot(ctx context.Context, by, kind, value string, from, to time.Time) (*Pivot, error)
	// Ask answers a question by kind with its verdict.
	Ask(ctx context.Context, by string, q Ask) (*Result, error)

	// Record returns a raw record with its events and its seal.
	Record(ctx context.Context, by string, seq uint64) (*Record, error)
	// Unmask is Record without masks, for administrators and analysts who say
	// why; that they looked is recorded before anything is shown.
	Unmask(ctx context.Context, by auth.Person, seq uint64, reason string) (*Record, error)
	// Prove checks a record's proof now and returns the proof as JSON.
	Prove(ctx context.Context, by string, seq uint64) (*Proof, error)
	// Noted seals that somebody came in, failed to, or left.
	Noted(ctx context.Context, by, op, what, peer string) error
	// VerifyVault re-hashes the whole vault.
	VerifyVault(ctx context.Context, by string, progress func(done, total int64)) (*Verification, error)

	// Coverage gives the state of every source over a window; a zero time
	// means the first or last record.
	Coverage(ctx context.Context, by string, from, to time.Time) ([]SourceCoverage, error)
	// Losses lists what was lost of a source, or with "" of no known one, over
	// a window; a zero time leaves it open.
	Losses(ctx context.Context, by, source string, from, to time.Time) ([]Loss, error)
	Sources(ctx context.Context) ([]Source, error)
	AddSource(ctx context.Context, by string, s Source) error

	// Findings lists what the rules and baselines raised, newest first.
	Findings(ctx context.Context, by string, q Search) ([]Finding, error)

	Triage   // stories and mutes
	Keeping  // retention, holds and expiry
	Sourcing // sources, evidence that others hold, coverage by host
}

// Search is a search as asked. From and To bound the event time, [From, To);
// zero means open.
type Search struct {
	Query  string
	From   time.Time
	To     time.Time
	Zone   *time.Location // for times in the query and for what is shown
	Limit  int            // default 100, at most 10,000
	Oldest bool
	After  string // from Result.Next
}

// Ask is a question by kind: "login", "access", "transfer", "tool", "change".
type Ask struct {
	Kind    string
	Account string
	Address string
	Host    string
	Object  string
	Person  string // by the name that the company gave
	Device  string // likewise
	Sources []string
	From    time.Time
	To      time.Time
	Zone    *time.Location // for the times in the reasons
}

// Result is what a search found and what could not be known.
type Result struct {
	Events []event.Event
	Total  int64 // events that match in the window
	All    int64 // events in the index
	Next   string
	Took   time.Duration
	From   time.Time // the window answered for
	To     time.Time
	Query  string    // canonical form of the query that was run
	Known  []Meaning // what its names of people, devices, networks and items were taken to mean
	Answer Answer
}

// Histogram is counts per source and bucket, with the coverage ribbon.
type Histogram struct {
	From     time.Time
	To       time.Time
	Width    time.Duration
	Sources  []string // in the order they are stacked, most events first
	Buckets  []Bucket
	Coverage []SourceCoverage
	Marks    []Mark
}

// Bucket is one column of the histogram; Counts go with Histogram.Sources.
type Bucket struct {
	Start  time.Time
	Counts []int64
}

// Mark is a labelled instant on the time axis: a finding or a timeline row.
type Mark struct {
	At    time.Time
	Label event.Phrase
	Level string
}

// Facet is a column with its commonest values.
type Facet struct {
	Column string // the name to use in a query
	Label  event.Phrase
	Values []FacetValue
}

// FacetValue is one value, how often it occurs and the label to show for it.
type FacetValue struct {
	Value string
	Label event.Phrase // for numbered values such as classes; else empty
	Count int64
}

// Pivot is all that is known of one address, account or host.
type Pivot struct {
	Kind      string // ip, user, host, person, device
	Value     string
	Inside    bool // an address of a private or documentation-free own range
	Count     int64
	First     time.Time
	Last      time.Time
	Sources   []Related
	Users     []Related
	Addresses []Related
	Hosts     []Related
	Findings  []Finding
	Known     []Meaning // what a person or device was taken to mean
	Answer    Answer
}

// Related is a value seen together with the pivot's.
type Related struct {
	Value    string
	Sources  []string
	Count    int64
	Failures int64
	First    time.Time
	Last     time.Time
}

// Record is a raw record with all that was derived from it.
type Record struct {
	Record event.Record
	Text   string // the bytes as valid UTF-8, for showing
	Masked bool   // secrets in Text, Record.Raw and Events are masked
	Binary bool   // Text is a hex dump
	Events []event.Event
	Clock  *coverage.ClockState // of the first event's producer; nil where it was not measured
	Seal   Seal
}

// Seal tells where a record is sealed; Sealed is false in the tail since the
// last checkpoint.
type Seal struct {
	Sealed   bool
	SealedAt time.Time
	Leaf     string // hex
	Batch    uint64
	Position uint64 // within the batch, from 0
	Root     string // hex, of the batch
}

// Proof is a proof that was just checked.
type Proof struct {
	Seal
	OK    bool
	Error string
	JSON  []byte
}

// Verification is the result of re-hashing the vault.
type Verification struct {
	OK         bool
	At         time.Time
	Took       time.Duration
	Records    uint64
	Sealed     uint64
	Unsealed   uint64 // after the last sealed one
	Expired    uint64 // let go, and a sealed record says so
	Shredded   uint64 // their key was destroyed, and a sealed record says so
	Locked     uint64 // their key is not at hand
	RawBytes   int64
	Segments   int
	Batches    int
	Checkpoint string
	PublicKey  string
	Problems   []Problem
}

// Outside is one thing outside this machine that remembers the vault: a witness,
// a timestamp authority or a copy.
type Outside struct {
	Kind    string // witness, timestamp or copy
	Name    string
	Held    time.Time // when it last took something; zero when it never did
	Upto    uint64    // batches that it remembers, or records that a copy has
	Behind  uint64    // records that would be lost with this machine now; copies alone
	Trouble string    // why the last attempt failed; "" when it did not
	Alarm   bool      // it remembers something else than this vault has
}

// Problem is one damage found.
type Problem struct {
	Kind    string
	Segment string
	Record  uint64
	Detail  string
}

// Finding is a detection as shown.
type Finding struct {
	Record  uint64 // Seq of the finding's own Record
	ID      string
	RuleID  string
	Title   event.Phrase
	Why     event.Phrase
	Level   string // informational, low, medium, high, critical
	Kind    string // sigma or baseline
	Time    time.Time
	Source  string
	Host    string
	User    string
	Address string
	Object  string
	Cites   []uint64
	Because []Reason
	Tags    []string
}

// Reason is one field and value that made a rule true.
type Reason struct{ Field, Value, Pattern string }

// Status is the state in every page's header.
type Status struct {
	Version    string
	Records    uint64
	Sealed     uint64
	Indexed    uint64
	TailAge    time.Duration // age of the oldest record not yet under a checkpoint
	LastSeal   time.Time
	Witnesses  int             // that hold a checkpoint of ours and have no trouble
	Outside    []Outside       // what remembers the vault outside this machine
	Pulls      []coverage.Pull // how far the services are that are asked for their records
	Checkpoint string
	PublicKey  string
	DiskBytes  int64
	Rules      int
	Findings   int64
	First      time.Time // of all events
	Last       time.Time
	Zone       string
}
