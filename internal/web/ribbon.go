package web

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
)

// ribbonRow is one source of the coverage ribbon.
type ribbonRow struct {
	Name, Title, Href, State string
	Parts                    []ribbonPart
}

// ribbonPart is a stretch of one look; Class is ok, part, lost or gone.
type ribbonPart struct {
	X, W, Class, Label, Href, Title string
}

// stateLook gives the look of a coverage state and how bad it is: a solid
// colour only where records are, hatching where nothing can be known, red
// hatching where somebody destroyed them.
func stateLook(state string) (class string, rank int) {
	switch state {
	case "complete":
		return "ok", 0
	case "best_effort":
		return "part", 1
	case "unparsed":
		return "part", 2
	case "gap":
		return "part", 3
	case "deleted":
		return "gone", 6
	case "silent":
		return "lost", 4
	}
	return "lost", 5
}

// slots is how finely a ribbon is cut: stretches that share a slot are drawn
// as the worst of them, so that a row stays small whatever its history.
const slots = 1000

// ribbon draws the coverage of each source on an axis.
func (v *visit) ribbon(ax axis, rows []control.SourceCoverage) []ribbonRow {
	list := make([]ribbonRow, 0, len(rows))
	link := v.at.UpTo("gap", "record", "pivot")
	for _, row := range rows {
		name := v.Phrase(row.Name)
		if name == "" {
			name = reading.Visible(row.Source, 60)
		}
		list = append(list, ribbonRow{
			Name: name, Title: name + " (" + reading.Visible(row.Source, 60) + ") · " + v.mostly(row).Label,
			State: string(row.State), Parts: v.parts(ax, row, link),
		})
	}
	return list
}

// stretch is an interval on the ribbon's slots.
type stretch struct {
	from, to int
	rank     int
	interval control.Interval
}

// stretches lays intervals on the slots; where several share one, the worst
// of them is shown.
func stretches(ax axis, intervals []control.Interval) []stretch {
	var list []stretch
	for _, iv := range intervals {
		if !iv.To.After(ax.from) || !iv.From.Before(ax.to) {
			continue
		}
		_, rank := stateLook(string(iv.State))
		s := stretch{int(math.Floor(ax.at(iv.From) * slots / 100)), int(math.Ceil(ax.at(iv.To) * slots / 100)), rank, iv}
		s.to = max(s.to, s.from+1)
		if n := len(list); n > 0 && list[n-1].to > s.from {
			last := &list[n-1]
			if last.rank >= s.rank {
				s.from = last.to
			} else {
				last.to = s.from
			}
			if last.to <= last.from {
				list = list[:n-1]
			}
		}
		if s.to > s.from {
			list = append(list, s)
		}
	}
	return list
}

// parts draws the intervals of one source.
func (v *visit) parts(ax axis, row control.SourceCoverage, link string) []ribbonPart {
	var list []ribbonPart
	for _, s := range stretches(ax, row.Intervals) {
		iv := s.interval
		class, _ := stateLook(string(iv.State))
		wide := float64(s.to-s.from) * 100 / slots
		p := ribbonPart{X: percent(float64(s.from) * 100 / slots), W: percent(wide), Class: class}
		reason := v.reason(iv)
		p.Title = reading.Visible(row.Source, 60) + " · " + v.between(iv.From, iv.To) + " · " + reason
		if class != "ok" {
			p.Href = link + "gap=" + url.QueryEscape(row.Source+"@"+reading.Instant(iv.From))
			if class != "part" && (textWidth(reason)+24)/8 < wide {
				p.Label = reason
			}
		}
		list = append(list, p)
	}
	return list
}

// reason says why an interval is as it is: the words of who declared it, or
// the state's own.
func (v *visit) reason(iv control.Interval) string {
	if text := v.Phrase(iv.Reason); text != "" {
		return text
	}
	return v.T("state." + stateWord(string(iv.State)))
}

// between writes an interval in the reader's zone.
func (v *visit) between(from, to time.Time) string {
	return v.Clock(from, 0).Minute() + " → " + v.Clock(to, 0).Minute()
}

// stateWord returns the state for the catalogue, "unknown" for a strange one.
func stateWord(state string) string {
	switch state {
	case "complete", "best_effort", "gap", "silent", "unparsed", "expired", "deleted", "refused", "never_collected":
		return state
	}
	return "unknown"
}

// coverageBar is how much of the asked time is covered, over all sources.
type coverageBar struct {
	Full, Part string // per cent of the width
	PartX      string
	Text       string // "62 %"
}

// barOf sums the coverage of an answer; nothing to sum is nothing covered.
func barOf(rows []control.SourceCoverage) coverageBar {
	var whole, full, part float64 // seconds: many sources over decades
	for _, row := range rows {
		for _, iv := range row.Intervals {
			d := max(0, iv.To.Sub(iv.From).Seconds())
			whole += d
			switch class, _ := stateLook(string(iv.State)); class {
			case "ok":
				full += d
			case "part":
				part += d
			}
		}
	}
	if whole == 0 {
		return coverageBar{"0%", "0%", "0%", "0 %"}
	}
	f, p := 100*full/whole, 100*part/whole
	return coverageBar{percent(f), percent(p), percent(f), strconv.Itoa(int(f)) + " %"}
}

// gapSource parts the gap parameter, "vpn@2018-01-01T00:00:00Z".
func gapSource(text string) (source string, at time.Time, ok bool) {
	i := strings.LastIndexByte(text, '@')
	if i < 0 {
		return "", time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text[i+1:])
	return text[:i], at, err == nil
}
