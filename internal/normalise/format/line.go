package format

import "github.com/konseki/konseki/internal/event"

// Line is a Format whose records are one line of text each, or a few lines
// that belong together.
type Line struct {
	// Named is the format's name.
	Named string
	// Of tells cheaply whether a record may be of the format.
	Of func(raw []byte) bool
	// Read fills an event; it returns false when the record is not of the format.
	Read func(in *Input, ev *event.Event) bool
}

// Name is the format's name.
func (l Line) Name() string { return l.Named }

// Matches asks Of.
func (l Line) Matches(raw []byte) bool { return l.Of(raw) }

// Normalise appends the one event of a record.
func (l Line) Normalise(in *Input, dst []event.Event) ([]event.Event, bool) {
	if !l.Of(in.Raw) {
		return dst, false
	}
	dst = append(dst, in.New(l.Named, event.ClassBase))
	if !l.Read(in, &dst[len(dst)-1]) {
		return dst[:len(dst)-1], false
	}
	return dst, true
}
