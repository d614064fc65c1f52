// Package lint finds where a case contradicts itself, its records or an earlier report.
package lint

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// Severity says how grave a problem is.
type Severity string

// The severities: with an error a report is a draft; a warning wants a look; a
// note is for whoever has time.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Ref names a part of the case.
type Ref struct {
	Kind investigate.Kind `json:"kind"`
	ID   string           `json:"id"`
}

// Problem is one contradiction.
type Problem struct {
	Code     string       `json:"code"`
	Severity Severity     `json:"severity"`
	Where    []Ref        `json:"where"` // the parts that do not agree, the one to change first
	Text     event.Phrase `json:"text"`
	Hint     event.Phrase `json:"hint"`
	Records  []uint64     `json:"records,omitempty"` // that show it
}

// Sighting is what is known of a record that is cited.
type Sighting struct {
	At     time.Time     // of its event
	Doubt  time.Duration // how far that can be off to either side
	Source string
	Item   string // what it was done to: object, statement
	Gone   string // "" or why it is no more: expired, shredded, locked, missing
}

// Evidence is what records say. Its methods may be asked many times for the same.
type Evidence interface {
	// Record tells of a record; ok is false when nothing could be read for a
	// reason that has nothing to do with the record.
	Record(ctx context.Context, seq uint64) (s Sighting, ok bool)
	// Find counts the events that a query finds in a window and gives their first
	// records, the oldest first.
	Find(ctx context.Context, query string, sources []string, from, to time.Time) (count int64, records []uint64, err error)
}

// maxAsked bounds the queries that one run asks: of more statements than that the
// answers count that they were made with.
const maxAsked = 200

// Check finds the problems of a case, the gravest first and else in the order of
// the case. It fails only with the context or the evidence.
func Check(ctx context.Context, c *investigate.Case, ev Evidence, zone *time.Location) ([]Problem, error) {
	l := &linter{c: c, ev: ev, zone: zone, words: newWords()}
	l.gather()
	for _, rule := range []func(context.Context) error{
		l.causes, l.times, l.absences, l.evidence, l.negatives, l.containments, l.numbers, l.versions, l.notices, l.claims, l.sections, l.names,
	} {
		if err := rule(ctx); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	rank := map[Severity]int{Error: 0, Warning: 1, Note: 2}
	slices.SortStableFunc(l.found, func(a, b Problem) int { return cmp.Compare(rank[a.Severity], rank[b.Severity]) })
	return l.found, nil
}

// linter is one run over a case.
type linter struct {
	c     *investigate.Case
	ev    Evidence
	zone  *time.Location
	words *words
	found []Problem
	asked int

	denial []bool                      // of each statement: whether it denies
	rows   map[string]*investigate.Row // by id
	about  map[string][]telling        // what tells of the same thing
	keys   []string                    // of about, as first met
}

// telling is a row or statement that tells of something.
type telling struct {
	ref       Ref
	at, until time.Time
	from, to  time.Time // of the search
	precision string
	text      event.Phrase
	negative  bool
	number    *investigate.Number
	cites     []uint64
	entities  []string
	what      string // of a row
}

// gather puts together what tells of the same thing.
func (l *linter) gather() {
	l.rows, l.about = map[string]*investigate.Row{}, map[string][]telling{}
	for i := range l.c.Timeline {
		r := &l.c.Timeline[i]
		l.rows[r.ID] = r
		l.tell(r.About, l.ofRow(r))
	}
	for i := range l.c.Statements {
		s := &l.c.Statements[i]
		l.denial = append(l.denial, l.denies(s))
		l.tell(s.About, l.ofStatement(s, l.denial[i]))
	}
}

func (l *linter) ofRow(r *investigate.Row) telling {
	return telling{ref: Ref{investigate.KindRow, r.ID}, at: r.At, until: r.Until, precision: r.Precision, text: r.Text, cites: r.Cites, entities: r.Entities, what: r.What}
}

func (l *linter) ofStatement(s *investigate.Statement, negative bool) telling {
	return telling{ref: Ref{investigate.KindStatement, s.ID}, at: s.At, until: s.Until, from: s.From, to: s.To, precision: cmp.Or(s.Precision, investigate.Exact), text: s.Text,
		negative: negative, number: s.Number, cites: s.Cites, entities: s.Entities}
}

func (l *linter) tell(key string, t telling) {
	if key == "" {
		return
	}
	if l.about[key] == nil {
		l.keys = append(l.keys, key)
	}
	l.about[key] = append(l.about[key], t)
}

func (l *linter) add(code string, sev Severity, text, hint event.Phrase, records []uint64, where ...Ref) {
	l.found = append(l.found, Problem{Code: code, Severity: sev, Where: where, Text: text, Hint: hint, Records: records})
}

func both(j, e string) event.Phrase { return event.Phrase{JA: j, EN: e} }
