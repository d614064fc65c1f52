package cli

import (
	"flag"
	"fmt"
	"time"
)

// Zone parses a --tz flag; empty means the default.
func Zone(name string, otherwise *time.Location) (*time.Location, error) {
	if name == "" {
		return otherwise, nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%w: --tz: %q is not an IANA zone such as Asia/Tokyo", ErrUsage, name)
	}
	return l, nil
}

// Instant parses a --from or --to flag in the zone.
func Instant(name, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02", "2006-01"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: --%s: %q is not a time such as 2018-03-01 or 2018-03-01T12:00:00+09:00", ErrUsage, name, text)
}

// Window is the flags of every verb that asks about a window of time.
type Window struct{ from, to, tz string }

// Register makes them flags of a verb.
func (w *Window) Register(fs *flag.FlagSet) {
	fs.StringVar(&w.from, "from", "", "begin of the window, such as 2018-03-01 or 2018-03-01T12:00 (`time`)")
	fs.StringVar(&w.to, "to", "", "end of the window, not included (`time`)")
	fs.StringVar(&w.tz, "tz", "", "IANA `zone` for times given and shown; default: the configured one")
}

// Parse reads what was given, in the zone given, else in the one that is otherwise used.
// A begin or end that was not given is zero.
func (w *Window) Parse(otherwise *time.Location) (from, to time.Time, loc *time.Location, err error) {
	if loc, err = Zone(w.tz, otherwise); err != nil {
		return
	}
	if from, err = Instant("from", w.from, loc); err != nil {
		return
	}
	to, err = Instant("to", w.to, loc)
	return
}
