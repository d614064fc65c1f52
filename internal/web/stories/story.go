package stories

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/web/evidence"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// Limits of one story.
const (
	maxActors     = 4  // of a kind
	maxTechniques = 8  // ATT&CK
	maxUnopened   = 10 // findings under a story that the URL does not open
	maxDayBars    = 366
	dayBarHigh    = 56
)

// storyView is one story.
type storyView struct {
	ID, Title, Why string
	Level          evidence.Chip
	LevelWord      string
	Raised, Over   bool
	ISO, Span      string
	Actors         []actorsView
	Techniques     []string
	MoreTechniques int
	Count, Muted   string
	Open           bool
	Href           string // this story, opened
	Groups         []FindingGroup
	Rest           string // how many findings stand behind Href
	MuteHref       string
	Form           *muteFormView
}

// actorsView is what a story names of one kind.
type actorsView struct {
	Label string
	Cells []actorView
	More  int
}

// actorView is one account, address or host, and whose it was.
type actorView struct {
	evidence.Cell
	Whose string
}

// storyLook is what all stories of a page are set with.
type storyLook struct {
	links evidence.RowLinks
	base  reading.Address
	open  []string
	form  muteForm
	now   time.Time
}

func (v Visit) storyLook(form muteForm, now time.Time) storyLook {
	return storyLook{links: v.RowLinks(""), base: v.At.Change("open", "", "mute", "", "page", "", "record", "", "pivot", "", "gap", ""),
		open: v.At.All("open"), form: form, now: now}
}

// story sets a story for the page.
func (v Visit) story(list *control.Stories, i int, o storyLook) storyView {
	t := &list.Stories[i]
	view := storyView{
		ID: reading.Visible(t.ID, 64), Title: v.Phrase(event.Phrase{JA: t.TitleJA, EN: t.Title}), Why: v.Phrase(event.Phrase{JA: t.WhyJA, EN: t.Why}),
		Level: v.LevelChip(t.Level), LevelWord: evidence.Level(t.Level), Raised: t.Raised, Over: t.Over,
		ISO: v.Clock(t.First, 0).ISO, Span: v.fromTo(t.First, t.Last),
		Count: v.F("story.findings", reading.Grouped(int64(len(t.Findings)))),
		Open:  slices.Contains(o.open, t.ID) || o.form.Story == t.ID,
	}
	view.Href = o.base.Change("open", t.ID).String() + "#s-" + view.ID
	if v.Person.Role != "viewer" {
		view.MuteHref = o.base.Change("open", t.ID, "mute", t.ID).String() + "#s-" + view.ID
	}
	if t.Muted > 0 {
		view.Muted = v.F("story.muted", reading.Grouped(int64(t.Muted)))
	}
	for _, a := range []struct {
		kind   string
		values []string
	}{{"user", t.Accounts}, {"ip", t.Addresses}, {"host", t.Hosts}} {
		if len(a.values) > 0 {
			view.Actors = append(view.Actors, v.actors(a.kind, a.values, t.Last, o.links))
		}
	}
	for _, word := range t.Techniques[:min(len(t.Techniques), maxTechniques)] {
		view.Techniques = append(view.Techniques, reading.Visible(word, 40))
	}
	view.MoreTechniques = len(t.Techniques) - len(view.Techniques)
	found := storyFindings(list, i)
	if rest := len(found) - maxUnopened; rest > 0 && !view.Open {
		view.Rest, found = v.F("story.rest", reading.Grouped(int64(len(found)))), found[:maxUnopened]
	}
	view.Groups = v.FindingGroups(found)
	if o.form.Story == t.ID {
		view.Form = v.muteForm(o.form, suggested(list, i, o.now.In(v.Zone)))
	}
	return view
}

// actors links the first few values of a kind and says whose they were at a time.
func (v Visit) actors(kind string, values []string, at time.Time, links evidence.RowLinks) actorsView {
	a := actorsView{Label: v.T("pivot." + kind), More: max(0, len(values)-maxActors)}
	for _, value := range values[:min(len(values), maxActors)] {
		a.Cells = append(a.Cells, actorView{links.Cell(kind, kind, value), v.Phrase(v.Estate().Actor(kind, value, at, v.Zone))})
	}
	return a
}

// fromTo sets two instants to the minute: 2018-03-03 11:08 – 20:17.
func (v Visit) fromTo(first, last time.Time) string {
	a, b := v.Clock(first, 0), v.Clock(last, 0)
	switch {
	case a.Minute() == b.Minute():
		return a.Minute()
	case a.Year == b.Year && a.Day == b.Day:
		return a.Minute() + " – " + b.Time[:5]
	case a.Year == b.Year:
		return a.Minute() + " – " + b.Day + " " + b.Time[:5]
	}
	return a.Minute() + " – " + b.Minute()
}

