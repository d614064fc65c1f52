package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
)

// Limits of the page of stories.
const (
	pageStories   = 50
	storiesWindow = 30 * 24 * time.Hour // before the end of the data, where no window is asked for
)

// storiesView is what wants looking at: findings about the same actors, put
// together.
type storiesView struct {
	Page     page
	Tabs     []choice
	From, To string // as asked for
	Begin    string // of the window that stands where none was asked for
	Window   string // what was looked at
	Rules    int
	Count    string
	Levels   []levelCount
	Below    choice // those under the level, with the link that shows them
	Muted    string
	Over     choice // those beyond the budget, with the link that shows or hides them
	Watched  string // what correlations and baselines could not do
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
func (s *server) showStories(v *visit, status int, form muteForm) error {
	p := s.pageOf(v, "findings", v.t("nav.findings"))
	var err error
	if p.Drawer, err = s.drawer(v); err != nil {
		return err
	}
	if v.fragment == "drawer" {
		return s.show(v, status, "stories.html", "drawer", p)
	}
	asked, err := v.window()
	if err != nil {
		return err
	}
	w := v.recent(asked, s.Now())
	list, err := s.Ops.Stories(v.r.Context(), v.person.Name,
		control.StoryQuery{From: w.from, To: w.to, Level: v.at.values.Get("level"), Zone: v.zone})
	if err != nil {
		return err
	}
	mutes, err := s.Ops.Mutes(v.r.Context())
	if err != nil {
		return err
	}
	view := storiesView{Page: p, Tabs: v.findingTabs(false), Rules: v.status.Rules}
	view.From, view.To = v.shown(asked)
	view.windows(v, asked, w)
	view.counts(v, list)
	view.Watched = v.watched(&list.Watch)
	view.Bars = v.dayBars(list, v.looked(w))
	form = v.muteAsked(form)
	view.list(v, list, form, s.Now())
	if form.Story != "" && !view.has(form.Story) {
		form.Story, form.Alone = "", true // the story is gone or on another page
	}
	view.Mutes = v.mutes(mutes, form, s.Now())
	return s.show(v, status, "stories.html", "page", view)
}

// recent is the window asked for or else the last days of the data. Records
// that claim to be of the future do not push it away from what happened.
func (v *visit) recent(asked window, now time.Time) window {
	end := v.status.Last
	if !asked.from.IsZero() || !asked.to.IsZero() || v.at.values.Get("span") == "all" || end.IsZero() {
		return asked
	}
	if now.Before(end) {
		end = now
	}
	return window{from: end.Add(-storiesWindow)}
}

// looked is a window as far as there is data; one that lies beside all data
// stays as it is.
func (v *visit) looked(w window) window {
	first, last := v.status.First, v.status.Last
	l := w
	if w.from.IsZero() || w.from.Before(first) {
		l.from = first
	}
	if w.to.IsZero() || !last.IsZero() && w.to.After(last) {
		l.to = last
	}
	if l.to.Before(l.from) {
		return w
	}
	return l
}

// windows says what was looked at, and leads to other windows.
func (view *storiesView) windows(v *visit, asked, w window) {
	looked := v.looked(w)
	view.Window = v.between(looked.from, looked.to)
	view.Begin, _ = v.shown(w)
	base := v.at.change("from", "", "to", "", "page", "", "open", "", "mute", "", "span", "")
	if w.from.After(v.status.First) || !w.to.IsZero() {
		view.Whole = base.change("span", "all").String()
	}
	if asked != (window{}) || v.at.values.Has("span") {
		view.Recent = base.String()
	}
}

// counts says how many stories there are, and what is left out of them.
func (view *storiesView) counts(v *visit, list *control.Stories) {
	lowest := cmp.Or(v.at.values.Get("level"), "medium")
	all := v.at.values.Get("budget") == "all"
	shown := len(list.Stories)
	if !all {
		shown -= list.Over
	}
	view.Count = v.f("story.count", grouped(int64(shown)))
	of := make(map[string]int64)
	for i := range list.Stories {
		of[level(list.Stories[i].Level)]++
	}
	base := v.at.change("page", "", "open", "", "mute", "", "record", "", "pivot", "", "gap", "")
	for _, word := range levels() {
		l := levelCount{Chip: v.levelChip(word), Href: base.change("level", word).String(), On: word == lowest}
		if n := of[word]; n > 0 {
			l.Count = grouped(n)
		}
		view.Levels = append(view.Levels, l)
	}
	if list.Below > 0 {
		view.Below = choice{Label: v.f("story.below", grouped(int64(list.Below))), Href: base.change("level", "informational").String()}
	}
	if list.Muted > 0 {
		view.Muted = v.f("story.muted", grouped(int64(list.Muted)))
	}
	switch {
	case list.Over == 0:
	case all:
		view.Over = choice{Label: v.f("story.over.hide", grouped(int64(list.Over))), Href: base.change("budget", "").String()}
	default:
		view.Over = choice{Label: v.f("story.over.show", grouped(int64(list.Over))), Href: base.change("budget", "all").String()}
	}
}

// watched tells in one line what correlations and baselines could not do, ""
// where they could do everything.
func (v *visit) watched(w *control.Watched) string {
	var parts []string
	for _, p := range []struct {
		key string
		n   uint64
	}{{"watch.late", w.Late}, {"watch.crowded", w.Crowded}, {"watch.evicted", w.Evicted}, {"watch.clipped", w.Clipped}} {
		if p.n > 0 {
			parts = append(parts, v.f(p.key, grouped(int64(p.n))))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return v.f("watch.line", grouped(int64(w.Observed)), strings.Join(parts, v.t("list.comma")))
}

// list sets the stories of the page that the URL asks for.
func (view *storiesView) list(v *visit, list *control.Stories, form muteForm, now time.Time) {
	order := inOrder(list, v.at.values.Get("budget") == "all")
	at, pages := v.pageAsked(list, order)
	o := v.storyLook(form, now)
	for _, i := range order[at*pageStories : min(len(order), (at+1)*pageStories)] {
		date := v.date(list.Stories[i].Shown)
		if n := len(view.Days); n == 0 || view.Days[n-1].Date != date {
			view.Days = append(view.Days, storyDay{Date: date})
		}
		day := &view.Days[len(view.Days)-1]
		day.Stories = append(day.Stories, v.story(list, i, o))
	}
	if pages < 2 {
		return
	}
	view.Place = v.f("story.page", at+1, pages)
	base := v.at.change("open", "", "mute", "", "record", "", "pivot", "", "gap", "")
	if at > 0 {
		view.Newer = base.change("page", strconv.Itoa(at)).String()
	}
	if at+1 < pages {
		view.Older = base.change("page", strconv.Itoa(at+2)).String()
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
func (v *visit) pageAsked(list *control.Stories, order []int) (at, pages int) {
	pages = max(1, (len(order)+pageStories-1)/pageStories)
	if text := v.at.values.Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, pages
		}
		return min(max(n, 1), pages) - 1, pages
	}
	open := cmp.Or(v.at.values.Get("open"), v.at.values.Get("mute"))
	i := slices.IndexFunc(order, func(i int) bool { return list.Stories[i].ID == open })
	return max(i, 0) / pageStories, pages
}
