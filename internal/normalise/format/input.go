package format

import (
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Input is one record as a Format sees it.
type Input struct {
	// Rec is the record itself.
	Rec *event.Record
	// Raw is the record's bytes in UTF-8 without the final line end.
	Raw []byte
	// Via is the record's transport, parsed.
	Via event.Transport
	// Zone is the zone for times that state none, with where it came from.
	Zone     *time.Location
	ZoneFrom event.ZoneSource
	// Reference is the instant by which a missing year is inferred.
	Reference time.Time

	text      string // Raw once converted
	converted bool
}

// New returns an event with all that is known before its text is read.
func (in *Input) New(format string, class int32) event.Event {
	return event.Event{
		Record: in.Rec.Seq, Time: in.Rec.Received, TimeRx: in.Rec.Received,
		Source: in.Rec.Source, Format: format, ClassUID: class, Host: in.Via.Get("host"),
	}
}

// Stated sets a time whose zone or offset stands in the record.
func (in *Input) Stated(ev *event.Event, t time.Time, p event.Precision, original string) {
	ev.Time = t.UTC()
	ev.Quality = event.Quality{Zone: event.ZoneStated, Precision: p, Leap: isLeap(t, original), Original: original}
}

// Local sets a time that states no zone: wall holds its clock reading as if it
// were UTC. The zone comes from the operator, or is assumed and marked so. A
// reading that exists twice, or not at all, is marked too; see [Resolve].
func (in *Input) Local(ev *event.Event, wall time.Time, p event.Precision, original string) {
	t, fold := Resolve(wall, in.Zone)
	ev.Time = t
	ev.Quality = event.Quality{Zone: in.ZoneFrom, Precision: p, Fold: fold, Leap: isLeap(wall, original), Original: original}
}

// Yearless sets a time that states neither year nor zone (RFC 3164). The year
// is the latest that does not put the event more than a day after Reference.
func (in *Input) Yearless(ev *event.Event, wall time.Time, p event.Precision, original string) {
	limit := in.Reference.Add(24 * time.Hour)
	year := in.Reference.In(in.Zone).Year() + 1
	dated := withYear(wall, year)
	t, fold := Resolve(dated, in.Zone)
	for range 9 { // 29 February needs up to eight years back
		if !t.After(limit) && dated.Day() == wall.Day() {
			break
		}
		year--
		dated = withYear(wall, year)
		t, fold = Resolve(dated, in.Zone)
	}
	ev.Time = t
	ev.Quality = event.Quality{Zone: in.ZoneFrom, YearInferred: true, Precision: p, Fold: fold, Leap: isLeap(wall, original), Original: original}
}

func withYear(wall time.Time, year int) time.Time {
	return time.Date(year, wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
}

// Text returns Raw as a string, converted once: what formats cut out of it
// shares its memory.
func (in *Input) Text() string {
	if !in.converted {
		in.text, in.converted = string(in.Raw), true
	}
	return in.text
}

// Tail returns the input of what the record holds within: tail, which must be
// the end of Text.
func (in *Input) Tail(tail string) Input {
	inside := *in
	inside.Raw = in.Raw[len(in.Raw)-len(tail):]
	inside.text, inside.converted = tail, true
	return inside
}
