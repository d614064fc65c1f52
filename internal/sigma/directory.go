package sigma

import (
	"fmt"
	"strings"
)

// A directory finds documents by id and by name.
type directory struct {
	byID   map[string]*document
	byName map[string][]*document
}

// newDirectory lists the documents; one whose id is taken is refused.
func newDirectory(documents []*document) *directory {
	d := &directory{byID: make(map[string]*document, len(documents)), byName: make(map[string][]*document)}
	for _, p := range documents {
		if first, ok := d.byID[p.ID]; ok {
			p.refuse(fmt.Errorf("id %s is taken by %s:%d", p.ID, first.File, first.Line))
			continue
		}
		d.byID[p.ID] = p
		if p.Name != "" && p.Name != p.ID {
			d.byName[p.Name] = append(d.byName[p.Name], p)
		}
	}
	return d
}

// A reference is an id or a name, as another document gives it.
type reference struct {
	text string
	line int
}

// find gives the document that a reference in a file means. Where several have the
// name, the one in the same file is meant: names need to be unique only in the
// documents written together. A document that was refused is an error too.
func (d *directory) find(file string, ref reference) (*document, error) {
	found := d.byName[ref.text]
	if p, ok := d.byID[ref.text]; ok {
		found = append([]*document{p}, found...)
	}
	if len(found) > 1 {
		var near []*document
		for _, p := range found {
			if p.File == file {
				near = append(near, p)
			}
		}
		if len(near) == 1 {
			found = near
		}
	}
	switch len(found) {
	case 0:
		return nil, &located{ref.line, fmt.Errorf("%q is neither the id nor the name of a rule that was read", ref.text)}
	case 1:
	default:
		var ids []string
		for _, p := range found[:min(len(found), 5)] {
			ids = append(ids, p.ID)
		}
		return nil, &located{ref.line, fmt.Errorf("%q is the name of several rules, give an id: %s", ref.text, strings.Join(ids, ", "))}
	}
	if p := found[0]; p.refused != nil {
		return nil, &located{ref.line, fmt.Errorf("%q, of %s:%d, was refused", ref.text, p.File, p.Line)}
	}
	return found[0], nil
}
