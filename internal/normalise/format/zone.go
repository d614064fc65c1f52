package format

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Resolve gives the instant, in UTC, of a clock reading in a zone; wall holds the
// reading as if it were UTC. A reading that clocks were put back over exists
// twice: the earlier instant is taken. One that they were put forward over does
// not exist: the clock is read as if it had not been put forward yet, as RFC 5545
// (3.3.5) has it. Both are told by the fold.
func Resolve(wall time.Time, zone *time.Location) (time.Time, event.Fold) {
	wall = wall.UTC()
	if zone == time.UTC {
		return wall, event.FoldNone
	}
	y, m, d := wall.Date()
	t := time.Date(y, m, d, wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	start, end := t.ZoneBounds()
	for _, change := range [2]time.Time{start, end} {
		if change.IsZero() || change.Sub(t).Abs() > reachOfChange {
			continue
		}
		before, after := offsetAt(change.Add(-1), zone), offsetAt(change, zone)
		from, to := change.UTC().Add(before), change.UTC().Add(after) // what clocks show as they are changed
		switch {
		case from.After(to) && !wall.Before(to) && wall.Before(from):
			return wall.Add(-before), event.FoldAmbiguous
		case from.Before(to) && !wall.Before(from) && wall.Before(to):
			return wall.Add(-before), event.FoldSkipped
		}
	}
	return t.UTC(), event.FoldNone
}

// reachOfChange is how far from a change of the clocks a reading can be touched
// by it: whole days were left out when places moved over the date line.
const reachOfChange = 50 * time.Hour

func offsetAt(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// isLeap reports whether the text states second 60, which scanners give as the
// last nanosecond of its minute.
func isLeap(t time.Time, text string) bool {
	return t.Nanosecond() == int(time.Second-1) && t.Second() == 59 &&
		(strings.Contains(text, ":60") || strings.Contains(text, "60秒") || strings.HasSuffix(text, "60") || strings.Contains(text, "60Z"))
}
