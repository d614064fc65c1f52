package evtx

import (
	"fmt"
	"time"
)

// Record is one event record. It and all that hangs on it are valid until the
// next one is read.
type Record struct {
	// ID is the record's identifier, which counts up by one in a log.
	ID uint64
	// Written is when the record was written, UTC, steps of 100 ns; zero when
	// the field holds no time.
	Written time.Time
	// Offset and Size say where in the chunk the record stands, bytes.
	Offset, Size int
	// Carved marks a record that was found by its signature, or in a chunk
	// whose checksums do not hold: it may be incomplete, old or altered.
	Carved bool
	// Root is the element Event.
	Root *Node

	reader *Reader
}

// Damage is a place of a chunk that could not be read.
type Damage struct {
	// Offset is where in the chunk, Size how many bytes; 0 for a doubt about
	// the chunk as a whole.
	Offset, Size int
	// Record is the identifier of the record concerned, 0 where there is none.
	Record uint64
	// Err says what is wrong, one of the errors of this package.
	Err error
}

// Error implements error.
func (d *Damage) Error() string {
	switch {
	case d.Record != 0:
		return fmt.Sprintf("evtx: record %d at offset %d of the chunk, %d bytes: %v", d.Record, d.Offset, d.Size, d.Err)
	case d.Size != 0:
		return fmt.Sprintf("evtx: offset %d of the chunk, %d bytes: %v", d.Offset, d.Size, d.Err)
	}
	return fmt.Sprintf("evtx: %v", d.Err)
}

// Unwrap gives the cause.
func (d *Damage) Unwrap() error { return d.Err }

// Node is an element of an event. A processing instruction is a Node whose
// name begins with a question mark.
type Node struct {
	Name     string
	Attrs    []Attr
	Values   []Value // the text of the element, one after another
	Children []*Node
}

// Attr is an attribute of an element.
type Attr struct {
	Name   string
	Values []Value
}

// Child returns the first child of a name, or nil.
func (n *Node) Child(name string) *Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Attr returns the values of the first attribute of a name.
func (n *Node) Attr(name string) ([]Value, bool) {
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			return n.Attrs[i].Values, true
		}
	}
	return nil, false
}

// addAttr appends an attribute without values, in the memory of an earlier one
// where there is some.
func (n *Node) addAttr(name string) {
	if at := len(n.Attrs); at < cap(n.Attrs) {
		n.Attrs = n.Attrs[:at+1]
		n.Attrs[at].Name, n.Attrs[at].Values = name, n.Attrs[at].Values[:0]
		return
	}
	n.Attrs = append(n.Attrs, Attr{Name: name})
}

// node returns an empty element from the reader's store.
func (r *Reader) node(name string) *Node {
	if r.used == len(r.nodes) {
		r.nodes = append(r.nodes, new(Node))
	}
	n := r.nodes[r.used]
	r.used++
	n.Name, n.Attrs, n.Values, n.Children = name, n.Attrs[:0], n.Values[:0], n.Children[:0]
	return n
}
