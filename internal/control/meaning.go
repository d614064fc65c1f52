package control

import (
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// meanings are what the names in a query were taken to mean, with the holes of
// the window alone.
func meanings(list []Meaning, from, to time.Time) []Meaning {
	out := slices.Clone(list)
	for i := range out {
		var holes []Hole
		for _, h := range out[i].Unknown {
			h.From, h.To = latest(h.From, from), earliest(h.To, to)
			if h.From.Before(h.To) {
				holes = append(holes, h)
			}
		}
		out[i].Unknown = holes
	}
	return out
}

// holes says, device by device, when its address is not known: what came from
// it then may not be found.
func holes(list []Meaning, zone *time.Location) []event.Phrase {
	var out []event.Phrase
	for _, m := range list {
		for i := 0; i < len(m.Unknown); {
			first, n := m.Unknown[i], 1
			for i+n < len(m.Unknown) && m.Unknown[i+n].Device == first.Device {
				n++
			}
			i += n
			window := first.From.In(zone).Format("2006-01-02 15:04:05") + " – " + first.To.In(zone).Format("2006-01-02 15:04:05 MST")
			more := event.Phrase{}
			if n > 1 {
				more = event.Phrase{JA: fmt.Sprintf("、ほか %d 回", n-1), EN: fmt.Sprintf(", and at %d other times", n-1)}
			}
			p := event.Phrase{
				JA: fmt.Sprintf("%s のアドレスが分からない：%s%s（リースにも台帳にもない）", first.Device, window, more.JA),
				EN: fmt.Sprintf("the address of %s is not known: %s%s (no lease and no register tells it)", first.Device, window, more.EN),
			}
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}
