package event

import (
	"slices"
	"strings"
)

// Quality says how far an event's Time can be trusted.
type Quality struct {
	Zone         ZoneSource
	YearInferred bool
	Precision    Precision
	// Fold says that the clock reading exists twice in its zone, or not at all.
	Fold Fold
	// Leap says that the record states second 60; Time is then the last nanosecond
	// of that minute.
	Leap bool
	// About says that the record itself calls its time approximate (頃).
	About bool
	// Original is the time as it stands in the record.
	Original string
}

// Ambiguous reports whether the clock reading exists twice in its zone: Time is
// then the earlier instant.
func (q Quality) Ambiguous() bool { return q.Fold == FoldAmbiguous }

// ZoneSource says where the zone of an event's time came from.
type ZoneSource uint8

const (
	ZoneReceived   ZoneSource = iota // no time in the record: receive time
	ZoneStated                       // the record states zone or offset
	ZoneConfigured                   // an operator stated the source's zone
	ZoneAssumed                      // nobody stated it; the collecting machine's zone was taken
)

// Precision is the smallest unit the record's time states.
type Precision uint8

const (
	PrecisionUnknown Precision = iota
	PrecisionNano
	PrecisionMicro
	PrecisionMilli
	PrecisionSecond
	PrecisionMinute
	PrecisionHour
	PrecisionDay
)

// Fold says what a change of the clocks did to a clock reading.
type Fold uint8

const (
	FoldNone      Fold = iota
	FoldAmbiguous      // clocks were put back over it: it exists twice, and Time is the earlier
	FoldSkipped        // clocks were put forward over it: it does not exist, and Time is as if they had not yet been
)

func foldNames() [3]string { return [3]string{"", "ambiguous", "skipped"} }

// String names the fold: ambiguous, skipped or "".
func (f Fold) String() string {
	names := foldNames()
	if int(f) >= len(names) {
		return names[0]
	}
	return names[f]
}

func zoneNames() [4]string { return [4]string{"received", "stated", "configured", "assumed"} }

func precisionNames() [8]string {
	return [8]string{"unknown", "ns", "us", "ms", "s", "min", "hour", "day"}
}

// String names the zone source: received, stated, configured or assumed.
func (z ZoneSource) String() string { return zoneNames()[z&3] }

// String names the unit: ns, us, ms, s, min, hour, day or unknown.
func (p Precision) String() string {
	names := precisionNames()
	if int(p) >= len(names) {
		return names[0]
	}
	return names[p]
}

// String gives the column form, "zone=stated year=inferred precision=s
// fold=ambiguous leap=second about=stated"; what is not so is left out.
func (q Quality) String() string {
	s := "zone=" + q.Zone.String()
	if q.YearInferred {
		s += " year=inferred"
	}
	s += " precision=" + q.Precision.String()
	if name := q.Fold.String(); name != "" {
		s += " fold=" + name
	}
	if q.Leap {
		s += " leap=second"
	}
	if q.About {
		s += " about=stated"
	}
	return s
}

// ParseQuality reads the form that String writes; words it does not know are
// left out. Original is not part of it.
func ParseQuality(s string) Quality {
	var q Quality
	zones, precisions, folds := zoneNames(), precisionNames(), foldNames()
	for word := range strings.FieldsSeq(s) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "zone":
			q.Zone = ZoneSource(max(slices.Index(zones[:], value), 0))
		case "year":
			q.YearInferred = value == "inferred"
		case "precision":
			q.Precision = Precision(max(slices.Index(precisions[:], value), 0))
		case "fold":
			q.Fold = Fold(max(slices.Index(folds[:], value), 0))
		case "leap":
			q.Leap = value == "second"
		case "about":
			q.About = value == "stated"
		}
	}
	return q
}
