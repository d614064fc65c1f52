package investigate

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrConflict marks an edit that another one came before; see [Conflict].
var ErrConflict = errors.New("changed by somebody else meanwhile")

// Conflict says that a part was changed since the version that an edit was made
// from, in the same fields. It wraps ErrConflict.
type Conflict struct {
	Mine, Theirs Part
	Fields       []string // JSON names of the fields that both changed
}

// Error implements error.
func (c *Conflict) Error() string {
	h := c.Theirs.Common()
	return fmt.Sprintf("the %s %s was changed by %s meanwhile (version %d), in %v: look at both and put it again from that version",
		c.Theirs.Kind(), h.ID, h.By, h.Recorded, c.Fields)
}

// Unwrap gives ErrConflict.
func (c *Conflict) Unwrap() error { return ErrConflict }

// computed are the fields that are no edit of a person's.
func computed(name string) bool {
	return slices.Contains([]string{"by", "recorded", "answer", "results", "signed", "overridden", "total", "rows", "uncertainty_ms", "clock_offset_ms", "order_uncertain"}, name)
}

// Merge joins an edit made from base with what the part became meanwhile: each
// field as the one who changed it wrote it. Where both changed a field, to
// different values, it fails with a *[Conflict].
func Merge(base, mine, theirs Part) (Part, error) {
	was, err := fieldsOf(base)
	if err != nil {
		return nil, err
	}
	my, err := fieldsOf(mine)
	if err != nil {
		return nil, err
	}
	their, err := fieldsOf(theirs)
	if err != nil {
		return nil, err
	}
	var both []string
	out := maps.Clone(their)
	for name := range union(was, my) {
		switch {
		case computed(name) || bytes.Equal(my[name], was[name]) || bytes.Equal(my[name], their[name]):
		case bytes.Equal(their[name], was[name]):
			out[name] = my[name]
			if my[name] == nil {
				delete(out, name)
			}
		default:
			both = append(both, name)
		}
	}
	if len(both) > 0 {
		slices.Sort(both)
		return nil, &Conflict{Mine: mine, Theirs: theirs, Fields: both}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("investigate: merge a %s: %w", mine.Kind(), err)
	}
	return DecodePart(mine.Kind(), text)
}

func union(a, b map[string]jsontext.Value) map[string]bool {
	out := map[string]bool{}
	for name := range a {
		out[name] = true
	}
	for name := range b {
		out[name] = true
	}
	return out
}

func fieldsOf(p Part) (map[string]jsontext.Value, error) {
	text, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("investigate: %s: %w", p.Kind(), err)
	}
	out := map[string]jsontext.Value{}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("investigate: %s: %w", p.Kind(), err)
	}
	return out, nil
}

// Covers reports whether a part says all that another one says: every field that
// the other one has, but for those that are computed.
func Covers(old, p Part) bool {
	have, err := fieldsOf(old)
	if err != nil {
		return false
	}
	want, err := fieldsOf(p)
	if err != nil {
		return false
	}
	for name, v := range want {
		if computed(name) || name == "id" || string(v) == `""` || string(v) == "null" || string(v) == "{}" || string(v) == "[]" {
			continue
		}
		if !bytes.Equal(have[name], v) {
			return false
		}
	}
	return true
}

// With is a copy of the case with a part put into it, and the id that the part has
// there. The case itself does not change.
func (c *Case) With(p Part) (*Case, string) {
	n, id := *c, p.Common().ID
	if id == "" {
		id = "new"
	}
	switch p := p.(type) {
	case *Row:
		n.Timeline = withPart(c.Timeline, *p, id, func(r *Row) *Head { return &r.Head })
		slices.SortStableFunc(n.Timeline, func(a, b Row) int { return whenOf(&a).Compare(whenOf(&b)) })
	case *Statement:
		n.Statements = withPart(c.Statements, *p, id, func(s *Statement) *Head { return &s.Head })
	case *Section:
		n.Sections = withPart(c.Sections, *p, id, func(s *Section) *Head { return &s.Head })
	case *Scope:
		n.Scopes = withPart(c.Scopes, *p, id, func(s *Scope) *Head { return &s.Head })
	case *Containment:
		n.Containments = withPart(c.Containments, *p, id, func(k *Containment) *Head { return &k.Head })
	}
	return &n, id
}

func withPart[T any](list []T, part T, id string, head func(*T) *Head) []T {
	head(&part).ID = id
	out := slices.Clone(list)
	for i := range out {
		if head(&out[i]).ID == id {
			out[i] = part
			return out
		}
	}
	return append(out, part)
}

// Like finds the part of a case that another one stands for: the one with its
// id; where it has none, one that says the same. Of a fact it is the version that
// says the same, else the newest. nil where there is none.
func (d *Desk) Like(caseID string, p Part) Part {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[caseID]
	if f == nil || f.kinds[p.Kind()] == nil {
		return nil
	}
	s, id := f.kinds[p.Kind()], p.Common().ID
	if id != "" {
		list := s.versions[id]
		for _, old := range slices.Backward(list) {
			if p.Kind() == KindFact && Covers(old, p) {
				return old
			}
		}
		if len(list) == 0 || s.gone[id] {
			return nil
		}
		return list[len(list)-1]
	}
	for _, id := range s.order {
		list := s.versions[id]
		if old := list[len(list)-1]; !s.gone[id] && old.Says() == p.Says() && Covers(old, p) {
			return old
		}
	}
	return nil
}
