package investigate

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Desk folds the case operations of a vault into cases. Its methods may be
// called from several goroutines.
type Desk struct {
	mu    sync.Mutex
	files map[string]*file
}

// NewDesk returns a desk without cases.
func NewDesk() *Desk { return &Desk{files: map[string]*file{}} }

// Apply folds one record of event.SourceCase in. The records must come in
// Seq order; a record that cannot be read or applied is reported and left out.
func (d *Desk) Apply(rec event.Record) error {
	op, err := Decode(rec)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[op.Case]
	if f == nil {
		if op.Op != "open" {
			return fmt.Errorf("investigate: record %d: case %s was never opened", rec.Seq, op.Case)
		}
		f = &file{head: Case{ID: op.Case, Title: op.Title, Status: "open", Opened: op.At, OpenedBy: op.By}, kinds: map[Kind]*shelf{}}
		d.files[op.Case] = f
	}
	if rec.Seq <= f.last {
		return nil // the tail of a vault is read twice when it is opened
	}
	f.last = rec.Seq
	if err := f.apply(op, rec.Seq); err != nil {
		return fmt.Errorf("investigate: record %d: %w", rec.Seq, err)
	}
	return nil
}

// Case returns a case, or nil. What is returned never changes.
func (d *Desk) Case(id string) *Case {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[id]; f != nil {
		return f.show()
	}
	return nil
}

