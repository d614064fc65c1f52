package service

import (
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// Members reads the members of records whose names mean what they mean to
// jsonlines, wherever they stand. It is not safe for concurrent use.
type Members struct {
	columns *columnMap
	classes *classifier
}

// NewMembers returns Members.
func NewMembers() *Members { return &Members{newColumnMap(), newClassifier()} }

// Event gives an event of a format, its columns told from the names of the
// members and all of these as native fields.
func (m *Members) Event(in *format.Input, name string, members []jsonx.Member) event.Event {
	ev := in.New(name, event.ClassBase)
	ev.Fields = make([]event.Field, 0, len(members))
	var f facts
	for i := range members {
		s := m.columns.of(members[i].Name)
		f.put(&s, members[i].Value)
		ev.Add(s.name, members[i].Value)
	}
	f.apply(in, &ev)
	m.classes.classify(&f, &ev)
	return ev
}
