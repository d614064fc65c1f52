package stories

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
)

// Limits of the page of stories.
const (
	pageStories   = 50
	storiesWindow = 30 * 24 * time.Hour // before the end of the data, where no window is asked for
)

// storiesView is what wants looking at: findings about the same actors, put
// together.
type storiesView struct {
	Page     site.Page
	Tabs     []site.Choice
	From, To string // as asked for
	Begin    string // of the window that stands where none was asked for
	Window   string // what was looked at
	Rules    int
	Count    string
	Levels   []levelCount
	Below    site.Choice // those under the level, with the link that shows them
	Muted    string
	Over     site.Choice // those beyond the budget, with the link that shows or hides them
	Watched  string      // what correlations and baselines could not do
	Bars     *dayBars
	Days     []storyDay
	Newer    string
	Older    string
	Place    string // which of how many pages
	Whole    string // the address of all the data, "" where that is shown
	Recent   string // the address of the last days, "" where they are shown
	Mutes    mutesView
}

// storyDay is the stories of one day, the newest first.
type storyDay struct {
	Date    string
	Stories []storyView
}

// showStories shows the stories, the newest first, with the mutes and the form
// for another one in the given state.
func (v Visit) showStories(status int, form muteForm) error {
	p := v.PageOf("findings", v.T("nav.findings"))
	var err error
	if p.Drawer, err = v.Drawer(); err != nil {
		return err
	}
	if v.Fragment == "drawer" {
		return v.Show(status, "stories.html", "drawer", p)
	}
	asked, err := v.Window()
	if err != nil {
		return err
	}
	w := v.recent(asked, v.Now())
	list, err := v.Ops.Stories(v.R.Context(), v.Person.Name,
		control.StoryQuery{From: w.From, To: w.To, Level: v.At.Get("level"), Zone: v.Zone})
	if err != nil {
		return err
	}
	mutes, err := v.Ops.Mutes(v.R.Context())
	if err != nil {
		return err
	}
	view := storiesView{Page: p, Tabs: v.findingTabs(false), Rules: v.Status.Rules}
	view.From, view.To = v.Shown(asked)
	view.windows(v, asked, w)
	view.counts(v, list)
	view.Watched = v.watched(&list.Watch)
	view.Bars = v.dayBars(list, v.looked(w))
	form = v.muteAsked(form)
	view.list(v, list, form, v.Now())
	if form.Story != "" && !view.has(form.Story) {
		form.Story, form.Alone = "", true // the story is gone or on another page
	}
	view.Mutes = v.mutes(mutes, form, v.Now())
	return v.Show(status, "stories.html", "page", view)
}

// recent is the window asked for or else the last days of the data. Records
// that claim to be of the future do not push it away from what happened.
func (v Visit) recent(asked reading.Window, now time.Time) reading.Window {
	end := v.Status.Last
	if !asked.From.IsZero() || !asked.To.IsZero() || v.At.Get("span") == "all" || end.IsZero() {
		return asked
	}
	if now.Before(end) {
		end = now
	}
	return reading.Window{From: end.Add(-storiesWindow)}
}

// looked is a window as far as there is data; one that lies beside all data
// stays as it is.
func (v Visit) looked(w reading.Window) reading.Window {
	first, last := v.Status.First, v.Status.Last
	l := w
	if w.From.IsZero() || w.From.Before(first) {
		l.From = first
	}
	if w.To.IsZero() || !last.IsZero() && w.To.After(last) {
		l.To = last
	}
	if l.To.Before(l.From) {
		return w
	}
	return l
}

// windows says what was looked at, and leads to other windows.
func (view *storiesView) windows(v Visit, asked, w reading.Window) {
	looked := v.looked(w)
	view.Window = v.Between(looked.From, looked.To)
	view.Begin, _ = v.Shown(w)
	base := v.At.Change("from", "", "to", "", "page", "", "open", "", "mute", "", "span", "")
	if w.From.After(v.Status.First) || !w.To.IsZero() {
		view.Whole = base.Change("span", "all").String()
	}
	if asked != (reading.Window{}) || v.At.Has("span") {
		view.Recent = base.String()
	}
}