// Cases lists the cases, the newest opened first.
func (d *Desk) Cases() []*Case {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*Case, 0, len(d.files))
	for _, f := range d.files {
		out = append(out, f.show())
	}
	slices.SortFunc(out, func(a, b *Case) int {
		return cmp.Or(b.Opened.Compare(a.Opened), -cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Part returns a part as it stands, or as its version was that the operation
// with the Seq put; nil where there is none. It must not be changed.
func (d *Desk) Part(caseID string, k Kind, id string, version uint64) Part {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[caseID]
	if f == nil || f.kinds[k] == nil {
		return nil
	}
	for _, p := range slices.Backward(f.kinds[k].versions[id]) {
		if version == 0 || p.Common().Recorded == version {
			return p
		}
	}
	return nil
}

// PutBy returns the part that the operation with the Seq put, or nil.
func (d *Desk) PutBy(caseID string, k Kind, seq uint64) Part {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[caseID]
	if f == nil || f.kinds[k] == nil {
		return nil
	}
	for _, id := range slices.Backward(f.kinds[k].order) {
		list := f.kinds[k].versions[id]
		if p := list[len(list)-1]; p.Common().Recorded == seq {
			return p
		}
	}
	return nil
}

// file is a case as it is folded. What shelves hold never changes but for the
// results of checks.
type file struct {
	head      Case // what is not made of parts
	kinds     map[Kind]*shelf
	withdrawn []Withdrawn
	history   []Entry
	shown     *Case // nil after a change
	last      uint64
}

// shelf is the parts of one kind.
type shelf struct {
	order    []string // ids, in the order first put
	versions map[string][]Part
	gone     map[string]bool
	next     int
}

func (f *file) shelf(k Kind) *shelf {
	s := f.kinds[k]
	if s == nil {
		s = &shelf{versions: map[string][]Part{}, gone: map[string]bool{}}
		f.kinds[k] = s
	}
	return s
}

func (f *file) apply(op *Operation, seq uint64) error {
	line := Entry{At: op.At, By: op.By, Op: op.Op, Target: op.ID, Record: seq}
	switch op.Op {
	case "put":
		id, err := f.put(op, seq)
		if err != nil {
			return err
		}
		line.Op, line.Target = string(op.Kind), id
	case "withdraw", "result", "sign", "override":
		if err := f.change(op, seq); err != nil {
			return err
		}
	case "close":
		f.head.Status = "closed"
	case "reopen":
		f.head.Status = "open"
	}
	f.history = append(f.history, line)
	f.shown = nil
	return nil
}

func (f *file) put(op *Operation, seq uint64) (string, error) {
	p, err := DecodePart(op.Kind, op.Part)
	if err != nil {
		return "", err
	}
	s, h := f.shelf(op.Kind), p.Common()
	if h.ID == "" {
		h.ID = s.name(op.Kind)
	}
	h.By, h.Recorded = op.By, seq
	switch p := p.(type) {
	case *Fact:
		p.At = op.At
	case *Version:
		p.Then = f.show()
	}
	old := s.versions[h.ID]
	if len(old) == 0 {
		s.order = append(s.order, h.ID)
	} else if was, ok := old[len(old)-1].(interface{ checked() *Checked }); ok {
		*p.(interface{ checked() *Checked }).checked() = *was.checked() // a check is not undone by other words
	}
	s.versions[h.ID] = append(old, p)
	delete(s.gone, h.ID)
	return h.ID, nil
}

// name is the next number that no part has: a part without a name never takes
// the place of another.
func (s *shelf) name(k Kind) string {
	for {
		s.next++
		name := fmt.Sprintf("%s%d", k.initial(), s.next)
		if s.versions[name] == nil {
			return name
		}
	}
}

// change withdraws a part, or takes down what became of its check.
func (f *file) change(op *Operation, seq uint64) error {
	s := f.shelf(op.Kind)
	list := s.versions[op.ID]
	if len(list) == 0 || s.gone[op.ID] {
		return event.Refuse(ErrInvalid, "case %s has no %s %s", "事案 %s に%s %s はありません", op.Case, op.Kind.Name(), op.ID)
	}
	p := list[len(list)-1]
	if op.Op == "withdraw" {
		s.gone[op.ID] = true
		f.withdrawn = append(f.withdrawn, Withdrawn{Kind: op.Kind, ID: op.ID, Text: p.Says(), Reason: op.Reason, By: op.By, At: op.At, Recorded: seq})
		return nil
	}
	has, ok := p.(interface{ checked() *Checked })
	if !ok {
		return event.Refuse(ErrInvalid, "a %s has no check", "%sには確認がありません", op.Kind.Name())
	}
	c := has.checked()
	switch op.Op {
	case "result":
		r := *op.Result
		r.At, r.By, r.Recorded = op.At, op.By, seq
		c.Results = append(slices.Clip(c.Results), r)
	case "sign":
		c.Signed = &Signed{By: op.By, At: op.At, Reason: op.Reason, Recorded: seq}
	case "override":
		c.Overridden = &Signed{By: op.By, At: op.At, Reason: op.Reason, Recorded: seq}
	}
	return nil
}

// show assembles the case as it stands.
func (f *file) show() *Case {
	if f.shown != nil {
		return f.shown
	}
	c := f.head
	c.Timeline, c.Statements, c.Questions = held[Row](f), held[Statement](f), held[Question](f)
	c.Sections, c.Entities, c.Scopes = held[Section](f), held[Entity](f), held[Scope](f)
	c.Clocks, c.Submissions, c.Told = held[Clock](f), held[Submission](f), held[Told](f)
	c.Tasks, c.Decisions, c.Containments = held[Task](f), held[Decision](f), held[Containment](f)
	c.Conditions, c.Measures, c.Versions = held[Condition](f), held[Measure](f), held[Version](f)
	c.Facts = f.facts()
	c.Withdrawn, c.History = slices.Clone(f.withdrawn), slices.Clone(f.history)
	slices.SortStableFunc(c.Timeline, func(a, b Row) int { return whenOf(&a).Compare(whenOf(&b)) })
	f.shown = &c
	return f.shown
}

// whenOf is where a row stands in the timeline.
func whenOf(r *Row) time.Time {
	if r.Precision == UnknownTime {
		return time.Unix(1<<40, 0)
	}
	return r.At
}

// held lists the parts of a kind that are upheld, as they stand.
func held[T any, P interface {
	*T
	Part
}](f *file) []T {
	s := f.kinds[P(new(T)).Kind()]
	if s == nil {
		return nil
	}
	out := make([]T, 0, len(s.order))
	for _, id := range s.order {
		if list := s.versions[id]; !s.gone[id] {
			out = append(out, *list[len(list)-1].(P))
		}
	}
	return out
}

// facts lists every version of every fact that is upheld, in the order recorded.
func (f *file) facts() []Fact {
	s := f.kinds[KindFact]
	if s == nil {
		return nil
	}
	var out []Fact
	for _, id := range s.order {
		for _, p := range s.versions[id] {
			if !s.gone[id] {
				out = append(out, *p.(*Fact))
			}
		}
	}
	slices.SortFunc(out, func(a, b Fact) int { return cmp.Compare(a.Recorded, b.Recorded) })
	return out
}

// Cited lists the Seqs of every record the case cites, ascending, with the
// records of the case operations themselves when own is set.
func (c *Case) Cited(own bool) []uint64 {
	var out []uint64
	for i := range c.Timeline {
		out = append(out, c.Timeline[i].Cites...)
	}
	for i := range c.Statements {
		out = append(out, c.Statements[i].Cites...)
	}
	for i := range c.Questions {
		out = append(out, c.Questions[i].Cites...)
	}
	out = append(out, c.citedBeside()...)
	if own {
		for _, h := range c.History {
			out = append(out, h.Record)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// citedBeside is what the other parts cite.
func (c *Case) citedBeside() (out []uint64) {
	for i := range c.Scopes {
		out = append(out, c.Scopes[i].Cites...)
	}
	for i := range c.Facts {
		out = append(out, c.Facts[i].Cites...)
	}
	for i := range c.Submissions {
		out = append(out, c.Submissions[i].Cites...)
	}
	for i := range c.Told {
		out = append(out, c.Told[i].Cites...)
	}
	for i := range c.Decisions {
		out = append(out, c.Decisions[i].Cites...)
	}
	for i := range c.Containments {
		out = append(out, c.Containments[i].Cites...)
		out = append(out, cited(&c.Containments[i].Checked)...)
	}
	for i := range c.Conditions {
		out = append(out, c.Conditions[i].Check.Cites...)
		out = append(out, cited(&c.Conditions[i].Checked)...)
	}
	for i := range c.Measures {
		out = append(out, c.Measures[i].Check.Cites...)
		out = append(out, cited(&c.Measures[i].Checked)...)
	}
	return out
}

// cited is what the last result of a check rests on.
func cited(c *Checked) []uint64 {
	if last := c.Last(); last != nil {
		return last.Cites
	}
	return nil
}