// storyFindings are the findings of a story, the gravest and newest first.
func storyFindings(list *control.Stories, i int) []control.Finding {
	items := list.Stories[i].Findings
	out := make([]control.Finding, 0, len(items))
	for j := range items {
		f := &items[j]
		out = append(out, control.Finding{
			Record: f.Record, ID: f.ID, RuleID: f.RuleID, Title: event.Phrase{JA: f.TitleJA, EN: f.Title}, Why: event.Phrase{JA: f.WhyJA, EN: f.Why},
			Level: f.Level, Kind: f.Kind, Time: f.Time, Source: f.Source, Host: f.Host, User: f.ActorUser, Address: f.SrcIP, Object: f.Object,
			Cites: f.Records, Tags: f.Tags,
		})
	}
	words := evidence.Levels()
	slices.SortStableFunc(out, func(a, b control.Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(words, evidence.Level(a.Level)), slices.Index(words, evidence.Level(b.Level))), b.Time.Compare(a.Time))
	})
	return out
}

// dayBars is how many stories each day had, within and beyond its budget, drawn
// as the bars of the other charts are.
type dayBars struct {
	Within, Over string // paths
	Columns      []evidence.Column
	Ticks        []evidence.Tick
	Top          string
	AnyOver      bool
}

// dayBars draws the days of a window; where there are too many, several stand
// in one bar. It is nil where no day has a story.
func (v Visit) dayBars(list *control.Stories, w reading.Window) *dayBars {
	if len(list.Days) == 0 {
		return nil
	}
	first, last := dayNumber(list.Days[0].Date), dayNumber(list.Days[len(list.Days)-1].Date)
	if !w.From.IsZero() {
		first = min(first, dayNumber(w.From.In(v.Zone).Format(time.DateOnly)))
	}
	if !w.To.IsZero() {
		last = max(last, dayNumber(w.To.Add(-1).In(v.Zone).Format(time.DateOnly)))
	}
	days := last - first + 1
	per := (days + maxDayBars - 1) / maxDayBars
	type count struct{ within, over int }
	counts := make([]count, (days+per-1)/per)
	top := 1
	for _, d := range list.Days {
		c := &counts[(dayNumber(d.Date)-first)/per]
		c.within, c.over = c.within+d.Shown, c.over+d.Over
		top = max(top, c.within+c.over)
	}
	b := &dayBars{Top: reading.Grouped(int64(top))}
	wide := float64(evidence.BarWide) / float64(len(counts))
	gap := min(1.5, wide/5)
	var within, over strings.Builder
	base := v.At.Change("from", "", "to", "", "span", "", "page", "", "open", "", "mute", "")
	for i, c := range counts {
		x := float64(i) * wide
		high, more := dayBarHigh*float64(c.within)/float64(top), dayBarHigh*float64(c.over)/float64(top)
		if c.within > 0 {
			fmt.Fprintf(&within, "M%.1f %.1fh%.1fv%.1fh-%.1fz", x+gap, dayBarHigh-high, wide-2*gap, high, wide-2*gap)
		}
		if c.over > 0 {
			b.AnyOver = true
			fmt.Fprintf(&over, "M%.1f %.1fh%.1fv%.1fh-%.1fz", x+gap, dayBarHigh-high-more, wide-2*gap, more, wide-2*gap)
		}
		from, to := v.midnight(first+i*per), v.midnight(min(first+(i+1)*per, last+1))
		title := v.F("story.bar", v.Date(from), reading.Grouped(int64(c.within)))
		if c.over > 0 {
			title = v.F("story.bar.over", v.Date(from), reading.Grouped(int64(c.within)), reading.Grouped(int64(c.over)))
		}
		b.Columns = append(b.Columns, evidence.Column{X: evidence.Percent(x * 100 / evidence.BarWide), W: evidence.Percent(wide * 100 / evidence.BarWide),
			Href: base.Change("from", reading.Instant(from), "to", reading.Instant(to)).String(), Title: title})
	}
	b.Within, b.Over = within.String(), over.String()
	b.Ticks = v.Ticks(evidence.AxisOf(v.midnight(first), v.midnight(first+len(counts)*per)))
	return b
}

// dayNumber counts the days of the calendar.
func dayNumber(date string) int {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return int(t.Unix() / (24 * 60 * 60))
}

// midnight is when a day of the calendar begins in the reader's zone.
func (v Visit) midnight(day int) time.Time {
	return time.Date(1970, 1, 1+day, 0, 0, 0, 0, v.Zone)
}
