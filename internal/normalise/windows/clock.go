package windows

import (
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// fieldTimeStep is the native name under which every format says by how many
// seconds a clock was set, forward if positive.
const fieldTimeStep = "time.step_seconds"

// clockStep tells by how much the clock was set: Security 4616 (PreviousTime,
// NewTime) and Kernel-General 1 (OldTime, NewTime). The number of the event
// stays its code.
func clockStep(ev *event.Event, l log, id, provider string) {
	before := ""
	switch {
	case l == logSecurity && id == "4616":
		before, _ = ev.Get("PreviousTime")
	case id == "1" && strings.HasSuffix(provider, "Kernel-General"):
		before, _ = ev.Get("OldTime")
	}
	if before == "" {
		return
	}
	after, _ := ev.Get("NewTime")
	from, ok := format.ParseTime(before)
	to, ok2 := format.ParseTime(after)
	if !ok || !ok2 || from.Zoned != to.Zoned {
		return
	}
	// Either may hold fractions of 100 ns; a Duration holds 292 years.
	step := to.Wall.Sub(from.Wall).Seconds() - float64(to.Offset-from.Offset)
	ev.Add(fieldTimeStep, strconv.FormatFloat(step, 'f', -1, 64))
}
