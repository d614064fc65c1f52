package event

import (
	"math"
	"time"
)

// Unbounded is the uncertainty of a time that nothing bounds: the record states
// none, and only its receipt is known.
const Unbounded = time.Duration(math.MaxInt64)

// What each doubt adds to the uncertainty of a time.
const (
	doubtZone  = 24 * time.Hour       // two zones lie at most 26 hours apart, ordinary ones less than a day
	doubtYear  = 366 * 24 * time.Hour // the year before or after
	doubtFold  = time.Hour            // what clocks are ordinarily put back by
	doubtLeap  = time.Second          // the second that has no number of its own
	aboutAtMax = 30 * time.Minute     // what people call about (頃) unless they name the hour or the day only
)

// Uncertainty is how far the event's true instant can be from Time, to either
// side, by what the record leaves open: the unit it states, a zone or a year that
// it does not, a clock reading that exists twice. What the producer's clock was
// off by is not in it. It is [Unbounded] where the record states no time.
func (q Quality) Uncertainty() time.Duration {
	if q.Zone == ZoneReceived {
		return Unbounded
	}
	d := q.Precision.unit()
	if q.About {
		d = max(d, aboutAtMax)
	}
	if q.Zone == ZoneAssumed {
		d += doubtZone
	}
	if q.YearInferred {
		d += doubtYear
	}
	if q.Fold != FoldNone {
		d += doubtFold
	}
	if q.Leap {
		d += doubtLeap
	}
	return d
}

// Within is Uncertainty between events that share what is assumed: those of one
// source, whose zone and year, if wrong, are wrong alike.
func (q Quality) Within() time.Duration {
	if q.Zone == ZoneAssumed {
		q.Zone = ZoneStated
	}
	q.YearInferred = false
	return q.Uncertainty()
}

// unit is the length of the unit; a second where it is not known.
func (p Precision) unit() time.Duration {
	switch p {
	case PrecisionNano:
		return time.Nanosecond
	case PrecisionMicro:
		return time.Microsecond
	case PrecisionMilli:
		return time.Millisecond
	case PrecisionMinute:
		return time.Minute
	case PrecisionHour:
		return time.Hour
	case PrecisionDay:
		return 24 * time.Hour
	}
	return time.Second
}
