package envelope

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/system"
)

// opener hands what an envelope carries to the formats that may know it.
type opener struct {
	inner  []format.Format
	senses map[string]sense
}

// letter is what an envelope says: what it carries and what it tells of that.
type letter struct {
	at       format.Moment // no Text: none is stated
	host     string
	program  string // as the system's own log names it
	service  string // what may be such a name
	pid      string
	severity int32
	fields   []event.Field // native names and values
}

// open offers a text to the formats, and to the reader of its program's messages
// where only a header of syslog is missing. It returns false, and dst as it was,
// when none knows it.
func (o opener) open(in *format.Input, l *letter, text string, dst []event.Event) ([]event.Event, bool) {
	inside := format.Input{
		Rec: in.Rec, Raw: []byte(text), Via: in.Via, Zone: in.Zone, ZoneFrom: in.ZoneFrom, Reference: l.reference(in),
	}
	start := len(dst)
	for _, f := range o.inner {
		if f.Matches(inside.Raw) {
			if out, ok := f.Normalise(&inside, dst[:start]); ok && len(out) > start {
				return l.wrap(in, out, start), true
			}
		}
		if f.Name() != "syslog" {
			continue
		}
		if ev, ok := l.said(&inside, text); ok {
			return l.wrap(in, append(dst[:start], ev), start), true
		}
	}
	return dst[:start], false
}

// reference is the time of the envelope, by which a missing year is inferred
// unless somebody said another.
func (l *letter) reference(in *format.Input) time.Time {
	if l.at.Text == "" || in.Via.Get("ref") != "" {
		return in.Reference
	}
	var ev event.Event
	l.at.Set(in, &ev)
	return ev.Time
}

// said reads the message of a system's program. A service may have such a name
// without being it: its message must be one that is known.
func (l *letter) said(in *format.Input, message string) (event.Event, bool) {
	if l.program != "" {
		if ev, ok := system.Said(in, l.program, l.pid, message); ok {
			return ev, true
		}
	}
	if l.service == "" {
		return event.Event{}, false
	}
	ev, ok := system.Said(in, l.service, l.pid, message)
	return ev, ok && ev.ClassUID != event.ClassBase
}

// wrap gives the events from start on what the envelope says.
func (l *letter) wrap(in *format.Input, events []event.Event, start int) []event.Event {
	for i := start; i < len(events); i++ {
		ev := &events[i]
		l.setTime(in, ev)
		if l.host != "" && (ev.Host == "" || ev.Host == in.Via.Get("host")) {
			ev.Host = l.host
		}
		if ev.SeverityID == event.SeverityUnknown {
			ev.SeverityID = l.severity
		}
		for _, f := range l.fields {
			ev.Add(f.Name, f.Value)
		}
	}
	return events
}

// maxZones is more than the clocks of two zones are apart (UTC-12 to UTC+14).
const maxZones = 27 * time.Hour

// setTime takes the time of the envelope where what is inside has none. It also
// takes it where nobody knows the zone of that, if a zone can make the difference:
// otherwise the envelope was closed later, from a log that was there before.
func (l *letter) setTime(in *format.Input, ev *event.Event) {
	if l.at.Text == "" {
		return
	}
	outer := event.Event{}
	l.at.Set(in, &outer)
	switch ev.Quality.Zone {
	case event.ZoneReceived:
	case event.ZoneAssumed:
		if outer.Quality.Zone != event.ZoneStated || outer.Time.Sub(ev.Time).Abs() > maxZones {
			return
		}
	default:
		return
	}
	ev.Time, ev.Quality = outer.Time, outer.Quality
}

// unended is a line without what ends it.
func unended(s string) string { return strings.TrimRight(s, "\r\n") }
