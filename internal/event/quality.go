package event

import "strings"

// Quality says how far an event's Time can be trusted.
type Quality struct {
	Zone         ZoneSource
	YearInferred bool
	Precision    Precision
	// Original is the time as it stands in the record.
	Original string
}

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
	PrecisionDay
)

func zoneNames() [4]string { return [4]string{"received", "stated", "configured", "assumed"} }

func precisionNames() [7]string { return [7]string{"unknown", "ns", "us", "ms", "s", "min", "day"} }

// String names the zone source: received, stated, configured or assumed.
func (z ZoneSource) String() string { return zoneNames()[z&3] }

// String names the unit: ns, us, ms, s, min, day or unknown.
func (p Precision) String() string {
	names := precisionNames()
	if int(p) >= len(names) {
		return names[0]
	}
	return names[p]
}

// String gives the column form, "zone=stated year=inferred precision=s".
func (q Quality) String() string {
	s := "zone=" + q.Zone.String()
	if q.YearInferred {
		s += " year=inferred"
	}
	return s + " precision=" + q.Precision.String()
}

// ParseQuality reads the form that String writes; words it does not know are
// left out. Original is not part of it.
func ParseQuality(s string) Quality {
	var q Quality
	for word := range strings.FieldsSeq(s) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "zone":
			for i, n := range zoneNames() {
				if n == value {
					q.Zone = ZoneSource(i)
				}
			}
		case "year":
			q.YearInferred = value == "inferred"
		case "precision":
			for i, n := range precisionNames() {
				if n == value {
					q.Precision = Precision(i)
				}
			}
		}
	}
	return q
}