// counts says how many stories there are, and what is left out of them.
func (view *storiesView) counts(v Visit, list *control.Stories) {
	lowest := cmp.Or(v.At.Get("level"), "medium")
	all := v.At.Get("budget") == "all"
	shown := len(list.Stories)
	if !all {
		shown -= list.Over
	}
	view.Count = v.F("story.count", reading.Grouped(int64(shown)))
	of := make(map[string]int64)
	for i := range list.Stories {
		of[evidence.Level(list.Stories[i].Level)]++
	}
	base := v.At.Change("page", "", "open", "", "mute", "", "record", "", "pivot", "", "gap", "")
	for _, word := range evidence.Levels() {
		l := levelCount{Chip: v.LevelChip(word), Href: base.Change("level", word).String(), On: word == lowest}
		if n := of[word]; n > 0 {
			l.Count = reading.Grouped(n)
		}
		view.Levels = append(view.Levels, l)
	}
	if list.Below > 0 {
		view.Below = site.Choice{Label: v.F("story.below", reading.Grouped(int64(list.Below))), Href: base.Change("level", "informational").String()}
	}
	if list.Muted > 0 {
		view.Muted = v.F("story.muted", reading.Grouped(int64(list.Muted)))
	}
	switch {
	case list.Over == 0:
	case all:
		view.Over = site.Choice{Label: v.F("story.over.hide", reading.Grouped(int64(list.Over))), Href: base.Change("budget", "").String()}
	default:
		view.Over = site.Choice{Label: v.F("story.over.show", reading.Grouped(int64(list.Over))), Href: base.Change("budget", "all").String()}
	}
}

// watched tells in one line what correlations and baselines could not do, ""
// where they could do everything.
func (v Visit) watched(w *control.Watched) string {
	var parts []string
	for _, p := range []struct {
		key string
		n   uint64
	}{{"watch.late", w.Late}, {"watch.crowded", w.Crowded}, {"watch.evicted", w.Evicted}, {"watch.clipped", w.Clipped}} {
		if p.n > 0 {
			parts = append(parts, v.F(p.key, reading.Grouped(int64(p.n))))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return v.F("watch.line", reading.Grouped(int64(w.Observed)), strings.Join(parts, v.T("list.comma")))
}

// list sets the stories of the page that the URL asks for.
func (view *storiesView) list(v Visit, list *control.Stories, form muteForm, now time.Time) {
	order := inOrder(list, v.At.Get("budget") == "all")
	at, pages := v.pageAsked(list, order)
	o := v.storyLook(form, now)
	for _, i := range order[at*pageStories : min(len(order), (at+1)*pageStories)] {
		date := v.Date(list.Stories[i].Shown)
		if n := len(view.Days); n == 0 || view.Days[n-1].Date != date {
			view.Days = append(view.Days, storyDay{Date: date})
		}
		day := &view.Days[len(view.Days)-1]
		day.Stories = append(day.Stories, v.story(list, i, o))
	}
	if pages < 2 {
		return
	}
	view.Place = v.F("story.page", at+1, pages)
	base := v.At.Change("open", "", "mute", "", "record", "", "pivot", "", "gap", "")
	if at > 0 {
		view.Newer = base.Change("page", strconv.Itoa(at)).String()
	}
	if at+1 < pages {
		view.Older = base.Change("page", strconv.Itoa(at+2)).String()
	}
}

// has reports whether a story stands on the page.
func (view *storiesView) has(id string) bool {
	return slices.ContainsFunc(view.Days, func(d storyDay) bool {
		return slices.ContainsFunc(d.Stories, func(t storyView) bool { return t.ID == id })
	})
}

// inOrder gives the places of the stories to be shown, the newest first by the
// instant that decides their day.
func inOrder(list *control.Stories, all bool) []int {
	order := make([]int, 0, len(list.Stories))
	for i := range list.Stories {
		if all || !list.Stories[i].Over {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &list.Stories[a], &list.Stories[b]
		return cmp.Or(y.Shown.Compare(x.Shown), cmp.Compare(x.ID, y.ID))
	})
	return order
}

// pageAsked is the page that the URL names, counted from 0, or else the one
// with the story that is open; and how many there are.
func (v Visit) pageAsked(list *control.Stories, order []int) (at, pages int) {
	pages = max(1, (len(order)+pageStories-1)/pageStories)
	if text := v.At.Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, pages
		}
		return min(max(n, 1), pages) - 1, pages
	}
	open := cmp.Or(v.At.Get("open"), v.At.Get("mute"))
	i := slices.IndexFunc(order, func(i int) bool { return list.Stories[i].ID == open })
	return max(i, 0) / pageStories, pages
}
