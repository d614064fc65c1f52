// Package note takes down, of an event's native fields, what baselines need and no column holds.
//
// Baselines judge an import from the index, which gives back the promoted
// columns and the notes. Names of notes are konseki's own; values are text as
// logged.
package note

import "github.com/konseki/konseki/internal/event"

// Version changes whenever the same event gives other notes. Derived files of
// another version are derived again.
const Version = "3"

// Of appends the notes of an event to dst. It is called for every event and
// must be cheap where there is nothing to note.
func Of(ev *event.Event, dst []event.Field) []event.Field {
	return clocks(ev, machines(ev, people(ev, dst)))
}
