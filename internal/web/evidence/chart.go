package evidence

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
)

// Sizes of the chart: bars are drawn on a canvas of barWide by barHigh units
// that stretches sideways only; everything with text is placed in per cent.
const (
	BarWide  = 1000
	barHigh  = 104
	buckets  = 120
	colours  = 10 // source colours; the rest share the last one
	maxMarks = 24
)

// chart is the histogram with its ribbon, ready to draw.
type chart struct {
	From, To int64 // Unix milliseconds, for the brush
	Series   []series
	Columns  []Column
	Ticks    []Tick
	Marks    []mark
	Ribbon   []ribbonRow
	Top      string // the highest column's count
	Zoom     []site.Choice
}

// series is the bars of one source as one path.
type series struct{ Class, Name, Path string }

// Column is the clickable area over one bucket.
type Column struct{ X, W, Href, Title string }

// Tick is a label on the time axis.
type Tick struct{ X, Label string }

// mark is a labelled instant over the bars.
type mark struct {
	X, Label, Anchor, Level, Title string
	Dx, Y                          int
}

// Axis places instants on a window.
type Axis struct{ from, to time.Time }

// AxisOf is the axis of a window.
func AxisOf(from, to time.Time) Axis { return Axis{from, to} }

// at gives the place of t in per cent, within the window.
func (a Axis) at(t time.Time) float64 {
	whole := a.to.Sub(a.from)
	if whole <= 0 {
		return 0
	}
	return min(100, max(0, 100*float64(t.Sub(a.from))/float64(whole)))
}

// Percent writes a place for an attribute.
func Percent(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) + "%" }

// palette gives each source with records its colour class by its place in the
// coverage, so that a source keeps its colour from search to search.
func palette(rows []control.SourceCoverage) map[string]string {
	colour := make(map[string]string, len(rows))
	for _, row := range rows {
		if row.Events > 0 {
			colour[row.Source] = "s" + strconv.Itoa(min(len(colour)+1, colours))
		}
	}
	return colour
}

// colourOf returns the class of a source, the grey one for an unknown source.
func colourOf(colour map[string]string, source string) string {
	if c := colour[source]; c != "" {
		return c
	}
	return "s" + strconv.Itoa(colours)
}

// chartOf draws a histogram for a view.
func (v Visit) chartOf(h *control.Histogram) *chart {
	ax := Axis{h.From, h.To}
	c := &chart{From: h.From.UnixMilli(), To: h.To.UnixMilli()}
	colour := palette(h.Coverage)
	top := int64(0)
	for _, b := range h.Buckets {
		top = max(top, total(b.Counts))
	}
	if top > 0 {
		c.Top = reading.Grouped(top)
	}
	for i, name := range h.Sources {
		c.Series = append(c.Series, series{colourOf(colour, name), reading.Visible(name, 60), bars(h, ax, i, top)})
	}
	link := v.At.Change("from", "", "to", "", "after", "", "gap", "").UpTo()
	for _, b := range h.Buckets {
		end := b.Start.Add(h.Width)
		x := ax.at(b.Start)
		c.Columns = append(c.Columns, Column{
			X: Percent(x), W: Percent(ax.at(end) - x),
			Href:  link + "from=" + escaped(b.Start) + "&to=" + escaped(end),
			Title: v.N(total(b.Counts), "chart.column", v.Clock(b.Start, 0).Minute(), v.Clock(end, 0).Minute(), reading.Grouped(total(b.Counts))),
		})
	}
	c.Ticks = v.Ticks(ax)
	c.Marks = v.marks(ax, h.Marks)
	c.Ribbon = v.ribbon(ax, h.Coverage)
	c.Zoom = v.zoom(ax)
	return c
}

// escaped is an instant for the query of a URL; it holds only colons, which
// need no escape there.
func escaped(t time.Time) string { return reading.Instant(t) }

func total(counts []int64) int64 {
	var sum int64
	for _, n := range counts {
		sum += n
	}
	return sum
}

// bars draws source i of the stack, first source lowest. A column with any
// events is at least two units high, so that a single event can be seen.
func bars(h *control.Histogram, ax Axis, i int, top int64) string {
	var b strings.Builder
	for _, bucket := range h.Buckets {
		if i >= len(bucket.Counts) || bucket.Counts[i] <= 0 {
			continue
		}
		sum := total(bucket.Counts)
		scale := max(barHigh*float64(sum)/float64(top), 2) / float64(sum)
		x := ax.at(bucket.Start) * BarWide / 100
		w := max(ax.at(bucket.Start.Add(h.Width))*BarWide/100-x-1, 0.8)
		y := barHigh - scale*float64(total(bucket.Counts[:i+1]))
		fmt.Fprintf(&b, "M%.1f %.1fh%.1fv%.1fh-%.1fz", x, y, w, scale*float64(bucket.Counts[i]), w)
	}
	return b.String()
}

// step is a distance between ticks with the layout of their labels.
type step struct {
	every  time.Duration
	layout string
}

