package format

import (
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Moment is a time as it stands in a record.
type Moment struct {
	Wall      time.Time // reading of the clock, as if it were UTC
	Offset    int       // seconds east of UTC, when zoned
	Zoned     bool
	Yearless  bool
	About     bool // the record calls it approximate (頃)
	Precision event.Precision
	Text      string
	abbr      string // name of the zone, where one stands in place of an offset
}

// Set gives the event this time, by way of the zone rules of Input.
func (c Moment) Set(in *Input, ev *event.Event) {
	switch {
	case c.Yearless && (c.Zoned || c.abbr != ""):
		c.setYearless(in, ev)
	case c.Zoned:
		in.Stated(ev, c.Wall.Add(-time.Duration(c.Offset)*time.Second), c.Precision, c.Text)
	case c.abbr != "":
		c.setNamed(in, ev)
	case c.Yearless:
		in.Yearless(ev, c.Wall, c.Precision, c.Text)
	default:
		in.Local(ev, c.Wall, c.Precision, c.Text)
	}
	ev.Quality.About = c.About
}

// setNamed gives the event a time whose zone has a name. Several zones share a
// name; the source's own zone decides where it goes by that name, and otherwise
// a name that more than one zone has is marked as assumed. The name also tells
// apart the two instants of a reading that exists twice.
func (c Moment) setNamed(in *Input, ev *event.Event) {
	t, fold := Resolve(c.Wall, in.Zone)
	for _, try := range [2]time.Time{t, t.Add(time.Hour)} {
		if name, _ := try.In(in.Zone).Zone(); name == c.abbr {
			in.Stated(ev, try, c.Precision, c.Text)
			return
		}
		if fold != event.FoldAmbiguous {
			break
		}
	}
	minutes, shared, ok := zoneByName(c.abbr)
	if !ok {
		in.Local(ev, c.Wall, c.Precision, c.Text)
		return
	}
	in.Stated(ev, c.Wall.Add(-time.Duration(minutes)*time.Minute), c.Precision, c.Text)
	if shared {
		ev.Quality.Zone = event.ZoneAssumed
	}
}

// setYearless gives the event a time that states its zone but no year.
func (c Moment) setYearless(in *Input, ev *event.Event) {
	stated := *in
	stated.ZoneFrom = event.ZoneStated
	if c.Zoned {
		stated.Zone = time.FixedZone("", c.Offset)
		stated.Yearless(ev, c.Wall, c.Precision, c.Text)
		return
	}
	stated.Yearless(ev, c.Wall, c.Precision, c.Text)
	if name, _ := ev.Time.In(in.Zone).Zone(); name == c.abbr {
		return
	}
	minutes, shared, ok := zoneByName(c.abbr)
	switch {
	case !ok:
		stated.ZoneFrom = in.ZoneFrom
	case shared:
		stated.ZoneFrom = event.ZoneAssumed
		fallthrough
	default:
		stated.Zone = time.FixedZone(c.abbr, minutes*60)
	}
	stated.Yearless(ev, c.Wall, c.Precision, c.Text)
}

// readOffset reads the offset that may stand at s[at:] and returns where it ends.
func (c *Moment) readOffset(s string, at int) (end int) {
	seconds, end, ok := Offset(s, at)
	if !ok {
		return at
	}
	c.Offset, c.Zoned = seconds, true
	return end
}

// zoneByName gives a zone's offset in minutes east of UTC, as PostgreSQL's
// default set of abbreviations has it, and whether other zones share the name.
func zoneByName(name string) (minutes int, shared, ok bool) {
	switch name {
	case "UTC", "GMT", "UCT", "UT", "Z", "WET":
		return 0, false, true
	case "CET", "WEST", "MET":
		return 60, false, true
	case "CEST", "EET", "SAST", "MEST":
		return 120, false, true
	case "EEST", "MSK", "EAT":
		return 180, false, true
	case "PKT":
		return 300, false, true
	case "WIB", "ICT":
		return 420, false, true
	case "SGT", "HKT", "AWST":
		return 480, false, true
	case "JST", "KST":
		return 540, false, true
	case "ACST":
		return 570, false, true
	case "AEST":
		return 600, false, true
	case "ACDT":
		return 630, false, true
	case "AEDT":
		return 660, false, true
	case "NZST":
		return 720, false, true
	case "NZDT":
		return 780, false, true
	case "HST":
		return -600, false, true
	case "AKST":
		return -540, false, true
	case "AKDT":
		return -480, false, true
	case "PDT":
		return -420, false, true
	case "MDT":
		return -360, false, true
	case "BRT", "ART":
		return -180, false, true
	}
	minutes, ok = sharedZone(name)
	return minutes, ok, ok
}

// sharedZone gives the first meaning of a name that several zones share.
func sharedZone(name string) (minutes int, ok bool) {
	switch name {
	case "IST": // Israel, India, Ireland
		return 120, true
	case "BST": // Britain, Bangladesh
		return 60, true
	case "CST": // Chicago, China, Cuba
		return -360, true
	case "AST": // Atlantic, Arabia
		return -240, true
	case "SST": // Samoa, Singapore
		return -660, true
	case "EST", "CDT": // New York, Eastern Australia; Chicago, Cuba
		return -300, true
	case "EDT": // New York, Eastern Australia
		return -240, true
	case "MST": // Denver, Malaysia, Myanmar
		return -420, true
	case "PST": // Los Angeles, the Philippines
		return -480, true
	}
	return 0, false
}

// InZone returns the moment in the zone of a name such as "JST"; see [Moment.Set]
// for names that several zones share or none has.
func (c Moment) InZone(name string) Moment {
	c.abbr, c.Text = name, c.Text+" "+name
	return c
}
