package investigate

import (
	"fmt"
	"slices"
	"sync"

	"github.com/konseki/konseki/internal/event"
)

// Desk folds the case operations of a vault into cases. Its methods may be
// called from several goroutines.
type Desk struct {
	mu    sync.RWMutex
	cases map[string]*Case
}

// NewDesk returns a desk without cases.
func NewDesk() *Desk { return &Desk{cases: map[string]*Case{}} }

// Apply folds one record of event.SourceCase in. The records must come in
// Seq order; a record that cannot be read or applied is reported and left out.
func (d *Desk) Apply(rec event.Record) error {
	op, err := Decode(rec)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.cases[op.Case]
	if c == nil {
		if op.Op != "open" {
			return fmt.Errorf("investigate: record %d: case %s was never opened", rec.Seq, op.Case)
		}
		c = &Case{ID: op.Case, Title: op.Title, Status: "open", Opened: op.At, OpenedBy: op.By, Sections: map[string]event.Phrase{}}
	} else {
		c = c.clone()
	}
	c.apply(op, rec.Seq)
	d.cases[op.Case] = c
	return nil
}

func (c *Case) apply(op *Operation, seq uint64) {
	target := ""
	switch {
	case op.Op == "row" && op.Row != nil:
		r := *op.Row
		r.By, r.Recorded = op.By, seq
		r.ID = nameOf(c.Timeline, r, "r", rowID)
		c.Timeline = replaceOrAdd(c.Timeline, r, rowID)
		slices.SortStableFunc(c.Timeline, func(a, b Row) int { return a.At.Compare(b.At) })
		target = r.ID
	case op.Op == "statement" && op.Statement != nil:
		s := *op.Statement
		s.By, s.Recorded = op.By, seq
		s.ID = nameOf(c.Statements, s, "s", statementID)
		c.Statements = replaceOrAdd(c.Statements, s, statementID)
		target = s.ID
	case op.Op == "question" && op.Question != nil:
		q := *op.Question
		q.By, q.Recorded = op.By, seq
		q.ID = nameOf(c.Questions, q, "q", questionID)
		c.Questions = replaceOrAdd(c.Questions, q, questionID)
		target = q.ID
	case op.Op == "section":
		c.Sections[op.Section] = op.Text
		target = op.Section
	case op.Op == "close":
		c.Status = "closed"
	}
	c.History = append(c.History, Entry{At: op.At, By: op.By, Op: op.Op, Target: target, Record: seq})
}

// clone copies what apply changes, so that a Case handed out never changes.
func (c *Case) clone() *Case {
	n := *c
	n.Timeline = slices.Clone(c.Timeline)
	n.Statements = slices.Clone(c.Statements)
	n.Questions = slices.Clone(c.Questions)
	n.History = slices.Clone(c.History)
	n.Sections = make(map[string]event.Phrase, len(c.Sections))
	for k, v := range c.Sections {
		n.Sections[k] = v
	}
	return &n
}

func rowID(r Row) string             { return r.ID }
func statementID(s Statement) string { return s.ID }
func questionID(q Question) string   { return q.ID }

// nameOf is the part's own name, or the next number that no part has: a part
// without a name never takes the place of another.
func nameOf[T any](list []T, item T, prefix string, id func(T) string) string {
	if name := id(item); name != "" {
		return name
	}
	for n := len(list) + 1; ; n++ {
		name := fmt.Sprintf("%s%d", prefix, n)
		if !slices.ContainsFunc(list, func(x T) bool { return id(x) == name }) {
			return name
		}
	}
}

// replaceOrAdd puts a later version of the same part in the place of the
// earlier one; the history keeps both.
func replaceOrAdd[T any](list []T, item T, id func(T) string) []T {
	for i := range list {
		if id(list[i]) == id(item) {
			list[i] = item
			return list
		}
	}
	return append(list, item)
}

// Case returns a case, or nil. What is returned never changes.
func (d *Desk) Case(id string) *Case {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.cases[id]
}

// Cases lists the cases, the newest opened first.
func (d *Desk) Cases() []*Case {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := make([]*Case, 0, len(d.cases))
	for _, c := range d.cases {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Case) int {
		if n := b.Opened.Compare(a.Opened); n != 0 {
			return n
		}
		if a.ID < b.ID {
			return 1
		}
		return -1
	})
	return out
}

// Cited lists the Seqs of every record the case cites, ascending, with the
// records of the case operations themselves when own is set.
func (c *Case) Cited(own bool) []uint64 {
	var out []uint64
	for _, r := range c.Timeline {
		out = append(out, r.Cites...)
	}
	for _, s := range c.Statements {
		out = append(out, s.Cites...)
	}
	for _, q := range c.Questions {
		out = append(out, q.Cites...)
	}
	if own {
		for _, h := range c.History {
			out = append(out, h.Record)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
