package evidence

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

// StateLook gives the look of a coverage state and how bad it is: a solid
// colour only where records are, hatching where nothing can be known, red
// hatching where somebody destroyed them.
func StateLook(state string) (class string, rank int) {
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
func (v Visit) ribbon(ax Axis, rows []control.SourceCoverage) []ribbonRow {
	list := make([]ribbonRow, 0, len(rows))
	link := v.At.UpTo("gap", "record", "pivot")
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
func stretches(ax Axis, intervals []control.Interval) []stretch {
	var list []stretch
	for _, iv := range intervals {
		if !iv.To.After(ax.from) || !iv.From.Before(ax.to) {
			continue
		}
		_, rank := StateLook(string(iv.State))
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
func (v Visit) parts(ax Axis, row control.SourceCoverage, link string) []ribbonPart {
	var list []ribbonPart
	for _, s := range stretches(ax, row.Intervals) {
		iv := s.interval
		class, _ := StateLook(string(iv.State))
		wide := float64(s.to-s.from) * 100 / slots
		p := ribbonPart{X: Percent(float64(s.from) * 100 / slots), W: Percent(wide), Class: class}
		reason := v.reason(iv)
		p.Title = reading.Visible(row.Source, 60) + " · " + v.Between(iv.From, iv.To) + " · " + reason
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
func (v Visit) reason(iv control.Interval) string {
	if text := v.Phrase(iv.Reason); text != "" {
		return text
	}
	return v.T("state." + StateWord(string(iv.State)))
}

// Between writes an interval in the reader's zone.
func (v Visit) Between(from, to time.Time) string {
	return v.Clock(from, 0).Minute() + " → " + v.Clock(to, 0).Minute()
}

// StateWord returns the state for the catalogue, "unknown" for a strange one.
func StateWord(state string) string {
	switch state {
	case "complete", "best_effort", "gap", "silent", "unparsed", "expired", "deleted", "refused", "never_collected":
		return state
	}
	return "unknown"
}

// CoverageBar is how much of the asked time is covered, over all sources.
type CoverageBar struct {
	Full, Part string // per cent of the width
	PartX      string
	Text       string // "62 %"
}

// BarOf sums the coverage of an answer; nothing to sum is nothing covered.
func BarOf(rows []control.SourceCoverage) CoverageBar {
	var whole, full, part float64 // seconds: many sources over decades
	for _, row := range rows {
		for _, iv := range row.Intervals {
			d := max(0, iv.To.Sub(iv.From).Seconds())
			whole += d
			switch class, _ := StateLook(string(iv.State)); class {
			case "ok":
				full += d
			case "part":
				part += d
			}
		}
	}
	if whole == 0 {
		return CoverageBar{"0%", "0%", "0%", "0 %"}
	}
	f, p := 100*full/whole, 100*part/whole
	return CoverageBar{Percent(f), Percent(p), Percent(f), strconv.Itoa(int(f)) + " %"}
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