func steps() []step {
	const day = 24 * time.Hour
	return []step{
		{time.Second, "15:04:05"}, {5 * time.Second, "15:04:05"}, {15 * time.Second, "15:04:05"}, {time.Minute, "15:04"},
		{5 * time.Minute, "15:04"}, {15 * time.Minute, "15:04"}, {time.Hour, "15:04"}, {3 * time.Hour, "01/02 15:04"},
		{6 * time.Hour, "01/02 15:04"}, {12 * time.Hour, "01/02 15:04"}, {day, "01/02"}, {2 * day, "01/02"}, {7 * day, "01/02"}, {14 * day, "01/02"},
		{30 * day, "2006/01"}, {90 * day, "2006/01"}, {365 * day, "2006"}, {5 * 365 * day, "2006"}, {100 * 365 * day, "2006"},
	}
}

// Ticks labels the axis at round times of the reader's zone, about eight.
func (v Visit) Ticks(ax Axis) []Tick {
	whole := ax.to.Sub(ax.from)
	if whole <= 0 {
		return nil
	}
	chosen := steps()[len(steps())-1]
	for _, s := range steps() {
		if whole/s.every <= 9 {
			chosen = s
			break
		}
	}
	var list []Tick
	for t := v.round(ax.from, chosen.every); t.Before(ax.to) && len(list) < 12; t = v.next(t, chosen.every) {
		if x := ax.at(t); !t.Before(ax.from) && x < 96 {
			list = append(list, Tick{Percent(x), t.Format(chosen.layout)})
		}
	}
	return list
}

// round goes back to the last round time of the zone.
func (v Visit) round(t time.Time, every time.Duration) time.Time {
	t = t.In(v.Zone)
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, v.Zone)
	switch {
	case every >= 365*24*time.Hour:
		return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, v.Zone)
	case every >= 30*24*time.Hour:
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, v.Zone)
	case every >= 24*time.Hour:
		return midnight
	}
	return midnight.Add(t.Sub(midnight) / every * every)
}

// next goes on by the calendar for days and more.
func (v Visit) next(t time.Time, every time.Duration) time.Time {
	const day = 24 * time.Hour
	switch {
	case every >= 365*day:
		return t.AddDate(int(every/(365*day)), 0, 0)
	case every >= 30*day:
		return t.AddDate(0, int(every/(30*day)), 0)
	case every >= day:
		return t.AddDate(0, 0, int(every/day))
	}
	return t.Add(every)
}

// marks places labels on three levels, so that near ones do not cover each
// other; where all three are taken the line stays without its label.
func (v Visit) marks(ax Axis, list []control.Mark) []mark {
	var out []mark
	free := [3]float64{-1, -1, -1} // where each level is free again, per cent
	for _, m := range list {
		if m.At.Before(ax.from) || !m.At.Before(ax.to) || len(out) >= maxMarks {
			continue
		}
		x, label := ax.at(m.At), reading.Visible(m.Label.In(v.Lang), 60)
		out = append(out, mark{X: Percent(x), Level: Level(m.Level), Title: v.Clock(m.At, 0).Text() + " " + label})
		label = short(label)
		wide := textWidth(label) / 8 // a chart is about 800 pixels wide
		start, anchor, dx := x, "start", 3
		if x+wide > 99 {
			start, anchor, dx = x-wide, "end", -3
		}
		for y := range free {
			if start > free[y] {
				free[y] = start + wide + 1
				last := &out[len(out)-1]
				last.Label, last.Anchor, last.Dx, last.Y = label, anchor, dx, 10+11*y
				break
			}
		}
	}
	return out
}

// short cuts a label to what stands beside its neighbours.
func short(label string) string {
	for i, c := range label {
		if c == '。' || textWidth(label[:i]) > 110 {
			return label[:i] + "…"
		}
	}
	return label
}

// textWidth estimates pixels at the chart's text size.
func textWidth(s string) float64 {
	w := 0.0
	for _, c := range s {
		if c < 0x300 {
			w += 5.6
		} else {
			w += 10
		}
	}
	return w
}

// zoom offers the moves of the window, each with its key.
func (v Visit) zoom(ax Axis) []site.Choice {
	whole := ax.to.Sub(ax.from)
	if whole <= 0 || whole > math.MaxInt64/4 {
		return nil
	}
	move := func(key, label string, from, to time.Duration) site.Choice {
		return site.Choice{Key: key, Label: v.T(label), Href: v.At.Change("after", "",
			"from", reading.Instant(ax.from.Add(from)), "to", reading.Instant(ax.to.Add(to))).String()}
	}
	list := []site.Choice{move("[", "chart.earlier", -whole/2, -whole/2), move("]", "chart.later", whole/2, whole/2)}
	if whole > 4*time.Second {
		list = append(list, move("+", "chart.closer", whole/4, -whole/4))
	}
	list = append(list, move("-", "chart.wider", -whole/2, whole/2))
	return append(list, site.Choice{Key: "0", Label: v.T("chart.reset"),
		Href: v.At.Change("from", "", "to", "", "after", "").String()})
}
