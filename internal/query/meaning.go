package query

import (
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Within gives the meaning with the holes of [from,to) alone.
func (m Meaning) Within(from, to time.Time) Meaning {
	var holes []Hole
	for _, h := range m.Unknown {
		if h.From.Before(from) {
			h.From = from
		}
		if h.To.IsZero() || h.To.After(to) {
			h.To = to
		}
		if h.From.Before(h.To) {
			holes = append(holes, h)
		}
	}
	m.Unknown = holes
	return m
}

// Open says, device by device, when its address is not known: what came from it
// then may not be found.
func Open(list []Meaning, zone *time.Location) []event.Phrase {
	var out []event.Phrase
	for _, m := range list {
		for i := 0; i < len(m.Unknown); {
			first, n := m.Unknown[i], 1
			for i+n < len(m.Unknown) && m.Unknown[i+n].Device == first.Device {
				n++
			}
			i += n
			if p := first.said(n-1, zone); !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// said says a hole in words, and how many more its device has.
func (h Hole) said(more int, zone *time.Location) event.Phrase {
	window := h.From.In(zone).Format("2006-01-02 15:04:05") + " – " + h.To.In(zone).Format("2006-01-02 15:04:05 MST")
	rest := event.Phrase{}
	switch {
	case more == 1:
		rest = event.Phrase{JA: "、ほか 1 回", EN: ", and at another time"}
	case more > 1:
		rest = event.Phrase{JA: fmt.Sprintf("、ほか %d 回", more), EN: fmt.Sprintf(", and at %d other times", more)}
	}
	return event.Phrase{
		JA: fmt.Sprintf("%s のアドレスが分からない：%s%s（リースにも台帳にもない）", h.Device, window, rest.JA),
		EN: fmt.Sprintf("the address of %s is not known: %s%s (no lease and no register tells it)", h.Device, window, rest.EN),
	}
}
