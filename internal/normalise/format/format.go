// Package format is what every log format shares: its interface, its input, and scanners for times, addresses and key=value text.
package format

import "github.com/konseki/konseki/internal/event"

// A Format reads the records of one kind of log.
type Format interface {
	// Name is the format's name in summaries and in Event.Format: "auditd".
	Name() string
	// Matches tells cheaply, from the bytes alone, whether a record may be of
	// this format. It is asked for every record that carries no format hint.
	Matches(raw []byte) bool
	// Normalise appends the events of the record to dst. It returns false,
	// and dst as it was, when the record turns out not to be of this format or
	// to be damaged: the next format that matches is then asked, and in the
	// end the record is kept as unparsed. What it decodes to bytes of its own
	// making, from hexadecimal, it makes valid UTF-8, see [MakeValid].
	Normalise(in *Input, dst []event.Event) ([]event.Event, bool)
}

// A Shaper is a Format whose files are not simply one record a line.
type Shaper interface {
	// Shape tells from a file's first bytes (at most 64 KiB, cut at a line end
	// where there is one) whether the file is of this format and how to cut it.
	Shape(head []byte) (event.Shape, bool)
}

// A Binary is a Format that reads Rec.Raw as it stands: decoding it to text is
// needless, and each event brings its own Text.
type Binary interface {
	// Binary reports true.
	Binary() bool
}
