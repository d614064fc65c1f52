package casebook

import (
	"time"

	"github.com/konseki/konseki/internal/web/evidence"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// raceView is the time left before what a case needs rolls off.
type raceView struct {
	Needed, Why string
	Lines       []heatView
	More        int
}

// heatView is one source of the race.
type heatView struct {
	Name, Do     string
	Origin, Here evidence.Chip
	Held         string
	Lost         []string
}

// maxHeats is how many sources the panel of a case shows, the most pressing.
const maxHeats = 12

// race is the panel of a case: which source rolls off when.
func (v visit) race(caseID string) (*raceView, error) {
	r, err := v.Ops.Race(v.R.Context(), caseID)
	if err != nil {
		return nil, err
	}
	view := &raceView{Needed: v.Clock(r.Needed, event.PrecisionSecond).Text()}
	switch r.Why {
	case "hold", "timeline":
		view.Why = v.T("race.why." + r.Why)
	default:
		view.Why = v.T("race.why.now")
	}
	for i := range r.Lines {
		if i == maxHeats {
			view.More = len(r.Lines) - i
			break
		}
		view.Lines = append(view.Lines, v.heat(&r.Lines[i], r.At))
	}
	return view, nil
}

func (v visit) heat(h *control.Heat, now time.Time) heatView {
	view := heatView{Name: v.SourceName(h.Source), Do: v.Phrase(h.Do), Origin: v.atOrigin(h, now), Here: v.atHome(h, now)}
	for i, hold := range h.HeldBy {
		if i > 0 {
			view.Held += v.T("list.comma")
		}
		view.Held += reading.Visible(hold, 80)
	}
	for _, x := range h.Lost {
		view.Lost = append(view.Lost, v.Between(x.From, x.To))
	}
	return view
}

// soon is when a time left is shown as pressing.
const soon = 14 * 24 * time.Hour

func (v visit) atOrigin(h *control.Heat, now time.Time) evidence.Chip {
	left, known := h.OriginLeft(now)
	switch {
	case h.Origin.IsZero():
		return evidence.NewChip("unknown", v.T("race.ask"))
	case !known:
		return evidence.NewChip("covered", v.T("race.ever"))
	case left <= 0:
		return evidence.NewChip("found", v.F("race.gone", v.Span(-left)))
	case left < soon:
		return evidence.NewChip("partial", v.F("race.left", v.Span(left)))
	}
	return evidence.NewChip("plain", v.F("race.left", v.Span(left)))
}

func (v visit) atHome(h *control.Heat, now time.Time) evidence.Chip {
	left, ends := h.HereLeft(now)
	switch {
	case len(h.HeldBy) > 0 && !ends:
		return evidence.NewChip("covered", v.T("race.held"))
	case h.Retention.Endless():
		return evidence.NewChip("covered", v.T("race.ever"))
	case !ends:
		return evidence.NewChip("plain", v.Phrase(h.Retention.Words()))
	case left <= 0:
		return evidence.NewChip("found", v.T("race.next"))
	case left < soon:
		return evidence.NewChip("partial", v.F("race.left", v.Span(left)))
	}
	return evidence.NewChip("plain", v.F("race.left", v.Span(left)))
}
