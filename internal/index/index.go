// Package index keeps Events queryable: duckdb embedded, clickhouse for a cluster, one contract suite.
//
// An index is derived: it can be deleted at any time and built again from the
// vault to the same content. This package holds the words that every
// implementation shares; package indextest holds the behaviour they share.
package index

import (
	"errors"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

// Errors that every implementation returns, wrapped.
var (
	// ErrCursor means that Request.After is not a cursor of this request's order.
	ErrCursor = errors.New("not a cursor of this search; start again without it")
	// ErrColumn means that a facet was asked over an unknown column.
	ErrColumn = errors.New("no such column; see the list of columns")
	// ErrWidth means that a histogram's buckets would be too many or too narrow.
	ErrWidth = errors.New("bucket width is out of range; choose a wider one")
	// ErrKind means that a pivot was asked for something that is not an entity.
	ErrKind = errors.New("no such kind of entity; use ip, user or host")
	// ErrStatement means that an SQL text is not one SELECT statement.
	ErrStatement = errors.New("only one SELECT statement is allowed; the events are in the view events")
	// ErrCut follows the last row of an SQL answer that was cut at its bounds.
	ErrCut = errors.New("the answer was cut here; narrow the statement or aggregate in it")
)

// Request says which events an answer is about.
type Request struct {
	// Plan selects events; nil selects all.
	Plan *query.Plan
	// From and To bound the event time, [From,To); zero is open. Plan's own
	// bounds hold as well.
	From, To time.Time
	// Limit bounds Page.Events; 0 means DefaultLimit, more than MaxLimit is cut.
	Limit int
	// Oldest orders by (time, record, nth) ascending; the default is descending.
	Oldest bool
	// After continues after the last event of an earlier Page with the same order.
	After Cursor
	// Own includes konseki's own records. By default sources that begin with
	// event.OwnPrefix are left out, except event.SourceFinding.
	Own bool
}

// Bounds of Request.Limit.
const (
	DefaultLimit = 100
	MaxLimit     = 100_000
)

// Cursor is an opaque place in an ordered answer; empty means the beginning,
// or, as Page.Next, that nothing follows.
type Cursor string

// Page is one part of an ordered answer.
type Page struct {
	Events []event.Event
	Next   Cursor
}

// Row is one event with the raw bytes of its record, which free words search.
type Row struct {
	Event *event.Event
	Raw   []byte
}

// Segment is a closed raw segment of the vault: a Parquet file at Path holding
// the records First to Last, both included.
type Segment struct {
	Name, Path  string
	First, Last uint64
}

// Bounds of an SQL answer.
const (
	MaxSQLRows  = 10_000
	MaxSQLBytes = 64 << 20
	MaxSQLTime  = time.Minute
)

// Bucket counts the events of one source in [Start, Start+width).
type Bucket struct {
	Start  time.Time
	Source string
	Count  int64
}

// Value is one value of a column with the number of events that hold it.
type Value struct {
	Value string
	Count int64
}

// Seen is an entity that occurs together with another one.
type Seen struct {
	Value       string
	Count       int64
	First, Last time.Time
	Sources     []string // ascending
	Failures    int64    // events among Count whose status is failure
}

// Pivot is all that is known around one entity. The lists are ordered by count
// descending, then value, and hold at most MaxSeen entries each. Own records
// and findings are left out.
type Pivot struct {
	Kind, Value                      string
	Count                            int64
	First, Last                      time.Time
	Sources, Users, Addresses, Hosts []Seen
}

// MaxSeen bounds each list of a Pivot.
const MaxSeen = 1000

// Presence counts what one source delivered from one host in one interval, the
// material of coverage. Own records are left out.
type Presence struct {
	Source, Host     string
	Start            time.Time // of the bucket; the From asked for when there is only one
	Events, Unparsed int64
	First, Last      time.Time // event times
}
