package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// doubt marks how far a time can be trusted: "±1s" by its unit and its producer's
// clock, "tz?" and "year?" for what was assumed, "about" (頃), "rx" for a receive
// time. Times good to less than a second have no mark.
func (e *Env) doubt(q event.Quality, clock *coverage.ClockState) string {
	if q.Zone == event.ZoneReceived {
		return e.Say("受信", "rx")
	}
	var marks []string
	if width := halfWidth(clock.Doubt(q.Within()).Widest()); width != "" {
		marks = append(marks, width)
	}
	if q.About {
		marks = append(marks, e.Say("頃", "about"))
	}
	if q.Zone == event.ZoneAssumed {
		marks = append(marks, "tz?")
	}
	if q.YearInferred {
		marks = append(marks, e.Say("年?", "year?"))
	}
	return strings.Join(marks, " ")
}

// halfWidth writes "±33m1s" or "±367d", and nothing below a second.
func halfWidth(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return ""
	case d >= 2*day:
		return fmt.Sprintf("±%dd", d.Round(day)/day)
	case d >= time.Hour:
		d = d.Round(time.Minute)
	}
	s := d.Round(time.Second).String()
	if cut, whole := strings.CutSuffix(s, "m0s"); whole {
		s = cut + "m"
	}
	if cut, whole := strings.CutSuffix(s, "h0m"); whole {
		s = cut + "h"
	}
	return "±" + s
}

// RowDoubt says how far the time of a timeline row can be off, and whether it may
// have come before or after another.
func (e *Env) RowDoubt(r *investigate.Row) string {
	var marks []string
	if width := halfWidth(time.Duration(r.UncertaintyMS) * time.Millisecond); width != "" {
		marks = append(marks, width)
	}
	if r.OrderUncertain {
		marks = append(marks, e.Say("前後不確か", "order not certain"))
	}
	if len(marks) == 0 {
		return ""
	}
	return "  [" + strings.Join(marks, e.Say("、", ", ")) + "]"
}
